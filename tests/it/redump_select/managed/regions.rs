//! Memory outside of images, by its description.

use libtest_mimic::Trial;
use userdump::redump::{Hooks, Managed, Reason, Redump, Report, Undecided, Walk};

use super::process::*;
use crate::programs::Folder;
use crate::support::cpu::{Cpu, pattern};
use crate::support::redumped::{Redumped, hex, parsed};
use crate::support::trials;
use crate::synth::{Dump, FunctionTable, MemoryInfo, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        mapped_memory_counts_if_it_is_written_or_run,
        private_memory_counts_if_it_can_be_accessed,
        reservations_with_stacks_are_left_out,
        what_a_collector_reserved_is_its_heap,
        images_that_no_list_has_are_found_where_they_are_mapped,
        addresses_of_32_bits_are_sign_extended_or_not,
        memory_without_an_entry_is_kept_and_reported,
        unknown_protections_are_reported,
        unknown_reservations_are_reported,
        full_memory_is_recognised_by_flags,
        the_program_tells_what_is_not_there_or_undecided,
        a_source_without_full_memory_keeps_all_but_stacks,
        the_stack_of_a_thread_that_is_left_out_stays_out,
        code_of_mono_is_kept_by_its_function_tables,
    ]
}

const PRIVATE: u32 = 0x2_0000;
const MAPPED: u32 = 0x4_0000;
const IMAGE: u32 = 0x100_0000;

fn of_mapped(reason: Reason) -> bool {
    reason == Reason::RuntimeMappedMemory
}

fn of_private(reason: Reason) -> bool {
    reason == Reason::RuntimePrivateMemory
}

/// A process with one page for each entry.
fn with_rows(rows: &[MemoryInfo]) -> Dump {
    rows.iter().fold(Process::new(Cpu::AMD64).dump(), |dump, row| {
        dump.memory(row.base, pattern(row.base, 0x1000)).memory_info(row.clone())
    })
}

fn report(source: &[u8], detail: Managed) -> Report {
    Redumped::once(source, &managed("/m", detail)).report
}

/// Checks which of the regions are completely kept for the reason.
fn assert_kept(rows: &[(MemoryInfo, bool)], is_wanted: fn(Reason) -> bool) {
    for (row, is_kept) in rows {
        let source = with_rows(std::slice::from_ref(row)).build();
        let found = selected(&source, &managed("/m", Managed::Stacks), is_wanted);
        let found: Vec<_> = found.into_iter().filter(|(at, _)| *at == row.base).collect();
        let expected: Vec<_> = is_kept.then_some((row.base, 0x1000)).into_iter().collect();
        assert_eq!(hex(&found), hex(&expected), "{row:x?}");
        assert_eq!(report(&source, Managed::Stacks).undecided, []);
    }
}

const AT: u64 = 0x1000_0000;

fn mapped_memory_counts_if_it_is_written_or_run() {
    let rows = [(2, false), (4, true), (8, true), (0x10, true), (0x20, true), (0x40, true), (0x80, true), (1, false)];
    let rows = rows.into_iter().chain([(0x104, false), (0x120, false)]);
    let rows: Vec<_> = rows.map(|(protect, is_kept)| (row(AT, 0x1000, protect, MAPPED), is_kept)).collect();
    assert_kept(&rows, of_mapped);
    // Neither memory of a module, nor an image that is in no list.
    assert_kept(&[(row(AT, 0x1000, 0x20, IMAGE), false), (row(AT, 0x1000, 4, PRIVATE), false)], of_mapped);
    let source = with_rows(&[row(PLAIN + 0x1000, 0x1000, 0x40, MAPPED)]).build();
    assert_eq!(selected(&source, &managed("/m", Managed::Stacks), of_mapped), []);
}

fn private_memory_counts_if_it_can_be_accessed() {
    let rows = [(2, true), (4, true), (0x20, true), (0x40, true), (1, false), (0x104, false), (0x140, false)];
    let rows: Vec<_> = rows.map(|(protect, is_kept)| (row(AT, 0x1000, protect, PRIVATE), is_kept)).to_vec();
    assert_kept(&rows, of_private);
    // Memory whose entry says free or reserved had been committed when its bytes were read.
    let state = |state, kind| MemoryInfo { state, protect: 0, ..row(AT, 0x1000, 0, kind) };
    assert_kept(&[(state(0x2000, PRIVATE), true), (state(0x1_0000, 0), true)], of_private);
    assert_kept(&[(row(AT, 0x1000, 4, IMAGE), false), (row(AT, 0x1000, 4, MAPPED), false)], of_private);
}

/// The committed part below the stack pointer, and another part of the same reservation.
fn reservations_with_stacks_are_left_out() {
    let other = MemoryInfo { allocation_base: STACK, ..row(STACK + 0x8000, 0x1000, 4, PRIVATE) };
    let elsewhere = row(STACK + 0x9000, 0x1000, 4, PRIVATE);
    let source = with_rows(&[other, elsewhere]).build();
    let found = selected(&source, &managed("/m", Managed::Heap), |it| of_private(it) || it == Reason::ManagedHeap);
    let found: Vec<_> = found.into_iter().filter(|(at, _)| at >> 16 == STACK >> 16).collect();
    assert_eq!(hex(&found), hex(&[(STACK + 0x9000, 0x1000)]));
}

fn what_a_collector_reserved_is_its_heap() {
    for (reserved, is_heap) in [(0xffff_e000u64, false), (0xffff_f000, true), (0x40_0000_0000, true)] {
        let base = 0x10_0000_0000;
        let part = |at, size, state, protect| MemoryInfo {
            state,
            allocation_base: base,
            ..row(base + at, size, protect, PRIVATE)
        };
        let dump = Process::new(Cpu::AMD64)
            .dump()
            .memory(base, pattern(base, 0x1000))
            .memory_info(part(0, 0x1000, 0x1000, 4))
            .memory_info(part(0x1000, reserved, 0x2000, 0));
        let source = dump.build();
        let heap = |it| it == Reason::ManagedHeap;
        let in_it = |found: Vec<(u64, u64)>| found.into_iter().filter(|it| it.0 >= base).collect::<Vec<_>>();
        let all = vec![(base, 0x1000)];
        let none: Vec<(u64, u64)> = Vec::new();
        for detail in [Managed::Stacks, Managed::Heap] {
            let options = managed("/m", detail);
            let expected = if is_heap && detail == Managed::Heap { &all } else { &none };
            assert_eq!(&in_it(selected(&source, &options, heap)), expected, "{reserved:#x} {detail:?}");
            let expected = if is_heap { &none } else { &all };
            assert_eq!(&in_it(selected(&source, &options, of_private)), expected, "{reserved:#x} {detail:?}");
        }
    }
}

/// Images in memory layout and in file layout. Data with a directory that does not lead anywhere is not taken.
fn images_that_no_list_has_are_found_where_they_are_mapped() {
    let loaded = with_managed_code(Cpu::AMD64, image(Cpu::AMD64, OTHER));
    let below = 0xc00;
    let flat = as_file(Cpu::AMD64, &loaded, below);
    let plain = image(Cpu::AMD64, OTHER);
    let needed = |below: u64| {
        let at = OTHER - below;
        vec![(OTHER, 0x1000), (at + HEADER_AT as u64, 72), (at + 0x1200, 0x88), (at + NATIVE_AT as u64, 56)]
    };
    for (image, kind, expected) in [
        // The headers do not give their size, so a page is taken; the data section is writable.
        (&loaded, IMAGE, [needed(0), vec![(OTHER + 0x3000, 0x1000), (OTHER + 0x5000, 0x1000)]].concat()),
        (&flat, MAPPED, needed(below as u64)),
        (&plain, IMAGE, vec![]),
        (&plain, MAPPED, vec![]),
    ] {
        let dump = Process::new(Cpu::AMD64).dump().memory(OTHER, image);
        let source = if kind == IMAGE {
            rows_of_image(dump, OTHER)
        } else {
            dump.memory_info(row(OTHER, image.len() as u64, 2, MAPPED))
        };
        let found = selected(&source.build(), &managed("/m", Managed::Stacks), of_mapped);
        let expected = united(expected);
        assert_eq!(hex(&found), hex(&expected), "{kind:#x}");
    }
}

/// Windows sign-extends addresses above 2 GiB, others zero-extend them.
fn addresses_of_32_bits_are_sign_extended_or_not() {
    const HIGH: u64 = 0x9000_0000;
    let loaded = with_managed_code(Cpu::X86, image(Cpu::X86, HIGH));
    let high = |address: u64| address | 0xffff_ffff_0000_0000;
    for extended in [HIGH, high(HIGH)] {
        let heap = extended + 0x10_0000;
        let dump = Process::new(Cpu::X86).dump().memory(extended, &loaded).memory(heap, pattern(heap, 0x1000));
        let source = rows_of_image(dump, extended).memory_info(row(heap, 0x1000, 4, PRIVATE)).build();
        let options = managed("/m", Managed::Stacks);
        let found = selected(&source, &options, of_mapped);
        assert!(found.contains(&(HIGH + 0x3000, 0x1000)) && found.contains(&(HIGH + 0x1200, 0x88)), "{}", hex(&found));
        assert!(selected(&source, &options, of_private).contains(&(HIGH + 0x10_0000, 0x1000)));
    }
}

fn memory_without_an_entry_is_kept_and_reported() {
    // A page of which only half has an entry.
    let half = MemoryInfo { size: 0x800, ..row(AT, 0x800, 1, PRIVATE) };
    let source = with_rows(&[half]).build();
    let found = selected(&source, &managed("/m", Managed::Stacks), of_private);
    assert!(found.contains(&(AT + 0x800, 0x800)), "{}", hex(&found));
    assert_eq!(report(&source, Managed::Stacks).undecided, [Undecided::Undescribed(0x800)]);
    let line = "what 2048 bytes without a region are: they are kept";
    assert_eq!(Undecided::Undescribed(0x800).to_string(), line);
    // Without entries, everything except stacks and images is taken. The environment block has 24 bytes.
    let process = Process { has_rows: false, ..Process::new(Cpu::AMD64) };
    let source = process.dump().memory(AT, pattern(AT, 0x1000)).build();
    let found = selected(&source, &managed("/m", Managed::Stacks), of_private);
    assert_eq!(hex(&found), hex(&[(AT, 0x1000), (0x3800_0000, 24)]));
    assert_eq!(report(&source, Managed::Stacks).undecided, [Undecided::Undescribed(0x1018)]);
}

fn unknown_protections_are_reported() {
    let process = Process { has_rows: false, ..Process::new(Cpu::AMD64) };
    let dump = process.dump().memory(AT, pattern(AT, 0x1000)).memory_info(row(AT, 0x1000, 0, MAPPED));
    let source = dump.build();
    let found = selected(&source, &managed("/m", Managed::Stacks), of_mapped);
    assert_eq!(hex(&found), hex(&[(AT, 0x1000)]));
    assert!(report(&source, Managed::Stacks).undecided.contains(&Undecided::Protections));
    assert!(Undecided::Protections.to_string().contains("protection"));
}

/// As in a full user dump, which has entries for its memory only.
fn unknown_reservations_are_reported() {
    let process = Process { has_rows: false, ..Process::new(Cpu::AMD64) };
    let dump = process.dump().memory(AT, pattern(AT, 0x1000)).memory_info(row(AT, 0x1000, 0x40, PRIVATE));
    let source = dump.build();
    let undecided = |detail| report(&source, detail).undecided;
    assert!(undecided(Managed::Stacks).contains(&Undecided::Reservations));
    assert!(!undecided(Managed::Heap).contains(&Undecided::Reservations));
    assert!(Undecided::Reservations.to_string().contains("heap"));
    let reserved = MemoryInfo { state: 0x2000, ..row(AT + 0x1000, 0x1000, 0, PRIVATE) };
    let dump = process.dump().memory_info(row(AT, 0x1000, 0x40, PRIVATE)).memory_info(reserved);
    assert!(!report(&dump.build(), Managed::Stacks).undecided.contains(&Undecided::Reservations));
}

/// Compressed memory has its own flag, combined with the one for skipping inaccessible memory.
fn full_memory_is_recognised_by_flags() {
    for (flags, is_full) in [(2, true), (0, false), (0x402_0000, true), (0x400_0000, false), (0x2_0000, false)] {
        let source = Process { flags, ..Process::new(Cpu::AMD64) }.dump().build();
        let found = selected(&source, &managed("/m", Managed::Stacks), |it| it == Reason::SourceMemory);
        assert_eq!(found.is_empty(), is_full, "{flags:#x}");
    }
}

fn the_program_tells_what_is_not_there_or_undecided() {
    let process = Process { has_rows: false, ..Process::new(Cpu::AMD64) };
    let undescribed = process.dump().build();
    let other = Process { runtime: "other.dll", ..Process::new(Cpu::AMD64) }.dump().build();
    let folder = Folder::with(&[("undescribed.dmp", &undescribed), ("other.dmp", &other)]);
    let lines = |source: &str| {
        let printed = folder.redump(&["/o", "/m", "--managed", source, &format!("{source}.out")]);
        printed.lines().map(crate::programs::words).collect::<Vec<_>>()
    };
    let undecided = "undecided what 24 bytes without a region are: they are kept".to_owned();
    assert!(lines("undescribed.dmp").contains(&undecided), "{:?}", lines("undescribed.dmp"));
    let other = lines("other.dmp");
    let absent = other
        .iter()
        .skip_while(|line| !line.starts_with("missing "))
        .position(|line| line.ends_with("a .NET or Mono runtime"));
    assert!(absent.is_some() && !other.iter().any(|line| line.starts_with("undecided")), "{other:?}");
}

fn a_source_without_full_memory_keeps_all_but_stacks() {
    let row = row(AT, 0x1000, 1, PRIVATE);
    let source = Process { flags: 0, ..Process::new(Cpu::AMD64) }.dump();
    let source = source.memory(AT, pattern(AT, 0x1000)).memory_info(row).build();
    for detail in [Managed::Stacks, Managed::Heap] {
        let options = managed("/m", detail);
        let expected = [
            (AT, 0x1000),
            (0x3800_0000, 24),
            (RUNTIME, u64::from(SIZE)),
            (MANAGED, u64::from(SIZE)),
            (PLAIN, u64::from(SIZE)),
        ];
        assert_eq!(hex(&selected(&source, &options, |it| it == Reason::SourceMemory)), hex(&expected));
        // The stack follows its own rule, from the stack pointer on.
        let stack = (STACK_POINTER, STACK_BASE - STACK_POINTER);
        let expected = [&expected[..1], &[stack], &expected[1..]].concat();
        let out = Redumped::with(&source, &options);
        assert_eq!(hex(&out.ranges()), hex(&expected));
        assert_eq!(out.report.undecided, []);
    }
}

fn the_stack_of_a_thread_that_is_left_out_stays_out() {
    const SECOND: u64 = 0x3100_0000;
    for flags in [0, 2] {
        let thread = Thread::new(8).stack(Stack::Listed(SECOND + 0x800, 0x800));
        let thread = thread.context(Cpu::AMD64.context(0x10, SECOND + 0x800));
        let dump = Process { flags, ..Process::new(Cpu::AMD64) }.dump().thread(thread);
        let source = dump.memory(SECOND, pattern(SECOND, 0x1000)).memory_info(row(SECOND, 0x1000, 4, PRIVATE)).build();
        let dump = userdump::Dump::parse(&source).unwrap();
        let hooks = Hooks::new().keep_threads(|thread| thread.id() == 7);
        let redump = Redump::with_hooks(&dump, &managed("/m", Managed::Heap), hooks).unwrap();
        let in_stack = redump.selected_memory().filter(|it| (SECOND + 0x800..SECOND + 0x1000).contains(&it.address));
        assert_eq!(in_stack.count(), 0, "{flags}");
    }
}

/// In a reservation as large as that of a garbage collector, where no other clause applies.
fn code_of_mono_is_kept_by_its_function_tables() {
    let base = 0x10_0000_0000;
    for (runtime, is_kept) in [("mono-2.0-bdwgc.dll", true), ("mono-2.0-sgen.dll", true), ("coreclr.dll", false)] {
        let table = FunctionTable {
            minimum: base + 0x200,
            maximum: base + 0x600,
            base,
            entry_size: 12,
            entries: words(&[0x200, 0x300, 0x900]),
            ..FunctionTable::default()
        };
        let part = |at, size, state, protect| MemoryInfo {
            state,
            allocation_base: base,
            ..row(base + at, size, protect, PRIVATE)
        };
        let dump = Process { runtime, ..Process::new(Cpu::AMD64) }.dump();
        let source = dump
            .function_table(table)
            .memory(base, pattern(base, 0x1000))
            .memory_info(part(0, 0x1000, 0x1000, 0x40))
            .memory_info(part(0x1000, 0x1_0000_0000, 0x2000, 0))
            .build();
        let options = managed("/m", Managed::Stacks);
        let expected: Vec<_> = is_kept.then_some((base + 0x200, 0x400)).into_iter().collect();
        assert_eq!(hex(&selected(&source, &options, |it| it == Reason::GeneratedCode)), hex(&expected), "{runtime}");
        // Its data is taken as for any runtime.
        let data = selected(&source, &options, |it| matches!(it, Reason::RuntimeData { .. }));
        assert_eq!(hex(&data), hex(&[(RUNTIME + 0x2000, 0x4000)]));
        let walk = parsed("/m").walk(Walk::Tables);
        assert_eq!(selected(&source, &walk, |it| it == Reason::GeneratedCode), []);
    }
}
