//! Properties of every result and its report that can be checked quickly.

use std::fmt::{self, Write};

use userdump::Dump;
use userdump::format::{MemoryInfo, StreamType};
use userdump::read::memory::{CompressedMemory, Memory64List, MemoryList};
use userdump::redump::{Obstacle, Options, Report};
use userdump_walk::accounted::{is_judgeable, violations};

use crate::findings::are_lists_shifted;

/// The size that every result may have, however small its source is.
const LITTLE: u64 = 0x1_0000;

/// A result is at most twice as large as its decompressed source, apart from the comment that is added and the memory
/// information that its format requires.
pub fn size(source: &Dump<'_>, report: &Report, options: &Options) {
    let comment = options.comment().map_or(0, |comment| 2 * comment.len() as u64);
    let rows = if options.is_full_user_dump() {
        report.memory_ranges
    } else if report.made_up.contains(&StreamType::MEMORY_INFO_LIST) {
        ranges(source)
    } else {
        0
    };
    let size = source.file_size() + unpacked(source);
    let most = 2 * size + LITTLE + comment + rows * MemoryInfo::SIZE as u64;
    assert!(report.size <= most, "{} bytes were made of {}", report.size, source.file_size());
}

/// Returns the uncompressed size of all buckets of compressed memory according to their array.
fn unpacked(dump: &Dump<'_>) -> u64 {
    let Dump::Minidump(dump) = dump else { return 0 };
    let size =
        |memory: CompressedMemory<'_>| memory.buckets().iter().map(|bucket| u64::from(bucket.uncompressed_size)).sum();
    dump.find().map_or(0, size)
}

/// Returns the number of memory ranges that the dump lists; the result may have fewer.
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

/// The printed report is at most proportional to the source: some words for each entry, of which the smallest have 12
/// bytes.
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

/// The obstacles in the report are exactly those that the result has.
pub fn obstacles(result: &Dump<'_>, report: &Report) {
    let says = |obstacle| report.obstacles.contains(&obstacle);
    assert_eq!(says(Obstacle::NoThreads), result.threads().next().is_none());
    if let Dump::Minidump(result) = result {
        let has_system = result.directory().iter().any(|entry| entry.stream_type == StreamType::SYSTEM_INFO);
        assert_eq!(says(Obstacle::NoSystemInfo), !has_system);
    }
    assert_eq!(says(Obstacle::NothingKept), !report.streams.iter().any(|stream| stream.outcome.is_kept()));
}

/// Every byte of every structure of a minidump is in the result, removed by an option letter, or in the report. This is
/// only checked if the meaning of the bytes is clear, which it is not in damaged dumps.
pub fn accounted(source: &Dump<'_>, result: &[u8], report: &Report, options: &Options) {
    // A list whose contents look more valid four bytes later is read there, regardless of its size.
    if options.is_full_user_dump()
        || !is_judgeable(source.data().expect("the bytes are in memory"))
        || are_lists_shifted(source)
    {
        return;
    }
    let letters = options.to_string();
    let found = violations(source.data().expect("the bytes are in memory"), result, report, &letters);
    assert!(found.is_empty(), "{letters}:\n{}\n{report:#?}", found.join("\n"));
}
