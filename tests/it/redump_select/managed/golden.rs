//! A .NET process, with a recording of the memory reads of its debuggers.

use libtest_mimic::Trial;
use userdump::MappedFile;
use userdump::redump::{Managed, Options, redump};

use super::process::{managed, united};
use crate::support::facts::Facts;
use crate::support::golden::NET_READS;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        all_recorded_reads_are_inside,
        a_compressed_source_gives_the_same,
        small_sources_keep_all_but_stacks,
        sizes_are_bounded
    ]
}

const MB: u64 = 1_000_000;

fn redumped(source: &[u8], options: &Options) -> Vec<u8> {
    let mut bytes = Vec::new();
    let dump = userdump::Dump::parse(source).expect("it is a dump");
    redump(&dump, options, &mut bytes).expect("it can be re-encoded");
    bytes
}

/// Start and end of each memory range, sorted, with adjoining ranges merged.
fn memory(dump: &[u8]) -> Vec<(u64, u64)> {
    let facts = Facts::of(dump);
    let ranges = united(facts.ranges().iter().map(|it| (it.address, it.size)).collect());
    ranges.into_iter().map(|(start, size)| (start, start + size)).collect()
}

fn holds(memory: &[(u64, u64)], start: u64, end: u64) -> bool {
    let at = memory.partition_point(|range| range.1 <= start);
    memory.get(at).is_some_and(|range| range.0 <= start && end <= range.1)
}

/// The reads, one `ADDRESS+SIZE` in hexadecimal per line.
fn reads(list: &str) -> Vec<(u64, u64)> {
    let number = |text: &str| u64::from_str_radix(text.trim().trim_start_matches("0x"), 16).expect("it is a number");
    let reads = list.lines().filter_map(|line| line.split_once('+'));
    reads.map(|(start, size)| (number(start), number(start) + number(size))).collect()
}

fn all_recorded_reads_are_inside(shared: &Shared) {
    let source = MappedFile::open(shared.golden_path("net10/full.dmp")).unwrap();
    for (list, detail) in NET_READS.into_iter().zip([Managed::Stacks, Managed::Heap]) {
        let reads = reads(&String::from_utf8(shared.golden(list)).unwrap());
        assert!(reads.len() > 400, "{list}");
        let memory = memory(&redumped(&source, &managed("/m", detail)));
        let missing: Vec<_> = reads.iter().filter(|(start, end)| !holds(&memory, *start, *end)).collect();
        assert!(missing.is_empty(), "{list}: {missing:x?}");
    }
    // The smaller dump lacks the heap.
    let reads = reads(&String::from_utf8(shared.golden(NET_READS[1])).unwrap());
    let memory = memory(&redumped(&source, &managed("/m", Managed::Stacks)));
    assert!(reads.iter().any(|(start, end)| !holds(&memory, *start, *end)));
}

fn a_compressed_source_gives_the_same(shared: &Shared) {
    let source = MappedFile::open(shared.golden_path("net10/full.dmp")).unwrap();
    let compressed = redumped(&source, &crate::support::redumped::parsed("/ma").compressed());
    let options = managed("/m", Managed::Stacks);
    assert!(memory(&redumped(&compressed, &options)) == memory(&redumped(&source, &options)));
}

fn sizes_are_bounded(shared: &Shared) {
    let source = MappedFile::open(shared.golden_path("net10/full.dmp")).unwrap();
    for (detail, plain, compressed) in [(Managed::Stacks, 34 * MB, 6 * MB + MB / 2), (Managed::Heap, 60 * MB, 8 * MB)] {
        let options = managed("/m", detail);
        let size = redumped(&source, &options).len() as u64;
        assert!(size <= plain, "{detail:?}: {size}");
        let small = redumped(&source, &options.clone().compressed());
        assert!(small.len() as u64 <= compressed, "{detail:?}, compressed: {}", small.len());
        // The small dump has only what is needed, and all of it is kept.
        let again = redumped(&small, &options.compressed());
        assert!(memory(&again) == memory(&small), "{detail:?}");
    }
}

/// Every range of the source is kept, except for stacks: those named by thread descriptors, and the parts below them in
/// their ranges.
fn small_sources_keep_all_but_stacks(shared: &Shared) {
    let of_cases = ["net10-x64-engine-m-with-dac", "net10-x86-triage-exception"];
    let cases = of_cases.map(|case| shared.read(&format!("cases/{case}.dmp")));
    for source in [shared.golden("net10/mini.dmp"), shared.golden("net10/triage.dmp")].into_iter().chain(cases) {
        let facts = Facts::of(&source);
        let stacks: Vec<_> =
            facts.threads().iter().map(|it| (it.stack_start, it.stack_start + u64::from(it.stack_size))).collect();
        let ranges = memory(&source);
        let out = memory(&redumped(&source, &managed("/m", Managed::Stacks)));
        let is_stack = |range: &&(u64, u64)| stacks.iter().any(|stack| range.0 < stack.1 && stack.0 < range.1);
        let (of_stacks, others): (Vec<_>, Vec<_>) = ranges.iter().partition(is_stack);
        assert!(others.len() > 50 && !of_stacks.is_empty());
        for (start, end) in others {
            assert!(holds(&out, start, end), "{start:#x} to {end:#x}");
        }
        for (start, end) in stacks {
            assert!(holds(&out, start, end), "stack at {start:#x}");
        }
    }
}
