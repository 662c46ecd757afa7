//! Sinks and readers that fail: the error names the part, whichever byte it failed at.

use std::io::{self, ErrorKind};

use libtest_mimic::Trial;
use userdump::WriteError;
use userdump::error::Item;
use userdump::write::{MemoryRange, ShortSource};

use super::{builder, counted, empty, sample, sized, write};
use crate::emit::Scripted;
use crate::plan::shortfalls;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_sink_that_fails_is_an_error_at_every_byte,
        a_sink_that_takes_a_byte_a_call_gets_the_same_file,
        a_reader_that_fails_or_ends_early_stops_the_dump,
        a_reader_that_ends_early_can_be_zero_filled,
    ]
}

/// The parts of [`sample`] in file order, with their sizes.
fn parts(wide: bool) -> Vec<(&'static str, Option<u64>, u64)> {
    let pick = |narrow, wider| if wide { wider } else { narrow };
    let mut parts = vec![("USERMODE_CRASHDUMP_HEADER", None, pick(64, 96)), ("DEBUG_EVENT", None, pick(96, 176))];
    parts.push(("MEMORY_BASIC_INFORMATION", None, 3 * pick(28, 48)));
    parts.extend((0..3).map(|index| ("CONTEXT", Some(index), pick(716, 1232))));
    parts.extend((0..3).map(|index| ("CRASH_THREAD", Some(index), pick(48, 80))));
    // `C:\a.exe`, an empty name, `C:\odd\ä.dll` with two bytes for one letter; each with a NUL.
    parts.extend((0..3).zip([9, 1, 14]).map(|(index, name)| ("CRASH_MODULE", Some(index), pick(12, 16) + name)));
    parts.extend([0, 2].into_iter().zip([5, 300]).map(|(index, size)| ("memory range", Some(index), size)));
    parts.push(("version information", None, 2 * (13 + 14 + 2)));
    parts
}

fn a_sink_that_fails_is_an_error_at_every_byte() {
    for wide in [false, true] {
        let dump = sample(wide);
        let expected = sample(wide).build();
        assert_eq!(expected.len() as u64, parts(wide).iter().map(|part| part.2).sum::<u64>());
        let mut start = 0;
        for (name, index, size) in parts(wide) {
            for at in start..start + size {
                let mut sink = Scripted::new(|offered: usize, taken: usize| match at - taken as u64 {
                    0 => Err(ErrorKind::StorageFull.into()),
                    room => Ok(offered.min(room as usize)),
                });
                let result = builder(&dump).plan().expect("it is small").write_to(&mut sink);
                assert!(sink.file == expected[..at as usize], "{at}");
                let Err(WriteError::Io { item, offset, needed, written, source }) = result else {
                    panic!("{at}: {result:?}");
                };
                assert_eq!(source.kind(), ErrorKind::StorageFull);
                assert_eq!(item, Item { name, index }, "{at}");
                assert_eq!((offset, needed, written), (start, size, at - start), "{item}");
            }
            start += size;
        }
    }
}

fn a_sink_that_takes_a_byte_a_call_gets_the_same_file() {
    for wide in [false, true] {
        let mut calls = 0;
        let mut sink = Scripted::new(|_, _| {
            calls += 1;
            if calls % 3 == 1 { Err(ErrorKind::Interrupted.into()) } else { Ok(1) }
        });
        builder(&sample(wide)).plan().expect("it is small").write_to(&mut sink).expect("the sink accepts everything");
        assert!(sink.file == sample(wide).build(), "wide: {wide}");
    }
}

/// Fails at once.
struct Broken;

impl io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::TimedOut.into())
    }
}

fn a_reader_that_fails_or_ends_early_stops_the_dump() {
    for wide in [false, true] {
        let plan = |reader: Box<dyn io::Read + Send>| {
            let mut dump = counted(wide);
            dump.region(sized(9), MemoryRange::from_reader(0x7000, 9, reader));
            dump.plan().expect("it is small")
        };
        let mut file = Vec::new();
        let result = plan(Box::new(&b"short"[..])).write_to(&mut file);
        let Err(WriteError::ShortSource { index, address, needed, available }) = result else {
            panic!("{result:?}");
        };
        assert_eq!((index, address, needed, available), (2, 0x7000, 9, 5));
        assert!(file.ends_with(b"abcdefghshort"), "version information must not follow");
        let result = plan(Box::new(Broken)).write_to(io::sink());
        let Err(WriteError::Source { index, address, needed, available, source }) = result else {
            panic!("{result:?}");
        };
        assert_eq!((index, address, needed, available, source.kind()), (2, 0x7000, 9, 0, ErrorKind::TimedOut));
    }
}

fn a_reader_that_ends_early_can_be_zero_filled() {
    for wide in [false, true] {
        let dump = |range| {
            let mut dump = empty(wide);
            dump.short_source(ShortSource::ZeroFill).region(sized(9), range).version_information(b"version");
            dump
        };
        let expected = write(dump(MemoryRange::borrowed(0x7000, b"short\0\0\0\0")));
        let mut file = Vec::new();
        let plan = dump(MemoryRange::from_reader(0x7000, 9, &b"short"[..])).plan().expect("it is small");
        let written = plan.write_to(&mut file).expect("zero-filling was requested");
        assert_eq!((written.size, written.compressed), (expected.len() as u64, None));
        assert_eq!(shortfalls(&written), [(0x7000, 9, 5)]);
        assert!(file == expected, "wide: {wide}");
    }
}
