//! Exceptions that are found on stacks.

use libtest_mimic::Trial;
use userdump::redump::Options;
use userdump::{Dump as Source, read::exception::ExceptionPointers};

use crate::support::cpu::{Cpu, put};
use crate::support::facts::Facts;
use crate::support::redumped::Redumped;
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, Module, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![what_handlers_leave_is_found, what_is_not_one_is_not, each_word_is_looked_at_once];
    trials.push(shared_trial("redump_exceptions::finding::crashes_are_found_without_being_told", |shared| {
        crashes_are_found_without_being_told(shared);
    }));
    trials
}

const STACK: u64 = 0x20_0000;
const SIZE: u64 = 0x2000;
const RECORD: u64 = STACK + 0x200;
const CONTEXT: u64 = STACK + 0x400;
const MODULE: u64 = 0x40_0000;

/// A stack on which an exception handler left two pointers at `STACK + 0x40`.
pub fn stack(cpu: Cpu, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let word = |number: u64| number.to_le_bytes()[..cpu.word].to_vec();
    let mut bytes = vec![0; SIZE as usize];
    put(&mut bytes, 0x40, &[word(RECORD), word(CONTEXT)].concat());
    let mut record = [0xe06d_7363u32, 1].map(u32::to_le_bytes).concat();
    record.extend([word(0), word(MODULE + 0x10)].concat());
    record.extend(0u32.to_le_bytes());
    put(&mut bytes, 0x200, &record);
    put(&mut bytes, 0x400, &cpu.context(MODULE + 0x20, STACK + 0x1800));
    change(&mut bytes);
    bytes
}

pub fn dump(cpu: Cpu, system: SystemInfo, bytes: Vec<u8>) -> Vec<u8> {
    let thread = Thread::new(7).context(cpu.context(MODULE, STACK)).stack(Stack::stored(STACK, bytes));
    Dump::new().system_info(system).thread(thread).module(Module::new(MODULE, 0x1000, "a.exe")).build()
}

fn found(source: &[u8]) -> Vec<ExceptionPointers> {
    let dump = Source::parse(source).expect("it is a dump");
    dump.find_exception_pointers(&dump.memory())
}

fn what_handlers_leave_is_found() {
    for cpu in [Cpu::X86, Cpu::ARM, Cpu::AMD64, Cpu::ARM64] {
        let source = dump(cpu, cpu.windows(), stack(cpu, |_| ()));
        let [found] = found(&source).try_into().expect("there is one");
        assert_eq!((found.address, found.record_address, found.context_address), (STACK + 0x40, RECORD, CONTEXT));
        assert_eq!((found.thread_id, found.record.exception_code), (7, 0xe06d_7363));
        assert_eq!((found.instruction_pointer, found.stack_pointer), (MODULE + 0x20, STACK + 0x1800));
        // An exception that is found can be passed to the options.
        let out = Redumped::once(&source, &Options::new().with_exception_pointers(found.address));
        assert_eq!(out.facts().exceptions()[0].code, 0xe06d_7363);
    }
}

fn what_is_not_one_is_not() {
    let cpu = Cpu::AMD64;
    let flags = 0x400 + 48;
    let (ip, sp) = (0x400 + 248, 0x400 + 152);
    let cases: [(usize, u64); 8] = [
        // No code; flags and a parameter count that no record has; an address that is not in the dump.
        (0x200, 5),
        (0x204, 0x100),
        (0x218, 16),
        (0x210, 0x1234),
        // A context without the flags of the processor; pointers that lead elsewhere.
        (flags, 0x1_0000),
        (ip, 0x1234),
        (sp, 0x1234),
        // The second pointer leads to no memory of the dump.
        (0x48, 0x9_0000),
    ];
    for (at, value) in cases {
        let size = if [0x200, 0x204, 0x218, flags].contains(&at) { 4 } else { 8 };
        let source = dump(cpu, cpu.windows(), stack(cpu, |bytes| put(bytes, at, &value.to_le_bytes()[..size])));
        assert_eq!(found(&source), [], "{at:#x}");
    }
    assert_eq!(found(&dump(cpu, cpu.linux(), stack(cpu, |_| ()))), [], "the dump is of another system");
}

/// The search looks at each word once, regardless of the number of threads that share a stack and of how many words
/// look like pointers.
fn each_word_is_looked_at_once() {
    let cost = |threads: u32, size: usize| {
        let cpu = Cpu::AMD64;
        let mut bytes = stack(cpu, |_| ());
        let pointers = bytes[0x40..0x50].to_vec();
        bytes.truncate(0x1000);
        bytes.extend(pointers.repeat(size / 16));
        let thread = |id| Thread::new(id).context(cpu.context(MODULE, STACK));
        let first = thread(1).stack(Stack::stored(STACK, bytes.clone()));
        let dump = Dump::new().system_info(cpu.windows()).module(Module::new(MODULE, 0x1000, "a.exe")).thread(first);
        let dump = (2..=threads).fold(dump, |dump, id| dump.thread(thread(id)));
        let source = dump.build();
        let dump = Source::parse(&source).expect("it is a dump");
        let memory = dump.memory();
        let before = userdump::__steps();
        let found = dump.find_exception_pointers(&memory);
        assert_eq!(found.len(), 1);
        userdump::__steps() - before
    };
    let (one, longer, more) = (cost(1, 0x1000), cost(1, 0x4000), cost(64, 0x1000));
    assert!(longer < 4 * one, "{one} steps, {longer} for four times the words");
    assert!(more < 2 * one, "{one} steps, {more} for the same words of 64 threads");
}

/// Where a handler left the exception on a stack, the search finds the exception of the dump.
fn crashes_are_found_without_being_told(shared: &Shared) {
    let mut agreeing = Vec::new();
    for row in shared.corpus() {
        let source = shared.corpus_file(&row);
        let facts = Facts::of(&source);
        if facts.big_endian {
            continue;
        }
        let told: Vec<_> = facts.exceptions().iter().map(|it| (it.thread, it.code, it.address as u32)).collect();
        let found = found(&source);
        let is_told = |it: &ExceptionPointers| {
            told.contains(&(it.thread_id, it.record.exception_code, it.record.exception_address as u32))
        };
        if found.iter().any(is_told) {
            agreeing.push(row.file.clone());
        }
    }
    println!("{agreeing:?}");
    for name in
        ["breakpad-ascii-read-av", "breakpad-null-write-av", "breakpad-stack-exhaustion", "breakpad-minidump2-2006"]
    {
        assert!(agreeing.iter().any(|file| file.contains(name)), "{name} is not among {agreeing:?}");
    }
}
