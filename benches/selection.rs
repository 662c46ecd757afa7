//! Selecting memory at scale: plans for many stack words, regions and modules. Nothing is written.

#[path = "../tests/it/resources/many_ranges.rs"]
mod many_ranges;
mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use userdump::Dump;
use userdump::redump::{Options, Redump};

use many_ranges::{Form, ManyRanges, Order};
use support::{Process, count, large};

/// Measures the plan for each set of letters; `elements` is what the throughput counts.
fn plans(criterion: &mut Criterion, group: &str, words: &[&str], sizes: [(&str, Vec<u8>, u64); 2]) {
    let mut group = criterion.benchmark_group(group);
    group.sample_size(10);
    for (size, file, elements) in sizes {
        let dump = Dump::parse(&file).expect("the dump can be parsed");
        group.throughput(Throughput::Elements(elements));
        for word in words {
            let options: Options = word.parse().expect("the letters are valid");
            let run = || Redump::new(black_box(&dump), &options).expect("the dump can be re-encoded");
            group.bench_function(BenchmarkId::new(*word, size), |bencher| bencher.iter(run));
        }
    }
}

/// Many threads; the throughput counts stack words in use.
fn threads(criterion: &mut Criterion) {
    let threads = count(if large() { 100_000 } else { 10_000 });
    let of = |threads| {
        let process = Process { images: count(1000), threads, heap: count(10_000) };
        (process.build(), process.words())
    };
    let ((once, words), (twice, more)) = (of(threads), of(2 * threads));
    let sizes = [("once", once, words), ("twice the threads", twice, more)];
    plans(criterion, &format!("selection/{threads} threads"), &["/m", "/mi", "/mr", "/mri", "/mR"], sizes);
}

/// Many regions, and as many stack words that point to them; the throughput counts regions.
fn regions(criterion: &mut Criterion) {
    let regions = u32::try_from(count(500_000)).expect("the number is small");
    for (form, order, name) in [(Form::List64, Order::Sorted, "sorted"), (Form::List, Order::Shuffled, "shuffled")] {
        let of =
            |count| ManyRanges { count, form, order, rows: Some(order), in_module: false, overlapping: false }.build();
        let sizes =
            [("once", of(regions), u64::from(regions)), ("twice the regions", of(2 * regions), u64::from(2 * regions))];
        plans(criterion, &format!("selection/{regions} regions, {name}"), &["/m", "/mw", "/mi", "/mr", "/mR"], sizes);
    }
}

/// Many modules, each with its image; the throughput counts modules.
fn modules(criterion: &mut Criterion) {
    let modules = count(if large() { 100_000 } else { 5000 });
    let of = |images| Process { images, threads: 1, heap: 1 }.build();
    let sizes = [("once", of(modules), modules as u64), ("twice the modules", of(2 * modules), 2 * modules as u64)];
    plans(criterion, &format!("selection/{modules} modules"), &["/m", "/md", "/mdc", "/mr", "/mR"], sizes);
}

criterion_group!(benches, threads, regions, modules);
criterion_main!(benches);
