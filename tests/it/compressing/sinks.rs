//! Sinks that fail while compressed memory is written.

use std::io::{self, Cursor, ErrorKind, Seek, SeekFrom, Write};

use libtest_mimic::Trial;
use userdump::MinidumpBuilder;
use userdump::write::{MemoryRange, Plan};
use userdump_walk::compressed::Compressed;

use super::{Limited, THREADS, file_of, mixed, stopped, threads};
use crate::plan::one_of_everything;
use crate::support::facts::Facts;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_sink_that_fails_is_an_error_at_every_byte,
        a_sink_that_fails_among_many_buckets_is_an_error,
        a_file_that_cannot_be_moved_is_an_error,
        a_dump_is_written_at_the_current_position_of_the_file,
        a_sink_that_panics_ends_all_threads,
    ]
}

fn small() -> Plan<'static> {
    let mut dump = one_of_everything();
    dump.memory(MemoryRange::borrowed(0x3000_0000, b"there is something that is there, and there is more of it"));
    dump.compressed();
    dump.plan().expect("it is small")
}

/// The name of the structure at an offset, if it belongs to the compressed memory.
fn name_at(file: &[u8], position: u64) -> Option<&'static str> {
    let found = Compressed::of(&Facts::of(file)).expect("it is compressed");
    let [regions_at, buckets_at, blocks_at] = [found.words[10], found.words[13], found.words[15]];
    match position {
        _ if position >= blocks_at => Some("bucket"),
        _ if position >= buckets_at => Some("array of buckets"),
        _ if position >= regions_at => Some("array of regions"),
        _ if position >= found.offset => Some("CompressedMemory"),
        _ => None,
    }
}

fn a_sink_that_fails_is_an_error_at_every_byte() {
    let expected = file_of(small());
    let found = Compressed::of(&Facts::of(&expected)).expect("it is compressed");
    for stop in 0..expected.len() {
        // In order.
        let mut sink = Limited::new(stop, 0);
        let (kind, name, offset, written) = stopped(small().write_to(&mut sink));
        assert!(sink.file.get_ref() == &expected[..stop], "{stop}");
        assert_eq!((kind, offset + written), (ErrorKind::StorageFull, stop as u64));
        if let Some(expected) = name_at(&expected, stop as u64) {
            assert_eq!(name, expected, "{stop}");
        }
    }
    // Written last, at earlier offsets: the array of buckets, then the header.
    let array = 40 * found.buckets.len();
    let all = expected.len() + array + 192;
    for stop in 0..all {
        let mut sink = Limited::new(stop, usize::MAX);
        let (kind, name, offset, written) = stopped(small().write_to_seekable(&mut sink));
        let behind = stop.checked_sub(expected.len());
        let at = match behind {
            None => stop as u64,
            Some(behind) if behind < array => found.words[13] + behind as u64,
            Some(behind) => found.offset + (behind - array) as u64,
        };
        assert_eq!((kind, offset + written), (ErrorKind::StorageFull, at), "{stop}");
        if let Some(expected) = name_at(&expected, at) {
            assert_eq!(name, expected, "{stop}");
        }
        // The size field of the header comes first, and a stream whose header has none is not read.
        let header = found.offset as usize;
        let file = sink.file.get_ref();
        let is_complete = file.get(header..header + 4) == Some(&[192, 0, 0, 0]);
        assert_eq!(is_complete, stop > expected.len() + array, "{stop}");
    }
    let mut sink = Limited::new(all, usize::MAX);
    small().write_to_seekable(&mut sink).expect("nothing follows");
    assert!(*sink.file.get_ref() == expected);
}

fn a_sink_that_fails_among_many_buckets_is_an_error() {
    let bytes = mixed(40 << 20, 8);
    let plan = |count| {
        let mut dump = MinidumpBuilder::new();
        dump.memory64(MemoryRange::borrowed(0x1000, &bytes)).compressed();
        dump.plan().expect("it is small").with_threads(threads(count))
    };
    let expected = file_of(plan(2));
    for count in THREADS {
        for part in [3, 5, 9] {
            let stop = expected.len() * part / 10;
            let mut sink = Limited::new(stop, usize::MAX);
            let (kind, name, offset, written) = stopped(plan(count).write_to_seekable(&mut sink));
            assert_eq!((kind, name.as_str(), offset + written), (ErrorKind::StorageFull, "bucket", stop as u64));
            let (.., offset, written) = stopped(plan(count).write_to(Limited::new(stop, 0)));
            assert_eq!(offset + written, stop as u64);
        }
    }
}

fn a_file_that_cannot_be_moved_is_an_error() {
    // The current position, to the array, to the header, to the end.
    for moves in 0..4 {
        let (kind, name, ..) = stopped(small().write_to_seekable(Limited::new(usize::MAX, moves)));
        assert_eq!((kind, name.as_str()), (ErrorKind::NotSeekable, "file"), "{moves}");
    }
    small().write_to_seekable(Limited::new(usize::MAX, 4)).expect("it is moved often enough");
    // It is not moved unless required.
    let mut plain = one_of_everything();
    plain.memory(MemoryRange::borrowed(0x3000_0000, b"plain"));
    plain.plan().expect("it is small").write_to_seekable(Limited::new(usize::MAX, 0)).expect("it is not moved");
}

fn a_dump_is_written_at_the_current_position_of_the_file() {
    let expected = file_of(small());
    let mut file = Cursor::new(b"something else in front of it".to_vec());
    let start = file.seek(SeekFrom::End(0)).expect("it is in memory");
    let written = small().write_to_seekable(&mut file).expect("a vector accepts every write");
    assert_eq!(written.size, expected.len() as u64);
    file.write_all(b"and behind it").expect("a vector accepts every write");
    let (front, rest) = file.get_ref().split_at(start as usize);
    assert_eq!(front, b"something else in front of it");
    assert!(rest == [expected.as_slice(), b"and behind it"].concat());
}

/// A panic of the program is propagated; a thread that waited for more would keep this test from ending.
fn a_sink_that_panics_ends_all_threads() {
    struct Panics(usize);
    impl Write for Panics {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).unwrap_or_else(|| std::panic::resume_unwind(Box::new("the program's own")));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let bytes = mixed(40 << 20, 9);
    for calls in [0, 8, 12] {
        let mut dump = MinidumpBuilder::new();
        dump.memory64(MemoryRange::borrowed(0x1000, &bytes)).compressed();
        let plan = dump.plan().expect("it is small").with_threads(threads(3));
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| plan.write_to(Panics(calls))));
        let payload = result.expect_err("it panics");
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"the program's own"));
    }
}
