//! Unwind data of generated code, which function tables refer to.

use libtest_mimic::Trial;
use userdump::redump::Reason;

use crate::support::cpu::{Cpu, put};
use crate::support::redumped::{Redumped, hex};
use crate::support::{Shared, trials};
use crate::synth::{Dump, FunctionTable};

pub fn trials() -> Vec<Trial> {
    trials![
        of_the_cases,
        of_a_public_dump,
        data_of_amd64_has_the_size_that_its_header_tells,
        data_of_arm_has_the_size_that_its_header_tells,
        data_is_clipped_to_what_is_there,
        chains_are_followed_to_their_end_and_not_in_circles,
        an_odd_entry_leads_to_another_entry,
        a_filtered_result_has_nothing_but_unwind_data,
        packed_and_short_entries_lead_nowhere,
    ]
}

const BASE: u64 = 0x2000_0000;

/// Memory at `BASE`, and functions whose unwind data is at these offsets from it.
fn dump(cpu: Cpu, memory: &[u8], entries: &[u32]) -> Dump {
    let words = |&unwind: &u32| match cpu.architecture {
        9 => vec![0x100, 0x140, unwind],
        _ => vec![0x100, unwind],
    };
    let entries: Vec<u8> = entries.iter().flat_map(words).flat_map(u32::to_le_bytes).collect();
    let entry_size = if cpu.architecture == 9 { 12 } else { 8 };
    let table = FunctionTable { base: BASE, entry_size, entries, ..FunctionTable::default() };
    Dump::new().system_info(cpu.windows()).function_table(table).memory(BASE, memory)
}

/// Checks which ranges are kept, with the bytes of the source.
fn assert_kept(cpu: Cpu, memory: &[u8], entries: &[u32], options: &str, expected: &[(u64, u64)]) {
    let out = Redumped::of(&dump(cpu, memory, entries).build(), options);
    assert_eq!(hex(&out.ranges()), hex(expected), "{entries:x?} {options}");
    for range in out.facts().ranges() {
        let at = (range.address - BASE) as usize;
        assert!(range.bytes.0 == &memory[at..at + range.bytes.0.len()], "{entries:x?} {options}");
    }
    assert!(out.faults().is_empty());
}

/// From `cases.tsv`, which lists what the engine keeps and what it loses.
fn of_the_cases(shared: &Shared) {
    let whole = [
        (0x2000_8000, 4),
        (0x2000_8100, 6),
        (0x2000_8200, 8),
        (0x2000_8300, 10),
        (0x2000_8400, 20),
        (0x2000_8500, 20),
        (0x2000_8600, 12),
        (0x2000_8700, 24),
        (0x2000_8900, 8),
    ];
    for (case, expected) in [
        ("jit-function-table", &whole[..]),
        ("jit-chained", &[(0x2000_8500, 20), (0x2000_8900, 8)]),
        ("jit-tight-ranges", &whole[..4]),
    ] {
        let source = shared.read(&format!("cases/{case}.dmp"));
        for options in ["/m", "/mp", "/mr", "/mrR", "/ms"] {
            let out = Redumped::twice(&source, &options.parse().unwrap());
            let found: Vec<_> = out.ranges().into_iter().filter(|(at, _)| at >> 16 == 0x2000).collect();
            assert_eq!(hex(&found), hex(expected), "{case} {options}");
        }
    }
}

/// Six functions in three tables; the engine keeps the data of all.
fn of_a_public_dump(shared: &Shared) {
    let source = shared.read("corpus/real/sentry-native-windows.dmp");
    let wanted = [
        (0x7ff4_fde9_2030, 10),
        (0x7ff4_fde9_203c, 10),
        (0x7ff4_fde9_2048, 10),
        (0x7ff4_fde9_2054, 10),
        (0x81_000c, 8),
        (0x82_000c, 8),
    ];
    for options in ["/m", "/mr", "/ms"] {
        let out = Redumped::twice(&source, &options.parse().unwrap());
        let (facts, before) = (out.facts(), userdump::Dump::parse(&source).unwrap().memory());
        for (address, size) in wanted {
            let ranges = facts.ranges();
            let range = ranges.iter().find(|it| it.address <= address && address + size <= it.address + it.size);
            let range = range.unwrap_or_else(|| panic!("{options}: {address:#x} is missing"));
            let mut bytes = vec![0; size as usize];
            assert_eq!(before.read(address, &mut bytes), bytes.len());
            assert!(range.bytes.0[(address - range.address) as usize..].starts_with(&bytes), "{address:#x}");
        }
    }
}

/// Version 1, these flags and this number of codes.
fn info(flags: u8, codes: u8) -> [u8; 4] {
    [1 | flags << 3, 0, codes, 0]
}

/// By the measured rule of the engine: the codes, and with flags an even number of them plus 8 or 12 bytes.
fn data_of_amd64_has_the_size_that_its_header_tells() {
    for codes in [0u8, 1, 2, 3, 4, 77, 254, 255] {
        let even = u64::from(codes) + u64::from(codes % 2);
        for (flags, size) in [
            (0, 4 + 2 * u64::from(codes)),
            (1, 12 + 2 * even),
            (2, 12 + 2 * even),
            (3, 12 + 2 * even),
            // The chained data has no bytes in the dump.
            (4, 16 + 2 * even),
        ] {
            let mut memory = vec![0xff; 0x1000];
            put(&mut memory, 0x80, &info(flags, codes));
            for options in ["/m", "/mr", "/ms"] {
                assert_kept(Cpu::AMD64, &memory, &[0x80], options, &[(BASE + 0x80, size)]);
            }
        }
    }
}

/// By Microsoft's description of `.xdata`.
fn data_of_arm_has_the_size_that_its_header_tells() {
    let header = |cpu: Cpu, epilogs: u32, codes: u32, single: u32, handler: u32| {
        let counts = if cpu.is_arm() { epilogs << 23 | codes << 28 } else { epilogs << 22 | codes << 27 };
        0x123 | handler << 20 | single << 21 | counts
    };
    for cpu in [Cpu::ARM, Cpu::ARM64] {
        for (epilogs, codes, single, handler, words) in [
            (0, 1, 0, 0, 2u64),
            (1, 1, 0, 0, 3),
            (1, 1, 1, 0, 2),
            (0, 1, 0, 1, 3),
            (31, 15, 0, 1, 48),
            (31, 15, 1, 1, 17),
            (5, 0, 0, 0, 6),
        ] {
            let mut memory = vec![0xee; 0x1000];
            put(&mut memory, 0x80, &header(cpu, epilogs, codes, single, handler).to_le_bytes());
            for options in ["/m", "/mr"] {
                assert_kept(cpu, &memory, &[0x80], options, &[(BASE + 0x80, 4 * words)]);
            }
        }
        // With a second header word for larger numbers.
        let mut memory = vec![0xee; 0x1000];
        put(&mut memory, 0x80, &header(cpu, 0, 0, 0, 1).to_le_bytes());
        put(&mut memory, 0x84, &(40 | 60u32 << 16).to_le_bytes());
        assert_kept(cpu, &memory, &[0x80], "/m", &[(BASE + 0x80, 4 * (2 + 40 + 60 + 1))]);
    }
}

fn data_is_clipped_to_what_is_there() {
    for size in [1, 3, 4, 9, 15, 16, 17] {
        let mut memory = vec![0; 0x40];
        memory.extend_from_slice(&info(4, 0));
        memory.extend_from_slice(&[0; 12]);
        memory.truncate(0x40 + size);
        assert_kept(Cpu::AMD64, &memory, &[0x40], "/m", &[(BASE + 0x40, size.min(16) as u64)]);
    }
    assert_kept(Cpu::AMD64, &[0; 0x40], &[0x40, 0xffff_fff0], "/m", &[]);
}

/// Writes a record with two codes that is chained to another one.
fn chain(memory: &mut [u8], at: usize, next: u32) {
    put(memory, at, &info(4, 2));
    put(memory, at + 16, &next.to_le_bytes());
}

fn chains_are_followed_to_their_end_and_not_in_circles() {
    let mut memory = vec![0; 0x4000];
    (0..8).for_each(|number| chain(&mut memory, 0x100 * number, 0x100 * (number as u32 + 1)));
    put(&mut memory, 0x800, &info(0, 3));
    let links: Vec<_> = (0..8).map(|number| (BASE + 0x100 * number, 20)).chain([(BASE + 0x800, 10)]).collect();
    for options in ["/m", "/mr", "/ms"] {
        assert_kept(Cpu::AMD64, &memory, &[0], options, &links);
        assert_kept(Cpu::AMD64, &memory, &[0x500, 0, 0x500], options, &links);
        assert_kept(Cpu::AMD64, &memory, &[0x600], options, &links[6..]);
    }
    // Circles: one through all records, and a record that is chained to itself.
    chain(&mut memory, 0x800, 0);
    let circle: Vec<_> = (0..9).map(|number| (BASE + 0x100 * number, 20)).collect();
    assert_kept(Cpu::AMD64, &memory, &[0x300], "/m", &circle);
    chain(&mut memory, 0x1000, 0x1000);
    assert_kept(Cpu::AMD64, &memory, &[0x1000], "/m", &[(BASE + 0x1000, 20)]);
    // Windows follows 32 links.
    (0..64).for_each(|number| chain(&mut memory, 0x40 * number, 0x40 * (number as u32 + 1)));
    let links: Vec<_> = (0..33).map(|number| (BASE + 0x40 * number, 20)).collect();
    assert_kept(Cpu::AMD64, &memory, &[0], "/m", &links);
}

fn an_odd_entry_leads_to_another_entry() {
    let mut memory = vec![0; 0x1000];
    put(&mut memory, 0x208, &0x400u32.to_le_bytes());
    put(&mut memory, 0x400, &info(0, 1));
    for options in ["/m", "/mr"] {
        assert_kept(Cpu::AMD64, &memory, &[0x201], options, &[(BASE + 0x200, 12), (BASE + 0x400, 6)]);
    }
    put(&mut memory, 0x400, &[0]);
    assert_kept(Cpu::AMD64, &memory, &[0x201], "/m", &[(BASE + 0x200, 12)]);
    assert_kept(Cpu::AMD64, &memory, &[0x201], "/mr", &[]);
}

/// Without `r`, whatever a table refers to is kept, as the engine does.
fn a_filtered_result_has_nothing_but_unwind_data() {
    for text in ["secret text", "C:\\Users\\anna", "\"quoted\"", "MZ\u{90}", "\u{4}\u{1}\u{1}\u{1}"] {
        let mut memory = vec![0; 0x1000];
        put(&mut memory, 0x100, text.as_bytes());
        let is_info = (1..=3).contains(&(text.as_bytes()[0] & 7)) && text.as_bytes()[0] >> 3 <= 4;
        let out = Redumped::of(&dump(Cpu::AMD64, &memory, &[0x100]).build(), "/m");
        assert_eq!(out.ranges().len(), 1, "{text}");
        for options in ["/mr", "/mR", "/ms", "/mrR"] {
            let out = Redumped::of(&dump(Cpu::AMD64, &memory, &[0x100]).build(), options);
            assert_eq!(out.ranges().len(), usize::from(is_info), "{text} {options}");
        }
    }
    // The kept bytes are counted because they are in no module.
    let mut memory = vec![0; 0x1000];
    put(&mut memory, 0x100, &info(1, 1));
    let out = Redumped::of(&dump(Cpu::AMD64, &memory, &[0x100]).build(), "/mr");
    assert_eq!(out.report.unfiltered_memory, 16);
    assert_eq!((Reason::UnwindData.kind(), Reason::UnwindData.to_string().as_str()), ("unwind data", "unwind data"));
}

fn packed_and_short_entries_lead_nowhere() {
    for cpu in [Cpu::ARM, Cpu::ARM64] {
        assert_kept(cpu, &[0; 0x1000], &[0, 0x101, 0x102, 0x103], "/m", &[]);
    }
    for (entry_size, cpu) in [(0, Cpu::AMD64), (4, Cpu::ARM64), (8, Cpu::AMD64), (12, Cpu::X86)] {
        let table = FunctionTable { base: BASE, entry_size, entries: vec![0; 2 * entry_size], ..Default::default() };
        let dump = Dump::new().system_info(cpu.windows()).function_table(table).memory(BASE, [1; 0x100]);
        Redumped::of(&dump.build(), "/m").assert_memory(&[]);
    }
}
