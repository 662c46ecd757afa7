//! The option `s`: triage dumps, beside those of the debugger and of `MiniDumpWriteDump`, and without their leaks.

mod golden;
mod leaks;
mod words;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [golden::trials(), leaks::trials(), words::trials()].into_iter().flatten().collect()
}

/// What stands for a byte that was taken out.
const PATTERN: u8 = 0xaa;
