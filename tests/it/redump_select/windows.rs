//! Windows around instructions, and ranges that are merged.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, Exception, Part, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_window_reaches_as_far_as_the_processor_asks,
        processors_without_a_rule_of_their_own_get_128_bytes,
        the_lowest_bit_of_an_arm_address_marks_thumb_code,
        a_window_is_clipped_at_both_ends_of_a_range,
        a_window_at_the_lowest_addresses_begins_at_0,
        a_window_at_the_highest_addresses_ends_there,
        a_window_is_read_across_ranges_that_touch,
        both_parts_of_a_window_with_a_hole_are_kept,
        every_exception_has_a_window_at_its_address,
        the_context_of_an_exception_has_a_window_too,
        gaps_of_up_to_16_bytes_are_closed_with_the_bytes_that_are_there,
        a_gap_is_not_closed_if_bytes_are_missing,
        a_gap_may_span_ranges,
        windows_and_stacks_are_joined_alike,
        ranges_come_in_the_order_of_addresses,
        windows_are_for_dumps_without_full_memory,
    ]
}

const CODE: u64 = 0x40_0000;

/// Threads with these instruction pointers, without stacks.
fn threads(cpu: Cpu, instructions: &[u64]) -> Dump {
    let dump = Dump::new().system_info(cpu.windows());
    let thread = |ip: u64, id| Thread::new(id).context(cpu.context(ip, 0));
    instructions.iter().zip(1..).fold(dump, |dump, (ip, id)| dump.thread(thread(*ip, id)))
}

/// Adds a range with the bytes of the pattern.
fn memory(dump: Dump, (start, size): (u64, u64)) -> Dump {
    dump.memory(start, pattern(start, size))
}

/// The result for these ranges, and an AMD64 thread at each of these instructions.
fn windows(ranges: &[(u64, u64)], instructions: &[u64]) -> Redumped {
    let dump = threads(Cpu::AMD64, instructions);
    Redumped::of(&ranges.iter().copied().fold(dump, memory).build(), "/m")
}

fn a_window_reaches_as_far_as_the_processor_asks() {
    let [x86_on_win64, x86_on_arm64, arm_on_arm64] = Cpu::EMULATED;
    for (cpu, start, size) in [
        (Cpu::X86, CODE + 0x784, 0x100),
        (x86_on_win64, CODE + 0x784, 0x100),
        (x86_on_arm64, CODE + 0x784, 0x100),
        (Cpu::AMD64, CODE + 0x784, 0x100),
        (Cpu::ARM, CODE + 0x704, 0x200),
        (arm_on_arm64, CODE + 0x704, 0x200),
        (Cpu::ARM64, CODE + 0x604, 0x400),
        (Cpu::ARM64_OLD, CODE + 0x604, 0x400),
    ] {
        let of_thread = threads(cpu, &[CODE + 0x804]);
        let exception = Exception::new(1, 0xc000_0005, CODE + 0x804);
        let of_exception = threads(cpu, &[0x9000_0000]).exception(exception);
        for dump in [of_thread, of_exception] {
            let source = memory(dump, (CODE, 0x1000)).build();
            Redumped::of(&source, "/m").assert_memory(&[(start, size)]);
        }
        for system in [cpu.linux(), SystemInfo { platform: 0x8101, ..cpu.windows() }] {
            let thread = Thread::new(1).context(cpu.context(CODE + 0x804, 0));
            let source = memory(Dump::new().system_info(system).thread(thread), (CODE, 0x1000)).build();
            Redumped::of(&source, "/m").assert_memory(&[(start, size)]);
        }
    }
}

fn processors_without_a_rule_of_their_own_get_128_bytes() {
    let mut mips = vec![0; 600];
    put(&mut mips, 312, &(CODE + 0x804).to_le_bytes());
    for (architecture, context) in [(1, Part::from(mips)), (3, Part::None), (6, Part::None), (0x8006, Part::None)] {
        let system = SystemInfo { architecture, ..SystemInfo::default() };
        let dump = Dump::new().system_info(system).thread(Thread::new(1).context(context));
        let exception = Exception { thread: 1, address: CODE + 0x804, ..Exception::default() };
        let source = memory(dump.exception(exception), (CODE, 0x1000)).build();
        Redumped::of(&source, "/m").assert_memory(&[(CODE + 0x784, 0x100)]);
    }
}

fn the_lowest_bit_of_an_arm_address_marks_thumb_code() {
    for cpu in Cpu::ALL.into_iter().chain(Cpu::EMULATED).filter(|cpu| cpu.is_arm()) {
        let source = memory(threads(cpu, &[CODE + 0x805]), (CODE, 0x1000)).build();
        Redumped::of(&source, "/m").assert_memory(&[(CODE + 0x704, 0x200)]);
    }
    // The address of an exception is used unchanged, as are addresses of other processors.
    let exception = Exception::new(1, 0x8000_0003, CODE + 0x805);
    let source = memory(threads(Cpu::ARM, &[0x9000_0000]).exception(exception), (CODE, 0x1000)).build();
    Redumped::of(&source, "/m").assert_memory(&[(CODE + 0x705, 0x200)]);
    windows(&[(CODE, 0x1000)], &[CODE + 0x805]).assert_memory(&[(CODE + 0x785, 0x100)]);
}

fn a_window_is_clipped_at_both_ends_of_a_range() {
    for (ip, start, size) in [
        (CODE + 0x80, CODE, 0x100),
        (CODE + 0x7f, CODE, 0xff),
        (CODE + 0x10, CODE, 0x90),
        (CODE, CODE, 0x80),
        // The window is taken even if the instruction itself is outside the memory.
        (CODE - 0x40, CODE, 0x40),
        (CODE - 0x7f, CODE, 1),
        (CODE + 0xf80, CODE + 0xf00, 0x100),
        (CODE + 0xf81, CODE + 0xf01, 0xff),
        (CODE + 0x1000, CODE + 0xf80, 0x80),
        (CODE + 0x107f, CODE + 0xfff, 1),
    ] {
        windows(&[(CODE, 0x1000)], &[ip]).assert_memory(&[(start, size)]);
    }
    windows(&[(CODE, 0x1000)], &[CODE - 0x80, CODE + 0x1080]).assert_memory(&[]);
    windows(&[(CODE + 0x10, 0x20)], &[CODE + 0x18]).assert_memory(&[(CODE + 0x10, 0x20)]);
}

fn a_window_at_the_lowest_addresses_begins_at_0() {
    for cpu in Cpu::ALL {
        for ip in [0, 2, 0x7e] {
            let source = memory(threads(cpu, &[ip]), (0, 0x1000)).build();
            // A second pass has a window for the address of the made-up exception, which is 0.
            let expected = [(0, ip + cpu.reach)];
            let out = Redumped::of(&source, "/m");
            out.assert_memory(&expected);
        }
    }
}

fn a_window_at_the_highest_addresses_ends_there() {
    let top = 0xffff_ffff_ffff_f000;
    for (ip, start, size) in [(u64::MAX, u64::MAX - 0x80, 0x81), (u64::MAX - 0x3f, u64::MAX - 0xbf, 0xc0)] {
        windows(&[(top, 0x1000)], &[ip]).assert_memory(&[(start, size)]);
    }
    let source = memory(threads(Cpu::X86, &[0xffff_ffc0]), (0xffff_f000, 0x1000)).build();
    Redumped::of(&source, "/m").assert_memory(&[(0xffff_ffff_ffff_ff40, 0xc0)]);
}

fn a_window_is_read_across_ranges_that_touch() {
    let ranges = [(CODE + 0x800, 0x10), (CODE, 0x7f0), (CODE + 0x810, 0x7f0), (CODE + 0x7f0, 0x10)];
    windows(&ranges, &[CODE + 0x804]).assert_memory(&[(CODE + 0x784, 0x100)]);
}

fn both_parts_of_a_window_with_a_hole_are_kept() {
    let ranges = [(CODE, 0x7f0), (CODE + 0x800, 0x800)];
    windows(&ranges, &[CODE + 0x804]).assert_memory(&[(CODE + 0x784, 0x6c), (CODE + 0x800, 0x84)]);
    // A hole of one byte counts too: there are no bytes to close it with.
    let ranges = [(CODE, 0x7ff), (CODE + 0x800, 0x800)];
    windows(&ranges, &[CODE + 0x804]).assert_memory(&[(CODE + 0x784, 0x7b), (CODE + 0x800, 0x84)]);
}

fn every_exception_has_a_window_at_its_address() {
    let dump = threads(Cpu::AMD64, &[CODE + 0x3000])
        .exception(Exception::new(1, 0xc000_0005, CODE + 0x2000))
        .exception(Exception::new(1, 0xc000_0005, CODE + 0x1000))
        .exception(Exception::new(1, 0xc000_0005, 0x9_0000_0000));
    let out = Redumped::of(&memory(dump, (CODE, 0x4000)).build(), "/m");
    out.assert_memory(&[(CODE + 0xf80, 0x100), (CODE + 0x1f80, 0x100), (CODE + 0x2f80, 0x100)]);
}

fn the_context_of_an_exception_has_a_window_too() {
    let context = Cpu::AMD64.context(CODE + 0x3000, 0).into();
    let exception = Exception { context, ..Exception::new(1, 0xc000_0005, CODE + 0x2000) };
    let dump = threads(Cpu::AMD64, &[CODE + 0x1000]).exception(exception);
    let out = Redumped::of(&memory(dump, (CODE, 0x4000)).build(), "/m");
    out.assert_memory(&[(CODE + 0xf80, 0x100), (CODE + 0x1f80, 0x100), (CODE + 0x2f80, 0x100)]);
}

fn gaps_of_up_to_16_bytes_are_closed_with_the_bytes_that_are_there() {
    let first = CODE + 0x1000;
    for (distance, joined) in [(0x10, 0x110), (0x100, 0x200), (0x101, 0x201), (0x10f, 0x20f), (0x110, 0x210)] {
        let out = windows(&[(CODE, 0x4000)], &[first, first + distance]);
        out.assert_memory(&[(first - 0x80, joined)]);
    }
    for distance in [0x111, 0x112, 0x1000] {
        let out = windows(&[(CODE, 0x4000)], &[first, first + distance]);
        out.assert_memory(&[(first - 0x80, 0x100), (first + distance - 0x80, 0x100)]);
    }
    // One after the other.
    let instructions = [first, first + 0x330, first + 0x110, first + 0x220];
    windows(&[(CODE, 0x4000)], &instructions).assert_memory(&[(first - 0x80, 0x430)]);
}

fn a_gap_is_not_closed_if_bytes_are_missing() {
    let (first, second) = (CODE + 0x1000, CODE + 0x1110);
    let apart = [(first - 0x80, 0x100), (second - 0x80, 0x100)];
    for ranges in [
        // All 16 bytes, the first, the last and one in the middle are missing.
        [(CODE, 0x1080), (CODE + 0x1090, 0x1000)].as_slice(),
        &[(CODE, 0x1080), (CODE + 0x1081, 0x1000)],
        &[(CODE, 0x108f), (CODE + 0x1090, 0x1000)],
        &[(CODE, 0x1084), (CODE + 0x1085, 0x1000)],
    ] {
        windows(ranges, &[first, second]).assert_memory(&apart);
    }
}

fn a_gap_may_span_ranges() {
    let (first, second) = (CODE + 0x1000, CODE + 0x1110);
    let ranges = [(CODE + 0x1084, 4), (CODE + 0x1088, 0x1000), (CODE, 0x1084)];
    windows(&ranges, &[second, first]).assert_memory(&[(first - 0x80, 0x210)]);
}

fn windows_and_stacks_are_joined_alike() {
    let source = |distance: u64| {
        let thread = Thread::new(1).stack(Stack::Listed(CODE + 0x1000, 0x100));
        let thread = thread.context(Cpu::AMD64.context(CODE + 0x1180 + distance, 0));
        memory(Dump::new().system_info(SystemInfo::default()).thread(thread), (CODE, 0x4000)).build()
    };
    let out = Redumped::of(&source(16), "/m");
    out.assert_memory(&[(CODE + 0x1000, 0x210)]);
    assert_eq!(hex(&out.stacks()), hex(&[(CODE + 0x1000, 0x100, true)]));
    let out = Redumped::of(&source(17), "/m");
    out.assert_memory(&[(CODE + 0x1000, 0x100), (CODE + 0x1111, 0x100)]);
    assert_eq!(hex(&out.stacks()), hex(&[(CODE + 0x1000, 0x100, true)]));
}

fn ranges_come_in_the_order_of_addresses() {
    // The engine would begin with the third: its list is in the order of a hash table with 919 chunks of 2 KiB.
    const SECOND_ROUND: u64 = 919 * 0x800;
    let ranges = [(0xff_0000_0000, 0x2000), (SECOND_ROUND, 0x800), (0x6_f000, 0x2000), (0x1000, 0x4000)];
    let instructions = [0x3000, SECOND_ROUND + 0x400, 0xff_0000_1000, 0x7_0000];
    let expected = [0x2f80, 0x6_ff80, SECOND_ROUND + 0x380, 0xff_0000_0f80].map(|start| (start, 0x100));
    windows(&ranges, &instructions).assert_memory(&expected);
}

fn windows_are_for_dumps_without_full_memory() {
    let source = memory(threads(Cpu::AMD64, &[CODE + 0x800]), (CODE, 0x1000)).build();
    for options in ["/m", "/mF", "/mh", "/mt", "/mu", "/mFhtu"] {
        let out = Redumped::of(&source, options);
        out.assert_memory(&[(CODE + 0x780, 0x100)]);
        assert_eq!((out.facts().stream(5).is_some(), out.facts().stream(9).is_some()), (true, false));
    }
    for options in ["/mf", "/ma", "/mA"] {
        let out = Redumped::of(&source, options);
        out.assert_memory(&[(CODE, 0x1000)]);
        assert_eq!((out.facts().stream(5).is_some(), out.facts().stream(9).is_some()), (false, true));
    }
}
