//! Sources whose directory or tables cannot be read, or only in part: nothing is lost silently.

use libtest_mimic::Trial;
use userdump::redump::{Outcome, Report, redump};
use userdump::{Dump as Source, Minidump, ReadError, RedumpError};

use crate::support::redumped::{Redumped, parsed, refusal};
use crate::support::{Shared, fixtures, shared_trial, trials};
use crate::synth::{Dump, Module, Shape, SystemInfo, Thread, UserDump, UserRegion, UserThread, kind};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        a_directory_outside_the_file_is_refused,
        a_directory_without_an_entry_in_use_is_refused,
        a_header_alone_has_nothing_to_keep,
        the_rest_of_a_cut_directory_is_kept_and_reported,
        streams_that_cannot_be_read_leave_nothing_to_keep,
        leaving_out_all_streams_keeps_nothing,
        the_rest_of_cut_tables_of_a_full_user_dump_is_kept_and_reported,
        contexts_outside_a_full_user_dump_are_reported,
        the_remainder_of_a_damaged_source_is_reported_as_such,
    ];
    let shared =
        [("bad-directory.dmp", refused(0xffff_fff0, 216, 0)), ("directory-all-zero.dmp", refused(0x20, 108, 108))];
    trials.extend(shared.map(|(file, expected)| {
        shared_trial(format!("redump_tables::refused::{file}"), move |shared| shared_file(shared, file, &expected))
    }));
    trials
}

/// The error for a directory with nothing to keep.
fn refused(offset: u64, needed: u64, available: u64) -> String {
    format!(
        "nothing could be kept: MINIDUMP_DIRECTORY at 0x{offset:x} has no used entry that can be read, \
         {needed} bytes are needed, {available} available"
    )
}

fn assert_refused(source: &[u8], expected: &str) {
    for options in ["/m", "/ma", "/mrR", "/f"] {
        let error = refusal(source, options);
        assert!(matches!(error, RedumpError::NothingToKeep { .. }), "{options}: {error:?}");
        assert_eq!(error.to_string(), expected, "{options}");
    }
}

fn shared_file(shared: &Shared, file: &str, expected: &str) {
    assert_refused(&shared.read(&format!("cases/{file}")), expected);
}

/// The bytes with another stream count and another directory offset.
fn with_directory(source: &[u8], count: u32, position: u32) -> Vec<u8> {
    let mut bytes = source.to_vec();
    bytes[8..12].copy_from_slice(&count.to_le_bytes());
    bytes[12..16].copy_from_slice(&position.to_le_bytes());
    bytes
}

fn source() -> Vec<u8> {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).module(Module::new(16, 16, "a"));
    dump.raw(0x1_0001, b"a stream").memory(0x1000, [7; 64]).build()
}

/// The source with its directory moved to the end of the file.
fn with_directory_at_the_end() -> Vec<u8> {
    let source = source();
    let dump = Minidump::parse(&source).expect("it is a dump");
    let size = 12 * dump.directory().len() as usize;
    let mut bytes = with_directory(&source, dump.directory().len(), source.len() as u32);
    bytes.extend_from_slice(&source[32..32 + size]);
    bytes
}

fn a_directory_outside_the_file_is_refused() {
    let source = source();
    let size = source.len() as u64;
    for (count, position, available) in
        [(18, 0xffff_fff0, 0), (18, size, 0), (18, size - 11, 0), (1, size, 0), (u32::MAX, 0xffff_fff0, 0)]
    {
        let bytes = with_directory(&source, count, position as u32);
        assert_refused(&bytes, &refused(position, 12 * u64::from(count), available));
    }
    // A file that ends after its header, which promises more.
    assert_refused(&source[..32], &refused(32, 12 * 5, 0));
}

fn a_directory_without_an_entry_in_use_is_refused() {
    let mut bytes = with_directory(&source(), 9, 32);
    bytes[32..].fill(0);
    assert_refused(&bytes, &refused(32, 108, 108));
    // The only entry in use is cut off.
    let bytes = [with_directory(&bytes[..32], 3, 32), vec![0; 24], vec![3, 0, 0, 0, 4, 0, 0, 0]].concat();
    assert_refused(&bytes, &refused(32, 36, 24));
    // The header counts no streams, but data follows it.
    assert_refused(&with_directory(&source(), 0, 32), &refused(32, 0, 0));
}

fn a_header_alone_has_nothing_to_keep() {
    let header = with_directory(&source()[..32], 0, 32);
    let out = Redumped::of(&header, "/m");
    assert!(out.report.keeps_nothing());
    assert_eq!((&out.report.streams, &out.report.truncated_tables), (&Vec::new(), &Vec::new()));
    assert!(!Redumped::of(&source(), "/m").report.keeps_nothing());
}

fn the_rest_of_a_cut_directory_is_kept_and_reported() {
    let source = with_directory_at_the_end();
    let whole = Redumped::of(&source, "/ma").report;
    assert_eq!((whole.truncated_tables.as_slice(), whole.streams.len()), ([].as_slice(), 5));
    for cut in 1..5 * 12 {
        let bytes = &source[..source.len() - cut];
        let left = (5 * 12 - cut) / 12;
        if left == 0 {
            continue;
        }
        for options in ["/m", "/ma"] {
            let out = Redumped::twice(bytes, &parsed(options));
            let offset = source.len() as u64 - 60;
            let (needed, available) = (60, 12 * left as u64);
            let missing = ReadError::Truncated { what: "MINIDUMP_DIRECTORY", offset, needed, available };
            assert_eq!(out.report.truncated_tables, [missing], "{options}, {cut} bytes cut");
            assert_eq!(out.report.streams.len(), left, "{options}, {cut} bytes cut");
            assert!(!out.report.keeps_nothing());
        }
    }
    let bytes = &source[..source.len() - 1];
    assert_eq!(reported(bytes, "/f").truncated_tables.len(), 1);
}

fn streams_that_cannot_be_read_leave_nothing_to_keep() {
    let outside = || Shape::usual().rva(0x7fff_0000);
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).module(Module::new(16, 16, "a"));
    let kinds = [kind::SYSTEM_INFO, kind::THREAD_LIST, kind::MODULE_LIST];
    let source = kinds.into_iter().fold(dump, |dump, kind| dump.shape(kind, outside())).build();
    let out = Redumped::twice(&source, &parsed("/m"));
    assert!(out.report.keeps_nothing());
    assert_eq!(out.report.streams.len(), 3);
    assert!(
        out.report.streams.iter().all(|it| matches!(it.outcome, Outcome::Unreadable(_))),
        "{:?}",
        out.report.streams
    );
}

fn leaving_out_all_streams_keeps_nothing() {
    let source = Dump::new().comment_a("a secret").build();
    let out = Redumped::once(&source, &parsed("/mr"));
    assert_eq!(out.outcomes(kind::COMMENT_A), [Outcome::Filtered]);
    assert!(out.report.keeps_nothing());
}

fn reported(bytes: &[u8], options: &str) -> Report {
    redump(&Source::parse(bytes).expect("it is a dump"), &parsed(options), std::io::sink())
        .unwrap_or_else(|error| panic!("{options}: {error}"))
}

fn the_rest_of_cut_tables_of_a_full_user_dump_is_kept_and_reported() {
    let source = fixtures::FULL_USER_DUMP;
    let (mut whole, mut cut, mut refused) = (0, 0, 0);
    for size in 256..=source.len() {
        let bytes = &source[..size];
        let Source::FullUserDump(dump) = Source::parse(bytes).expect("the header is present") else {
            panic!("it is a full user dump")
        };
        let (threads, modules, regions) = (dump.threads(), dump.modules(), dump.region_list());
        let missing: Vec<ReadError> =
            [threads.fault(), modules.fault(), regions.fault()].into_iter().flatten().collect();
        let is_empty = threads.is_empty() && regions.is_empty() && modules.count() == 0;
        for options in ["/m", "/f"] {
            if is_empty {
                let error = refusal(bytes, options);
                assert!(matches!(error, RedumpError::NothingToKeep { available: 0, .. }), "{size}: {error:?}");
                refused += 1;
            } else {
                assert_eq!(reported(bytes, options).truncated_tables, missing, "{options}, {size} bytes");
                *if missing.is_empty() { &mut whole } else { &mut cut } += 1;
            }
        }
    }
    assert!(whole > 0 && cut > 0 && refused > 0, "{whole} {cut} {refused}");
}

/// The fewer directory entries are left, the less of the file can be read.
fn the_remainder_of_a_damaged_source_is_reported_as_such() {
    let sound = fixtures::QUICK_START;
    for options in ["/m", "/ma", "/mrR"] {
        let report = |bytes: &[u8]| reported(bytes, options);
        let whole = match redump(&Source::parse(sound).unwrap(), &parsed(options), std::io::sink()) {
            Ok(report) => report,
            // Its regions promise more memory than there is.
            Err(_) => continue,
        };
        assert_eq!(whole.source_size, sound.len() as u64);
        // Everything except unused entries and gaps between parts.
        assert!(!whole.is_mostly_unreadable() && whole.readable_bytes * 100 > whole.source_size * 98, "{whole:#?}");
        assert!(!whole.has_unreadable_parts());
        let mut damaged = sound.to_vec();
        damaged[0x20 + 12..0x20 + 12 * 18].fill(0);
        assert!(report(&damaged).is_mostly_unreadable() && !report(&damaged).has_unreadable_parts());
        let mut unreadable = sound.to_vec();
        unreadable[0x20 + 8..0x20 + 12].fill(0xff);
        assert!(report(&unreadable).has_unreadable_parts());
        assert!(!report(&unreadable).is_mostly_unreadable());
    }
}

fn contexts_outside_a_full_user_dump_are_reported() {
    let thread = |id| UserThread { id, context: vec![1; 1232], ..UserThread::default() };
    let dump = UserDump::wide().thread(thread(1)).thread(thread(2)).region(UserRegion::new(0x1000, [7; 64]));
    let mut bytes = dump.build();
    let faults = |bytes: &[u8], options: &str| -> Vec<(u64, &'static str)> {
        let report = reported(bytes, options);
        report.faults.iter().filter(|it| it.stream_type.0 == 3).map(|it| (it.item, it.part)).collect()
    };
    for options in ["/m", "/f"] {
        assert_eq!(faults(&bytes, options), []);
    }
    // The offset of the contexts, such that the second one ends past the end of the file.
    let at = bytes.len() as u64 - 2000;
    let dump = Source::parse(&bytes).expect("it is a dump");
    let Source::FullUserDump(dump) = dump else { panic!("it is a full user dump") };
    let position = dump.header().thread_offset;
    let field = bytes.windows(8).position(|field| field == position.to_le_bytes()).expect("the header has it");
    bytes[field..field + 8].copy_from_slice(&at.to_le_bytes());
    for options in ["/m", "/f"] {
        assert_eq!(faults(&bytes, options), [(1, "context")], "{options}");
    }
}
