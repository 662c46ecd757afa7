//! The limits of 32 and 64 bits: what fits gets its right offset, what does not is refused by name, and nothing wraps.

use std::io::{self, ErrorKind, Write};

use libtest_mimic::Trial;
use userdump::error::Item;
use userdump::format::{RvaWidth, StreamType};
use userdump::write::{MemoryRange, PartId, Plan};
use userdump::{MappedFile, MinidumpBuilder, WriteError};

use crate::resources::measure;
use crate::support::facts::Facts;
use crate::support::{holes, trial_of_large_file, trials};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        a_wide_list_reaches_beyond_4_gib,
        a_wide_list_of_a_tebibyte_is_planned_without_allocating_it,
        a_wide_list_may_end_with_the_last_of_64_bits,
        a_wide_list_beyond_64_bits_is_refused,
        a_narrow_list_up_to_4_gib_is_accepted,
        a_narrow_range_that_begins_beyond_4_gib_is_refused,
        a_narrow_range_that_ends_beyond_4_gib_is_refused,
        a_narrow_range_of_more_than_4_gib_is_refused,
        a_narrow_list_beyond_64_bits_is_refused,
        a_wide_list_after_4_gib_of_narrow_ranges_is_refused,
        parts_beyond_4_gib_are_refused,
        a_hundred_megabytes_are_counted_right,
    ];
    trials.push(trial_of_large_file("widths::a_part_of_4_gib_is_refused", a_part_of_4_gib_is_refused));
    trials
}

const GIB: u64 = 1 << 30;

/// A range of zeros of any size, which costs nothing until it is written.
fn zeros(address: u64, size: u64) -> MemoryRange<'static> {
    MemoryRange::from_reader(address, size, io::repeat(0))
}

/// Keeps the first bytes and accepts no more.
struct Start {
    kept: Vec<u8>,
    room: usize,
}

impl Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.room - self.kept.len());
        if count == 0 {
            return Err(ErrorKind::StorageFull.into());
        }
        self.kept.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The first bytes of a dump that is too long to be written here.
fn start_of(plan: Plan<'_>, room: usize) -> Vec<u8> {
    let mut sink = Start { kept: Vec::new(), room };
    let result = plan.write_to(&mut sink);
    assert!(matches!(result, Err(WriteError::Io { .. })), "{result:?}");
    assert_eq!(sink.kept.len(), room);
    sink.kept
}

fn overflow(result: Result<Plan<'_>, WriteError>) -> (Item, u64, u64) {
    // Printing a plan would print all its bytes, of which there are many here.
    match result.map(|plan| plan.size()) {
        Err(WriteError::RvaOverflow { item, offset, size }) => (item, offset, size),
        other => panic!("{other:?}"),
    }
}

/// The same for 64-bit values: no 32-bit RVA is to blame.
fn wide_overflow(result: Result<Plan<'_>, WriteError>) -> (Item, u64, u64) {
    match result.map(|plan| plan.size()) {
        Err(WriteError::Overflow { item, offset, size }) => (item, offset, size),
        other => panic!("{other:?}"),
    }
}

fn range(index: u64) -> Item {
    Item { name: "memory range", index: Some(index) }
}

/// The file offset of the bytes of a list in a dump that has nothing else: after header, directory and descriptors.
fn base(ranges: u64, wide: bool) -> u64 {
    48 + if wide { 16 } else { 4 } + 16 * ranges
}

fn a_wide_list_reaches_beyond_4_gib() {
    let sizes = [3 * GIB, 5, 7 * GIB, 1, 64 * GIB];
    let mut dump = MinidumpBuilder::new();
    let name = dump.text("t");
    dump.thread_name(1, name);
    for (index, size) in sizes.into_iter().enumerate() {
        dump.memory64(zeros((index as u64) << 40, size));
    }
    let plan = dump.plan().expect("it fits in 64 bits");
    assert_eq!(plan.memory(), (5, 74 * GIB + 6));
    let size = plan.size();
    let [list, _] = [0, 1].map(|entry| plan.directory()[entry].location);
    assert_eq!(size, u64::from(list.rva) + u64::from(list.data_size) + 74 * GIB + 6);
    let start = start_of(plan, 1 << 20);
    let facts = Facts::of(&start);
    let end = facts.stream(9).map(|it| it.rva.0 + u64::from(it.size)).expect("it is present");
    let found: Vec<_> = facts.ranges().iter().map(|it| (it.address, it.size, it.at.0 - end)).collect();
    let expected = [
        (0, 3 * GIB, 0),
        (1 << 40, 5, 3 * GIB),
        (2 << 40, 7 * GIB, 3 * GIB + 5),
        (3 << 40, 1, 10 * GIB + 5),
        (4 << 40, 64 * GIB, 10 * GIB + 6),
    ];
    assert_eq!(found, expected);
    assert_eq!(facts.thread_names()[0].name.text.as_deref(), Some("t"));
    assert!(start[end as usize..].iter().all(|byte| *byte == 0));
}

fn a_wide_list_of_a_tebibyte_is_planned_without_allocating_it() {
    let (plan, spent) = measure(|| {
        let mut dump = MinidumpBuilder::new();
        for index in 0..1024 {
            dump.memory64(zeros(index * GIB, GIB));
        }
        dump.plan().expect("it fits in 64 bits")
    });
    assert_eq!(plan.size(), base(1024, true) + 1024 * GIB);
    println!("a plan of 1 TiB in 1024 ranges: {spent:?}");
    assert!(spent.peak < 256 * 1024, "{spent:?}");
    let start = start_of(plan, 1 << 20);
    let ranges = Facts::of(&start).ranges().into_iter().map(|it| (it.address, it.size, it.at.0));
    assert!(ranges.eq((0..1024).map(|index| (index * GIB, GIB, base(1024, true) + index * GIB))));
}

fn a_wide_list_may_end_with_the_last_of_64_bits() {
    let all = u64::MAX - base(2, true);
    let mut dump = MinidumpBuilder::new();
    dump.memory64(zeros(u64::MAX, all - 9)).memory64(zeros(0, 9));
    let plan = dump.plan().expect("it just fits");
    assert_eq!((plan.size(), plan.memory()), (u64::MAX, (2, all)));
}

fn a_wide_list_beyond_64_bits_is_refused() {
    let all = u64::MAX - base(2, true);
    for (first, second) in [(all, 1), (all - 9, 10), (1, u64::MAX), (u64::MAX / 2 + 1, u64::MAX / 2 + 1)] {
        let mut dump = MinidumpBuilder::new();
        dump.memory64(zeros(1, first)).memory64(zeros(2, second));
        assert_eq!(wide_overflow(dump.plan()), (range(1), base(2, true) + first, second));
    }
    let mut dump = MinidumpBuilder::new();
    dump.memory64(zeros(1, u64::MAX)).memory64(zeros(2, u64::MAX));
    assert_eq!(wide_overflow(dump.plan()), (range(0), base(2, true), u64::MAX));
}

fn a_narrow_list_up_to_4_gib_is_accepted() {
    let mut dump = MinidumpBuilder::new();
    dump.memory(zeros(0, 3 * GIB)).memory(zeros(4 * GIB, GIB - base(3, false) - 1)).memory(zeros(8 * GIB, 1));
    let plan = dump.plan().expect("it just fits");
    assert_eq!(plan.size(), 4 * GIB);
    let start = start_of(plan, 4096);
    let found: Vec<_> = Facts::of(&start).ranges().iter().map(|it| (it.size, it.at.0)).collect();
    let base = base(3, false);
    assert_eq!(found, [(3 * GIB, base), (GIB - base - 1, base + 3 * GIB), (1, 4 * GIB - 1)]);
}

fn a_narrow_range_that_begins_beyond_4_gib_is_refused() {
    // The fourth would begin at the last offset that an RVA can hold, at the first one past it, and far past it.
    for (third, fits) in [(GIB - base(4, false) - 1, true), (GIB - base(4, false), false)] {
        for size in [0, 1] {
            let mut dump = MinidumpBuilder::new();
            dump.memory(zeros(0, GIB)).memory(zeros(0, 2 * GIB)).memory(zeros(0, third)).memory(zeros(0, size));
            let result = dump.plan();
            if fits {
                assert!(result.is_ok(), "the third has {third} bytes");
            } else {
                assert_eq!(overflow(result), (range(3), 4 * GIB, size));
            }
        }
    }
    let mut dump = MinidumpBuilder::new();
    for address in 0..100 {
        dump.memory(zeros(address * GIB, GIB / 2));
    }
    let error = dump.plan().map(|plan| plan.size()).expect_err("50 GiB do not fit");
    assert_eq!(
        error.to_string(),
        "memory range 7 would take 536870912 bytes at 0xe0000674, beyond the 4 GiB limit of an RVA"
    );
}

fn a_narrow_range_that_ends_beyond_4_gib_is_refused() {
    for (second, fits) in [(GIB - base(2, false), true), (GIB - base(2, false) + 1, false), (2 * GIB, false)] {
        let mut dump = MinidumpBuilder::new();
        dump.memory(zeros(0, 3 * GIB)).memory(zeros(0, second));
        let result = dump.plan();
        if fits {
            assert_eq!(result.map(|plan| plan.size()).ok(), Some(4 * GIB));
        } else {
            assert_eq!(overflow(result), (range(1), base(2, false) + 3 * GIB, second));
        }
    }
}

fn a_narrow_range_of_more_than_4_gib_is_refused() {
    for size in [4 * GIB, 4 * GIB + 1, 5 * GIB, 1 << 60] {
        let mut dump = MinidumpBuilder::new();
        dump.memory(zeros(0, 16)).memory(zeros(0, size)).memory(zeros(0, 16));
        assert_eq!(overflow(dump.plan()), (range(1), base(3, false) + 16, size));
    }
}

fn a_narrow_list_beyond_64_bits_is_refused() {
    let mut dump = MinidumpBuilder::new();
    dump.memory(zeros(0, 16)).memory(zeros(0, u64::MAX));
    assert_eq!(overflow(dump.plan()), (range(1), base(2, false) + 16, u64::MAX));
}

/// The descriptors of the wide list are found by a 32-bit RVA, wherever its bytes are.
fn a_wide_list_after_4_gib_of_narrow_ranges_is_refused() {
    for (narrow, fits) in [(4 * GIB - 200, true), (4 * GIB - 60 - 20, false)] {
        let mut dump = MinidumpBuilder::new();
        dump.memory(zeros(0, narrow)).memory64(zeros(0, 64 * GIB));
        match dump.plan() {
            Ok(plan) => {
                assert!(fits, "{} bytes", plan.size());
                let start = start_of(plan, 80);
                let facts = Facts::of(&start);
                assert_eq!(facts.stream(9).map(|it| it.rva.0 % 8), Some(0));
            }
            result => {
                let (item, offset, size) = overflow(result);
                assert!(!fits);
                assert_eq!(item, Item { name: "MINIDUMP_MEMORY64_LIST", index: None });
                assert_eq!((offset, size), (4 * GIB, 32));
            }
        }
    }
}

fn parts_beyond_4_gib_are_refused() {
    let buffer = vec![0; 64 << 20];
    let mut dump = MinidumpBuilder::new();
    let parts: Vec<PartId> = (0..64).map(|_| dump.part("large part", &buffer)).collect();
    let stream = dump.stream(StreamType(0x1_0000), vec![0; 64 * 4]);
    for (part, index) in parts.into_iter().zip(0..) {
        dump.reference(stream, 4 * index, RvaWidth::Rva, part);
    }
    // Header and one directory entry, then the stream: the last part begins below 4 GiB and ends above.
    let last = 48 + 64 * 4 + 63 * (64 << 20);
    let item = Item { name: "large part", index: Some(63) };
    assert_eq!(overflow(dump.plan()), (item, last, 64 << 20));

    let mut dump = MinidumpBuilder::new();
    for _ in 0..65 {
        dump.stream(StreamType(0x1_0000), &buffer);
    }
    let (item, offset, size) = overflow(dump.plan());
    assert_eq!((item, size), (Item { name: "stream", index: None }, 64 << 20));
    assert_eq!(offset, (32u64 + 65 * 12).next_multiple_of(8) + 63 * (64 << 20));
}

/// A sparse file of zeros is mapped as a slice of that size, where addresses are wide enough.
fn a_part_of_4_gib_is_refused() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is a folder for tests");
    let path = folder.path().join("zeros");
    holes::create(&path).and_then(|file| file.set_len(4 * GIB)).expect("sparse files are supported");
    let zeros = MappedFile::open(&path).expect("it was just made");
    type Use = fn(&mut MinidumpBuilder<'_>, PartId);
    let uses: [Use; 3] = [
        |dump, part| _ = dump.nameless_module(Default::default(), Some(part), None),
        |dump, part| _ = dump.thread(Default::default(), Some(part)),
        |dump, part| _ = dump.exception(Default::default(), Some(part)),
    ];
    for add in uses {
        let mut dump = MinidumpBuilder::new();
        let part = dump.part("vast part", &zeros[..]);
        add(&mut dump, part);
        let Err(WriteError::SizeOverflow { item, found, unit, limit }) = dump.plan() else {
            panic!("its size does not fit in 32 bits");
        };
        assert_eq!((item, found), (Item { name: "vast part", index: Some(0) }, 4 * GIB));
        assert_eq!((unit, limit), ("bytes", 4 * GIB - 1));
    }
    let mut dump = MinidumpBuilder::new();
    dump.stream(StreamType::TOKEN, &zeros[..]);
    assert_eq!(overflow(dump.plan()), (Item { name: "Token", index: None }, 48, 4 * GIB));
}

fn a_hundred_megabytes_are_counted_right() {
    #[derive(Default)]
    struct Count(u64);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut dump = MinidumpBuilder::new();
    for (address, size) in [(0, 1 << 25), (1 << 25, (1 << 26) + 3), (1 << 40, 77)] {
        dump.memory64(zeros(address, size));
    }
    dump.memory(zeros(7, 1 << 20));
    let plan = dump.plan().expect("it is not that large");
    let size = plan.size();
    let mut sink = Count::default();
    let written = plan.write_to(&mut sink).expect("the counter accepts every write");
    assert_eq!((sink.0, written.size), (size, size));
    let lists = 32 + 2 * 12 + 4 + 16;
    let expected = (lists + (1u64 << 20)).next_multiple_of(8) + 16 + 3 * 16 + (1 << 25) + (1 << 26) + 3 + 77;
    assert_eq!(size, expected);
}
