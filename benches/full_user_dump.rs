//! Full user dumps: opening them, and converting them from and to minidumps.

mod support;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use userdump::Dump;
use userdump::read::{FullUserDump, Minidump, ModuleList, ThreadList};
use userdump::redump::{Options, redump};

use support::{Input, KIB, MIB, input, trial};

/// Opens the dump, visits everything that it lists, and returns a sum over it.
fn walk(file: &[u8]) -> u64 {
    let dump = FullUserDump::parse(file).expect("the full user dump can be parsed");
    let mut sum = 0u64;
    for thread in dump.threads() {
        let context = thread.context().expect("the context can be read").expect("the thread has a context");
        sum = sum.wrapping_add(u64::from(thread.id())).wrapping_add(context.instruction_pointer().unwrap_or_default());
    }
    for module in dump.modules() {
        sum =
            sum.wrapping_add(module.base()).wrapping_add(module.name().map_or(0, |name| name.as_bytes().len() as u64));
    }
    for range in dump.memory().visible_ranges() {
        sum = sum.wrapping_add(range.address).wrapping_add(range.size);
    }
    sum
}

/// Does the same as [`walk`] for the minidump from which the full user dump was made.
fn walk_minidump(file: &[u8]) -> u64 {
    let dump = Minidump::parse(file).expect("the minidump can be parsed");
    let mut sum = 0u64;
    for thread in dump.stream::<ThreadList>().expect("the list can be read").expect("the dump has the list") {
        let context = thread.context().expect("the context can be read").expect("the thread has a context");
        sum = sum.wrapping_add(u64::from(thread.id())).wrapping_add(context.instruction_pointer().unwrap_or_default());
    }
    for module in dump.stream::<ModuleList>().expect("the list can be read").expect("the dump has the list") {
        let name = module.name().map_or(0, |name| name.chars_lossy().count() as u64);
        sum = sum.wrapping_add(module.base()).wrapping_add(name);
    }
    for range in dump.memory().visible_ranges() {
        sum = sum.wrapping_add(range.address).wrapping_add(range.size);
    }
    sum
}

fn encoded(file: &[u8], words: &str, sink: &mut Vec<u8>) {
    sink.clear();
    let options = words.parse::<Options>().expect("the letters are valid").forced();
    let report = redump(&Dump::parse(file).expect("the dump can be parsed"), &options, &mut *sink)
        .expect("the dump can be re-encoded");
    assert_eq!(report.size, sink.len() as u64);
}

fn full_user_dump(criterion: &mut Criterion) {
    let (total, modules, threads) = if trial() { (MIB, 10, 10) } else { (64 * MIB, 500, 500) };
    for range in [4 * KIB, 64 * KIB] {
        let minidump = input(&Input { total, range, modules, threads });
        let mut sink = Vec::with_capacity(minidump.len() * 2);
        encoded(&minidump, "/f", &mut sink);
        let file = sink.clone();
        assert_eq!(walk(&file), walk_minidump(&minidump));
        encoded(&file, "/f", &mut sink);
        assert!(sink == file, "re-encoding the result changed it");

        let mut group = criterion.benchmark_group(format!("full_user_dump/{} MiB in {} KiB", total / MIB, range / KIB));
        group.sample_size(10);
        group.bench_function("walk", |bencher| bencher.iter(|| walk(&file)));
        group.bench_function("walk-minidump", |bencher| bencher.iter(|| walk_minidump(&minidump)));
        let ways = [
            ("from-minidump", &minidump, "/f"),
            ("to-itself", &file, "/f"),
            ("to-full-minidump", &file, "/ma"),
            ("shrink", &file, "/m"),
            ("shrink-minidump", &minidump, "/m"),
        ];
        for (name, source, words) in ways {
            encoded(source, words, &mut sink);
            group.throughput(Throughput::Bytes(sink.len() as u64));
            group.bench_function(name, |bencher| {
                bencher.iter_batched(|| (), |()| encoded(source, words, &mut sink), BatchSize::PerIteration);
            });
        }
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function("memcpy", |bencher| {
            bencher.iter(|| {
                sink.clear();
                sink.extend_from_slice(std::hint::black_box(&file));
            });
        });
    }
}

criterion_group!(benches, full_user_dump);
criterion_main!(benches);
