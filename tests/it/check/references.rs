//! Findings about what entries refer to: names, contexts, stacks, memory, records, chains.

use libtest_mimic::Trial;
use userdump::read::ThreadList;
use userdump::read::check::FindingCode as Code;

use super::*;

pub fn trials() -> Vec<Trial> {
    trials![
        names_that_cannot_be_read_are_found,
        an_absent_name_is_found_where_there_has_to_be_one,
        names_that_are_not_utf16_are_found,
        contexts_outside_the_file_are_found,
        contexts_of_unknown_size_are_found_for_known_processors,
        stacks_without_bytes_are_found,
        a_stack_that_only_another_stack_holds_is_found,
        memory_that_is_cut_is_found,
        records_of_modules_outside_the_file_are_found,
        exceptions_of_no_thread_are_found,
        broken_chains_of_handles_are_found,
        a_record_whose_size_may_count_its_head_is_not_found,
        references_of_raw_streams_outside_the_file_are_found,
        references_that_exceed_the_file_are_found_once,
        modules_may_share_a_record,
    ]
}

fn missing_string(offset: u64) -> Option<ReadError> {
    Some(truncated("MINIDUMP_STRING", offset, 4, 0))
}

fn names_that_cannot_be_read_are_found() {
    let nowhere = || Text::At(0x7fff_0000);
    let dump = |_| {
        let system = SystemInfo { service_pack: nowhere(), ..SystemInfo::default() };
        let dump = Dump::new().system_info(system).thread(Thread::new(7)).module(Module::new(1, 2, "a"));
        let dump = dump.module(Module { name: nowhere(), ..Module::default() });
        let dump = dump.unloaded_module(UnloadedModule { name: nowhere(), ..UnloadedModule::default() });
        let dump = dump.thread_name(7, "a").thread_name(7, "b").thread_name(7, nowhere());
        dump.handle(Handle { object_name: nowhere(), ..Handle::new(1, nowhere()) }).written(0xfff0, |bytes| {
            bytes.u32(1).zeros(20).u32(0x7fff_0000).zeros(84);
        })
    };
    check(dump, |facts| {
        let found = |kind, index, offset| {
            (Code::NameUnreadable, Some(kind), index, start(facts, kind) + offset, missing_string(0x7fff_0000))
        };
        vec![
            found(7, None, 0),
            found(4, Some(1), 4 + 108),
            found(14, Some(0), 12),
            found(24, Some(2), 4 + 24),
            found(12, Some(0), 16),
            found(12, Some(0), 16),
            found(0xfff0, Some(0), 4),
        ]
    });
}

fn an_absent_name_is_found_where_there_has_to_be_one() {
    let dump = |_| {
        let system = SystemInfo { service_pack: Text::None, ..SystemInfo::default() };
        let dump = Dump::new().system_info(system).thread(Thread::new(7)).handle(Handle::new(1, Text::None));
        let dump = dump.module(Module { name: Text::None, ..Module::default() }).thread_name(7, Text::None);
        dump.unloaded_module(UnloadedModule { name: Text::None, ..UnloadedModule::default() })
    };
    in_every_form(dump, |dump, facts| {
        let error = Some(truncated("MINIDUMP_STRING", 4, 0x504d_444d, dump.file_size() - 4));
        let found = |kind, offset| (Code::NameUnreadable, Some(kind), Some(0), start(facts, kind) + offset, error);
        finds(dump, &[found(4, 4), found(14, 12), found(24, 4)]);
    });
}

fn names_that_are_not_utf16_are_found() {
    let dump = |_| {
        let odd = || Text::Units(3, vec![1, 2]);
        let unpaired = || Text::Units(4, vec![0xdc00, 0xd800]);
        let dump =
            sound().module(Module { name: odd(), ..Module::default() }).thread_name(7, "a").thread_name(8, unpaired());
        dump.handle(Handle { object_name: odd(), ..Handle::new(1, "😀") })
    };
    check(dump, |facts| {
        let found =
            |kind, index, offset| (Code::NameNotUtf16, Some(kind), Some(index), start(facts, kind) + offset, None);
        vec![found(4, 0, 4), found(24, 1, 4 + 12), found(12, 0, 16)]
    });
}

fn contexts_outside_the_file_are_found() {
    let outside = || Part::At(1232, 0x7fff_0000);
    let dump = |_| {
        let dump = sound().thread(Thread::new(8).context(outside())).thread_ex(Thread::new(9).context(outside()));
        dump.exception(Exception { context: outside(), ..Exception::new(7, 1, 2) })
    };
    check(dump, |facts| {
        let missing = Some(truncated("CONTEXT", 0x7fff_0000, 1232, 0));
        let found =
            |kind, index, offset| (Code::ContextOutsideFile, Some(kind), index, start(facts, kind) + offset, missing);
        vec![found(3, Some(1), 4 + 48), found(8, Some(0), 4), found(6, None, 0)]
    });
}

fn contexts_of_unknown_size_are_found_for_known_processors() {
    for (architecture, size, known) in [
        (9, 735, false),
        (9, 736, true),
        (0, 715, false),
        (0, 716, true),
        (6, 100, true),
        (0xffff, 100, true),
        (0x8006, 523, false),
    ] {
        let dump = |_| {
            let system = SystemInfo { architecture, ..SystemInfo::default() };
            Dump::new().system_info(system).thread(Thread::new(1)).thread(Thread::new(2).context(vec![0; size]))
        };
        check(dump, |facts| {
            let found = (Code::ContextUnknownSize, Some(3), Some(1), start(facts, 3) + 4 + 48, None);
            if known { vec![] } else { vec![found] }
        });
    }
    let no_system = |_| Dump::new().thread(Thread::new(2).context([0; 9]));
    check(no_system, |_| vec![(Code::NoSystemInfo, None, None, 0, None)]);
}

fn stacks_without_bytes_are_found() {
    let thread = |id, address| Thread::new(id).stack(Stack::At(address, 0x100, 0));
    let dump = |_| {
        let dump = sound().thread(thread(1, 0x5000)).thread(thread(2, 0x6000)).thread(thread(3, 0x7000));
        // Half a stack is still a stack.
        dump.flags(2).thread(thread(4, 0x6fff)).memory(0x6000, [1; 16]).memory64(0x7000, [1; 0x100])
    };
    let beside = (Code::MemoryListBesideFull, None, None, 0, None);
    check(dump, |facts| {
        let found =
            |index: u64| (Code::StackWithoutBytes, Some(3), Some(index), start(facts, 3) + 4 + 48 * index, None);
        vec![found(1), found(4), beside]
    });
    let narrow = |_| {
        let dump = Dump::new().system_info(SystemInfo { architecture: 0, ..SystemInfo::default() });
        dump.thread(thread(1, 0x8000_0000)).memory(0xffff_ffff_8000_0000, [1; 16])
    };
    check(narrow, |_| vec![]);
}

fn a_stack_that_only_another_stack_holds_is_found() {
    // What counts is what `Thread::stack` searches: the memory lists.
    let dump = |_| {
        let dump = sound().thread(Thread::new(1).stack(Stack::stored(0x5000, [1; 16])));
        dump.thread(Thread::new(2).stack(Stack::At(0x5000, 8, 0)))
    };
    in_every_form(dump, |dump, facts| {
        let threads: ThreadList<'_> = dump.stream().expect("it is valid").expect("it is present");
        let stack = dump.stack(&threads.get(2).expect("it is present"));
        assert_eq!(stack, Err(truncated("stack", 0, 8, 0)));
        finds(dump, &[(Code::StackWithoutBytes, Some(3), Some(2), start(facts, 3) + 4 + 96, None)]);
    });
}

fn memory_that_is_cut_is_found() {
    let outside = || Stack::At(0x5000, 8, 0x7fff_0000);
    let dump = |_| {
        let thread = Thread { backing_store: outside(), ..Thread::new(9) };
        let dump = sound().thread(Thread::new(8).stack(outside())).thread_ex(thread);
        dump.memory(1, [2]).memory_range(Range::At(0x5000, 8, 0x7fff_0000))
    };
    check(dump, |facts| {
        let missing = Some(truncated("memory range", 0x7fff_0000, 8, 0));
        let found = |kind, index, offset| {
            (Code::MemoryTruncated, Some(kind), Some(index), start(facts, kind) + offset, missing)
        };
        vec![found(3, 1, 4 + 48), found(8, 0, 4), found(5, 1, 4 + 16)]
    });
    // One range gives a larger size than it has, and no others follow.
    let dump = |_| sound().flags(2).memory64_range(Range64 { address: 1, size: u64::MAX, bytes: vec![1; 4] });
    in_every_form(dump, |dump, facts| {
        let (list, base) = (start(facts, 9), dump.file_size() - 4);
        let missing = |what| Some(truncated(what, base, u64::MAX, 4));
        finds(
            dump,
            &[
                (Code::MemoryDataTruncated, Some(9), None, list, missing("memory of all ranges")),
                (Code::MemoryTruncated, Some(9), Some(0), list + 16, missing("memory range")),
            ],
        );
    });
    // A backing store without an RVA does not exist.
    let nowhere = Thread { backing_store: Stack::At(0x5000, 8, 0), ..Thread::new(9) };
    check(|_| sound().thread_ex(nowhere.clone()), |_| vec![]);
}

fn records_of_modules_outside_the_file_are_found() {
    let part = || Part::At(8, 0x7fff_0000);
    let broken = || Module { misc: part(), ..Module::new(9, 2, "b") }.code_view(part());
    let dump = |_| sound().module(Module::new(1, 2, "a").code_view(b"any")).module(broken());
    check(dump, |facts| {
        let offset = start(facts, 4) + 4 + 108;
        let missing = |what| Some(truncated(what, 0x7fff_0000, 8, 0));
        vec![
            (Code::CodeViewUnreadable, Some(4), Some(1), offset, missing("CodeView record")),
            (Code::MiscRecordUnreadable, Some(4), Some(1), offset, missing("IMAGE_DEBUG_MISC")),
        ]
    });
}

fn exceptions_of_no_thread_are_found() {
    let exception = |thread| Exception { context: Part::None, ..Exception::new(thread, 1, 2) };
    let dump =
        |_| sound().thread(Thread::new(3)).exception(exception(3)).exception(exception(5)).exception(exception(7));
    check(dump, |facts| vec![(Code::ExceptionThreadMissing, Some(6), None, facts.directory[3].rva.0, None)]);
    // Without threads, the finding is that the threads are missing.
    let dump = |_| Dump::new().system_info(SystemInfo::default()).exception(exception(5));
    check(dump, |_| vec![(Code::NoThreads, None, None, 0, None)]);
}

fn broken_chains_of_handles_are_found() {
    let object = || ObjectInfo { kind: 1, bytes: vec![2; 4] };
    let round =
        || Handle { objects: vec![object(), object()], objects_in_a_circle: true, ..Handle::new(1, Text::None) };
    let dump = |_| sound().handle(Handle { objects: vec![object()], ..Handle::new(1, Text::None) }).handle(round());
    in_every_form(dump, |dump, facts| {
        let found = findings(dump);
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((finding.code, finding.entry), (Code::HandleChainBroken, Some(1)));
        assert_eq!(finding.offset, start(facts, 12) + 16 + 40);
        assert!(matches!(finding.error, Some(ReadError::Cycle { .. })));
    });
    let dump = |_| {
        sound().written(kind::HANDLE_DATA, |bytes| {
            bytes.u32s(&[16, 40, 1, 0]).zeros(32).u32s(&[0x7fff_0000, 0]);
        })
    };
    check(dump, |facts| {
        let missing = truncated("MINIDUMP_HANDLE_OBJECT_INFORMATION", 0x7fff_0000, 12, 0);
        vec![(Code::HandleChainBroken, Some(12), Some(0), start(facts, 12) + 16, Some(missing))]
    });
}

fn a_record_whose_size_may_count_its_head_is_not_found() {
    // The record is last in the file, with four bytes after its header.
    for (size, broken) in [(0, false), (4, false), (5, false), (16, false), (17, true), (u32::MAX, true)] {
        let objects = || vec![ObjectInfo { kind: 1, bytes: vec![2; 4] }];
        for form in Form::ALL {
            let handle = Handle { objects: objects(), ..Handle::new(1, Text::None) };
            let mut bytes = form.build(sound().handle(handle));
            let at = bytes.len() - 8;
            bytes[at..at + 4].copy_from_slice(&if form.big_endian { size.to_be_bytes() } else { size.to_le_bytes() });
            let codes: Vec<_> = findings(&open(&bytes)).iter().map(|finding| finding.code).collect();
            assert_eq!(codes == [Code::HandleChainBroken], broken, "{size}: {codes:?}");
            assert_eq!(codes.is_empty(), !broken);
        }
    }
}

fn references_of_raw_streams_outside_the_file_are_found() {
    // Crashpad's annotations and modules, Mozilla's boot arguments.
    let dump = |_| {
        let dump = sound().written(0x4350_0001, |bytes| {
            bytes.u32(1).zeros(32).u32s(&[4, 0x7fff_0000, 4, 0x7fff_1000]).zeros(12);
        });
        dump.written(0x4d7a_0002, |bytes| {
            bytes.u32(0).u64(0x7fff_2000);
        })
    };
    in_every_form(dump, |dump, facts| {
        let mut found: Vec<_> =
            findings(dump).iter().map(|it| (it.code, it.offset, it.error.and_then(|it| it.offset()))).collect();
        found.sort_unstable();
        let [crashpad, mozilla] = [0x4350_0001, 0x4d7a_0002].map(|kind| start(facts, kind));
        let code = Code::ReferenceOutsideFile;
        let expected = [
            (code, crashpad, Some(0x7fff_0000)),
            (code, crashpad, Some(0x7fff_1000)),
            (code, mozilla, Some(0x7fff_2000)),
        ];
        assert_eq!(found, expected);
    });
}

fn references_that_exceed_the_file_are_found_once() {
    // The text is most of the file.
    let dump = |_| one_text_for_all(100, 2000);
    in_every_form(dump, |dump, facts| {
        let found = findings(dump);
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((finding.code, finding.stream.map(|kind| kind.0)), (Code::ReferencesExceedFile, Some(24)));
        // At most four times the size of the file may be read.
        let entry = finding.entry.expect("it is about an entry");
        assert_eq!(entry, 4 * dump.file_size() / 4000);
        assert_eq!(finding.offset, start(facts, 24) + 4 + 12 * entry);
        let (what, offset, limit) = ("MINIDUMP_STRING", finding.offset, 4 * dump.file_size());
        assert_eq!(finding.error, Some(ReadError::BudgetSpent { what, offset, limit }));
    });
    // Few references to one text do not exhaust the limit.
    check(|_| one_text_for_all(2, 2000), |_| vec![]);
}

fn modules_may_share_a_record() {
    // A path without a NUL is the whole record; thousands of modules that share it cost no more than their entries.
    const MODULES: u64 = 2000;
    let dump = |form: Form| {
        let record = form.record(|bytes| {
            bytes.u32(0x5344_5352).raw(vec![b'x'; 200_000]);
        });
        sound()
            .written(kind::MODULE_LIST, move |bytes| {
                let [name, start, end] = std::array::from_fn(|_| bytes.label());
                bytes.u32(MODULES as u32);
                for base in 0..MODULES {
                    bytes.u64(0x1000 * base).zeros(12).rva(name).zeros(52).location(start, end).zeros(24);
                }
                bytes.place(name).string("a").place(start).raw(record).place(end);
            })
            // Names and record follow the stream.
            .shape(kind::MODULE_LIST, Shape::usual().data_size(4 + 108 * MODULES as u32))
    };
    check(dump, |_| vec![]);
}
