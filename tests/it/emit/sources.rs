//! Memory from readers that are called while the dump is written: as much as planned, whatever they return.

use std::io::{self, Cursor, ErrorKind, Read};
use std::sync::Mutex;

use libtest_mimic::Trial;
use userdump::write::{MemoryRange, ShortSource, Written};
use userdump::{MinidumpBuilder, WriteError};

use super::Scripted;
use crate::plan::{check_layout, shortfalls, write};
use crate::support::facts::Facts;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_reader_gives_what_borrowed_bytes_would,
        a_reader_that_has_more_is_not_read_further,
        a_reader_that_ends_early_stops_the_dump,
        a_reader_that_ends_early_can_be_zero_filled,
        a_reader_that_fails_stops_the_dump_whatever_was_requested,
        a_reader_that_is_interrupted_is_called_again,
        a_reader_that_claims_too_much_does_no_harm,
        the_reader_of_an_empty_range_is_not_called,
        readers_are_called_in_file_order,
        nothing_is_written_after_a_reader_stops_the_dump,
    ]
}

/// Returns at each call what the script gives for the buffer size.
struct Gives<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Gives<F> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (self.0)(room)
    }
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8).collect()
}

fn into_memory(dump: MinidumpBuilder<'_>) -> (Vec<u8>, Result<Written, WriteError>) {
    let mut file = Vec::new();
    let result = dump.plan().expect("it is small").write_to(&mut file);
    (file, result)
}

fn a_reader_gives_what_borrowed_bytes_would() {
    // Around the size of the copy buffer.
    for size in [1, 65_535, 65_536, 65_537, 200_000] {
        let bytes = pattern(size);
        for step in [size, 1 + size / 7] {
            let build = |range: MemoryRange<'static>, wide: bool| {
                let mut dump = MinidumpBuilder::new();
                dump.memory(MemoryRange::borrowed(1, &[1])).memory64(MemoryRange::borrowed(2, &[2]));
                if wide {
                    dump.memory64(range)
                } else {
                    dump.memory(range)
                };
                dump.memory(MemoryRange::borrowed(3, &[3])).memory64(MemoryRange::borrowed(4, &[4]));
                write(dump)
            };
            for wide in [false, true] {
                let mut rest = Cursor::new(bytes.clone());
                let reader = Gives(move |room: &mut [u8]| {
                    let count = room.len().min(step);
                    rest.read(&mut room[..count])
                });
                let file = build(MemoryRange::from_reader(0x1000, size as u64, reader), wide);
                check_layout(&file);
                let facts = Facts::of(&file);
                let ranges = facts.ranges();
                let found = ranges.iter().find(|range| range.address == 0x1000).expect("it is present");
                assert!(found.bytes.0 == bytes, "{size} bytes by {step}");
                let others: Vec<&[u8]> = [1, 2, 3, 4].into_iter().map(|address| facts.read(address, 1)).collect();
                assert_eq!(others, [&[1], &[2], &[3], &[4]]);
            }
        }
    }
}

fn a_reader_that_has_more_is_not_read_further() {
    let mut cursor = Cursor::new(pattern(100_000));
    let mut asked = 0;
    let reader = Gives(|room: &mut [u8]| {
        asked += room.len();
        cursor.read(room)
    });
    let mut dump = MinidumpBuilder::new();
    dump.memory(MemoryRange::from_reader(0x1000, 66_000, reader)).memory(MemoryRange::borrowed(0x9_0000, b"next"));
    let (file, result) = into_memory(dump);
    assert_eq!(result.expect("there are enough bytes").shortfalls, []);
    assert_eq!((cursor.position(), asked), (66_000, 66_000), "no further byte is requested or written");
    assert_eq!(file[file.len() - 4..], *b"next");
}

fn a_reader_that_ends_early_stops_the_dump() {
    for (has, needs) in [(0, 1), (9, 10), (0, 70_000), (65_536, 70_000), (69_999, 70_000)] {
        let mut dump = MinidumpBuilder::new();
        dump.memory(MemoryRange::borrowed(1, &[1; 5])).memory64(MemoryRange::borrowed(2, &[2; 5]));
        dump.memory64(MemoryRange::from_pieces(3, vec![&[3; 2], &[4; 2]]));
        dump.memory64(MemoryRange::from_reader(0xFFFF_0000_1000, needs, Cursor::new(pattern(has))));
        dump.memory64(MemoryRange::borrowed(0x2000, &[6; 5]));
        let (_, result) = into_memory(dump);
        let Err(WriteError::ShortSource { index, address, needed, available }) = result else {
            panic!("{has} of {needs}: {result:?}");
        };
        assert_eq!((index, address, needed, available), (2, 0xFFFF_0000_1000, needs, has as u64));
    }
    let mut dump = MinidumpBuilder::new();
    dump.short_source(ShortSource::ZeroFill).short_source(ShortSource::Fail);
    dump.memory(MemoryRange::from_reader(5, 2, io::empty()));
    let (_, result) = into_memory(dump);
    assert!(matches!(result, Err(WriteError::ShortSource { index: 0, address: 5, needed: 2, available: 0 })));
}

fn a_reader_that_ends_early_can_be_zero_filled() {
    let mut dump = MinidumpBuilder::new();
    dump.short_source(ShortSource::ZeroFill);
    dump.memory(MemoryRange::from_reader(0x1000, 8, Cursor::new(vec![1; 3])));
    dump.memory(MemoryRange::borrowed(0x2000, &[2; 4]));
    dump.memory64(MemoryRange::from_reader(0x3000, 200_000, Cursor::new(vec![3; 70_000])));
    dump.memory64(MemoryRange::from_reader(0x8_0000, 5, Cursor::new(vec![4; 5])));
    dump.memory64(MemoryRange::from_reader(0x9_0000, 5, io::empty()));
    dump.memory64(MemoryRange::borrowed(0xA_0000, &[5; 4]));
    let (file, result) = into_memory(dump);
    let expected = [(0x1000, 8, 3), (0x3000, 200_000, 70_000), (0x9_0000, 5, 0)];
    let written = result.expect("zero-filling was requested");
    assert_eq!((written.size, written.compressed), (file.len() as u64, None));
    assert_eq!(shortfalls(&written), expected);
    check_layout(&file);
    let facts = Facts::of(&file);
    let ranges = facts.ranges();
    let long = [vec![3; 70_000], vec![0; 130_000]].concat();
    let expected: [(u64, &[u8]); 6] = [
        (0x1000, &[1, 1, 1, 0, 0, 0, 0, 0]),
        (0x2000, &[2; 4]),
        (0x3000, &long),
        (0x8_0000, &[4; 5]),
        (0x9_0000, &[0; 5]),
        (0xA_0000, &[5; 4]),
    ];
    assert_eq!(ranges.len(), expected.len());
    for (range, (address, bytes)) in ranges.iter().zip(expected) {
        assert_eq!(range.address, address);
        assert!(range.bytes.0 == bytes, "{address:#x}");
    }
}

fn a_reader_that_fails_stops_the_dump_whatever_was_requested() {
    for short_source in [ShortSource::Fail, ShortSource::ZeroFill] {
        for gives in [0, 1, 65_536, 66_000] {
            let mut left = gives;
            let reader = Gives(move |room: &mut [u8]| {
                let count = room.len().min(left);
                left -= count;
                if count == 0 { Err(ErrorKind::TimedOut.into()) } else { Ok(count) }
            });
            let mut dump = MinidumpBuilder::new();
            dump.short_source(short_source).memory(MemoryRange::borrowed(0x1000, &[1; 5]));
            dump.memory(MemoryRange::from_reader(0x2000, 70_000, reader));
            let (_, result) = into_memory(dump);
            let Err(WriteError::Source { index, address, needed, available, source }) = result else {
                panic!("{gives}: {result:?}");
            };
            assert_eq!((index, address, needed, available), (1, 0x2000, 70_000, gives as u64));
            assert_eq!(source.kind(), ErrorKind::TimedOut);
        }
    }
}

fn a_reader_that_is_interrupted_is_called_again() {
    let mut calls = 0;
    let mut rest = Cursor::new(pattern(150_000));
    let reader = Gives(|room: &mut [u8]| {
        calls += 1;
        if calls % 2 == 1 { Err(ErrorKind::Interrupted.into()) } else { rest.read(room) }
    });
    let mut dump = MinidumpBuilder::new();
    dump.memory64(MemoryRange::from_reader(0x1000, 150_000, reader));
    let (file, result) = into_memory(dump);
    assert_eq!(result.expect("it returns everything eventually").shortfalls, []);
    assert!(Facts::of(&file).read(0x1000, 150_000) == pattern(150_000));
    assert_eq!(calls, 6, "three rounds, each interrupted once");
}

fn a_reader_that_claims_too_much_does_no_harm() {
    for claim in [11, usize::MAX] {
        let reader = Gives(move |room: &mut [u8]| {
            room.fill(7);
            Ok(claim)
        });
        let mut dump = MinidumpBuilder::new();
        dump.memory(MemoryRange::from_reader(0x1000, 10, reader)).memory(MemoryRange::borrowed(0x2000, b"next"));
        let file = write(dump);
        let facts = Facts::of(&file);
        assert_eq!((facts.read(0x1000, 10), facts.read(0x2000, 4)), ([7; 10].as_slice(), b"next".as_slice()));
    }
}

fn the_reader_of_an_empty_range_is_not_called() {
    let reader = Gives(|_: &mut [u8]| panic!("no byte is needed"));
    let mut dump = MinidumpBuilder::new();
    dump.memory(MemoryRange::from_reader(0x1000, 0, reader)).memory(MemoryRange::borrowed(0x2000, b"next"));
    let file = write(dump);
    let facts = Facts::of(&file);
    let sizes: Vec<u64> = facts.ranges().iter().map(|range| range.size).collect();
    assert_eq!((sizes, facts.read(0x2000, 4)), (vec![0, 4], b"next".as_slice()));
}

fn readers_are_called_in_file_order() {
    let log = Mutex::new(Vec::new());
    let range = |number: u64| {
        let log = &log;
        let mut rest = vec![number as u8; 2];
        MemoryRange::from_reader(
            number,
            2,
            Gives(move |room: &mut [u8]| {
                log.lock().unwrap().push(number);
                room[0] = rest.pop().expect("it has two");
                Ok(1)
            }),
        )
    };
    let mut dump = MinidumpBuilder::new();
    dump.memory64(range(7)).memory(range(5)).memory(range(3)).memory64(range(1));
    let plan = dump.plan().expect("it is small");
    assert_eq!(*log.lock().unwrap(), [0; 0], "a plan reads nothing");
    plan.write_to(io::sink()).expect("everything is present");
    assert_eq!(*log.lock().unwrap(), [5, 5, 3, 3, 7, 7, 1, 1]);
}

fn nothing_is_written_after_a_reader_stops_the_dump() {
    let mut dump = MinidumpBuilder::new();
    dump.memory(MemoryRange::from_reader(0x1000, 10, Cursor::new([1; 4])))
        .memory(MemoryRange::borrowed(0x2000, b"next"));
    let plan = dump.plan().expect("it is small");
    let size = plan.size() as usize;
    let mut sink = Scripted::new(|offered, _| Ok(offered));
    let result = plan.write_to(&mut sink);
    assert!(matches!(result, Err(WriteError::ShortSource { available: 4, .. })), "{result:?}");
    assert_eq!(sink.file.len(), size - 10, "the available bytes of the range were written, and no more");
    assert_eq!(sink.file[size - 14..], [1; 4]);
}
