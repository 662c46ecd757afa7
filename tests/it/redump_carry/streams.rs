//! Streams that are copied unchanged: comments, streams without file offsets, and unknown streams that may contain
//! some.

use libtest_mimic::Trial;
use userdump::redump::{Engine, Options, Outcome};

use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, faults, parsed};
use crate::support::trials;
use crate::synth::{Dump, FunctionTable, Shape, SystemInfo, Text, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_comment_that_is_filtered_is_added_again,
        a_dump_with_an_added_comment_is_as_sound_as_before,
        comments_are_carried_byte_for_byte,
        a_comment_may_be_added,
        a_second_pass_does_not_add_the_comment_again,
        a_comment_is_added_beside_another_one,
        a_comment_that_is_there_is_not_added,
        streams_without_file_offsets_are_copied,
        unexamined_streams_are_copied_and_named,
        streams_of_windows_ce_are_copied_and_named,
        several_streams_of_a_type_are_carried,
        carried_streams_keep_their_order,
        carried_streams_come_with_every_option,
        a_trace_comes_with_its_letter,
        an_empty_stream_stays_a_stream,
        a_stream_that_the_file_cuts_is_carried_as_far_as_it_is_there,
        function_tables_are_copied_byte_for_byte,
    ]
}

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1))
}

/// The bytes of every stream of a type.
fn contents(facts: &Facts<'_>, kind: u32) -> Vec<Vec<u8>> {
    let entries = facts.directory.iter().filter(|entry| entry.kind == kind);
    entries.map(|entry| facts.blob(entry.rva, entry.size.into()).to_vec()).collect()
}

/// UTF-16 without a terminator.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn comments_are_carried_byte_for_byte() {
    for text in ["plain", "with a NUL\0", "\0\0", "", "na\u{ef}ve \u{1F980}"] {
        let source = base().comment_a(text).comment_w(text).build();
        for options in ["/m", "/ma"] {
            let out = Redumped::of(&source, options);
            assert_eq!(contents(&out.facts(), 10), [text.as_bytes()]);
            assert_eq!(contents(&out.facts(), 11), [utf16(text)]);
            assert_eq!([10, 11].map(|kind| out.outcomes(kind)), [10, 11].map(|_| vec![Outcome::Copied]));
        }
    }
    // Invalid text in either encoding, with an odd size.
    let source = base().raw(10, [0xff, 0xfe, 0x80]).raw(11, [0, 0xd8, 0x41]).build();
    let out = Redumped::of(&source, "/m");
    assert_eq!(contents(&out.facts(), 10), [[0xff, 0xfe, 0x80]]);
    assert_eq!(contents(&out.facts(), 11), [[0, 0xd8, 0x41]]);
}

fn a_comment_may_be_added() {
    for comment in ["why this dump is here", "\u{1F980}", ""] {
        let out = Redumped::with(&base().build(), &parsed("/m").with_comment(comment));
        assert_eq!(contents(&out.facts(), 11), [utf16(&format!("{comment}\0"))]);
        // There is no flag for comments.
        assert_eq!(out.facts().header.flags, 0x4_0000);
    }
    assert_eq!(Redumped::of(&base().build(), "/m").facts().stream(11), None);
}

fn a_second_pass_does_not_add_the_comment_again() {
    let options = parsed("/ma").with_comment("once");
    let first = Redumped::with(&base().comment_a("once").build(), &options);
    // An ANSI comment is a different stream.
    assert_eq!(contents(&first.facts(), 11), [utf16("once\0")]);
    let second = Redumped::with(&first.bytes, &options);
    assert!(second.bytes == first.bytes);
    let third = Redumped::twice(&second.bytes, &parsed("/ma").with_comment("another"));
    assert_eq!(contents(&third.facts(), 11), [utf16("once\0"), utf16("another\0")]);
    assert!(Redumped::twice(&third.bytes, &options).bytes == third.bytes);
}

fn a_comment_is_added_beside_another_one() {
    for known in ["another", "the comment ", "The Comment", "the comment\0more", "the"] {
        let out = Redumped::twice(&base().comment_w(known).build(), &parsed("/m").with_comment("the comment"));
        assert_eq!(contents(&out.facts(), 11), [utf16(known), utf16("the comment\0")]);
    }
}

fn a_comment_that_is_there_is_not_added() {
    // With or without trailing NULs, first or last.
    for known in ["the comment", "the comment\0", "the comment\0\0"] {
        let source = base().comment_w("another").comment_w(known).build();
        let out = Redumped::with(&source, &parsed("/m").with_comment("the comment"));
        assert_eq!(contents(&out.facts(), 11), [utf16("another"), utf16(known)]);
    }
}

/// Bytes that look like sizes and offsets; their count is odd.
fn bytes() -> Vec<u8> {
    let words = [4u32, 0x20, 8, 0x24, 0x100, 0x7fff_0000, 0, 1];
    [words.map(u32::to_le_bytes).as_flattened(), &[1, 2, 3]].concat()
}

/// Checks that a stream is copied byte for byte, and checks its outcome in the report.
fn assert_carried(kind: u32, outcome: Outcome) {
    let source = base().raw(kind, bytes()).build();
    for options in ["/m", "/ma"] {
        let out = Redumped::of(&source, options);
        assert_eq!(contents(&out.facts(), kind), [bytes()], "type {kind:#x}");
        assert_eq!(out.outcomes(kind), [outcome], "type {kind:#x}");
    }
}

fn streams_without_file_offsets_are_copied() {
    // Kasko, Chromium, LLDB, Breakpad, Mozilla, Facebook, the script engine.
    let alone = [0x4b6b_0001, 0x4b6b_0002, 0x4c4c_4442, 0x4d7a_0003, 0x4d7a_0004, 0xface_1ca7, 0xface_e000, 20];
    let breakpad = (0x4767_0001..=0x4767_000d).filter(|kind| *kind != 0x4767_000a);
    for kind in alone.into_iter().chain(breakpad) {
        assert_carried(kind, Outcome::Copied);
    }
    // The header of the handle operation list must be valid.
    let list = [[16u32, 288, 1, 0].map(u32::to_le_bytes).as_flattened(), [5; 288].as_slice()].concat();
    let out = Redumped::of(&base().raw(18, &list).build(), "/m");
    assert_eq!((contents(&out.facts(), 18), out.outcomes(18)), (vec![list], vec![Outcome::Copied]));
}

fn unexamined_streams_are_copied_and_named() {
    // Unknown types, in Microsoft's range and of other producers.
    let foreign = [1, 2, 26, 0x7fff, 0x8010, 0xffff, 0x4350_0002, 0x4767_000e, 0x4d7a_0005];
    // Types of applications, which may hold anything.
    for kind in foreign.into_iter().chain([0x1_0000, 0x1_0001, 0x1234_5678, 0xffff_ffff]) {
        assert_carried(kind, Outcome::Unexamined);
    }
}

fn streams_of_windows_ce_are_copied_and_named() {
    for kind in 0x8000..=0x800c {
        assert_carried(kind, Outcome::Unexamined);
    }
}

fn several_streams_of_a_type_are_carried() {
    for kind in [10, 11, 0x1_0001, 0x4767_0003] {
        let source = base().raw(kind, [1, 0]).raw(kind, [2, 0]).raw(kind, [1, 0]).build();
        let out = Redumped::of(&source, "/m");
        assert_eq!(contents(&out.facts(), kind), [[1, 0], [2, 0], [1, 0]]);
        assert!(out.outcomes(kind).iter().all(Outcome::is_kept));
    }
}

fn carried_streams_keep_their_order() {
    let kinds = [0x4767_0005, 0x1_0002, 10, 0x4767_0003, 0x1_0001, 20, 0x4767_0004];
    let source = kinds.iter().fold(base(), |dump, kind| dump.raw(*kind, kind.to_le_bytes())).build();
    let out = Redumped::of(&source, "/m");
    let carried: Vec<u32> = out.facts().kinds().into_iter().filter(|kind| kinds.contains(kind)).collect();
    assert_eq!(carried, kinds);
}

fn carried_streams_come_with_every_option() {
    let kinds = [10, 11, 20, 0x1_0001, 0x4767_0003, 0x8001];
    let source = kinds.iter().fold(base(), |dump, kind| dump.raw(*kind, [7, 0])).build();
    for options in ["/m", "/mf", "/mF", "/mh", "/mt", "/mu", "/ma", "/mA", "/mFhtu"] {
        let out = Redumped::of(&source, options);
        for kind in kinds {
            assert_eq!(contents(&out.facts(), kind), [[7, 0]], "{options}, type {kind:#x}");
        }
    }
}

/// The engine of 2017 has no letter for it, and the stream is carried like others.
fn a_trace_comes_with_its_letter() {
    let source = base().raw(23, [7, 0]).build();
    for (options, is_there) in
        [("/m", false), ("/mf", false), ("/mFhtuiwdcpe", false), ("/mT", true), ("/ma", true), ("/mA", true)]
    {
        let out = Redumped::of(&source, options);
        let (bytes, outcome) =
            if is_there { (vec![[7, 0]], Outcome::Unexamined) } else { (vec![], Outcome::NotRequested) };
        assert_eq!(
            (contents(&out.facts(), 23), out.outcomes(23)),
            (bytes.iter().map(|it| it.to_vec()).collect(), vec![outcome])
        );
    }
    let out = Redumped::with(&source, &Options::parse_as(Engine::V2017, "/m").expect("it is a word"));
    assert_eq!((contents(&out.facts(), 23), out.outcomes(23)), (vec![vec![7, 0]], vec![Outcome::Unexamined]));
}

fn an_empty_stream_stays_a_stream() {
    let source = base().raw(0x1_0001, []).raw(10, []).raw(0x4767_0003, []).build();
    let out = Redumped::of(&source, "/m");
    for kind in [0x1_0001, 10, 0x4767_0003] {
        assert_eq!(contents(&out.facts(), kind), [[0_u8; 0]; 1]);
        assert!(out.outcomes(kind)[0].is_kept());
    }
}

fn a_stream_that_the_file_cuts_is_carried_as_far_as_it_is_there() {
    for kind in [10, 0x1_0001, 0x4767_0003] {
        // Nothing follows it, not even the service pack string.
        let system = SystemInfo { service_pack: Text::None, ..SystemInfo::default() };
        let dump = Dump::new().system_info(system).thread(Thread::new(1)).raw(kind, [9; 20]);
        let source = dump.shape(kind, Shape::usual().data_size(0x1000)).build();
        let out = Redumped::of(&source, "/m");
        assert_eq!(contents(&out.facts(), kind), [[9; 20]]);
        assert_eq!(out.report.streams[2].size, 0x1000);
    }
    // A stream that is entirely outside the file cannot be read.
    for kind in [10, 11, 0x1_0001, 0x4767_0003] {
        let source = base().raw(kind, [9; 20]).shape(kind, Shape::usual().rva(0x7fff_0000)).build();
        let out = Redumped::of(&source, "/m");
        assert_eq!(out.facts().stream(kind), None);
        assert!(matches!(out.outcomes(kind)[..], [Outcome::Unreadable(_)]));
    }
}

fn function_tables_are_copied_byte_for_byte() {
    let table = |base: u64| FunctionTable {
        minimum: base,
        maximum: base + 0x1000,
        base,
        native: vec![0x5A; 112],
        entry_size: 12,
        entries: (0..36).collect(),
        padding: 4,
    };
    let source = base().function_table(table(0x50_0000)).function_table(table(0x7fff_0000_0000)).build();
    let before = Facts::of(&source).stream_bytes(13).expect("they are there").to_vec();
    for options in ["/m", "/ma"] {
        let out = Redumped::of(&source, options);
        assert_eq!(contents(&out.facts(), 13), vec![before.clone()]);
        assert_eq!(out.outcomes(13), [Outcome::Copied]);
    }
}

/// One or two comments do not cause findings.
fn a_dump_with_an_added_comment_is_as_sound_as_before() {
    let source = base().comment_w("another").build();
    assert_eq!(faults(&source), [""; 0]);
    let out = Redumped::twice(&source, &parsed("/m").with_comment("the comment"));
    assert_eq!(faults(&out.bytes), [""; 0]);
}

/// The option `r` leaves out all comments of the source, including one that an earlier pass added.
fn a_comment_that_is_filtered_is_added_again() {
    let source = base().comment_w("private").build();
    let out = Redumped::with(&source, &parsed("/mr").with_comment("for all"));
    assert_eq!(contents(&out.facts(), 11), ["for all\0".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()]);
}
