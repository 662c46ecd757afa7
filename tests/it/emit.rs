//! A plan is written to any sink, or the error says exactly where writing stopped.

mod redumps;
mod sources;

use std::io::{self, BufWriter, ErrorKind, IoSlice, Read, Write};
use std::sync::mpsc;
use std::thread;

use libtest_mimic::Trial;
use userdump::error::Item;
use userdump::write::{MemoryRange, ShortSource};
use userdump::{MinidumpBuilder, WriteError};

use crate::plan::{What, extents, one_of_everything, write};
use crate::roundtrip::Random;
use crate::support::facts::Facts;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    let own = trials![
        a_sink_that_takes_a_byte_a_call_gets_the_same_file,
        a_sink_that_is_interrupted_every_other_call_gets_the_same_file,
        a_sink_that_takes_random_amounts_gets_the_same_file,
        a_pipe_to_another_thread_gets_the_same_file,
        a_sink_that_claims_more_than_it_was_given_does_no_harm,
        a_sink_that_takes_nothing_is_an_error_at_every_byte,
        a_sink_that_fails_is_an_error_at_every_byte,
        an_error_within_a_range_names_the_whole_range,
        an_error_within_long_lists_of_ranges_names_the_whole_list,
        what_a_buffering_sink_cannot_pass_on_is_an_error,
        large_ranges_go_out_in_pieces_and_small_ones_together,
    ];
    [own, redumps::trials(), sources::trials()].into_iter().flatten().collect()
}

/// A sink that accepts as many bytes per call as the script returns. The script gets the number of bytes offered and
/// the number written so far.
pub struct Scripted<F> {
    pub file: Vec<u8>,
    script: F,
}

impl<F: FnMut(usize, usize) -> io::Result<usize>> Scripted<F> {
    pub fn new(script: F) -> Self {
        Self { file: Vec::new(), script }
    }
}

impl<F: FnMut(usize, usize) -> io::Result<usize>> Write for Scripted<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = (self.script)(bytes.len(), self.file.len())?;
        self.file.extend_from_slice(&bytes[..count.min(bytes.len())]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Like [`Scripted`], but treats the slices of a vectored call as one run of bytes.
struct Vectored<F>(Scripted<F>);

impl<F: FnMut(usize, usize) -> io::Result<usize>> Write for Vectored<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let offered = slices.iter().map(|slice| slice.len()).sum();
        let count = (self.0.script)(offered, self.0.file.len())?;
        let mut left = count;
        for slice in slices {
            let (taken, _) = slice.split_at(slice.len().min(left));
            self.0.file.extend_from_slice(taken);
            left -= taken.len();
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A dump with one of everything, and with ranges in pieces and from readers.
fn dump<'a>() -> MinidumpBuilder<'a> {
    let mut dump = one_of_everything();
    dump.memory(MemoryRange::from_pieces(0x3000, vec![&[3; 3], &[], &[4; 4]]));
    dump.memory(MemoryRange::from_reader(0x4000, 70_001, io::repeat(0x44)));
    dump.memory64(MemoryRange::from_reader(0x4_0000, 12, io::repeat(0x55)));
    dump.memory64(MemoryRange::borrowed(0x5_0000, &[0x66; 300]));
    dump
}

/// Writes [`dump`] to a scripted sink, with and without vectored calls, and compares the files.
fn same_file<F: FnMut(usize, usize) -> io::Result<usize>>(script: impl Fn() -> F) {
    let expected = write(dump());
    let mut sink = Scripted::new(script());
    let written = dump().plan().expect("it is small").write_to(&mut sink).expect("the sink accepts everything");
    assert_eq!(written.size, expected.len() as u64);
    assert!(sink.file == expected, "plain");
    let mut sink = Vectored(Scripted::new(script()));
    let written = dump().plan().expect("it is small").write_to(&mut sink).expect("the sink accepts everything");
    assert_eq!(written.size, expected.len() as u64);
    assert!(sink.0.file == expected, "vectored");
}

/// The kernel faults in the pages of a mapping slowly when one call covers a gigabyte, but every call has a cost too.
fn large_ranges_go_out_in_pieces_and_small_ones_together() {
    const PIECE: usize = 512 * 1024;
    let (large, small) = (vec![7; 5 * PIECE + 3], vec![8; 4096]);
    let mut dump = MinidumpBuilder::new();
    for number in 0..1000 {
        dump.memory64(MemoryRange::borrowed(number << 32, if number == 500 { &large } else { &small }));
    }
    let calls = std::cell::RefCell::new(Vec::new());
    let mut sink = Vectored(Scripted::new(|offered, _| {
        calls.borrow_mut().push(offered);
        Ok(offered)
    }));
    dump.plan().expect("it is small").write_to(&mut sink).expect("the sink accepts everything");
    let calls = calls.borrow();
    let memory: usize = 999 * small.len() + large.len();
    assert!(sink.0.file.len() > memory);
    // One piece, plus one more small run that fills it up.
    assert!(calls.iter().all(|&size| size < PIECE + small.len()), "{calls:?}");
    assert!(calls.len() < 25, "{} calls", calls.len());
}

fn a_sink_that_takes_a_byte_a_call_gets_the_same_file() {
    same_file(|| |_, _| Ok(1));
}

fn a_sink_that_is_interrupted_every_other_call_gets_the_same_file() {
    same_file(|| {
        let mut calls = 0;
        move |offered: usize, _| {
            calls += 1;
            if calls % 2 == 1 { Err(ErrorKind::Interrupted.into()) } else { Ok(offered.div_ceil(2)) }
        }
    });
}

fn a_sink_that_takes_random_amounts_gets_the_same_file() {
    for seed in 1..40 {
        same_file(|| {
            let mut random = Random::new(seed);
            move |offered: usize, _| match random.below(8) {
                0 => Err(ErrorKind::Interrupted.into()),
                1 => Ok(1),
                2 => Ok(offered),
                _ => Ok(1 + random.below(offered as u64) as usize),
            }
        });
    }
}

/// Sends each run of bytes to another thread through a short queue.
struct Pipe(mpsc::SyncSender<Vec<u8>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(1000);
        self.0.send(bytes[..count].to_vec()).map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn a_pipe_to_another_thread_gets_the_same_file() {
    let (sender, receiver) = mpsc::sync_channel(2);
    let reader = thread::spawn(move || receiver.into_iter().flatten().collect::<Vec<u8>>());
    let written = dump().plan().expect("it is small").write_to(Pipe(sender)).expect("the thread accepts everything");
    let file = reader.join().expect("the thread returns the bytes");
    assert!(file == write(dump()));
    assert_eq!(written.size, file.len() as u64);

    let (sender, receiver) = mpsc::sync_channel(2);
    drop(receiver);
    let result = dump().plan().expect("it is small").write_to(Pipe(sender));
    assert!(
        matches!(&result, Err(WriteError::Io { offset: 0, written: 0, source, .. }) if source.kind() == ErrorKind::BrokenPipe),
        "{result:?}"
    );
}

fn a_sink_that_claims_more_than_it_was_given_does_no_harm() {
    let claims: [fn(usize) -> usize; 2] = [|offered| offered + 1, |_| usize::MAX];
    for claim in claims {
        let expected = write(dump());
        let mut sink = Vectored(Scripted::new(|offered, _| Ok(claim(offered))));
        let written =
            dump().plan().expect("it is small").write_to(&mut sink).expect("the sink reports everything as written");
        assert_eq!(written.size, expected.len() as u64);
        assert!(sink.0.file == expected);
        // A sink that writes only the first of several slices and reports all of them as written cannot be detected.
        let result = dump().plan().expect("it is small").write_to(Scripted::new(|offered, _| Ok(claim(offered))));
        assert_eq!(result.expect("the sink reports everything as written").size, expected.len() as u64);
    }
}

/// What is at a file offset, and how errors name it: the name, and the number if known.
struct Named {
    start: u64,
    end: u64,
    names: &'static [&'static str],
    index: Option<u64>,
    counted: bool,
}

/// Every byte of a file of [`one_of_everything`], with the names that an error about it may use.
fn named(file: &[u8]) -> Vec<Named> {
    let facts = Facts::of(file);
    let ranges = facts.ranges();
    let in_list = facts.stream(5).map_or(0, |list| facts.u32(list.rva.0) as usize);
    let mut all: Vec<Named> = Vec::new();
    for extent in extents(&facts) {
        let end = all.last().map_or(0, |before| before.end);
        if extent.start > end {
            all.push(Named { start: end, end: extent.start, names: &["padding"], index: None, counted: false });
        }
        let names: &[&str] = match extent.what {
            What::Head => &["MINIDUMP_HEADER"],
            What::Stream(kind) => stream_name(kind),
            What::Record => &["CONTEXT", "CodeView record", "IMAGE_DEBUG_MISC", "object", OBJECT],
            What::Text => &["MINIDUMP_STRING"],
            What::Memory => &["memory range"],
        };
        let number = ranges.iter().position(|range| range.at.0 == extent.start && extent.what == What::Memory);
        let index = number.map(|at| if at < in_list { at } else { at - in_list } as u64);
        let counted = matches!(extent.what, What::Record | What::Text | What::Memory);
        all.push(Named { start: extent.start, end: extent.end, names, index, counted });
    }
    all
}

/// The re-encoder's name for `object`.
const OBJECT: &str = "MINIDUMP_HANDLE_OBJECT_INFORMATION";

fn stream_name(kind: u32) -> &'static [&'static str] {
    match kind {
        3 => &["ThreadList"],
        4 => &["ModuleList"],
        5 | 9 => &["memory list"],
        6 => &["Exception"],
        7 => &["SystemInfo"],
        11 => &["CommentW"],
        12 => &["HandleData"],
        14 => &["UnloadedModuleList"],
        15 => &["MiscInfo"],
        16 => &["MemoryInfoList"],
        17 => &["ThreadInfoList"],
        19 => &["Token"],
        21 => &["SystemMemoryInfo"],
        22 => &["ProcessVmCounters"],
        24 => &["ThreadNames"],
        _ => &["stream"],
    }
}

/// Stops the sink after each number of bytes and checks the error.
fn stops_at_every_byte(dump: impl Fn() -> MinidumpBuilder<'static>, stop: fn() -> io::Result<usize>, kind: ErrorKind) {
    let expected = write(dump());
    let named = named(&expected);
    for stops_at in 0..expected.len() {
        for vectored in [false, true] {
            stops_at_a_byte(&expected, &named, stops_at, vectored, (stop, kind), |sink| {
                dump().plan().expect("it is small").write_to(sink).map(|_| ())
            });
        }
    }
}

/// Stops the sink after a number of bytes. What was written is the start of the file, nothing follows, and the error
/// names the structure at that offset.
fn stops_at_a_byte(
    expected: &[u8],
    named: &[Named],
    stops_at: usize,
    vectored: bool,
    (stop, kind): (fn() -> io::Result<usize>, ErrorKind),
    write_to: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
) {
    let mut sink = Vectored(Scripted::new(|offered: usize, taken| match stops_at - taken {
        0 => stop(),
        room => Ok(offered.min(room)),
    }));
    let result = if vectored { write_to(&mut sink) } else { write_to(&mut sink.0) };
    assert!(sink.0.file == expected[..stops_at], "{stops_at}");
    let Err(WriteError::Io { item, offset, needed, written, source }) = result else {
        panic!("{stops_at}: {result:?}");
    };
    assert_eq!(source.kind(), kind, "{stops_at}");
    let at = named.iter().find(|it| it.end > stops_at as u64).expect("it stops within the file");
    assert_eq!((offset, needed, written), (at.start, at.end - at.start, stops_at as u64 - at.start), "{item}");
    assert!(at.names.contains(&item.name), "{item} at {stops_at}, where {:?} is", at.names);
    assert_eq!(item.index.is_some(), at.counted, "{item} at {stops_at}");
    if at.index.is_some() {
        assert_eq!(item.index, at.index, "{item} at {stops_at}");
    }
}

fn a_sink_that_takes_nothing_is_an_error_at_every_byte() {
    stops_at_every_byte(one_of_everything, || Ok(0), ErrorKind::WriteZero);
}

fn a_sink_that_fails_is_an_error_at_every_byte() {
    stops_at_every_byte(one_of_everything, || Err(ErrorKind::StorageFull.into()), ErrorKind::StorageFull);
}

fn an_error_within_a_range_names_the_whole_range() {
    // The bytes come in pieces, from a reader that returns a few at a time, or from one that ends early and is
    // zero-filled.
    type Make = fn() -> MemoryRange<'static>;
    let ranges: [(&str, Make); 3] = [
        ("pieces", || MemoryRange::from_pieces(0x1000, vec![&[1; 3], &[2; 4], &[3; 5]])),
        ("reader", || MemoryRange::from_reader(0x1000, 12, (&[1; 3][..]).chain(&[2; 4][..]).chain(&[3; 5][..]))),
        ("zeros", || MemoryRange::from_reader(0x1000, 12, (&[1; 3][..]).chain(&[2; 4][..]))),
    ];
    for (what, range) in ranges {
        for taken in 0..12u64 {
            let mut dump = MinidumpBuilder::new();
            dump.short_source(ShortSource::ZeroFill).memory64(range());
            let plan = dump.plan().expect("it is small");
            let start = plan.size() - 12;
            let room = start + taken;
            let result = plan.write_to(Scripted::new(|offered: usize, had| match room - had as u64 {
                0 => Err(ErrorKind::StorageFull.into()),
                room => Ok(offered.min(room as usize)),
            }));
            let Err(WriteError::Io { item, offset, needed, written, .. }) = result else {
                panic!("{what}, {taken}: {result:?}");
            };
            assert_eq!(item, Item { name: "memory range", index: Some(0) });
            assert_eq!((offset, needed, written), (start, 12, taken), "{what}");
        }
    }
}

fn an_error_within_long_lists_of_ranges_names_the_whole_list() {
    const COUNT: u64 = 10_000;
    for wide in [false, true] {
        let mut dump = MinidumpBuilder::new();
        for address in 0..COUNT {
            let range = MemoryRange::borrowed(address, &[]);
            if wide {
                dump.memory64(range)
            } else {
                dump.memory(range)
            };
        }
        let plan = dump.plan().expect("it is small");
        let (start, size) = (48, if wide { 16 } else { 4 } + 16 * COUNT);
        assert_eq!(plan.directory()[0].location.rva, start);
        let room = 150_000;
        let result = plan.write_to(Scripted::new(|offered: usize, had| match room - had {
            0 => Err(ErrorKind::StorageFull.into()),
            room => Ok(offered.min(room)),
        }));
        let Err(WriteError::Io { item, offset, needed, written, .. }) = result else {
            panic!("{result:?}");
        };
        assert_eq!(item, Item { name: "memory list", index: None });
        assert_eq!((offset, needed, written), (48, size, 150_000 - 48));
    }
}

fn what_a_buffering_sink_cannot_pass_on_is_an_error() {
    // The buffer holds the whole dump, so only flushing can fail.
    let full = Scripted::new(|_, _| Err(ErrorKind::StorageFull.into()));
    let result = one_of_everything().plan().expect("it is small").write_to(BufWriter::with_capacity(1 << 20, full));
    assert!(
        matches!(&result, Err(WriteError::Io { source, .. }) if source.kind() == ErrorKind::StorageFull),
        "{result:?}"
    );
}
