//! Selecting memory: many ranges, regions, modules and stack words, in every order, disjoint or not.

use libtest_mimic::Trial;

use super::out_of_proportion;
use crate::resources::many_ranges::{Form, ManyRanges, Order};
use crate::support::cpu::Cpu;
use crate::support::image::{CODE, DATA, headers};
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, Module, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        ranges_and_regions_in_every_order,
        ranges_of_an_image,
        overlapping_ranges_and_regions,
        stacks_full_of_pointers,
        modules_and_regions,
    ]
}

/// The options that select memory by what stacks, regions and modules say.
const OPTIONS: [&str; 14] = [
    "/m",
    "/mi",
    "/mw",
    "/md",
    "/mdc",
    "/mr",
    "/mR",
    "/mri",
    "/mrRwi",
    "/mwp",
    "/mFwipdcehut",
    "/mFw --managed=heap",
    "/ma",
    "/f",
];

/// More than the number of intervals that are kept unsorted.
const FEW: u32 = 10_000;

fn in_proportion(what: &str, few: u32, build: impl Fn(u32) -> Vec<u8>) {
    let found = out_of_proportion(what, &build(few), &build(4 * few), &OPTIONS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn ranges_and_regions_in_every_order() {
    for form in [Form::List, Form::List64] {
        for order in [Order::Sorted, Order::Shuffled] {
            for rows in [None, Some(Order::Sorted), Some(Order::Shuffled)] {
                in_proportion(&format!("{order:?} {form:?} with rows {rows:?}"), FEW, |count| {
                    ManyRanges { count, form, order, rows, in_module: false, overlapping: false }.build()
                });
            }
        }
    }
}

fn ranges_of_an_image() {
    for rows in [None, Some(Order::Shuffled)] {
        in_proportion(&format!("ranges of an image with rows {rows:?}"), FEW, |count| {
            let (form, order) = (Form::List, Order::Shuffled);
            ManyRanges { count, form, order, rows, in_module: true, overlapping: false }.build()
        });
    }
}

fn overlapping_ranges_and_regions() {
    for rows in [None, Some(Order::Sorted), Some(Order::Shuffled)] {
        in_proportion(&format!("overlapping ranges with rows {rows:?}"), FEW, |count| {
            let (form, order) = (Form::List64, Order::Shuffled);
            ManyRanges { count, form, order, rows, in_module: false, overlapping: true }.build()
        });
    }
}

const HEAP: u64 = 0x100_0000_0000;
const STACK: u64 = 0x10_0000_0000;
const IMAGE: u64 = 0x7ff0_0000_0000;

/// Threads whose stacks have 64 words each, most of which point to one of four times as many places.
fn stacks_full_of_pointers() {
    const WORDS: u64 = 64;
    in_proportion("stacks full of pointers", 256, |count| {
        let places = 4 * WORDS * u64::from(count);
        let mut dump = Dump::new().system_info(Cpu::AMD64.windows());
        for id in 0..count {
            let start = STACK + 0x1_0000 * u64::from(id);
            let word = |index: u64| match (u64::from(id) * WORDS + index) * 0x9e37_79b9 % places {
                place if place % 4 == 0 => place,
                place => HEAP + 0x40 * place,
            };
            let words: Vec<u8> = (0..WORDS).flat_map(|index| word(index).to_le_bytes()).collect();
            let stack = Stack::Listed(start, words.len() as u32);
            dump = dump.thread(Thread::new(id + 1).context(Cpu::AMD64.context(0, start)).stack(stack));
            dump = dump.memory(start, words);
        }
        let heap = vec![0x5a; 0x400];
        (0..places / 64).fold(dump, |dump, index| dump.memory(HEAP + 0x1000 * index, heap.clone())).build()
    });
}

/// Modules with sections of code and data, each of which is a region.
fn modules_and_regions() {
    in_proportion("modules and regions", 500, |count| {
        let image = headers(Cpu::AMD64, &[("c", 0x1000, 0x1000, CODE), ("d", 0x2000, 0x1000, DATA)]);
        let mut dump = Dump::new().system_info(Cpu::AMD64.windows());
        for index in (0..count).map(|place| u64::from(place) * 7_368_787 % u64::from(count)) {
            let base = IMAGE + 0x4000 * index;
            dump = dump.module(Module::new(base, 0x3000, "C:\\x\\a.dll")).memory(base, image.clone());
            for (at, protect) in [(0, 2), (0x1000, 0x20), (0x2000, 4)] {
                let row = MemoryInfo::new(base + at, 0x1000);
                dump = dump.memory_info(MemoryInfo { allocation_base: base, protect, kind: 0x100_0000, ..row });
                dump = dump.memory(base + at + 0x800, vec![0xc3; 0x40]);
            }
        }
        dump.build()
    });
}
