//! A process with the .NET runtime, whose images and regions share as much as they can.

use libtest_mimic::Trial;

use super::out_of_proportion;
use crate::support::cpu::{Cpu, put};
use crate::support::image::{DATA, SIGNATURE_AT, headers};
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, Module, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        images_with_tables_in_common,
        images_with_many_functions,
        functions_that_are_chained_in_circles,
        rows_of_all_kinds,
        rows_that_overlap,
        mapped_images_with_headers_in_common,
        programs_with_exports_in_common,
        a_process_of_many_images_and_threads,
    ]
}

const FEW: u64 = 128;
const BASE: u64 = 0x1000_0000;
const STACKS: u64 = 0x2000_0000;
const OPTIONS: [&str; 5] =
    ["/m --managed", "/m --managed=heap", "/mr --managed=heap", "/m --walk=names", "/m --identify"];

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Headers of one page, with an exception directory and the runtime's header at the given RVAs.
fn image(table: u32, size: u32, header: u32) -> Vec<u8> {
    let mut image = headers(Cpu::AMD64, &[(".data", 0x1000, 0x1000, DATA), (".pdata", 0x1000, 0x1000, 0x4000_0040)]);
    put(&mut image, SIGNATURE_AT + 4, &0x8664u16.to_le_bytes());
    let directories = SIGNATURE_AT + 24 + 112;
    put(&mut image, directories - 4, &words(&[16]));
    put(&mut image, directories + 8 * 3, &words(&[table, size]));
    put(&mut image, directories + 8 * 14, &words(&[header, 72]));
    image
}

/// A thread whose stack has these words.
fn process(pointers: impl Iterator<Item = u64>) -> Dump {
    let stack: Vec<u8> = pointers.flat_map(u64::to_le_bytes).collect();
    let thread = Thread::new(7).stack(Stack::stored(STACKS, stack)).context(Cpu::AMD64.context(0x10, STACKS));
    Dump::new().flags(2).system_info(Cpu::AMD64.windows()).thread(thread)
}

fn in_proportion(what: &str, build: impl Fn(u64) -> Vec<u8>) {
    let found = out_of_proportion(what, &build(FEW), &build(4 * FEW), &OPTIONS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn name(number: u64) -> &'static str {
    if number % 2 == 0 { "coreclr.dll" } else { "a.dll" }
}

/// Images of one page each, whose directories are all at one place after the last one.
fn images_with_tables_in_common() {
    in_proportion("images with tables in common", |count| {
        let end = BASE + 0x1000 * count;
        let dump = process((0..count).map(|number| BASE + 0x1000 * number + 0x800));
        let dump = (0..count).fold(dump, |dump, number| {
            let base = BASE + 0x1000 * number;
            let table = (end - base) as u32;
            let image = image(table, 0xff_ffff, table);
            dump.module(Module::new(base, 0x1000, name(number))).memory(base, image)
        });
        // Each word leads on, both as RVA of metadata and as RVA of unwind data.
        dump.memory(end, words(&vec![0x41; 0x100 * count as usize])).build()
    });
}

/// One image with this many functions, each with its own unwind data and a pointer to it.
fn functions(count: u64, info: impl Fn(u32) -> [u32; 4]) -> Vec<u8> {
    let count = count as u32;
    let (table, data) = (0x1000, 0x1000 + 12 * count);
    let mut image = image(table, 12 * count, table);
    image.extend((0..count).flat_map(|number| words(&[0x10 * number, 0x10 * number + 0x10, data + 16 * number])));
    image.extend((0..count).flat_map(|number| words(&info(number))));
    let size = image.len() as u32;
    let dump = process((0..count).map(|number| BASE + 0x10 * u64::from(number) + 8));
    dump.module(Module::new(BASE, size, "coreclr.dll")).memory(BASE, image).build()
}

fn images_with_many_functions() {
    in_proportion("functions", |count| functions(16 * count, |_| [1, 0, 0, 0]));
    in_proportion("functions with invalid data", |count| functions(16 * count, |_| [0xff; 4]));
}

fn functions_that_are_chained_in_circles() {
    in_proportion("chained functions", |count| {
        let count = 16 * count;
        let data = 0x1000 + 12 * count as u32;
        functions(count, |number| [1 | 4 << 3, 0, 0, data + 16 * ((number + 1) % count as u32)])
    });
}

const KINDS: [(u32, u32); 8] = [
    (4, 0x2_0000),
    (0x20, 0x4_0000),
    (2, 0x4_0000),
    (1, 0x2_0000),
    (0x104, 0x2_0000),
    (0x40, 0x2_0000),
    (4, 0x100_0000),
    (0, 0),
];

fn rows(count: u64, row: impl Fn(u64) -> MemoryInfo) -> Vec<u8> {
    let dump = process((0..count).map(|number| BASE + 16 * number));
    let dump = dump.module(Module::new(BASE, 0x10, "coreclr.dll")).memory(BASE, vec![0x41; 64 * count as usize]);
    (0..count).fold(dump, |dump, number| dump.memory_info(row(number))).build()
}

fn rows_of_all_kinds() {
    in_proportion("rows", |count| {
        rows(16 * count, |number| {
            let (protect, kind) = KINDS[number as usize % KINDS.len()];
            let allocation_base = if number % 3 == 0 { BASE } else { BASE + 64 * number };
            MemoryInfo { protect, kind, allocation_base, ..MemoryInfo::new(BASE + 64 * number, 64) }
        })
    });
}

fn rows_that_overlap() {
    in_proportion("rows that overlap", |count| {
        let count = 16 * count;
        rows(count, |number| {
            let (protect, kind) = KINDS[number as usize % KINDS.len()];
            MemoryInfo { protect, kind, ..MemoryInfo::new(BASE + number, 64 * count) }
        })
    });
}

/// DOS headers of 64 bytes each that lead to one image after them, which has as many sections.
fn common_image(count: u64) -> (Vec<u8>, Vec<u8>) {
    let sections: Vec<_> = (0..count as u32).map(|index| (".data", 0x1000 * index, 0x1000, DATA)).collect();
    let mut image = headers(Cpu::AMD64, &sections);
    let directories = SIGNATURE_AT + 24 + 112;
    put(&mut image, directories - 4, &words(&[16, 64, 40]));
    put(&mut image, directories + 8 * 14, &words(&[64, 72]));
    let mut heads = vec![0; 64 * count as usize];
    for (index, dos) in heads.chunks_mut(64).enumerate() {
        put(dos, 0, b"MZ");
        put(dos, 0x3c, &(64 * (count as u32 - index as u32)).to_le_bytes());
        // Where the next image has its first directories: the number of names and of bytes.
        put(dos, 24, &words(&[0xff_ffff, 0, 64, 72]));
    }
    (heads, image[SIGNATURE_AT..].to_vec())
}

fn mapped_images_with_headers_in_common() {
    in_proportion("mapped images", |count| {
        let (heads, image) = common_image(count);
        let dump = process(core::iter::once(0)).module(Module::new(STACKS - 0x1000, 0x1000, "coreclr.dll"));
        let dump = dump.memory(BASE, [heads, image].concat());
        let row = |number| MemoryInfo { kind: 0x4_0000, protect: 2, ..MemoryInfo::new(BASE + 64 * number, 64) };
        (0..count).fold(dump, |dump, number| dump.memory_info(row(number))).build()
    });
}

fn programs_with_exports_in_common() {
    in_proportion("programs", |count| {
        let (heads, image) = common_image(count);
        let dump = process(core::iter::once(0)).memory(BASE, [heads, image].concat());
        (0..count).fold(dump, |dump, number| dump.module(Module::new(BASE + 64 * number, 64, "program.exe"))).build()
    });
}

fn a_process_of_many_images_and_threads() {
    in_proportion("images and threads", |count| {
        let dump = process(core::iter::once(0));
        (0..count)
            .fold(dump, |dump, number| {
                let base = BASE + 0x4000 * number;
                let mut image = image(0x2000, 12 * 16, 0x1800);
                image.extend(vec![0x11; 0x1000]);
                image.extend((0..16).flat_map(|function| words(&[0x100 * function, 0x100 * function + 0x100, 0x3000])));
                let stack: Vec<u8> = (0..16).flat_map(|word| (base + 0x100 * word).to_le_bytes()).collect();
                let at = STACKS + 0x1_0000 * (number + 1);
                let thread = Thread::new(100 + number as u32).stack(Stack::stored(at, stack));
                dump.module(Module::new(base, 0x4000, name(number)))
                    .memory(base, image)
                    .thread(thread.context(Cpu::AMD64.context(base + 0x80, at)))
            })
            .build()
    });
}
