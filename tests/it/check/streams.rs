//! Findings about the directory, whole streams and lists.

use libtest_mimic::Trial;
use userdump::read::check::FindingCode as Code;

use super::*;

pub fn trials() -> Vec<Trial> {
    trials![
        a_directory_that_is_cut_is_found,
        a_stream_outside_the_file_is_found_and_nothing_else_of_it,
        unused_entries_are_never_found,
        a_stream_that_cannot_be_read_is_found,
        repeated_types_are_found_and_only_the_first_is_checked,
        exceptions_may_be_repeated,
        streams_that_share_bytes_are_found,
        empty_streams_share_nothing,
        lists_with_too_large_a_count_are_found,
        a_list_cut_with_its_stream_is_found_in_the_end_of_the_file,
        tables_and_tokens_that_are_missing_are_found,
        a_dump_without_system_or_threads_is_found,
        extended_threads_are_threads,
        a_count_of_missing_threads_is_not_an_absence,
    ]
}

fn a_directory_that_is_cut_is_found() {
    for form in Form::ALL {
        let bytes = form.build(sound().raw(99, "x").directory_last());
        let directory = bytes.len() as u64 - 36;
        let cut = truncated("MINIDUMP_DIRECTORY", directory, 36, 24);
        let size = bytes.len() as u64 - 1;
        let found = [file_ends(size, size + 1), (Code::DirectoryTruncated, None, None, 0, Some(cut))];
        finds(&open(&bytes[..bytes.len() - 1]), &found);
    }
}

fn a_stream_outside_the_file_is_found_and_nothing_else_of_it() {
    // An unavailable view is not a second finding.
    let dump = |_| {
        let dump = sound().raw(99, "x").module(Module::new(1, 2, "a"));
        dump.shape(99, Shape::usual().rva(0x7fff_0000)).shape(4, Shape::usual().rva(0x7fff_1000))
    };
    check(dump, |facts| {
        let found = |kind, rva, size| {
            let missing = truncated("stream", rva, size, 0);
            (Code::StreamOutsideFile, Some(kind), None, entry(facts, kind), Some(missing))
        };
        vec![found(99, 0x7fff_0000, 1), found(4, 0x7fff_1000, 112)]
    });
    let partly = |_| sound().raw(99, "abc").shape(99, Shape::usual().data_size(1000));
    in_every_form(partly, |dump, facts| {
        let (offset, size) = (start(facts, 99), dump.file_size());
        let missing = truncated("stream", offset, 1000, size - offset);
        let stream = (Code::StreamOutsideFile, Some(99), None, entry(facts, 99), Some(missing));
        finds(dump, &[file_ends(size, offset + 1000), stream]);
    });
}

fn unused_entries_are_never_found() {
    let dump = |_| sound().raw(0, "x").raw(0, "y").shape(0, Shape::usual().rva(40).data_size(u32::MAX));
    check(dump, |_| vec![]);
}

fn a_stream_that_cannot_be_read_is_found() {
    let dump = |_| sound().raw(kind::MISC_INFO, [0; 23]).raw(kind::HANDLE_DATA, [0; 16]);
    check(dump, |facts| {
        let misc = truncated("MINIDUMP_MISC_INFO", start(facts, 15), 24, 23);
        let (what, offset) = ("MINIDUMP_HANDLE_DATA_STREAM", start(facts, 12));
        let handles = ReadError::Size { what, offset, field: "SizeOfHeader", found: 0, needed: 16 };
        vec![
            (Code::StreamUnreadable, Some(15), None, entry(facts, 15), Some(misc)),
            (Code::StreamUnreadable, Some(12), None, entry(facts, 12), Some(handles)),
        ]
    });
    // Unreadable threads do not count as missing threads.
    let dump = |_| Dump::new().raw(kind::THREAD_LIST, [0; 3]).raw(kind::SYSTEM_INFO, [0; 55]);
    check(dump, |facts| {
        let threads = truncated("MINIDUMP_THREAD_LIST", start(facts, 3), 4, 3);
        let system = truncated("MINIDUMP_SYSTEM_INFO", start(facts, 7), 56, 55);
        vec![
            (Code::StreamUnreadable, Some(3), None, entry(facts, 3), Some(threads)),
            (Code::StreamUnreadable, Some(7), None, entry(facts, 7), Some(system)),
        ]
    });
}

fn repeated_types_are_found_and_only_the_first_is_checked() {
    let broken = || Thread::new(1).context(Part::At(8, u32::MAX));
    let dump = |_| sound().raw(99, "x").separate().thread(broken()).raw(99, "y").raw(99, "z");
    check(dump, |facts| {
        let found =
            |kind, index: u64| (Code::DuplicateStream, Some(kind), None, facts.header.directory.0 + 12 * index, None);
        vec![found(3, 3), found(99, 4), found(99, 5)]
    });
    let dump = |_| Dump::new().system_info(SystemInfo::default()).thread(broken()).separate().thread(Thread::new(2));
    check(dump, |facts| {
        let missing = truncated("CONTEXT", 0xffff_ffff, 8, 0);
        vec![
            (Code::DuplicateStream, Some(3), None, facts.header.directory.0 + 24, None),
            (Code::ContextOutsideFile, Some(3), Some(0), start(facts, 3) + 4, Some(missing)),
        ]
    });
}

fn exceptions_may_be_repeated() {
    let exception = |context| Exception { context, ..Exception::new(7, 1, 2) };
    let dump = |_| sound().exception(exception(Part::None)).exception(exception(Part::At(8, u32::MAX)));
    check(dump, |facts| {
        let missing = truncated("CONTEXT", 0xffff_ffff, 8, 0);
        let second = facts.directory[3].rva.0;
        vec![(Code::ContextOutsideFile, Some(6), None, second, Some(missing))]
    });
}

fn streams_that_share_bytes_are_found() {
    // The second begins inside the first, the third inside neither.
    let dump = |_| sound().raw(99, [1; 20]).raw(98, [2; 8]).raw(97, [3; 8]);
    for form in Form::ALL {
        let mut bytes = form.build(dump(form));
        let facts = Facts::of(&bytes);
        let [first, at] = [start(&facts, 99), entry(&facts, 98)];
        let inside = |rva: u32| if form.big_endian { rva.to_be_bytes() } else { rva.to_le_bytes() };
        bytes[at as usize + 8..at as usize + 12].copy_from_slice(&inside(first as u32 + 19));
        finds(&open(&bytes), &[(Code::StreamsOverlap, Some(98), None, at, None)]);
        // At the end of the first it shares nothing.
        bytes[at as usize + 8..at as usize + 12].copy_from_slice(&inside(first as u32 + 20));
        finds(&open(&bytes), &[]);
        // One stream under two types is shared entirely.
        bytes[at as usize + 8..at as usize + 12].copy_from_slice(&inside(first as u32));
        finds(&open(&bytes), &[(Code::StreamsOverlap, Some(98), None, at, None)]);
    }
    // A long stream overlaps several that need not touch each other.
    let bytes = sound().raw(99, "a").raw(98, "b").raw(97, "c").shape(99, Shape::usual().data_size(3)).build();
    let at = entry(&Facts::of(&bytes), 98);
    finds(
        &open(&bytes),
        &[98, 97].map(|kind| (Code::StreamsOverlap, Some(kind), None, at + 12 * u64::from(98 - kind), None)),
    );
}

fn empty_streams_share_nothing() {
    let dump = |_| sound().raw(99, "abc").raw(98, []).shape(98, Shape::usual().rva(33));
    check(dump, |_| vec![]);
}

fn lists_with_too_large_a_count_are_found() {
    let more = || Shape::usual().count(9);
    for (kind, what, first, size, add) in [
        (
            kind::MODULE_LIST,
            "MINIDUMP_MODULE_LIST",
            4,
            108,
            (|dump: Dump| dump.module(Module::new(1, 2, "a"))) as fn(Dump) -> Dump,
        ),
        (kind::THREAD_NAMES, "MINIDUMP_THREAD_NAME_LIST", 4, 12, |dump| dump.thread_name(7, "a")),
        (kind::THREAD_EX_LIST, "MINIDUMP_THREAD_EX_LIST", 4, 64, |dump| dump.thread_ex(Thread::new(7))),
        (kind::MEMORY_LIST, "MINIDUMP_MEMORY_LIST", 4, 16, |dump| dump.memory(1, [2])),
        (kind::MEMORY64_LIST, "MINIDUMP_MEMORY64_LIST", 16, 16, |dump| dump.flags(2).memory64(1, [2])),
        (kind::HANDLE_DATA, "MINIDUMP_HANDLE_DATA_STREAM", 16, 40, |dump| dump.handle(Handle::new(1, Text::None))),
        (kind::UNLOADED_MODULE_LIST, "MINIDUMP_UNLOADED_MODULE_LIST", 12, 24, |dump| {
            dump.unloaded_module(UnloadedModule::new(1, 2, "a"))
        }),
        (kind::MEMORY_INFO_LIST, "MINIDUMP_MEMORY_INFO_LIST", 16, 48, |dump| dump.memory_info(MemoryInfo::default())),
        (kind::THREAD_INFO_LIST, "MINIDUMP_THREAD_INFO_LIST", 12, 64, |dump| dump.thread_info(ThreadInfo::default())),
    ] {
        check(
            |_| add(sound()).shape(kind, more()),
            |facts| {
                let missing = truncated(what, start(facts, kind) + first, 9 * size, size);
                vec![(Code::ListTruncated, Some(kind), None, start(facts, kind), Some(missing))]
            },
        );
    }
}

fn a_list_cut_with_its_stream_is_found_in_the_end_of_the_file() {
    for form in Form::ALL {
        let bytes = form.build(sound().memory_info(MemoryInfo::default()).memory_info(MemoryInfo::default()));
        // The list is last, apart from the empty service pack name.
        let facts = Facts::of(&bytes);
        let offset = start(&facts, 16);
        let size = u64::from(facts.stream(16).expect("it is present").size);
        finds(&open(&bytes[..offset as usize + 100]), &[file_ends(offset + 100, offset + size)]);
    }
}

fn tables_and_tokens_that_are_missing_are_found() {
    let dump = |_| {
        let dump = sound().token(Token { id: 7, ..Token::default() }).function_table(FunctionTable::default());
        dump.shape(kind::TOKEN, Shape::usual().count(2)).shape(kind::FUNCTION_TABLE, Shape::usual().count(2))
    };
    check(dump, |facts| {
        let token = truncated("MINIDUMP_TOKEN_INFO_HEADER", start(facts, 19) + 32, 16, 0);
        let table = truncated("MINIDUMP_FUNCTION_TABLE_DESCRIPTOR", start(facts, 13) + 56, 32, 0);
        vec![
            (Code::ListTruncated, Some(19), None, start(facts, 19), Some(token)),
            (Code::ListTruncated, Some(13), None, start(facts, 13), Some(table)),
        ]
    });
}

fn a_dump_without_system_or_threads_is_found() {
    let no_system = (Code::NoSystemInfo, None, None, 0, None);
    let no_threads = (Code::NoThreads, None, None, 0, None);
    check(|_| Dump::new(), |_| vec![no_system, no_threads]);
    check(|_| Dump::new().thread(Thread::new(7)), |_| vec![no_system]);
    check(|_| Dump::new().system_info(SystemInfo::default()), |_| vec![no_threads]);
    let empty = |_| Dump::new().system_info(SystemInfo::default()).raw(kind::THREAD_LIST, [0; 4]);
    check(empty, |_| vec![no_threads]);
}

fn extended_threads_are_threads() {
    let dump = |_| {
        let exception = Exception { context: Part::None, ..Exception::new(9, 1, 2) };
        Dump::new().system_info(SystemInfo::default()).thread_ex(Thread::new(9)).exception(exception)
    };
    check(dump, |_| vec![]);
}

fn a_count_of_missing_threads_is_not_an_absence() {
    let dump = |_| {
        Dump::new().system_info(SystemInfo::default()).written(kind::THREAD_LIST, |bytes| {
            bytes.u32(5);
        })
    };
    check(dump, |facts| {
        let missing = truncated("MINIDUMP_THREAD_LIST", start(facts, 3) + 4, 240, 0);
        vec![(Code::ListTruncated, Some(3), None, start(facts, 3), Some(missing))]
    });
}
