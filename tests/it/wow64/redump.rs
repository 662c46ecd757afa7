//! The parts of the 32-bit side that are kept, and those that the options `r` and `s` filter.

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::redump::{Hooks, Reason, Redump};

use super::process::{
    AREA, BASE, COMMAND_LINE, EBP, EIP, ENVIRONMENT, ESP, HEAP, IMAGE, NARROW_PEB, NARROW_TEB, PARAMETERS, PEB,
    Process, RIP, RSP, TEB, WIDE_BASE, WIDE_LIMIT,
};
use crate::support::cpu::{Cpu, put};
use crate::support::redumped::{Redumped, hex, hooked, parsed};
use crate::support::trials;
use crate::synth::Exception;

pub fn trials() -> Vec<Trial> {
    trials![
        a_small_dump_has_both_sides,
        a_running_thread_keeps_its_saved_registers,
        on_arm64_it_is_the_same,
        the_reasons_name_both_sides,
        full_memory_has_the_32_bit_descriptor,
        the_own_descriptor_counts_without_the_block,
        another_own_descriptor_is_kept_too,
        a_stack_below_the_thread_s_at_the_fault_is_kept,
        a_thread_that_is_left_out_leaves_nothing,
        pointers_are_words_of_4_bytes,
        blocks_of_both_widths,
        return_addresses_and_frames_stay,
        words_of_both_widths_are_filtered_each_by_its_own_size,
        generated_code_stays_by_the_frames,
        only_the_needed_fields_of_the_blocks_stay,
        other_letters_bring_the_blocks_back,
        vector_registers_go,
        triage_dumps_filter_saved_registers,
        what_is_filtered_is_not_counted,
    ]
}

/// The window around an instruction.
fn window(at: u64) -> (u64, u64) {
    (at - 0x80, 0x100)
}

/// The environment blocks: the 32-bit one of the thread follows the 64-bit one.
const BLOCKS: [(u64, u64); 3] = [(PEB, 0x1000), (NARROW_PEB, 0x1000), (TEB, 0x2034)];

fn byte(out: &Redumped, address: u64, size: u64) -> Vec<u8> {
    out.facts().read(address, size).to_vec()
}

fn word(out: &Redumped, address: u64) -> u64 {
    byte(out, address, 4).iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn a_small_dump_has_both_sides() {
    let out = Redumped::of(&Process::new().build(), "/m");
    let [peb, narrow_peb, teb] = BLOCKS;
    let wide = (RSP, WIDE_BASE - RSP);
    let expected = [(ESP, BASE - ESP), window(EIP), peb, narrow_peb, teb, wide, window(RIP)];
    assert_eq!(hex(&out.ranges()), hex(&expected));
    // The descriptor gives the 32-bit stack, as Windows writes it.
    assert_eq!(hex(&out.stacks()), hex(&[(ESP, BASE - ESP, true)]));
    let process = Process::new();
    assert_eq!(byte(&out, AREA + 4, 716), process.narrow_context);
    assert_eq!(byte(&out, TEB, 0x2000), process.teb);
}

fn a_running_thread_keeps_its_saved_registers() {
    let out = Redumped::of(&Process::new().running().build(), "/m");
    let [peb, narrow_peb, teb] = BLOCKS;
    // The 64-bit stack pointer is on the 32-bit stack, so the whole 64-bit stack is taken.
    let wide = (WIDE_LIMIT, WIDE_BASE - WIDE_LIMIT);
    let expected = [(ESP, BASE - ESP), window(EIP + 8), peb, narrow_peb, teb, wide];
    assert_eq!(hex(&out.ranges()), hex(&expected));
    assert_eq!(hex(&out.stacks()), hex(&[(ESP, BASE - ESP, true)]));
}

fn on_arm64_it_is_the_same() {
    let out = Redumped::of(&Process::on(Cpu::ARM64).build(), "/m");
    let [peb, narrow_peb, teb] = BLOCKS;
    // The window of the program is that of x86.
    let expected = [(ESP, BASE - ESP), window(EIP), peb, narrow_peb, teb, (RSP, WIDE_BASE - RSP), (RIP - 0x200, 0x400)];
    assert_eq!(hex(&out.ranges()), hex(&expected));
}

fn the_reasons_name_both_sides() {
    let bytes = Process::new().build();
    let dump = Dump::parse(&bytes).unwrap();
    let redump = Redump::new(&dump, &parsed("/m")).unwrap();
    let reasons: Vec<_> = redump.selected_memory().map(|it| (it.address, it.size, it.reason)).collect();
    let expected = [
        (RSP, WIDE_BASE - RSP, Reason::Stack { thread: 7 }),
        (ESP, BASE - ESP, Reason::Wow64Stack { thread: 7 }),
        (RIP - 0x80, 0x100, Reason::InstructionPointer { thread: 7 }),
        (EIP - 0x80, 0x100, Reason::InstructionPointer { thread: 7 }),
        (AREA, 720, Reason::Wow64Context { thread: 7 }),
        (TEB, 0x2000, Reason::Wow64Blocks),
        (NARROW_TEB, 0x34, Reason::Wow64Blocks),
        (PEB, 0x1000, Reason::Wow64Blocks),
        (NARROW_PEB, 0x1000, Reason::Wow64Blocks),
    ];
    assert_eq!(hex(&reasons), hex(&expected));
    assert_eq!(Reason::Wow64Stack { thread: 7 }.to_string(), "32-bit stack of thread 0x7");
}

fn full_memory_has_the_32_bit_descriptor() {
    for options in ["/mf", "/ma", "/mA"] {
        let out = Redumped::of(&Process::new().build(), options);
        assert_eq!(hex(&out.stacks()), hex(&[(ESP, BASE - ESP, true)]), "{options}");
    }
}

fn the_own_descriptor_counts_without_the_block() {
    // As Windows 7 wrote them: only the descriptor leads to the 32-bit stack.
    let mut process = Process { narrow_teb: vec![0], described: (ESP, 0x100), ..Process::new() };
    let out = Redumped::of(&process.build(), "/m");
    assert_eq!(hex(&out.stacks()), hex(&[(ESP, 0x100, true)]));
    assert!(out.ranges().contains(&(RSP, WIDE_BASE - RSP)), "{}", hex(&out.ranges()));
    // A descriptor of the 64-bit stack gives no information about it.
    process.described = (RSP, 0x100);
    let out = Redumped::of(&process.build(), "/m");
    assert_eq!(hex(&out.stacks()), hex(&[(RSP, WIDE_BASE - RSP, true)]));
}

fn another_own_descriptor_is_kept_too() {
    let other = 0x50_0000;
    let mut process = Process { described: (other, 0x800), ..Process::new() };
    process.more.push((other, vec![0x22; 0x1000]));
    let out = Redumped::once(&process.build(), &parsed("/m"));
    assert_eq!(hex(&out.stacks()), hex(&[(ESP, BASE - ESP, true)]));
    assert!(out.ranges().contains(&(other, 0x800)), "{}", hex(&out.ranges()));
}

fn a_stack_below_the_thread_s_at_the_fault_is_kept() {
    let mut process = Process::new();
    let mut context = Process::new().running().context;
    put(&mut context, 0x98, &(ESP - 0x200).to_le_bytes());
    process.exception = Some(Exception { context: context.into(), ..Exception::new(7, 0xc000_0005, EIP) });
    let out = Redumped::once(&process.build(), &parsed("/m"));
    assert!(out.ranges().contains(&(ESP - 0x200, BASE - ESP + 0x200)), "{}", hex(&out.ranges()));
    assert_eq!(hex(&out.stacks()), hex(&[(ESP, BASE - ESP, true)]));
}

fn a_thread_that_is_left_out_leaves_nothing() {
    let (bytes, _) = hooked(&Process::new().build(), "/mp", Hooks::new().keep_threads(|_| false));
    let facts = crate::support::facts::Facts::of(&bytes);
    assert_eq!(hex(&facts.ranges().iter().map(|it| (it.address, it.size)).collect::<Vec<_>>()), "[]");
}

fn pointers_are_words_of_4_bytes() {
    // At an address that is only a multiple of 4.
    let process = Process::new().push(ESP + 12, HEAP + 0x400);
    let is_there = |out: &Redumped| out.ranges().contains(&(HEAP + 0x300, 0x400));
    assert!(is_there(&Redumped::once(&process.build(), &parsed("/mi"))));
    assert!(!is_there(&Redumped::of(&process.build(), "/m")));
    // Two of them side by side are not a 64-bit pointer, but each one is a 32-bit pointer.
    let process = Process::new().push(ESP + 8, HEAP + 0x400).push(ESP + 12, 1);
    assert!(is_there(&Redumped::once(&process.build(), &parsed("/mi"))));
    // Words of the 64-bit stack have 8 bytes.
    let mut process = Process::new();
    put(&mut process.wide_stack, (RSP - WIDE_LIMIT) as usize + 8, &(HEAP + 0x400).to_le_bytes());
    assert!(is_there(&Redumped::once(&process.build(), &parsed("/mi"))));
    put(&mut process.wide_stack, (RSP - WIDE_LIMIT) as usize + 12, &1u32.to_le_bytes());
    assert!(!is_there(&Redumped::once(&process.build(), &parsed("/mi"))));
    // Words below the stack pointer are ignored.
    let process = Process::new().push(ESP - 4, HEAP + 0x400);
    assert!(!is_there(&Redumped::once(&process.build(), &parsed("/mi"))));
}

fn blocks_of_both_widths() {
    let out = Redumped::of(&Process::new().build(), "/mp");
    let expected = [
        (ESP, BASE - ESP),
        window(EIP),
        (PARAMETERS, 0x2a4),
        (COMMAND_LINE, 8),
        (ENVIRONMENT, 0x2000),
        (PEB, 0x1000),
        (NARROW_PEB, 0x1000),
        (TEB, 0x3000),
        (RSP, WIDE_BASE - RSP),
        window(RIP),
    ];
    assert_eq!(hex(&out.ranges()), hex(&expected));
    // Text that the user typed is not kept with `r`.
    let out = Redumped::of(&Process::new().build(), "/mpr");
    let gone = [PARAMETERS, COMMAND_LINE, ENVIRONMENT];
    assert!(out.ranges().iter().all(|(start, _)| !gone.contains(start)), "{}", hex(&out.ranges()));
}

fn return_addresses_and_frames_stay() {
    // After a call, and where there is none; into both stacks; a number. All but one are at addresses that are only
    // multiples of 4.
    let words = [
        (4, IMAGE + 0x1300, true),
        (12, IMAGE + 0x1310, false),
        (20, ESP + 0x80, true),
        (28, BASE, true),
        (32, 0x1234_5678, false),
        (36, HEAP, false),
    ];
    let process = words.iter().fold(Process::new(), |process, (at, value, _)| process.push(ESP + at, *value));
    for options in ["/mr", "/mir", "/mfs"] {
        let out = Redumped::once(&process.build(), &parsed(options));
        let gone = if options.contains('s') { 0xaaaa_aaaa } else { 0 };
        for (at, value, stays) in words {
            // In a triage dump, a pointer to the end of a stack does not stay.
            let stays = stays && !(options.contains('s') && value == BASE);
            assert_eq!(hex(&word(&out, ESP + at)), hex(&if stays { value } else { gone }), "{options} {at}");
        }
    }
}

fn words_of_both_widths_are_filtered_each_by_its_own_size() {
    let mut process = Process::new();
    // Two 32-bit words of a frame could be read as one 64-bit word, and the other way around.
    process = process.push(ESP + 8, ESP + 0x20).push(ESP + 12, IMAGE + 0x1300);
    let at = (RSP - WIDE_LIMIT) as usize;
    put(&mut process.wide_stack, at + 8, &(WIDE_BASE - 8).to_le_bytes());
    put(&mut process.wide_stack, at + 16, &((IMAGE + 0x1300) << 32 | (ESP + 0x20)).to_le_bytes());
    put(&mut process.wide_stack, at + 24, b"password");
    let out = Redumped::of(&process.build(), "/mr");
    assert_eq!(byte(&out, ESP + 8, 8), [(ESP + 0x20) as u32, (IMAGE + 0x1300) as u32].map(u32::to_le_bytes).concat());
    assert_eq!(byte(&out, RSP + 8, 8), (WIDE_BASE - 8).to_le_bytes());
    assert_eq!(byte(&out, RSP + 16, 16), [0; 16]);
}

fn generated_code_stays_by_the_frames() {
    // Code in no module, which only frame pointers lead to: first from the saved one.
    let (next, code) = (EBP + 0x60, 0x2345_6780);
    let process = Process::new().push(EBP, next).push(EBP + 4, code).push(next, 0).push(next + 4, code + 8);
    let process = process.push(EBP + 12, code + 16);
    let out = Redumped::of(&process.build(), "/mr");
    assert_eq!([EBP, EBP + 4, next + 4, EBP + 12].map(|at| word(&out, at)), [next, code, code + 8, 0]);
    // In a running thread they start at its own frame pointer.
    let mut running = process.running();
    put(&mut running.narrow_context, 180, &0u32.to_le_bytes());
    let out = Redumped::of(&running.build(), "/mr");
    assert_eq!([EBP, EBP + 4, next + 4, EBP + 12].map(|at| word(&out, at)), [next, code, code + 8, 0]);
}

/// A process whose blocks are filled with data.
fn full_blocks() -> Process {
    let mut process = Process::new();
    for block in [&mut process.teb, &mut process.narrow_teb, &mut process.peb, &mut process.narrow_peb] {
        block.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'x');
    }
    // The bytes between the kept fields, and those of the fields.
    let plain = Process::new();
    for (block, plain, fields) in [
        (&mut process.teb, &plain.teb, &[(0, 8), (8, 8), (16, 8), (0x30, 8), (0x60, 8), (0x1488, 8), (0x180c, 4)][..]),
        (&mut process.narrow_teb, &plain.narrow_teb, &[(4, 4), (8, 4), (0x18, 4), (0x30, 4)]),
        (&mut process.peb, &plain.peb, &[(0x10, 8)]),
        (&mut process.narrow_peb, &plain.narrow_peb, &[(8, 4)]),
    ] {
        fields.iter().for_each(|&(at, size)| block[at..at + size].copy_from_slice(&plain[at..at + size]));
    }
    process
}

fn only_the_needed_fields_of_the_blocks_stay() {
    let mut expected = Process::new();
    // The parameters are not needed.
    expected.narrow_peb[0x10..0x14].fill(0);
    for options in ["/mr", "/ms"] {
        let out = Redumped::of(&full_blocks().build(), options);
        assert!(byte(&out, TEB, 0x2000) == expected.teb, "{options}");
        assert!(byte(&out, NARROW_TEB, 0x34) == expected.narrow_teb[..0x34], "{options}");
        assert!(byte(&out, PEB, 0x1000) == expected.peb, "{options}");
        assert!(byte(&out, NARROW_PEB, 0x1000) == expected.narrow_peb, "{options}");
    }
    let out = Redumped::of(&full_blocks().build(), "/mR");
    assert!(byte(&out, TEB, 0x2000) == full_blocks().teb);
}

fn other_letters_bring_the_blocks_back() {
    let out = Redumped::of(&full_blocks().build(), "/mpr");
    assert!(byte(&out, TEB, 0x2000) == full_blocks().teb);
    assert!(byte(&out, NARROW_TEB, 0x1000) == full_blocks().narrow_teb);
    // A word of the 32-bit stack points into a block.
    let process = full_blocks().push(ESP + 4, TEB + 0x900);
    let out = Redumped::once(&process.build(), &parsed("/mir"));
    assert!(byte(&out, TEB + 0x800, 0x400) == full_blocks().teb[0x800..0xc00]);
    assert_eq!(byte(&out, TEB + 0x7ff, 1), [0]);
    assert_eq!(byte(&out, TEB + 0xc00, 1), [0]);
}

fn vector_registers_go() {
    let process = Process::new();
    let out = Redumped::of(&process.build(), "/mr");
    let found = byte(&out, AREA + 4, 716);
    let is_kept = |at: usize| !(28..140).contains(&at) && at < 204;
    for (at, (found, source)) in found.iter().zip(&process.narrow_context).enumerate() {
        assert_eq!(*found, if is_kept(at) { *source } else { 0 }, "{at}");
    }
    assert_eq!(byte(&out, AREA, 4), 0x014c_0000u32.to_le_bytes());
    // If the flags do not include the debug registers, these are not valid.
    let mut process = Process::new();
    put(&mut process.narrow_context, 0, &0x1_0007u32.to_le_bytes());
    let out = Redumped::of(&process.build(), "/mr");
    assert_eq!(byte(&out, AREA + 8, 24), [0; 24]);
}

fn triage_dumps_filter_saved_registers() {
    let mut process = Process::new();
    // Esi is a number, Edi leads into the program.
    put(&mut process.narrow_context, 160, &0x1234_5678u32.to_le_bytes());
    put(&mut process.narrow_context, 156, &((IMAGE + 0x10) as u32).to_le_bytes());
    for options in ["/ms", "/mfs"] {
        let out = Redumped::once(&process.build(), &parsed(options));
        let register = |at: u64| word(&out, AREA + 4 + at);
        let expected = [0xaaaa_aaaa, IMAGE + 0x10, EIP, ESP, EBP];
        assert_eq!(hex(&[160, 156, 184, 196, 180].map(register)), hex(&expected), "{options}");
        assert!(byte(&out, AREA + 4 + 364, 16).iter().all(|byte| [0, 0xaa].contains(byte)), "{options}");
    }
}

fn what_is_filtered_is_not_counted() {
    let out = Redumped::of(&full_blocks().build(), "/mr");
    // The windows at the 64-bit instruction and at that of the program are in modules.
    assert_eq!(out.report.unfiltered_memory, 0);
    let out = Redumped::of(&full_blocks().build(), "/mpr");
    assert_eq!(out.report.unfiltered_memory, 0x3000 + 2 * 0x1000);
}
