//! Memory that a program redacts itself.

use libtest_mimic::Trial;
use userdump::redump::{Hooks, Reason};

use crate::support::cpu::{Cpu, pattern};
use crate::support::facts::Facts;
use crate::support::redumped::hooked;
use crate::support::trials;
use crate::synth::{Dump, Stack, Thread, UserDump, UserRegion, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        no_number_crosses_a_border_unseen,
        what_is_seen_around_a_piece_is_what_the_source_has,
        changes_outside_of_a_piece_are_ignored,
        memory_that_passes_the_highest_address_is_redacted_too,
        blank_ranges_are_zero_and_counted,
        blank_addresses_of_narrow_targets_are_masked,
    ]
}

const NUMBER: usize = 16;
const START: u64 = 0x10_0000;
/// Longer than a piece that a redactor gets.
const SIZE: usize = 0x12_0000;

/// Numbers of 16 digits, each after a hyphen, with the first one shifted.
fn numbers(shift: usize) -> Vec<u8> {
    let digit = |at: usize| if at % (NUMBER + 1) == 0 { b'-' } else { b'0' + (at % 10) as u8 };
    (0..SIZE).map(|at| digit(at + shift)).collect()
}

/// Masks numbers of exactly 16 digits; numbers that are cut do not count.
fn mask(bytes: &mut [u8]) {
    for number in bytes.chunk_by_mut(|a, b| a.is_ascii_digit() && b.is_ascii_digit()) {
        if number.len() == NUMBER {
            number.fill(b'#');
        }
    }
}

/// Every kind of border falls on each byte of a number: between pieces, between adjacent ranges, and between reasons.
fn no_number_crosses_a_border_unseen() {
    let (mut planted, mut calls) = (0, 0);
    for shift in 0..=NUMBER {
        let memory = numbers(shift);
        let cuts = [0, 0x1001, 0x1_0000, 0x1_0002, 0x1_0009, SIZE];
        let ranges: Vec<(u64, &[u8])> =
            cuts.windows(2).map(|cut| (START + cut[0] as u64, &memory[cut[0]..cut[1]])).collect();
        let thread = || {
            let stack = Stack::At(START + 0x800, 0x333, 0);
            Thread::new(1).stack(stack).context(Cpu::AMD64.context(0, START + 0x800))
        };
        let dump = || Dump::new().system_info(Cpu::AMD64.linux()).thread(thread());
        let list = ranges.iter().fold(dump(), |dump, (at, bytes)| dump.memory(*at, bytes)).build();
        let full = ranges.iter().fold(dump().flags(2), |dump, (at, bytes)| dump.memory64(*at, bytes)).build();
        let context = Cpu::AMD64.context(0, START);
        let user = UserDump::wide().thread(UserThread { id: 1, context, ..UserThread::default() });
        let user = ranges.iter().fold(user, |dump, (at, bytes)| dump.memory(*at, bytes)).build();
        let cases = [
            (&list, "/mw"),
            (&list, "/mwi"),
            (&full, "/mf"),
            (&full, "/f"),
            (&user, "/mf"),
            (&user, "/f"),
            (&user, "/mw"),
        ];
        for (source, options) in cases {
            let mut least = usize::MAX;
            let hooks = Hooks::new().add_memory(START + 0x2005, 0x100).add_memory(START + 0x2010, 0x2000);
            let hooks = hooks.redact(|_, _, bytes| {
                mask(bytes);
                least = least.min(bytes.len());
                calls += 1;
            });
            let (out, _) = hooked(source, options, hooks);
            planted += SIZE / (NUMBER + 1);
            // The first and the last number may be cut by the memory itself.
            let whole = out.windows(NUMBER + 1).filter(|it| it[0] == b'-' && it[1..].iter().all(u8::is_ascii_digit));
            let parts = out.windows(4).filter(|it| it.iter().all(u8::is_ascii_digit)).count();
            assert_eq!(whole.count(), 0, "{options}, shift {shift}");
            assert!(parts <= 2 * NUMBER, "{parts} parts of numbers, {options}, shift {shift}");
        }
    }
    assert!(planted > 1_000_000 && calls > 1_000, "{planted} numbers, {calls} calls");
}

/// Including bytes that are not in the result.
fn what_is_seen_around_a_piece_is_what_the_source_has() {
    let memory = pattern(START, 0x1000);
    let dump = Dump::new().system_info(Cpu::AMD64.linux());
    let dump =
        dump.thread(Thread::new(1)).memory(START, &memory[..0x801]).memory(START + 0x801, &memory[0x801..]).build();
    let mut seen = Vec::new();
    let hooks =
        Hooks::new().add_memory(START + 0x10, 0x20).add_memory(START + 0x7f0, 0x20).add_memory(START + 0xff0, 0x10);
    let hooks = hooks.redact_with_overlap(0x20, |address, reason, bytes| {
        assert_eq!(reason, Reason::Requested);
        assert!(bytes == pattern(address, bytes.len() as u64));
        seen.push((address - START, bytes.len()));
        bytes.fill(0);
    });
    let (out, _) = hooked(&dump, "/m", hooks);
    assert_eq!(seen, [(0, 0x50), (0x7d0, 0x60), (0xfd0, 0x30)]);
    assert_eq!(Facts::of(&out).read(START + 0x10, 0x20), [0; 0x20]);
}

fn changes_outside_of_a_piece_are_ignored() {
    let memory = pattern(START, 0x200);
    let thread = Thread::new(1).stack(Stack::At(START, 0x100, 0)).context(Cpu::AMD64.context(0, START));
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(thread).memory(START, &memory).build();
    let hooks = Hooks::new().add_memory(START + 0x100, 0x100).redact(|_, reason, bytes| {
        if matches!(reason, Reason::Stack { .. }) {
            bytes.fill(0xaa);
        }
    });
    let (out, _) = hooked(&dump, "/m", hooks);
    assert_eq!(Facts::of(&out).read(START, 0x100), [0xaa; 0x100]);
    assert!(Facts::of(&out).read(START + 0x100, 0x100) == &memory[0x100..]);
}

/// A region may claim more bytes than there are addresses; without a redactor they are carried.
fn memory_that_passes_the_highest_address_is_redacted_too() {
    for (dump, start) in [(UserDump::wide(), u64::MAX - 0x7f), (UserDump::narrow(), 0xffff_ff80)] {
        let region = UserRegion::new(start, [b'7'; 0x100]);
        let source = dump.thread(UserThread { id: 1, ..UserThread::default() }).region(region).build();
        let (plain, _) = hooked(&source, "/f", Hooks::new());
        let digits = |bytes: &[u8]| bytes.windows(0x20).filter(|it| it.iter().all(|byte| *byte == b'7')).count();
        assert_eq!(digits(&plain), 0x100 - 0x1f);
        let (out, _) = hooked(&source, "/f", Hooks::new().redact(|_, _, bytes| bytes.fill(b'#')));
        assert_eq!((out.len(), digits(&out)), (plain.len(), 0));
        let (out, _) = hooked(&source, "/f", Hooks::new().redact(|_, _, _| {}));
        assert!(out == plain);
    }
}

fn blank_ranges_are_zero_and_counted() {
    let memory = pattern(START, 0x1000);
    let dump = Dump::new().system_info(Cpu::AMD64.linux()).thread(Thread::new(1)).flags(2);
    let dump = dump.memory64(START, &memory[..0x801]).memory64(START + 0x801, &memory[0x801..]).build();
    let (at, last) = (|offset: u64| START + offset, START + 0x1000);
    let blank =
        [at(0x10)..at(0x20), at(0x18)..at(0x21), at(0x7ff)..at(0x805), last - 1..last + 50, 0..START, at(9)..at(3)];
    for options in ["/mf", "/f", "/mw"] {
        let mut seen = Vec::new();
        let hooks = Hooks::new().blank(blank.clone()).redact(|_, _, bytes| seen.extend_from_slice(bytes));
        let (out, report) = hooked(&dump, options, hooks);
        assert_eq!(report.blanked_memory, 0x11 + 6 + 1, "{options}");
        let is_blank = |offset: u64| blank.iter().any(|range| range.contains(&at(offset)));
        let expected: Vec<u8> = (0..).zip(&memory).map(|(at, byte)| if is_blank(at) { 0 } else { *byte }).collect();
        assert!(out.windows(0x700).any(|it| it == &expected[..0x700]), "{options}");
        assert!(out.windows(0x700).any(|it| it == &expected[0x900..]), "{options}");
        assert!(seen.windows(0x700).any(|it| it == &expected[..0x700]), "{options}");
        let (again, report) = hooked(&dump, options, Hooks::new().blank(blank.clone()));
        assert!(again == out && report.blanked_memory == 0x18, "{options}");
    }
    let (_, report) = hooked(&dump, "/mf", Hooks::new());
    assert_eq!(report.blanked_memory, 0);
}

fn blank_addresses_of_narrow_targets_are_masked() {
    let dump = Dump::new().system_info(Cpu::X86.windows()).thread(Thread::new(1)).flags(2);
    let dump = dump.memory64(0xffff_ffff_a000_0000, pattern(0, 0x100)).build();
    for start in [0xffff_ffff_a000_0010_u64, 0xa000_0010] {
        let (out, report) = hooked(&dump, "/mf", Hooks::new().blank(std::iter::once(start..start + 0x10)));
        assert_eq!(report.blanked_memory, 0x10);
        assert_eq!(Facts::of(&out).read(0xffff_ffff_a000_0010, 0x10), [0; 0x10]);
    }
}
