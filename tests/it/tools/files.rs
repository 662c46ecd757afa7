//! The files that tests read, and the plain decoder compared with other readers of them.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use crate::support::facts::{Facts, MemoryRange, Positions, differences};
use crate::support::shared::{CorpusException, CorpusRow};
use crate::support::{Shared, fixtures, golden, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        every_fixture_is_a_minidump,
        the_quick_start_dump_has_what_its_readme_says,
        redumps_name_their_source_and_options,
        a_redump_has_the_threads_of_its_source,
        differences_name_what_differs,
        the_plain_decoder_agrees_with_other_readers,
    ];
    trials.extend(golden::SETS.map(|set| {
        shared_trial(format!("tools::files::golden_dumps_of_{set}"), move |shared| {
            golden_dumps_are_unpacked(shared, set)
        })
    }));
    trials
}

fn every_fixture_is_a_minidump() {
    let names: Vec<&str> = fixtures::all().map(|(name, _)| name).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("synth")).count(), 226);
    assert_eq!(names.iter().filter(|name| !name.starts_with("synth")).count(), 18);
    for (name, bytes) in fixtures::all() {
        assert!(!Facts::of(bytes).threads().is_empty(), "{name} has no threads");
    }
}

fn the_quick_start_dump_has_what_its_readme_says() {
    let facts = Facts::of(fixtures::QUICK_START);
    let counts = [facts.threads().len(), facts.modules().len(), facts.ranges().len(), facts.memory_infos().len()];
    assert_eq!(counts, [5, 4, 13, 112]);
    assert_eq!([facts.thread_infos().len(), facts.unloaded_modules().len()], [5, 1]);
    let codes: Vec<u32> = facts.exceptions().iter().map(|exception| exception.code).collect();
    assert_eq!(codes, [0xC000_0005]);
}

fn redumps_name_their_source_and_options() {
    let redumps: BTreeMap<_, _> = fixtures::redumps().map(|redump| (redump.result, redump)).collect();
    assert_eq!(redumps.len(), 211);
    let named = |result: &str| {
        let redump = &redumps[result];
        (redump.source.as_str(), redump.options.as_str())
    };
    assert_eq!(named("synth-from-stacks/m_bigF.dmp"), ("synth/stacks.dmp", "/mF"));
    assert_eq!(named("synth32-from-high_zero/m_cdFhiptuw.dmp"), ("synth32/high_zero.dmp", "/mcdFhiptuw"));
    assert_eq!(named("synth-arm-from-arm64/ma.dmp"), ("synth-arm/arm64.dmp", "/ma"));
    assert_eq!(named("synth-from-rows/m.dmp"), ("synth/rows.dmp", "/m"));
}

fn a_redump_has_the_threads_of_its_source() {
    for redump in fixtures::redumps() {
        let threads = |bytes| Facts::of(bytes).threads().into_iter().map(|thread| thread.id).collect::<Vec<_>>();
        assert_eq!(threads(redump.expected()), threads(redump.source_bytes()), "{}", redump.result);
    }
}

fn differences_name_what_differs() {
    let sound = fixtures::get("live/m.dmp");
    assert!(differences(sound, sound, Positions::Matter).is_empty());
    let mut changed = sound.to_vec();
    let stream = Facts::of(sound).stream(3).expect("it has threads").rva.0 as usize;
    changed[stream + 4 + 48 + 4] ^= 1;
    let found = differences(sound, &changed, Positions::DoNotMatter);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("- thread 1: ") && found[1].starts_with("+ thread 1: "), "{found:#?}");

    let moved = Facts::of(sound).lines(Positions::DoNotMatter);
    assert!(moved.iter().all(|line| !line.contains("@0x")), "{moved:#?}");
}

fn golden_dumps_are_unpacked(shared: &Shared, set: &str) {
    let members: Vec<String> =
        golden::wanted().into_iter().filter(|member| member.starts_with(&format!("{set}/"))).collect();
    assert_eq!(members.len(), 9);
    for member in members {
        let bytes = shared.golden(&member);
        assert_eq!(Facts::of(&bytes).threads().len(), 5, "{member}");
    }
}

fn the_plain_decoder_agrees_with_other_readers(shared: &Shared) {
    let mut checked = 0;
    for row in shared.corpus() {
        let bytes = shared.corpus_file(&row);
        assert_eq!(bytes.len() as u64, row.bytes, "{}", row.file);
        if unsuited(&row) {
            continue;
        }
        agree(&row, &Facts::of(&bytes));
        checked += 1;
    }
    assert_eq!(checked, 78);
}

/// The plain decoder does not support garbage after a valid signature, nor dumps with two thread lists, of which the
/// only other reader that continues takes the second.
fn unsuited(row: &CorpusRow) -> bool {
    let files = ["real/invalid-range.dmp", "real/invalid-record-count.dmp", "real/lldb-bad-duplicate-streams.dmp"];
    files.contains(&row.file.as_str())
}

fn agree(row: &CorpusRow, facts: &Facts<'_>) {
    let counts = |count: usize| count as u64;
    let ranges = facts.ranges();
    let (list, list64) = ranges.split_at(facts.stream(5).map_or(0, |stream| facts.u32(stream.rva.0) as usize));
    let sum = |ranges: &[MemoryRange<'_>]| ranges.iter().map(|range| range.size).sum::<u64>();
    // Two unloaded modules without names, at which every reader fails.
    let nameless = if row.file.ends_with("every-raw-stream.dmp") { 2 } else { 0 };
    let found = [
        ("streams", row.streams.len() as u64, counts(facts.directory.len())),
        ("threads", row.threads.unwrap_or(0), counts(facts.threads().len())),
        ("modules", row.modules.unwrap_or(0), counts(facts.modules().len())),
        ("memory ranges", row.memory_ranges.unwrap_or(0), counts(list.len())),
        ("memory bytes", row.memory_bytes.unwrap_or(0), sum(list)),
        ("64-bit ranges", row.memory64_ranges.unwrap_or(0), counts(list64.len())),
        ("64-bit bytes", row.memory64_bytes.unwrap_or(0), sum(list64)),
        ("memory infos", row.memory_infos.unwrap_or(0), counts(facts.memory_infos().len())),
        ("thread names", row.thread_names.unwrap_or(0), counts(facts.thread_names().len())),
        ("handles", row.handles.unwrap_or(0), counts(facts.handles().len())),
        ("unloaded modules", row.unloaded_modules.unwrap_or(nameless), counts(facts.unloaded_modules().len())),
    ];
    for (what, reported, decoded) in found {
        let peers = format!("peers disagree: {:?}, fail: {:?}", row.disagreeing, row.failing);
        assert_eq!(decoded, reported, "{what} of {} ({} {}); {peers}", row.file, row.arch, row.os);
    }
    let exception =
        facts.exceptions().first().map(|it| CorpusException { thread: it.thread, code: it.code, address: it.address });
    assert_eq!(exception, row.exception, "exception of {}", row.file);
}
