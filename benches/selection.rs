//! Selecting memory at scale: plans for many stack words, regions and modules. Nothing is written.

#[path = "../tests/it/resources/many_ranges.rs"]
mod many_ranges;
mod support;

use std::hint::black_box;
use std::io::BufWriter;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use userdump::redump::{Options, Redump};
use userdump::{Dump, SourceFile};

use many_ranges::{Form, ManyRanges, Order};
use support::{MIB, Process, Space, count, large, trial};

/// Measures the plan for each set of letters; `elements` is what the throughput counts.
fn plans(criterion: &mut Criterion, group: &str, words: &[&str], sizes: &[(&str, Dump<'_>, u64)]) {
    let mut group = criterion.benchmark_group(group);
    group.sample_size(10);
    for (size, dump, elements) in sizes {
        group.throughput(Throughput::Elements(*elements));
        for word in words {
            let options: Options = word.parse().expect("the letters are valid");
            let run = || Redump::new(black_box(dump), &options).expect("the dump can be re-encoded");
            group.bench_function(BenchmarkId::new(*word, size), |bencher| bencher.iter(run));
        }
    }
}

fn parsed(file: &[u8]) -> Dump<'_> {
    Dump::parse(file).expect("the dump can be parsed")
}

/// Many threads; the throughput counts stack words in use.
fn threads(criterion: &mut Criterion) {
    let threads = count(if large() { 100_000 } else { 10_000 });
    let of = |threads| {
        let process = Process { images: count(1000), threads, heap: count(10_000) };
        (process.build(), process.words())
    };
    let ((once, words), (twice, more)) = (of(threads), of(2 * threads));
    let sizes = [("once", parsed(&once), words), ("twice the threads", parsed(&twice), more)];
    plans(criterion, &format!("selection/{threads} threads"), &["/m", "/mi", "/mr", "/mri", "/mR"], &sizes);
}

/// Stacks of 1 MiB, mostly unused, in a file; the throughput counts stack words.
///
/// A result has 32-bit file offsets, so that it has room for the stacks of 4,083 threads.
fn stacks(criterion: &mut Criterion) {
    let threads = count(if large() { 2_000 } else { 500 });
    let stack = if trial() { MIB / 16 } else { MIB };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the scratch folder exists");
    let of = |threads| {
        let space = Space { regions: count(10_000), modules: 1, threads, stack };
        let path = folder.path().join(threads.to_string());
        let file = std::fs::File::create(&path).expect("the scratch folder can be written");
        space.write(BufWriter::new(file));
        (SourceFile::open(path).expect("the file can be opened"), space.words())
    };
    let ((once, words), (twice, more)) = (of(threads), of(2 * threads));
    let opened = |file| Dump::from_source(file).expect("the dump can be parsed");
    let sizes = [("once", opened(&once), words), ("twice the threads", opened(&twice), more)];
    plans(criterion, &format!("selection/{threads} stacks of 1 MiB"), &["/m", "/mi", "/mr"], &sizes);
}

/// Many regions, and as many stack words that point to them; the throughput counts regions.
fn regions(criterion: &mut Criterion) {
    let regions = u32::try_from(count(500_000)).expect("the number is small");
    for (form, order, name) in [(Form::List64, Order::Sorted, "sorted"), (Form::List, Order::Shuffled, "shuffled")] {
        let of =
            |count| ManyRanges { count, form, order, rows: Some(order), in_module: false, overlapping: false }.build();
        let (once, twice) = (of(regions), of(2 * regions));
        let sizes = [
            ("once", parsed(&once), u64::from(regions)),
            ("twice the regions", parsed(&twice), u64::from(2 * regions)),
        ];
        let words = ["/m", "/mw", "/mi", "/mr", "/mR"];
        plans(criterion, &format!("selection/{regions} regions, {name}"), &words, &sizes);
    }
}

/// Many modules, each with its image; the throughput counts modules.
fn modules(criterion: &mut Criterion) {
    let modules = count(if large() { 10_000 } else { 5000 });
    let of = |images| Process { images, threads: 1, heap: 1 }.build();
    let (once, twice) = (of(modules), of(2 * modules));
    let sizes = [("once", parsed(&once), modules as u64), ("twice the modules", parsed(&twice), 2 * modules as u64)];
    plans(criterion, &format!("selection/{modules} modules"), &["/m", "/md", "/mdc", "/mr", "/mR"], &sizes);
}

/// Many regions in any order and many modules together; the throughput counts regions.
fn regions_and_modules(criterion: &mut Criterion) {
    let (regions, modules) = (count(500_000), count(50_000));
    let of = |times: usize| {
        let mut file = Vec::new();
        Space { regions: times * regions, modules: times * modules, threads: 1, stack: 0x1_0000 }.write(&mut file);
        file
    };
    let (once, twice) = (of(1), of(2));
    let sizes = [("once", parsed(&once), regions as u64), ("twice as many", parsed(&twice), 2 * regions as u64)];
    let group = format!("selection/{regions} regions and {modules} modules");
    plans(criterion, &group, &["/m", "/mw", "/md", "/mi", "/mr", "/mR"], &sizes);
}

criterion_group!(benches, threads, stacks, regions, modules, regions_and_modules);
criterion_main!(benches);
