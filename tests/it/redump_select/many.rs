//! Selections of so many intervals that they are collected in several steps, compared with a plain union.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use userdump::Minidump;

use crate::support::cpu::{Cpu, pattern};
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, Module, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        shuffled_regions_that_overlap,
        regions_in_ascending_runs,
        pointers_to_many_places,
        regions_of_a_long_shuffled_list_are_found_by_address,
        code_in_many_regions_is_told_from_data,
    ]
}

const HEAP: u64 = 0x100_0000;
/// The size of the memory that regions are in.
const SIZE: u64 = 0x100_0000;
/// Ranges are joined over gaps of this size.
const LARGEST_GAP: u64 = 16;
/// Many times the number of intervals that are kept unsorted, which is 8192.
const MANY: u64 = 60_000;

/// A number from another one; every bit depends on all bits.
fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The union of intervals, each as its start and its end, as ranges with their sizes.
fn union(mut all: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    all.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (start, end) in all {
        match joined.last_mut().filter(|(_, before)| start <= *before + LARGEST_GAP) {
            Some((_, before)) => *before = end.max(*before),
            None => joined.push((start, end)),
        }
    }
    joined.into_iter().map(|(start, end)| (start, end - start)).collect()
}

/// Checks that `w` takes exactly these regions, each given as its start and its end.
fn assert_regions(regions: Vec<(u64, u64)>) {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let dump = dump.memory(HEAP, pattern(HEAP, SIZE));
    let dump = regions.iter().fold(dump, |dump, &(start, end)| dump.memory_info(MemoryInfo::new(start, end - start)));
    let source = dump.build();
    let expected = union(regions);
    assert!(expected.len() > 1000, "{} ranges", expected.len());
    let result = Redumped::of(&source, "/mw");
    assert!(result.ranges() == expected, "{} ranges in place of {}", result.ranges().len(), expected.len());
    result.assert_memory(&expected);
}

fn shuffled_regions_that_overlap() {
    let region = |number| {
        let start = HEAP + mixed(2 * number) % (SIZE - 0x400);
        (start, start + 1 + mixed(2 * number + 1) % 64)
    };
    assert_regions((0..MANY).map(region).collect());
}

/// Runs that each start below the end of the one before, the first ones above all others.
fn regions_in_ascending_runs() {
    for length in [3, 1000, 20_000] {
        let region = |number: u64| {
            let (run, place) = (number / length, number % length);
            let start = HEAP + SIZE - 0x100 - 0x90 * run % (SIZE / 2) - SIZE / 2 * u64::from(number > length)
                + place * (SIZE / 2 - 0x1_0000) / length;
            (start, start + 8 + mixed(number) % 40)
        };
        let regions = (0..MANY).map(region).filter(|&(start, end)| start >= HEAP && end <= HEAP + SIZE);
        assert_regions(regions.collect());
    }
}

/// Each word of a stack takes 0x100 bytes below the address that it points to, and 0x300 from it on.
fn pointers_to_many_places() {
    const STACK: u64 = 0x10_0000;
    let pointers: Vec<u64> = (0..MANY)
        .map(|number| match mixed(number) % 4 {
            // Some point nowhere, some to places that others point to.
            0 => number,
            1 => HEAP + 0x1_0000,
            _ => HEAP + mixed(number + MANY) % (64 * SIZE),
        })
        .collect();
    let words: Vec<u8> = pointers.iter().flat_map(|pointer| pointer.to_le_bytes()).collect();
    let stack = Stack::Listed(STACK, words.len() as u32);
    let thread = Thread::new(1).context(Cpu::AMD64.context(0, STACK)).stack(stack);
    let dump = Dump::new().system_info(Cpu::AMD64.windows()).thread(thread).memory(STACK, &words);
    // A quarter of the heap is there: every fourth page.
    let pages = || (0..64 * SIZE / 0x4000).map(|number| HEAP + 0x4000 * number);
    let dump = pages().fold(dump, |dump, page| dump.memory(page, pattern(page, 0x1000)));
    let windows = pointers.iter().flat_map(|pointer| {
        let (start, end) = (pointer.saturating_sub(0x100), pointer + 0x300);
        [start, end - 1].map(|at| at & !0x3fff).into_iter().filter_map(move |page| {
            let (start, end) = (start.max(page), end.min(page + 0x1000));
            ((HEAP..HEAP + 64 * SIZE).contains(&page) && start < end).then_some((start, end))
        })
    });
    let own = (STACK, STACK + words.len() as u64);
    let expected = union(windows.chain([own]).collect());
    assert!(expected.len() > 1000, "{} ranges", expected.len());
    let result = Redumped::of(&dump.build(), "/mi");
    assert!(result.ranges() == expected, "{} ranges in place of {}", result.ranges().len(), expected.len());
}

fn regions_of_a_long_shuffled_list_are_found_by_address() {
    // A region that covers a gap, and part of the region before it.
    const WIDE: u64 = HEAP + 0x2800;
    // Places in steps of two pages; a factor that has no divisor in common with the number of places shuffles them.
    let base = |place: u64| HEAP + 0x2000 * (place * 7919 % MANY);
    for with_overlap in [false, true] {
        let dump = Dump::new().system_info(Cpu::AMD64.windows());
        let dump = (0..MANY).fold(dump, |dump, place| dump.memory_info(MemoryInfo::new(base(place), 0x1000)));
        let wide = MemoryInfo::new(WIDE, 0x2000);
        let source = if with_overlap { dump.memory_info(wide) } else { dump }.build();
        let dump = Minidump::parse(&source).expect("the head is sound");
        let regions = dump.regions();
        for place in (0..MANY).step_by(7) {
            for address in [base(place), base(place) + 0xfff] {
                let found = regions.at_address(address).map(|region| region.base());
                assert_eq!(found, Some(base(place)), "{address:#x}");
            }
            let gap = base(place) + 0x1000;
            let is_filled = with_overlap && (WIDE..WIDE + 0x2000).contains(&gap);
            assert_eq!(regions.at_address(gap).map(|region| region.base()), is_filled.then_some(WIDE));
        }
    }
}

/// A filtered stack keeps words that may be return addresses, because they follow code of modules, and no others.
fn code_in_many_regions_is_told_from_data() {
    const STACK: u64 = 0x10_0000;
    const MODULES: u64 = 300;
    let module = |index: u64| HEAP + 0x10_0000 * index;
    // Every third page is code; some are between modules.
    let is_code = |page: u64| mixed(page) % 3 == 0;
    let in_module = |address: u64| address >= HEAP && (address - HEAP) % 0x10_0000 < 0x8_0000;
    let words: Vec<u64> = (0..0x4000).map(|number| HEAP + mixed(number) % (MODULES * 0x10_0000)).collect();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let stack = Stack::Listed(STACK, bytes.len() as u32);
    let thread = Thread::new(1).context(Cpu::AMD64.context(0, STACK)).stack(stack);
    let mut dump = Dump::new().system_info(Cpu::AMD64.windows()).thread(thread).memory(STACK, &bytes);
    for index in 0..MODULES {
        dump = dump.module(Module::new(module(index), 0x8_0000, "C:\\x\\a.dll"));
    }
    let mut rows: BTreeMap<u64, MemoryInfo> = BTreeMap::new();
    for page in (HEAP..HEAP + MODULES * 0x10_0000).step_by(0x1000) {
        let protect = if is_code(page) { 0x20 } else { 4 };
        let row = MemoryInfo { protect, kind: 0x100_0000, ..MemoryInfo::new(page, 0x1000) };
        rows.insert(mixed(page), row);
    }
    let dump = rows.into_values().fold(dump, Dump::memory_info);
    let result = Redumped::of(&dump.build(), "/mr");
    let facts = result.facts();
    let ranges = facts.ranges();
    let kept = ranges.iter().find(|range| range.address == STACK).expect("the stack is there");
    for (word, bytes) in words.iter().zip(kept.bytes.0.chunks_exact(8)) {
        // A return address follows an instruction.
        let before = word - 1;
        let expected = if in_module(before) && is_code(before & !0xfff) { *word } else { 0 };
        assert_eq!(u64::from_le_bytes(bytes.try_into().expect("a word")), expected, "{word:#x}");
    }
}
