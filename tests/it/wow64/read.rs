//! The view: what it finds, and what it rejects.

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::format::context::RegisterGroup;
use userdump::read::system::wow64::{Wow64, Wow64Thread};

use super::process::{AREA, BASE, EBP, EIP, ESP, IMAGE, LIMIT, NARROW_PEB, NARROW_TEB, PEB, Process, TEB};
use crate::support::cpu::{Cpu, put};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_thread_in_a_system_call_has_saved_registers,
        a_thread_that_runs_32_bit_code_has_lower_halves,
        on_arm64_the_registers_are_saved_ones,
        the_block_is_found_by_its_offset_too,
        blocks_must_name_themselves,
        bounds_must_be_whole_pages_in_order,
        contexts_must_be_of_x86,
        the_process_block_must_agree,
        the_process_block_is_found_without_the_threads,
        the_stack_is_whole_where_its_pointer_is_elsewhere,
        the_layer_alone_is_a_sign,
        other_processes_have_no_such_side,
        modules_have_the_width_of_their_images,
        modules_without_images_have_the_width_of_their_names,
    ]
}

/// Calls `ask` with the 32-bit side of the only thread; `None` if there is no such side.
fn side<T>(process: &Process, ask: impl Fn(&Wow64<'_, '_>, &Wow64Thread) -> T) -> Option<T> {
    let bytes = process.build();
    let dump = Dump::parse(&bytes).unwrap();
    let memory = dump.memory();
    let side = Wow64::of(&dump, &memory)?;
    let thread = dump.threads().next().unwrap();
    Some(ask(&side, &side.thread(&thread)))
}

fn registers(thread: &Wow64Thread) -> Option<[u64; 3]> {
    let context = thread.context()?;
    Some([context.instruction_pointer()?, context.stack_pointer()?, context.frame_pointer()?])
}

fn teb(process: &Process) -> Option<u64> {
    side(process, |_, thread| thread.teb()).expect("the layer is among the modules")
}

fn a_thread_in_a_system_call_has_saved_registers() {
    let process = Process::new();
    let found = side(&process, |side, thread| {
        assert_eq!(thread.saved_at(), Some(AREA + 4));
        assert!(!thread.is_running());
        assert_eq!(thread.context().unwrap().as_bytes(), process.narrow_context);
        (thread.teb(), thread.stack_bounds(), thread.stack(), side.process_environment_block())
    });
    let expected = (Some(NARROW_TEB), Some(LIMIT..BASE), Some(ESP..BASE), Some(NARROW_PEB));
    assert_eq!(found, Some(expected));
    assert_eq!(side(&process, |_, thread| registers(thread)), Some(Some([EIP, ESP, EBP])));
}

fn a_thread_that_runs_32_bit_code_has_lower_halves() {
    // The saved registers are those of the last system call; upper halves are left over from 64-bit code.
    let mut process = Process::new().running();
    put(&mut process.context, 0xa4, &0xfeed_u32.to_le_bytes());
    put(&mut process.context, 0x78, &0x1122_3344_5566_7788_u64.to_le_bytes());
    let checked = side(&process, |_, thread| {
        assert!(thread.is_running());
        assert_eq!(thread.saved_at(), Some(AREA + 4));
        assert_eq!(registers(thread), Some([EIP + 8, ESP, EBP]));
        let context = thread.context().unwrap();
        let value = |name: &str| context.register(name).unwrap().as_u64().unwrap();
        assert_eq!((value("eax"), value("cs")), (0x5566_7788, 0x23));
        let valid: Vec<_> = context.valid_groups().collect();
        assert_eq!(valid, [RegisterGroup::Control, RegisterGroup::Integer, RegisterGroup::Segments]);
    });
    assert!(checked.is_some());
}

fn on_arm64_the_registers_are_saved_ones() {
    let mut process = Process::on(Cpu::ARM64);
    assert_eq!(side(&process, |_, thread| registers(thread)), Some(Some([EIP, ESP, EBP])));
    // There is no selector, whatever the bytes at its position are.
    put(&mut process.context, 0x38, &0x23u16.to_le_bytes());
    assert_eq!(side(&process, |_, thread| thread.is_running()), Some(false));
}

fn the_block_is_found_by_its_offset_too() {
    let mut process = Process::new();
    process.teb[..8].fill(0);
    assert_eq!(teb(&process), Some(NARROW_TEB));
    process.teb[0x180c..0x1810].fill(0);
    assert_eq!(teb(&process), None);
    put(&mut process.teb, 0, &NARROW_TEB.to_le_bytes());
    assert_eq!(teb(&process), Some(NARROW_TEB));
    // The offset is signed.
    put(&mut process.narrow_teb, 0x18, &((TEB - 0x1000) as u32).to_le_bytes());
    process.more.push((TEB - 0x1000, process.narrow_teb.clone()));
    put(&mut process.teb, 0x180c, &(-0x1000_i32).to_le_bytes());
    assert_eq!(teb(&process), Some(TEB - 0x1000));
}

fn blocks_must_name_themselves() {
    for own in [0, NARROW_TEB + 0x1000, TEB] {
        let mut process = Process::new();
        put(&mut process.narrow_teb, 0x18, &(own as u32).to_le_bytes());
        assert_eq!(teb(&process), None, "{own:#x}");
        assert_eq!(side(&process, |_, thread| (thread.stack_bounds(), thread.stack())), Some((None, None)));
    }
    // A 64-bit block is also rejected if it is not at the start of a page.
    let mut process = Process::new();
    process.teb.rotate_right(8);
    process.teb_at = TEB + 8;
    assert_eq!(side(&process, |_, thread| (thread.teb(), thread.saved_at())), Some((None, None)));
    // A block that is not at the start of a page, but refers to itself.
    let mut process = Process::new();
    put(&mut process.narrow_teb, 0x118, &((NARROW_TEB + 0x100) as u32).to_le_bytes());
    put(&mut process.teb, 0, &(NARROW_TEB + 0x100).to_le_bytes());
    process.teb[0x180c..0x1810].fill(0);
    assert_eq!(teb(&process), None);
}

fn bounds_must_be_whole_pages_in_order() {
    for (base, limit) in [(BASE + 4, LIMIT), (BASE, LIMIT + 0x10), (LIMIT, BASE), (BASE, BASE), (0x8000, 0x4000)] {
        let mut process = Process::new();
        put(&mut process.narrow_teb, 4, &(base as u32).to_le_bytes());
        put(&mut process.narrow_teb, 8, &(limit as u32).to_le_bytes());
        assert_eq!(side(&process, |_, thread| thread.stack_bounds()), Some(None), "{limit:#x}..{base:#x}");
    }
}

fn contexts_must_be_of_x86() {
    for flags in [0, 0x3f, 0x10_003f, 0x20_003f, 0x40_003f, 0x1_0000] {
        let mut process = Process::new();
        put(&mut process.narrow_context, 0, &(flags as u32).to_le_bytes());
        assert_eq!(side(&process, |_, thread| registers(thread)), Some(None), "{flags:#x}");
    }
    // Absent, at an unaligned address, at the end of the address space, or without its last byte.
    for area in [0, 8, AREA + 1, u64::MAX - 2, u64::MAX - 0x100, super::process::WIDE_BASE - 719] {
        let mut process = Process::new();
        put(&mut process.teb, 0x1488, &area.to_le_bytes());
        assert_eq!(side(&process, |_, thread| (registers(thread), thread.saved_at())), Some((None, None)), "{area:#x}");
    }
}

fn the_process_block_must_agree() {
    let block = |process: &Process| side(process, |side, _| side.process_environment_block()).unwrap();
    let mut process = Process::new();
    put(&mut process.narrow_peb, 8, &0x50_0000u32.to_le_bytes());
    assert_eq!(block(&process), None);
    for other in [0, NARROW_PEB + 4, PEB] {
        let mut process = Process::new();
        put(&mut process.narrow_teb, 0x30, &(other as u32).to_le_bytes());
        assert_eq!(block(&process), None, "{other:#x}");
    }
}

fn the_process_block_is_found_without_the_threads() {
    // The data that the layer passes to the program is in the page of the block.
    let mut process = Process::new();
    process.narrow_teb = vec![0];
    put(&mut process.teb, 0x14d0, &(NARROW_PEB + 0x480).to_le_bytes());
    assert_eq!(side(&process, |side, _| side.process_environment_block()), Some(Some(NARROW_PEB)));
    put(&mut process.narrow_peb, 8, &0x50_0000u32.to_le_bytes());
    assert_eq!(side(&process, |side, _| side.process_environment_block()), Some(None));
}

fn the_stack_is_whole_where_its_pointer_is_elsewhere() {
    for (esp, start) in [(LIMIT, LIMIT), (BASE - 4, BASE - 4), (BASE, LIMIT), (LIMIT - 4, LIMIT), (0x7000_0000, LIMIT)]
    {
        let mut process = Process::new();
        put(&mut process.narrow_context, 196, &(esp as u32).to_le_bytes());
        assert_eq!(side(&process, |_, thread| thread.stack()), Some(Some(start..BASE)), "{esp:#x}");
    }
}

fn the_layer_alone_is_a_sign() {
    let mut process = Process { teb: vec![0], ..Process::new() };
    let nothing = |process: &Process| {
        side(process, |side, thread| {
            (side.process_environment_block(), thread.teb(), thread.saved_at(), thread.stack(), registers(thread))
        })
    };
    for name in ["wow64.dll", "WOW64.DLL", "C:\\Windows\\System32\\WoW64.dll", "/x/wow64.dll"] {
        process.layer = name;
        assert_eq!(nothing(&process), Some((None, None, None, None, None)), "{name}");
    }
    for name in ["wow64.exe", "xwow64.dll", "wow64.dll.x", "wow64.dll\\x.dll", ""] {
        process.layer = name;
        assert_eq!(nothing(&process), None, "{name}");
    }
}

fn other_processes_have_no_such_side() {
    // A 64-bit dump has no 32-bit side if it has neither the layer nor the blocks; other dumps never have one.
    let mut process = Process { layer: "C:\\Windows\\System32\\ntdll.dll", ..Process::new() };
    assert!(side(&process, |_, _| ()).is_some());
    process.teb[..8].fill(0);
    process.teb[0x180c..0x1810].fill(0);
    assert!(side(&process, |_, _| ()).is_none());
    for cpu in [Cpu::X86, Cpu::ARM] {
        assert!(side(&Process::on(cpu), |_, _| ()).is_none());
    }
    // On another system none of this has the same meaning.
    let mut linux = Process::new();
    linux.linux = true;
    assert!(side(&linux, |_, _| ()).is_none());
}

fn widths(process: &Process) -> Vec<bool> {
    let bytes = process.build();
    let dump = Dump::parse(&bytes).unwrap();
    let memory = dump.memory();
    let side = Wow64::of(&dump, &memory).unwrap();
    dump.modules().map(|module| side.is_32_bit(&module)).collect()
}

fn modules_have_the_width_of_their_images() {
    let image = |machine: u16, magic: u16| {
        let mut headers = vec![0; 0x400];
        put(&mut headers, 0, b"MZ");
        put(&mut headers, 0x3c, &[0x40]);
        put(&mut headers, 0x40, b"PE\0\0");
        put(&mut headers, 0x44, &machine.to_le_bytes());
        put(&mut headers, 0x58, &magic.to_le_bytes());
        headers
    };
    for (machine, magic, is_narrow) in [(0x14c, 0x10b, true), (0x8664, 0x20b, false), (0xaa64, 0x20b, false)] {
        let mut process = Process::new();
        process.more.retain(|(at, _)| *at != IMAGE);
        process.more.push((IMAGE, image(machine, magic)));
        assert_eq!(widths(&process), [is_narrow, false], "{machine:#x}");
    }
}

fn modules_without_images_have_the_width_of_their_names() {
    for (name, is_narrow) in [
        ("C:\\app\\program.exe", true),
        ("C:\\Windows\\SysWOW64\\ntdll.dll", true),
        ("C:\\Windows\\System32\\ntdll.dll", false),
        ("C:\\Windows\\System32\\kernel32.dll", true),
        ("C:\\WINDOWS\\SYSTEM32\\WOW64CPU.DLL", false),
        ("wow64win.dll", false),
        ("xtajit.dll", false),
        ("ntdll.dll", true),
    ] {
        let process = Process { program: name, ..Process::new() };
        // The layer is above 4 GiB.
        assert_eq!(widths(&process), [is_narrow, false], "{name}");
    }
}
