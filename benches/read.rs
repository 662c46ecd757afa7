//! Opening a dump and listing its modules, threads and ranges.

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use minidump::{
    Minidump as Peer, MinidumpMemory64List, MinidumpModuleList, MinidumpThreadList, MinidumpThreadNames, Module as _,
};
use udmp_parser::UserDumpParser;
use userdump::Minidump;
use userdump::read::memory::Memory64List;
use userdump::read::text::Utf16;
use userdump::read::thread::ThreadNames;
use userdump::read::{ModuleList, ThreadList};

use support::{Shape, count};

/// The results of a listing, which are compared and cannot be optimised away.
#[derive(Debug, Default, PartialEq)]
struct Found {
    modules: u64,
    threads: u64,
    ranges: u64,
    /// The sum of all addresses and sizes, available bytes, and thread IDs.
    sum: u64,
    /// The number of characters in all names.
    characters: usize,
}

impl Found {
    fn module(&mut self, base: u64, size: u64) {
        self.modules += 1;
        self.sum = self.sum.wrapping_add(base).wrapping_add(size);
    }

    fn thread(&mut self, id: u32, teb: u64) {
        self.threads += 1;
        self.sum = self.sum.wrapping_add(id.into()).wrapping_add(teb);
    }

    fn range(&mut self, address: u64, bytes: &[u8]) {
        self.ranges += 1;
        self.sum = self.sum.wrapping_add(address).wrapping_add(bytes.len() as u64);
        black_box(bytes.as_ptr());
    }
}

/// Lists with this crate. `name` returns the number of characters in a name.
fn listed(file: &[u8], name: impl Fn(Utf16<'_>) -> usize) -> Found {
    let mut found = Found::default();
    let dump = Minidump::parse(file).expect("the dump can be parsed");
    for module in dump.stream::<ModuleList>().expect("the list can be read").expect("the dump has the list") {
        found.module(module.base(), module.size().into());
        found.characters += name(module.name().expect("the module has a name"));
    }
    for thread in dump.stream::<ThreadList>().expect("the list can be read").expect("the dump has the list") {
        found.thread(thread.id(), thread.teb());
    }
    for thread in dump.stream::<ThreadNames>().expect("the list can be read").expect("the dump has the list") {
        found.characters += name(thread.name().expect("the thread has a name"));
    }
    for range in dump.stream::<Memory64List>().expect("the list can be read").expect("the dump has the list") {
        found.range(range.address, range.bytes().expect("the bytes are in memory"));
    }
    found
}

fn borrowed(name: Utf16<'_>) -> usize {
    black_box(name.as_bytes()).len() / 2
}

fn decoded(name: Utf16<'_>) -> usize {
    black_box(name.to_string_lossy()).len()
}

/// Lists with the crate `minidump`, which decodes every list completely, including names.
fn listed_by_minidump(file: &[u8]) -> Found {
    let mut found = Found::default();
    let dump = Peer::read(file).expect("the dump can be parsed");
    let modules = dump.get_stream::<MinidumpModuleList>().expect("the dump has the list");
    for module in modules.iter() {
        found.module(module.base_address(), module.size());
        found.characters += module.name.len();
    }
    let names = dump.get_stream::<MinidumpThreadNames>().expect("the dump has the list");
    for thread in &dump.get_stream::<MinidumpThreadList>().expect("the dump has the list").threads {
        found.thread(thread.raw.thread_id, thread.raw.teb);
        found.characters += names.get_name(thread.raw.thread_id).expect("the thread has a name").len();
    }
    for range in dump.get_stream::<MinidumpMemory64List>().expect("the dump has the list").iter() {
        found.range(range.base_address, range.bytes);
    }
    found
}

/// Lists with the crate `udmp-parser`, which does not support thread names.
fn listed_by_udmp(file: &[u8]) -> Found {
    let mut found = Found::default();
    let dump = UserDumpParser::with_slice(&file).expect("the dump can be parsed");
    for module in dump.modules().values() {
        found.module(module.range.start, module.len());
        found.characters += module.path.as_os_str().len();
    }
    for thread in dump.threads().values() {
        found.thread(thread.id, thread.teb);
    }
    for block in dump.mem_blocks().values() {
        found.range(block.range.start, block.data);
    }
    found
}

fn read(criterion: &mut Criterion) {
    let many_ranges = Shape { ranges: count(200_000), modules: count(2_000), threads: count(500), ..Shape::default() };
    let many_modules = Shape { ranges: count(100), modules: count(20_000), threads: count(2_000), ..Shape::default() };
    let shuffled = Shape { shuffled: true, ..many_ranges };
    for (name, shape) in
        [("many-ranges", many_ranges), ("many-ranges-shuffled", shuffled), ("many-modules", many_modules)]
    {
        let file = Shape { range_size: 32, ..shape }.build().file;
        let expected = listed_by_minidump(&file);
        let counts = [expected.modules, expected.threads, expected.ranges];
        assert_eq!(counts, [shape.modules, shape.threads, shape.ranges].map(|count| count as u64));
        assert_eq!(listed(&file, borrowed), expected);
        assert_eq!(listed(&file, decoded), expected);
        assert_eq!(listed_by_udmp(&file).sum, expected.sum);

        let mut group = criterion.benchmark_group(format!("read/{name}"));
        group.throughput(Throughput::Elements(counts.iter().sum())).sample_size(50);
        group.bench_function("userdump/borrowed", |bencher| bencher.iter(|| listed(black_box(&file), borrowed)));
        group.bench_function("userdump/decoded", |bencher| bencher.iter(|| listed(black_box(&file), decoded)));
        group.bench_function("minidump", |bencher| bencher.iter(|| listed_by_minidump(black_box(&file))));
        group.bench_function("udmp-parser", |bencher| bencher.iter(|| listed_by_udmp(black_box(&file))));
        group.finish();
    }
}

criterion_group!(benches, read);
criterion_main!(benches);
