//! Records and streams that a program changes: the rest stays, and nothing is left of what was removed.

use libtest_mimic::Trial;
use userdump::format::{MinidumpType, StreamType};
use userdump::redump::{Hooks, Outcome, Report};
use userdump_walk::facts::{Positions, differences};

use crate::support::cpu::pattern;
use crate::support::facts::{Facts, Name};
use crate::support::redumped::{faults, hooked};
use crate::support::trials;
use crate::synth::{Dump, Exception, Module, Shape, Stack, SystemInfo, Thread, ThreadInfo, UnloadedModule, kind, rsds};

pub fn trials() -> Vec<Trial> {
    trials![
        a_module_is_renamed_and_nothing_else,
        a_removed_module_leaves_no_trace,
        what_others_use_stays,
        sizes_that_are_too_large_keep_no_names,
        unloaded_modules_are_renamed_and_dropped,
        an_exception_is_another_one,
        removed_threads_take_their_own_data_along,
        threads_get_names,
        streams_are_replaced_where_they_are,
        a_large_stream_leaves_no_room_behind,
        unused_entries_and_duplicates_stay,
        header_fields_are_set,
        every_letter_changes_records_alike,
    ]
}

/// The UTF-16 units of a text as stored in a dump.
fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    let wide = wide(text);
    bytes.windows(wide.len()).any(|part| part == wide) || bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

fn as_is<'a>(source: &'a [u8], hooks: Hooks<'a>) -> (Vec<u8>, Report) {
    let (out, report) = hooked(source, "as-is", hooks);
    assert!(faults(&out).len() <= faults(source).len(), "{:?}", faults(&out));
    assert_eq!(report.size, out.len() as u64);
    (out, report)
}

const SECRET: &str = "C:\\secret\\plugin.dll";
const SECRET_PDB: &str = "D:\\secret\\plugin.pdb";

fn process() -> Dump {
    let dump = Dump::new().flags(0x40021).system_info(SystemInfo::default());
    let dump = dump.thread(Thread::new(1).stack(Stack::stored(0x5000, pattern(0x5000, 0x100))).context([7; 64]));
    let dump = dump.thread(Thread::new(2).stack(Stack::stored(0x6000, pattern(0x6000, 0x100))).context([9; 64]));
    let dump = dump.thread_name(1, "one").thread_name(2, "two");
    let dump = dump.thread_info(ThreadInfo { id: 1, ..ThreadInfo::default() });
    let dump = dump.thread_info(ThreadInfo { id: 2, ..ThreadInfo::default() });
    let dump = dump.module(Module::new(0x1_4000_0000, 0x1000, "C:\\old.exe").code_view(rsds([1; 16], 1, "old.pdb")));
    let dump = dump.module(Module::new(0x2000_0000, 0x1000, SECRET).code_view(rsds([2; 16], 1, SECRET_PDB)));
    let dump = dump.module(Module::new(0x3000_0000, 0x1000, "C:\\third.dll").code_view(rsds([3; 16], 1, "third.pdb")));
    let dump = dump.unloaded_module(UnloadedModule::new(0x4000_0000, 0x1000, "C:\\gone.dll"));
    let dump = dump.unloaded_module(UnloadedModule::new(0x4100_0000, 0x1000, "C:\\gone2.dll"));
    let dump = dump.exception(Exception::new(2, 0xc000_0005, 0x9800));
    dump.memory(0x9000, pattern(0x9000, 0x1000)).raw(0x1_0001, "private")
}

fn texts(names: impl IntoIterator<Item = Name>) -> Vec<String> {
    names.into_iter().map(|name| name.text.unwrap_or_default()).collect()
}

fn a_module_is_renamed_and_nothing_else() {
    let source = process().build();
    for name in ["C:\\a new and much longer name.exe", "n"] {
        let mut met = 0;
        let hooks = Hooks::new().map_module(|module, new| {
            met += 1;
            if module.base() == 0x1_4000_0000 {
                new.rename(name);
            }
        });
        let (out, report) = as_is(&source, hooks);
        assert_eq!(met, 3);
        let found = differences(&source, &out, Positions::DoNotMatter);
        assert!(found.len() == 2 && found.iter().all(|line| line[2..].starts_with("module 0")), "{found:#?}");
        assert_eq!(texts(Facts::of(&out).modules().into_iter().map(|it| it.name))[0], name);
        assert!(!holds(&out, "old.exe") && holds(&out, "old.pdb"));
        assert_eq!(report.faults, []);
    }
}

fn a_removed_module_leaves_no_trace() {
    let source = process().build();
    let hooks = Hooks::new().keep_modules(|module| module.base() != 0x2000_0000);
    let (out, report) = as_is(&source, hooks);
    assert_eq!(out.len(), source.len(), "nothing else moves");
    assert_eq!(texts(Facts::of(&out).modules().into_iter().map(|it| it.name)), ["C:\\old.exe", "C:\\third.dll"]);
    assert!(!holds(&out, SECRET) && !holds(&out, SECRET_PDB) && !holds(&out, "secret"));
    assert_eq!(report.modules_left_out, 1);
    // The record itself is gone too.
    let list = Facts::of(&source).stream(4).expect("it has modules");
    let list = list.rva.0 as usize..list.rva.0 as usize + list.size as usize;
    let count = |bytes: &[u8]| bytes.windows(8).filter(|word| *word == 0x2000_0000u64.to_le_bytes()).count();
    assert_eq!((count(&source[list.clone()]), count(&out[list])), (1, 0));
    let found = differences(&source, &out, Positions::Matter);
    assert!(found.iter().all(|line| line.contains("module ") || line.contains("kind: 4,")), "{found:#?}");
}

/// Two modules with one name, one of which is removed, and a name that is also used by a list of another kind.
fn what_others_use_stays() {
    let mut source = process().build();
    let [first, second] = [0, 1].map(|index| {
        let list = Facts::of(&source).stream(4).expect("it has modules").rva.0 as usize;
        list + 4 + 108 * index + 20
    });
    let name: [u8; 4] = source[second..second + 4].try_into().expect("four bytes");
    source[first..first + 4].copy_from_slice(&name);
    let unloaded = Facts::of(&source).stream(14).expect("it has unloaded modules").rva.0 as usize + 12 + 20;
    for index in [0, 1] {
        let (out, _) =
            as_is(&source, Hooks::new().keep_modules(|module| (module.base() != 0x2000_0000) == (index == 0)));
        let names = texts(Facts::of(&out).modules().into_iter().map(|it| it.name));
        assert_eq!(names.iter().filter(|name| *name == SECRET).count(), 1, "{names:?}");
    }
    source[unloaded..unloaded + 4].copy_from_slice(&name);
    let (out, _) = as_is(&source, Hooks::new().keep_modules(|module| module.base() == 0x3000_0000));
    assert_eq!(texts(Facts::of(&out).unloaded_modules().into_iter().map(|it| it.name))[0], SECRET);
    assert!(!holds(&out, SECRET_PDB));
}

/// The size of a list, or of an unknown stream, may claim the names that follow it.
fn sizes_that_are_too_large_keep_no_names() {
    let plain = process().build();
    let size = plain.len() as u32;
    for kind in [kind::MODULE_LIST, kind::THREAD_LIST, 0x1_0001] {
        let source = process().shape(kind, Shape::usual().data_size(size)).build();
        let hooks = Hooks::new().keep_modules(|module| module.base() != 0x2000_0000);
        let (out, _) = hooked(&source, "as-is", hooks);
        assert!(holds(&source, SECRET) && !holds(&out, "secret"), "type {kind:#x}");
        let modules = userdump::Minidump::parse(&out).expect("it is a minidump").modules();
        assert_eq!(modules.iter().map(|module| module.base()).collect::<Vec<_>>(), [0x1_4000_0000, 0x3000_0000]);
    }
}

fn unloaded_modules_are_renamed_and_dropped() {
    let source = process().build();
    for options in ["as-is", "mu"] {
        let hooks =
            Hooks::new().keep_unloaded_modules(|module| module.base() != 0x4000_0000).map_unloaded_module(|_, new| {
                new.rename("left.dll");
            });
        let (out, _) = hooked(&source, options, hooks);
        assert_eq!(texts(Facts::of(&out).unloaded_modules().into_iter().map(|it| it.name)), ["left.dll"]);
        assert!(!holds(&out, "gone"), "{options}");
    }
}

fn an_exception_is_another_one() {
    let source = process().build();
    for options in ["as-is", "m"] {
        let hooks = Hooks::new().map_exception(|exception, new| {
            assert_eq!(exception.code(), 0xc000_0005);
            new.record.thread_id = 1;
            new.record.exception_record.exception_code = 0xdead_beef;
            new.record.exception_record.exception_address = 0x1234;
            new.record.exception_record.number_parameters = 1;
            new.record.exception_record.exception_information[0] = 5;
            new.set_context([3; 80]);
        });
        let (out, _) = hooked(&source, options, hooks);
        let facts = Facts::of(&out);
        let [exception] = &facts.exceptions()[..] else { panic!("one exception") };
        let record = (exception.thread, exception.code, exception.address, exception.parameters);
        assert_eq!(record, (1, 0xdead_beef, 0x1234, 1), "{options}");
        assert_eq!((exception.information[0], exception.context.0), (5, &[3; 80][..]), "{options}");
    }
    let (out, _) = as_is(&source, Hooks::new().map_exception(|_, new| new.record.exception_record.exception_code = 7));
    assert_eq!(out.len(), source.len(), "the exception code has its address");
    assert_eq!(out.iter().zip(&source).filter(|(new, old)| new != old).count(), 2);
}

fn removed_threads_take_their_own_data_along() {
    let source = process().build();
    let (out, report) = as_is(&source, Hooks::new().keep_threads(|thread| thread.id() != 2));
    let facts = Facts::of(&out);
    assert_eq!(facts.threads().iter().map(|it| it.id).collect::<Vec<_>>(), [1]);
    assert_eq!(facts.thread_names().iter().map(|it| it.thread).collect::<Vec<_>>(), [1]);
    assert_eq!(facts.thread_infos().iter().map(|it| it.id).collect::<Vec<_>>(), [1]);
    assert_eq!((facts.exceptions().len(), report.threads_left_out), (0, 1));
    assert!(!holds(&out, "two") && !out.windows(64).any(|part| part == [9; 64]));
    // The stacks are in no list; one of them is removed with its thread.
    let stack = |bytes: &[u8], address| bytes.windows(0x100).any(|part| part == pattern(address, 0x100));
    assert!(stack(&source, 0x6000) && !stack(&out, 0x6000) && stack(&out, 0x5000));
}

fn threads_get_names() {
    let source = process().build();
    let hooks = || Hooks::new().name_thread(2, "another").name_thread(3, "nobody").name_thread(2, "main");
    let expected = [(1, "one"), (2, "main"), (3, "nobody")];
    for options in ["as-is", "m"] {
        let (out, _) = hooked(&source, options, hooks());
        let mut names = Facts::of(&out).thread_names();
        names.sort_by_key(|name| name.thread);
        let names: Vec<_> = names.into_iter().map(|it| (it.thread, it.name.text.unwrap_or_default())).collect();
        assert_eq!(names.iter().map(|(id, name)| (*id, name.as_str())).collect::<Vec<_>>(), expected, "{options}");
        assert!(!holds(&out, "two") && !holds(&out, "another"), "{options}");
    }
    let nameless = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(4)).build();
    for options in ["as-is", "m"] {
        let (out, _) = hooked(&nameless, options, Hooks::new().name_thread(4, "four"));
        assert_eq!(texts(Facts::of(&out).thread_names().into_iter().map(|it| it.name)), ["four"], "{options}");
    }
}

fn streams_are_replaced_where_they_are() {
    let source = process().build();
    let (out, report) = as_is(&source, Hooks::new().replace_stream(StreamType(0x1_0001), &b"something longer"[..]));
    let [before, after] = [&source, &out].map(|bytes| Facts::of(bytes));
    assert_eq!(before.kinds(), after.kinds());
    assert_eq!(after.stream_bytes(0x1_0001).expect("it is present").0, b"something longer");
    assert!(!holds(&out, "private"));
    let outcome = report.streams.iter().find(|it| it.stream_type == StreamType(0x1_0001)).map(|it| it.outcome);
    assert_eq!(outcome, Some(Outcome::Replaced));
    let (out, _) = as_is(&source, Hooks::new().replace_stream(StreamType(0x1_0009), &b"new"[..]));
    assert_eq!(Facts::of(&out).stream_bytes(0x1_0009).expect("it is present").0, b"new");
    let (out, report) = hooked(&source, "m", Hooks::new().replace_stream(StreamType(0x1_0001), &b"x"[..]));
    assert_eq!(Facts::of(&out).stream_bytes(0x1_0001).expect("it is present").0, b"x");
    assert_eq!(Facts::of(&out).kinds().iter().filter(|kind| **kind == 0x1_0001).count(), 1);
    assert!(report.streams.iter().any(|it| it.outcome == Outcome::Replaced));
}

fn a_large_stream_leaves_no_room_behind() {
    let source = process().raw(0x1_0002, vec![0x5a; 100_000]).raw(0x1_0003, "behind").build();
    let (out, report) = as_is(&source, Hooks::new().keep_streams(|it| it.stream_type() != StreamType(0x1_0002)));
    assert!(out.len() < source.len() - 99_000 && !out.windows(9).any(|part| part == [0x5a; 9]));
    let found = differences(&source, &out, Positions::DoNotMatter);
    let of_directory = |line: &String| line.contains("entry ") || line.contains("Header") || line.contains(": (1000");
    assert!(found.iter().all(of_directory), "{found:#?}");
    assert_eq!(Facts::of(&out).stream_bytes(0x1_0003).expect("it is present").0, b"behind");
    assert!(report.streams.iter().any(|it| it.outcome == Outcome::LeftOut));
}

/// The types of all directory entries.
fn types(bytes: &[u8]) -> Vec<u32> {
    let dump = userdump::Minidump::parse(bytes).expect("it is a minidump");
    dump.directory().iter().map(|entry| entry.stream_type.0).collect()
}

fn unused_entries_and_duplicates_stay() {
    let kinds = [0, 7, 4, 0x1_0001, 3, 0, 4, 24, 5, 6, 14, 17, 0x1_0001];
    let source = process().order(&kinds).build();
    let (out, _) = hooked(&source, "as-is", Hooks::new());
    assert!(out == source);
    let hooks = Hooks::new().map_module(|module, new| {
        if module.base() == 0x2000_0000 {
            new.rename("renamed.dll").set_code_view([]);
        }
    });
    let (out, _) = hooked(&source, "as-is", hooks);
    assert_eq!(types(&out), kinds);
    assert!(!holds(&out, "secret"));
    let (out, _) = hooked(&source, "as-is", Hooks::new().add_stream(StreamType(9999), &b"x"[..]));
    assert_eq!(types(&out), [&kinds[..], &[9999]].concat());
}

fn header_fields_are_set() {
    let source = process().build();
    let hooks = || Hooks::new().flags(MinidumpType::WITH_DATA_SEGS).time_date_stamp(77);
    for options in ["as-is", "mF"] {
        let (out, _) = hooked(&source, options, hooks());
        let header = *userdump::Minidump::parse(&out).expect("it is a minidump").header();
        assert_eq!((header.flags, header.time_date_stamp), (1, 77), "{options}");
    }
    let dump = userdump::Dump::parse(&source).expect("it is a dump");
    let options = "/f".parse::<userdump::redump::Options>().expect("it is known").forced();
    assert!(userdump::redump::Redump::with_hooks(&dump, &options, hooks()).is_err(), "the format has no flags");
}

/// What a program changes is in the result, whatever the letters are, and the original is not.
fn every_letter_changes_records_alike() {
    let source = process().build();
    for options in ["as-is", "m", "mr", "mR", "mrR", "ms", "ma", "mFhut"] {
        let hooks =
            Hooks::new().map_thread(|thread, new| new.record.priority = thread.id() + 40).map_module(|module, new| {
                new.record.time_date_stamp = 99;
                if module.base() == 0x2000_0000 {
                    new.rename("x.dll").set_code_view(rsds([8; 16], 3, "x.pdb"));
                }
            });
        let (out, report) = hooked(&source, options, hooks);
        let facts = Facts::of(&out);
        assert_eq!(facts.threads().iter().map(|it| it.priority).collect::<Vec<_>>(), [41, 42], "{options}");
        assert!(facts.modules().iter().all(|it| it.timestamp == 99), "{options}");
        assert_eq!(facts.modules()[1].code_view.0, rsds([8; 16], 3, "x.pdb"), "{options}");
        assert!(!holds(&out, "secret") && holds(&out, "x.dll"), "{options}");
        assert_eq!(report.losses, [], "{options}");
    }
}
