//! What the engine of 2026 does and the engine of 2017 does not, and which of it we do.

use libtest_mimic::Trial;
use userdump::redump::{Addition, Engine, Options, Outcome, Reason, Redump};
use userdump::{Dump as Source, ReadError};
use userdump_walk::accounted::violations;

use crate::support::cpu::pattern;
use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, findings, hex};
use crate::support::{Shared, trials};
use crate::synth::{Dump, SystemInfo, Thread, UnloadedModule};

pub fn trials() -> Vec<Trial> {
    trials![
        shared_data_is_in_every_small_dump,
        shared_data_is_never_a_strangers,
        filters_leave_of_shared_data_what_a_debugger_needs,
        headers_are_those_of_the_running_process,
        unloaded_modules_are_the_newest,
        short_handle_operations_are_extended,
        odd_handle_operations_are_extended,
        handle_operations_are_extended_within_bounds,
        fiber_local_storage_is_as_large_as_today,
    ]
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
    // Other systems have none.
    let linux = SystemInfo { platform: 0x8201, ..SystemInfo::default() };
    let source = Dump::new().system_info(linux).thread(Thread::new(1)).memory(PAGE, pattern(PAGE, 0x1000)).build();
    assert_eq!(Redumped::of(&source, "/m").ranges(), []);
}

fn shared_data_is_never_a_strangers() {
    let source = base().memory(0x7fff_0000, pattern(0x7fff_0000, 0x1000)).build();
    assert_eq!(Redumped::of(&source, "/m").ranges(), []);
    // Of a partial page, the part that is present.
    let source = base().memory(PAGE + 0x800, pattern(PAGE + 0x800, 0x800)).build();
    Redumped::of(&source, "/m").assert_memory(&[(PAGE + 0x800, 0x2a0)]);
}

fn filters_leave_of_shared_data_what_a_debugger_needs() {
    let source = base().memory(PAGE, [7; 0x1000]).build();
    // Times, time zone, versions and features of the processor, edition, ticks; everything except the system folder.
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

/// The headers that the engine writes for the running process are those that our `e` finds in the dump with full
/// memory.
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
        let expected: &[(&str, u64)] = if count > 10_000 {
            &[("unloaded modules beyond the newest 10,000, which the debugger does not accept", 3)]
        } else {
            &[]
        };
        assert_eq!(lost(&out), expected);
        let is_found = |bytes: &[u8]| findings(bytes).iter().any(|it| it.contains("more than 10,000 unloaded modules"));
        assert_eq!((is_found(&source), is_found(&out.bytes)), (count > 10_000, false));
        let whole = Redumped::once(&source, &of_2017("/mu"));
        assert_eq!((whole.facts().unloaded_modules().len() as u64, lost(&whole)), (count, vec![]));
    }
}

/// A list of handle operations of `row` bytes each, with four bytes after its header and three after the entries, and
/// the same list with entries of `filled` bytes.
fn operations(count: u32, row: usize, filled: usize) -> (Vec<u8>, Vec<u8>) {
    let list = |size: usize| {
        let head = [20, size as u32, count, 0, 0x1122_3344u32].map(u32::to_le_bytes).concat();
        let entry = |index: u32| {
            // Two return addresses.
            let words = [index + 8, 0, 77, 7, 1, 0, 2, 3, 0x40_0001, 0, 0x40_0002, 0];
            let mut bytes = words.map(u32::to_le_bytes).concat();
            bytes.resize(row.max(bytes.len()), 9);
            bytes.truncate(row);
            bytes.resize(size, 0);
            bytes
        };
        [head, (0..count).flat_map(entry).collect(), b"end".to_vec()].concat()
    };
    (list(row), list(filled))
}

fn short_handle_operations_are_extended() {
    const ADDED: &str = "handle operations padded with zeros for the debugger";
    let is_found = |bytes: &[u8]| findings(bytes).iter().any(|it| it.contains("fewer than 0x120 bytes"));
    let contents = |bytes: &[u8]| Facts::of(bytes).stream_bytes(18).map(|it| it.to_vec());
    for row in [32, 40, 48, 287, 288, 296] {
        let (list, filled) = operations(2, row, row.max(0x120));
        let source = base().raw(18, &list).build();
        assert_eq!(is_found(&source), row < 0x120, "{row}");
        let added: &[Addition] = if row < 0x120 { &[Addition { what: ADDED, count: 2 }] } else { &[] };
        let outcome = if row < 0x120 { Outcome::Rewritten } else { Outcome::Copied };
        for words in ["/m", "/ma", "/mFhuty"] {
            let out = Redumped::twice(&source, &words.parse().expect("it is known"));
            assert!(contents(&out.bytes).as_ref() == Some(&filled), "{row}, {words}: {:x?}", contents(&out.bytes));
            assert_eq!((out.report.additions.as_slice(), out.outcomes(18).as_slice()), (added, [outcome].as_slice()));
            assert_eq!((is_found(&out.bytes), &out.report.losses, &out.report.faults), (false, &vec![], &vec![]));
            assert_eq!(violations(&source, &out.bytes, &out.report, words), [""; 0]);
            // The accounting check detects changes in the result.
            let start = out.facts().stream(18).expect("it is present").rva.0 as usize;
            for at in [start, start + 16, start + 20, start + 20 + filled.len() - 24, start + filled.len() - 1] {
                let mut changed = out.bytes.clone();
                changed[at] ^= 0x55;
                assert_ne!(violations(&source, &changed, &out.report, words), [""; 0], "{row}, {words}, {at:#x}");
            }
        }
        // The older engine accepts them as they are.
        let out = Redumped::twice(&source, &of_2017("/m"));
        assert!(contents(&out.bytes).as_ref() == Some(&list) && out.report.additions.is_empty(), "{row}");
        assert_eq!(out.outcomes(18), [Outcome::Copied]);
        // Bytes that are neither an operation nor part of the header are zero.
        let out = Redumped::twice(&source, &"/mR".parse().expect("it is known"));
        let (mut private, first) = (filled, row.max(0x120));
        private[16..20].fill(0);
        for entry in private[20..].chunks_mut(first) {
            entry.iter_mut().skip(48).for_each(|byte| *byte = 0);
        }
        private[20 + 2 * first..].fill(0);
        assert!(contents(&out.bytes) == Some(private), "{row}: {:x?}", contents(&out.bytes));
        assert_eq!(Redumped::once(&source, &"/mr".parse().expect("it is known")).outcomes(18), [Outcome::Filtered]);
    }
}

/// An empty list has no entry that is too short; of a list that is cut by the end of the file, the present entries are
/// extended.
fn odd_handle_operations_are_extended() {
    let contents = |bytes: &[u8]| Facts::of(bytes).stream_bytes(18).map(|it| it.to_vec());
    let (empty, _) = operations(0, 48, 0x120);
    let out = Redumped::twice(&base().raw(18, &empty).build(), &"/m".parse().expect("it is known"));
    assert_eq!((contents(&out.bytes), out.outcomes(18)), (Some(empty), vec![Outcome::Copied]));
    // Without the three bytes, and without half of the third entry.
    let (list, filled) = operations(3, 48, 0x120);
    let (half, expected) = (&list[..20 + 120], [&filled[..20 + 2 * 0x120], &list[20 + 96..20 + 120]].concat());
    let out = Redumped::twice(&base().raw(18, half).build(), &"/m".parse().expect("it is known"));
    assert!(contents(&out.bytes) == Some(expected), "{:x?}", contents(&out.bytes));
    assert_eq!(out.report.additions.iter().map(|it| it.count).collect::<Vec<_>>(), [2]);
    // Both streams are kept.
    let source = base().raw(18, &list).raw(18, operations(1, 32, 0x120).0).build();
    let out = Redumped::twice(&source, &"/m".parse().expect("it is known"));
    assert_eq!(out.outcomes(18), [Outcome::Rewritten; 2]);
    assert_eq!(out.report.additions.iter().map(|it| it.count).collect::<Vec<_>>(), [3, 1]);
}

/// A file of nothing but short entries would become nine times as large: this is reported, and the rest is kept.
fn handle_operations_are_extended_within_bounds() {
    for (count, is_kept) in [(120, true), (10_000, false)] {
        let source = base().raw(18, operations(count, 32, 0x120).0).comment_a("a comment behind it").build();
        let out = Redumped::once(&source, &"/m".parse().expect("it is known"));
        assert!(out.bytes.len() < 2 * source.len() + 0x1_0000);
        let outcome = out.outcomes(18)[0];
        assert_eq!(matches!(outcome, Outcome::Rewritten), is_kept, "{outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Unreadable(ReadError::BudgetSpent { .. })), !is_kept, "{outcome:?}");
        assert_eq!(out.outcomes(10), [Outcome::Copied]);
    }
    // With memory in the file there is room.
    let source = base().raw(18, operations(200, 32, 0x120).0).memory(PAGE, vec![1; 0x1_0000]).build();
    assert_eq!(Redumped::once(&source, &"/m".parse().expect("it is known")).outcomes(18), [Outcome::Rewritten]);
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
