//! Changes that a program makes to the selection of the options.

use std::sync::Mutex;

use libtest_mimic::Trial;
use userdump::Dump as Source;
use userdump::format::StreamType;
use userdump::redump::{Hooks, MissingMemory, Options, Outcome, Reason, Redump, Report};

use crate::support::cpu::pattern;
use crate::support::facts::Facts;
use crate::support::redumped::{faults, hooked};
use crate::support::{fixtures, trials};
use crate::synth::{Dump, Exception, Module, Part, Stack, SystemInfo, Thread, ThreadInfo, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        no_hooks_change_nothing,
        a_removed_thread_takes_its_own_data_along,
        an_exception_is_generated_for_a_thread_that_stays,
        modules_leave,
        removed_streams_are_not_generated,
        generated_streams_can_be_left_out,
        memory_is_removed_with_its_list,
        requested_memory_is_added_as_far_as_present,
        memory_that_rows_call_inaccessible_can_be_requested,
        streams_are_added_and_replaced,
        a_redactor_sees_every_byte_once_with_its_reason,
        a_redactor_sees_what_the_filter_left,
        full_memory_is_redacted_too,
        the_selection_says_why,
    ]
}

fn redumped<'a>(source: &'a [u8], options: &str, hooks: Hooks<'a>) -> (Vec<u8>, Report) {
    let (out, report) = hooked(source, options, hooks);
    assert_eq!(faults(&out), [""; 0]);
    (out, report)
}

/// With the records that the debugger generates.
fn as_debugger<'a>(source: &'a [u8], options: &str, hooks: Hooks<'a>) -> (Vec<u8>, Report) {
    let options = options.parse::<Options>().expect("they are known").with_made_up_records();
    let dump = Source::parse(source).expect("the source is a dump");
    let mut out = Vec::new();
    let redump = Redump::with_hooks(&dump, &options, hooks).expect("it can be re-encoded");
    let report = redump.write_to(&mut out).expect("it can be written");
    assert_eq!(faults(&out), [""; 0]);
    (out, report)
}

fn process() -> Dump {
    let dump = Dump::new().system_info(SystemInfo::default());
    let dump = dump.thread(Thread::new(1).stack(Stack::stored(0x5000, pattern(0x5000, 0x100))));
    let dump = dump.thread(Thread::new(2).stack(Stack::stored(0x6000, pattern(0x6000, 0x100))));
    let dump = dump.thread_name(1, "one").thread_name(2, "two");
    let dump = dump.thread_info(ThreadInfo { id: 1, ..ThreadInfo::default() });
    let dump = dump.thread_info(ThreadInfo { id: 2, ..ThreadInfo::default() });
    let dump =
        dump.module(Module::new(0x1_4000_0000, 0x1000, "a.exe")).module(Module::new(0x2000_0000, 0x1000, "b.dll"));
    dump.memory(0x9000, pattern(0x9000, 0x1000)).raw(0x1_0001, "private")
}

fn outcome(report: &Report, kind: u32) -> Outcome {
    report.streams.iter().find(|stream| stream.stream_type == StreamType(kind)).expect("it is in the source").outcome
}

fn no_hooks_change_nothing() {
    for (options, source) in [("/m", fixtures::QUICK_START), ("/mFtui", fixtures::QUICK_START)] {
        let mut plain = Vec::new();
        userdump::redump(&Source::parse(source).unwrap(), &options.parse().unwrap(), &mut plain).unwrap();
        assert!(redumped(source, options, Hooks::new()).0 == plain);
        let all = Hooks::new().keep_threads(|_| true).keep_modules(|_| true).keep_streams(|_| true);
        assert!(redumped(source, options, all.redact(|_, _, _| {})).0 == plain);
    }
}

fn a_removed_thread_takes_its_own_data_along() {
    let source = process().build();
    let (out, report) = redumped(&source, "/mt", Hooks::new().keep_threads(|thread| thread.id() != 1));
    let facts = Facts::of(&out);
    assert_eq!(facts.threads().iter().map(|it| it.id).collect::<Vec<_>>(), [2]);
    assert_eq!(facts.thread_names().iter().map(|it| it.thread).collect::<Vec<_>>(), [2]);
    assert_eq!(facts.thread_infos().iter().map(|it| it.id).collect::<Vec<_>>(), [2]);
    assert_eq!(facts.ranges().iter().map(|it| it.address).collect::<Vec<_>>(), [0x6000]);
    assert_eq!(report.threads_left_out, 1);
}

fn an_exception_is_generated_for_a_thread_that_stays() {
    let exception = Exception { context: Part::None, ..Exception::new(1, 0xc000_0005, 0x9800) };
    let source = process().exception(exception).build();
    let hooks = || Hooks::new().keep_threads(|thread| thread.id() != 1);
    let (out, report) = redumped(&source, "/m", hooks());
    assert_eq!((Facts::of(&out).stream(6), outcome(&report, kind::EXCEPTION)), (None, Outcome::LeftOut));
    let (out, report) = as_debugger(&source, "/m", hooks());
    let facts = Facts::of(&out);
    assert_eq!(facts.exceptions().iter().map(|it| (it.thread, it.code)).collect::<Vec<_>>(), [(2, 0x8000_0003)]);
    assert_eq!(outcome(&report, kind::EXCEPTION), Outcome::LeftOut);
    assert!(facts.read(0x9800, 1).is_empty(), "the window was for the exception");
}

fn modules_leave() {
    let source = process().build();
    let (out, report) = redumped(&source, "/m", Hooks::new().keep_modules(|module| module.base() > 0x3000_0000));
    let names: Vec<_> = Facts::of(&out).modules().iter().map(|it| it.name.text.clone().unwrap_or_default()).collect();
    assert_eq!((names, report.modules_left_out), (vec!["a.exe".to_owned()], 1));
}

fn removed_streams_are_not_generated() {
    let source = process().build();
    let without = [StreamType::MODULE_LIST, StreamType(0x1_0001), StreamType::THREAD_NAMES];
    let hooks = Hooks::new().keep_streams(|it| !without.contains(&it.stream_type()));
    let (out, report) = as_debugger(&source, "/m", hooks);
    let kinds = Facts::of(&out).kinds();
    assert!(without.iter().all(|left| !kinds.contains(&left.0)), "{kinds:?}");
    assert!(without.iter().all(|left| outcome(&report, left.0) == Outcome::LeftOut && !report.made_up.contains(left)));
    assert!(kinds.contains(&kind::THREAD_LIST) && kinds.contains(&kind::EXCEPTION));
}

fn memory_is_removed_with_its_list() {
    let source = process().build();
    for options in ["/m", "/mw"] {
        let hooks = Hooks::new().keep_streams(|stream| stream.stream_type() != StreamType::MEMORY_LIST);
        let (out, report) = redumped(&source, options, hooks);
        let facts = Facts::of(&out);
        assert!(facts.ranges().is_empty());
        assert!(facts.threads().iter().all(|thread| thread.stack_size == 0));
        assert_eq!(report.memory_bytes, 0);
    }
}

fn requested_memory_is_added_as_far_as_present() {
    let source = process().build();
    let hooks = Hooks::new().add_memory(0x9f00, 0x1000).add_memory(0x7_0000, 0x10).add_memory(0x9010, 1);
    let (out, report) = redumped(&source, "/m", hooks);
    let ranges: Vec<_> = Facts::of(&out).ranges().iter().map(|it| (it.address, it.size)).collect();
    assert_eq!(ranges, [(0x5000, 0x100), (0x6000, 0x100), (0x9010, 1), (0x9f00, 0x100)]);
    let missing = |address, size, available| MissingMemory { address, size, available };
    assert_eq!(report.missing_memory, [missing(0x9f00, 0x1000, 0x100), missing(0x7_0000, 0x10, 0)]);
}

/// The streams that the debugger generates are only generated if the program allows them, one by one.
fn generated_streams_can_be_left_out() {
    let dump = || Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).memory(0x5000, [0; 16]);
    let no_rows = dump().raw(kind::MEMORY_INFO_LIST, [16u32, 48, 0, 0].map(u32::to_le_bytes).concat());
    for source in [dump().build(), no_rows.build()] {
        for left_out in [kind::MEMORY_INFO_LIST, kind::EXCEPTION, 4, 19, 21, 22] {
            let hooks = Hooks::new().keep_streams(|stream| stream.stream_type().0 != left_out);
            let (out, report) = as_debugger(&source, "/mF", hooks);
            let mut expected = vec![4, kind::EXCEPTION, 19, 21, 22, kind::MEMORY_INFO_LIST];
            expected.retain(|kind| *kind != left_out);
            let mut made_up: Vec<u32> = report.made_up.iter().map(|it| it.0).collect();
            expected.sort_unstable();
            made_up.sort_unstable();
            assert_eq!(made_up, expected);
            assert!(!Facts::of(&out).kinds().contains(&left_out), "type {left_out}");
        }
    }
}

fn streams_are_added_and_replaced() {
    let source = process().build();
    let added = StreamType(0x1_0002);
    let (out, _) = redumped(&source, "/m", Hooks::new().add_stream(added, &b"more"[..]));
    assert_eq!(Facts::of(&out).stream_bytes(added.0).map(|it| it.0), Some(&b"more"[..]));
    assert_eq!(Facts::of(&out).stream_bytes(0x1_0001).map(|it| it.0), Some(&b"private"[..]));
    let replaced = StreamType(0x1_0001);
    let hooks =
        Hooks::new().keep_streams(|stream| stream.stream_type() != replaced).add_stream(replaced, b"new".to_vec());
    let (out, _) = redumped(&source, "/m", hooks);
    assert_eq!(Facts::of(&out).stream_bytes(replaced.0).map(|it| it.0), Some(&b"new"[..]));
    assert_eq!(Facts::of(&out).kinds().iter().filter(|kind| **kind == replaced.0).count(), 1);
}

fn a_redactor_sees_every_byte_once_with_its_reason() {
    let seen = Mutex::new(Vec::new());
    let source = process().build();
    let hooks = Hooks::new().add_memory(0x50f0, 0x10).add_memory(0x9000, 0x20).add_memory(0x9030, 8);
    let hooks = hooks.redact_with_overlap(0, |address, reason, bytes| {
        seen.lock().unwrap().push((address, reason, bytes.to_vec()));
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
    });
    let dump = Source::parse(&source).unwrap();
    let redump = Redump::with_hooks(&dump, &"/m".parse().unwrap(), hooks).unwrap();
    let mut out = Vec::new();
    redump.write_to(&mut out).unwrap();
    // What was requested comes first in the selection, so it takes precedence for the last bytes of the stack. The 16
    // bytes between the two ranges at 0x9000 are included because they separate them.
    let expected = [
        (0x5000, Reason::Stack { thread: 1 }, 0xf0),
        (0x50f0, Reason::Requested, 0x10),
        (0x6000, Reason::Stack { thread: 2 }, 0x100),
        (0x9000, Reason::Requested, 0x20),
        (0x9020, Reason::Requested, 0x10),
        (0x9030, Reason::Requested, 8),
    ];
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.iter().map(|(at, reason, bytes)| (*at, *reason, bytes.len())).collect::<Vec<_>>(), expected);
    for (at, _, bytes) in &seen {
        assert_eq!(*bytes, pattern(*at, bytes.len() as u64));
        let size = bytes.len() as u64;
        let written: Vec<u8> = Facts::of(&out).read(*at, size).iter().map(|byte| !byte).collect();
        assert_eq!(written, *bytes);
    }
}

fn a_redactor_sees_what_the_filter_left() {
    let source = process().build();
    let hooks = Hooks::new().redact(|_, reason, bytes| match reason {
        Reason::Stack { .. } => assert!(bytes.iter().all(|&byte| byte == 0), "no word of the pattern is a pointer"),
        other => panic!("{other}"),
    });
    redumped(&source, "/mr", hooks);
}

fn full_memory_is_redacted_too() {
    let source = process().build();
    let hooks = Hooks::new().redact(|_, reason, bytes| {
        if reason == Reason::FullMemory {
            bytes.fill(0xaa);
        }
    });
    let (out, _) = redumped(&source, "/mf", hooks);
    let facts = Facts::of(&out);
    assert_eq!(facts.read(0x9000, 0x1000), [0xaa; 0x1000]);
    assert_eq!(facts.read(0x5000, 0x100), pattern(0x5000, 0x100));
}

fn the_selection_says_why() {
    let source = process().build();
    let dump = Source::parse(&source).unwrap();
    let redump = Redump::new(&dump, &"/m".parse().unwrap()).unwrap();
    let selected: Vec<_> = redump.selected_memory().map(|it| (it.address, it.size, it.reason)).collect();
    let stack = |thread| Reason::Stack { thread };
    assert_eq!(selected, [(0x5000, 0x100, stack(1)), (0x6000, 0x100, stack(2))]);
    assert_eq!(selected[0].2.to_string(), "stack of thread 0x1");
}

fn memory_that_rows_call_inaccessible_can_be_requested() {
    let row = |base, protect| crate::synth::MemoryInfo {
        base,
        size: 0x1000,
        state: 0x1000,
        protect,
        ..crate::synth::MemoryInfo::default()
    };
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let dump = dump.memory_info(row(0x1000, 4)).memory_info(row(0x2000, 0x104)).memory_info(row(0x3000, 4));
    let source = dump.flags(2).memory64(0x1000, pattern(0x1000, 0x3000)).build();
    let hooks = Hooks::new().add_memory(0x1800, 0x1000).add_memory(0x2700, 0x10);
    let (out, report) = redumped(&source, "/mf", hooks);
    let ranges: Vec<_> = Facts::of(&out).ranges().iter().map(|it| (it.address, it.size)).collect();
    // All of it is already included.
    assert_eq!(ranges, [(0x1000, 0x1000), (0x2000, 0x1000), (0x3000, 0x1000)]);
    assert_eq!(report.missing_memory, []);
    let facts = Facts::of(&out);
    assert!(ranges.iter().all(|&(at, size)| facts.read(at, size) == pattern(at, size)));
}
