//! Threads, modules and exceptions of dumps of any format, compared with the views of the formats.

use libtest_mimic::Trial;
use userdump::read::any_format::AnyText;
use userdump::read::thread::ThreadExList;
use userdump::read::{ModuleList, ThreadList};
use userdump::{Dump, Minidump};

use super::{context, high, sound};
use crate::support::facts::Facts;
use crate::support::{Shared, fixtures, trials};
use crate::synth;

pub fn trials() -> Vec<Trial> {
    trials![
        full_user_dumps_give_what_their_views_give,
        minidumps_give_what_the_plain_decoder_gives,
        the_corpus_gives_what_the_streams_give,
        threads_of_both_lists_are_present,
        a_minidump_without_streams_gives_nothing,
        texts_print_and_compare_alike,
    ]
}

fn parse(bytes: &[u8]) -> Dump<'_> {
    Dump::parse(bytes).expect("it is a dump")
}

fn full_user_dumps_give_what_their_views_give() {
    for wide in [false, true] {
        let bytes = sound(wide).build();
        let dump = parse(&bytes);
        let threads: Vec<_> =
            dump.threads().map(|it| (it.id(), it.teb(), it.context().is_ok_and(|it| it.is_some()))).collect();
        assert_eq!(threads, [(7, high(wide) + 0x7000, true), (8, high(wide) + 0x8000, true)]);
        let modules: Vec<_> =
            dump.modules().map(|it| (it.base(), it.size(), it.name().map(|name| name.to_string()))).collect();
        let expected = [(0x40_0000, 0x2000, "C:\\a.exe"), (high(wide), 0x1000, "bcd.dll")];
        assert_eq!(modules, expected.map(|(base, size, name)| (base, size, Ok(name.to_owned()))));
        assert!(dump.modules().all(|it| it.contains(it.base()) && !it.contains(it.base() + u64::from(it.size()))));
        let exceptions: Vec<_> = dump.exceptions().collect();
        let [exception] = exceptions.as_slice() else { panic!("{exceptions:?}") };
        assert_eq!((exception.thread_id(), exception.code(), exception.address()), (8, 0xc000_0005, high(wide) + 0x10));
        assert_eq!(exception.parameters(), [1, high(wide) + 1]);
        let context = exception.context().expect("it is complete").expect("it is present");
        assert_eq!(context.instruction_pointer(), Some(0x40_1008));
        assert_eq!((dump.data().unwrap(), dump.memory().read_u8(0x2001)), (&bytes[..], Some(1)));
        assert_eq!(dump.regions().iter().count(), 3);
        assert!(format!("{}", exception.reason()).starts_with("ACCESS_VIOLATION"));
    }
}

fn minidumps_give_what_the_plain_decoder_gives() {
    let mut threads = 0;
    for (name, bytes) in fixtures::all() {
        let (dump, facts) = (parse(bytes), Facts::of(bytes));
        let found: Vec<_> = dump
            .threads()
            .map(|it| (it.id(), it.teb(), it.context().expect("it is complete").map(|it| it.as_bytes().to_vec())))
            .collect();
        let context = |bytes: &[u8]| (!bytes.is_empty()).then(|| bytes.to_vec());
        let expected: Vec<_> = facts.threads().iter().map(|it| (it.id, it.teb, context(&it.context))).collect();
        assert_eq!(found, expected, "threads of {name}");
        threads += found.len();
        let found: Vec<_> =
            dump.modules().map(|it| (it.base(), it.size(), it.name().ok().map(|it| it.to_string()))).collect();
        let expected: Vec<_> = facts.modules().into_iter().map(|it| (it.base, it.size, it.name.text)).collect();
        assert_eq!(found, expected, "modules of {name}");
        let found: Vec<_> = dump
            .exceptions()
            .map(|it| (it.thread_id(), it.code(), it.address(), it.record().exception_information))
            .collect();
        let expected: Vec<_> =
            facts.exceptions().iter().map(|it| (it.thread, it.code, it.address, it.information)).collect();
        assert_eq!(found, expected, "exceptions of {name}");
    }
    assert!(threads > 500, "{threads} threads");
}

fn the_corpus_gives_what_the_streams_give(shared: &Shared) {
    let mut counts = [0; 3];
    for row in shared.corpus() {
        let bytes = shared.corpus_file(&row);
        let (dump, minidump) = (parse(&bytes), Minidump::parse(&bytes).expect("it is a minidump"));
        let threads = minidump.stream::<ThreadList<'_>>().ok().flatten();
        let threads: Vec<_> =
            threads.into_iter().flatten().map(|it| format!("{:?} {:?}", it.raw(), it.context())).collect();
        let found = dump.threads().map(|it| match it {
            userdump::read::any_format::AnyThread::Minidump(thread) => format!("{:?} {:?}", thread.raw(), it.context()),
            other => panic!("{other:?} in a minidump"),
        });
        assert_eq!(found.collect::<Vec<_>>(), threads, "{}", row.file);
        let modules = minidump.stream::<ModuleList<'_>>().ok().flatten();
        let modules: Vec<_> =
            modules.into_iter().flatten().map(|it| (it.base(), it.size(), it.name().map(AnyText::Utf16))).collect();
        let found: Vec<_> = dump.modules().map(|it| (it.base(), it.size(), it.name())).collect();
        assert_eq!(found, modules, "{}", row.file);
        let exceptions: Vec<_> =
            minidump.exceptions().flatten().map(|it| (it.thread_id(), it.code(), it.address())).collect();
        let found: Vec<_> = dump.exceptions().map(|it| (it.thread_id(), it.code(), it.address())).collect();
        assert_eq!(found, exceptions, "{}", row.file);
        for (count, more) in counts.iter_mut().zip([threads.len(), modules.len(), exceptions.len()]) {
            *count += more;
        }
        if let Some(reported) = row.threads.filter(|_| row.disagreeing.is_empty() && row.failing.is_empty()) {
            assert_eq!(dump.threads().count() as u64, reported, "{}", row.file);
        }
    }
    println!("{counts:?} threads, modules, exceptions");
    assert!(counts.iter().all(|count| *count > 40), "{counts:?}");
}

fn threads_of_both_lists_are_present() {
    let thread = |id| synth::Thread { teb: 0x1000, ..synth::Thread::new(id).context(context(true, id.into(), 0)) };
    let system = || synth::Dump::new().system_info(synth::SystemInfo::default());
    let found = |dump: synth::Dump| {
        let bytes = dump.build();
        let ids = parse(&bytes).threads().map(|it| {
            let context = it.context().expect("it is complete").expect("it is present");
            assert_eq!((it.teb(), context.instruction_pointer()), (0x1000, Some(it.id().into())));
            it.id()
        });
        ids.collect::<Vec<_>>()
    };
    assert_eq!(found(system().thread_ex(thread(5)).thread_ex(thread(6))), [5, 6]);
    let both = found(system().thread_ex(thread(5)).thread(thread(6)));
    assert_eq!(both, [6, 5], "the thread list comes first, as in the re-encoder");
    let bytes = system().thread_ex(thread(5)).build();
    let list = Minidump::parse(&bytes).expect("it is valid").stream::<ThreadExList<'_>>();
    assert_eq!(list.map(|list| list.map(|list| list.len())), Ok(Some(1)));
}

fn a_minidump_without_streams_gives_nothing() {
    let bytes = synth::Dump::new().build();
    let dump = parse(&bytes);
    assert_eq!((dump.threads().count(), dump.modules().count(), dump.exceptions().count()), (0, 0, 0));
    assert!(dump.memory().is_empty() && dump.regions().is_empty());
}

fn texts_print_and_compare_alike() {
    let minidump = synth::Dump::new().module(synth::Module::new(1, 2, "a.exe")).build();
    for bytes in [minidump, synth::UserDump::narrow().module(1, 2, "a.exe").build()] {
        let dump = parse(&bytes);
        let name = dump.modules().next().expect("it is present").name().expect("it is complete");
        assert!(name == "a.exe" && name != "a.ex" && name == *"a.exe");
        assert_eq!((name.to_string(), format!("{name}|")), ("a.exe".to_owned(), "a.exe|".to_owned()));
    }
}
