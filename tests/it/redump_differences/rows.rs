//! The rows of the table. Each row has a test.

use libtest_mimic::Trial;

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![every_row_has_a_test]
}

/// The first cell of each row, in the order of the tests above and of those about full user dumps and compressed memory.
const MATTERS: [&str; 66] = [
    "CodeView and miscellaneous debug records of modules",
    "name of a module that cannot be read",
    "order of the modules",
    "reserved fields of modules and handles",
    "thread names, process and system memory counters",
    // The next five are tested in `redump_engine`.
    "user shared data (2026), where the source has none",
    "system folder in the user shared data, with `R`",
    "headers and data directories of images (`e`)",
    "unloaded modules beyond 10,000 (2026)",
    "handle operations with entries of less than 0x120 bytes (2026)",
    // The next five are tested in `redump_triage` and in `mdwd`.
    "stack words that stay with `s`",
    "registers with `s`",
    "parts of stacks that other letters take, with `s`",
    "user shared data, with `s`",
    "triage dump as a source",
    "processor trace",
    "exit status in thread information",
    "thread information entries that the producer marked invalid",
    "priorities of threads without such an entry",
    "object information of handles",
    "function tables",
    // This one is tested in `redump_select`.
    "unwind data that function tables refer to",
    "debugger build string in MiscInfo",
    "MiscInfo of a source without one",
    "exception of a dump without one",
    "memory information of a dump without any, with `F`",
    "registers of an exception of which only the thread is named (`/xt`)",
    "processor level and revision",
    "comments, streams of other producers, unknown streams",
    "a second stream of a type that a dump has once",
    "several exception streams",
    "extended state after a context",
    "stacks that `i` scans",
    "what `p` adds",
    "private regions that touch at a multiple of 64 KiB",
    "stack whose bounds are not in the source's memory",
    // The next four are tested in `redump_select`, the fifth in `module_extents`.
    "stack in use outside these bounds",
    "stack pointer of an exception below that of its thread",
    "file position of a stack that is part of a range, or in full memory",
    "instruction pointer of an exception that is not the exception address",
    "module whose size its producer cut short",
    // The next two are tested in `wow64`.
    "32-bit stacks and registers of a 32-bit process in a 64-bit dump",
    "what `i` and `p` add of a 32-bit process in a 64-bit dump",
    "headers of images whose sections are taken",
    "stack, window or section that is not inside one memory range",
    "order of the ranges of a memory list",
    "memory without a memory information entry",
    // This one is tested in `redump_select`.
    "memory whose entry says free, reserved, guarded or inaccessible",
    "part of a region of which another part is missing",
    "overlapping ranges without memory information",
    "addresses of 32-bit targets above 2 GiB",
    "`r`",
    "`R`",
    // This one is tested in `redump_select`.
    "image that Linux shares with all processes (`[vdso]`)",
    // This one is tested in `to_file`.
    "full memory with a run of at least 64 KiB that does not change",
    "dumps of other systems",
    "unused directory entries, high half of the version field",
    "`/f` of a dump",
    "Windows process without system information",
    "service pack in a full user dump",
    "debug records of modules of a full user dump",
    "priorities of threads of a full user dump",
    "modules of a full user dump without process environment block",
    "modules of a full user dump above 2 GiB",
    // This one is tested in `redump_select`, `identify` and `stack_walk`.
    "memory that answers a question ([presets](#presets))",
    "source with compressed memory",
];

fn every_row_has_a_test() {
    let text = include_str!("../../../src/redump/mod.rs");
    let table = text.split("# Where we differ").nth(1).expect("the table has a heading");
    let rows = table.lines().skip_while(|line| !line.starts_with("//! |")).take_while(|line| line.starts_with("//! |"));
    let matters: Vec<&str> = rows.skip(2).filter_map(|row| row.split('|').nth(1)).map(str::trim).collect();
    assert_eq!(matters, MATTERS);
}
