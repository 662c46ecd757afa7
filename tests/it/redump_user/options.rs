//! `/f` as a word, combined with requests of a program, and what cannot be kept.

use libtest_mimic::Trial;
use userdump::Dump as Source;
use userdump::format::{MinidumpType, StreamType};
use userdump::redump::{Hooks, Loss, Options, Outcome, Redump, Report};

use super::facts::User;
use super::redumped;
use crate::support::cpu::{Cpu, pattern};
use crate::support::facts::Facts;
use crate::support::trials;
use crate::synth::{
    Dump, Exception, MemoryInfo, MiscInfo, Module, Thread, UserDump, UserEvent, UserModule, UserThread,
};

pub fn trials() -> Vec<Trial> {
    trials![
        the_word_cannot_be_combined,
        comments_and_streams_that_were_asked_for_are_lost,
        threads_leave_with_their_event,
        modules_and_memory_change,
        memory_of_a_full_user_dump_is_redacted,
        names_have_eight_bits,
        names_of_a_full_user_dump_stay,
        regions_are_made_up_without_rows,
        a_source_without_processor_is_refused,
        contexts_of_breakpad_become_those_of_windows,
    ]
}

fn the_word_cannot_be_combined() {
    for word in ["/f", "-f", "f", " /f "] {
        let options: Options = word.parse().unwrap_or_else(|error| panic!("{word}: {error}"));
        assert_eq!((options.to_string().as_str(), options.is_full_user_dump()), ("/f", true));
        assert_eq!((options.minidump_type(), &options), (MinidumpType::empty(), &Options::full_user_dump()));
    }
    for word in ["/f /m", "/m /f", "/ff", "/fm", "/F", "/f /f"] {
        assert!(word.parse::<Options>().is_err(), "{word}");
    }
    let minidump: Options = "/mf".parse().expect("it is known");
    assert!(!minidump.is_full_user_dump() && minidump != Options::full_user_dump());
}

fn with_hooks<'a>(source: &'a [u8], options: &Options, hooks: Hooks<'a>) -> (Vec<u8>, Report) {
    let dump = Source::parse(source).expect("the source is a dump");
    let mut out = Vec::new();
    let report =
        Redump::with_hooks(&dump, &options.clone().forced(), hooks).expect("it can be done").write_to(&mut out);
    (out, report.expect("memory takes everything"))
}

/// A process with two threads, two modules and two regions, as a minidump.
fn minidump(cpu: Cpu) -> Vec<u8> {
    let thread = |id| Thread { priority: id, ..Thread::new(id).context(cpu.context(0x1010, 0x2010)) };
    let memory = |at| MemoryInfo { alignment: [7, 8], ..MemoryInfo::new(at, 0x100) };
    Dump::new()
        .flags(2)
        .system_info(cpu.windows())
        .thread(thread(1))
        .thread(thread(2))
        .module(Module::new(0x5000_0000, 0x1000, "C:\\b.dll"))
        .module(Module::new(0x40_0000, 0x1000, "C:\\a.exe"))
        .exception(Exception { parameters: 1, information: [9; 15], ..Exception::new(2, 0xc000_0005, 0x1010) })
        .misc_info(MiscInfo { flags: 1, process_id: 77, ..MiscInfo::default() })
        .memory64(0x1000, pattern(0x1000, 0x100))
        .memory64(0x2000, pattern(0x2000, 0x100))
        .memory_info(memory(0x1000))
        .memory_info(memory(0x2000))
        .build()
}

/// The same process as a full user dump.
fn user_dump(wide: bool) -> Vec<u8> {
    let (dump, cpu) = if wide { (UserDump::wide(), Cpu::AMD64) } else { (UserDump::narrow(), Cpu::X86) };
    let thread = |id| UserThread { id, priority: id, context: cpu.context(0x1010, 0x2010), ..UserThread::default() };
    let event = UserEvent { process: 77, thread: 2, code: 0xc000_0005, address: 0x1010, ..UserEvent::default() };
    let dump = dump.event(event).thread(thread(1)).thread(thread(2));
    let dump = dump.module(0x5000_0000, 0x1000, "C:\\b.dll").module(0x40_0000, 0x1000, "C:\\a.exe");
    dump.memory(0x1000, pattern(0x1000, 0x100)).memory(0x2000, pattern(0x2000, 0x100)).service_pack("SP 9").build()
}

fn every_source() -> Vec<(&'static str, Vec<u8>)> {
    let minidumps = [("AMD64", minidump(Cpu::AMD64)), ("x86", minidump(Cpu::X86))];
    let others = [("ARM", minidump(Cpu::ARM)), ("ARM64", minidump(Cpu::ARM64))];
    let relatives = Cpu::EMULATED.into_iter().chain([Cpu::ARM64_OLD]).map(|cpu| ("a relative", minidump(cpu)));
    let users = [("wide", user_dump(true)), ("narrow", user_dump(false))];
    minidumps.into_iter().chain(others).chain(relatives).chain(users).collect()
}

fn comments_and_streams_that_were_asked_for_are_lost() {
    for (what, source) in every_source() {
        let options = Options::full_user_dump();
        let (plain, report) = with_hooks(&source, &options, Hooks::new());
        assert!(!report.losses.iter().any(|loss| loss.what.contains("requested")), "{what}");
        let hooks = Hooks::new().add_stream(StreamType(0x1_0000), b"mine".as_slice());
        let (out, report) = with_hooks(&source, &options.with_comment("why"), hooks);
        assert!(out == plain, "{what}");
        let asked: Vec<Loss> = report.losses.into_iter().filter(|loss| loss.what.contains("requested")).collect();
        let one = |what| Loss { what, count: 1 };
        assert_eq!(asked, [one("requested comment"), one("requested streams")], "{what}");
    }
}

fn threads_leave_with_their_event() {
    for (what, source) in every_source() {
        let keep = |kept: u32| Hooks::new().keep_threads(move |thread| thread.id() == kept);
        let (out, report) = with_hooks(&source, &Options::full_user_dump(), keep(2));
        let user = User::of(&out);
        let event = user.event.as_ref().expect("its thread stays");
        assert_eq!((event.code, event.process, event.thread, event.exception), (1, 77, 2, 0xc000_0005), "{what}");
        let threads: Vec<_> = user.threads.iter().map(|thread| (thread.id, thread.priority)).collect();
        assert_eq!((threads, report.threads_left_out), (vec![(2, 2)], 1), "{what}");
        // Without the thread of the event, the result has the debugger's breakpoint for the first remaining thread.
        let (out, report) = with_hooks(&source, &Options::full_user_dump(), keep(1));
        let user = User::of(&out);
        let event = user.event.as_ref().expect("the debugger does not open a dump without one");
        assert_eq!((event.code, event.thread, event.exception), (1, 1, 0x8000_0003), "{what}");
        assert_eq!((event.process, event.address, event.parameters, event.first_chance), (77, 0, 0, 1), "{what}");
        assert_eq!(report.made_up, [StreamType::EXCEPTION], "{what}");
    }
}

fn modules_and_memory_change() {
    for (what, source) in every_source() {
        let hooks = Hooks::new().keep_modules(|module| module.base() != 0x40_0000);
        let hooks = hooks.redact(|address, _, bytes| {
            if address == 0x2000 {
                bytes[..4].fill(0xee);
            }
        });
        let (out, report) = with_hooks(&source, &Options::full_user_dump(), hooks.add_memory(0x1000, 0x10));
        let user = User::of(&out);
        let names: Vec<&str> = user.modules.iter().map(|module| module.name.as_str()).collect();
        assert_eq!((names, report.modules_left_out), (vec!["C:\\b.dll"], 1), "{what}");
        assert_eq!(
            user.rows().iter().map(|row| (row.base, row.size)).collect::<Vec<_>>(),
            [(0x1000, 0x100), (0x2000, 0x100)]
        );
        let mut expected = pattern(0x2000, 0x100);
        expected[..4].fill(0xee);
        assert!(user.regions[0].bytes == pattern(0x1000, 0x100) && user.regions[1].bytes == expected, "{what}");
    }
}

fn memory_of_a_full_user_dump_is_redacted() {
    for wide in [false, true] {
        let source = user_dump(wide);
        for options in ["/m", "/ma"] {
            let hooks = Hooks::new().redact(|_, _, bytes| bytes.fill(0)).keep_threads(|thread| thread.id() == 1);
            let (out, report) = with_hooks(&source, &options.parse().expect("it is known"), hooks);
            let facts = Facts::of(&out);
            assert_eq!(facts.threads().iter().map(|thread| thread.id).collect::<Vec<_>>(), [1]);
            assert!(report.memory_bytes > 0);
            assert!(facts.ranges().iter().all(|range| range.bytes.iter().all(|byte| *byte == 0)), "{options}");
        }
    }
}

fn names_have_eight_bits() {
    let dump = Dump::new().flags(2).system_info(Cpu::AMD64.windows()).thread(Thread::new(1)).memory64(0x1000, [1]);
    let dump = dump.module(Module::new(0x1000, 1, "C:\\\u{e4}\u{20ac}\u{2122}.dll"));
    let dump = dump.module(Module::new(0x2000, 1, "C:\\\u{65e5}\u{672c}.dll")).module(Module::new(0x3000, 1, "ok"));
    let source = dump.build();
    let (out, report) = redumped(&source, "/f").unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<String> = User::of(&out).modules.into_iter().map(|module| module.name).collect();
    // In Windows-1252, the euro sign is 0x80 and the trade mark sign 0x99; every character outside it becomes a
    // question mark.
    assert_eq!(names, ["C:\\\u{e4}\u{80}\u{99}.dll", "C:\\??.dll", "ok"]);
    assert_eq!(report.losses[0], Loss { what: "module names with characters outside Windows-1252", count: 1 });
}

fn names_of_a_full_user_dump_stay() {
    let every_byte: Vec<u8> = (1..=255).chain([0]).collect();
    for wide in [false, true] {
        let mut dump = if wide { UserDump::wide() } else { UserDump::narrow() };
        dump.modules = vec![
            UserModule { base: 0x9000, size: 1, name: every_byte.clone() },
            UserModule { base: 0x1000, size: 1, name: b"\0".to_vec() },
        ];
        let source = dump.service_pack("x").build();
        let (out, report) = redumped(&source, "/f").unwrap_or_else(|error| panic!("{error}"));
        assert!(out == source, "order and code page are the source's");
        assert_eq!((report.losses, report.faults), (vec![], vec![]));
    }
}

fn regions_are_made_up_without_rows() {
    let dump = Dump::new().system_info(Cpu::AMD64.windows()).thread(Thread::new(1));
    let source = dump.memory(0x1003, pattern(0x1003, 5)).memory(0x9000, pattern(0x9000, 0x10)).build();
    let (out, report) = redumped(&source, "/f").unwrap_or_else(|error| panic!("{error}"));
    let user = User::of(&out);
    let row = |base, size| super::facts::Row {
        base,
        allocation_base: base,
        allocation_protect: 4,
        size,
        state: 0x1000,
        protect: 4,
        kind: 0x2_0000,
        alignment: [0; 2],
    };
    assert_eq!(user.rows(), [row(0x1003, 5), row(0x9000, 0x10)]);
    assert!(user.regions[0].bytes == pattern(0x1003, 5) && report.is_partial);
    assert_eq!(user.event.as_ref().map(|event| (event.thread, event.exception)), Some((1, 0x8000_0003)));
    assert_eq!(report.streams.iter().map(|it| it.outcome).collect::<Vec<_>>(), [Outcome::Rewritten; 3]);
}

fn a_source_without_processor_is_refused() {
    let error = redumped(&Dump::new().thread(Thread::new(1)).build(), "/f").expect_err("it has no machine");
    let message = "a dump of a processor that full user dumps do not support cannot be re-encoded by this version";
    assert_eq!(error.to_string(), message);
}

fn contexts_of_breakpad_become_those_of_windows() {
    for architecture in [12, 0x8003] {
        let cpu = Cpu { architecture, ..Cpu::ARM64_OLD };
        let source = cpu.context(0x1010, 0x2010);
        let (out, _) = with_hooks(&minidump(cpu), &Options::full_user_dump(), Hooks::new());
        let user = User::of(&out);
        assert_eq!((user.wide, user.machine, user.threads.len()), (true, 0xaa64, 2));
        let context = user.threads[0].context;
        assert_eq!((context.len(), &context[..4]), (912, &0x40_0006u32.to_le_bytes()[..]));
        // General registers, then processor status, vector registers, floating-point control and status.
        for (here, there, size) in [(8, 8, 264), (4, 272, 4), (272, 284, 512), (784, 280, 4), (788, 276, 4)] {
            assert_eq!(context[here..here + size], source[there..there + size], "{here}");
        }
        assert_eq!(context[792..], [0; 120]);
    }
}
