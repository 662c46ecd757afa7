//! Memory contents on their way into a dump, against what cannot be beaten: one copy of the same bytes.
//!
//! Every group copies the same bytes into the same sink; `README.md` beside this file says what the names mean.

use std::hint::black_box;
use std::io::{self, Write};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use userdump::format::StreamType;
use userdump::write::{MemoryRange, MinidumpBuilder, Plan};
use userdump::{Minidump, read::Memory64List};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// What the contents have in all.
const TOTALS: [usize; 2] = [16 * MIB, 256 * MIB];
/// What one range has.
const RANGES: [usize; 3] = [4 * KIB, 64 * KIB, 16 * MIB];

/// A sink that is done with bytes as soon as it has counted them.
#[derive(Default)]
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether ranges that follow each other in the dump do so in the source as well.
#[derive(Clone, Copy)]
enum Order {
    Consecutive,
    Scattered,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::Consecutive => "consecutive",
            Self::Scattered => "scattered",
        }
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn contents(total: usize) -> Vec<u8> {
    let mut numbers = Numbers(total as u64);
    (0..total / 8).flat_map(|_| numbers.next().to_le_bytes()).collect()
}

/// The contents cut into ranges, in the order in which a dump will have them.
fn ranges(contents: &[u8], size: usize, order: Order) -> Vec<&[u8]> {
    let mut ranges: Vec<&[u8]> = contents.chunks(size).collect();
    if let Order::Scattered = order {
        let mut numbers = Numbers(size as u64);
        for last in (1..ranges.len()).rev() {
            let other = numbers.next() % (last as u64 + 1);
            ranges.swap(last, usize::try_from(other).expect("an index"));
        }
    }
    ranges
}

/// A dump with full memory, its ranges a page apart.
fn plan<'a>(ranges: &[&'a [u8]]) -> Plan<'a> {
    let mut dump = MinidumpBuilder::new();
    dump.list(StreamType::MEMORY64_LIST);
    let mut address = 0x1_0000;
    for bytes in ranges {
        dump.memory64(MemoryRange::borrowed(address, bytes));
        address += bytes.len() as u64 + 0x1000;
    }
    dump.plan().expect("nothing in it is too large")
}

/// Writes once and reads back what was written: no use in timing what is wrong.
fn assert_written(ranges: &[&[u8]]) {
    let mut file = Vec::new();
    let plan = plan(ranges);
    let size = plan.size();
    let written = plan.write_to(&mut file).expect("a vector takes everything");
    assert_eq!((written.size, file.len() as u64), (size, size));
    let dump = Minidump::parse(&file).expect("it is a dump");
    let list = dump.stream::<Memory64List>().expect("it can be read").expect("it is there");
    assert!(list.iter().map(|range| range.bytes).eq(ranges.iter().copied()));
    let mut count = Count::default();
    self::plan(ranges).write_to(&mut count).expect("a counter takes everything");
    assert_eq!(count.0, size);
}

fn memory_copy(criterion: &mut Criterion) {
    for total in TOTALS {
        let contents = contents(total);
        let mut file: Vec<u8> = Vec::with_capacity(total + total / 64);
        for sink in ["count", "vec"] {
            let mut group = criterion.benchmark_group(format!("{sink}/{} MiB", total / MIB));
            group.throughput(Throughput::Bytes(total as u64)).sample_size(10);
            group.bench_function("io-copy", |bencher| {
                bencher.iter(|| match sink {
                    "count" => io::copy(&mut contents.as_slice(), &mut Count::default()),
                    _ => {
                        file.clear();
                        io::copy(&mut contents.as_slice(), &mut file)
                    }
                });
            });
            if sink == "vec" {
                group.bench_function("memcpy", |bencher| {
                    bencher.iter(|| {
                        file.clear();
                        file.extend_from_slice(black_box(&contents));
                    });
                });
            }
            for (size, order) in
                RANGES.into_iter().flat_map(|size| [(size, Order::Consecutive), (size, Order::Scattered)])
            {
                let ranges = ranges(&contents, size, order);
                assert_written(&ranges);
                let id = BenchmarkId::new(format!("plan/{}", order.name()), format!("{} KiB", size / KIB));
                group.bench_function(id, |bencher| {
                    bencher.iter_batched(
                        || plan(&ranges),
                        |plan| match sink {
                            "count" => plan.write_to(Count::default()),
                            _ => {
                                file.clear();
                                plan.write_to(&mut file)
                            }
                        },
                        BatchSize::LargeInput,
                    );
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, memory_copy);
criterion_main!(benches);
