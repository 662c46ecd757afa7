//! The stream directory: order, unused and repeated entries, offsets, and wrong values.

use libtest_mimic::Trial;
use userdump::format::{DirectoryEntry, StreamType};
use userdump::read::streams::Directory;
use userdump::read::{FromStream, ModuleList, RawStream, Stream, ThreadList};
use userdump::{Minidump, ReadError};

use crate::support::facts::Facts;
use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Module, Shape, Thread, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        entries_are_kept_in_the_order_of_the_file,
        the_directory_may_stand_anywhere,
        a_dump_may_have_no_streams,
        unused_entries_in_the_middle_hide_nothing,
        the_first_of_a_repeated_type_counts_and_all_are_listed,
        a_cut_directory_keeps_the_whole_entries,
        a_directory_outside_the_file_is_empty,
        the_greatest_count_costs_no_more_than_the_file,
        a_stream_outside_the_file_only_affects_itself,
        a_stream_that_is_cut_keeps_its_bytes,
        an_empty_stream_may_point_anywhere,
        unknown_types_are_returned_as_bytes,
        custom_streams_can_be_viewed,
    ]
}

/// The stream types in directory order.
fn types(dump: &Minidump<'_>) -> Vec<u32> {
    dump.directory().iter().map(|entry| entry.stream_type.0).collect()
}

/// The thread IDs of a list, or the error if it cannot be read.
fn thread_ids(list: Result<ThreadList<'_>, ReadError>) -> Result<Vec<u32>, ReadError> {
    list.map(|list| list.iter().map(|thread| thread.id()).collect())
}

/// All streams in directory order: file offset and kind of view.
fn views(dump: &Minidump<'_>) -> Vec<(u32, &'static str)> {
    let view = |(stream, decoded): (RawStream<'_>, Result<Stream<'_>, ReadError>)| {
        let name = match decoded {
            Ok(Stream::Unused) => "unused",
            Ok(Stream::ThreadList(_)) => "threads",
            Ok(Stream::ModuleList(_)) => "modules",
            Ok(Stream::Raw(_)) => "raw",
            Ok(_) => "other",
            Err(_) => "unreadable",
        };
        (stream.index(), name)
    };
    dump.streams().map(view).collect()
}

fn entries_are_kept_in_the_order_of_the_file() {
    let dump = |_| {
        let dump = Dump::new().module(Module::new(1, 2, "a")).thread(Thread::new(7)).raw(0x1_0001, "x");
        dump.unused(2).order(&[0x1_0001, 0, kind::THREAD_LIST, kind::MODULE_LIST, 0])
    };
    in_every_form(dump, |dump, facts| {
        assert_eq!(types(dump), [0x1_0001, 0, 3, 4, 0]);
        let planted = facts.directory.iter().map(|entry| (entry.kind, entry.size, entry.rva.0));
        let found = dump.directory().into_iter().map(|DirectoryEntry { stream_type, location }| {
            (stream_type.0, location.data_size, u64::from(location.rva))
        });
        assert!(planted.eq(found));
        assert_eq!(views(dump), [(0, "raw"), (1, "unused"), (2, "threads"), (3, "modules"), (4, "unused")]);
    });
}

fn the_directory_may_stand_anywhere() {
    let dump = |form: Form| {
        let dump = Dump::new().thread(Thread::new(7)).raw(99, "odd").memory64(0x1000, [1; 5]);
        if form.filler > 0 { dump.directory_last() } else { dump }
    };
    in_every_form(dump, |dump, facts| {
        let planted = facts.header.directory.0;
        assert_eq!([0, 1, 2].map(|index| dump.directory().entry_offset(index)), [0, 12, 24].map(|at| planted + at));
        assert_eq!(types(dump), [3, 99, 9]);
        assert_eq!(dump.stream().transpose().map(thread_ids), Some(Ok(vec![7])));
    });
    let bytes = Dump::new().raw(99, "odd").directory_last().build();
    assert_eq!((Facts::of(&bytes).header.directory.0, bytes.len()), (35, 47), "the odd byte at the end");
    assert_eq!(types(&open(&bytes)), [99]);
}

fn a_dump_may_have_no_streams() {
    let mut bytes = Dump::new().build();
    assert_eq!(bytes.len(), 32);
    // Crashpad sets the RVA to 0.
    bytes[12..16].fill(0);
    let dump = open(&bytes);
    assert_eq!((dump.directory().len(), dump.directory().is_empty(), dump.directory().fault()), (0, true, None));
    assert_eq!(dump.streams().count(), 0);
    assert!(matches!(dump.stream::<ThreadList<'_>>(), Ok(None)));
}

fn unused_entries_in_the_middle_hide_nothing() {
    let dump = |_| Dump::new().unused(1).thread(Thread::new(7)).unused(2).module(Module::new(1, 2, "a"));
    in_every_form(dump, |dump, _| {
        assert_eq!(views(dump), [(0, "unused"), (1, "threads"), (2, "unused"), (3, "unused"), (4, "modules")]);
        assert_eq!(dump.stream::<ModuleList<'_>>().map(|list| list.map(|list| list.len())), Ok(Some(1)));
    });
    // The other fields of an unused entry may be non-zero.
    let bytes = Dump::new().raw(0, "gone").thread(Thread::new(7)).shape(0, Shape::usual().data_size(u32::MAX)).build();
    assert_eq!(views(&open(&bytes)), [(0, "unused"), (1, "threads")]);
}

fn the_first_of_a_repeated_type_counts_and_all_are_listed() {
    let dump = |_| {
        let dump = Dump::new().thread(Thread::new(1)).separate().thread(Thread::new(2)).thread(Thread::new(3));
        dump.raw(99, "first").raw(99, "second")
    };
    in_every_form(dump, |dump, _| {
        assert_eq!(dump.stream().transpose().map(thread_ids), Some(Ok(vec![1])));
        assert_eq!(dump.raw_stream(StreamType(99)).map(|stream| stream.bytes()), Some(b"first".as_slice()));
        let lists = dump.streams().filter_map(|(_, decoded)| match decoded {
            Ok(Stream::ThreadList(list)) => Some(thread_ids(Ok(list))),
            _ => None,
        });
        assert_eq!(lists.collect::<Vec<_>>(), [Ok(vec![1]), Ok(vec![2, 3])]);
        assert_eq!(views(dump), [(0, "threads"), (1, "threads"), (2, "raw"), (3, "raw")]);
    });
    // An unreadable first stream does not make the second one count.
    let mut bytes = Dump::new().thread(Thread::new(1)).separate().thread(Thread::new(2)).build();
    bytes[32 + 4] = 3;
    let cut = ReadError::Truncated { what: "MINIDUMP_THREAD_LIST", offset: 56, needed: 4, available: 3 };
    assert_eq!(open(&bytes).stream().transpose().map(thread_ids), Some(Err(cut)));
}

fn a_cut_directory_keeps_the_whole_entries() {
    let dump = |_| Dump::new().thread(Thread::new(7)).raw(99, "x").raw(98, "y").unused(2).directory_last();
    for form in Form::ALL {
        let bytes = form.build(dump(form));
        let directory = bytes.len() as u64 - 60;
        for missing in 0..=60 {
            let kept = (60 - missing) / 12;
            let cut = &bytes[..bytes.len() - missing as usize];
            let fault = ReadError::Truncated {
                what: "MINIDUMP_DIRECTORY",
                offset: directory,
                needed: 60,
                available: kept * 12,
            };
            check(&open(cut).directory(), kept, (kept < 5).then_some(fault));
            let threads = open(cut).stream().transpose().map(thread_ids);
            assert_eq!(threads, (kept > 0).then(|| Ok(vec![7])));
        }
    }
}

fn a_directory_outside_the_file_is_empty() {
    let mut bytes = Dump::new().raw(99, "x").build();
    for rva in [bytes.len() as u32, 0x1000, u32::MAX] {
        bytes[12..16].copy_from_slice(&rva.to_le_bytes());
        let fault = ReadError::Truncated { what: "MINIDUMP_DIRECTORY", offset: rva.into(), needed: 12, available: 0 };
        check(&open(&bytes).directory(), 0, Some(fault));
    }
}

fn the_greatest_count_costs_no_more_than_the_file() {
    let mut bytes = Dump::new().raw(99, [0; 30]).build();
    bytes[8..12].fill(0xff);
    let fault =
        ReadError::Truncated { what: "MINIDUMP_DIRECTORY", offset: 32, needed: 0xffff_ffff * 12, available: 36 };
    check(&open(&bytes).directory(), 3, Some(fault));
    assert_eq!(types(&open(&bytes)), [99, 0, 0], "the bytes of the stream are read as entries");
}

fn a_stream_outside_the_file_only_affects_itself() {
    let dump = |_| {
        let dump = Dump::new().thread(Thread::new(7)).module(Module::new(1, 2, "a")).raw(99, "x");
        let outside = Shape::usual().rva(0x8000_0001);
        dump.shape(kind::MODULE_LIST, outside.clone()).shape(99, outside)
    };
    in_every_form(dump, |dump, _| {
        let missing = |what| ReadError::Truncated { what, offset: 0x8000_0001, needed: 4, available: 0 };
        assert_eq!(dump.stream::<ModuleList<'_>>().err(), Some(missing("MINIDUMP_MODULE_LIST")));
        assert_eq!(dump.stream().transpose().map(thread_ids), Some(Ok(vec![7])));
        assert_eq!(views(dump), [(0, "threads"), (1, "unreadable"), (2, "unreadable")]);
        let fault = dump.raw_stream(StreamType(99)).and_then(|stream| stream.fault());
        let expected = ReadError::Truncated { what: "stream", offset: 0x8000_0001, needed: 1, available: 0 };
        assert_eq!(fault, Some(expected));
        assert_eq!(dump.streams().nth(2).and_then(|(_, decoded)| decoded.err()), Some(expected));
    });
}

fn a_stream_that_is_cut_keeps_its_bytes() {
    let bytes = Dump::new().raw(99, "abcdef").shape(99, Shape::usual().data_size(10)).build();
    let dump = open(&bytes);
    let stream = dump.raw_stream(StreamType(99)).expect("it is in the directory");
    assert_eq!((stream.offset(), stream.declared_size(), stream.bytes()), (44, 10, b"abcdef".as_slice()));
    let fault = ReadError::Truncated { what: "stream", offset: 44, needed: 10, available: 6 };
    assert_eq!(stream.fault(), Some(fault));
    assert_eq!(views(&dump), [(0, "raw")]);
    assert_eq!(stream.prefix("part", 6), Ok(b"abcdef".as_slice()));
    let short = ReadError::Truncated { what: "part", offset: 44, needed: 7, available: 6 };
    assert_eq!(stream.prefix("part", 7), Err(short));
}

fn an_empty_stream_may_point_anywhere() {
    let bytes = Dump::new().raw(99, "x").shape(99, Shape::usual().data_size(0).rva(u32::MAX)).build();
    let dump = open(&bytes);
    let stream = dump.raw_stream(StreamType(99)).expect("it is in the directory");
    assert_eq!((stream.bytes(), stream.fault()), (b"".as_slice(), None));
    assert_eq!(views(&dump), [(0, "raw")]);
}

fn unknown_types_are_returned_as_bytes() {
    let dump = |_| Dump::new().raw(0xffff, "last").raw(0x4b6b_0001, "kasko").raw(1, "").raw(u32::MAX, [0; 3]);
    in_every_form(dump, |dump, _| {
        let raw = dump.streams().map(|(_, decoded)| match decoded {
            Ok(Stream::Raw(raw)) => (raw.stream_type().0, raw.bytes()),
            other => panic!("{other:?} is not a raw stream"),
        });
        let expected: [(u32, &[u8]); 4] = [(0xffff, b"last"), (0x4b6b_0001, b"kasko"), (1, b""), (u32::MAX, &[0; 3])];
        assert_eq!(raw.collect::<Vec<_>>(), expected);
    });
}

fn custom_streams_can_be_viewed() {
    /// A value with the byte that counts it in front.
    #[derive(Debug, PartialEq)]
    struct Counted<'a>(&'a [u8]);

    impl<'a> FromStream<'a> for Counted<'a> {
        const STREAM_TYPE: StreamType = StreamType(0x1_0005);

        fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
            let size = u64::from(stream.prefix("Counted", 1)?[0]);
            stream.prefix("Counted", 1 + size).map(|bytes| Self(&bytes[1..]))
        }
    }

    let view = |bytes: &[u8], expected: Result<Option<&[u8]>, ReadError>| {
        assert_eq!(open(bytes).stream::<Counted<'_>>().map(|view| view.map(|view| view.0)), expected);
    };
    view(&Dump::new().raw(0x1_0005, b"\x02abc").build(), Ok(Some(b"ab")));
    view(&Dump::new().raw(0x1_0004, b"\x02abc").build(), Ok(None));
    let short = ReadError::Truncated { what: "Counted", offset: 44, needed: 6, available: 4 };
    view(&Dump::new().raw(0x1_0005, b"\x05abc").build(), Err(short));
    let empty = ReadError::Truncated { what: "Counted", offset: 44, needed: 1, available: 0 };
    view(&Dump::new().raw(0x1_0005, []).build(), Err(empty));
}

fn check(directory: &Directory<'_>, len: u64, fault: Option<ReadError>) {
    assert_eq!((u64::from(directory.len()), directory.fault()), (len, fault));
    assert_eq!(directory.is_empty(), len == 0);
    assert_eq!(directory.iter().len() as u64, len);
    assert_eq!(directory.iter().count() as u64, len);
    assert_eq!(directory.get(directory.len()), None);
}
