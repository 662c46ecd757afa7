//! Stacks that are in use outside the bounds in the thread environment block; the code at a crash.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::redumped::{Redumped, findings, hex, parsed};
use crate::support::{Shared, trials};
use crate::synth::{Dump, Exception, MemoryInfo, Module, Part, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        of_the_cases,
        a_stack_that_no_list_has_is_found_by_the_check,
        of_the_public_dump_whose_exception_has_no_address,
        a_stack_elsewhere_is_kept_beside_that_of_the_environment_block,
        a_descriptor_that_leads_elsewhere_is_kept_too,
        a_descriptor_that_reaches_out_of_the_stack_is_one_with_it,
        a_stack_pointer_in_a_guard_page_makes_the_stack_longer,
        a_stack_begins_at_the_lower_of_two_stack_pointers,
        a_null_descriptor_is_filled_in,
        a_module_is_not_a_stack,
        words_of_all_stacks_are_followed,
        all_stacks_are_filtered,
        every_exception_has_a_window_at_its_instruction,
    ]
}

const TEB: u64 = 0x7000_0000;
const LIMIT: u64 = 0x10_0000;
const BASE: u64 = 0x10_4000;
/// The address of a stack that no environment block describes.
const FIBER: u64 = 0x50_0000;

/// From `cases.tsv`.
fn of_the_cases(shared: &Shared) {
    let holds = |out: &Redumped, start: u64, size: u64| {
        out.ranges().iter().any(|range| range.0 <= start && start + size <= range.0 + range.1)
    };
    let fiber = shared.read("cases/fiber-stack.dmp");
    for options in ["/m", "/mi", "/mr", "/mri", "/ms"] {
        let out = Redumped::of(&fiber, options);
        assert!(holds(&out, 0x2000_f000, 0x1000), "{options}");
        assert!(holds(&out, 0x1000_0000, 0x1_0000), "{options}: the stack by the environment block");
    }
    let below = shared.read("cases/exc-sp-below.dmp");
    for options in ["/m", "/mi", "/mr", "/ms"] {
        let out = Redumped::of(&below, options);
        assert_eq!(hex(&out.stacks()), hex(&[(0x20_d000, 0x3000, true)]), "{options}");
        assert!(holds(&out, 0x20_d000, 0x3000), "{options}");
    }
}

/// From `cases.tsv` as well; the check has no findings for the result of `redump`.
fn a_stack_that_no_list_has_is_found_by_the_check(shared: &Shared) {
    let source = shared.read("cases/stack-only-in-thread-record.dmp");
    let sentence = "no memory list has the bytes of the stack";
    assert_eq!(findings(&source).iter().filter(|it| it.contains(sentence)).count(), 1);
    let out = Redumped::once(&source, &parsed("/m"));
    assert!(out.ranges().contains(&(0x9_0000, 0x1000)) || out.ranges().contains(&(0x9_0100, 0xf00)));
    assert!(!findings(&out.bytes).iter().any(|it| it.contains(sentence)));
}

/// 256 bytes around the instruction pointer in the exception's context; the record has no address.
fn of_the_public_dump_whose_exception_has_no_address(shared: &Shared) {
    let source = shared.read("corpus/real/invalid-parameter.dmp");
    let dump = userdump::Minidump::parse(&source).unwrap();
    let exception = dump.exceptions().next().unwrap().unwrap();
    let instruction = exception.registers().unwrap().instruction_pointer().unwrap();
    assert_ne!(exception.address(), instruction);
    let (from, mut before) = (instruction - 0x80, vec![0; 0x100]);
    assert_eq!(dump.memory().read(from, &mut before), 0x100, "the source has them");
    for options in ["/m", "/mr", "/mrR", "/ms"] {
        let out = Redumped::once(&source, &parsed(options));
        let mut after = vec![0; 0x100];
        assert_eq!(userdump::Minidump::parse(&out.bytes).unwrap().memory().read(from, &mut after), 0x100, "{options}");
        assert!(before == after, "{options}");
    }
}

/// A thread with a stack that is described by its environment block and completely present, and another range.
fn dump(cpu: Cpu, sp: u64, stack: Stack) -> Dump {
    let thread = Thread { teb: TEB, ..Thread::new(7).stack(stack).context(cpu.context(0, sp)) };
    let dump = Dump::new().system_info(cpu.windows()).thread(thread).memory(TEB, cpu.teb(BASE, LIMIT));
    dump.memory(LIMIT, pattern(LIMIT, 0x4000)).memory(FIBER, pattern(FIBER, 0x2000))
}

fn a_stack_elsewhere_is_kept_beside_that_of_the_environment_block() {
    for cpu in [Cpu::X86, Cpu::ARM, Cpu::AMD64, Cpu::ARM64] {
        let below = if cpu.is_x86() { 4 } else { 0 };
        let start = FIBER + 0x1238 - below;
        // With the source's own descriptor of this stack, with one of the other stack, and without a descriptor.
        let own = u32::try_from(FIBER + 0x2000 - start).unwrap();
        for stack in [Stack::At(start, own, 0), Stack::At(BASE - 0x1000, 0x1000, 0), Stack::At(0, 0, 0)] {
            let out = Redumped::of(&dump(cpu, FIBER + 0x1238, stack).build(), "/m");
            out.assert_memory(&[(LIMIT, 0x4000), (start, FIBER + 0x2000 - start)]);
            assert_eq!(hex(&out.stacks()), hex(&[(LIMIT, 0x4000, true)]));
        }
        // To the end of its region, if the source has a memory information entry.
        let row = |start, size| MemoryInfo::new(start, size);
        let rows = |dump: Dump| dump.memory_info(row(FIBER, 0x1800)).memory_info(row(FIBER + 0x1800, 0x800));
        let out = Redumped::of(&rows(dump(cpu, FIBER + 0x1238, Stack::At(0, 0, 0))).build(), "/m");
        out.assert_memory(&[(LIMIT, 0x4000), (FIBER + 0x1238 - below, 0x1800 - 0x1238 + below)]);
        // An empty stack is not taken for another one.
        let end = dump(cpu, BASE, Stack::At(0, 0, 0)).memory(BASE, pattern(BASE, 0x1000));
        Redumped::of(&end.build(), "/m").assert_memory(&[(
            if cpu.is_x86() { BASE - 4 } else { LIMIT },
            0x4000 - if cpu.is_x86() { 0x3ffc } else { 0 },
        )]);
    }
}

/// Readers of the result find the stack of the environment block through the stack pointer.
fn a_descriptor_that_leads_elsewhere_is_kept_too() {
    for cpu in [Cpu::ARM, Cpu::AMD64, Cpu::ARM64] {
        let out = Redumped::of(&dump(cpu, LIMIT + 0x1000, Stack::At(FIBER + 0x10, 0x200, 0)).build(), "/m");
        out.assert_memory(&[(LIMIT + 0x1000, 0x3000), (FIBER + 0x10, 0x200)]);
        assert_eq!(hex(&out.stacks()), hex(&[(FIBER + 0x10, 0x200, true)]));
    }
}

/// A second pass has no environment block and treats adjoining memory as one stack, so the first pass must do the same.
fn a_descriptor_that_reaches_out_of_the_stack_is_one_with_it() {
    for cpu in [Cpu::ARM, Cpu::AMD64, Cpu::ARM64] {
        for (start, size) in [(BASE - 0x64, 0x264), (BASE, 0x200), (LIMIT + 0x1800, 0x3000)] {
            let source = dump(cpu, LIMIT + 0x1000, Stack::At(start, size, 0)).memory(BASE, pattern(BASE, 0x1000));
            let out = Redumped::of(&source.build(), "/m");
            let whole = (LIMIT + 0x1000, start + u64::from(size) - LIMIT - 0x1000);
            out.assert_memory(&[whole]);
            assert_eq!(hex(&out.stacks()), hex(&[(whole.0, whole.1, true)]));
        }
    }
}

fn a_stack_pointer_in_a_guard_page_makes_the_stack_longer() {
    let cpu = Cpu::AMD64;
    let guard = |size: u64| pattern(LIMIT - size, size);
    let below = |sp| dump(cpu, sp, Stack::At(LIMIT, 0x4000, 0)).memory(LIMIT - 0x1000, guard(0x1000));
    let row = |start, size, protection| MemoryInfo {
        protect: protection,
        allocation_base: 0xf_0000,
        ..MemoryInfo::new(start, size)
    };
    let rows = below(LIMIT - 0x88).memory_info(row(LIMIT - 0x1000, 0x1000, 0x104)).memory_info(row(LIMIT, 0x4000, 4));
    for source in [rows.build(), below(LIMIT - 0x88).build()] {
        let out = Redumped::of(&source, "/m");
        out.assert_memory(&[(LIMIT - 0x88, 0x4088)]);
        assert_eq!(hex(&out.stacks()), hex(&[(LIMIT - 0x88, 0x4088, true)]));
    }
}

fn a_stack_begins_at_the_lower_of_two_stack_pointers() {
    for cpu in [Cpu::AMD64, Cpu::ARM64, Cpu::ARM] {
        let raised = |sp, at| dump(cpu, LIMIT + 0x2000, Stack::At(0, 0, 0)).exception(at_sp(cpu, sp, at));
        for (sp, thread, start) in [
            (LIMIT + 0x1230, 7, LIMIT + 0x1230),
            (LIMIT + 0x2230, 7, LIMIT + 0x2000),
            // The stack pointer of another thread does not count.
            (LIMIT + 0x1230, 8, LIMIT + 0x2000),
        ] {
            let out = Redumped::twice(&raised(sp, thread).build(), &parsed("/m"));
            out.assert_memory(&[(start, BASE - start)]);
        }
        // On a separate stack.
        let out = Redumped::twice(&raised(FIBER + 0x100, 7).build(), &parsed("/m"));
        out.assert_memory(&[(LIMIT + 0x2000, 0x2000), (FIBER + 0x100, 0x1f00)]);
        // Below the stack that a descriptor names.
        let thread = Thread::new(7).stack(Stack::At(LIMIT + 0x2000, 0x2000, 0));
        let thread = thread.context(cpu.context(0, LIMIT + 0x2000));
        let linux = Dump::new().system_info(cpu.linux()).thread(thread).exception(at_sp(cpu, LIMIT + 0x1ff0, 7));
        let out = Redumped::twice(&linux.memory(LIMIT, pattern(LIMIT, 0x4000)).build(), &parsed("/m"));
        out.assert_memory(&[(LIMIT + 0x1ff0, 0x2010)]);
    }
}

/// An exception of this thread with this stack pointer.
fn at_sp(cpu: Cpu, sp: u64, thread: u32) -> Exception {
    Exception { context: Part::Bytes(cpu.context(0, sp)), ..Exception::new(thread, 0xc000_0005, 0) }
}

/// Descriptors as LLDB writes them.
fn a_null_descriptor_is_filled_in() {
    for (sp, ranges) in [(0x5008, vec![(0x5008, 0x1f8)]), (0x5100, vec![(0x5100, 0x100)]), (0x9000, vec![])] {
        let thread = Thread::new(7).context(Cpu::AMD64.context(0, sp));
        let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(thread).memory(0x5000, pattern(0x5000, 0x200));
        let out = Redumped::twice(&dump.build(), &parsed("/m"));
        out.assert_memory(&ranges);
        let stacks: Vec<_> = ranges.iter().map(|&(start, size)| (start, size, true)).collect();
        assert_eq!(out.stacks(), if stacks.is_empty() { vec![(0, 0, false)] } else { stacks });
    }
}

fn a_module_is_not_a_stack() {
    let source = dump(Cpu::AMD64, FIBER + 0x100, Stack::At(0, 0, 0));
    Redumped::of(&source.module(Module::new(FIBER, 0x2000, "a")).build(), "/m").assert_memory(&[(LIMIT, 0x4000)]);
}

fn words_of_all_stacks_are_followed() {
    let cpu = Cpu::AMD64;
    let heap = 0x9000_0000u64;
    let mut stack = vec![0; 0x1000];
    put(&mut stack, 0x800, &heap.to_le_bytes());
    let thread = Thread { teb: TEB, ..Thread::new(7).context(cpu.context(0, FIBER)) };
    let dump = Dump::new().system_info(cpu.windows()).thread(thread).memory(TEB, cpu.teb(BASE, LIMIT));
    let dump = dump.memory(LIMIT, [0; 0x1000]).memory(FIBER, stack).memory(heap, pattern(heap, 0x1000));
    let out = Redumped::of(&dump.build(), "/mi");
    assert_eq!(hex(&out.ranges()), hex(&[(LIMIT, 0x1000), (FIBER, 0x1000), (heap, 0x300)]));
}

fn all_stacks_are_filtered() {
    for (options, filling) in [("/mr", 0u8), ("/ms", 0xaa), ("/mrR", 0)] {
        for stack in [Stack::At(FIBER, 0x2000, 0), Stack::At(0, 0, 0)] {
            let out = Redumped::once(&dump(Cpu::AMD64, FIBER + 0x100, stack).build(), &parsed(options));
            let fiber =
                out.facts().ranges().into_iter().find(|range| range.address >> 20 == 5).unwrap().bytes.0.to_vec();
            let kept = fiber.iter().filter(|byte| **byte != filling).count();
            assert!(fiber.len() >= 0x1f00 && kept < 32, "{options}: {kept} of {} bytes", fiber.len());
        }
    }
}

fn every_exception_has_a_window_at_its_instruction() {
    const CODE: u64 = 0x40_0000;
    for cpu in Cpu::ALL {
        for address in [0, CODE + 0x1010, CODE + 0x1000, 0x1234_5678] {
            let mut exception = Exception::new(7, 0xc000_0409, address);
            exception.context = Part::Bytes(cpu.context(CODE + 0x1000, 0));
            let second = Exception { context: Part::Bytes(cpu.context(CODE + 0x3000, 0)), ..exception.clone() };
            let dump = Dump::new().system_info(cpu.windows()).thread(Thread::new(7));
            let dump = dump.exception(exception).exception(second).memory(CODE, pattern(CODE, 0x4000)).build();
            let first_end = if address == CODE + 0x1010 { 0x1010 + cpu.reach } else { 0x1000 + cpu.reach };
            for options in ["/m", "/mr"] {
                Redumped::twice(&dump, &parsed(options)).assert_memory(&[
                    (CODE + 0x1000 - cpu.reach, first_end - 0x1000 + cpu.reach),
                    (CODE + 0x3000 - cpu.reach, 2 * cpu.reach),
                ]);
            }
        }
    }
}
