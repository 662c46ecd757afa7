//! Compressed memory: writing it with one thread and with several, reading it in order and at random, compared with the
//! codec alone and with well-known commands.
//!
//! `cargo bench --bench compressed` measures everything, `-- compressed/read` added to it only reading, and `-- --test`
//! runs everything once with little memory. `USERDUMP_BENCH_LARGE=1` uses a gigabyte instead of 128 MiB;
//! `USERDUMP_BENCH_DUMP=PATH` adds the memory of a dump, plain or compressed.

mod support;

use std::hint::black_box;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::num::NonZero;
use std::{fs, thread};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size};
use tempfile::NamedTempFile;
use userdump::Minidump;
use userdump::read::Memory;
use userdump::write::Plan;

use support::{Contents, Count, MIB, Numbers, PACKERS, contents, count};

/// The size of a bucket in bytes.
const BUCKET: usize = 4 * MIB;

/// A sink that discards what is written, and can seek like a file.
#[derive(Default)]
struct Discard {
    count: Count,
    at: u64,
}

impl Write for Discard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.at += bytes.len() as u64;
        self.count.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Discard {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let SeekFrom::Start(at) = to {
            self.at = at;
        }
        Ok(self.at)
    }
}

fn write(criterion: &mut Criterion) {
    let all_threads = thread::available_parallelism().map_or(1, NonZero::get);
    for memory in contents() {
        let size = memory.size();
        // Adjacent ranges, as all other measurements use them.
        let bytes: Vec<u8> = memory.ranges.iter().flat_map(|(_, bytes)| bytes).copied().collect();
        let mut file = Cursor::new(Vec::new());
        let written = memory.plan(2).write_to_seekable(&mut file).expect("writing to memory succeeds");
        let file = file.into_inner();
        let mut pipe = Vec::new();
        memory.plan(1).write_to(&mut pipe).expect("writing to memory succeeds");
        assert!(file == pipe);
        let compressed = written.compressed.expect("the dump has compressed memory");
        assert_eq!(compressed.size, size as u64);
        assert!(bytes == unpacked(&file), "decompression gives different bytes");
        println!("{}: {size} bytes, {} compressed", memory.name, compressed.compressed_size);

        let mut group = criterion.benchmark_group(format!("compressed/write/{}", memory.name));
        group.sample_size(10).throughput(Throughput::Bytes(size as u64));
        let mut counts = vec![1, 2, all_threads];
        counts.dedup();
        for threads in counts {
            group.bench_function(format!("{threads} threads"), |bencher| {
                let write =
                    |plan: Plan<'_>| plan.write_to_seekable(Discard::default()).expect("the sink takes all bytes");
                bencher.iter_batched(|| memory.plan(threads), write, BatchSize::PerIteration);
            });
        }
        group.bench_function("pipe/1 threads", |bencher| {
            let write = |plan: Plan<'_>| plan.write_to(Discard::default()).expect("the sink takes all bytes");
            bencher.iter_batched(|| memory.plan(1), write, BatchSize::PerIteration);
        });
        group.bench_function("lz4_flex", |bencher| {
            let mut block = vec![0; get_maximum_output_size(BUCKET)];
            let mut table = CompressTable::large();
            bencher.iter(|| {
                let mut sink = Count::default();
                for bucket in bytes.chunks(BUCKET) {
                    let size =
                        compress_into_with_table(bucket, &mut block, &mut table).expect("the block is large enough");
                    sink.write_all(&block[..size]).expect("the sink takes all bytes");
                }
                sink.0
            });
        });
        let path = scratch_file();
        fs::write(&path, &bytes).expect("the scratch file can be written");
        for packer in PACKERS {
            if packer.pack(path.path()) != Some(true) {
                println!("{} is not installed", packer.program);
                continue;
            }
            let name = format!("{} -1", packer.program);
            group.bench_function(name, |bencher| bencher.iter(|| packer.pack(path.path())));
        }
    }
}

fn scratch_file() -> NamedTempFile {
    NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("the scratch folder exists")
}

/// A bucket of a file: its contents, and their uncompressed size.
type Block<'a> = (&'a [u8], usize);

/// Returns the buckets of a file whose only stream is compressed memory, without using the crate.
fn blocks(file: &[u8]) -> Vec<Block<'_>> {
    let word = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().expect("the slice has 8 bytes")) as usize;
    let half = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("the slice has 4 bytes")) as usize;
    let header = half(32 + 8);
    let (count, buckets) = (word(header + 104), word(header + 112));
    let rows = (0..count).map(|index| buckets + 40 * index);
    rows.map(|row| {
        let (size, packed, offset) = (half(row + 8), half(row + 12), word(row + 16));
        (&file[offset..offset + packed], size)
    })
    .collect()
}

fn unpacked_block((block, size): &Block<'_>) -> Vec<u8> {
    let mut bytes = vec![0; *size];
    assert_eq!(decompress_into(block, &mut bytes).expect("the block can be decompressed"), *size);
    bytes
}

/// Decompresses all blocks into the same buffer, and passes each to `each`.
fn unpack(blocks: &[Block<'_>], mut each: impl FnMut(&[u8])) {
    let mut bytes = vec![0; blocks.iter().map(|block| block.1).max().unwrap_or_default()];
    for (block, size) in blocks {
        let bytes = &mut bytes[..*size];
        assert_eq!(decompress_into(block, bytes).expect("the block can be decompressed"), *size);
        each(bytes);
    }
}

/// Returns the memory of the file.
fn unpacked(file: &[u8]) -> Vec<u8> {
    blocks(file).iter().flat_map(unpacked_block).collect()
}

/// The size of each read when all memory is read in order.
const PIECE: usize = MIB;

type Read = fn(&Memory<'_>, u64, &mut [u8]) -> usize;

const CACHED: Read = |memory, address, bytes| memory.read(address, bytes);
const UNCACHED: Read = |memory, address, bytes| memory.read_uncached(address, bytes);

/// Reads all memory in pieces, and returns its size.
fn in_order(memory: &Memory<'_>, read: Read, mut each: impl FnMut(&[u8])) -> u64 {
    let mut buffer = vec![0; PIECE];
    let mut total = 0;
    for range in memory.visible_ranges() {
        let mut done = 0;
        while done < range.size {
            let wanted = usize::try_from(range.size - done).unwrap_or(PIECE).min(PIECE);
            let bytes = &mut buffer[..wanted];
            assert_eq!(read(memory, range.address + done, bytes), wanted);
            each(bytes);
            done += wanted as u64;
        }
        total += done;
    }
    total
}

/// Borrows all memory range by range, and returns its size.
fn borrow_all(memory: &Memory<'_>, mut each: impl FnMut(&[u8])) -> u64 {
    let mut total = 0;
    for range in memory.visible_ranges() {
        let bytes = range.bytes().expect("the cache is large enough");
        each(bytes);
        total += bytes.len() as u64;
    }
    total
}

fn consume(bytes: &[u8]) {
    black_box(bytes.as_ptr());
}

/// Returns true if the pieces that `hand_out` passes on are the contents of the ranges in order.
fn is_same(memory: &Contents, hand_out: impl FnOnce(&mut dyn FnMut(&[u8]))) -> bool {
    let mut ranges = memory.ranges.iter().map(|(_, bytes)| bytes.as_slice());
    let (mut expected, mut same): (&[u8], bool) = (&[], true);
    hand_out(&mut |mut bytes| {
        while same && !bytes.is_empty() {
            if expected.is_empty() {
                expected = ranges.next().unwrap_or_default();
                same = !expected.is_empty();
            }
            let (now, later) = bytes.split_at(bytes.len().min(expected.len()));
            let (other, rest) = expected.split_at(now.len());
            same &= now == other;
            (bytes, expected) = (later, rest);
        }
    });
    same && expected.is_empty() && ranges.next().is_none()
}

fn read(criterion: &mut Criterion) {
    for contents in contents() {
        let mut packed = Cursor::new(Vec::new());
        contents.plan(2).write_to_seekable(&mut packed).expect("writing to memory succeeds");
        let packed = packed.into_inner();
        let mut plain = Vec::new();
        contents.plain().write_to(&mut plain).expect("writing to memory succeeds");
        let dumps = [("compressed", packed.as_slice()), ("plain", plain.as_slice())]
            .map(|(name, file)| (name, Minidump::parse(file).expect("the dump can be parsed")));
        read_in_order(criterion, &contents, &dumps, &blocks(&packed));
        read_at_random(criterion, &contents, &dumps);
    }
}

/// Reads all memory once. Nothing is decompressed at the start, and freeing decompressed buckets is not timed.
fn read_in_order(criterion: &mut Criterion, contents: &Contents, dumps: &[(&str, Minidump<'_>)], blocks: &[Block<'_>]) {
    let size = contents.size();
    let mut group = criterion.benchmark_group(format!("compressed/read/{}/in order", contents.name));
    group.sample_size(10).throughput(Throughput::Bytes(size as u64));
    for (name, dump) in dumps {
        for (what, read) in [("read", CACHED), ("read_uncached", UNCACHED)] {
            let reads = |each: &mut dyn FnMut(&[u8])| assert_eq!(in_order(&dump.memory(), read, each), size as u64);
            assert!(is_same(contents, reads), "{what} returns different bytes for {name} memory");
            group.bench_function(format!("{what}/{name}"), |bencher| {
                let fresh = || dump.memory();
                bencher.iter_batched_ref(fresh, |memory| in_order(memory, read, consume), BatchSize::PerIteration);
            });
        }
        let borrows = |each: &mut dyn FnMut(&[u8])| {
            assert_eq!(borrow_all(&dump.memory_with_cache(u64::MAX), each), size as u64);
        };
        assert!(is_same(contents, borrows), "borrowing {name} memory returns different bytes");
        group.bench_function(format!("lent/{name}"), |bencher| {
            let fresh = || dump.memory_with_cache(u64::MAX);
            bencher.iter_batched_ref(fresh, |memory| borrow_all(memory, consume), BatchSize::PerIteration);
        });
    }
    assert!(is_same(contents, |each| unpack(blocks, each)));
    group.bench_function("lz4_flex", |bencher| {
        bencher.iter(|| unpack(blocks, consume));
    });
    group.bench_function("lz4_flex, kept", |bencher| {
        let keep = |kept: &mut Vec<Vec<u8>>| kept.extend(blocks.iter().map(unpacked_block));
        bencher.iter_batched_ref(Vec::new, keep, BatchSize::PerIteration);
    });
    let (path, packed) = (scratch_file(), scratch_file());
    let bytes: Vec<u8> = contents.ranges.iter().flat_map(|(_, bytes)| bytes).copied().collect();
    fs::write(&path, bytes).expect("the scratch file can be written");
    for packer in PACKERS {
        let is_installed = packer.pack_into(path.path(), packed.path()) == Some(true);
        if !is_installed || packer.unpack(packed.path()) != Some(true) {
            println!("{} is not installed", packer.program);
            continue;
        }
        let name = format!("{} -d", packer.program);
        group.bench_function(name, |bencher| bencher.iter(|| packer.unpack(packed.path())));
    }
}

/// A read at one address. The results are added up.
type ReadAt = fn(&Memory<'_>, u64) -> u64;

/// The size of a read that is not an integer, in bytes.
const LENGTH: usize = 64;

fn first_word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(*bytes.first_chunk().expect("the slice has at least 8 bytes"))
}

const READS: [(&str, ReadAt); 3] = [
    ("u64", |memory, address| memory.read_u64(address).expect("the dump has the bytes")),
    ("64 bytes", |memory, address| {
        let mut bytes = [0; LENGTH];
        assert_eq!(memory.read(address, &mut bytes), LENGTH);
        first_word(&bytes)
    }),
    ("slice", |memory, address| first_word(memory.slice(address, LENGTH as u64).expect("the bytes can be borrowed"))),
];

/// Returns addresses in random order. The reads at them are within a range.
fn addresses(contents: &Contents, wanted: usize) -> Vec<u64> {
    let mut numbers = Numbers(wanted as u64);
    let enough: Vec<_> = contents.ranges.iter().filter(|(_, bytes)| bytes.len() >= LENGTH).collect();
    let ends = enough.iter().scan(0, |end, (_, bytes)| {
        *end += bytes.len() / LENGTH;
        Some(*end)
    });
    let ends: Vec<usize> = ends.collect();
    let all = *ends.last().expect("the contents are not empty");
    let address = |_| {
        // Uniform over all memory, not over the ranges, most of which are small.
        let place = numbers.below(all);
        let range = ends.partition_point(|end| *end <= place);
        let before = range.checked_sub(1).map_or(0, |before| ends[before]);
        enough[range].0 + ((place - before) * LENGTH) as u64
    };
    (0..wanted).map(address).collect()
}

/// Single reads at random addresses: with all memory decompressed before (warm), and with none (cold).
fn read_at_random(criterion: &mut Criterion, contents: &Contents, dumps: &[(&str, Minidump<'_>)]) {
    let mut addresses = addresses(contents, count(100_000));
    let wanted = addresses.len();
    // A range is split where a bucket is full, and slices do not cross that boundary.
    let memory = dumps[0].1.memory_with_cache(u64::MAX);
    addresses.retain(|address| memory.slice(*address, LENGTH as u64).is_some());
    assert!(addresses.len() > wanted / 10 * 9, "{} of {wanted} slices can be borrowed", addresses.len());
    drop(memory);
    let sum = |memory: &Memory<'_>, read: ReadAt| {
        addresses.iter().fold(0u64, |sum, address| sum.wrapping_add(read(memory, *address)))
    };
    let mut group = criterion.benchmark_group(format!("compressed/read/{}/warm", contents.name));
    group.sample_size(20).throughput(Throughput::Elements(addresses.len() as u64));
    let mut sums = Vec::new();
    for (name, dump) in dumps {
        let memory = dump.memory_with_cache(u64::MAX);
        assert_eq!(borrow_all(&memory, |_| {}), contents.size() as u64);
        for (what, read) in READS {
            sums.push(sum(&memory, read));
            group.bench_function(format!("{what}/{name}"), |bencher| bencher.iter(|| sum(&memory, read)));
        }
    }
    assert!(sums.iter().all(|sum| *sum == sums[0]), "the sums of the reads differ");
    group.finish();
    let mut group = criterion.benchmark_group(format!("compressed/read/{}/cold", contents.name));
    group.sample_size(20);
    for (name, dump) in dumps {
        for (what, read) in READS {
            let mut next = addresses.iter().cycle();
            group.bench_function(format!("{what}/{name}"), |bencher| {
                let fresh = || (dump.memory(), *next.next().expect("the iterator is endless"));
                let read = |fresh: &mut (Memory<'_>, u64)| read(&fresh.0, fresh.1);
                bencher.iter_batched_ref(fresh, read, BatchSize::PerIteration);
            });
        }
    }
}

criterion_group!(benches, write, read);
criterion_main!(benches);
