//! The contents of the builder, compressed.

use std::io::{self, Read};

use libtest_mimic::Trial;
use userdump::format::system::{MiscInfo5, MiscInfoFlags};
use userdump::format::{self, MinidumpType, StreamType};
use userdump::write::{MemoryRange, Plan, ShortSource};
use userdump::{MinidumpBuilder, WriteError};
use userdump_walk::compressed::{self, Bucket, Compressed, Region};

use super::{by_every_way, file_of, mixed, threads};
use crate::plan::{shortfalls, write};
use crate::resources::measure;
use crate::roundtrip::{Input, Random};
use crate::support::facts::Facts;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        random_dumps_hold_the_same_compressed,
        ranges_are_cut_at_pages_where_a_bucket_is_full,
        the_header_says_what_follows,
        ranges_are_sorted_and_both_lists_are_one,
        ranges_that_share_addresses_are_refused,
        a_dump_without_memory_is_not_compressed,
        flags_and_stacks_are_those_of_compressed_memory,
        readers_are_read_once_whatever_the_sink_can_do,
        a_reader_that_ends_early_is_zero_filled_or_stops_the_dump,
        a_reader_that_fails_stops_the_dump,
        progress_is_reported_to_the_end,
        what_is_allocated_is_two_buffers_a_thread,
        bytes_that_cannot_be_compressed_stay_within_the_size_that_is_promised,
    ]
}

/// True if two ranges with bytes share an address.
fn is_overlapping(input: &Input) -> bool {
    let ranges = input.memory.iter().chain(&input.memory64).flatten().filter(|(_, bytes)| !bytes.is_empty());
    let mut bounds: Vec<_> = ranges.map(|(address, bytes)| (*address, bytes.len() as u64)).collect();
    bounds.sort_unstable();
    bounds.windows(2).any(|pair| pair[0].0.checked_add(pair[0].1).is_none_or(|end| end > pair[1].0))
}

fn random_dumps_hold_the_same_compressed() {
    let mut counts = [0; 3];
    for seed in 0..400 {
        let input = Input::random(seed);
        let plan = || {
            let mut builder = input.build();
            builder.compressed();
            builder.plan()
        };
        if is_overlapping(&input) {
            assert!(matches!(plan(), Err(WriteError::InvalidInput { .. })), "seed {seed}");
            counts[0] += 1;
            continue;
        }
        let plan = || plan().expect("no ranges share addresses");
        let size = plan().size();
        let (file, written) = by_every_way(plan);
        assert!(written.size <= size && written.size == file.len() as u64, "seed {seed}");
        // Both are in one list.
        let mut plain = Input::random(seed);
        let lists = [plain.memory.take(), plain.memory64.take()];
        let mut both: Vec<_> = lists.into_iter().flatten().flatten().collect();
        let has_bytes = both.iter().any(|(_, bytes)| !bytes.is_empty());
        assert_eq!(written.compressed.is_some(), has_bytes, "seed {seed}");
        counts[if has_bytes { 1 } else { 2 }] += 1;
        if has_bytes {
            both.sort_by_key(|(address, _)| *address);
            plain.memory = Some(both);
            compressed::check(&write(plain.build()), &file);
        } else {
            assert!(write(input.build()) == file, "seed {seed}");
        }
    }
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
}

/// By hand: a bucket has 4 MiB, and a range that does not fit is split at the last multiple of 4096.
fn ranges_are_cut_at_pages_where_a_bucket_is_full() {
    let bytes = mixed(9 << 20, 1);
    let plan = || {
        let mut dump = MinidumpBuilder::new();
        dump.memory64(MemoryRange::borrowed(0x1_0000, &bytes[..3 << 20]));
        dump.memory64(MemoryRange::borrowed(0x100_0010, &bytes[1 << 20..3 << 20]));
        dump.memory64(MemoryRange::borrowed(0x900_0000, &[]));
        dump.memory64(MemoryRange::borrowed(0x1000_0000, &bytes));
        dump.compressed();
        dump.plan().expect("it is small")
    };
    let (file, written) = by_every_way(plan);
    let facts = Facts::of(&file);
    let found = Compressed::of(&facts).expect("it is present");
    assert_eq!(found.broken(&facts), [""; 0]);
    let region = |number, address, bucket, size, offset| Region { number, address, bucket, size, offset };
    let expected = [
        region(0, 0x1_0000, 0, 0x30_0000, 0),
        region(1, 0x100_0010, 0, 0xf_fff0, 0x30_0000),
        region(2, 0x110_0000, 1, 0x10_0010, 0),
        region(3, 0x1000_0000, 1, 0x2f_f000, 0x10_0010),
        region(4, 0x102f_f000, 2, 0x40_0000, 0),
        region(5, 0x106f_f000, 3, 0x20_1000, 0),
    ];
    assert_eq!(found.regions, expected);
    let sizes: Vec<_> = found.buckets.iter().map(|it| (it.size, it.first, it.count)).collect();
    assert_eq!(sizes, [(0x3f_fff0, 0, 2), (0x3f_f010, 2, 2), (0x40_0000, 4, 1), (0x20_1000, 5, 1)]);
    let memory = facts.memory();
    let expected: [(u64, &[u8]); 3] =
        [(0x1_0000, &bytes[..3 << 20]), (0x100_0010, &bytes[1 << 20..3 << 20]), (0x1000_0000, &bytes)];
    assert!(memory.iter().map(|(address, bytes)| (*address, bytes.as_slice())).eq(expected), "other bytes");
    let numbers = written.compressed.expect("it is compressed");
    assert_eq!((numbers.regions, numbers.buckets, numbers.size), (6, 4, 14 << 20));
    assert_eq!(numbers.compressed_size, found.words[7]);
}

/// Header, regions, buckets and blocks, contiguous up to the end of the file.
fn the_header_says_what_follows() {
    let zeros = vec![0; 5 << 20];
    let mut dump = MinidumpBuilder::new();
    let flags1 = MiscInfoFlags::PROCESS_ID.bits();
    let mut misc = MiscInfo5::default();
    misc.misc_info4.misc_info3.misc_info2.misc_info.flags1 = flags1;
    misc.misc_info4.misc_info3.misc_info2.misc_info.process_id = 4711;
    dump.misc_info(misc).time_date_stamp(9).memory(MemoryRange::borrowed(0x2000, &zeros)).compressed();
    let file = file_of(dump.plan().expect("it is small"));
    let facts = Facts::of(&file);
    let found = Compressed::of(&facts).expect("it is present");
    assert_eq!(found.broken(&facts), [""; 0]);
    let [_, dump_id, process_id, largest, offset, size, bytes, packed, saved, ..] = found.words;
    let [.., regions, regions_at, regions_size, buckets, buckets_at, buckets_size, at, stream] = found.words;
    assert_ne!(dump_id, 0);
    assert_eq!((process_id, largest, bytes, saved), (4711, 4 << 20, 5 << 20, 100));
    assert_eq!((regions, buckets), (2, 2));
    assert_eq!(regions_at, offset + 192);
    assert_eq!((regions_size, buckets_at), (64, regions_at + 64));
    assert_eq!((buckets_size, at), (80, buckets_at + 80));
    assert_eq!((stream, at + stream), (packed, file.len() as u64));
    assert_eq!(size, file.len() as u64 - offset);
    let Bucket { offset, packed, .. } = found.buckets[0];
    assert_eq!((offset, found.buckets[1].offset), (at, at + u64::from(packed)));
}

fn ranges_are_sorted_and_both_lists_are_one() {
    let plan = || {
        let mut dump = MinidumpBuilder::new();
        dump.memory64(MemoryRange::borrowed(0x9000, b"nine")).memory(MemoryRange::borrowed(0x7000, b"seven"));
        dump.memory(MemoryRange::from_pieces(0x1000, vec![b"o", b"", b"ne"]));
        dump.memory64(MemoryRange::borrowed(0x8000, b"eight")).compressed();
        dump.plan().expect("it is small")
    };
    let (file, _) = by_every_way(plan);
    let memory = Facts::of(&file).memory();
    let expected: [(u64, &[u8]); 4] = [(0x1000, b"one"), (0x7000, b"seven"), (0x8000, b"eight"), (0x9000, b"nine")];
    assert!(memory.iter().map(|(address, bytes)| (*address, bytes.as_slice())).eq(expected), "{memory:x?}");
    assert_eq!(plan().memory(), (4, 17));
    // In place of the lists, after the token and before the regions of the address space.
    let mut dump = MinidumpBuilder::new();
    dump.memory_info(format::MemoryInfo::default()).stream(StreamType::TOKEN, &[0; 4][..]);
    dump.memory(MemoryRange::borrowed(1, b"1")).compressed();
    assert_eq!(Facts::of(&file_of(dump.plan().expect("it is small"))).kinds(), [19, 25, 16]);
}

fn ranges_that_share_addresses_are_refused() {
    for (address, is_refused) in [(0x0fff, true), (0x1000, true), (0x1003, true), (0x1004, false), (0x0ffc, false)] {
        let mut dump = MinidumpBuilder::new();
        dump.memory(MemoryRange::borrowed(0x1000, b"four")).memory64(MemoryRange::borrowed(address, b"more"));
        dump.memory(MemoryRange::borrowed(u64::MAX - 3, b"last")).compressed();
        let result = dump.plan();
        match result {
            Err(WriteError::InvalidInput { item, .. }) if is_refused => assert_eq!(item.to_string(), "memory range 1"),
            Ok(_) if !is_refused => {}
            other => panic!("{address:x}: {other:?}"),
        }
    }
}

fn a_dump_without_memory_is_not_compressed() {
    let dumps: [fn(&mut MinidumpBuilder<'_>); 4] = [
        |_| {},
        |dump| _ = dump.list(StreamType::MEMORY_LIST),
        |dump| _ = dump.list(StreamType::MEMORY64_LIST),
        |dump| _ = dump.memory64(MemoryRange::borrowed(0x1000, &[])).memory(MemoryRange::borrowed(0x2000, &[])),
    ];
    for make in dumps {
        let build = || {
            let mut dump = MinidumpBuilder::new();
            make(dump.flags(MinidumpType::WITH_FULL_MEMORY).comment("nothing else"));
            dump
        };
        let mut dump = build();
        dump.compressed();
        assert_eq!(dump.plan().expect("it is small").compressed(), None);
        let mut dump = build();
        dump.compressed();
        assert!(write(dump) == write(build()));
    }
}

fn flags_and_stacks_are_those_of_compressed_memory() {
    let build = |is_compressed| {
        let mut dump = MinidumpBuilder::new();
        dump.flags(MinidumpType::WITH_FULL_MEMORY | MinidumpType::WITH_HANDLE_DATA);
        let location = format::LocationDescriptor { data_size: 4, rva: 0xdead };
        let stack = format::MemoryDescriptor { start_of_memory_range: 0x1000, memory: location };
        dump.thread(format::Thread { thread_id: 1, stack, ..format::Thread::default() }, None);
        dump.memory(MemoryRange::borrowed(0x1000, b"four"));
        if is_compressed {
            dump.compressed();
        }
        file_of(dump.plan().expect("it is small"))
    };
    let (plain, packed) = (build(false), build(true));
    assert_eq!(Facts::of(&packed).header.flags, 0x400_0004);
    let [before, after] = [&plain, &packed].map(|file| Facts::of(file).threads().remove(0));
    assert_ne!(before.stack_at.0, 0);
    assert_eq!((after.stack_start, after.stack_size, after.stack_at.0), (0x1000, 4, 0));
    compressed::check(&plain, &packed);
}

/// Returns the bytes a few at a time, and fails if read past the end.
struct Once<'r>(&'r [u8], Random);

impl Read for Once<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.1.below(5) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        assert!(!self.0.is_empty(), "the reader is called beyond its range");
        let count = room.len().min(self.0.len()).min(1 + self.1.below(1 << 20) as usize);
        let (now, later) = self.0.split_at(count);
        room[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

fn readers_are_read_once_whatever_the_sink_can_do() {
    let bytes = mixed(11 << 20, 2);
    // Buckets have bytes of both kinds, or of one; some ranges begin and end within one.
    let cuts = [0, 100, 5000, 3 << 20, (3 << 20) + 7, 8 << 20, (8 << 20) + 4096, 11 << 20];
    let build = |from_readers: fn(usize) -> bool| {
        let mut dump = MinidumpBuilder::new();
        for (number, cut) in cuts.windows(2).enumerate() {
            let (address, bytes) = (0x10_0000 + 2 * cut[0] as u64, &bytes[cut[0]..cut[1]]);
            dump.memory64(match from_readers(number) {
                true => MemoryRange::from_reader(address, bytes.len() as u64, Once(bytes, Random::new(number as u64))),
                false => MemoryRange::borrowed(address, bytes),
            });
        }
        dump.compressed();
        dump.plan().expect("it is small")
    };
    let (expected, _) = by_every_way(|| build(|_| false));
    for from_readers in [|_| true, |number| number % 2 == 0, |number| number % 2 == 1, |number| number == 4] {
        let (file, _) = by_every_way(|| build(from_readers));
        assert!(file == expected);
    }
}

fn a_reader_that_ends_early_is_zero_filled_or_stops_the_dump() {
    let bytes = mixed(5 << 20, 3);
    let (given, size) = ((4 << 20) + 10, 9 << 20);
    let build = |short_source| {
        let mut dump = MinidumpBuilder::new();
        dump.short_source(short_source).memory64(MemoryRange::borrowed(0x1000, b"before"));
        dump.memory64(MemoryRange::from_reader(0x10_0000, size, &bytes[..given]));
        dump.memory64(MemoryRange::borrowed(0x1000_0000, b"behind")).compressed();
        dump.plan().expect("it is small")
    };
    let (file, written) = by_every_way(|| build(ShortSource::ZeroFill));
    assert_eq!(shortfalls(&written), [(0x10_0000, size, given as u64)]);
    let memory = Facts::of(&file).memory();
    let mut expected = bytes[..given].to_vec();
    expected.resize(size as usize, 0);
    assert!(memory[1] == (0x10_0000, expected) && memory[2] == (0x1000_0000, b"behind".to_vec()));
    for count in [1, 2] {
        let mut pipe = Vec::new();
        let result = build(ShortSource::Fail).with_threads(threads(count)).write_to(&mut pipe);
        assert!(pipe.is_empty(), "something was written before the sizes were known");
        let expected = (1, 0x10_0000, size, given as u64);
        match result {
            Err(WriteError::ShortSource { index, address, needed, available }) => {
                assert_eq!((index, address, needed, available), expected);
            }
            other => panic!("{other:?}"),
        }
    }
}

fn a_reader_that_fails_stops_the_dump() {
    let bytes = mixed(4 << 20, 4);
    for (given, count) in [(0usize, 1), (0, 2), (4 << 20, 1), (4 << 20, 2)] {
        let mut dump = MinidumpBuilder::new();
        let fails = |_: &mut [u8]| Err(io::ErrorKind::PermissionDenied.into());
        struct Fails<F>(F);
        impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Fails<F> {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                (self.0)(room)
            }
        }
        // Even if zero-filling was requested.
        dump.short_source(ShortSource::ZeroFill).memory64(MemoryRange::borrowed(0x1000, &bytes));
        let reader = bytes[..given].chain(Fails(fails));
        dump.memory64(MemoryRange::from_reader(0x1000_0000, 9 << 20, reader)).compressed();
        let plan = dump.plan().expect("it is small").with_threads(threads(count));
        match plan.write_to_seekable(io::Cursor::new(Vec::new())) {
            Err(WriteError::Source { index, address, needed, available, source }) => {
                assert_eq!((index, address, needed, available), (1, 0x1000_0000, 9 << 20, given as u64));
                assert_eq!(source.kind(), io::ErrorKind::PermissionDenied);
            }
            other => panic!("{other:?}"),
        }
    }
}

fn progress_is_reported_to_the_end() {
    let bytes = mixed(9 << 20, 5);
    let told = |is_compressed: bool, write: fn(Plan<'_>)| {
        let calls = std::sync::Mutex::new(Vec::new());
        let mut dump = MinidumpBuilder::new();
        dump.memory64(MemoryRange::borrowed(0x1000, &bytes));
        if is_compressed {
            dump.compressed();
        }
        let plan = dump.plan().expect("it is small");
        write(plan.with_threads(threads(2)).with_progress(|done, total| calls.lock().unwrap().push((done, total))));
        calls.into_inner().unwrap()
    };
    let pipe: fn(Plan<'_>) = |plan| drop(plan.write_to(io::sink()).expect("it accepts every write"));
    let file: fn(Plan<'_>) = |plan| drop(plan.write_to_seekable(io::Cursor::new(Vec::new())).expect("the same"));
    let memory = 9 << 20;
    for (is_compressed, write, total) in [(true, file, memory), (true, pipe, 2 * memory), (false, pipe, 0)] {
        let calls = told(is_compressed, write);
        let last = calls.last().expect("it is reported").0;
        let total = if total == 0 { last } else { total };
        assert!(last >= memory && last == total, "{last} of {total}");
        assert!(calls.is_sorted() && calls.iter().all(|(_, of)| *of == total), "{calls:?}");
        assert!(calls.len() >= 3, "{} calls", calls.len());
    }
}

/// The calling thread allocates all buffers. The encoder of a thread takes 16 KiB more.
fn what_is_allocated_is_two_buffers_a_thread() {
    const BUFFER: usize = (4 << 20) * 110 / 100 + 20;
    let bytes = mixed(96 << 20, 6);
    // Ranges that do not fill a bucket have to be joined, and there may be very many of them.
    for (count, buffers, size) in [(1, 2, 1_052_672), (2, 6, 1_052_672), (3, 8, 1_052_672), (2, 6, 32)] {
        let mut dump = MinidumpBuilder::new();
        for (number, range) in bytes.chunks(size).enumerate() {
            dump.memory64(MemoryRange::borrowed((number as u64) << 32, range));
        }
        dump.compressed();
        let plan = dump.plan().expect("it is small").with_threads(threads(count));
        struct Forgets(u64);
        impl io::Write for Forgets {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 += bytes.len() as u64;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (written, spent) = measure(|| plan.write_to(Forgets(0)));
        assert_eq!(written.expect("it accepts every write").compressed.map(|it| it.buckets), Some(24));
        assert!(spent.peak < buffers * BUFFER + (256 << 10), "{count} threads: {spent:?}");
    }
}

fn bytes_that_cannot_be_compressed_stay_within_the_size_that_is_promised() {
    let mut random = Random::new(7);
    for size in [1, 12, 13, 254, 255, 256, 4095, 65_536, (4 << 20) - 1, (4 << 20) + 1] {
        let bytes: Vec<u8> = (0..size).map(|_| random.below(256) as u8).collect();
        let plan = || {
            let mut dump = MinidumpBuilder::new();
            dump.memory(MemoryRange::borrowed(0x1000, &bytes)).compressed();
            dump.plan().expect("it is small")
        };
        let promised = plan().size();
        let (file, written) = by_every_way(plan);
        assert!(written.size <= promised && promised < written.size + 40 + size as u64 / 200, "{size}: {promised}");
        assert_eq!(Facts::of(&file).memory(), [(0x1000, bytes.clone())]);
    }
}
