//! Writing memory contents into a dump, compared with the lower bound: one copy of the same bytes.
//!
//! Every group copies the same bytes into the same sink. `README.md` in this folder explains the names.

mod support;

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use userdump::format::StreamType;
use userdump::read::memory::Memory64List;
use userdump::write::{MemoryRange, MinidumpBuilder, Plan};
use userdump::{MappedFile, Minidump};

use support::{Count, Image, KIB, MIB, Numbers, empty, large, scratch, settle, trial};

/// The sizes of ranges. In addition, there is a case with a single range.
const RANGES: [usize; 3] = [4 * KIB, 64 * KIB, MIB];

/// The total sizes of the contents.
fn totals() -> Vec<usize> {
    match (trial(), large()) {
        (true, _) => vec![2 * MIB],
        (_, true) => vec![MIB, 64 * MIB, 1024 * MIB],
        _ => vec![MIB, 64 * MIB],
    }
}

/// Whether ranges that are adjacent in the dump are adjacent in the source as well.
#[derive(Clone, Copy)]
enum Order {
    Consecutive,
    Shuffled,
}

/// The sizes and orders of ranges. A single range has no order.
fn shapes(total: usize) -> Vec<(usize, Order)> {
    let sizes = RANGES.into_iter().filter(|size| *size < total);
    let mut shapes: Vec<_> = sizes.flat_map(|size| [(size, Order::Consecutive), (size, Order::Shuffled)]).collect();
    shapes.push((total, Order::Consecutive));
    shapes
}

/// Returns a name such as `plan/shuffled/64 KiB` or `plan/one`.
fn id(what: &str, total: usize, size: usize, order: Order) -> BenchmarkId {
    let order = match order {
        _ if size == total => return BenchmarkId::new(what, "one"),
        Order::Consecutive => "consecutive",
        Order::Shuffled => "shuffled",
    };
    BenchmarkId::new(format!("{what}/{order}"), format!("{} KiB", size / KIB))
}

/// Splits the contents into ranges, in the order in which a dump will have them.
fn ranges(contents: &[u8], size: usize, order: Order) -> Vec<&[u8]> {
    let mut ranges: Vec<&[u8]> = contents.chunks(size).collect();
    if let Order::Shuffled = order {
        Numbers(size as u64).shuffle(&mut ranges);
    }
    ranges
}

/// Plans a dump with full memory whose ranges are a page apart.
fn plan<'a>(ranges: &[&'a [u8]]) -> Plan<'a> {
    plan_parallel_to(&[], ranges)
}

/// The same, parallel to the contents that the ranges are borrowed from.
fn plan_parallel_to<'a>(contents: &'a [u8], ranges: &[&'a [u8]]) -> Plan<'a> {
    planned(contents, ranges, MemoryRange::borrowed)
}

/// The same, with ranges that are in an opened file, and only parallel to that.
fn plan_of_file<'a>(file: &'a File, contents: &[u8], ranges: &[&'a [u8]]) -> Plan<'a> {
    let in_file =
        |address, bytes: &[u8]| MemoryRange::from_file(address, bytes.len() as u64, file, offset_in(contents, bytes));
    planned(&[], ranges, in_file)
}

fn planned<'a>(
    parallel_to: &'a [u8],
    ranges: &[&'a [u8]],
    range: impl Fn(u64, &'a [u8]) -> MemoryRange<'a>,
) -> Plan<'a> {
    let mut dump = MinidumpBuilder::new();
    dump.parallel_to(parallel_to);
    dump.list(StreamType::MEMORY64_LIST);
    let mut address = 0x1_0000;
    for bytes in ranges {
        dump.memory64(range(address, bytes));
        address += bytes.len() as u64 + 0x1000;
    }
    dump.plan().expect("the dump can be planned")
}

/// Returns where borrowed bytes are in the contents.
fn offset_in(contents: &[u8], bytes: &[u8]) -> u64 {
    (bytes.as_ptr().addr() - contents.as_ptr().addr()) as u64
}

fn read_back(mut file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    io::Seek::rewind(&mut file).and_then(|()| file.read_to_end(&mut bytes)).expect("the file can be read back");
    bytes
}

/// Copies each range through a buffer, as a program without the library would.
fn read_then_write(contents: &[u8], ranges: &[&[u8]], buffer: &mut Vec<u8>, mut sink: impl Write) {
    let mut source = Cursor::new(contents);
    for range in ranges {
        source.set_position(offset_in(contents, range));
        buffer.resize(range.len(), 0);
        source.read_exact(buffer).and_then(|()| sink.write_all(buffer)).expect("the range can be copied");
    }
}

/// Writes once in each way and checks the result, so that only correct code is measured.
fn assert_written(contents: &[u8], ranges: &[&[u8]]) {
    let mut file = Vec::new();
    let plan = plan(ranges);
    let size = plan.size();
    let written = plan.write_to(&mut file).expect("writing to a vector succeeds");
    assert_eq!((written.size, file.len() as u64), (size, size));
    let dump = Minidump::parse(&file).expect("the dump can be parsed");
    let list = dump.stream::<Memory64List>().expect("the list can be read").expect("the dump has the list");
    assert!(list.iter().filter_map(|range| range.bytes().ok()).eq(ranges.iter().copied()));
    let mut count = Count::default();
    self::plan(ranges).write_to(&mut count).expect("counting succeeds");
    assert_eq!(count.0, size);

    let disk = scratch();
    self::plan(ranges).write_to(&disk).expect("the sink takes all bytes");
    assert!(read_back(&disk) == file);
    let mut copied = Vec::new();
    read_then_write(contents, ranges, &mut Vec::new(), &mut copied);
    assert!(file.ends_with(&copied) && copied.len() == contents.len());
}

/// Measures all ways to write into one kind of sink. `fresh` resets the sink; this is not timed.
fn ways<W: Write>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    contents: &[u8],
    fresh: impl Fn() -> W,
    put_back: impl Fn(W),
) {
    let total = contents.len();
    let timed = |group: &mut BenchmarkGroup<'_, WallTime>, id: BenchmarkId, way: &mut dyn FnMut(&mut W)| {
        group.bench_function(id, |bencher| {
            bencher.iter_batched(
                &fresh,
                |mut sink| {
                    way(&mut sink);
                    put_back(sink);
                },
                BatchSize::PerIteration,
            );
        });
    };
    timed(group, BenchmarkId::from_parameter("one-write"), &mut |sink| {
        sink.write_all(black_box(contents)).expect("the sink takes all bytes");
    });
    timed(group, BenchmarkId::from_parameter("io-copy"), &mut |sink| {
        io::copy(&mut black_box(contents), sink).expect("the sink takes all bytes");
    });
    for (size, order) in shapes(total) {
        let ranges = ranges(contents, size, order);
        let mut buffer = Vec::new();
        timed(group, id("read-write", total, size, order), &mut |sink| {
            read_then_write(contents, &ranges, &mut buffer, sink);
        });
        group.bench_function(id("plan", total, size, order), |bencher| {
            bencher.iter_batched(
                || (plan(&ranges), fresh()),
                |(plan, mut sink)| {
                    plan.write_to(&mut sink).expect("the sink takes all bytes");
                    put_back(sink);
                },
                BatchSize::PerIteration,
            );
        });
    }
}

fn group<'c>(criterion: &'c mut Criterion, sink: &str, total: usize) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(format!("{sink}/{} MiB", total / MIB));
    group.throughput(Throughput::Bytes(total as u64)).sample_size(if total > MIB { 10 } else { 100 });
    group
}

fn memory_copy(criterion: &mut Criterion) {
    for total in totals() {
        let contents = Numbers(total as u64).bytes(total);
        for (size, order) in shapes(total) {
            assert_written(&contents, &ranges(&contents, size, order));
        }
        ways(&mut group(criterion, "count", total), &contents, Count::default, drop);
        // All measurements use the same vector, so that its pages are already mapped.
        let vector = std::cell::Cell::new(vec![0u8; total + total / 64 + KIB]);
        let emptied = || {
            let mut vector = vector.take();
            vector.clear();
            vector
        };
        ways(&mut group(criterion, "vec", total), &contents, emptied, |full| vector.set(full));
        let disk = scratch();
        let rewound = || {
            empty(&disk);
            &disk
        };
        ways(&mut group(criterion, "file", total), &contents, rewound, |_| ());
    }
}

/// From file to file, where the kernel copies.
fn file_source(criterion: &mut Criterion) {
    for total in totals() {
        file_to_file(criterion, "file source", total, Path::new(env!("CARGO_TARGET_TMPDIR")));
    }
}

/// From file to file, where the kernel shares blocks.
fn clone(criterion: &mut Criterion) {
    let total = totals().into_iter().max().unwrap_or(MIB);
    if let Some(image) = Image::xfs(400 * MIB as u64 + 3 * total as u64) {
        file_to_file(criterion, "clone", total, &image.folder());
    }
}

/// Measures all ways from a file to another one in the same folder.
fn file_to_file(criterion: &mut Criterion, name: &str, total: usize, folder: &Path) {
    let path = tempfile::NamedTempFile::new_in(folder).expect("the folder can be written").into_temp_path();
    fs::write(&path, Numbers(total as u64).bytes(total)).expect("the folder has room");
    settle(&path);
    let mapped = MappedFile::open(&path).expect("the file can be opened");
    let file = File::open(&path).expect("the file can be opened");
    let target = tempfile::tempfile_in(folder).expect("the folder has room");
    let mut group = group(criterion, name, total);
    let timed = |group: &mut BenchmarkGroup<'_, WallTime>, id: BenchmarkId, way: &mut dyn FnMut()| {
        group.bench_function(id, |bencher| {
            bencher.iter_batched(|| empty(&target), |()| way(), BatchSize::PerIteration);
        });
    };
    timed(&mut group, BenchmarkId::from_parameter("io-copy"), &mut || {
        let mut file = File::open(&path).expect("the file can be opened");
        io::copy(&mut file, &mut &target).expect("the folder has room");
    });
    for (size, order) in shapes(total) {
        let ranges = ranges(&mapped, size, order);
        let to_file = |plan: Plan<'_>| {
            plan.write_to_file(&target, mapped.copy_source().as_slice()).expect("the folder has room");
        };
        let mut expected = Vec::new();
        plan_parallel_to(&mapped, &ranges).write_to(&mut expected).expect("writing to a vector succeeds");
        let assert_same = |plan: Plan<'_>| {
            empty(&target);
            to_file(plan);
            assert!(read_back(&target) == expected);
        };
        assert_same(plan_parallel_to(&mapped, &ranges));
        assert_same(plan_of_file(&file, &mapped, &ranges));
        drop(expected);
        timed(&mut group, id("plan/parallel", total, size, order), &mut || {
            to_file(plan_parallel_to(&mapped, &ranges));
        });
        timed(&mut group, id("plan/unpadded", total, size, order), &mut || to_file(plan(&ranges)));
        timed(&mut group, id("plan/in file", total, size, order), &mut || {
            to_file(plan_of_file(&file, &mapped, &ranges));
        });
    }
}

criterion_group!(benches, memory_copy, file_source, clone);
criterion_main!(benches);
