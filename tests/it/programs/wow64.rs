//! Checks that the programs print the 64-bit and the 32-bit state of a 32-bit process in a 64-bit dump.
//!
//! The expected registers are those that the debugger of 2017 shows after `.effmach x86`. The stacks are those that it writes
//! for the running process, and the environment blocks are from the reference.

use libtest_mimic::Trial;

use super::{Folder, table};
use crate::support::cpu::Cpu;
use crate::support::facts::Facts;
use crate::support::fixtures::QUICK_START;
use crate::support::json::Json;
use crate::support::{Shared, golden, trials};
use crate::wow64::process::{BASE, EIP, ESP, IMAGE, LAYER, NARROW_PEB, NARROW_TEB, Process, RIP, RSP, TEB};
use crate::wow64::shared::expected;

pub fn trials() -> Vec<Trial> {
    trials![
        both_states_are_printed,
        missing_state_is_not_made_up,
        other_processes_have_one_state,
        real_processes_are_as_the_debugger_shows_them,
        windows_7_recorded_only_the_stack,
        the_case_is_a_32_bit_process,
    ]
}

/// Returns a number, or 0 for `null`.
fn number(json: &Json, key: &str) -> u64 {
    if *json.get(key) == Json::Null { 0 } else { json.get(key).number() }
}

/// Returns thread ID, environment block, instruction pointer, stack pointer, stack size and available stack size of each thread
/// that has 32-bit state.
fn states(json: &Json) -> Vec<[u64; 6]> {
    let keys = ["thread", "environment_block", "instruction", "stack_pointer", "stack_size", "stack_available"];
    json.get("wow64").get("threads").list().iter().map(|thread| keys.map(|key| number(thread, key))).collect()
}

fn json(folder: &Folder, name: &str) -> Json {
    Json::parse(folder.printed(0, "dumpchk", &["--json", name]).as_bytes())
}

fn both_states_are_printed() {
    let folder = Folder::with(&[("in.dmp", &Process::new().build())]);
    let size = BASE - ESP;
    let printed = folder.printed(0, "dumpchk", &["in.dmp"]);
    let title = format!("32-bit process on 64-bit Windows, environment block {NARROW_PEB:#x}, 1 32-bit module");
    assert!(printed.lines().any(|line| line == title), "{printed}");
    let state = format!("0x7 at {EIP:#x} stack {ESP:#x} {size} bytes");
    assert_eq!(table(&printed, "32-bit threads: 1"), [state]);
    let wide = table(&printed, "threads: 1");
    assert!(wide[0].starts_with(&format!("0x7 at {RIP:#x} stack {RSP:#x} ")), "{wide:?}");

    let found = json(&folder, "in.dmp");
    assert_eq!(states(&found), [[7, NARROW_TEB, EIP, ESP, size, size]]);
    assert_eq!(found.get("wow64").get("process_environment_block").number(), NARROW_PEB);
    assert_eq!(found.get("wow64").get("modules").list().iter().map(Json::number).collect::<Vec<_>>(), [IMAGE]);

    let printed = folder.printed(0, "threads", &["in.dmp"]);
    let (wide, narrow) = printed.split_once("  32-bit environment block ").expect("there are two states");
    assert!(wide.starts_with(&format!("thread 0x7, environment block {TEB:#x}\n  stack {RSP:#x} ")), "{wide}");
    assert!(super::words(wide).contains(&format!("rip {RIP:016x}")), "{wide}");
    let start = format!("{NARROW_TEB:#x}\n  stack {ESP:#x} to {BASE:#x}, {size} bytes in the dump\n");
    assert!(narrow.starts_with(&start), "{narrow}");
    for register in [format!("eip {EIP:08x}"), format!("esp {ESP:08x}")] {
        assert!(super::words(narrow).contains(&register), "{narrow}");
    }

    let printed = folder.printed(0, "modules", &["in.dmp"]);
    for (base, name) in [(IMAGE, r"C:\app\program.exe, 32-bit"), (LAYER, r"C:\Windows\System32\wow64.dll, 64-bit")] {
        let line = format!("{base:#018x} to {:#018x}  {name}", base + 0x3000);
        assert!(printed.lines().any(|it| it == line), "{printed}");
    }
}

/// Without the environment blocks and the saved context, registers and stack are unknown, but the modules of the emulation
/// layer still identify the process.
fn missing_state_is_not_made_up() {
    let mut process = Process::new();
    process.teb = vec![0; 8];
    process.peb.fill(0);
    process.narrow_peb.fill(0);
    let folder = Folder::with(&[("in.dmp", &process.build())]);
    let printed = folder.printed(0, "dumpchk", &["in.dmp"]);
    let title = "32-bit process on 64-bit Windows, 1 32-bit module";
    assert!(printed.lines().any(|line| line == title), "{printed}");
    assert!(!printed.contains("32-bit threads"), "{printed}");
    let found = json(&folder, "in.dmp");
    assert_eq!(states(&found), [[0; 6]; 0]);
    assert_eq!(*found.get("wow64").get("process_environment_block"), Json::Null);
    let printed = folder.printed(0, "threads", &["in.dmp"]);
    assert!(printed.contains("  32-bit environment block not in the dump\n  no registers\n"), "{printed}");
}

fn other_processes_have_one_state() {
    let narrow = crate::redump_exceptions::words::source(Cpu::X86).build();
    for bytes in [QUICK_START, &narrow] {
        let folder = Folder::with(&[("in.dmp", bytes)]);
        let printed = folder.run("dumpchk", &["in.dmp"]).out;
        assert!(printed.contains("\nthreads: ") && !printed.contains("32-bit"), "{printed}");
        let found = Json::parse(folder.run("dumpchk", &["in.dmp", "--json"]).out.as_bytes());
        assert_eq!(*found.get("wow64"), Json::Null);
        for program in ["threads", "modules"] {
            let printed = folder.printed(0, program, &["in.dmp"]);
            assert!(!printed.contains("32-bit") && !printed.contains("64-bit"), "{printed}");
        }
    }
}

/// Tests the full dumps, small dumps made from them, and the full user dump, which has the same threads.
fn real_processes_are_as_the_debugger_shows_them(shared: &Shared) {
    for set in golden::WOW64_SETS {
        let folder = Folder::with(&[("ma.dmp", &shared.golden(&format!("{set}/ma.dmp")))]);
        let live = shared.golden(&format!("{set}/m.dmp"));
        let live = Facts::of(&live).threads();
        for word in ["/m", "/mp", "/ma"] {
            folder.redump(&["/o", word, "ma.dmp", "in.dmp"]);
            is_as_the_debugger_shows(&folder, &live, set, "in.dmp");
        }
        is_as_the_debugger_shows(&folder, &live, set, "ma.dmp");
    }
    let folder = Folder::with(&[("f.dmp", &shared.golden("wow64-live/f.dmp"))]);
    let live = shared.golden("wow64-live/m.dmp");
    is_as_the_debugger_shows(&folder, &Facts::of(&live).threads(), "wow64-live", "f.dmp");
}

fn is_as_the_debugger_shows(folder: &Folder, live: &[crate::support::facts::Thread<'_>], set: &str, name: &str) {
    let registers = expected(set);
    assert_eq!(live.len(), registers.len());
    let printed = folder.run("dumpchk", &[name]).out;
    let shown = table(&printed, "32-bit threads: 4");
    let threads = folder.printed(0, "threads", &[name]);
    let found = Json::parse(folder.run("dumpchk", &["--json", name]).out.as_bytes());
    let found = states(&found);
    let title = "32-bit process on 64-bit Windows, environment block 0x7ffd1000, ";
    assert!(printed.lines().any(|line| line.starts_with(title)), "{set} {name}: {printed}");
    for ((thread, [eip, esp, ebp]), (shown, found)) in live.iter().zip(registers).zip(shown.iter().zip(found)) {
        let (id, size) = (thread.id, u64::from(thread.stack_size));
        assert_eq!(thread.stack_start, esp, "the stack descriptor starts at the stack pointer");
        assert_eq!(*shown, format!("{id:#x} at {eip:#x} stack {esp:#x} {size} bytes"), "{set} {name}");
        // The 32-bit environment block is 0x2000 bytes after the 64-bit one.
        assert_eq!(found, [id.into(), thread.teb + 0x2000, eip, esp, size, size], "{set} {name}");
        let start = format!("thread {id:#x}, environment block {:#x}\n", thread.teb);
        let start = threads.find(&start).unwrap_or_else(|| panic!("{set} {name}: no {start} in {threads}"));
        let block = threads[start + 1..].split("\nthread ").next().expect("splitting returns at least one part");
        let (_, narrow) = block.split_once("  32-bit environment block ").expect("there are two states");
        let expected =
            format!("{:#x}\n  stack {esp:#x} to {:#x}, {size} bytes in the dump\n", thread.teb + 0x2000, esp + size);
        assert!(narrow.starts_with(&expected), "{set} {name}: {narrow}");
        for register in [format!("eip {eip:08x}"), format!("esp {esp:08x}"), format!("ebp {ebp:08x}")] {
            assert!(super::words(narrow).contains(&register), "{set} {name}: {narrow}");
        }
    }
    // The width comes from the image headers if they are in the dump; in small dumps, from the names.
    let modules = folder.printed(0, "modules", &[name]);
    let narrow: Vec<_> = modules.lines().filter_map(|line| line.strip_suffix(", 32-bit")).collect();
    let has = |name: &str| narrow.iter().any(|line| line.ends_with(name));
    assert!(has("wow64.exe"), "{set} {name}: {modules}");
    for wide in ["wow64.dll", "wow64cpu.dll", "wow64win.dll"] {
        assert!(!has(wide) && modules.contains(&format!("{wide}, 64-bit")), "{set} {name}: {modules}");
    }
}

/// A dump written by Windows 7. It has no 32-bit registers, but the stack `33fc48+3b8`.
fn windows_7_recorded_only_the_stack(shared: &Shared) {
    let folder = Folder::with(&[("in.dmp", &shared.read("corpus/real/syzygy-notepad-larger-64bit.dmp"))]);
    let printed = folder.run("dumpchk", &["in.dmp"]).out;
    assert!(printed.contains("\n32-bit process on 64-bit Windows"), "{printed}");
    let found = Json::parse(folder.run("dumpchk", &["in.dmp", "--json"]).out.as_bytes());
    assert!(matches!(found.get("wow64"), Json::Map(_)));
    let printed = folder.printed(0, "modules", &["in.dmp"]);
    let narrow: Vec<_> = printed.lines().filter(|line| line.ends_with(", 32-bit")).collect();
    assert!(matches!(narrow.as_slice(), [line] if line.ends_with("notepad.exe, 32-bit")), "{printed}");
    assert!(folder.run("threads", &["in.dmp"]).out.contains("\n  32-bit environment block "));
}

/// From `cases.tsv`: `dumpchk` reports a 32-bit process for the full dump and for the small dumps made from it.
fn the_case_is_a_32_bit_process(shared: &Shared) {
    let folder = Folder::with(&[("in.dmp", &shared.read("cases/wow64-taskmgr-full.dmp"))]);
    for word in ["/m", "/mi", "/mp"] {
        folder.redump(&["/o", word, "in.dmp", "out.dmp"]);
        for name in ["in.dmp", "out.dmp"] {
            let printed = folder.run("dumpchk", &[name]).out;
            assert!(printed.contains("\n32-bit process on 64-bit Windows, "), "{word} {name}: {printed}");
        }
    }
}
