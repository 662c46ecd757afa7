//! Reading memory by address.

mod support;

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use minidump::{Minidump as Peer, MinidumpMemory64List, UnifiedMemoryList};
use udmp_parser::UserDumpParser;
use userdump::Minidump;
use userdump::read::Memory;
use userdump::read::memory::Memory64List;

use support::{Numbers, Shape, Shaped, count};

/// The address of a read, and the file offset of its bytes if the dump has them.
#[derive(Clone, Copy)]
struct Place {
    address: u64,
    position: usize,
}

/// The ranges as plain arrays, sorted by address.
struct Plain {
    starts: Vec<u64>,
    ends: Vec<u64>,
    positions: Vec<usize>,
}

impl Plain {
    fn new(file: &[u8]) -> Self {
        let dump = Minidump::parse(file).expect("the dump can be parsed");
        let ranges = dump.stream::<Memory64List>().expect("the list can be read").expect("the dump has the list");
        let starts = ranges.iter().map(|range| range.address).collect();
        let ends = ranges.iter().map(|range| range.address + range.size).collect();
        let positions =
            ranges.iter().map(|range| usize::try_from(range.offset).expect("the offset fits in usize")).collect();
        Self { starts, ends, positions }
    }

    /// Returns the index of the last range that starts at or below `address`.
    fn search(&self, address: u64) -> usize {
        let mut base = 0;
        let mut size = self.starts.len();
        while size > 1 {
            let half = size / 2;
            base = std::hint::select_unpredictable(self.starts[base + half] <= address, base + half, base);
            size -= half;
        }
        base
    }

    /// Returns the integer at `address` by linear search.
    fn read_naively(&self, file: &[u8], address: u64) -> Option<u64> {
        let index = (0..self.starts.len()).find(|&at| self.starts[at] <= address && address < self.ends[at])?;
        let from = usize::try_from(address - self.starts[index]).ok()?;
        (address + 8 <= self.ends[index]).then(|| integer(file, self.positions[index] + from))
    }
}

fn integer(file: &[u8], position: usize) -> u64 {
    u64::from_le_bytes(file[position..position + 8].try_into().expect("the slice has 8 bytes"))
}

/// Adds up the values that are read, counting 1 for each that is missing.
fn sum(places: &[Place], read: impl Fn(Place) -> Option<u64>) -> u64 {
    places.iter().fold(0, |sum, &place| sum.wrapping_add(read(place).unwrap_or(1)))
}

fn minidump_read(memory: &UnifiedMemoryList<'_>, address: u64) -> Option<u64> {
    memory.memory_at_address(address)?.get_memory_at_address(address)
}

/// Uses the peer's tree of blocks, because its own look-up walks through all of them.
fn udmp_read(dump: &UserDumpParser<'_>, address: u64) -> Option<u64> {
    let (_, block) = dump.mem_blocks().range(..=address).next_back()?;
    Some(u64::from_le_bytes(*block.data_from(address)?.first_chunk()?))
}

/// Returns positions of complete integers in random order, evenly distributed over the ranges.
fn hits(input: &Shaped, plain: &Plain, wanted: usize) -> Vec<Place> {
    let mut numbers = Numbers(wanted as u64);
    let place = |_| {
        let index = numbers.below(input.ranges.len());
        let (start, size) = input.ranges[index];
        let from = 8 * numbers.below(size / 8);
        Place { address: start + from as u64, position: plain.positions[index] + from }
    };
    (0..wanted).map(place).collect()
}

/// Returns addresses between the ranges, which no range contains.
fn misses(input: &Shaped, wanted: usize) -> Vec<Place> {
    let mut numbers = Numbers(wanted as u64);
    let place = |_| {
        let (start, size) = input.ranges[numbers.below(input.ranges.len())];
        Place { address: start + size as u64, position: 0 }
    };
    (0..wanted).map(place).collect()
}

/// The number of buffers that are read into at once.
const AT_ONCE: usize = 1_000;

/// The dump in the form of each reader.
struct Task<'a> {
    file: &'a [u8],
    memory: &'a Memory<'a>,
    plain: &'a Plain,
    peer: &'a UnifiedMemoryList<'a>,
    udmp: &'a UserDumpParser<'a>,
}

impl Task<'_> {
    fn integers(&self, group: &mut BenchmarkGroup<'_, WallTime>, places: &[Place], expected: u64) {
        let Self { memory, peer, udmp, .. } = *self;
        assert_eq!(sum(places, |place| memory.read_u64(place.address)), expected);
        assert_eq!(sum(places, |place| minidump_read(peer, place.address)), expected);
        assert_eq!(sum(places, |place| udmp_read(udmp, place.address)), expected);
        let places = black_box(places);
        group.throughput(Throughput::Elements(places.len() as u64)).sample_size(20);
        group.bench_function("userdump", |bencher| {
            bencher.iter(|| sum(places, |place| memory.read_u64(place.address)));
        });
        group.bench_function("userdump/read", |bencher| {
            let read = |place: Place| {
                let mut buf = [0; 8];
                (memory.read(place.address, &mut buf) == 8).then_some(u64::from_le_bytes(buf))
            };
            bencher.iter(|| sum(places, read));
        });
        let addresses: Vec<u64> = places.iter().map(|place| place.address).collect();
        let mut values = vec![None; addresses.len()];
        let mut at_once = || {
            memory.read_u64s(&addresses, &mut values);
            values.iter().fold(0, |sum: u64, value| sum.wrapping_add(value.unwrap_or(1)))
        };
        assert_eq!(at_once(), expected);
        group.bench_function("userdump/at once", |bencher| bencher.iter(&mut at_once));
        group.bench_function("minidump", |bencher| {
            bencher.iter(|| sum(places, |place| minidump_read(peer, place.address)));
        });
        group.bench_function("udmp-parser", |bencher| {
            bencher.iter(|| sum(places, |place| udmp_read(udmp, place.address)));
        });
    }

    /// Copies up to `size` bytes at each address.
    fn copies(&self, group: &mut BenchmarkGroup<'_, WallTime>, places: &[Place], size: usize) {
        let Self { memory, peer, .. } = *self;
        let addresses: Vec<u64> = places.iter().map(|place| place.address).collect();
        let (mut ours_buf, mut peer_buf) = (vec![0; size], vec![0; size]);
        let (mut bufs, mut counts) = (vec![vec![0; size]; AT_ONCE], [0; AT_ONCE]);
        // The number of bytes and the first one.
        let add = |sum: u64, count: usize, buf: &[u8]| sum.wrapping_add(count as u64 + u64::from(buf[0]));
        let mut one_by_one =
            || addresses.iter().fold(0, |sum, address| add(sum, memory.read(*address, &mut ours_buf), &ours_buf));
        let mut at_once = || {
            addresses.chunks(AT_ONCE).fold(0, |sum, addresses| {
                memory.read_many(addresses, &mut bufs, &mut counts);
                counts.iter().zip(&bufs).take(addresses.len()).fold(sum, |sum, (count, buf)| add(sum, *count, buf))
            })
        };
        let mut minidump = || {
            addresses.iter().fold(0, |sum, address| {
                let range = peer.memory_at_address(*address).expect("the dump has the address");
                let from = usize::try_from(*address - range.base_address()).expect("the file is in memory");
                let bytes = &range.bytes()[from..];
                let count = bytes.len().min(size);
                peer_buf[..count].copy_from_slice(&bytes[..count]);
                add(sum, count, &peer_buf)
            })
        };
        let expected = minidump();
        assert_eq!([one_by_one(), at_once()], [expected; 2]);
        group.throughput(Throughput::Elements(places.len() as u64)).sample_size(20);
        group.bench_function(format!("{size}/userdump"), |bencher| bencher.iter(&mut one_by_one));
        group.bench_function(format!("{size}/userdump/at once"), |bencher| bencher.iter(&mut at_once));
        group.bench_function(format!("{size}/minidump"), |bencher| bencher.iter(&mut minidump));
    }

    /// The minimum work of a look-up.
    fn floor(&self, group: &mut BenchmarkGroup<'_, WallTime>, places: &[Place], expected: u64) {
        let Self { file, plain, .. } = *self;
        let dependent = |place: Place| {
            let index = plain.search(place.address);
            let from = usize::try_from(place.address - plain.starts[index]).ok()?;
            Some(integer(file, plain.positions[index] + from))
        };
        assert_eq!(sum(places, dependent), expected);
        let apart = |place: Place| {
            black_box(plain.search(place.address));
            Some(integer(file, place.position))
        };
        assert_eq!(sum(places, apart), expected);
        group.bench_function("floor", |bencher| bencher.iter(|| sum(places, apart)));
        group.bench_function("floor/dependent", |bencher| bencher.iter(|| sum(places, dependent)));
    }

    fn strings(&self, group: &mut BenchmarkGroup<'_, WallTime>, places: &[Place], expected: usize) {
        let Self { memory, peer, udmp, .. } = *self;
        let until_nul = |bytes: &[u8]| bytes.iter().position(|&byte| byte == 0);
        let ours = || places.iter().filter_map(|place| Some(memory.read_c_string(place.address, 64)?.len())).sum();
        let minidump = || -> usize {
            let length = |place: &Place| {
                let range = peer.memory_at_address(place.address)?;
                let from = usize::try_from(place.address - range.base_address()).ok()?;
                until_nul(range.bytes().get(from..)?)
            };
            places.iter().filter_map(length).sum()
        };
        let udmp = || -> usize {
            let length = |place: &Place| {
                let (_, block) = udmp.mem_blocks().range(..=place.address).next_back()?;
                until_nul(block.data_from(place.address)?)
            };
            places.iter().filter_map(length).sum()
        };
        assert_eq!([ours(), minidump(), udmp()], [expected; 3]);
        group.throughput(Throughput::Elements(places.len() as u64)).sample_size(20);
        group.bench_function("userdump", |bencher| bencher.iter(|| -> usize { ours() }));
        group.bench_function("minidump", |bencher| bencher.iter(minidump));
        group.bench_function("udmp-parser", |bencher| bencher.iter(udmp));
    }
}

fn lookup(criterion: &mut Criterion) {
    for (ranges, range_size) in [(200_000, 4096), (2_000, 65_536)] {
        let ranges = count(ranges);
        let input = Shape { ranges, range_size, modules: 1, threads: 1, ..Shape::default() }.build();
        let dump = Minidump::parse(&input.file).expect("the dump can be parsed");
        let memory = dump.memory();
        let peer = Peer::read(input.file.as_slice()).expect("the dump can be parsed");
        let peer =
            UnifiedMemoryList::Memory64(peer.get_stream::<MinidumpMemory64List>().expect("the dump has the list"));
        let udmp = UserDumpParser::with_slice(&input.file).expect("the dump can be parsed");
        let plain = Plain::new(&input.file);
        let task = Task { file: &input.file, memory: &memory, plain: &plain, peer: &peer, udmp: &udmp };

        let mut places = hits(&input, &plain, count(1_000_000));
        let expected = sum(&places, |place| Some(integer(&input.file, place.position)));
        let mut group = criterion.benchmark_group(format!("lookup/random/{ranges}"));
        task.integers(&mut group, &places, expected);
        task.floor(&mut group, &places, expected);
        group.finish();

        let mut group = criterion.benchmark_group(format!("lookup/copy/random/{ranges}"));
        for size in [8, 64, 256, 4096] {
            task.copies(&mut group, &places[..count(200_000)], size);
        }
        group.finish();

        let mut group = criterion.benchmark_group(format!("lookup/strings/{ranges}"));
        // Each string has 31 characters, and the positions are multiples of eight.
        let characters = places.iter().map(|place| 31 - (place.position - plain.positions[0]) % 32).sum();
        task.strings(&mut group, &places, characters);
        group.finish();

        places.sort_unstable_by_key(|place| place.address);
        let mut group = criterion.benchmark_group(format!("lookup/sequential/{ranges}"));
        task.integers(&mut group, &places, expected);
        task.floor(&mut group, &places, expected);
        group.finish();

        let mut group = criterion.benchmark_group(format!("lookup/copy/sequential/{ranges}"));
        for size in [8, 64, 256, 4096] {
            task.copies(&mut group, &places[..count(200_000)], size);
        }
        group.finish();

        let places = misses(&input, count(1_000_000));
        let mut group = criterion.benchmark_group(format!("lookup/miss/{ranges}"));
        task.integers(&mut group, &places, places.len() as u64);
        group.finish();
    }
}

/// Sizes for which a walk through all ranges is still bearable.
fn naive(criterion: &mut Criterion) {
    for ranges in [8, 64] {
        let input = Shape { ranges, range_size: 4096, ..Shape::default() }.build();
        let dump = Minidump::parse(&input.file).expect("the dump can be parsed");
        let memory = dump.memory();
        let plain = Plain::new(&input.file);
        let places = hits(&input, &plain, count(100_000));
        let expected = sum(&places, |place| Some(integer(&input.file, place.position)));
        let naively = |place: Place| plain.read_naively(&input.file, place.address);
        let ours = |place: Place| memory.read_u64(place.address);
        assert_eq!([sum(&places, naively), sum(&places, ours)], [expected; 2]);
        let mut group = criterion.benchmark_group(format!("lookup/random/{ranges}"));
        group.throughput(Throughput::Elements(places.len() as u64)).sample_size(20);
        group.bench_function("userdump", |bencher| bencher.iter(|| sum(&places, ours)));
        group.bench_function("naive", |bencher| bencher.iter(|| sum(&places, naively)));
        group.finish();
    }
}

criterion_group!(benches, lookup, naive);
criterion_main!(benches);
