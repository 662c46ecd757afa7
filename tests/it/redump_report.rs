//! The report compared with the header and the directory of the result; nothing is written needlessly.

use std::io;

use libtest_mimic::Trial;
use userdump::redump::{ItemFault, OptionName, Options, Outcome, Redump, Unavailable};
use userdump::{Dump as Source, ReadError, RedumpError, WriteError, redump};

use crate::support::cpu::pattern;
use crate::support::everything::everything;
use crate::support::facts::Facts;
use crate::support::fixtures;
use crate::support::forms::Form;
use crate::support::redumped::{Redumped, faults, findings, parsed, refusal};
use crate::support::trials;
use crate::synth::{
    Dump, Exception, FunctionTable, Handle, MemoryInfo, MiscInfo, Module, Range, Shape, Stack, SystemInfo, Text,
    Thread, ThreadInfo, Token, UnloadedModule,
};

pub fn trials() -> Vec<Trial> {
    trials![
        every_stream_in_use_is_listed_in_its_order,
        streams_that_the_options_leave_out_are_not_requested,
        the_first_of_streams_that_occur_once_counts,
        a_stream_that_cannot_be_read_leaves_the_rest_intact,
        a_stream_with_an_invalid_header_cannot_be_read,
        what_is_reported_as_rewritten_is_in_the_result,
        generated_streams_are_listed,
        letters_that_the_source_cannot_serve_are_named,
        letters_that_the_source_serves_in_part_are_counted,
        a_result_that_claims_more_memory_than_there_is_reports_it,
        generated_lists_are_listed_too,
        what_is_reported_as_generated_is_in_the_result,
        lists_and_ranges_that_are_cut_are_faults,
        faults_say_what_where_and_why,
        some_outcomes_keep_the_stream,
        size_and_report_are_known_before_the_first_byte,
        the_header_has_the_flags_of_the_options,
        the_header_keeps_the_time_and_nothing_else,
        the_directory_has_no_unused_entries,
        big_endian_dumps_are_refused,
        a_sink_that_fails_is_an_error_of_the_writer,
        a_dump_of_everything_stays_valid,
        fixtures_stay_sound,
    ]
}

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1))
}

/// The streams of the report: directory index, type, size and outcome.
fn listed(out: &Redumped) -> Vec<(u32, u32, u64, Outcome)> {
    out.report.streams.iter().map(|it| (it.index, it.stream_type.0, it.size, it.outcome)).collect()
}

fn every_stream_in_use_is_listed_in_its_order() {
    let source = Dump::new()
        .unused(1)
        .comment_a("twelve bytes")
        .system_info(SystemInfo::default())
        .memory_info(MemoryInfo::new(0x1000, 0x1000))
        .unused(2)
        .raw(0x1_0001, [1; 5])
        .thread(Thread::new(1))
        .thread_info(ThreadInfo::default())
        .raw(0x4767_0003, [2; 7])
        .module(Module::new(0, 1, "m"))
        .memory(0x1000, [0; 0x1000])
        .exception(Exception { thread: 1, ..Exception::default() })
        .build();
    let out = Redumped::of(&source, "/mF");
    let expected = [
        (1, 10, 12, Outcome::Copied),
        (2, 7, 56, Outcome::Rewritten),
        (3, 16, 16 + 48, Outcome::Rewritten),
        (6, 0x1_0001, 5, Outcome::Unexamined),
        (7, 3, 4 + 48, Outcome::Rewritten),
        (8, 17, 12 + 64, Outcome::NotRequested),
        (9, 0x4767_0003, 7, Outcome::Copied),
        (10, 4, 4 + 108, Outcome::Rewritten),
        (11, 5, 4 + 16, Outcome::Rewritten),
        (12, 6, 168, Outcome::Rewritten),
    ];
    assert_eq!(listed(&out), expected);
}

fn streams_that_the_options_leave_out_are_not_requested() {
    let source = base()
        .memory_info(MemoryInfo::new(0x1000, 0x1000))
        .thread_info(ThreadInfo { id: 1, ..ThreadInfo::default() })
        .handle(Handle::new(4, "Event"))
        .unloaded_module(UnloadedModule::new(0, 1, "u"))
        .memory(0x1000, [0; 0x1000])
        .build();
    let asked = [("F", 16), ("t", 17), ("h", 12), ("u", 14)];
    for options in ["/m", "/mF", "/mt", "/mh", "/mu", "/mFt", "/mhu", "/mf", "/mfF", "/mFhtu", "/ma", "/mA"] {
        let out = Redumped::of(&source, options);
        for (letter, kind) in asked {
            let wanted = options.contains(letter) || options.contains(['a', 'A']);
            let outcome = if wanted { Outcome::Rewritten } else { Outcome::NotRequested };
            assert_eq!(out.outcomes(kind), [outcome], "{options}, type {kind}");
            assert_eq!(out.facts().stream(kind).is_some(), wanted, "{options}, type {kind}");
        }
    }
}

/// One record of every kind that occurs once in a dump, each containing `mark`.
fn once(dump: Dump, mark: u32) -> Dump {
    let text = || format!("{mark}");
    let table = FunctionTable { base: mark.into(), entry_size: 4, entries: vec![1; 4], ..FunctionTable::default() };
    dump.separate()
        .system_info(SystemInfo { build: mark, ..SystemInfo::default() })
        .thread(Thread::new(mark))
        .thread_ex(Thread::new(mark))
        .module(Module::new(0, mark, "m"))
        .unloaded_module(UnloadedModule::new(0, mark, "u"))
        .memory(0x1000 * u64::from(mark), pattern(0x1000 * u64::from(mark), 0x10))
        .memory64(0x10_0000 * u64::from(mark), pattern(0x10_0000 * u64::from(mark), 0x10))
        .memory_info(MemoryInfo::new(0x1000 * u64::from(mark), 0x10))
        .thread_info(ThreadInfo { id: mark, ..ThreadInfo::default() })
        .thread_name(mark, &*text())
        .handle(Handle::new(mark.into(), "Event"))
        .misc_info(MiscInfo { process_id: mark, ..MiscInfo::default() })
        .function_table(table)
        .token(Token { id: mark, ..Token::default() })
        .raw(21, vec![mark as u8; 492])
        .raw(22, vec![mark as u8; 152])
}

const ONCE: [u32; 16] = [3, 4, 5, 7, 8, 9, 12, 13, 14, 15, 16, 17, 19, 21, 22, 24];

fn the_first_of_streams_that_occur_once_counts() {
    let exception = |code| Exception { thread: 1, code, ..Exception::default() };
    let alone = once(Dump::new(), 1).exception(exception(8)).exception(exception(9)).build();
    let twice = once(once(Dump::new(), 1), 2).exception(exception(8)).exception(exception(9)).build();
    for options in ["/mFhtu", "/ma"] {
        let [alone, twice] = [&alone, &twice].map(|source| Redumped::of(source, options));
        assert!(alone.bytes == twice.bytes, "{options}: bytes of a repeated stream are in the result");
        for kind in ONCE {
            assert!(twice.outcomes(kind)[0].is_kept(), "type {kind}");
            assert_eq!(twice.outcomes(kind)[1..], [Outcome::Duplicate], "type {kind}");
            assert_eq!(alone.outcomes(kind).len(), 1, "type {kind}");
        }
        // Streams that may be repeated are all kept.
        assert_eq!(twice.outcomes(6), [Outcome::Rewritten; 2]);
    }
    // A stream that is not requested is reported as such, however often it occurs.
    assert_eq!(Redumped::of(&twice, "/m").outcomes(17), [Outcome::NotRequested; 2]);
}

fn a_stream_that_cannot_be_read_leaves_the_rest_intact() {
    let exception = || Exception { thread: 1, ..Exception::default() };
    let source = || once(Dump::new(), 1).exception(exception()).comment_a("a").comment_w("w").raw(0x1_0001, [1; 20]);
    for lost in ONCE.into_iter().chain([6, 10, 11, 0x1_0001]) {
        // Without system information everything changes.
        if lost == 7 {
            continue;
        }
        let without = source().shape(lost, Shape::usual().rva(0x7fff_0000)).build();
        let out = Redumped::twice(&without, &parsed("/mFhtu"));
        match out.outcomes(lost)[..] {
            [Outcome::Unreadable(error)] => assert_eq!(error.offset(), Some(0x7fff_0000), "type {lost}"),
            ref other => panic!("type {lost}: {other:?}"),
        }
        for kind in ONCE.into_iter().chain([6, 10, 11, 0x1_0001]).filter(|kind| *kind != lost) {
            assert!(out.outcomes(kind)[0].is_kept(), "type {kind} without type {lost}");
            if ![5, 9].contains(&kind) {
                assert!(out.facts().stream(kind).is_some(), "type {kind} without type {lost}");
            }
        }
        assert_eq!(out.report.faults, [], "without type {lost}");
    }
}

fn a_stream_with_an_invalid_header_cannot_be_read() {
    for (kind, field) in [(12, "SizeOfDescriptor"), (14, "SizeOfEntry"), (16, "SizeOfEntry"), (17, "SizeOfEntry")] {
        let mut source = once(Dump::new(), 1).build();
        let at = Facts::of(&source).stream(kind).expect("it is present").rva.0 as usize;
        source[at + 4..at + 8].copy_from_slice(&8u32.to_le_bytes());
        let out = Redumped::of(&source, "/mFhtu");
        match out.outcomes(kind)[..] {
            [Outcome::Unreadable(ReadError::Size { field: found, found: 8, .. })] => assert_eq!(found, field),
            ref other => panic!("type {kind}: {other:?}"),
        }
        assert!(ONCE.into_iter().filter(|it| *it != kind).all(|kind| out.outcomes(kind)[0].is_kept()));
    }
}

/// The first stream of a type is outside the file, the second is sound: it is taken in full, or reported as left out.
fn what_is_reported_as_rewritten_is_in_the_result() {
    let mut wrong = Vec::new();
    for kind in ONCE {
        // The first system information determines the meaning of the rest.
        if kind == 7 {
            continue;
        }
        let mut source = once(once(Dump::new(), 1), 2).build();
        let facts = Facts::of(&source);
        let first = facts.directory.iter().position(|entry| entry.kind == kind).expect("it is present");
        let entry = facts.header.directory.0 as usize + 12 * first;
        source[entry + 8..entry + 12].copy_from_slice(&0x7fff_0000u32.to_le_bytes());
        let out = Redumped::once(&source, &parsed("/mA"));
        let outcome = out.outcomes(kind)[1];
        let facts = out.facts();
        let found = marks(&facts, kind);
        if if outcome.is_kept() { found != [2] } else { found.contains(&2) } {
            wrong.push(format!("type {kind}: {outcome:?}, but there is {found:?}"));
        }
        if Redumped::once(&out.bytes, &parsed("/mA")).bytes != out.bytes {
            wrong.push(format!("type {kind}: a second pass changes the dump"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The marks of all records of a type, as set by [`once`]; empty for generated streams.
fn marks(facts: &Facts<'_>, kind: u32) -> Vec<u64> {
    let ranges = |unit: u64| {
        let ranges = facts.ranges().into_iter().map(|range| range.address);
        ranges.filter(|address| address % unit == 0 && address / unit < 3).map(|address| address / unit).collect()
    };
    let field = |at: u64| facts.stream(kind).map(|stream| facts.u32(stream.rva.0 + at).into()).into_iter().collect();
    let filled = || facts.stream_bytes(kind).map(|bytes| u64::from(bytes[0])).filter(|byte| *byte != 0);
    match kind {
        3 => facts.threads().iter().map(|it| it.id.into()).collect(),
        4 => facts.modules().iter().map(|it| it.size.into()).collect(),
        5 => ranges(0x1000),
        8 => field(4),
        9 => ranges(0x10_0000),
        12 => facts.handles().iter().map(|it| it.handle).collect(),
        13 => field(24 + 16),
        14 => facts.unloaded_modules().iter().map(|it| it.size.into()).collect(),
        15 => field(8),
        16 => facts.memory_infos().iter().map(|it| it.base / 0x1000).collect(),
        17 => facts.thread_infos().iter().map(|it| it.id.into()).collect(),
        19 => facts.stream(19).filter(|list| list.size > 16).map(|_| field(16 + 4)).unwrap_or_default(),
        24 => facts.thread_names().iter().map(|it| it.thread.into()).collect(),
        _ => filled().into_iter().collect(),
    }
}

/// The letter that requests it.
fn letter(unavailable: &Unavailable) -> char {
    match unavailable.option {
        OptionName::Letter(letter) => letter,
        other => panic!("{other} is not a letter"),
    }
}

/// Each letter that requests something, for a source that has none of it and for one that has all of it.
fn letters_that_the_source_cannot_serve_are_named() {
    let bare = base().memory(0x9000, [0; 16]).memory_info(MemoryInfo { kind: 0x4_0000, ..MemoryInfo::new(0x9000, 16) });
    let bare = bare.build();
    let bare = Redumped::once(&bare, &parsed("/mhutipwdc")).report;
    let mut named: Vec<(char, u64)> = bare.unavailable.iter().map(|it| (letter(it), it.wanted)).collect();
    named.sort_unstable();
    // The process environment block is requested once, wherever it is.
    assert_eq!(named, [('c', 0), ('d', 0), ('h', 0), ('i', 0), ('p', 1), ('t', 0), ('u', 0), ('w', 0)]);
    let without_rows = Redumped::once(&base().memory(0x9000, [0; 16]).build(), &parsed("/ma")).report;
    let mut named: Vec<_> = without_rows.unavailable.iter().map(|it| (letter(it), it.what)).collect();
    named.sort_unstable();
    let streams = [('F', "MemoryInfoList"), ('h', "HandleData"), ('t', "ThreadInfoList"), ('u', "UnloadedModuleList")];
    assert_eq!(named, streams);
    // What is not requested is not missed.
    assert_eq!(Redumped::of(&base().build(), "/mrR").report.unavailable, []);
    let lines: Vec<String> = without_rows.unavailable.iter().map(|it| it.to_string()).collect();
    assert!(lines.contains(&"h: the source has no HandleData".to_owned()), "{lines:?}");
}

fn letters_that_the_source_serves_in_part_are_counted() {
    let row = |base, size| MemoryInfo { kind: 0x2_0000, ..MemoryInfo::new(base, size) };
    let source = base().memory(0x1000, [0; 0x1000]).memory(0x5000, [0; 0x10]);
    let source =
        source.memory_info(row(0x1000, 0x1000)).memory_info(row(0x5000, 0x1000)).memory_info(row(0x9000, 0x1000));
    let report = Redumped::of(&source.build(), "/mw").report;
    let [found] = report.unavailable[..] else { panic!("{:?}", report.unavailable) };
    assert_eq!((found.option, found.what), ('w'.into(), "private regions"));
    assert_eq!((found.wanted, found.whole, found.partial), (3, 1, 1));
    assert_eq!(found.to_string(), "w: the source has 1 of 3 private regions, and parts of 1");
}

fn a_result_that_claims_more_memory_than_there_is_reports_it() {
    let source = |flags| base().flags(flags).memory(0x1000, [0; 0x1000]).build();
    for options in ["/mf", "/ma", "/mA"] {
        assert!(Redumped::of(&source(0), options).report.is_partial, "{options}");
        assert!(!Redumped::of(&source(2), options).report.is_partial, "{options}");
    }
    assert!(!Redumped::of(&source(0), "/mw").report.is_partial);
    // A Memory64List describes it too, unless the end of the file cuts the list.
    let full = base().memory64(0x1000, [7; 0x1000]).build();
    assert!(!Redumped::of(&full, "/mA").report.is_partial);
    assert!(Redumped::once(&full[..full.len() - 1], &parsed("/mA")).report.is_partial);
}

fn generated_streams_are_listed() {
    let source = base().module(Module::new(0, 1, "m")).memory(0x1000, [0; 16]).build();
    assert_eq!(Redumped::of(&source, "/m").made_up(), [19, 21, 22]);
    assert_eq!(Redumped::of(&source, "/ma").made_up(), [19, 21, 22, 16]);
    assert_eq!(Redumped::as_debugger(&source, "/m").made_up(), [6, 19, 21, 22]);
    assert_eq!(Redumped::as_debugger(&source, "/ma").made_up(), [6, 19, 21, 22, 16]);
    let source = once(Dump::new(), 1).exception(Exception { thread: 1, ..Exception::default() }).build();
    assert!(Redumped::of(&source, "/ma").made_up().is_empty());
    // A second pass has nothing to add.
    let first = Redumped::of(&base().memory(0x1000, [0; 16]).build(), "/ma");
    assert!(Redumped::of(&first.bytes, "/ma").made_up().is_empty());
}

/// There is no memory to generate rows for.
fn what_is_reported_as_generated_is_in_the_result() {
    for source in [base().build(), base().memory(0x1000, []).build()] {
        for options in ["/m", "/mF", "/ma"] {
            let out = Redumped::of(&source, options);
            for kind in out.made_up() {
                assert!(out.facts().stream(kind).is_some(), "{options}: type {kind} is reported as generated");
            }
        }
    }
}

/// For a Windows process the debugger always writes both lists, and so do we, even if the source has neither.
fn generated_lists_are_listed_too() {
    let out = Redumped::of(&Dump::new().system_info(SystemInfo::default()).build(), "/m");
    assert_eq!(out.facts().kinds(), [3, 4, 19, 5, 7, 21, 22]);
    assert_eq!((out.facts().threads().len(), out.facts().modules().len()), (0, 0));
    let mut made_up = out.made_up();
    made_up.sort_unstable();
    assert_eq!(made_up, [3, 4, 19, 21, 22]);
}

fn lists_and_ranges_that_are_cut_are_faults() {
    for (kind, fault) in [
        (3, "ThreadList 1 entries"),
        (4, "ModuleList 1 entries"),
        (5, "MemoryList 1 entries"),
        (8, "ThreadExList 1 entries"),
        (9, "Memory64List 1 entries"),
        (12, "HandleData 1 entries"),
        (14, "UnloadedModuleList 1 entries"),
        (16, "MemoryInfoList 1 entries"),
        (17, "ThreadInfoList 1 entries"),
        (24, "ThreadNames 1 entries"),
    ] {
        let source = once(Dump::new(), 1).shape(kind, Shape::usual().count(5000)).build();
        assert_eq!(Redumped::of(&source, "/mFhtu").faults(), [fault]);
    }
    let source = base().memory(0x1000, [1; 16]).memory_range(Range::At(0x2000, 16, 0x7fff_0000)).memory(0x3000, [1; 8]);
    let out = Redumped::of(&source.build(), "/mf");
    assert_eq!(
        (out.faults(), out.ranges()),
        (vec!["MemoryList 1 memory range".to_owned()], vec![(0x1000, 16), (0x3000, 8)])
    );
}

fn faults_say_what_where_and_why() {
    let source = base().module(Module { name: Text::At(0x7fff_0000), ..Module::default() }).build();
    let error = ReadError::Truncated { what: "MINIDUMP_STRING", offset: 0x7fff_0000, needed: 4, available: 0 };
    let faults = Redumped::of(&source, "/m").report.faults;
    let [ItemFault { stream_type, item, part, error: found, .. }] = faults[..] else { panic!("{faults:?}") };
    assert_eq!((stream_type.0, item, part, found), (4, 0, "name", error));
    let thread = Thread::new(2).stack(Stack::At(0x5000, 0x40, 0x7fff_0000));
    let faults = Redumped::of(&base().thread(thread).build(), "/m").report.faults;
    let error = ReadError::Truncated { what: "stack", offset: 0x7fff_0000, needed: 0x40, available: 0 };
    assert_eq!((faults.len(), faults[0].item, faults[0].error), (1, 1, error));
}

fn some_outcomes_keep_the_stream() {
    let error = ReadError::Unsupported { what: "x" };
    for (outcome, kept) in [
        (Outcome::Rewritten, true),
        (Outcome::Copied, true),
        (Outcome::Relocated, true),
        (Outcome::Unexamined, true),
        (Outcome::NotRequested, false),
        (Outcome::Duplicate, false),
        (Outcome::Unreadable(error), false),
    ] {
        assert_eq!(outcome.is_kept(), kept, "{outcome:?}");
    }
}

fn size_and_report_are_known_before_the_first_byte() {
    let source = everything(Form::USUAL).build();
    let dump = Source::parse(&source).expect("it is a dump");
    for options in ["/m", "/mA"] {
        let planned = Redump::new(&dump, &parsed(options)).expect("it can be planned");
        let (size, report) = (planned.size(), planned.report().clone());
        let mut bytes = Vec::new();
        let written = planned.write_to(&mut bytes).expect("a vector accepts every write");
        assert_eq!((size, report.size), (bytes.len() as u64, bytes.len() as u64));
        assert_eq!(report, written);
        assert_eq!(Redumped::of(&source, options).report, report);
    }
}

fn the_header_has_the_flags_of_the_options() {
    // All flags except that of a triage dump, which stays one.
    let source = base().flags(0xffff_ffff_ffef_ffff).build();
    for (options, flags) in [
        ("/m", 0x4_0000),
        ("/mf", 0x6_0002),
        ("/mF", 0x4_0800),
        ("/mh", 0x4_0004),
        ("/mt", 0x4_1000),
        ("/mu", 0x4_0020),
        ("/mFhtu", 0x4_1824),
        ("/ma", 0x66_1826),
        ("/mfFhut", 0x6_1826),
        ("/mA", 0x66_1826),
    ] {
        assert_eq!(Redumped::of(&source, options).facts().header.flags, flags, "{options}");
    }
}

fn the_header_keeps_the_time_and_nothing_else() {
    for timestamp in [0, 1_600_000_123, u32::MAX] {
        let mut source = base().timestamp(timestamp).version(0xa0d7_a793).directory_last().build();
        source[16..20].copy_from_slice(&0x1234_5678u32.to_le_bytes());
        let out = Redumped::of(&source, "/m");
        let header = out.facts().header;
        assert_eq!((header.timestamp, header.version, header.checksum), (timestamp, 0xa793, 0));
        assert_eq!((header.directory.0, header.streams as usize), (32, out.facts().kinds().len()));
    }
}

fn the_directory_has_no_unused_entries() {
    let source = base().unused(4).comment_a("c").unused(3).memory(0x1000, [0; 16]).build();
    let out = Redumped::of(&source, "/ma");
    // In the engine's order, followed by what the engine does not write.
    assert_eq!(
        out.facts().directory.iter().map(|entry| entry.kind).collect::<Vec<_>>(),
        [3, 4, 19, 9, 16, 7, 21, 22, 10]
    );
}

fn big_endian_dumps_are_refused() {
    for options in ["/m", "/ma"] {
        let error = refusal(&base().big_endian().build(), options);
        assert!(matches!(error, RedumpError::Unsupported { .. }), "{error}");
    }
}

fn a_sink_that_fails_is_an_error_of_the_writer() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let source = base().build();
    let dump = Source::parse(&source).expect("it is a dump");
    let error = redump(&dump, &Options::new(), Full).expect_err("the sink accepts nothing");
    assert!(matches!(error, RedumpError::Write(WriteError::Io { written: 0, .. })), "{error:?}");
}

fn a_dump_of_everything_stays_valid() {
    for form in [Form::USUAL, Form { filler: 3, ..Form::USUAL }] {
        let source = form.build(everything(form));
        // It has both memory lists and no flags, which no debugger opens; a result has one list.
        assert_eq!(faults(&source).len(), 2);
        // Without `f` and `a`: its regions promise more memory than there is.
        for options in ["/m", "/mF", "/mh", "/mt", "/mu", "/mA", "/mFhtu"] {
            let out = Redumped::of(&source, options);
            assert_eq!(faults(&out.bytes), [""; 0], "{options}");
            assert_eq!(out.faults(), [""; 0], "{options}");
        }
    }
}

fn fixtures_stay_sound() {
    let mut sound = 0;
    for (name, source) in fixtures::all().filter(|(name, _)| !name.contains("-from-")) {
        let before = findings(source);
        sound += usize::from(before.is_empty());
        for options in ["/m", "/mA", "/mFhtu"] {
            let out = Redumped::of(source, options);
            assert_eq!(findings(&out.bytes), before, "{name} with {options}");
        }
    }
    assert!(sound > 0, "none of the fixtures is sound");
}
