//! Stacks are walked from the dump alone, by an independent reader that works like the debugger; the memory that the
//! presets keep is sufficient for it.

mod arm;
mod arm64;
mod narrow;
mod parts;
mod presets;
mod process;
mod sources;
mod truth;
mod wide;

use std::collections::BTreeMap;
use std::fmt;

use libtest_mimic::Trial;

use crate::support::facts::Facts;

use process::{Process, Side};

pub fn trials() -> Vec<Trial> {
    [sources::trials(), presets::trials(), parts::trials(), arm::trials()].into_iter().flatten().collect()
}

/// Dumps with all memory, and the number of frames that the debugger of 2026 shows for all threads.
const GOLDEN: [(&str, usize); 7] = [
    ("crash26/manu", 41),
    ("live26/manu", 44),
    ("crash/ma", 41),
    ("live/ma", 44),
    ("crash32/ma", 43),
    ("live32/ma", 44),
    ("net10/full", 112),
];

/// The same for dumps of many producers, most of which only have stacks.
const CORPUS: [(&str, usize); 38] = [
    ("breakpad-ascii-read-av", 10),
    ("breakpad-exec-av-on-stack", 8),
    ("breakpad-ios-simulator-crashpad-annotation", 30),
    ("breakpad-linux-inline-crashpad", 1),
    ("breakpad-linux-inside-module-exe-region1", 10),
    ("breakpad-linux-overflow", 23),
    ("breakpad-linux-raise-sigabrt", 11),
    ("breakpad-linux-stack-pointer-in-module", 10),
    ("breakpad-minidump1-2006", 76),
    ("breakpad-minidump2-2006", 2),
    ("breakpad-null-write-av", 10),
    ("breakpad-stack-exhaustion", 10),
    ("breakpad-thread-name-list", 32),
    ("breakpad-tiny-exe-cet-xsave-amd64", 8),
    ("breakpad-tiny-exe-cet-xsave-x86", 9),
    ("breakpad-tiny-exe-fastfail", 18),
    ("breakpad-write-av-non-canonical", 16),
    ("chromeos-abort", 3),
    ("chromeos-chrome-20210406", 84),
    ("invalid-parameter", 29),
    ("linux-mini", 7),
    ("lldb-bad-duplicate-streams", 4),
    ("lldb-bad-overlapping-streams", 4),
    ("lldb-fizzbuzz-no-heap", 6),
    ("lldb-linux-i386", 4),
    ("lldb-linux-x86_64", 12),
    ("lldb-windows-sigsegv", 2),
    ("pipeline-inlines-macos-segv", 45),
    ("sentry-native-windows", 25),
    ("simple-crashpad", 3),
    ("stability-report", 101),
    ("symbolic-crash-linux", 5),
    ("symbolic-linux-mini-2018", 8),
    ("symbolic-windows-mini", 15),
    ("syzygy-notepad-larger-32bit", 4),
    ("syzygy-notepad-larger-64bit", 1),
    ("syzygy-use-after-free", 460),
    ("test", 7),
];

/// More frames than any stack of the available dumps has.
const MOST_FRAMES: usize = 1000;

/// The position of a frame and its return address, which is 0 where the walk ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame {
    /// The stack pointer in an x64 function; on x86, the value of the frame pointer.
    pub stack: u64,
    pub returns_to: u64,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x} {:x}", self.stack, self.returns_to)
    }
}

/// The frames of each thread.
type Threads = BTreeMap<u32, Vec<Frame>>;

fn walked(process: &Process<'_>) -> Threads {
    let threads = process.threads.iter().map(|thread| {
        let frames = match thread.side {
            Side::X64 { registers, instruction } => wide::frames(process, registers, instruction),
            Side::Arm64 { registers, instruction } => arm64::frames(process, registers, instruction),
            Side::X86 { stack, frame } => narrow::frames(process, stack, frame),
        };
        (thread.thread, frames)
    });
    threads.collect()
}

/// The frames that the reader finds in a dump.
fn walk(bytes: &[u8]) -> Threads {
    walked(&Process::of(&Facts::of(bytes)))
}

fn count(threads: &Threads) -> usize {
    threads.values().map(Vec::len).sum()
}
