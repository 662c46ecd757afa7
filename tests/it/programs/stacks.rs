//! The output of `dumpchk` and `threads` for stacks that are missing, or not where readers look for them.

use libtest_mimic::Trial;

use super::{Folder, table};
use crate::support::cpu::Cpu;
use crate::support::json::Json;
use crate::support::{Shared, trials};
use crate::synth::{Dump, Module, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_thread_without_a_stack_is_reported,
        memory_at_the_stack_pointer_is_a_stack,
        a_stack_in_no_memory_list_is_reported,
        a_stack_outside_the_file_is_reported,
        the_stack_of_the_case_is_only_in_the_thread_record,
    ]
}

const STACK: u64 = 0x20_0000;

/// Returns a dump with two threads; the second one has no stack.
fn dump(cpu: Cpu) -> Dump {
    let dump = Dump::new().system_info(cpu.windows()).module(Module::new(0x40_0000, 0x1000, "a.exe"));
    let with_stack = Thread::new(1).context(cpu.context(0x40_0010, STACK + 0x10));
    dump.thread(with_stack.stack(Stack::stored(STACK + 0x10, [7; 0xff0])))
        .thread(Thread::new(2).context(cpu.context(0x40_0020, 0x90_0010)))
}

fn row(printed: &str, title: &str, thread: &str) -> String {
    let rows = table(printed, title);
    rows.iter().find(|row| row.starts_with(thread)).unwrap_or_else(|| panic!("{thread} is not in {rows:?}")).clone()
}

fn without_stack(folder: &Folder) -> Vec<u64> {
    let found = Json::parse(folder.run("dumpchk", &["--json", "in.dmp"]).out.as_bytes());
    found.get("threads_without_stack").list().iter().map(Json::number).collect()
}

fn codes(folder: &Folder) -> Vec<String> {
    let found = Json::parse(folder.run("dumpchk", &["--json", "in.dmp"]).out.as_bytes());
    found.get("findings").list().iter().map(|finding| finding.get("code").text().to_owned()).collect()
}

fn a_thread_without_a_stack_is_reported() {
    for cpu in Cpu::ALL {
        let dump = dump(cpu).thread(Thread::new(3));
        let folder = Folder::with(&[("in.dmp", &dump.build())]);
        let printed = folder.run("dumpchk", &["in.dmp"]).out;
        assert_eq!(row(&printed, "threads: 3", "0x1 "), "0x1 at 0x400010 stack 0x200010 4080 bytes");
        assert_eq!(row(&printed, "threads: 3", "0x2 "), "0x2 at 0x400020 stack 0x900010 no stack");
        assert_eq!(row(&printed, "threads: 3", "0x3 "), "0x3 at - stack - no stack");
        assert_eq!(without_stack(&folder), [2, 3]);
        let printed = folder.printed(0, "threads", &["in.dmp"]);
        assert!(
            printed
                .contains("thread 0x1, environment block 0x0\n  stack 0x200010 to 0x201000, 4080 bytes in the dump\n"),
            "{printed}"
        );
        assert!(printed.contains("thread 0x2, environment block 0x0\n  no stack\n"), "{printed}");
        assert!(printed.contains("thread 0x3, environment block 0x0\n  no stack\n  no registers\n"), "{printed}");
    }
}

/// Readers find the stack there, although the thread record has no stack size.
fn memory_at_the_stack_pointer_is_a_stack() {
    let dump = dump(Cpu::AMD64).memory(0x90_0000, [1; 0x100]);
    let folder = Folder::with(&[("in.dmp", &dump.build())]);
    let printed = folder.run("dumpchk", &["in.dmp"]).out;
    assert!(!printed.contains("no stack"), "{printed}");
    assert_eq!(without_stack(&folder), [0; 0]);
    let printed = folder.printed(0, "threads", &["in.dmp"]);
    assert!(!printed.contains("no stack"), "{printed}");
}

/// The bytes are in the file, and the thread record has their RVA, but no memory list has them.
fn a_stack_in_no_memory_list_is_reported() {
    for cpu in Cpu::ALL {
        let dump = dump(cpu).memory(0x90_0000, [1; 0x100]);
        let folder = Folder::with(&[("in.dmp", &dump.build())]);
        assert!(codes(&folder).iter().any(|code| code == "stack-not-listed"), "{cpu:?}");
        let printed = folder.printed(1, "dumpchk", &["in.dmp"]);
        let line = printed.lines().find(|line| line.starts_with("  stack-not-listed: ThreadList, entry 0 "));
        assert!(line.is_some_and(|line| line.contains("no memory list has the bytes of the stack")), "{printed}");
        // The bytes are in the dump, so the thread has a stack.
        assert_eq!(without_stack(&folder), [0; 0]);
        // If a memory list also has the stack of the thread record, nothing is wrong.
        let listed = Folder::with(&[("in.dmp", &self::dump(cpu).memory(STACK + 0x10, [7; 0xff0]).build())]);
        assert!(!codes(&listed).iter().any(|code| code == "stack-not-listed"), "{cpu:?}");
    }
}

fn a_stack_outside_the_file_is_reported() {
    let cpu = Cpu::AMD64;
    let thread =
        Thread::new(3).context(cpu.context(0x40_0010, STACK + 0x10)).stack(Stack::At(STACK, 0x1000, 0x7f00_0000));
    let dump = Dump::new().system_info(cpu.windows()).module(Module::new(0x40_0000, 0x1000, "a.exe")).thread(thread);
    let folder = Folder::with(&[("in.dmp", &dump.build())]);
    assert_eq!(codes(&folder), ["memory-truncated"]);
    let printed = folder.printed(1, "dumpchk", &["in.dmp"]);
    assert!(printed.lines().any(|line| line.starts_with("  memory-truncated: ThreadList, entry 0 ")), "{printed}");
    let printed = folder.printed(0, "threads", &["in.dmp"]);
    assert!(printed.contains("  stack 0x200000 to 0x201000, 0 bytes in the dump\n"), "{printed}");
}

/// From `cases.tsv`: `dumpchk` reports that no memory list has the bytes, and `redump` adds them to one.
fn the_stack_of_the_case_is_only_in_the_thread_record(shared: &Shared) {
    let folder = Folder::with(&[("in.dmp", &shared.read("cases/stack-only-in-thread-record.dmp"))]);
    assert_eq!(codes(&folder), ["stack-not-listed"]);
    folder.redump(&["/m", "in.dmp", "out.dmp"]);
    let printed = folder.printed(0, "dumpchk", &["out.dmp"]);
    assert!(printed.ends_with("no findings\n"), "{printed}");
}
