//! Values that can be read but cannot be right.

use libtest_mimic::Trial;
use userdump::read::check::FindingCode as Code;

use super::all_findings as findings;
use crate::support::cpu::Cpu;
use crate::support::forms::{Form, in_every_form, open};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, Exception, Module, Part, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        thread_ids_are_compared,
        registers_are_missed,
        contexts_are_for_the_processor_of_the_dump,
        registers_of_another_processor_are_not_shown,
        exceptions_have_up_to_15_parameters,
        processors_that_no_debugger_opens_are_reported,
        modules_lie_apart,
    ];
    trials.push(shared_trial("check::plausible::the_modules_of_the_shared_file", the_modules_of_the_shared_file));
    trials.push(shared_trial("check::plausible::x64_contexts_of_an_arm64_system", x64_contexts_of_an_arm64_system));
    trials
}

fn sound() -> Dump {
    Dump::new().system_info(SystemInfo::default()).thread(Thread::new(7).context([0; 1232]))
}

pub fn with(code: Code, form: Form) -> Dump {
    let thread = |id| Thread::new(id).context([0; 1232]);
    let module = |base, size| Module::new(base, size, "a");
    match code {
        Code::ThreadIdRepeated => sound().thread(thread(7)),
        Code::ThreadIdZero => sound().thread(thread(0)),
        Code::ContextMissing => sound().thread(Thread::new(8)),
        Code::ContextOfOtherProcessor => sound().thread(Thread::new(8).context(context(Cpu::ARM64, form.big_endian))),
        Code::TooManyParameters => sound().exception(Exception { parameters: 16, ..Exception::new(7, 1, 2) }),
        Code::ProcessorUnknown => {
            Dump::new().system_info(SystemInfo { architecture: 0x55, ..SystemInfo::default() }).thread(thread(7))
        }
        Code::ModuleRepeated => sound().module(module(0x1000, 0x1000)).module(module(0x1000, 0x1000)),
        Code::ModulesOverlap => sound().module(module(0x1000, 0x1000)).module(module(0x1800, 0x1000)),
        Code::ModuleWithoutBase => sound().module(module(0, 0x1000)),
        Code::ModuleWithoutSize => sound().module(module(0x1000, 0)),
        Code::ModulePastEnd => sound().module(module(u64::MAX - 4, 6)),
        Code::StreamBeforeDirectoryEnd => sound().directory_last(),
        Code::TooManyUnloadedModules => sound().written(14, |bytes| _ = bytes.u32s(&[12, 24, 10_001])),
        Code::TooManyThreadInfos => sound().written(17, |bytes| _ = bytes.u32s(&[12, 64, 0x8_0001])),
        Code::HandleOperationsShort => sound().written(18, |bytes| _ = bytes.u32s(&[16, 32, 1, 0]).zeros(32)),
        other => panic!("there is no dump with {other}"),
    }
}

/// A record of AMD64's size with the flags of another processor.
fn context(cpu: Cpu, big_endian: bool) -> Vec<u8> {
    let mut bytes = vec![0; Cpu::AMD64.size];
    let flags = if big_endian { cpu.flags.to_be_bytes() } else { cpu.flags.to_le_bytes() };
    bytes[Cpu::AMD64.flags_at..Cpu::AMD64.flags_at + 4].copy_from_slice(&flags);
    bytes
}

/// The codes of all findings, in any order, with the entries they are about.
fn codes(dump: Dump) -> Vec<(Code, Option<u64>)> {
    let bytes = dump.build();
    let found = findings(&open(&bytes)).into_iter().filter(|it| it.code != Code::NoModules);
    let mut found: Vec<_> = found.map(|it| (it.code, it.entry)).collect();
    found.sort_unstable();
    found
}

fn thread_ids_are_compared() {
    let ids = |ids: &[u32]| {
        let base = Dump::new().system_info(SystemInfo::default());
        codes(ids.iter().fold(base, |dump, id| dump.thread(Thread::new(*id).context([0; 1232]))))
    };
    assert_eq!(ids(&[3, 1, 2, 0xffff_ffff]), []);
    assert_eq!(ids(&[1, 2, 1, 3, 2, 1]), [2, 4, 5].map(|entry| (Code::ThreadIdRepeated, Some(entry))));
    assert_eq!(ids(&[5, 0]), [(Code::ThreadIdZero, Some(1))]);
    assert_eq!(ids(&[0, 5, 0]), [(Code::ThreadIdRepeated, Some(2)), (Code::ThreadIdZero, Some(0))]);
}

fn registers_are_missed() {
    let missing = |entry| (Code::ContextMissing, entry);
    assert_eq!(codes(sound().thread(Thread::new(8)).thread(Thread::new(9))), [missing(Some(1)), missing(Some(2))]);
    let at = |size, rva| Thread::new(8).context(Part::At(size, rva));
    assert_eq!(codes(sound().thread(at(0, 100))), [missing(Some(1))]);
    assert_eq!(codes(sound().thread(at(1232, 0))), [missing(Some(1))]);
    assert_eq!(codes(sound().exception(Exception { context: Part::None, ..Exception::new(7, 1, 2) })), [missing(None)]);
    assert_eq!(codes(sound().exception(Exception::new(7, 1, 2))), []);
}

const CPUS: [Cpu; 4] = [Cpu::X86, Cpu::AMD64, Cpu::ARM, Cpu::ARM64];

/// A context of one processor in the dump of another, for all processors.
fn contexts_are_for_the_processor_of_the_dump() {
    for system in CPUS {
        for thread in CPUS {
            let mut record = vec![0; thread.size];
            record[thread.flags_at..thread.flags_at + 4].copy_from_slice(&thread.flags.to_le_bytes());
            let system_info = SystemInfo { architecture: system.architecture, ..SystemInfo::default() };
            let dump = Dump::new().system_info(system_info).thread(Thread::new(7).context(record));
            let bytes = dump.build();
            let found = findings(&open(&bytes));
            let is_told =
                found.iter().any(|it| matches!(it.code, Code::ContextOfOtherProcessor | Code::ContextUnknownSize));
            assert_eq!(is_told, system.architecture != thread.architecture, "{found:?}");
        }
    }
}

fn registers_of_another_processor_are_not_shown() {
    for system in CPUS {
        for thread in CPUS {
            let mut record = vec![0; thread.size];
            record[thread.flags_at..thread.flags_at + 4].copy_from_slice(&thread.flags.to_le_bytes());
            let system_info = SystemInfo { architecture: system.architecture, ..SystemInfo::default() };
            let bytes = Dump::new().system_info(system_info).thread(Thread::new(7).context(record.clone())).build();
            let dump = open(&bytes);
            let context = dump.threads().next().and_then(|thread| thread.registers()).expect("it is present");
            let is_own = system.architecture == thread.architecture;
            assert_eq!(context.instruction_pointer().is_some(), is_own);
            assert_eq!(context.registers().next().is_some(), is_own);
            // None of it is removed either.
            let out = crate::support::redumped::Redumped::once(&bytes, &crate::support::redumped::parsed("/m"));
            assert_eq!(out.facts().threads()[0].context.0, record);
        }
    }
}

fn exceptions_have_up_to_15_parameters() {
    for (parameters, is_wrong) in [(0, false), (15, false), (16, true), (u32::MAX, true)] {
        let found = codes(sound().exception(Exception { parameters, ..Exception::new(7, 1, 2) }));
        assert_eq!(found == [(Code::TooManyParameters, None)], is_wrong, "{found:?}");
        assert_eq!(found.is_empty(), !is_wrong);
    }
}

fn processors_that_no_debugger_opens_are_reported() {
    for (architecture, is_wrong) in [(0, false), (5, false), (9, false), (12, false), (0x55, true), (0xffff, true)] {
        let system = SystemInfo { architecture, ..SystemInfo::default() };
        let dump = Dump::new().system_info(system).thread(Thread::new(7).context([0; 1232]));
        let found = codes(dump);
        assert_eq!(found.contains(&(Code::ProcessorUnknown, None)), is_wrong, "{architecture}");
    }
}

fn modules_lie_apart() {
    let modules = |modules: &[(u64, u32)]| {
        codes(modules.iter().fold(sound(), |dump, (base, size)| dump.module(Module::new(*base, *size, "a"))))
    };
    let (overlap, repeated) = (Code::ModulesOverlap, Code::ModuleRepeated);
    assert_eq!(modules(&[(0x2000, 0x1000), (0x1000, 0x1000), (0x3000, 1)]), []);
    assert_eq!(modules(&[(0x2000, 0x1000), (0x1000, 0x1001)]), [(overlap, Some(0))]);
    assert_eq!(modules(&[(0x1000, 0x9000), (0x2000, 1), (0x3000, 1)]), [(overlap, Some(1)), (overlap, Some(2))]);
    assert_eq!(modules(&[(0x1000, 1), (0x5000, 1), (0x1000, 1)]), [(repeated, Some(2))]);
    assert_eq!(modules(&[(0x1000, 1), (0x1000, 2)]), [(overlap, Some(0))]);
    assert_eq!(modules(&[(0, 1)]), [(Code::ModuleWithoutBase, Some(0))]);
    assert_eq!(modules(&[(0x1000, 0), (0x1000, 0)]), [0, 1].map(|entry| (Code::ModuleWithoutSize, Some(entry))));
    assert_eq!(modules(&[(u64::MAX, 1)]), []);
    assert_eq!(modules(&[(u64::MAX, 2)]), [(Code::ModulePastEnd, Some(0))]);
    // In 32 bits, with either extension.
    in_every_form(
        |_| {
            let system = SystemInfo { architecture: 0, ..SystemInfo::default() };
            let dump = Dump::new().system_info(system).thread(Thread::new(7).context([0; 716]));
            dump.module(Module::new(0xffff_f000, 0x1000, "a")).module(Module::new(0xffff_ffff_ffff_f000, 0x1001, "b"))
        },
        |dump, _| {
            let mut found: Vec<_> = findings(dump).iter().map(|it| (it.code, it.entry)).collect();
            found.sort_unstable();
            assert_eq!(found, [(repeated, Some(1)), (Code::ModulePastEnd, Some(1))]);
        },
    );
}

/// From `cases.tsv`: kept, with a finding for each.
fn the_modules_of_the_shared_file(shared: &Shared) {
    let source = shared.read("cases/modules-odd.dmp");
    let found: Vec<_> = findings(&open(&source)).iter().map(|it| it.code).collect();
    for code in [
        Code::ModuleRepeated,
        Code::ModulesOverlap,
        Code::ModuleWithoutBase,
        Code::ModuleWithoutSize,
        Code::ModulePastEnd,
    ] {
        assert!(found.contains(&code), "{code}");
    }
    let out = crate::support::redumped::Redumped::once(&source, &crate::support::redumped::parsed("/m"));
    assert_eq!(out.facts().modules().len(), 7);
}

/// From `cases.tsv`: a finding, and registers that are not shown as those of ARM64.
fn x64_contexts_of_an_arm64_system(shared: &Shared) {
    let source = shared.read("cases/arm64-with-x64-context.dmp");
    let dump = open(&source);
    assert!(findings(&dump).iter().any(|it| it.code == Code::ContextOfOtherProcessor));
    let context = dump.threads().next().and_then(|thread| thread.registers()).expect("it is present");
    assert_eq!((context.instruction_pointer(), context.as_bytes().len()), (None, 1232));
}
