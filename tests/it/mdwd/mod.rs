//! The files by `MiniDumpWriteDump`, each with the engine's answers about it: read and re-encoded.
//!
//! The expected values come from the README of the files, the engine's answers, and the addresses that the dumped
//! programs printed. None come from this crate.

mod answers;
mod exceptions;
mod memory;
mod re_encoding;
mod reading;
mod readme;
mod streams;
mod triage;

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::format::StreamType;
use userdump::read::memory::MemoryList;

use crate::support::Shared;
use answers::{Answers, hex};

pub fn trials() -> Vec<Trial> {
    [readme::trials(), reading::trials(), re_encoding::trials()].into_iter().flatten().collect()
}

/// Every file of the folder, by its name in the README; which of them are packed is known here too.
const NAMES: [&str; 25] = [
    "normal",
    "exception-client",
    "exception-address-is-not-ip",
    "exception-of-unlisted-thread",
    "xstate-exception",
    "user-streams",
    "indirect",
    "process-thread-data",
    "wide-1965",
    "token",
    "triage",
    "triage-exception",
    "triage-indirect",
    "without-optional-full",
    "callback-threads-excluded",
    "callback-module-excluded",
    "callback-memory-added",
    "self-crash",
    "self-crash-by-other-thread",
    "x86-normal",
    "x86-exception",
    "x86-xstate",
    "x86-triage-exception",
    "x86-self-crash",
    "wow64-normal",
];

/// The only file that is packed.
const PACKED: &str = "wow64-normal";

/// A file and the engine's answers about it.
pub struct Sample {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub answers: Answers,
}

impl Sample {
    pub fn read(shared: &Shared, name: &'static str) -> Self {
        let path = format!("golden/mdwd/{name}.dmp");
        let bytes = if name == PACKED { shared.unpacked(&format!("{path}.zst")) } else { shared.read(&path) };
        let text = shared.read(&format!("golden/mdwd/expected/{name}.txt"));
        let text = String::from_utf8(text).expect("the answers are UTF-8");
        Self { name, bytes, answers: Answers::of(&text) }
    }

    pub fn dump(&self) -> Minidump<'_> {
        Minidump::parse(&self.bytes).expect("it is a dump")
    }

    pub fn is_narrow(&self) -> bool {
        self.name.starts_with("x86")
    }

    /// True for the dump of a process that dumped itself; all others are of a different process.
    pub fn is_of_itself(&self) -> bool {
        self.name.contains("self")
    }

    /// Addresses and sizes of the ranges, in file order.
    pub fn ranges(&self) -> Vec<(u64, u64)> {
        let list: MemoryList<'_> = self.dump().stream().expect("it is valid").expect("it is present");
        list.iter().map(|range| (range.address, range.size)).collect()
    }

    pub fn has_range(&self, address: u64, size: u64) -> bool {
        self.ranges().contains(&(address, size))
    }

    /// The range that contains an address, or ends there.
    pub fn range_at(&self, address: u64) -> Option<(u64, u64)> {
        self.ranges().into_iter().find(|(start, size)| (*start..start + size).contains(&address))
    }

    /// The types of the directory entries, 0 for those that are not used.
    pub fn kinds(&self) -> Vec<u32> {
        self.dump().directory().iter().map(|entry| entry.stream_type.0).collect()
    }

    pub fn has_stream(&self, stream_type: StreamType) -> bool {
        self.kinds().contains(&stream_type.0)
    }

    /// The codes of the findings of the check, each once.
    pub fn findings(&self) -> Vec<&'static str> {
        codes(&self.bytes)
    }
}

/// The codes of the check's findings about a file, each once.
pub fn codes(file: &[u8]) -> Vec<&'static str> {
    let mut codes = Vec::new();
    let dump = Minidump::parse(file).expect("it is a dump");
    dump.check(&mut |finding| codes.push(finding.code.as_str()));
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The addresses that a dumped program printed, by their names.
pub struct Planted(String);

impl Planted {
    pub fn read(shared: &Shared, narrow: bool) -> Self {
        let path = format!("golden/mdwd/facts-{}.txt", if narrow { "x86" } else { "x64" });
        Self(String::from_utf8(shared.read(&path)).expect("it is UTF-8"))
    }

    pub fn at(&self, name: &str) -> u64 {
        let mut rows = self.0.lines().filter_map(|line| line.split_once(' '));
        hex(rows.find(|row| row.0 == name).unwrap_or_else(|| panic!("{name} was not printed")).1)
    }
}
