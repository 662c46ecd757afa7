//! Full memory: which regions are taken, what happens if bytes are missing, and memory that no region describes.

use libtest_mimic::Trial;
use userdump::redump::{Engine, Hooks, Loss, MissingMemory, Options, redump};
use userdump::{Dump as Source, RedumpError};

use crate::support::cpu::pattern;
use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, faults, hex, hooked, parsed, refusal};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, MemoryInfo, Range64, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![
        stacks_in_regions_that_are_called_inaccessible_are_kept,
        accessible_regions_are_taken,
        memory_of_other_regions_is_kept,
        every_region_is_a_separate_range,
        a_region_may_span_ranges,
        regions_come_in_the_order_of_addresses,
        each_byte_of_overlapping_regions_comes_once,
        a_region_that_others_cover_is_left_out,
        a_region_without_a_size_is_ignored,
        memory_without_a_region_is_kept,
        a_region_may_span_several_ranges_and_gaps,
        missing_memory_stops_f_and_a,
        the_first_region_that_lacks_memory_is_named,
        a_capital_a_keeps_what_is_there_and_reports_the_rest,
        without_regions_each_range_of_the_source_is_one,
        overlapping_ranges_are_joined_and_the_first_one_counts,
        both_memory_lists_count,
        ranges_without_bytes_are_ignored,
        a_range_that_the_file_cuts_has_the_bytes_that_are_there,
    ];
    all.push(shared_trial("redump_select::full::memory_that_a_row_calls_free", memory_that_a_row_calls_free));
    all
}

const RESERVE: u32 = 0x2000;
const FREE: u32 = 0x1_0000;
const NO_ACCESS: u32 = 1;

/// A readable region.
fn row(base: u64, size: u64) -> MemoryInfo {
    MemoryInfo::new(base, size)
}

/// The ranges with the bytes of the pattern, and the memory information entries.
fn dump(ranges: &[(u64, u64)], rows: &[MemoryInfo]) -> Dump {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let dump = ranges.iter().fold(dump, |dump, (start, size)| dump.memory64(*start, pattern(*start, *size)));
    rows.iter().fold(dump, |dump, row| dump.memory_info(row.clone()))
}

/// Checks the memory that every option with full memory writes.
fn full(ranges: &[(u64, u64)], rows: &[MemoryInfo], expected: &[(u64, u64)]) {
    for options in ["/mf", "/mfF", "/ma", "/mA"] {
        let out = Redumped::of(&dump(ranges, rows).build(), options);
        out.assert_memory(expected);
        assert_eq!(out.report.missing_memory, []);
    }
}

fn accessible_regions_are_taken() {
    let plain = row(0x1000, 0x1000);
    for protect in [2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x204, 0x404, 0x4000_0040] {
        for kind in [0x2_0000, 0x4_0000, 0x100_0000] {
            full(&[(0x1000, 0x1000)], &[MemoryInfo { protect, kind, ..plain.clone() }], &[(0x1000, 0x1000)]);
        }
    }
}

fn memory_of_other_regions_is_kept() {
    let rows = [
        row(0x1000, 0x1000),
        MemoryInfo { protect: NO_ACCESS, ..row(0x2000, 0x1000) },
        MemoryInfo { protect: 0x104, ..row(0x3000, 0x1000) },
        MemoryInfo { state: RESERVE, protect: 0, ..row(0x4000, 0x1000) },
        MemoryInfo { state: FREE, protect: NO_ACCESS, ..row(0x5000, 0x1000) },
        // A region that is left out may have fewer bytes than its size.
        MemoryInfo { protect: 0x102, ..row(0x6000, 0x1000) },
        row(0x7000, 0x1000),
    ];
    let ranges = [(0x1000, 0x5000), (0x6100, 0x23), (0x7000, 0x1000)];
    for options in ["/mf", "/ma", "/mA", "/mfN"] {
        let out = Redumped::of(&dump(&ranges, &rows).build(), options);
        // Bytes in the dump prove that they were committed and readable, and a region without bytes has nothing
        // missing.
        out.assert_memory(&[
            (0x1000, 0x1000),
            (0x2000, 0x1000),
            (0x3000, 0x1000),
            (0x4000, 0x1000),
            (0x5000, 0x1000),
            (0x6100, 0x23),
            (0x7000, 0x1000),
        ]);
        assert_eq!(out.report.missing_memory, []);
    }
}

/// A real process with such an entry.
fn memory_that_a_row_calls_free(shared: &Shared) {
    let source = shared.read("cases/region-says-free.dmp");
    let facts = Facts::of(&source);
    let expected = facts.read(0x2000_0000, 0x1_0000);
    let row = facts.memory_infos().into_iter().find(|row| row.base == 0x2000_0000).expect("there is a row");
    assert_eq!((expected.len(), row.state), (0x1_0000, FREE));
    for options in ["/ma", "/mA", "/mf", "/mAN"] {
        for hooks in [Hooks::new(), Hooks::new().add_memory(0x2000_0000, 0x1_0000)] {
            let (out, report) = hooked(&source, options, hooks);
            assert!(Facts::of(&out).read(0x2000_0000, 0x1_0000) == expected, "{options}");
            assert_eq!(report.missing_memory, [], "{options}");
        }
    }
}

fn every_region_is_a_separate_range() {
    let rows = [row(0x1000, 0x1000), row(0x2000, 0x800), row(0x2800, 0x10), row(0x2820, 0x7e0)];
    full(
        &[(0x1000, 0x2000)],
        &rows,
        // Gaps are not closed, not even of 16 bytes. Memory without a region is kept next to the regions.
        &[(0x1000, 0x1000), (0x2000, 0x800), (0x2800, 0x10), (0x2810, 0x10), (0x2820, 0x7e0)],
    );
}

fn a_region_may_span_ranges() {
    let ranges = [(0x3000, 0x1000), (0x1000, 0x800), (0x1800, 0x1800)];
    full(&ranges, &[row(0x1000, 0x3000)], &[(0x1000, 0x3000)]);
}

fn regions_come_in_the_order_of_addresses() {
    let ranges = [(0x7fff_0000_0000, 0x1000), (0x5000, 0x1000), (0x1000, 0x1000)];
    let rows = [row(0x5000, 0x1000), row(0x7fff_0000_0000, 0x1000), row(0x1000, 0x1000)];
    full(&ranges, &rows, &[(0x1000, 0x1000), (0x5000, 0x1000), (0x7fff_0000_0000, 0x1000)]);
}

fn each_byte_of_overlapping_regions_comes_once() {
    let ranges = [(0x1000, 0x4000)];
    let expected = [(0x1000, 0x2000), (0x3000, 0x1000), (0x4000, 0x1000)];
    full(&ranges, &[row(0x2000, 0x2000), row(0x1000, 0x2000)], &expected);
    full(&ranges, &[row(0x1000, 0x2000), row(0x1000, 0x2000), row(0x2fff, 0x1001)], &expected);
    // Which region takes precedence depends on the start addresses and, for equal starts, on the order.
    let hidden = |base, size| MemoryInfo { protect: NO_ACCESS, ..row(base, size) };
    full(&ranges, &[hidden(0x2000, 0x2000), row(0x1000, 0x2000)], &expected);
    full(&ranges, &[row(0x2000, 0x2000), hidden(0x1000, 0x2000)], &expected);
    let other = [(0x1000, 0x1000), (0x2000, 0x1000), (0x3000, 0x2000)];
    full(&ranges, &[row(0x1000, 0x1000), hidden(0x1000, 0x2000)], &other);
    full(&ranges, &[hidden(0x1000, 0x1000), row(0x1000, 0x2000)], &other);
}

fn a_region_that_others_cover_is_left_out() {
    let rows = [row(0x1000, 0x4000), row(0x2000, 0x1000), row(0x1000, 0x4000), row(0x4fff, 1)];
    full(&[(0x1000, 0x4000)], &rows, &[(0x1000, 0x4000)]);
    // The part of a region that no other region covers is a region.
    let rows = [row(0x1000, 0x4000), row(0x2000, 0x4000)];
    full(&[(0x1000, 0x5000)], &rows, &[(0x1000, 0x4000), (0x5000, 0x1000)]);
}

fn a_region_without_a_size_is_ignored() {
    full(&[(0x1000, 0x1000)], &[row(0x1000, 0x1000), row(0x9000, 0), row(0x1800, 0)], &[(0x1000, 0x1000)]);
}

fn memory_without_a_region_is_kept() {
    let rows = [row(0x2000, 0x1000), MemoryInfo { protect: NO_ACCESS, ..row(0x4000, 0x1000) }, row(0x5000, 0x1000)];
    let pieces: Vec<_> = [0x1000, 0x2000, 0x3000, 0x4000, 0x5000].map(|at| (at, 0x1000)).into();
    let pieces = [pieces, vec![(0x6000, 0x2000)]].concat();
    full(&[(0x1000, 0x7000)], &rows, &pieces);
    // Without regions nearby, all memory is taken, in ranges that touch but are not merged.
    let ranges = [(0x9_0000, 0x10), (0x9_0010, 0x10), (0x10, 0x20), (0x2000, 0x1000), (0x5000, 0x1000)];
    let kept = [(0x10, 0x20), (0x2000, 0x1000), (0x5000, 0x1000), (0x9_0000, 0x10), (0x9_0010, 0x10)];
    full(&ranges, &rows, &kept);
}

fn a_region_may_span_several_ranges_and_gaps() {
    let ranges = [(0x1000, 0x100), (0x1200, 0x100), (0x1f00, 0x300), (0x3000, 0x100)];
    let hidden = MemoryInfo { protect: NO_ACCESS, ..row(0x1080, 0xf80) };
    for options in ["/mf", "/ma", "/mA"] {
        let out = Redumped::of(&dump(&ranges, std::slice::from_ref(&hidden)).build(), options);
        let parts =
            [(0x1000, 0x80), (0x1080, 0x80), (0x1200, 0x100), (0x1f00, 0x100), (0x2000, 0x200), (0x3000, 0x100)];
        out.assert_memory(&parts);
        assert_eq!(out.report.missing_memory, []);
    }
}

/// Checks that these options fail with exactly this error.
fn assert_stops(ranges: &[(u64, u64)], rows: &[MemoryInfo], missing: (u64, u64, u64)) {
    for options in ["/mfN", "/maN", "/mANP", "/mfFhutN", "/mNft"] {
        match refusal(&dump(ranges, rows).build(), options) {
            RedumpError::MissingMemory { address, needed, available } => {
                assert_eq!(hex(&(address, needed, available)), hex(&missing), "{options}");
            }
            error => panic!("{options}: {error}"),
        }
    }
}

fn missing_memory_stops_f_and_a() {
    let row = row(0x2000, 0x2000);
    for (range, available) in [
        ((0x2000, 0x1fff), 0x1fff),
        ((0x2001, 0x1fff), 0x1fff),
        ((0x2800, 0x10), 0x10),
        ((0x1000, 0x1001), 1),
        ((0x8000, 0x1000), 0),
    ] {
        assert_stops(&[range], std::slice::from_ref(&row), (0x2000, 0x2000, available));
    }
    // A hole in the middle counts as missing bytes.
    assert_stops(&[(0x2000, 0x7ff), (0x2800, 0x1800)], std::slice::from_ref(&row), (0x2000, 0x2000, 0x1fff));
    let error = refusal(&dump(&[(0x2000, 0x10)], std::slice::from_ref(&row)).build(), "/maN");
    let message = "memory at 0x2000 needs 8192 bytes, 16 available: use the option letter `A` without `N` to continue";
    assert_eq!(error.to_string(), message);
    // The engine of 2017 spells this option with two letters.
    let source = dump(&[(0x2000, 0x10)], std::slice::from_ref(&row)).build();
    for (options, stops) in [("/ma", true), ("/mf", true), ("/mA", false)] {
        let options = Options::parse_as(Engine::V2017, options).expect("it is known");
        let result = redump(&Source::parse(&source).expect("it is a dump"), &options, std::io::sink());
        assert_eq!(matches!(result, Err(RedumpError::MissingMemory { .. })), stops, "{options}");
    }
    // The memory of such a region is not requested.
    Redumped::of(&dump(&[(0x8000, 0x10)], &[MemoryInfo { state: RESERVE, ..row }]).build(), "/maN");
}

fn the_first_region_that_lacks_memory_is_named() {
    let ranges = [(0x1000, 0x1000), (0x5000, 0x800), (0x9000, 0x400)];
    let rows = [row(0x9000, 0x1000), row(0x5000, 0x1000), row(0x1000, 0x1000)];
    assert_stops(&ranges, &rows, (0x5000, 0x1000, 0x800));
    // If a region overlaps an earlier one, the missing bytes are counted from the end of the earlier one.
    assert_stops(&ranges, &[row(0x1000, 0x1000), row(0x1800, 0x1000)], (0x2000, 0x800, 0));
}

fn a_capital_a_keeps_what_is_there_and_reports_the_rest() {
    let rows = [row(0x1000, 0x1000), row(0x5000, 0x1000), row(0x7000, 0x1000), row(0x9000, 0x1000)];
    let ranges = [(0x1000, 0x1000), (0x5000, 0x10), (0x5800, 0x800), (0x9fff, 2)];
    let out = Redumped::of(&dump(&ranges, &rows).build(), "/mA");
    out.assert_memory(&[(0x1000, 0x1000), (0x5000, 0x10), (0x5800, 0x800), (0x9fff, 1), (0xa000, 1)]);
    let missing = |address, available| MissingMemory { address, size: 0x1000, available };
    assert_eq!(out.report.missing_memory, [missing(0x5000, 0x810), missing(0x7000, 0), missing(0x9000, 1)]);
    // The entries are kept because they describe what was there.
    assert_eq!(out.facts().memory_infos().len(), 4);
    assert_eq!(out.facts().header.flags, 0x66_1826);
}

fn without_regions_each_range_of_the_source_is_one() {
    let ranges = [(0x5000, 0x1000), (0x1000, 0x1000), (0x3000, 0x1000), (0x2000, 0x1000), (0x6001, 1)];
    let expected = [(0x1000, 0x1000), (0x2000, 0x1000), (0x3000, 0x1000), (0x5000, 0x1000), (0x6001, 1)];
    full(&ranges, &[], &expected);
}

fn overlapping_ranges_are_joined_and_the_first_one_counts() {
    let base = || Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let expected = [vec![2; 0x400], vec![1; 0x800], vec![3; 0x400], vec![2; 0x200]].concat();
    let listed = base()
        .memory(0x1400, [1; 0x800])
        .memory(0x1000, [2; 0x600])
        .memory(0x1800, [3; 0x800])
        .memory(0x1c00, [4; 0x3ff])
        .memory(0x1f00, [2; 0x300])
        .build();
    let listed64 = base()
        .memory64(0x1400, [1; 0x800])
        .memory64(0x1000, [2; 0x600])
        .memory64(0x1800, [3; 0x800])
        .memory64(0x1f00, [2; 0x300])
        .build();
    // Bytes hidden by another range are lost where they differ: 0x200 bytes of the second range, the third below
    // 0x1c00, all of the fourth, and the start of the last one.
    let hidden = [0x200 + 0x400 + 0x3ff + 0x100, 0x200 + 0x400 + 0x100];
    for (source, count) in [listed, listed64].into_iter().zip(hidden) {
        for options in ["/mf", "/ma", "/mA"] {
            let out = Redumped::of(&source, options);
            let what = "bytes of memory that differ from those of an overlapping range";
            assert_eq!(out.report.losses, [Loss { what, count }]);
            assert_eq!(hex(&out.ranges()), hex(&[(0x1000, 0x1200)]));
            assert!(out.facts().ranges()[0].bytes.0 == expected, "the first range takes precedence");
        }
    }
}

fn both_memory_lists_count() {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let dump = dump.memory64(0x1000, [2; 0x10]).memory64(0x3000, [3; 0x10]).memory(0x1008, [1; 0x10]);
    let out = Redumped::of(&dump.build(), "/mf");
    assert_eq!(hex(&out.ranges()), hex(&[(0x1000, 0x18), (0x3000, 0x10)]));
    assert_eq!(out.facts().ranges()[0].bytes.0, [vec![2; 8], vec![1; 16]].concat());
}

fn ranges_without_bytes_are_ignored() {
    full(&[(0x1000, 0), (0x2000, 0x10), (0x2000, 0), (0x9000, 0)], &[], &[(0x2000, 0x10)]);
}

fn a_range_that_the_file_cuts_has_the_bytes_that_are_there() {
    let base = || Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).memory64(0x9000, [0; 16]);
    let cut = || Range64 { address: 0x1000, size: 0x100, bytes: pattern(0x1000, 0x40) };
    for options in ["/mf", "/ma", "/mA"] {
        let out = Redumped::of(&base().memory64_range(cut()).build(), options);
        assert_eq!(hex(&out.ranges()), hex(&[(0x1000, 0x40), (0x9000, 16)]));
        assert_eq!(out.facts().ranges()[0].bytes.0, pattern(0x1000, 0x40));
        assert_eq!(out.faults(), ["Memory64List 1 memory range"]);
    }
    // With an entry for it, a byte of the region is missing.
    let source = base().memory64_range(cut()).memory_info(row(0x1000, 0x100)).build();
    assert!(matches!(refusal(&source, "/maN"), RedumpError::MissingMemory { available: 0x40, .. }));
    assert_eq!(Redumped::of(&source, "/mA").report.missing_memory[0].available, 0x40);
}

/// A result must not promise a stack whose bytes it leaves out.
fn stacks_in_regions_that_are_called_inaccessible_are_kept() {
    let thread = Thread::new(2).stack(Stack::At(0x2f00, 0x100, 0));
    let rows = [row(0x1000, 0x1000), MemoryInfo { protect: 0x104, ..row(0x2000, 0x1000) }];
    let source = dump(&[(0x1000, 0x2000)], &rows).thread(thread).build();
    for options in ["/mf", "/ma", "/mA"] {
        let out = Redumped::once(&source, &parsed(options));
        out.assert_memory(&[(0x1000, 0x1000), (0x2000, 0x1000)]);
        assert_eq!(out.stacks()[1], (0x2f00, 0x100, true));
        // The source lacks the flag for full memory; the result has it.
        assert_eq!((faults(&out.bytes).len(), faults(&source).len()), (0, 1), "{options}");
        Redumped::of(&source, options);
    }
}
