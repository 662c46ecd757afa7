//! A truncated file: the check reports where it ends, and not what follows from that.

use libtest_mimic::Trial;
use userdump::read::check::{Finding, FindingCode as Code};
use userdump::{Dump, MappedFile, ReadError};

use super::{finds, sound, truncated};
use crate::support::everything::everything;
use crate::support::facts::Facts;
use crate::support::forms::{Form, open};
use crate::support::{Shared, golden, trials};
use crate::synth::*;

pub fn trials() -> Vec<Trial> {
    trials![
        dumps_of_the_corpus_that_are_cut_say_where_they_end,
        golden_dumps_that_are_cut_say_where_they_end,
        a_dump_of_every_kind_of_record_may_be_cut_anywhere,
        a_count_beyond_the_file_is_one_finding,
        a_directory_that_is_cut_hides_what_is_missing,
        an_offset_far_past_the_end_is_not_a_cut,
        a_size_that_overlaps_others_is_not_a_cut,
    ]
}

fn findings(bytes: &[u8]) -> Vec<Finding> {
    let mut found = Vec::new();
    Dump::parse(bytes).expect("the header is valid").check(&mut |finding| found.push(finding));
    found
}

/// True if the finding is about bytes past the end of the file.
fn is_behind(finding: &Finding, size: usize) -> bool {
    match finding.error {
        Some(ReadError::Truncated { offset, needed, .. }) => offset.saturating_add(needed) > size as u64,
        _ => false,
    }
}

/// Cuts a sound dump: the cause comes first and claims no more bytes than the whole file had, and at most one of its
/// effects is reported. Returns the number of findings, and whether the end was found.
fn cut(whole: &[u8], size: usize, before: usize, what: &str) -> bool {
    let found = findings(&whole[..size]);
    let told = || found.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(found.len() <= before + 3, "{what} at {size}: {:#?}", told());
    assert!(found.iter().skip(1).filter(|it| is_behind(it, size)).count() <= 1, "{what} at {size}: {:#?}", told());
    let Some(first) = found.first().filter(|it| it.code == Code::FileTruncated) else {
        assert!(!found.iter().any(|it| is_behind(it, size)), "{what} at {size}: {:#?}", told());
        return false;
    };
    let Some(ReadError::Truncated { what: "file", offset: 0, needed, available }) = first.error else {
        panic!("{what}: {first:?}");
    };
    assert_eq!((first.offset, available), (size as u64, size as u64), "{what}");
    assert!((size + 1..=whole.len()).contains(&(needed as usize)), "{what}: {needed} of {}", whole.len());
    assert_eq!(first.to_string(), format!("the file ends at {size} of at least {needed} bytes"));
    true
}

/// Cuts at offsets all over the file; returns how often the end was found.
fn cut_all_over(whole: &[u8], what: &str) -> usize {
    let before = findings(whole).len();
    (1..=32).filter(|part| cut(whole, (whole.len() - 1).min(whole.len() * part / 32).max(32), before, what)).count()
}

fn dumps_of_the_corpus_that_are_cut_say_where_they_end(shared: &Shared) {
    // These were broken on purpose, in their headers and directories.
    let broken = ["invalid-record-count", "invalid-range", "invalid-parameter", "lldb-bad-"];
    let mut dumps = 0;
    for row in shared.corpus() {
        let Some(name) = row.file.strip_prefix("real/").filter(|name| !broken.iter().any(|it| name.starts_with(it)))
        else {
            continue;
        };
        let found = cut_all_over(&shared.corpus_file(&row), name);
        assert!(found >= 31, "{name}: {found}");
        dumps += 1;
    }
    assert!(dumps > 30, "{dumps}");
}

fn golden_dumps_that_are_cut_say_where_they_end(shared: &Shared) {
    for set in golden::USER_DUMP_SETS {
        for letter in ["f", "m", "ma"] {
            let name = format!("{set}/{letter}.dmp");
            let file = MappedFile::open(shared.golden_path(&name)).expect("it is unpacked");
            let found = cut_all_over(&file, &name);
            assert!(found >= 31, "{name}: {found}");
        }
    }
}

fn a_dump_of_every_kind_of_record_may_be_cut_anywhere() {
    for form in Form::ALL {
        let whole = form.build(everything(form));
        let directory_end = 32 + 12 * Facts::of(&whole).directory.len();
        let before = findings(&whole).len();
        for size in directory_end..whole.len() {
            cut(&whole, size, before, &format!("{form:?}"));
        }
    }
}

fn a_count_beyond_the_file_is_one_finding() {
    let whole = Form::ALL[0].build(everything(Form::ALL[0]));
    let entries = |size: usize| (size as u32 - 32) / 12 + 1;
    for count in [entries(whole.len()), 0x00ff_ffff, u32::MAX] {
        let mut bytes = whole.clone();
        bytes[8..12].copy_from_slice(&count.to_le_bytes());
        let held = (bytes.len() as u64 - 32) / 12 * 12;
        let error = truncated("MINIDUMP_DIRECTORY", 32, 12 * u64::from(count), held);
        let cut = (Code::DirectoryTruncated, None, None, 0, Some(error));
        let lists = [(Code::FlagsDisagree, None, None, 24, None), (Code::MemoryListBesideFull, None, None, 0, None)];
        finds(&open(&bytes), &[cut, lists[0], lists[1]]);
    }
}

/// The missing stream may be in the part of the directory that is cut off.
fn a_directory_that_is_cut_hides_what_is_missing() {
    let whole = sound().flags(2).build();
    let codes = |bytes: &[u8]| findings(bytes).iter().map(|it| it.code).collect::<Vec<_>>();
    assert_eq!(codes(&whole), [Code::ContextMissing, Code::NoModules, Code::FlagsDisagree]);
    let mut cut = whole;
    cut[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    let found = codes(&cut);
    assert!(found.contains(&Code::DirectoryTruncated), "{found:?}");
    assert!(!found.contains(&Code::FlagsDisagree) && !found.contains(&Code::NoModules), "{found:?}");
}

fn an_offset_far_past_the_end_is_not_a_cut() {
    let bytes = sound().raw(99, "x").shape(99, Shape::usual().rva(0x20_0000)).build();
    let missing = truncated("stream", 0x20_0000, 1, 0);
    let facts = Facts::of(&bytes);
    finds(&open(&bytes), &[(Code::StreamOutsideFile, Some(99), None, super::entry(&facts, 99), Some(missing))]);
}

fn a_size_that_overlaps_others_is_not_a_cut() {
    // Another stream is among the bytes that the first one claims.
    let bytes = sound().raw(98, "abc").raw(99, "def").order(&[7, 3, 98, 99]).shape(98, Shape::usual().data_size(999));
    let bytes = bytes.build();
    let facts = Facts::of(&bytes);
    let [first, second] = [98, 99].map(|kind| super::start(&facts, kind));
    assert!(first < second, "{first} {second}");
    let missing = truncated("stream", first, 999, bytes.len() as u64 - first);
    let [at, other] = [98, 99].map(|kind| super::entry(&facts, kind));
    finds(
        &open(&bytes),
        &[
            (Code::StreamOutsideFile, Some(98), None, at, Some(missing)),
            (Code::StreamsOverlap, Some(99), None, other, None),
        ],
    );
}
