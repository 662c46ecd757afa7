//! What holds of every result and its report, at little cost.

use std::fmt::{self, Write};

use userdump::Dump;
use userdump::format::{MemoryInfo, StreamType};
use userdump::read::memory::{CompressedMemory, Memory64List, MemoryList};
use userdump::redump::{Obstacle, Options, Report};
use userdump_walk::accounted::{is_judgeable, violations};

use crate::findings::are_lists_shifted;

/// What every result may have, however small its source is.
const LITTLE: u64 = 0x1_0000;

/// A result is at most twice as large as its source, unpacked, but for the comment that is added and the rows of memory information
/// that its form asks for.
pub fn size(source: &Dump<'_>, report: &Report, options: &Options) {
    let comment = options.comment().map_or(0, |comment| 2 * comment.len() as u64);
    let rows = if options.is_full_user_dump() {
        report.memory_ranges
    } else if report.made_up.contains(&StreamType::MEMORY_INFO_LIST) {
        ranges(source)
    } else {
        0
    };
    let size = source.data().len() as u64 + unpacked(source);
    let most = 2 * size + LITTLE + comment + rows * MemoryInfo::SIZE as u64;
    assert!(report.size <= most, "{} bytes were made of {}", report.size, source.data().len());
}

/// What the buckets of compressed memory hold, by their array.
fn unpacked(dump: &Dump<'_>) -> u64 {
    let Dump::Minidump(dump) = dump else { return 0 };
    let size =
        |memory: CompressedMemory<'_>| memory.buckets().iter().map(|bucket| u64::from(bucket.uncompressed_size)).sum();
    dump.find().map_or(0, size)
}

/// How many ranges of memory the dump lists; the result may have fewer.
fn ranges(dump: &Dump<'_>) -> u64 {
    match dump {
        Dump::Minidump(dump) => {
            let (list, list64) = (dump.find::<MemoryList<'_>>(), dump.find::<Memory64List<'_>>());
            (list.into_iter().flatten().count() + list64.into_iter().flatten().count()) as u64
        }
        Dump::FullUserDump(dump) => dump.stored_regions().count() as u64,
        _ => 0,
    }
}

/// What is printed of a report grows with the source at most: some words for each entry, of which the smallest take 12 bytes.
pub fn report_is_short(report: &Report) {
    struct Length(u64);

    impl Write for Length {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len() as u64;
            Ok(())
        }
    }

    let mut length = Length(0);
    write!(length, "{report:?}").expect("it takes everything");
    let most = 0x1000 + 32 * report.source_size;
    assert!(length.0 <= most, "{} bytes are printed of a dump of {}", length.0, report.source_size);
}

/// What the result lacks that a debugger needs is said, and nothing else is.
pub fn obstacles(result: &Dump<'_>, report: &Report) {
    let says = |obstacle| report.obstacles.contains(&obstacle);
    assert_eq!(says(Obstacle::NoThreads), result.threads().next().is_none());
    if let Dump::Minidump(result) = result {
        let has_system = result.directory().iter().any(|entry| entry.stream_type == StreamType::SYSTEM_INFO);
        assert_eq!(says(Obstacle::NoSystemInfo), !has_system);
    }
    assert_eq!(says(Obstacle::NothingKept), !report.streams.iter().any(|stream| stream.outcome.is_kept()));
}

/// Every byte of every structure of a minidump is in the result, asked away by a letter, or in the report: where it is plain
/// what the bytes are, which of damaged dumps it is not.
pub fn accounted(source: &Dump<'_>, result: &[u8], report: &Report, options: &Options) {
    // A list that makes more sense four bytes later is read there, whatever its size.
    if options.is_full_user_dump() || !is_judgeable(source.data()) || are_lists_shifted(source) {
        return;
    }
    let letters = options.to_string();
    let found = violations(source.data(), result, report, &letters);
    assert!(found.is_empty(), "{letters}:\n{}\n{report:#?}", found.join("\n"));
}
