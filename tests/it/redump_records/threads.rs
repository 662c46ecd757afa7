//! Threads: entries, times and states, names, and the extended list.

use libtest_mimic::Trial;
use userdump::redump::Outcome;

use crate::support::cpu::{Cpu, pattern};
use crate::support::facts::{self, Facts};
use crate::support::redumped::{Redumped, hex, parsed};
use crate::support::trials;
use crate::synth::{Dump, Part, Shape, Stack, SystemInfo, Text, Thread, ThreadInfo, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        stacks_that_only_an_extended_thread_points_to_are_kept,
        threads_are_kept_field_by_field_in_their_order,
        thread_information_is_kept_if_asked_for,
        rows_that_the_producer_marked_are_kept,
        thread_names_are_kept_with_every_option,
        a_name_that_cannot_be_read_is_left_out,
        extended_threads_are_kept,
        positions_of_extended_threads_are_moved,
        a_list_is_kept_as_far_as_it_is_there,
    ]
}

fn base() -> Dump {
    Dump::new().system_info(SystemInfo::default())
}

fn threads_are_kept_field_by_field_in_their_order() {
    let thread = |index: u32| Thread {
        suspend_count: 10 + index,
        priority_class: 0x20 + index,
        priority: 30 + index,
        teb: 0x7ff0_0000_0000 + u64::from(index),
        ..Thread::new(100 - index).context(Cpu::AMD64.context(index.into(), 0))
    };
    let source = (0..3).fold(base(), |dump, index| dump.thread(thread(index))).build();
    for options in ["/m", "/ma"] {
        let out = Redumped::of(&source, options);
        let facts = out.facts();
        for (found, index) in facts.threads().iter().zip(0..) {
            assert_eq!((found.id, found.suspend_count), (100 - index, 10 + index));
            assert_eq!((found.priority_class, found.priority), (0x20 + index, 30 + index));
            assert_eq!(found.teb, 0x7ff0_0000_0000 + u64::from(index));
            assert!(found.context.0 == Cpu::AMD64.context(index.into(), 0));
        }
        assert_eq!((facts.threads().len(), out.stacks()), (3, vec![(0, 0, false); 3]));
    }
}

fn info(id: u32) -> ThreadInfo {
    ThreadInfo {
        id,
        flags: 0,
        error: 0x1000 + id,
        exit_status: 0x103 + id,
        times: std::array::from_fn(|index| 0x1d9_0000_0000_0000 + u64::from(id) * 16 + index as u64),
        start_address: 0x7ff6_0000_0000 + u64::from(id),
        affinity: 0xff00 + u64::from(id),
    }
}

fn assert_info(found: &facts::ThreadInfo, expected: &ThreadInfo) {
    assert_eq!((found.id, found.flags), (expected.id, expected.flags));
    assert_eq!((found.error, found.exit_status), (expected.error, expected.exit_status));
    assert_eq!((found.times, found.start_address), (expected.times, expected.start_address));
    assert_eq!(found.affinity, expected.affinity);
}

fn thread_information_is_kept_if_asked_for() {
    let dump = || base().thread(Thread::new(9)).thread_info(info(9)).thread_info(info(4));
    let longer = Shape::usual().header_size(16).entry_size(72);
    for source in [dump().build(), dump().shape(kind::THREAD_INFO_LIST, longer).build()] {
        for options in ["/mt", "/ma", "/mA"] {
            let out = Redumped::of(&source, options);
            let found = out.facts().thread_infos();
            assert_eq!(found.len(), 2);
            assert_info(&found[0], &info(9));
            assert_info(&found[1], &info(4));
            let list = out.facts().stream_bytes(17).expect("it is kept");
            assert_eq!((list.len(), &list[..12]), (12 + 2 * 64, [12u32, 64, 2].map(u32::to_le_bytes).as_flattened()));
        }
        for options in ["/m", "/mFhuf"] {
            let out = Redumped::of(&source, options);
            assert_eq!((out.facts().stream(17), out.outcomes(17)), (None, vec![Outcome::NotRequested]));
        }
    }
    assert_eq!(Redumped::of(&base().build(), "/mt").facts().stream(17), None);
}

fn rows_that_the_producer_marked_are_kept() {
    let flags = [0, 1, 2, 4, 8, 0x10, 0x20, 0x3f, u32::MAX];
    let row = |(id, flags): (u32, &u32)| ThreadInfo { flags: *flags, ..info(id) };
    let source = (0..).zip(&flags).map(row).fold(base().thread(Thread::new(0)), Dump::thread_info).build();
    let out = Redumped::of(&source, "/mt");
    let found = out.facts().thread_infos();
    assert_eq!(found.len(), flags.len());
    (0..).zip(&flags).map(row).zip(&found).for_each(|(expected, found)| assert_info(found, &expected));
}

fn thread_names_are_kept_with_every_option() {
    let source = base().thread(Thread::new(1)).thread_name(1, "main").thread_name(77, "\u{1F980}").thread_name(1, "");
    let source = source.build();
    for options in ["/m", "/mf", "/ma", "/mFhtu"] {
        let out = Redumped::of(&source, options);
        let names = out.facts().thread_names();
        let names: Vec<_> = names.iter().map(|it| (it.thread, it.name.text.as_deref())).collect();
        assert_eq!(names, [(1, Some("main")), (77, Some("\u{1F980}")), (1, Some(""))]);
    }
}

fn a_name_that_cannot_be_read_is_left_out() {
    for lost in [Text::At(0x7fff_0000), Text::At(u64::MAX), Text::None] {
        let dump = base().thread(Thread::new(1)).thread_name(1, "a").named_thread((2, lost)).thread_name(3, "c");
        let out = Redumped::of(&dump.build(), "/m");
        let names = out.facts().thread_names();
        let names: Vec<_> = names.iter().map(|it| (it.thread, it.name.text.as_deref())).collect();
        assert_eq!(names, [(1, Some("a")), (3, Some("c"))]);
        assert_eq!(out.faults(), ["ThreadNames 1 name"]);
    }
}

/// Extended threads as stored: ID, address, size and position of stack and of backing store, and context.
type ExtendedRow = (u32, [(u64, u32, u32); 2], Vec<u8>);

fn extended(facts: &Facts<'_>) -> Vec<ExtendedRow> {
    let list = facts.stream(8).expect("the extended threads are kept").rva.0;
    let descriptor = |at: u64| (facts.u64(at), facts.u32(at + 8), facts.u32(at + 12));
    let rows = (0..u64::from(facts.u32(list))).map(|index| list + 4 + 64 * index);
    rows.map(|at| (facts.u32(at), [descriptor(at + 24), descriptor(at + 48)], facts.located(at + 40).to_vec()))
        .collect()
}

fn extended_threads_are_kept() {
    let thread = |id: u32| Thread {
        suspend_count: 2,
        priority_class: 3,
        priority: 4,
        teb: 0x5_0000_0005,
        context: vec![id as u8; 100].into(),
        ..Thread::new(id)
    };
    // A context that both lists refer to is written once.
    let shared = Thread { context: Part::ContextOf(1), ..thread(1) };
    let source = base().thread(thread(1)).thread_ex(thread(8)).thread_ex(shared).build();
    let out = Redumped::of(&source, "/m");
    let facts = out.facts();
    let none = [(0, 0, 0); 2];
    assert!(extended(&facts) == [(8, none, vec![8; 100]), (1, none, vec![1; 100])]);
    let at = facts.stream(8).expect("they are there").rva.0 + 4;
    assert_eq!([4, 8, 12].map(|field| facts.u32(at + field)), [2, 3, 4]);
    assert_eq!(facts.u64(at + 16), 0x5_0000_0005);
    assert_eq!(u64::from(facts.u32(at + 64 + 44)), facts.threads()[0].context_at.0);
}

fn positions_of_extended_threads_are_moved() {
    // The plain list causes the memory to be taken, the extended list refers to it.
    let stack = || Stack::Listed(0x5000, 0x100);
    let thread = || Thread::new(1).stack(stack());
    let source = base()
        .thread(thread())
        .thread(Thread::new(2).stack(Stack::Listed(0x9000, 0x40)))
        .thread_ex(Thread { backing_store: Stack::Listed(0x9000, 0x40), ..thread() })
        .memory(0x5000, pattern(0x5000, 0x1000))
        .memory(0x9000, pattern(0x9000, 0x40))
        .build();
    let out = Redumped::of(&source, "/m");
    out.assert_memory(&[(0x5000, 0x100), (0x9000, 0x40)]);
    let facts = out.facts();
    let positions = facts.ranges().iter().map(|range| range.at.0 as u32).collect::<Vec<_>>();
    let expected = [(0x5000, 0x100, positions[0]), (0x9000, 0x40, positions[1])];
    assert_eq!(hex(&extended(&facts)[0].1), hex(&expected));
    // With full memory the stacks are parts of ranges.
    let out = Redumped::of(&source, "/mf");
    let facts = out.facts();
    let positions = facts.ranges().iter().map(|range| range.at.0 as u32).collect::<Vec<_>>();
    let expected = [(0x5000, 0x100, positions[0]), (0x9000, 0x40, positions[1])];
    assert_eq!(hex(&extended(&facts)[0].1), hex(&expected));
}

fn a_list_is_kept_as_far_as_it_is_there() {
    let dump = || base().thread(Thread::new(1)).thread(Thread::new(2)).thread_name(1, "a").thread_info(info(1));
    let more = || Shape::usual().count(1000);
    for (kind, fault) in [(3, "ThreadList 2 entries"), (24, "ThreadNames 1 entries"), (17, "ThreadInfoList 1 entries")]
    {
        let out = Redumped::of(&dump().shape(kind, more()).build(), "/mt");
        assert_eq!(out.faults(), [fault]);
        let facts = out.facts();
        assert_eq!((facts.threads().len(), facts.thread_names().len(), facts.thread_infos().len()), (2, 1, 1));
    }
}

/// A dump that only has the extended thread list (of Itanium, for example) must not lose its stacks.
fn stacks_that_only_an_extended_thread_points_to_are_kept() {
    let backing_store = Stack::stored(0x9000, pattern(0x9000, 0x40));
    let thread = Thread { backing_store, ..Thread::new(1).stack(Stack::stored(0x5000, pattern(0x5000, 0x100))) };
    let source = base().thread_ex(thread).build();
    for options in ["/m", "/mf"] {
        let out = Redumped::once(&source, &parsed(options));
        out.assert_memory(&[(0x5000, 0x100), (0x9000, 0x40)]);
        Redumped::of(&source, options);
    }
}
