//! The option `s`: triage dumps, compared with those of the debugger and of `MiniDumpWriteDump`, without their leaks.

mod golden;
mod leaks;
mod words;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [golden::trials(), leaks::trials(), words::trials()].into_iter().flatten().collect()
}

/// The value of filtered bytes.
const PATTERN: u8 = 0xaa;
