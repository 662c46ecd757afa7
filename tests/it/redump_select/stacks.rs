//! Stacks: their bounds, the source of these bounds, and the descriptors of the threads.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_stack_runs_from_the_stack_pointer_to_its_base,
        on_x86_it_begins_4_bytes_below,
        all_of_it_is_taken_if_the_stack_pointer_is_elsewhere,
        bounds_that_are_not_whole_pages_do_not_count,
        bounds_in_the_wrong_order_do_not_count,
        without_bounds_the_own_descriptor_counts,
        bounds_that_enclose_no_bytes_do_not_count,
        on_other_systems_the_own_descriptor_counts,
        bytes_that_only_the_thread_points_to_are_kept,
        a_stack_is_read_across_ranges_that_touch,
        a_stack_is_cut_to_the_first_and_the_last_byte_that_are_there,
        both_parts_of_a_stack_with_a_hole_are_kept_and_named_as_one,
        no_descriptor_names_4_gib,
        the_position_is_set_also_where_a_part_of_a_range_is_the_stack,
        with_full_memory_a_stack_has_its_position,
        a_stack_without_bytes_keeps_its_address,
        every_thread_has_its_own_stack,
        stacks_may_overlap,
    ]
}

const TEB: u64 = 0x7000_0000;
const LIMIT: u64 = 0x10_0000;
const BASE: u64 = 0x10_4000;

/// A thread, its environment block and a stack whose bytes are all present. The source's descriptor, which the engine
/// ignores, names the last page.
fn source(cpu: Cpu, sp: u64, bounds: (u64, u64)) -> Vec<u8> {
    dump(cpu.windows(), cpu.context(0, sp), cpu.teb(bounds.0, bounds.1)).memory(LIMIT, pattern(LIMIT, 0x4000)).build()
}

/// The same dump without the memory of the stack.
fn dump(system: SystemInfo, context: Vec<u8>, teb: Vec<u8>) -> Dump {
    let stack = Stack::At(BASE - 0x1000, 0x1000, 0);
    let thread = Thread { teb: TEB, ..Thread::new(7).stack(stack).context(context) };
    Dump::new().system_info(system).thread(thread).memory(TEB, teb)
}

/// Checks that the stack is the only memory, and that the thread's descriptor refers to it.
fn assert_stack(source: &[u8], start: u64, size: u64) {
    let out = Redumped::of(source, "/m");
    out.assert_memory(&[(start, size)]);
    assert_eq!(hex(&out.stacks()), hex(&[(start, size, true)]));
    assert_eq!(out.facts().threads()[0].stack_at, out.facts().ranges()[0].at);
    assert_eq!(out.facts().threads()[0].teb, TEB);
}

fn a_stack_runs_from_the_stack_pointer_to_its_base() {
    let [.., arm_on_arm64] = Cpu::EMULATED;
    for cpu in [Cpu::AMD64, Cpu::ARM64, Cpu::ARM64_OLD, Cpu::ARM, arm_on_arm64] {
        for (sp, size) in [(LIMIT, 0x4000), (0x10_1238, 0x2dc8), (0x10_1233, 0x2dcd), (BASE - 1, 1)] {
            assert_stack(&source(cpu, sp, (BASE, LIMIT)), sp, size);
        }
    }
}

fn on_x86_it_begins_4_bytes_below() {
    for (sp, start, size) in [
        (0x10_1238, 0x10_1234, 0x2dcc),
        (0x10_1233, 0x10_122f, 0x2dd1),
        (BASE, BASE - 4, 4),
        (LIMIT + 4, LIMIT, 0x4000),
        (LIMIT + 5, LIMIT + 1, 0x3fff),
    ] {
        for cpu in Cpu::ALL.into_iter().chain(Cpu::EMULATED).filter(|cpu| cpu.is_x86()) {
            assert_stack(&source(cpu, sp, (BASE, LIMIT)), start, size);
        }
    }
}

fn all_of_it_is_taken_if_the_stack_pointer_is_elsewhere() {
    for cpu in [Cpu::AMD64, Cpu::ARM64, Cpu::ARM] {
        for sp in [0, LIMIT - 1, BASE, BASE + 4, 0x5000_0000, 0xffff_fff8] {
            assert_stack(&source(cpu, sp, (BASE, LIMIT)), LIMIT, 0x4000);
        }
    }
    for sp in [0, 3, LIMIT, LIMIT + 3, BASE + 4, 0xffff_fffc] {
        assert_stack(&source(Cpu::X86, sp, (BASE, LIMIT)), LIMIT, 0x4000);
    }
    assert_stack(&source(Cpu::AMD64, u64::MAX, (BASE, LIMIT)), LIMIT, 0x4000);
}

fn bounds_that_are_not_whole_pages_do_not_count() {
    for cpu in Cpu::ALL {
        for bounds in [(BASE - 8, LIMIT), (BASE, LIMIT + 8), (BASE - 0x800, LIMIT), (BASE, LIMIT + 1)] {
            assert_stack(&source(cpu, BASE - 0x800, bounds), BASE - 0x1000, 0x1000);
        }
    }
}

fn bounds_in_the_wrong_order_do_not_count() {
    for cpu in Cpu::ALL {
        for bounds in [(BASE, BASE), (LIMIT, BASE), (0, 0), (0, LIMIT)] {
            assert_stack(&source(cpu, BASE - 0x800, bounds), BASE - 0x1000, 0x1000);
        }
    }
}

fn without_bounds_the_own_descriptor_counts() {
    for cpu in Cpu::ALL {
        let context = || cpu.context(0, BASE - 0x800);
        let own = |thread: Thread| {
            let stack = Stack::Listed(BASE - 0x1000, 0xff0);
            Dump::new().system_info(cpu.windows()).thread(thread.stack(stack).context(context()))
        };
        let stack = || pattern(LIMIT, 0x4000);
        let teb = cpu.teb(BASE, LIMIT);
        let absent = own(Thread { teb: TEB, ..Thread::new(7) }).memory(LIMIT, stack()).build();
        let cut = &teb[..3 * cpu.word - 1];
        let cut = own(Thread { teb: TEB, ..Thread::new(7) }).memory(LIMIT, stack()).memory(TEB, cut).build();
        // An environment block at address 0 is ignored, even if there is memory.
        let none = own(Thread::new(7)).memory(0, &teb).memory(LIMIT, stack()).build();
        for source in [absent, cut] {
            assert_stack(&source, BASE - 0x1000, 0xff0);
        }
        let out = Redumped::of(&none, "/m");
        assert_eq!(hex(&out.stacks()), hex(&[(BASE - 0x1000, 0xff0, true)]));
    }
}

fn bounds_that_enclose_no_bytes_do_not_count() {
    for cpu in Cpu::ALL {
        for sp in [BASE - 0x800, 0] {
            assert_stack(&source(cpu, sp, (BASE + 0x4000, BASE)), BASE - 0x1000, 0x1000);
        }
    }
}

fn on_other_systems_the_own_descriptor_counts() {
    for cpu in Cpu::ALL {
        for platform in [0x8201, 0x8203, 0x8101] {
            let system = SystemInfo { platform, ..cpu.windows() };
            let dump = dump(system, cpu.context(0, BASE - 0x800), cpu.teb(BASE, LIMIT));
            let source = dump.memory(LIMIT, pattern(LIMIT, 0x4000)).build();
            assert_stack(&source, BASE - 0x1000, 0x1000);
        }
    }
}

fn bytes_that_only_the_thread_points_to_are_kept() {
    for system in [Cpu::AMD64.windows(), Cpu::AMD64.linux(), Cpu::X86.windows(), Cpu::X86.linux()] {
        let thread = || Thread::new(7).stack(Stack::stored(0x20_0008, pattern(0x20_0008, 0x123)));
        let alone = Dump::new().system_info(system.clone()).thread(thread()).build();
        let beside = Dump::new().system_info(system).thread(thread()).memory(0x9000, pattern(0x9000, 8)).build();
        for source in [&alone, &beside] {
            let out = Redumped::of(source, "/m");
            out.assert_memory(&[(0x20_0008, 0x123)]);
            assert_eq!(hex(&out.stacks()), hex(&[(0x20_0008, 0x123, true)]));
        }
        for options in ["/mf", "/ma", "/mA"] {
            Redumped::of(&alone, options).assert_memory(&[(0x20_0008, 0x123)]);
            Redumped::of(&beside, options).assert_memory(&[(0x9000, 8), (0x20_0008, 0x123)]);
        }
    }
}

fn a_stack_is_read_across_ranges_that_touch() {
    for cpu in Cpu::ALL {
        let dump = dump(cpu.windows(), cpu.context(0, 0x10_1ff4), cpu.teb(BASE, LIMIT));
        // Ranges that are not in address order and not adjacent in the file.
        let source = dump
            .memory(0x10_3000, pattern(0x10_3000, 0x1000))
            .memory(0x9000, [1; 5])
            .memory(LIMIT, pattern(LIMIT, 0x2000))
            .memory(0x10_2000, pattern(0x10_2000, 0x1000))
            .build();
        let start = if cpu == Cpu::X86 { 0x10_1ff0 } else { 0x10_1ff4 };
        assert_stack(&source, start, BASE - start);
    }
}

/// A thread whose stack pointer is `0x10_1000`; these parts of its stack are present.
fn with_parts(parts: &[(u64, u64)]) -> Vec<u8> {
    let cpu = Cpu::AMD64;
    let dump = dump(cpu.windows(), cpu.context(0, 0x10_1000), cpu.teb(BASE, LIMIT));
    parts.iter().fold(dump, |dump, (start, size)| dump.memory(*start, pattern(*start, *size))).build()
}

fn a_stack_is_cut_to_the_first_and_the_last_byte_that_are_there() {
    assert_stack(&with_parts(&[(0x10_0000, 0xfff), (0x10_3000, 0x1000)]), 0x10_3000, 0x1000);
    assert_stack(&with_parts(&[(0x10_0000, 0x3000), (BASE, 0x1000)]), 0x10_1000, 0x2000);
    assert_stack(&with_parts(&[(0x10_1800, 0x100)]), 0x10_1800, 0x100);
    // The source's descriptor is cut in the same way.
    let own = |address, size| Thread::new(7).stack(Stack::At(address, size, 0));
    let dump =
        |thread| Dump::new().system_info(Cpu::AMD64.linux()).thread(thread).memory(0x5000, pattern(0x5000, 0x100));
    for (address, size, start, kept) in
        [(0x4f80, 0x200, 0x5000, 0x100), (0x50f0, 0x20, 0x50f0, 0x10), (0x4fff, 2, 0x5000, 1)]
    {
        let out = Redumped::of(&dump(own(address, size)).build(), "/m");
        out.assert_memory(&[(start, kept)]);
        assert_eq!(hex(&out.stacks()), hex(&[(start, kept, true)]));
    }
}

/// The descriptor also covers the gap, so that a second pass finds the part after it.
fn both_parts_of_a_stack_with_a_hole_are_kept_and_named_as_one() {
    let out = Redumped::of(&with_parts(&[(0x10_2000, 0x1800), (0x10_0000, 0x1800), (0x10_3c00, 0x400)]), "/m");
    out.assert_memory(&[(0x10_1000, 0x800), (0x10_2000, 0x1800), (0x10_3c00, 0x400)]);
    assert_eq!(hex(&out.stacks()), hex(&[(0x10_1000, 0x3000, false)]));
    let out = Redumped::of(&with_parts(&[(0x10_0000, 0xfff), (0x10_1800, 0x100), (0x10_3000, 0xf00)]), "/m");
    out.assert_memory(&[(0x10_1800, 0x100), (0x10_3000, 0xf00)]);
    assert_eq!(hex(&out.stacks()), hex(&[(0x10_1800, 0x2700, false)]));
    // A hole of up to 16 bytes is not closed either.
    let out = Redumped::of(&with_parts(&[(0x10_0000, 0x2ff0), (0x10_3000, 0x1000)]), "/m");
    out.assert_memory(&[(0x10_1000, 0x1ff0), (0x10_3000, 0x1000)]);
}

fn no_descriptor_names_4_gib() {
    // The part that ends at the base counts.
    let (limit, base) = (0x10_0000_0000u64, 0x12_0000_0000u64);
    let thread = Thread { teb: TEB, ..Thread::new(7) }.context(Cpu::AMD64.context(0, limit + 8));
    let dump = Dump::new().system_info(Cpu::AMD64.windows()).thread(thread).memory(TEB, Cpu::AMD64.teb(base, limit));
    let ends = [limit, 0x10_ffff_fff0, base - 0x10].map(|start| (start, 0x20.min(base - start)));
    let dump = ends.iter().fold(dump, |dump, (start, size)| dump.memory(*start, pattern(*start, *size)));
    let out = Redumped::of(&dump.build(), "/m");
    out.assert_memory(&[(0x11_0000_0001, 0xf), (base - 0x10, 0x10)]);
    assert_eq!(hex(&out.stacks()), hex(&[(0x11_0000_0001u64, 0xffff_ffffu32, false)]));
}

fn the_position_is_set_also_where_a_part_of_a_range_is_the_stack() {
    let cpu = Cpu::AMD64;
    let with_ip = |ip| {
        let dump = dump(cpu.windows(), cpu.context(ip, 0x10_1000), cpu.teb(BASE, LIMIT));
        dump.memory(LIMIT, pattern(LIMIT, 0x5000)).build()
    };
    for (ip, ranges) in [
        // A window within the stack changes nothing; one that overlaps, touches or is close extends the range.
        (0x10_2000, [(0x10_1000, 0x3000)].as_slice()),
        (0x10_0fc0, &[(0x10_0f40, 0x30c0)]),
        (0x10_0f80, &[(0x10_0f00, 0x3100)]),
        (0x10_0f70, &[(0x10_0ef0, 0x3110)]),
        (0x10_0f6f, &[(0x10_0eef, 0x100), (0x10_1000, 0x3000)]),
        (BASE + 0x60, &[(0x10_1000, 0x30e0)]),
        (BASE + 0x91, &[(0x10_1000, 0x3000), (BASE + 0x11, 0x100)]),
    ] {
        let out = Redumped::of(&with_ip(ip), "/m");
        out.assert_memory(ranges);
        assert_eq!(hex(&out.stacks()), hex(&[(0x10_1000, 0x3000, true)]), "instruction at {ip:#x}");
        assert_positions(&out);
    }
}

/// Checks that the descriptors of the threads refer to the bytes of their stacks.
fn assert_positions(out: &Redumped) {
    let facts = out.facts();
    for thread in facts.threads() {
        let (start, size) = (thread.stack_start, u64::from(thread.stack_size));
        assert!(facts.blob(thread.stack_at, size).0 == pattern(start, size), "the stack at {start:#x}");
    }
}

fn with_full_memory_a_stack_has_its_position() {
    let source = source(Cpu::AMD64, 0x10_1000, (BASE, LIMIT));
    for options in ["/mf", "/ma", "/mA"] {
        let out = Redumped::of(&source, options);
        assert_eq!(hex(&out.stacks()), hex(&[(0x10_1000, 0x3000, true)]));
        assert_eq!(hex(&out.ranges()), hex(&[(LIMIT, 0x4000), (TEB, 24)]));
        assert_positions(&out);
    }
    // In ranges that are adjacent in the file.
    let thread = Thread::new(7).stack(Stack::At(0x5004, 24, 0));
    let dump = Dump::new().system_info(SystemInfo::default()).thread(thread).memory(0x4000, pattern(0x4000, 8));
    let parts = [(0x5000, 8), (0x5008, 8), (0x5010, 16)];
    let dump = parts.into_iter().fold(dump, |dump, (start, size)| dump.memory(start, pattern(start, size)));
    let out = Redumped::of(&dump.build(), "/mf");
    assert_eq!((out.stacks(), out.ranges().len()), (vec![(0x5004, 24, true)], 4));
    assert_positions(&out);
}

fn a_stack_without_bytes_keeps_its_address() {
    let thread = Thread::new(7).stack(Stack::At(0x5000, 0x100, 0));
    let source = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(6)).thread(thread).build();
    for options in ["/m", "/mf"] {
        let out = Redumped::of(&source, options);
        assert_eq!(hex(&out.stacks()), hex(&[(0, 0, false), (0x5000, 0, false)]));
        assert_eq!(out.faults(), ["ThreadList 1 stack"]);
        out.assert_memory(&[]);
    }
}

fn every_thread_has_its_own_stack() {
    let cpu = Cpu::AMD64;
    let mut dump = Dump::new().system_info(cpu.windows());
    for index in 0..3u64 {
        let (teb, limit) = (TEB + 0x1000 * index, LIMIT + 0x10_0000 * index);
        let thread = Thread { teb, ..Thread::new(7 - index as u32) };
        dump = dump
            .thread(thread.context(cpu.context(0, limit + 0x1000 + index)))
            .memory(teb, cpu.teb(limit + 0x2000, limit))
            .memory(limit, pattern(limit, 0x2000));
    }
    let out = Redumped::of(&dump.build(), "/m");
    let stacks = [(0x10_1000, 0x1000), (0x20_1001, 0xfff), (0x30_1002, 0xffe)];
    out.assert_memory(&stacks);
    assert_eq!(hex(&out.stacks()), hex(&stacks.map(|(start, size)| (start, size, true))));
    assert_eq!(out.facts().threads().iter().map(|thread| thread.id).collect::<Vec<_>>(), [7, 6, 5]);
}

fn stacks_may_overlap() {
    let thread = |id, start, size| Thread::new(id).stack(Stack::Listed(start, size));
    let dump = Dump::new()
        .system_info(SystemInfo::default())
        .thread(thread(1, 0x5000, 0x100))
        .thread(thread(2, 0x5080, 0x100))
        .thread(thread(3, 0x5000, 0x100))
        .thread(thread(4, 0x5180, 0x10));
    let out = Redumped::of(&dump.memory(0x5000, pattern(0x5000, 0x1000)).build(), "/m");
    out.assert_memory(&[(0x5000, 0x190)]);
    let stacks = [(0x5000, 0x100), (0x5080, 0x100), (0x5000, 0x100), (0x5180, 0x10)];
    assert_eq!(hex(&out.stacks()), hex(&stacks.map(|(start, size)| (start, size, true))));
    assert_positions(&out);
}
