//! Stream sizes that disagree with the counts in the streams: what is present is read, and the size is reported.

use libtest_mimic::Trial;
use userdump::redump::Outcome;
use userdump::{Minidump, ReadError};

use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, findings, parsed};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{
    Dump, Handle, MemoryInfo, MiscInfo, Module, Shape, SystemInfo, Text, Thread, ThreadInfo, Token, UnloadedModule,
    kind,
};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        every_list_is_read_whatever_the_size_of_its_stream,
        names_in_aligned_entries_are_read,
        nothing_is_made_up_of_what_no_count_proves,
        no_size_that_is_too_small_includes_memory,
        memory_inside_header_or_directory_is_absent,
        the_first_name_that_can_be_read_counts,
        the_size_in_misc_info_is_compared_with_that_of_the_stream,
        tokens_and_function_tables_prove_the_size_of_their_stream,
    ];
    trials.push(shared_trial(
        "list_sizes::the_cases_have_what_their_counts_prove",
        the_cases_have_what_their_counts_prove,
    ));
    trials
}

const MEMORY: [u8; 0x40] = [0xA5; 0x40];
/// 2020, in units of 100 ns since 1601.
const CREATED: u64 = 0x01d5_c03a_9f66_8000;

/// Each kind of list with the size of its entries.
const LISTS: [(u32, u32); 10] = [
    (kind::THREAD_LIST, 48),
    (kind::THREAD_EX_LIST, 64),
    (kind::MODULE_LIST, 108),
    (kind::MEMORY_LIST, 16),
    (kind::MEMORY64_LIST, 16),
    (kind::THREAD_NAMES, 12),
    (kind::HANDLE_DATA, 40),
    (kind::UNLOADED_MODULE_LIST, 24),
    (kind::MEMORY_INFO_LIST, 48),
    (kind::THREAD_INFO_LIST, 64),
];

/// A dump with this many entries in each list of the kind.
fn dump(list: u32, entries: u32) -> Dump {
    let base = Dump::new().system_info(SystemInfo::default());
    let base = if list == kind::THREAD_LIST { base } else { base.thread(Thread::new(5).context([1; 1232])) };
    (1..=entries).fold(base, |dump, number| {
        let address = 0x10_0000 * u64::from(number);
        let name = ["", "alpha", "beta", "gamma"][number as usize];
        let thread = Thread { teb: 0x7fff_0000, ..Thread::new(number).context([number as u8; 1232]) };
        match list {
            kind::THREAD_LIST => dump.thread(thread),
            kind::THREAD_EX_LIST => dump.thread_ex(thread),
            kind::MODULE_LIST => dump.module(Module::new(address, 0x1000, name)),
            kind::MEMORY_LIST => dump.memory(address, MEMORY),
            kind::MEMORY64_LIST => dump.memory64(address, MEMORY),
            kind::THREAD_NAMES => dump.thread_name(5, name),
            kind::HANDLE_DATA => dump.handle(Handle::new(u64::from(number), name)),
            kind::UNLOADED_MODULE_LIST => dump.unloaded_module(UnloadedModule::new(address, 0x1000, name)),
            kind::MEMORY_INFO_LIST => dump.memory_info(MemoryInfo::new(address, 0x1000)),
            _ => dump.thread_info(ThreadInfo { id: number, times: [CREATED, 0, 0, 0], ..ThreadInfo::default() }),
        }
    })
}

fn is_counted(list: u32) -> bool {
    [kind::THREAD_LIST, kind::THREAD_EX_LIST, kind::MODULE_LIST, kind::MEMORY_LIST, kind::THREAD_NAMES].contains(&list)
}

fn sizes_found(bytes: &[u8]) -> usize {
    let mut count = 0;
    Minidump::parse(bytes).expect("a dump").check(&mut |finding| {
        count += usize::from(["stream-size-wrong", "list-smaller-than-stream"].contains(&finding.code.as_str()));
    });
    count
}

/// All letters that a list needs, without and with those that filter.
const OPTIONS: [&str; 2] = ["/mFhut", "/mFhutrR"];

fn every_list_is_read_whatever_the_size_of_its_stream() {
    let mut read = 0;
    for (list, entry) in LISTS {
        for entries in 1..=3 {
            let exact = dump(list, entries).build();
            let size = Facts::of(&exact).stream(list).expect("it is present").size;
            let expected = OPTIONS.map(|options| Redumped::of(&exact, options).bytes);
            assert_eq!(sizes_found(&exact), 0);
            for padded in [false, true] {
                let whole = if padded { size + 4 } else { size };
                if padded && !is_counted(list) {
                    continue;
                }
                let rounded = whole.next_multiple_of(8);
                for claimed in [whole, rounded, rounded + 8, whole + 1, whole - 1, whole - 4, size - entry, 24, 16, 4] {
                    let shape = if padded { Shape::usual().padded() } else { Shape::usual() };
                    // The header must be present. A size that fits a list without padding is accepted.
                    if claimed < size - entries * entry || padded && claimed == size {
                        continue;
                    }
                    let source = dump(list, entries).shape(list, shape.data_size(claimed)).build();
                    let what = format!("list {list}: {entries} entries, padded {padded}, {claimed} of {whole} bytes");
                    for (options, expected) in OPTIONS.iter().zip(&expected) {
                        let out = Redumped::once(&source, &parsed(options));
                        assert!(&out.bytes == expected, "{what}: {options}");
                        let is_told = |fault: &String| fault.ends_with(" size") || fault.contains("entries");
                        assert_eq!(out.faults().iter().any(is_told), claimed < whole, "{what}: {:?}", out.faults());
                    }
                    let found = sizes_found(&source);
                    assert_eq!(found > 0, claimed != whole, "{what}: {:?}", findings(&source));
                    read += 1;
                }
            }
        }
    }
    assert!(read > 300, "{read} dumps");
}

fn names_in_aligned_entries_are_read() {
    let names = |entry: u32, front: usize, size: fn(u32) -> u32, entries: u32| {
        let write = move |bytes: &mut crate::synth::Bytes| {
            let labels: Vec<_> = (0..entries).map(|_| bytes.label()).collect();
            bytes.u32(entries).zeros(front);
            for (number, label) in (1..).zip(&labels) {
                bytes.u32(number).zeros(entry as usize - 12).rva(*label).u32(0);
            }
            for (number, label) in (b'a'..).zip(labels) {
                bytes.place(label).u32(2).u16(number.into()).u16(0);
            }
        };
        let shape = Shape::usual().data_size(size(4 + front as u32 + entries * entry));
        let dump = (1..=entries).fold(Dump::new().system_info(SystemInfo::default()), |dump, number| {
            dump.thread(Thread::new(number).context([1; 1232]))
        });
        dump.written(kind::THREAD_NAMES, write).shape(kind::THREAD_NAMES, shape).build()
    };
    for entries in 1..=3 {
        for (entry, front) in [(12, 0), (12, 4), (16, 0), (16, 4)] {
            for size in [|size| size, |size: u32| size.next_multiple_of(8), |size| size + 1, |size| size - 1] {
                let source = names(entry, front, size, entries);
                let out = Redumped::once(&source, &parsed("/m"));
                let found: Vec<_> =
                    out.facts().thread_names().into_iter().map(|name| (name.thread, name.name.text)).collect();
                let expected = (1..=entries).zip(["a", "b", "c"]).map(|(id, name)| (id, Some(name.to_owned())));
                assert_eq!(found, expected.collect::<Vec<_>>(), "{entries} entries of {entry} after {front}");
            }
        }
    }
}

fn nothing_is_made_up_of_what_no_count_proves() {
    for (list, entry) in LISTS {
        // One entry more than exist: what follows the list is not an entry.
        let shape = |count| Shape::usual().count(count);
        let source = dump(list, 2).shape(list, shape(3)).build();
        let size = Facts::of(&source).stream(list).expect("it is present").size;
        for claimed in [size, size + 4] {
            let source = dump(list, 2).shape(list, shape(3).data_size(claimed)).filler(200).build();
            let dump = Minidump::parse(&source).expect("a dump");
            let seen = match list {
                kind::THREAD_LIST => dump.list::<userdump::read::ThreadList>().len(),
                kind::MODULE_LIST => dump.list::<userdump::read::ModuleList>().len(),
                kind::MEMORY64_LIST => dump.list::<userdump::read::memory::Memory64List>().len(),
                kind::MEMORY_LIST => dump.list::<userdump::read::memory::MemoryList>().len(),
                kind::THREAD_NAMES => dump.list::<userdump::read::thread::ThreadNames>().len(),
                kind::HANDLE_DATA => dump.list::<userdump::read::handle::HandleData>().len(),
                _ => continue,
            };
            assert_eq!(seen, 2, "list {list} of entries with {entry} bytes");
        }
    }
}

fn no_size_that_is_too_small_includes_memory() {
    // Names that overlap memory, in a list whose entries overlap memory too, after a stream that ends before them.
    let text: Vec<u8> = [12u32.to_le_bytes().as_slice(), b"S\0E\0C\0R\0E\0T\0\0\0"].concat();
    let build = |at: u32| {
        let mut memory = text.clone();
        memory.resize(20, 0);
        for number in 0..3u32 {
            memory.extend(number.to_le_bytes());
            memory.extend(u64::from(at).to_le_bytes());
        }
        let dump = Dump::new().flags(2).system_info(SystemInfo::default()).thread(Thread::new(1).context([1; 1232]));
        let dump = dump.raw(kind::THREAD_NAMES, []).memory64(0x5000_0000, memory);
        // The count is the last word before the entries; the others are zero.
        dump.shape(kind::THREAD_NAMES, Shape::usual().rva(at + 16).data_size(4)).build()
    };
    let at = |bytes: &[u8]| bytes.windows(text.len()).position(|it| it == text).expect("it is present") as u32;
    let mut source = build(at(&build(0x1000)));
    let count = at(&source) as usize + 16;
    source[count..count + 4].copy_from_slice(&3u32.to_le_bytes());
    for options in ["/mr", "/mR", "/mrR"] {
        let out = Redumped::once(&source, &parsed(options));
        assert!(!out.bytes.windows(12).any(|it| it == &text[4..16]), "{options}");
        let told = out.report.streams.iter().any(|it| matches!(it.outcome, Outcome::Unreadable(_)));
        assert!(told || !out.report.faults.is_empty(), "{options}");
    }
}

fn memory_inside_header_or_directory_is_absent() {
    let base = || Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1).context([1; 1232]));
    let found = |bytes: &[u8]| findings(bytes).iter().any(|it| it.contains("header or the directory"));
    for position in [1, 31, 32, 40, 60] {
        let one = base().written(kind::MEMORY_LIST, move |bytes| {
            bytes.u32(2).u64(0x1000).u32(16).u32(position).u64(0x2000).u32(16).u32(0x200);
        });
        let all = base().flags(2).written(kind::MEMORY64_LIST, move |bytes| {
            bytes.u64(2).u64(position.into()).u64(0x1000).u64(16).u64(0x2000).u64(16);
        });
        for (source, kept) in [(one.build(), vec![0x2000]), (all.build(), vec![])] {
            assert!(found(&source), "{position}: {:?}", findings(&source));
            let dump = Minidump::parse(&source).expect("a dump");
            let ranges: Vec<_> = dump.memory().visible_ranges().map(|range| range.address).collect();
            assert_eq!(ranges, kept, "{position}");
        }
    }
    // A range that starts before a directory at the end of the file and extends into it.
    let source = base().memory64(0x1000, [1; 64]).directory_last().build();
    assert!(!found(&source));
}

fn the_size_in_misc_info_is_compared_with_that_of_the_stream() {
    for size in [24, 44, 232, 832, 1364] {
        for (said, is_wrong) in [(size as u32, false), (0, true), (23, true), (size as u32 + 1, true)] {
            let misc = MiscInfo { size_of_info: Some(said), process_id: 77, flags: 1, ..MiscInfo::of_size(size) };
            let source = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).misc_info(misc).build();
            assert_eq!(sizes_found(&source) > 0, is_wrong, "{said} of {size}");
            let dump = Minidump::parse(&source).expect("a dump");
            let misc = dump.find::<userdump::read::system::MiscInfo>().expect("it is present");
            assert_eq!(misc.process_id(), Some(77));
        }
    }
}

fn tokens_and_function_tables_prove_the_size_of_their_stream() {
    let base = || Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    for count in 0..4u32 {
        // An empty token list still has a header.
        let tokens = |shape: Shape| {
            match count {
                0 => base().written(kind::TOKEN, |bytes| {
                    bytes.u32s(&[16, 0, 16, 72]);
                }),
                _ => (0..count)
                    .fold(base(), |dump, id| dump.token(Token { id, handle: 5, data: vec![7; 8 + id as usize] })),
            }
            .shape(kind::TOKEN, shape)
        };
        let tables = |shape: Shape| {
            let write = move |bytes: &mut crate::synth::Bytes| {
                bytes.u32s(&[24, 32, 8, 12, count, 4]).zeros(4);
                for table in 0..count {
                    bytes.u64s(&[0x1000, 0x2000, 0x1000]).u32s(&[table, 4]).zeros(8 + 12 * table as usize + 4);
                }
            };
            base().written(kind::FUNCTION_TABLE, write).shape(kind::FUNCTION_TABLE, shape)
        };
        let token_size: u32 = 16 + (0..count).map(|id| 24 + id).sum::<u32>();
        let table_size: u32 = 28 + (0..count).map(|table| 44 + 12 * table).sum::<u32>();
        let room = 4 * (count + 1);
        for (size, is_wrong) in [(0, 0), (1, 1), (4, 1), (200, 1)] {
            let source = tokens(Shape::usual().data_size(token_size + size)).filler(400).build();
            assert_eq!(sizes_found(&source), is_wrong, "{count} tokens, {size} bytes more");
        }
        for (size, is_wrong) in [(0, 0), (1, 0), (room, 0), (room + 1, 1), (room + 400, 1)] {
            let source = tables(Shape::usual().data_size(table_size + size)).build();
            assert_eq!(sizes_found(&source), is_wrong, "{count} tables, {size} bytes more");
        }
        if count > 0 {
            // Only padding is cut off.
            assert_eq!(sizes_found(&tables(Shape::usual().data_size(table_size - 1)).build()), 1);
        }
        // The list's own size fields.
        let mut source = tokens(Shape::usual()).build();
        assert_eq!(sizes_found(&source), 0);
        let at = Facts::of(&source).stream(kind::TOKEN).expect("it is present").rva.0 as usize;
        source[at..at + 4].copy_from_slice(&(token_size + 3).to_le_bytes());
        assert_eq!(sizes_found(&source), 1);
    }
}

/// As the debugger does.
fn the_first_name_that_can_be_read_counts() {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(7));
    let dump = dump.thread_name(7, Text::At(0xffff_fff0)).thread_name(7, "first").thread_name(7, "second");
    let source = dump.thread_name(7, Text::At(0xffff_fff0)).thread_name(8, Text::At(0xffff_fff0)).build();
    let name = |bytes: &[u8], id| {
        let dump = Minidump::parse(bytes).expect("a dump");
        let name = dump.list::<userdump::read::thread::ThreadNames>().by_id(id).expect("it is present").name();
        name.map(|name| name.to_string_lossy())
    };
    assert_eq!(name(&source, 7).as_deref(), Ok("first"));
    assert!(name(&source, 8).is_err());
    assert_eq!(name(&Redumped::once(&source, &parsed("/m")).bytes, 7).as_deref(), Ok("first"));
}

/// From `cases.tsv`: all ranges of `m64-size16.dmp` have 90,112 bytes.
fn the_cases_have_what_their_counts_prove(shared: &Shared) {
    let source = shared.read("cases/m64-size16.dmp");
    let out = Redumped::once(&source, &parsed("/ma"));
    assert_eq!(out.report.memory_bytes, 90_112);
    assert_eq!(out.faults(), ["Memory64List 0 size"]);
    assert!(matches!(out.report.faults[0].error, ReadError::SizeDiffers { found: 16, proven: 112, .. }));

    let source = shared.read("cases/sizes-rounded-to-8.dmp");
    let facts = Redumped::once(&source, &parsed("/m"));
    let threads: Vec<_> = facts.facts().threads().iter().map(|thread| (thread.id, thread.context.0.len())).collect();
    assert_eq!(threads, [(1, 1232), (8, 1232), (12, 1232), (16, 1232), (20, 1232)]);
    assert_eq!(sizes_found(&shared.read("cases/misc-size0.dmp")), 1);
}
