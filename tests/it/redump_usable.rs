//! Results that are not usable: why they are not reported as a success, and what is rebuilt to make them usable.

use libtest_mimic::Trial;
use userdump::redump::Obstacle;

use crate::support::cpu::{Cpu, put};
use crate::support::image::headers;
use crate::support::redumped::{Redumped, parsed};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, Exception, Module, Part, SystemInfo, Thread, UserDump, UserThread, kind};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        what_no_debugger_opens_is_reported,
        a_full_user_dump_that_loses_its_threads_is_reported,
        lost_registers_are_counted,
        names_of_modules_are_kept_whatever_handles_claim,
        system_information_is_rebuilt_where_images_and_contexts_agree,
    ];
    trials.push(shared_trial("redump_usable::a_shared_file_without_system_information", without_system_information));
    trials
}

fn context(cpu: Cpu) -> Vec<u8> {
    let mut bytes = vec![0; cpu.size];
    bytes[cpu.flags_at..cpu.flags_at + 4].copy_from_slice(&cpu.flags.to_le_bytes());
    bytes
}

fn what_no_debugger_opens_is_reported() {
    let system = || Dump::new().system_info(SystemInfo::default());
    let thread = || Thread::new(7).context([0; 1232]);
    let (no_system, no_threads) = (Obstacle::NoSystemInfo, Obstacle::NoThreads);
    for (dump, expected) in [
        (system().thread(thread()), vec![]),
        (system().thread_ex(thread()), vec![]),
        (Dump::new().thread(thread()), vec![no_system]),
        (system(), vec![no_threads]),
        (Dump::new().raw(kind::THREAD_LIST, [0; 4]).system_info(SystemInfo::default()), vec![no_threads]),
        (Dump::new().comment_w("text"), vec![no_system, no_threads]),
        (Dump::new(), vec![Obstacle::NothingKept, no_system, no_threads]),
    ] {
        let source = dump.build();
        for options in ["/m", "/ma"] {
            let out = Redumped::once(&source, &parsed(options));
            assert_eq!(out.report.obstacles, expected, "{options}");
        }
    }
}

/// Contexts of an unknown machine extend from their offset to the next part: here far more than the file has.
fn a_full_user_dump_that_loses_its_threads_is_reported() {
    let thread = UserThread { id: 7, ..UserThread::default() };
    let mut source = UserDump::narrow().thread(thread).module(0x40_0000, 0x1000, "a.exe").build();
    for (at, position) in [(0x10, 0x365u32), (0x20, 0x5c00_0000), (0x30, 0x7400_0000)] {
        put(&mut source, at, &position.to_le_bytes());
    }
    let dump = userdump::Dump::parse(&source).expect("it is a dump");
    assert_eq!(dump.threads().count(), 1);
    let mut out = Vec::new();
    let report = userdump::redump(&dump, &parsed("/f"), &mut out).expect("it is forced");
    assert_eq!(userdump::Dump::parse(&out).expect("it is a dump").threads().count(), 0);
    assert!(report.obstacles.contains(&Obstacle::NoThreads), "{:?}", report.obstacles);
}

fn lost_registers_are_counted() {
    let lost = |dump: Dump| Redumped::once(&dump.build(), &parsed("/m")).report.contexts_lost;
    let system = || Dump::new().system_info(SystemInfo::default());
    let thread = |id| Thread::new(id).context([0; 1232]);
    let outside = || Part::At(1232, 0x7fff_0000);
    assert_eq!(lost(system().thread(thread(1)).thread(Thread::new(2))), 0);
    assert_eq!(lost(system().thread(thread(1)).thread(Thread::new(2).context(outside()))), 1);
    let exception = Exception { context: outside(), ..Exception::new(1, 2, 3) };
    assert_eq!(lost(system().thread(Thread::new(1).context(outside())).exception(exception)), 2);
}

fn names_of_modules_are_kept_whatever_handles_claim() {
    let dump = Dump::new().system_info(SystemInfo::default()).greedy_handles();
    let dump = dump.thread(Thread::new(7).context([0; 1232])).thread_name(7, "worker");
    let dump = dump.module(Module::new(0x1000, 0x1000, "program.exe").code_view([7; 40]));
    let out = Redumped::once(&dump.order(&[12, 24, 4, 3]).build(), &parsed("/mh"));
    assert!(out.faults().iter().all(|fault| fault.starts_with("HandleData")), "{:?}", out.faults());
    assert!(!out.faults().is_empty(), "the budget is spent");
    let facts = out.facts();
    assert_eq!(facts.modules()[0].name.text.as_deref(), Some("program.exe"));
    assert_eq!(facts.modules()[0].code_view.0, [7; 40]);
    assert_eq!(facts.thread_names()[0].name.text.as_deref(), Some("worker"));
}

fn system_information_is_rebuilt_where_images_and_contexts_agree() {
    const MACHINES: [(Cpu, u16); 4] =
        [(Cpu::X86, 0x14c), (Cpu::AMD64, 0x8664), (Cpu::ARM, 0x1c4), (Cpu::ARM64, 0xaa64)];
    const BASE: u64 = 0x40_0000;
    let image = |(cpu, machine): (Cpu, u16)| {
        let mut bytes = headers(cpu, &[]);
        let signature = bytes.windows(4).position(|it| it == b"PE\0\0").expect("it is present");
        bytes[signature + 4..signature + 6].copy_from_slice(&machine.to_le_bytes());
        bytes
    };
    let module = |number: u64| Module::new(BASE + 0x10_0000 * number, 0x1000, "a.dll");
    for first in MACHINES {
        for second in MACHINES {
            for thread in MACHINES {
                let dump = Dump::new().module(module(0)).module(module(1)).memory(BASE, image(first));
                let dump =
                    dump.memory(BASE + 0x10_0000, image(second)).thread(Thread::new(7).context(context(thread.0)));
                let out = Redumped::once(&dump.build(), &parsed("/m"));
                let agree = first.1 == second.1 && first.1 == thread.1;
                let system = out.facts().system_info().map(|system| (system.architecture, system.platform));
                assert_eq!(system, agree.then_some((first.0.architecture, 2)), "{first:?} {second:?} {thread:?}");
                assert_eq!(out.made_up().contains(&7), agree);
                assert_eq!(out.report.obstacles.contains(&Obstacle::NoSystemInfo), !agree);
            }
        }
    }
    // The version is that of the system's first library, or of the page that the system shares with all processes.
    let mut shared = vec![0; 0x1000];
    for (at, value) in [(0x260, 0xf000_4a65u32), (0x26c, 10), (0x270, 0)] {
        shared[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let dump = Dump::new().module(module(0)).memory(BASE, image(MACHINES[1])).memory(0x7ffe_0000, shared);
    let out = Redumped::once(&dump.thread(Thread::new(7).context(context(Cpu::AMD64))).build(), &parsed("/m"));
    let system = out.facts().system_info().expect("it is rebuilt");
    assert_eq!((system.major, system.minor, system.build), (10, 0, 0x4a65));
}

/// From `cases.tsv`: an error, and nothing is written silently.
fn without_system_information(shared: &Shared) {
    let out = Redumped::once(&shared.read("cases/no-sysinfo.dmp"), &parsed("/m"));
    assert!(out.made_up().contains(&7));
    assert_eq!(out.facts().system_info().map(|system| system.architecture), Some(9));
    assert_eq!(out.report.contexts_lost, 0);
}
