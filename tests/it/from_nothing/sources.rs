//! Readers that fail: at every offset, once or permanently, in order or by address, for one range or for all, plain and
//! compressed.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Trial;
use userdump::write::{MemoryRange, ReadAt, ShortSource, Shortfall, Written};
use userdump::{FullUserDumpBuilder, MinidumpBuilder, WriteError};

use crate::roundtrip::Random;
use crate::support::facts::Facts;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_reader_that_fails_at_any_offset_is_zero_filled,
        a_process_with_any_missing_pages_is_zero_filled,
        a_range_decides_for_itself,
        errors_stop_the_dump_unless_they_are_zero_filled,
        interrupted_calls_are_repeated,
        many_ranges_share_one_file,
        bytes_in_a_file_are_what_borrowed_ones_would_be,
        the_end_of_a_source_is_not_an_error,
        ranges_at_the_highest_address_end_there,
        other_forms_are_zero_filled_too,
    ]
}

/// A byte value derived from its address.
fn byte(address: u64) -> u8 {
    (address ^ address >> 8 ^ address >> 16) as u8
}

fn bytes(address: u64, size: u64) -> Vec<u8> {
    (address..address + size).map(byte).collect()
}

/// Returns this many bytes and then fails.
struct FailsAt {
    address: u64,
    left: u64,
    step: usize,
    kind: ErrorKind,
}

impl Read for FailsAt {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(self.kind.into());
        }
        let count = room.len().min(self.step).min(self.left as usize);
        for (to, address) in room[..count].iter_mut().zip(self.address..) {
            *to = byte(address);
        }
        (self.address, self.left) = (self.address + count as u64, self.left - count as u64);
        Ok(count)
    }
}

/// The bytes of all ranges in the file, plain and compressed, and the report about them.
fn both_ways(make: &dyn Fn() -> MinidumpBuilder<'static>) -> [(Vec<u8>, Written); 2] {
    [false, true].map(|compressed| {
        let mut dump = make();
        if compressed {
            dump.compressed();
        }
        let mut file = Vec::new();
        let written = dump.plan().expect("it is small").write_to(&mut file).expect("errors are zero-filled");
        (file, written)
    })
}

fn contents(file: &[u8], address: u64, size: u64) -> Vec<u8> {
    let dump = userdump::Minidump::parse(file).expect("it opens");
    let mut bytes = vec![0xee; size as usize];
    assert_eq!(dump.memory().read(address, &mut bytes), bytes.len());
    bytes
}

fn a_reader_that_fails_at_any_offset_is_zero_filled() {
    const SIZE: u64 = 70;
    for at in (0..=SIZE).chain([65_535, 65_536, 65_537, 69_999]) {
        let size = if at > SIZE { 70_000 } else { SIZE };
        for step in [1, 7, usize::MAX] {
            if at > SIZE && step == 1 {
                continue;
            }
            let make = || {
                let mut dump = MinidumpBuilder::new();
                dump.short_source(ShortSource::ZeroFillErrors);
                let reader = FailsAt { address: 0x1000, left: at, step, kind: ErrorKind::PermissionDenied };
                dump.memory64(MemoryRange::from_reader(0x1000, size, reader));
                dump.memory64(MemoryRange::borrowed(0x10_0000, b"behind"));
                dump
            };
            let error = Some(ErrorKind::PermissionDenied);
            let gap = Gap { address: 0x1000, size, offset: at, missing: size - at, error };
            for (file, written) in both_ways(&make) {
                let mut expected = bytes(0x1000, at);
                expected.resize(size as usize, 0);
                assert!(contents(&file, 0x1000, size) == expected, "{at} {step}");
                assert_eq!(contents(&file, 0x10_0000, 6), b"behind");
                assert_eq!(gaps_in(&written), Vec::from_iter((at < size).then_some(gap)), "{at} {step}");
            }
        }
    }
}

/// A process with pages that cannot be read, each with its own error; a read that reaches one in the middle returns
/// what precedes it.
#[derive(Clone)]
struct Process {
    missing: Arc<[Option<ErrorKind>]>,
    first_page: u64,
    calls: Arc<AtomicUsize>,
}

impl ReadAt for Process {
    fn read_at(&self, address: u64, room: &mut [u8]) -> io::Result<usize> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let at = |address: u64| self.missing[(address / 4096 - self.first_page) as usize];
        if let Some(kind) = at(address) {
            return Err(kind.into());
        }
        let end = (address..address + room.len() as u64).find(|&address| at(address).is_some());
        let count = end.map_or(room.len(), |end| (end - address) as usize);
        for (to, address) in room[..count].iter_mut().zip(address..) {
            *to = byte(address);
        }
        Ok(count)
    }
}

/// The fields of a `Shortfall`, in a form that a test can construct.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gap {
    address: u64,
    size: u64,
    offset: u64,
    missing: u64,
    error: Option<ErrorKind>,
}

fn gaps_in(written: &Written) -> Vec<Gap> {
    let gap =
        |&Shortfall { address, size, offset, missing, error, .. }: &_| Gap { address, size, offset, missing, error };
    written.shortfalls.iter().map(gap).collect()
}

/// Runs of missing pages with one error.
fn gaps(missing: &[Option<ErrorKind>], (address, size): (u64, u64), first_page: u64) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for offset in 0..size {
        let Some(kind) = missing[((address + offset) / 4096 - first_page) as usize] else { continue };
        match gaps.last_mut() {
            Some(gap) if gap.offset + gap.missing == offset && gap.error == Some(kind) => gap.missing += 1,
            _ => gaps.push(Gap { address, size, offset, missing: 1, error: Some(kind) }),
        }
    }
    gaps
}

fn a_process_with_any_missing_pages_is_zero_filled() {
    let mut random = Random::new(5);
    for round in 0..40 {
        let pages = 40;
        let missing: Arc<[_]> = (0..pages)
            .map(|page| match (round, random.below(8)) {
                (0, _) => None,
                (1, _) => Some(ErrorKind::Other),
                (2, _) if page > 0 => None,
                (_, 0) => Some(ErrorKind::PermissionDenied),
                (_, 1 | 2) => Some(ErrorKind::Other),
                _ => None,
            })
            .collect();
        let (first_page, calls) = (0x100, Arc::new(AtomicUsize::new(0)));
        let process = Process { missing: missing.clone(), first_page, calls: calls.clone() };
        // The range need not start or end at a page border.
        let start = 0x10_0000 + random.below(4096);
        let size = (pages as u64) * 4096 - (start - 0x10_0000) - random.below(4096);
        let make = || {
            let mut dump = MinidumpBuilder::new();
            let range = MemoryRange::from_read_at(start, size, process.clone());
            dump.memory64(range.short_source(ShortSource::ZeroFillErrors));
            dump
        };
        let expected_gaps = gaps(&missing, (start, size), first_page);
        let mut expected = bytes(start, size);
        for gap in &expected_gaps {
            expected[gap.offset as usize..][..gap.missing as usize].fill(0);
        }
        for (file, written) in both_ways(&make) {
            assert!(contents(&file, start, size) == expected, "{round}");
            assert_eq!(gaps_in(&written), expected_gaps, "{round}");
        }
        // At most a call for each buffer, run and missing page, in both ways, one of which reads once in any case.
        let most = 2 * (2 + pages + 2 * expected_gaps.len() + 3);
        assert!(calls.load(Ordering::Relaxed) <= most, "{} calls, {most} at most", calls.load(Ordering::Relaxed));
    }
}

fn a_range_decides_for_itself() {
    let fails = || FailsAt { address: 0, left: 4, step: 4, kind: ErrorKind::TimedOut };
    let ends = || io::Cursor::new([7; 4]);
    // The setting for all ranges, the setting for this one, and whether an end and an error are then zero-filled.
    use ShortSource::{Fail, ZeroFill, ZeroFillErrors};
    for all in [Fail, ZeroFill, ZeroFillErrors] {
        for own in [None, Some(Fail), Some(ZeroFill), Some(ZeroFillErrors)] {
            let of = |range: MemoryRange<'static>| {
                let mut dump = MinidumpBuilder::new();
                dump.short_source(all);
                dump.memory(match own {
                    None => range,
                    Some(own) => range.short_source(own),
                });
                dump.plan().expect("it is small").write_to(io::sink())
            };
            let says = own.unwrap_or(all);
            let end = of(MemoryRange::from_reader(0x1000, 9, ends()));
            let error = of(MemoryRange::from_reader(0x1000, 9, fails()));
            assert_eq!((end.is_ok(), error.is_ok()), (says != Fail, says == ZeroFillErrors), "{all:?} {own:?}");
            if let Ok(end) = end {
                assert_eq!((end.shortfalls[0].error, end.shortfalls[0].offset), (None, 4));
            }
        }
    }
}

fn errors_stop_the_dump_unless_they_are_zero_filled() {
    for short_source in [ShortSource::Fail, ShortSource::ZeroFill] {
        for compressed in [false, true] {
            let missing: Arc<[_]> = [None, None, Some(ErrorKind::PermissionDenied), None].into();
            let process = Process { missing, first_page: 1, calls: Arc::default() };
            let mut dump = MinidumpBuilder::new();
            dump.short_source(short_source).memory(MemoryRange::from_read_at(0x1010, 0x3000, process));
            if compressed {
                dump.compressed();
            }
            let result = dump.plan().expect("it is small").write_to(io::sink());
            let Err(WriteError::Source { index, address, needed, available, source }) = result else {
                panic!("{result:?}");
            };
            assert_eq!((index, address, needed, available), (0, 0x1010, 0x3000, 0x1ff0));
            assert_eq!(source.kind(), ErrorKind::PermissionDenied);
        }
    }
}

fn interrupted_calls_are_repeated() {
    let turn = AtomicUsize::new(0);
    let source = move |address: u64, room: &mut [u8]| match turn.fetch_add(1, Ordering::Relaxed) % 3 {
        2 => {
            room[0] = byte(address);
            Ok(1)
        }
        _ => Err(ErrorKind::Interrupted.into()),
    };
    let mut dump = MinidumpBuilder::new();
    dump.memory(MemoryRange::from_read_at(0x1000, 300, source));
    let mut file = Vec::new();
    let written = dump.plan().expect("it is small").write_to(&mut file).expect("it returns everything eventually");
    assert_eq!(gaps_in(&written), []);
    assert_eq!(Facts::of(&file).read(0x1000, 300), bytes(0x1000, 300));
}

fn many_ranges_share_one_file() {
    let mut named = tempfile::NamedTempFile::new().expect("there is room");
    io::Write::write_all(&mut named, &bytes(0, 0x9000)).expect("there is room");
    let file = Arc::new(named.reopen().expect("it is present"));
    let mut dump = MinidumpBuilder::new();
    let ranges = [(0x5000, 0x1001), (0x10, 5), (0x8fff, 1), (0x2000, 0)];
    for (address, size) in ranges {
        dump.memory(MemoryRange::from_read_at(address, size, file.clone()));
    }
    // There is nothing past the end of the file.
    let behind = MemoryRange::from_read_at(0x8ff0, 0x20, file.clone()).short_source(ShortSource::ZeroFill);
    dump.memory64(behind);
    let mut out = Vec::new();
    let written = dump.plan().expect("it is small").write_to(&mut out).expect("the file exists");
    let gap = Gap { address: 0x8ff0, size: 0x20, offset: 0x10, missing: 0x10, error: None };
    assert_eq!(gaps_in(&written), [gap]);
    let facts = Facts::of(&out);
    for (range, (address, size)) in facts.ranges().iter().zip(ranges) {
        assert!((range.address, range.bytes.0) == (address, &bytes(address, size)));
    }
    assert_eq!(Arc::strong_count(&file), 1, "the plan keeps nothing open");
}

fn bytes_in_a_file_are_what_borrowed_ones_would_be() {
    let mut named = tempfile::NamedTempFile::new().expect("there is room");
    let held = bytes(0, 0x2_3456);
    io::Write::write_all(&mut named, &held).expect("there is room");
    let file = named.reopen().expect("it is present");
    let places = [(0, 1), (0x1001, 0x2000), (7, 0x2_0001), (0x2_3455, 1), (0x100, 0), (0x1_0000, 0x1_0000)];
    let make = |in_file: bool, compressed: bool| {
        let mut dump = MinidumpBuilder::new();
        for (index, (offset, size)) in (1..).zip(places) {
            let address = index * 0x100_0000;
            let borrowed = &held[offset as usize..][..size as usize];
            dump.memory64(match in_file {
                true => MemoryRange::from_file(address, size, &file, offset),
                false => MemoryRange::borrowed(address, borrowed),
            });
        }
        if compressed {
            dump.compressed();
        }
        let mut out = Vec::new();
        dump.plan().expect("it is small").write_to(&mut out).expect("everything is present");
        out
    };
    for compressed in [false, true] {
        assert!(make(true, compressed) == make(false, compressed), "{compressed}");
    }
    if cfg!(unix) {
        let position = io::Seek::stream_position(&mut &file).expect("it is a file");
        assert_eq!(position, 0, "its position is that of the caller");
    }

    for (offset, available) in [(0x2_3446, 0x10), (0x2_3456, 0), (0x100_0000, 0), (u64::MAX, 0)] {
        let range = || MemoryRange::from_file(0x7000, 0x1_0020, &file, offset);
        let mut dump = MinidumpBuilder::new();
        dump.memory(range());
        let error = dump.plan().expect("it is small").write_to(io::sink()).expect_err("the file ends before");
        let found = match error {
            WriteError::ShortSource { index, address, needed, available } => (index, address, needed, available),
            // Offsets that the system cannot have.
            WriteError::Source { index, address, needed, available, .. } if offset > i64::MAX as u64 => {
                (index, address, needed, available)
            }
            other => panic!("{other}"),
        };
        assert_eq!(found, (0, 0x7000, 0x1_0020, available), "{offset:#x}");
        let mut dump = MinidumpBuilder::new();
        dump.memory(range().short_source(ShortSource::ZeroFillErrors));
        let written = dump.plan().expect("it is small").write_to(io::sink()).expect("zeros are allowed");
        let missing: u64 = written.shortfalls.iter().map(|gap| gap.missing).sum();
        assert_eq!(missing, 0x1_0020 - available, "{offset:#x}");
    }
}

fn the_end_of_a_source_is_not_an_error() {
    for short_source in [ShortSource::ZeroFill, ShortSource::ZeroFillErrors] {
        let source = |address: u64, room: &mut [u8]| {
            let count = room.len().min(0x1800_u64.saturating_sub(address) as usize);
            room[..count].fill(1);
            Ok(count)
        };
        let mut dump = MinidumpBuilder::new();
        dump.short_source(short_source).memory(MemoryRange::from_read_at(0x1000, 0x2_0000, source));
        let written = dump.plan().expect("it is small").write_to(io::sink()).expect("zero-filling was requested");
        let gap = Gap { address: 0x1000, size: 0x2_0000, offset: 0x800, missing: 0x1_f800, error: None };
        assert_eq!(gaps_in(&written), [gap]);
    }
}

fn ranges_at_the_highest_address_end_there() {
    let source = |_: u64, room: &mut [u8]| {
        room.fill(9);
        Ok(room.len())
    };
    let mut dump = MinidumpBuilder::new();
    dump.memory(MemoryRange::from_read_at(u64::MAX - 15, 16, source)).memory(MemoryRange::from_read_at(
        u64::MAX,
        1,
        source,
    ));
    let mut file = Vec::new();
    let written = dump.plan().expect("it is small").write_to(&mut file).expect("everything is present");
    assert_eq!(gaps_in(&written), []);
    let failing = |_: u64, _: &mut [u8]| Err(ErrorKind::Other.into());
    let mut dump = MinidumpBuilder::new();
    dump.short_source(ShortSource::ZeroFillErrors);
    dump.memory(MemoryRange::from_read_at(u64::MAX - 0x1fff, 0x2000, failing));
    let written = dump.plan().expect("it is small").write_to(io::sink()).expect("errors are zero-filled");
    let error = Some(ErrorKind::Other);
    let gap = Gap { address: u64::MAX - 0x1fff, size: 0x2000, offset: 0, missing: 0x2000, error };
    assert_eq!(gaps_in(&written), [gap]);
}

/// The older format has the same readers.
fn other_forms_are_zero_filled_too() {
    let missing: Arc<[_]> = [None, Some(ErrorKind::TimedOut), None].into();
    let process = Process { missing, first_page: 1, calls: Arc::default() };
    let mut dump = FullUserDumpBuilder::new_64_bit(userdump::format::full_user_dump::ImageFileMachine::AMD64);
    dump.short_source(ShortSource::ZeroFillErrors);
    let row = userdump::format::MemoryInfo { base_address: 0x1000, region_size: 0x3000, ..Default::default() };
    dump.region(row, MemoryRange::from_read_at(0x1000, 0x3000, process));
    let mut file = Vec::new();
    let written = dump.plan().expect("it is small").write_to(&mut file).expect("errors are zero-filled");
    let error = Some(ErrorKind::TimedOut);
    assert_eq!(gaps_in(&written), [Gap { address: 0x1000, size: 0x3000, offset: 0x1000, missing: 0x1000, error }]);
    let mut expected = bytes(0x1000, 0x3000);
    expected[0x1000..0x2000].fill(0);
    assert!(file.windows(0x3000).any(|window| window == expected));
}
