//! What the engine of 2026 does and that of 2017 does not, and what we do of it.

use libtest_mimic::Trial;
use userdump::Dump as Source;
use userdump::redump::{Engine, Options, Reason, Redump};

use crate::support::cpu::pattern;
use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, findings, hex};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, SystemInfo, Thread, UnloadedModule};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![
        shared_data_is_in_every_small_dump,
        shared_data_is_never_a_strangers,
        filters_leave_of_shared_data_what_a_debugger_needs,
        headers_are_those_of_the_running_process,
        unloaded_modules_are_the_newest,
        short_handle_operations_are_read_and_kept,
        fiber_local_storage_is_as_large_as_today,
    ];
    all.extend(SAMPLES.map(|sample| {
        shared_trial(format!("redump_engine::mini_dump_write_dump::{}", sample.0), move |shared| {
            of_mini_dump_write_dump(shared, sample);
        })
    }));
    all
}

const PAGE: u64 = 0x7ffe_0000;

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1))
}

fn of_2017(words: &str) -> Options {
    Options::parse_as(Engine::V2017, words).expect("it is known")
}

fn shared_data_is_in_every_small_dump() {
    let source = base().memory(PAGE, pattern(PAGE, 0x1000)).build();
    for words in ["/m", "/mi", "/mF", "/my", "/mT", "/mM"] {
        Redumped::of(&source, words).assert_memory(&[(PAGE, 0xaa0)]);
    }
    assert_eq!(Redumped::with(&source, &of_2017("/m")).ranges(), []);
    Redumped::of(&source, "/mf").assert_memory(&[(PAGE, 0x1000)]);
    let dump = Source::parse(&source).expect("it is a dump");
    let redump = Redump::new(&dump, &Options::new()).expect("it can be re-encoded");
    let reasons: Vec<_> = redump.selected_memory().map(|it| (it.address, it.size, it.reason)).collect();
    assert_eq!(reasons, [(PAGE, 0xaa0, Reason::SharedData)]);
    assert_eq!((Reason::SharedData.kind(), Reason::SharedData.to_string().as_str()), ("shared data", "shared data"));
    // Of other systems there is none.
    let linux = SystemInfo { platform: 0x8201, ..SystemInfo::default() };
    let source = Dump::new().system_info(linux).thread(Thread::new(1)).memory(PAGE, pattern(PAGE, 0x1000)).build();
    assert_eq!(Redumped::of(&source, "/m").ranges(), []);
}

fn shared_data_is_never_a_strangers() {
    let source = base().memory(0x7fff_0000, pattern(0x7fff_0000, 0x1000)).build();
    assert_eq!(Redumped::of(&source, "/m").ranges(), []);
    // Of a part, what is there.
    let source = base().memory(PAGE + 0x800, pattern(PAGE + 0x800, 0x800)).build();
    Redumped::of(&source, "/m").assert_memory(&[(PAGE + 0x800, 0x2a0)]);
}

fn filters_leave_of_shared_data_what_a_debugger_needs() {
    let source = base().memory(PAGE, [7; 0x1000]).build();
    // Times, time zone, versions and features of the processor, edition, ticks; all but the folder of the system.
    let needed = vec![0..0x2c, 0x240..0x244, 0x260..0x2b4, 0x2d0..0x2d4, 0x320..0x32c];
    for (words, kept) in
        [("/mr", needed.clone()), ("/mrR", needed.clone()), ("/mrF", needed), ("/mR", vec![0..0x30, 0x238..0xaa0])]
    {
        let out = Redumped::of(&source, words);
        let bytes = out.facts().read(PAGE, 0xaa0);
        let expected: Vec<u8> =
            (0..0xaa0).map(|at| if kept.iter().any(|it| it.contains(&at)) { 7 } else { 0 }).collect();
        assert!(bytes == expected, "{words}");
        assert_eq!(out.report.unfiltered_memory, 0, "{words}");
    }
}

/// What the engine writes of the running process, our `e` finds in the dump of all its memory.
fn headers_are_those_of_the_running_process(shared: &Shared) {
    for set in ["live26", "crash26"] {
        let (plain, with) = (shared.golden(&format!("{set}/m.dmp")), shared.golden(&format!("{set}/m_e.dmp")));
        let source = shared.golden(&format!("{set}/manu.dmp"));
        let ours = Redumped::once(&source, &"/me".parse().expect("it is known"));
        let (plain, with, ours) = (Facts::of(&plain), Facts::of(&with), ours.facts());
        assert_eq!(ours.header.flags, with.header.flags);
        let of = |facts: &Facts<'_>| facts.ranges().iter().map(|it| (it.address, it.size)).collect::<Vec<_>>();
        let added: Vec<_> = of(&with).into_iter().filter(|range| !of(&plain).contains(range)).collect();
        assert!(added.len() > 20, "{set}: {} ranges", added.len());
        for (address, size) in added {
            assert!(ours.read(address, size) == with.read(address, size), "{set}: {address:#x}");
            assert_eq!(ours.read(address, size).len() as u64, size, "{set}: {address:#x}");
        }
    }
}

fn unloaded_modules_are_the_newest() {
    let source = |count: u64| {
        (0..count)
            .fold(base(), |dump, number| dump.unloaded_module(UnloadedModule::new(0x1_0000 * (number + 1), 1, "a")))
            .build()
    };
    let lost = |out: &Redumped| -> Vec<(&'static str, u64)> {
        out.report.losses.iter().filter(|it| it.what.contains("unloaded")).map(|it| (it.what, it.count)).collect()
    };
    for (count, kept) in [(10_000, 10_000), (10_003, 10_000)] {
        let source = source(count);
        let out = Redumped::once(&source, &"/mu".parse().expect("it is known"));
        let modules = out.facts().unloaded_modules();
        assert_eq!((modules.len(), modules[0].base), (kept, 0x1_0000 * (count - 9_999)));
        let expected: &[(&str, u64)] =
            if count > 10_000 { &[("unloaded modules beyond the newest 10,000, for the debugger", 3)] } else { &[] };
        assert_eq!(lost(&out), expected);
        let is_found = |bytes: &[u8]| findings(bytes).iter().any(|it| it.contains("more than 10,000 unloaded modules"));
        assert_eq!((is_found(&source), is_found(&out.bytes)), (count > 10_000, false));
        let whole = Redumped::once(&source, &of_2017("/mu"));
        assert_eq!((whole.facts().unloaded_modules().len() as u64, lost(&whole)), (count, vec![]));
    }
}

fn short_handle_operations_are_read_and_kept() {
    let source = base()
        .written(18, |bytes| {
            // Two entries of 48 bytes: two return addresses each.
            bytes.u32s(&[16, 48, 2, 0]);
            for handle in [8, 12] {
                bytes.u64(handle).u32s(&[77, 7, 1, 0, 2, 3]).u64s(&[0x40_0001, 0x40_0002]);
            }
        })
        .build();
    let read = |bytes: &[u8]| -> Vec<(u64, u32, Vec<u64>)> {
        let dump = userdump::Minidump::parse(bytes).expect("it is a dump");
        let list = dump.stream::<userdump::read::handle::HandleOperationList<'_>>().expect("it is sound");
        list.expect("it is there").iter().map(|it| (it.handle, it.depth, it.return_addresses[..3].to_vec())).collect()
    };
    let expected = [(8, 2, vec![0x40_0001, 0x40_0002, 0]), (12, 2, vec![0x40_0001, 0x40_0002, 0])];
    assert_eq!(read(&source), expected);
    assert!(findings(&source).iter().any(|it| it.contains("fewer than 0x120 bytes")), "{:?}", findings(&source));
    for words in ["/m", "/ma", "/mR"] {
        assert_eq!(read(&Redumped::once(&source, &words.parse().expect("it is known")).bytes), expected, "{words}");
    }
}

fn fiber_local_storage_is_as_large_as_today() {
    const TEB: u64 = 0x1_0000;
    let mut teb = vec![0; 0x2000];
    teb[0x17c8..0x17d0].copy_from_slice(&0x10_0000u64.to_le_bytes());
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread { teb: TEB, ..Thread::new(1) });
    let source = dump.memory(TEB, &teb).memory(0x10_0000, pattern(0x10_0000, 0x9000)).build();
    assert_eq!(
        hex(&Redumped::once(&source, &"/mp".parse().expect("it is known")).ranges()),
        hex(&[(TEB, 0x2000), (0x10_0000, 0x7f90)])
    );
    assert_eq!(hex(&Redumped::once(&source, &of_2017("/mp")).ranges()), hex(&[(TEB, 0x2000), (0x10_0000, 0x410)]));
}

/// A file by `MiniDumpWriteDump`: its name, flags in its header, the thread of its exception, and whether its stacks are
/// filtered.
type Sample = (&'static str, u64, Option<u32>);

/// The rows of its README, the compressed file of a 32-bit process aside.
const SAMPLES: [Sample; 24] = [
    ("normal", 0, None),
    ("exception-client", 0, Some(0x134)),
    ("exception-address-is-not-ip", 0, Some(0x134)),
    ("exception-of-unlisted-thread", 0, Some(0x9_9999)),
    ("xstate-exception", 0x20_0000, Some(0x134)),
    ("user-streams", 0, Some(0x134)),
    ("indirect", 0x40, None),
    ("process-thread-data", 0x100, None),
    ("wide-1965", 0x1965, None),
    ("token", 0x4_0000, None),
    ("triage", 0x10_0080, None),
    ("triage-exception", 0x10_0080, Some(0x134)),
    ("triage-indirect", 0x10_00c0, None),
    ("without-optional-full", 0x2_0400, None),
    ("callback-threads-excluded", 0, None),
    ("callback-module-excluded", 0, None),
    ("callback-memory-added", 0, Some(0x134)),
    ("self-crash", 0, Some(0)),
    ("self-crash-by-other-thread", 0, Some(0)),
    ("x86-normal", 0, None),
    ("x86-exception", 0, Some(0)),
    ("x86-xstate", 0x20_0000, None),
    ("x86-triage-exception", 0x10_0080, Some(0)),
    ("x86-self-crash", 0, Some(0)),
];

/// No dump of these has environment blocks but `process-thread-data` and `wide-1965`, so that the engine's own
/// re-encoding loses all stacks. Ours keeps what the source has of them, and the rest of the source.
fn of_mini_dump_write_dump(shared: &Shared, (name, flags, thread): Sample) {
    let bytes = shared.read(&format!("golden/mdwd/{name}.dmp"));
    let source = Facts::of(&bytes);
    assert_eq!(source.header.flags, flags);
    let exception = source.exceptions().first().map(|it| it.thread);
    match thread {
        Some(0) => assert!(exception.is_some()),
        thread => assert_eq!(exception, thread),
    }
    let today = userdump::Minidump::parse(&bytes).expect("it is a dump");
    let unlisted = exception.filter(|thread| source.threads().iter().all(|it| it.id != *thread));
    let found = |code: &str| {
        let mut count = 0;
        today.check(&mut |finding| count += usize::from(finding.code.as_str() == code));
        count
    };
    assert_eq!(found("exception-thread-missing"), usize::from(unlisted.is_some()));
    assert_eq!(found("list-truncated"), usize::from(name == "callback-threads-excluded"));
    for words in ["/m", "/mi", "/mp", "/my", "/ma"] {
        let out = Redumped::once(&bytes, &words.parse().expect("it is known"));
        let ours = out.facts();
        // A triage dump stays one, with the words of objects, unless it is to have all memory.
        let triage = if words == "/ma" { 0 } else { flags & 0x10_0000 };
        assert_eq!(ours.header.flags & 0x10_0000, triage, "{words}");
        let words_of_objects = source.ranges().into_iter().filter(|it| flags & 0x10_0000 != 0 && it.size <= 8);
        for word in words_of_objects {
            assert!(ours.read(word.address, word.size) == word.bytes.0, "{words}: {:#x}", word.address);
        }
        assert_eq!(ours.threads().len(), source.threads().len(), "{words}");
        for (before, after) in source.threads().iter().zip(ours.threads()) {
            let stack = source.read(before.stack_start, before.stack_size.into());
            assert!(!stack.is_empty(), "{words}: stack of {:#x}", before.id);
            assert!(
                ours.read(before.stack_start, before.stack_size.into()) == stack,
                "{words}: stack of {:#x}",
                before.id
            );
            assert_eq!((before.stack_start, before.stack_size), (after.stack_start, after.stack_size), "{words}");
        }
        assert_eq!(ours.read(PAGE, 0xaa0).len(), 0xaa0, "{words}: shared data");
        assert!(ours.read(PAGE, 0xaa0) == source.read(PAGE, 0xaa0), "{words}: shared data");
        let exceptions = |facts: &Facts<'_>| -> Vec<_> {
            facts.exceptions().iter().map(|it| (it.thread, it.code, it.address, it.parameters)).collect()
        };
        if thread.is_some() {
            assert_eq!(exceptions(&ours), exceptions(&source), "{words}");
        }
        for kind in [10, 11, 0x1_0001, 19] {
            let expected = source.stream_bytes(kind).map(|it| it.to_vec());
            let kept = ours.stream_bytes(kind).map(|it| it.to_vec());
            assert!(expected.is_none() || kept == expected, "{words}: stream {kind:#x}");
        }
        if words == "/ma" {
            let lost: u64 = source.ranges().iter().map(|it| it.size - same(&ours, it.address, it.bytes.0)).sum();
            // Guard pages and pages without access are in no dump of all memory.
            assert_eq!(lost, out.report.excluded_memory, "bytes that are lost");
            assert!(lost == 0 || name == "wide-1965", "{lost} bytes are lost");
        }
    }
}

/// How many of these bytes a dump has at their addresses, from the first one on in ranges that touch or not.
fn same(facts: &Facts<'_>, address: u64, bytes: &[u8]) -> u64 {
    let mut count = 0;
    for range in facts.ranges() {
        let (from, to) = (range.address.max(address), (range.address + range.size).min(address + bytes.len() as u64));
        let part = |start: u64, bytes: &[u8]| bytes[(from - start) as usize..(to - start) as usize].to_vec();
        if from < to {
            assert!(part(range.address, range.bytes.0) == part(address, bytes), "other bytes at {from:#x}");
            count += to - from;
        }
    }
    count
}
