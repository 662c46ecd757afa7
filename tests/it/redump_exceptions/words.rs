//! Each way to name an exception, tested with hand-made memory.

use libtest_mimic::Trial;
use userdump::redump::{Addition, Hooks, Options, Outcome, Redump};
use userdump::{Dump as Source, RedumpError, redump};

use crate::support::cpu::{Cpu, put};
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Dump, Exception, Module, Thread, ThreadInfo};

pub fn trials() -> Vec<Trial> {
    trials![
        structures_have_the_width_of_the_process,
        what_is_named_takes_the_place_of_what_was,
        what_is_missing_is_that_of_the_thread_or_a_breakpoint,
        one_word_completes_another,
        unreadable_memory_is_reported_with_its_size,
        jit_debug_info_has_to_be_of_the_process,
        threads_that_are_not_kept_raise_nothing,
        other_formats_and_systems_are_refused,
        extended_registers_come_along_if_they_are_sound,
        filters_count_for_what_is_named,
    ]
}

/// The addresses of the structures.
pub const AT: u64 = 0x70_0000;
pub const POINTERS: u64 = AT + 0x100;
pub const RECORD: u64 = AT + 0x200;
pub const JIT: u64 = AT + 0x300;
pub const CONTEXT: u64 = AT + 0x800;
const SIZE: u64 = 0x4000;

fn word(cpu: Cpu, number: u64) -> Vec<u8> {
    number.to_le_bytes()[..cpu.word].to_vec()
}

/// Memory with all structures, made by hand. The record has a parameter above 2 GiB, and one beyond its count.
fn memory(cpu: Cpu, context: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; SIZE as usize];
    let at = |address: u64| (address - AT) as usize;
    put(&mut bytes, at(POINTERS), &[word(cpu, RECORD), word(cpu, CONTEXT)].concat());
    let mut record = [0xc000_0005u32, 1].map(u32::to_le_bytes).concat();
    record.extend([word(cpu, 0x1234), word(cpu, 0x40_1000)].concat());
    record.extend(2u32.to_le_bytes());
    record.resize(record.len().next_multiple_of(cpu.word), 0);
    for parameter in [1, 0x9000_0000, 0x77] {
        record.extend(word(cpu, parameter));
    }
    put(&mut bytes, at(RECORD), &record);
    let jit = [40, u32::from(cpu.architecture), 2, 0].map(u32::to_le_bytes).concat();
    let places = [0x40_1000, RECORD, CONTEXT].map(u64::to_le_bytes).concat();
    put(&mut bytes, at(JIT), &[jit, places].concat());
    put(&mut bytes, at(CONTEXT), context);
    bytes
}

fn process(cpu: Cpu) -> Dump {
    let dump = Dump::new().system_info(cpu.windows());
    let dump = dump.thread(Thread::new(1).context(cpu.context(0x1000, 0x2000)));
    dump.thread(Thread::new(2).context(cpu.context(0x3000, 0x4000))).module(Module::new(0x40_0000, 0x5000, "a.exe"))
}

pub fn source(cpu: Cpu) -> Dump {
    process(cpu).memory(AT, memory(cpu, &crash(cpu))).memory(0x40_0000, vec![0x90; 0x5000])
}

/// The registers at the crash.
fn crash(cpu: Cpu) -> Vec<u8> {
    cpu.context(0x40_1000, 0x5678)
}

fn structures_have_the_width_of_the_process() {
    for cpu in [Cpu::X86, Cpu::ARM, Cpu::AMD64, Cpu::ARM64] {
        let source = source(cpu).build();
        for options in [
            Options::new().with_exception_pointers(POINTERS),
            Options::new().with_exception_record(RECORD).with_exception_context(CONTEXT),
            Options::new().with_jit_debug_info(JIT),
        ] {
            let out = Redumped::once(&source, &options);
            let [found] = out.facts().exceptions().try_into().expect("there is one");
            assert_eq!((found.code, found.flags, found.record, found.address), (0xc000_0005, 1, 0x1234, 0x40_1000));
            let high = if cpu.word == 4 { 0xffff_ffff_9000_0000 } else { 0x9000_0000 };
            assert_eq!((found.parameters, &found.information[..4]), (2, &[1, high, 0x77, 0][..]));
            assert!(found.context.0 == crash(cpu), "{cpu:?}");
            assert_eq!(out.report.additions.first().map(|it| it.count), Some(1));
            // A window for the exception, whose reach depends on the processor.
            assert_eq!(out.facts().read(0x40_0fc0, 0x80).len(), 0x80);
        }
    }
}

fn what_is_named_takes_the_place_of_what_was() {
    let cpu = Cpu::AMD64;
    let source = source(cpu).exception(Exception::new(2, 0x8000_0004, 0x40_3000)).build();
    let out = Redumped::once(&source, &Options::new().with_exception_pointers(POINTERS));
    let [found] = out.facts().exceptions().try_into().expect("there is one");
    // The thread of the original exception is the current one.
    assert_eq!((found.thread, found.code), (2, 0xc000_0005));
    assert_eq!(out.outcomes(6), [Outcome::Replaced]);
    assert_eq!(out.report.additions, [Addition { what: "exception that the options name", count: 1 }]);
    assert!(out.facts().read(0x40_3000, 1).is_empty(), "the window belonged to the other exception");
}

fn what_is_missing_is_that_of_the_thread_or_a_breakpoint() {
    let cpu = Cpu::AMD64;
    let source = source(cpu).build();
    let exception = |options: Options| {
        let out = Redumped::once(&source, &options);
        let found = &out.facts().exceptions()[0];
        (found.thread, found.code, found.address, found.context.0.to_vec())
    };
    let own = [cpu.context(0x1000, 0x2000), cpu.context(0x3000, 0x4000)];
    let [first, second] = own;
    assert!(exception(Options::new().with_exception_thread(2)) == (2, 0x8000_0003, 0, second.clone()));
    assert!(exception(Options::new().with_exception_record(RECORD)) == (1, 0xc000_0005, 0x40_1000, first));
    assert!(exception(Options::new().with_exception_context(CONTEXT)) == (1, 0x8000_0003, 0, crash(cpu)));
    let both = Options::new().with_exception_record(RECORD).with_exception_thread(2);
    assert!(exception(both) == (2, 0xc000_0005, 0x40_1000, second));
}

fn one_word_completes_another() {
    let cpu = Cpu::AMD64;
    let source = source(cpu).build();
    // A structure that is named directly takes precedence over one that another structure refers to.
    let options = Options::new().with_jit_debug_info(JIT).with_exception_thread(1);
    let out = Redumped::once(&source, &options);
    assert_eq!((out.facts().exceptions()[0].thread, out.facts().exceptions()[0].code), (1, 0xc000_0005));
}

fn error(source: &[u8], options: &Options) -> RedumpError {
    redump(&Source::parse(source).expect("it is a dump"), options, Vec::new()).expect_err("it is refused")
}

fn unreadable_memory_is_reported_with_its_size() {
    let end = AT + SIZE;
    let cases = [
        (Cpu::AMD64, Options::new().with_exception_record(end - 128), "EXCEPTION_RECORD", end - 128, 152, 128),
        (Cpu::X86, Options::new().with_exception_record(end - 79), "EXCEPTION_RECORD", end - 79, 80, 79),
        (Cpu::AMD64, Options::new().with_exception_context(end - 0x100), "CONTEXT", end - 0x100, 1232, 0x100),
        (Cpu::X86, Options::new().with_exception_context(0x10), "CONTEXT", 0x10, 716, 0),
        (Cpu::ARM64, Options::new().with_exception_context(0x10), "CONTEXT", 0x10, 912, 0),
        (Cpu::AMD64, Options::new().with_exception_pointers(end - 8), "EXCEPTION_POINTERS", end - 8, 16, 8),
        (Cpu::X86, Options::new().with_exception_pointers(end - 4), "EXCEPTION_POINTERS", end - 4, 8, 4),
        // In zeroed memory both pointers lead nowhere.
        (Cpu::AMD64, Options::new().with_exception_pointers(AT), "EXCEPTION_RECORD", 0, 152, 0),
        (Cpu::X86, Options::new().with_jit_debug_info(end - 39), "JIT_DEBUG_INFO", end - 39, 40, 39),
    ];
    for (cpu, options, structure, place, size, there) in cases {
        match error(&source(cpu).build(), &options) {
            RedumpError::NotInMemory { what, address, needed, available } => {
                assert_eq!((what, address, needed, available), (structure, place, size, there));
            }
            other => panic!("{other}"),
        }
    }
    let text = error(&source(Cpu::AMD64).build(), &Options::new().with_exception_record(0x10)).to_string();
    assert_eq!(text, "EXCEPTION_RECORD at address 0x10 needs 152 bytes, 0 are in the dump");
}

fn jit_debug_info_has_to_be_of_the_process() {
    let cpu = Cpu::AMD64;
    for (offset, value) in [(0, 39u32), (4, 0)] {
        let mut bytes = memory(cpu, &crash(cpu));
        put(&mut bytes, (JIT - AT) as usize + offset, &value.to_le_bytes());
        let source = process(cpu).memory(AT, bytes).build();
        let error = error(&source, &Options::new().with_jit_debug_info(JIT));
        let is_unusable = matches!(error, RedumpError::Unusable { what: "JIT_DEBUG_INFO", address: JIT, .. });
        assert!(is_unusable, "{error}");
    }
}

fn threads_that_are_not_kept_raise_nothing() {
    let source = source(Cpu::AMD64).thread_info(ThreadInfo { id: 1, ..ThreadInfo::default() }).build();
    let missing = error(&source, &Options::new().with_exception_thread(9));
    assert!(matches!(missing, RedumpError::NoThread { id: 9 }), "{missing}");
    let dump = Source::parse(&source).expect("it is a dump");
    let options = Options::new().with_exception_pointers(POINTERS);
    let left_out = |id| Hooks::new().keep_threads(move |thread| thread.id() != id);
    let named = options.clone().with_exception_thread(2);
    let refused = Redump::with_hooks(&dump, &named, left_out(2)).expect_err("it is left out");
    assert!(matches!(refused, RedumpError::NoThread { id: 2 }), "{refused}");
    // If no thread is named, the first one that is kept is taken.
    let mut out = Vec::new();
    Redump::with_hooks(&dump, &options, left_out(1))
        .expect("it can be done")
        .write_to(&mut out)
        .expect("it is written");
    assert_eq!(crate::support::facts::Facts::of(&out).exceptions()[0].thread, 2);
}

fn other_formats_and_systems_are_refused() {
    let options = Options::full_user_dump().with_exception_pointers(POINTERS);
    let refused = error(&source(Cpu::AMD64).build(), &options);
    assert!(matches!(refused, RedumpError::Write(_)), "{refused}");
    let linux = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1)).memory(AT, [0; 16]).build();
    let refused = error(&linux, &Options::new().with_exception_record(AT));
    assert!(matches!(refused, RedumpError::Unsupported { .. }), "{refused}");
}

/// An AMD64 context followed by `CONTEXT_EX` and an `XSAVE` area: 1232, 24, 24 of padding, 64, 16 bytes.
fn extended(all: u32) -> Vec<u8> {
    let mut context = Cpu::AMD64.context(0x40_1000, 0x5678);
    put(&mut context, 48, &0x10_005fu32.to_le_bytes());
    for (offset, length) in [(-1232, all), (-1232, 1232), (48, 80)] {
        context.extend(i32::to_le_bytes(offset));
        context.extend(u32::to_le_bytes(length));
    }
    context.extend([0; 24]);
    context.extend([0x800u64, 0x8000_0000_0000_0800].map(u64::to_le_bytes).concat());
    context.extend([0; 48]);
    context.extend([7; 16]);
    context
}

fn extended_registers_come_along_if_they_are_sound() {
    let whole = extended(1360);
    assert_eq!(whole.len(), 1360);
    let contexts = |words: &str, context: &[u8]| {
        let source = process(Cpu::AMD64).memory(AT, memory(Cpu::AMD64, context)).build();
        let options: Options = words.parse().expect("they are known");
        let out = Redumped::once(&source, &options.with_exception_pointers(POINTERS));
        out.facts().exceptions()[0].context.0.to_vec()
    };
    assert!(contexts("/my", &whole) == whole);
    let mut cut = whole[..1232].to_vec();
    // No flag for the part that is cut off.
    put(&mut cut, 48, &0x10_001fu32.to_le_bytes());
    assert!(contexts("/m", &whole) == cut);
    // Of an invalid one, the fixed part is kept unchanged.
    for all in [0, 1232, 0x1_0001, u32::MAX] {
        assert!(contexts("/my", &extended(all)) == whole[..1232], "{all:#x}");
    }
}

fn filters_count_for_what_is_named() {
    let cpu = Cpu::AMD64;
    let mut context = crash(cpu);
    // Flags for all groups; XMM0, and a parameter home field.
    put(&mut context, 48, &0x10_001fu32.to_le_bytes());
    put(&mut context, 256 + 160, &[0xab; 16]);
    put(&mut context, 0, &[0xcd; 8]);
    let source = process(cpu).memory(AT, memory(cpu, &context)).build();
    for (words, vectors) in [("/mr", false), ("/mR", true), ("/ms", false)] {
        let options: Options = words.parse().expect("they are known");
        let out = Redumped::once(&source, &options.with_exception_pointers(POINTERS));
        let facts = out.facts();
        let found = &facts.exceptions()[0];
        assert_eq!(found.context.0[256 + 160] == 0xab, vectors, "{words}");
        assert!(found.context.0[..8] != [0xcd; 8], "{words}");
        assert_eq!((found.information[1], found.information[2]), (0x9000_0000, 0), "{words}");
    }
}
