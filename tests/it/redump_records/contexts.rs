//! Contexts: what is cut off, which bits change, and bytes that several records share.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, put};
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Dump, Exception, Part, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_longer_context_is_cut_and_says_so,
        without_the_flag_a_longer_context_is_only_cut,
        a_context_of_just_its_size_is_left_alone,
        shorter_contexts_are_left_alone,
        contexts_without_an_extended_form_are_kept_unchanged,
        thumb_code_is_marked_in_the_threads_program_counter,
        code_that_is_not_thumb_loses_the_mark,
        contexts_of_arm_in_another_layout_have_no_mark,
        threads_and_exceptions_share_a_context,
        a_context_that_is_not_in_the_file_is_absent,
        threads_without_a_context_stay_without,
    ]
}

/// The extended forms, each with the flag that announces data after the fixed part.
const EXTENDED: [(Cpu, u32); 5] =
    [(Cpu::X86, 0x40), (Cpu::EMULATED[0], 0x40), (Cpu::EMULATED[1], 0x40), (Cpu::AMD64, 0x40), (Cpu::ARM64, 0x20)];

/// A context with these flags, and filler after its fixed part.
fn longer(cpu: Cpu, flags: u32, extra: usize) -> Vec<u8> {
    let mut context = cpu.context(0x1000, 0x2000);
    put(&mut context, cpu.flags_at, &flags.to_le_bytes());
    context.extend(vec![0xAB; extra]);
    context
}

/// The re-encoded contexts of the only thread and the only exception.
fn redumped(system: SystemInfo, of_thread: impl Into<Part>, of_exception: impl Into<Part>) -> [Vec<u8>; 2] {
    let exception = Exception { thread: 1, context: of_exception.into(), ..Exception::default() };
    let thread = Thread::new(1).context(of_thread.into());
    let source = Dump::new().system_info(system).thread(thread).exception(exception).build();
    let outputs = ["/m", "/mfFhut"].map(|options| {
        let out = Redumped::of(&source, options);
        let facts = out.facts();
        [facts.threads()[0].context.to_vec(), facts.exceptions()[0].context.to_vec()]
    });
    let [first, second] = outputs;
    assert!(first == second, "only `y` has a say in contexts");
    first
}

/// Checks that a context is re-encoded as expected: for a thread, for an exception, for both together, and for every
/// system.
fn becomes(cpu: Cpu, context: &[u8], expected: &[u8]) {
    for system in [cpu.windows(), cpu.linux()] {
        let found = redumped(system.clone(), context, context);
        assert!(found == [expected, expected], "{cpu:?}: {:x?}", found.map(|it| it.len()));
        let found = redumped(system, context, Part::ContextOf(1));
        assert!(found == [expected, expected], "shared, {cpu:?}: {:x?}", found.map(|it| it.len()));
    }
}

fn a_longer_context_is_cut_and_says_so() {
    for (cpu, flag) in EXTENDED {
        for extra in [1, 4, 368, 5000] {
            becomes(cpu, &longer(cpu, cpu.flags | flag, extra), &longer(cpu, cpu.flags, 0));
            // No other bit changes.
            becomes(cpu, &longer(cpu, u32::MAX, extra), &longer(cpu, !flag, 0));
        }
    }
    // This also holds if the flags are those of Breakpad's shorter records.
    becomes(Cpu::ARM64, &longer(Cpu::ARM64, 0x8000_0006, 88), &longer(Cpu::ARM64, 0x8000_0006, 0));
    // As Windows writes it: CONTEXT_EX and an AVX chunk make 1600 bytes.
    becomes(Cpu::AMD64, &longer(Cpu::AMD64, 0x10_005f, 1600 - 1232), &longer(Cpu::AMD64, 0x10_001f, 0));
}

fn without_the_flag_a_longer_context_is_only_cut() {
    for (cpu, flag) in EXTENDED {
        becomes(cpu, &longer(cpu, cpu.flags, 100), &longer(cpu, cpu.flags, 0));
        becomes(cpu, &longer(cpu, !flag, 100), &longer(cpu, !flag, 0));
    }
}

fn a_context_of_just_its_size_is_left_alone() {
    for (cpu, flag) in EXTENDED {
        let context = longer(cpu, cpu.flags | flag, 0);
        becomes(cpu, &context, &context);
    }
    let context = longer(Cpu::ARM, Cpu::ARM.flags | 0x60, 0);
    becomes(Cpu::ARM, &context, &context);
}

fn shorter_contexts_are_left_alone() {
    for (cpu, flag) in EXTENDED {
        let context = longer(cpu, cpu.flags | flag, 0);
        for size in [cpu.size - 1, 800, 736, 700, 100, 1] {
            let shorter = &context[..size.min(cpu.size - 1)];
            becomes(cpu, shorter, shorter);
        }
    }
}

fn contexts_without_an_extended_form_are_kept_unchanged() {
    let context = longer(Cpu::ARM, Cpu::ARM.flags | 0x60, 84);
    becomes(Cpu::ARM, &context, &context);
    // MIPS, PowerPC, IA-64, ARM64 of Breakpad, RISC-V, unknown.
    for architecture in [1, 3, 6, 0x8003, 0x8006, 0xffff] {
        for size in [4, 600, 796, 912, 2672] {
            let context: Vec<u8> = (0..size).map(|at| (at * 5 + 0x6f) as u8).collect();
            let system = SystemInfo { architecture, ..SystemInfo::default() };
            let found = redumped(system, &context, &context);
            assert!(found == [context.clone(), context], "{architecture:#x}");
        }
    }
}

/// An ARM context with this program counter and status.
fn arm(size: usize, counter: u32, status: u32) -> Vec<u8> {
    let mut context = Cpu::ARM.context(counter.into(), 0x2000);
    put(&mut context, Cpu::ARM_STATUS_AT, &status.to_le_bytes());
    context.resize(size, 0xAB);
    context
}

fn thumb_code_is_marked_in_the_threads_program_counter() {
    let [.., arm_on_arm64] = Cpu::EMULATED;
    for (status, cpu) in [0x20, 0x6000_0030, u32::MAX].into_iter().flat_map(|it| [(it, Cpu::ARM), (it, arm_on_arm64)]) {
        for size in [416, 500] {
            let [of_thread, of_exception] =
                redumped(cpu.windows(), arm(size, 0x1000, status), arm(size, 0x1000, status));
            assert!(of_thread == arm(size, 0x1001, status));
            // The context of an exception is copied unchanged, even if it shared the same bytes.
            assert!(of_exception == arm(size, 0x1000, status));
            let found = redumped(cpu.windows(), arm(size, 0x1000, status), Part::ContextOf(1));
            assert!(found == [arm(size, 0x1001, status), arm(size, 0x1000, status)]);
        }
        becomes(cpu, &arm(416, 0x1001, status), &arm(416, 0x1001, status));
    }
}

fn code_that_is_not_thumb_loses_the_mark() {
    for status in [0, 0x6000_0010, !0x20] {
        let found = redumped(Cpu::ARM.windows(), arm(416, 0x1001, status), arm(416, 0x1001, status));
        assert!(found == [arm(416, 0x1000, status), arm(416, 0x1001, status)]);
        becomes(Cpu::ARM, &arm(416, 0x1000, status), &arm(416, 0x1000, status));
    }
}

fn contexts_of_arm_in_another_layout_have_no_mark() {
    // The context of Breakpad has 368 bytes.
    for size in [368, 415, 72] {
        let context = arm(size, 0x1000, 0x20);
        let found = redumped(Cpu::ARM.linux(), &context, &context);
        assert!(found == [context.clone(), context]);
    }
}

fn threads_and_exceptions_share_a_context() {
    let source = |context: Vec<u8>| {
        let threads = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1).context(context));
        threads.thread(Thread::new(2).context(Part::ContextOf(1))).exception(Exception::new(1, 1, 0)).build()
    };
    let out = Redumped::of(&source(Cpu::AMD64.context(1, 2)), "/m");
    let facts = out.facts();
    let places = [facts.threads()[0].context_at, facts.threads()[1].context_at, facts.exceptions()[0].context_at];
    assert_eq!(places, [places[0]; 3]);
    // The made-up exception has the context of the first thread.
    let dump = Dump::new().system_info(SystemInfo::default());
    let source = dump.thread(Thread::new(1).context(Cpu::AMD64.context(1, 2))).build();
    let out = Redumped::as_debugger(&source, "/m");
    assert_eq!(out.facts().exceptions()[0].context_at, out.facts().threads()[0].context_at);
}

fn a_context_that_is_not_in_the_file_is_absent() {
    let source = Dump::new()
        .system_info(SystemInfo::default())
        .thread(Thread::new(1).context(Part::At(1232, 0x7fff_0000)))
        .thread(Thread::new(2).context(Cpu::AMD64.context(1, 2)))
        .exception(Exception { thread: 2, code: 7, context: Part::At(1232, 0x7fff_0000), ..Exception::default() })
        .build();
    let out = Redumped::of(&source, "/m");
    assert_eq!(out.faults(), ["ThreadList 0 context", "Exception 0 context"]);
    let facts = out.facts();
    let (threads, exceptions) = (facts.threads(), facts.exceptions());
    assert_eq!((threads[0].id, threads[0].context.len(), threads[0].context_at.0), (1, 0, 0));
    assert!(threads[1].context.0 == Cpu::AMD64.context(1, 2));
    assert_eq!((exceptions[0].code, exceptions[0].context.len(), exceptions[0].context_at.0), (7, 0, 0));
}

fn threads_without_a_context_stay_without() {
    let source = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).build();
    let out = Redumped::as_debugger(&source, "/m");
    assert_eq!((out.facts().threads()[0].context.len(), out.faults()), (0, vec![]));
    // In that case the made-up exception has no context either.
    assert_eq!(out.facts().exceptions()[0].context.len(), 0);
}
