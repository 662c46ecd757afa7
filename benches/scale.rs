//! The same task at three sizes, each ten times the previous one: the cost per element must not grow.

mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use userdump::Minidump;
use userdump::read::thread::ThreadNames;
use userdump::read::{ModuleList, ThreadList};

use support::{Shape, count};

fn index(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scale/index");
    group.sample_size(20);
    for ranges in [10_000, 100_000, 1_000_000] {
        for (order, shuffled) in [("sorted", false), ("shuffled", true)] {
            let ranges = count(ranges);
            let input = Shape { ranges, range_size: 16, shuffled, ..Shape::default() }.build();
            let dump = Minidump::parse(&input.file).expect("the dump can be parsed");
            let memory = dump.memory();
            let visible = memory.visible_ranges().map(|range| (range.address, range.bytes().map_or(0, <[u8]>::len)));
            assert!(visible.eq(input.ranges.iter().copied()));
            group.throughput(Throughput::Elements(ranges as u64));
            group.bench_function(BenchmarkId::new(order, ranges), |bencher| bencher.iter(|| black_box(&dump).memory()));
        }
    }
    group.finish();
}

fn modules(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scale/modules");
    for modules in [1_000, 10_000, 100_000] {
        let modules = count(modules);
        let file = Shape { range_size: 16, modules, ..Shape::default() }.build().file;
        let list = || {
            let dump = Minidump::parse(black_box(&file)).expect("the dump can be parsed");
            let list = dump.stream::<ModuleList>().expect("the list can be read").expect("the dump has the list");
            list.iter().map(|module| module.name().map_or(0, |name| name.as_bytes().len())).sum::<usize>()
        };
        assert_eq!(list(), modules * 2 * "C:\\Program Files\\Example\\library000000.dll".len());
        group.throughput(Throughput::Elements(modules as u64));
        group.bench_function(BenchmarkId::new("list", modules), |bencher| bencher.iter(list));

        let dump = Minidump::parse(&file).expect("the dump can be parsed");
        let list = dump.stream::<ModuleList>().expect("the list can be read").expect("the dump has the list");
        let last = list.iter().next_back().map(|module| module.base());
        assert_eq!(list.by_address().get(last.expect("the list is not empty") + 1).map(|module| module.base()), last);
        group.bench_function(BenchmarkId::new("index", modules), |bencher| {
            bencher.iter(|| black_box(&list).by_address());
        });
    }
    group.finish();
}

fn threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scale/threads");
    for threads in [200, 2_000, 20_000] {
        let threads = count(threads);
        let file = Shape { ranges: threads, range_size: 16, threads, ..Shape::default() }.build().file;
        let list = || {
            let dump = Minidump::parse(black_box(&file)).expect("the dump can be parsed");
            let list = dump.stream::<ThreadList>().expect("the list can be read").expect("the dump has the list");
            let names = dump.stream::<ThreadNames>().expect("the list can be read").expect("the dump has the list");
            let named = names.iter().filter(|thread| thread.name().is_ok()).count();
            list.iter().filter(|thread| thread.context().is_ok_and(|context| context.is_some())).count() + named
        };
        assert_eq!(list(), 2 * threads);
        group.throughput(Throughput::Elements(threads as u64));
        group.bench_function(BenchmarkId::new("list", threads), |bencher| bencher.iter(list));
    }
    group.finish();
}

criterion_group!(benches, index, modules, threads);
criterion_main!(benches);
