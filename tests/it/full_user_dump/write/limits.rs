//! The limits of 32 and 64 bits, and the cost of writing.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::Trial;
use userdump::WriteError;
use userdump::error::Item;
use userdump::format::MemoryInfo;
use userdump::format::full_user_dump::{CrashModule64, CrashThread64, ImageFileMachine};
use userdump::write::{FullUserDumpBuilder, MemoryRange, Plan};

use super::{empty, sized, write};
use crate::resources::{Count, measure};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_narrow_dump_of_4_gib_is_accepted,
        a_narrow_dump_of_more_than_4_gib_is_refused,
        version_information_above_4_gib_is_refused,
        parts_above_4_gib_are_refused,
        nothing_is_read_for_a_dump_that_is_refused,
        a_wide_dump_reaches_beyond_4_gib,
        a_wide_dump_may_end_with_the_last_of_64_bits,
        memory_of_any_size_costs_the_same,
        borrowed_memory_is_written_in_place,
    ]
}

const GIB: u64 = 1 << 30;

/// The file offset of the memory of a narrow dump that has only regions: after header and table.
const fn narrow_base(regions: u64) -> u64 {
    64 + 28 * regions
}

fn zeros<'a>(dump: &mut FullUserDumpBuilder<'a>, size: u64) {
    dump.region(sized(size), MemoryRange::from_reader(0x1000, size, io::repeat(0)));
}

fn overflow(result: Result<Plan<'_>, WriteError>) -> (Item, u64, u64) {
    match result.map(|plan| plan.size()) {
        Err(WriteError::RvaOverflow { item, offset, size }) => (item, offset, size),
        other => panic!("{other:?}"),
    }
}

fn range(index: u64) -> Item {
    Item { name: "memory range", index: Some(index) }
}

fn a_narrow_dump_of_4_gib_is_accepted() {
    let mut dump = empty(false);
    zeros(&mut dump, 3 * GIB);
    zeros(&mut dump, GIB - narrow_base(2));
    let plan = dump.plan().expect("it just fits");
    assert_eq!((plan.size(), plan.memory()), (4 * GIB, (2, 4 * GIB - narrow_base(2))));
}

fn a_narrow_dump_of_more_than_4_gib_is_refused() {
    for second in [GIB - narrow_base(2) + 1, 2 * GIB] {
        let mut dump = empty(false);
        zeros(&mut dump, 3 * GIB);
        zeros(&mut dump, second);
        assert_eq!(overflow(dump.plan()), (range(1), narrow_base(2) + 3 * GIB, second));
    }
    let mut dump = empty(false);
    zeros(&mut dump, 4 * GIB - 1);
    let error = dump.plan().map(|plan| plan.size()).expect_err("the header needs space too");
    assert_eq!(
        error.to_string(),
        "memory range 0 would take 4294967295 bytes at 0x5c, beyond the 4 GiB limit of an RVA"
    );
}

fn version_information_above_4_gib_is_refused() {
    let item = Item { name: "version information", index: None };
    for (room, fits) in [(100, true), (99, false), (1, false), (0, false)] {
        let memory = 4 * GIB - narrow_base(1) - room;
        let mut dump = empty(false);
        dump.service_pack("Service Pack 1");
        zeros(&mut dump, memory);
        let result = dump.plan();
        if fits {
            assert_eq!(result.map(|plan| plan.size()).ok(), Some(4 * GIB));
        } else {
            assert_eq!(overflow(result), (item, 4 * GIB - room, 100));
        }
    }
    // It has no bytes, but it has an offset in the header.
    let mut dump = empty(false);
    dump.version_information(&[]);
    zeros(&mut dump, 4 * GIB - narrow_base(1));
    assert_eq!(overflow(dump.plan()), (item, 4 * GIB, 0));
}

fn parts_above_4_gib_are_refused() {
    // One buffer, borrowed repeatedly as a context of a machine whose contexts may have any size.
    let buffer = vec![0; 64 << 20];
    let dump = |constructor: fn(ImageFileMachine) -> FullUserDumpBuilder<'static>, threads| {
        let mut dump: FullUserDumpBuilder<'_> = constructor(ImageFileMachine::IA64);
        (0..threads).for_each(|_| _ = dump.thread(CrashThread64::default(), &buffer));
        dump.module(CrashModule64::default(), b"m");
        dump.plan().map(|plan| plan.size())
    };
    let Err(WriteError::RvaOverflow { item, offset, size }) = dump(FullUserDumpBuilder::new_32_bit, 64) else {
        panic!("the last one ends above 4 GiB");
    };
    assert_eq!((item, offset, size), (Item { name: "CONTEXT", index: Some(63) }, 64 + 63 * (64 << 20), 64 << 20));
    assert_eq!(dump(FullUserDumpBuilder::new_64_bit, 65).ok(), Some(96 + 65 * (64 << 20) + 65 * 80 + 16 + 2));
    assert_eq!(dump(FullUserDumpBuilder::new_32_bit, 63).ok(), Some(64 + 63 * (64 << 20) + 63 * 48 + 12 + 2));
}

/// Records when it is read.
struct Watched<'a>(&'a AtomicBool);

impl Read for Watched<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.store(true, Ordering::Relaxed);
        Ok(room.len())
    }
}

fn nothing_is_read_for_a_dump_that_is_refused() {
    let read = AtomicBool::new(false);
    let mut dump = empty(false);
    for _ in 0..2 {
        dump.region(sized(2 * GIB), MemoryRange::from_reader(0, 2 * GIB, Watched(&read)));
    }
    assert_eq!(overflow(dump.plan()), (range(1), narrow_base(2) + 2 * GIB, 2 * GIB));
    assert!(!read.load(Ordering::Relaxed));
}

/// Counts bytes, and keeps the first 4096 and the last 16.
#[derive(Default)]
struct Ends {
    size: u64,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl Write for Ends {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.size += bytes.len() as u64;
        let room = 4096 - self.first.len();
        self.first.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.last.extend_from_slice(&bytes[bytes.len().saturating_sub(16)..]);
        let surplus = self.last.len().saturating_sub(16);
        self.last.drain(..surplus);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn a_wide_dump_reaches_beyond_4_gib() {
    let buffer = vec![7; 64 << 20];
    let mut dump = empty(true);
    dump.thread(CrashThread64::default(), vec![1; 1232]).module(CrashModule64::default(), b"m");
    for _ in 0..80 {
        dump.region(sized(64 << 20), MemoryRange::borrowed(0, &buffer));
    }
    dump.region(sized(3), MemoryRange::borrowed(0, b"end")).version_information(b"version");
    // 96 for the header, 48 for each region, a context, a state, a module of 16 + 2.
    let base = 96 + 81 * 48 + 1232 + 80 + 18;
    let plan = dump.plan().expect("it fits in 64 bits");
    assert_eq!((plan.size(), plan.memory()), (base + 5 * GIB + 3 + 7, (81, 5 * GIB + 3)));
    let mut sink = Ends::default();
    let written = plan.write_to(&mut sink).expect("the counter accepts every write");
    assert_eq!((written.size, sink.size), (base + 5 * GIB + 10, base + 5 * GIB + 10));
    assert_eq!(&sink.last, b"\x07\x07\x07\x07\x07\x07endversion");
    let words = sink.first[32..96].chunks(8).map(|it| u64::from_le_bytes(it.try_into().expect("eight")));
    let contexts = 96 + 81 * 48;
    let expected = [contexts, contexts + 1232 + 80, base, 96, 0, contexts + 1232, base + 5 * GIB + 3, 0];
    assert_eq!(words.collect::<Vec<_>>(), expected);
}

fn a_wide_dump_may_end_with_the_last_of_64_bits() {
    let all = u64::MAX - 96 - 2 * 48;
    for (second, fits) in [(9, true), (10, false)] {
        let mut dump = empty(true);
        zeros(&mut dump, all - 9);
        zeros(&mut dump, second);
        let result = dump.plan();
        if fits {
            assert_eq!(result.map(|plan| plan.size()).ok(), Some(u64::MAX));
        } else {
            let Err(WriteError::Overflow { item, offset, size }) = result.map(|plan| plan.size()) else {
                panic!("it cannot fit");
            };
            assert_eq!((item, offset, size), (range(1), u64::MAX - 9, 10));
        }
    }
}

fn memory_of_any_size_costs_the_same() {
    let buffer = vec![7; 1 << 20];
    let borrowed = |size: usize, wide: bool| {
        let mut sink = Count::default();
        let (result, spent) = measure(|| {
            let mut dump = empty(wide);
            for _ in 0..1000 {
                dump.region(sized(size as u64), MemoryRange::borrowed(0, &buffer[..size]));
            }
            dump.plan().expect("it is below 4 GiB").write_to(&mut sink)
        });
        let base = if wide { 96 + 1000 * 48 } else { 64 + 1000 * 28 };
        assert_eq!(result.map(|written| written.size).ok(), Some(base + 1000 * size as u64));
        spent
    };
    let from_reader = |size: u64, wide: bool| {
        let mut sink = Count::default();
        let (result, spent) = measure(|| {
            let mut dump = empty(wide);
            (0..10).for_each(|_| zeros(&mut dump, size));
            dump.plan().expect("it is below 4 GiB").write_to(&mut sink)
        });
        assert!(result.is_ok_and(|written| written.size > 10 * size));
        spent
    };
    for wide in [false, true] {
        let spent = borrowed(1 << 20, wide);
        println!("1000 regions of a mebibyte: {spent:?}");
        assert_eq!(spent.peak, borrowed(1, wide).peak);
        assert!(spent.peak < 1000 * 400, "{spent:?}");
        let spent = from_reader(16 << 20, wide);
        println!("10 readers of 16 MiB: {spent:?}");
        assert_eq!(spent.peak, from_reader(100_000, wide).peak);
        assert!(spent.peak < 80 * 1024, "{spent:?}");
    }
}

/// Counts the bytes that are inside a buffer.
struct Within<'a> {
    buffer: &'a [u8],
    size: usize,
}

impl Write for Within<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (buffer, run) = (self.buffer.as_ptr_range(), bytes.as_ptr_range());
        self.size += if buffer.start <= run.start && run.end <= buffer.end { bytes.len() } else { 0 };
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn borrowed_memory_is_written_in_place() {
    let buffer = vec![7; 10_000];
    for wide in [false, true] {
        let dump = || {
            let mut dump = empty(wide);
            dump.region(sized(6000), MemoryRange::borrowed(0, &buffer[..6000]));
            let row = MemoryInfo { region_size: 4000, ..Default::default() };
            dump.region(row, MemoryRange::from_pieces(0, vec![&buffer[6000..7000], &buffer[7000..]]));
            dump.version_information(b"version");
            dump
        };
        let mut sink = Within { buffer: &buffer, size: 0 };
        dump().plan().expect("it is small").write_to(&mut sink).expect("the sink accepts everything");
        assert_eq!(sink.size, 10_000);
        assert!(write(dump()).ends_with(b"\x07version"));
    }
}
