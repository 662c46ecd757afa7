//! The parts of images that are kept for ARM64 and ARM: entries and records of every form, computed by hand from
//! Microsoft's description of `.pdata` and `.xdata`; and an ARM64 process with the answers of the debugger's engine.

use libtest_mimic::Trial;
use userdump::redump::Walk;

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::image::{CODE, SIGNATURE_AT, headers};
use crate::support::redumped::{Redumped, hex, parsed};
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, Module, Part, Stack, Thread};

use super::walk;

pub fn trials() -> Vec<Trial> {
    trials![unwind_data_of_arm64, unwind_data_of_arm, frames_of_arm64_are_those_of_the_debugger]
}

const IMAGE: u64 = 0x4000_0000;
const STACK: u64 = 0x10_0000;
/// The target of the instruction pointer, outside all code that is checked.
const HEAP: u64 = 0x3000_0000;
const TABLE_AT: usize = 0x3000;
const RECORDS_AT: u32 = 0x4000;
const SIZE: u64 = 0x6000;
/// The number of bytes that the debugger reads after a record.
const BEYOND: u64 = 32;
/// The amount of code that is kept to either side.
const REACH: u64 = 16;

/// A function: its start, the second word of its entry, and the words and the size of its record, if it has one.
struct Function {
    begin: u32,
    word: u32,
    record: Vec<u32>,
    size: u64,
}

const fn packed(begin: u32, word: u32) -> Function {
    Function { begin, word, record: Vec::new(), size: 0 }
}

/// A function with a record. The record's offset from the image follows from that of the function, so that each has
/// room.
fn with_record(begin: u32, record: &[u32], size: u64) -> Function {
    Function { begin, word: RECORDS_AT + begin - 0x1000, record: record.to_vec(), size }
}

/// A process whose stack has these words. `registers` are the last registers of the context; on ARM64 these are the
/// frame pointer, the link register, the stack pointer and the instruction pointer.
fn source(cpu: Cpu, machine: u16, functions: &[Function], words: &[u64], registers: &[u64]) -> Vec<u8> {
    let rights = 0x4000_0040;
    let sections =
        [(".text", 0x1000, 0x2000, CODE), (".pdata", 0x3000, 0x1000, rights), (".xdata", 0x4000, 0x2000, rights)];
    let mut image = headers(cpu, &sections);
    image.extend(pattern(IMAGE + 0x1000, SIZE - 0x1000));
    put(&mut image, SIGNATURE_AT + 4, &machine.to_le_bytes());
    put(&mut image, SIGNATURE_AT + 24 + 60, &0x400u32.to_le_bytes());
    let directories = SIGNATURE_AT + 24 + if cpu.word == 8 { 112 } else { 96 };
    put(&mut image, directories - 4, &16u32.to_le_bytes());
    put(&mut image, directories + 8 * 3, &(TABLE_AT as u32).to_le_bytes());
    put(&mut image, directories + 8 * 3 + 4, &(8 * functions.len() as u32).to_le_bytes());
    for (index, function) in functions.iter().enumerate() {
        put(&mut image, TABLE_AT + 8 * index, &function.begin.to_le_bytes());
        put(&mut image, TABLE_AT + 8 * index + 4, &function.word.to_le_bytes());
        for (at, word) in (function.word as usize..).step_by(4).zip(&function.record) {
            put(&mut image, at, &word.to_le_bytes());
        }
    }
    let stack: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()[..cpu.word].to_vec()).collect();
    let mut context = cpu.context(HEAP, STACK);
    for (place, register) in (0..=cpu.ip_at).rev().step_by(cpu.word).zip(registers.iter().rev()) {
        put(&mut context, place, &register.to_le_bytes()[..cpu.word]);
    }
    let row = |base, size, protect, kind| MemoryInfo { base, size, protect, kind, ..MemoryInfo::default() };
    Dump::new()
        .system_info(cpu.windows())
        .thread(Thread::new(7).stack(Stack::Listed(STACK, stack.len() as u32)).context(Part::from(context)))
        .module(Module::new(IMAGE, SIZE as u32, "a.dll"))
        .memory(STACK, stack)
        .memory(IMAGE, image)
        .memory(HEAP - 0x400, pattern(HEAP - 0x400, 0x800))
        .memory_info(row(STACK, 0x1000, 4, 0x2_0000))
        .memory_info(row(HEAP - 0x1000, 0x2000, 4, 0x2_0000))
        .memory_info(row(IMAGE, 0x1000, 2, 0x100_0000))
        .memory_info(row(IMAGE + 0x1000, 0x2000, 0x20, 0x100_0000))
        .memory_info(row(IMAGE + 0x3000, 0x3000, 2, 0x100_0000))
        .build()
}

/// Checks the ranges of the image in the result: headers, table, and records of the functions with these starts. Code
/// is kept around each pointer, and nowhere else.
fn assert_kept(source: &[u8], functions: &[Function], pointers: &[u64], wanted: &[u32]) {
    let records = functions.iter().filter(|function| wanted.contains(&function.begin) && function.size > 0);
    let records = records.map(|function| (IMAGE + u64::from(function.word), function.size + BEYOND));
    let table = (IMAGE + TABLE_AT as u64, 8 * functions.len() as u64);
    let mut expected: Vec<_> = records.chain([(IMAGE, 0x400), table]).collect();
    expected.sort_unstable();
    let out = Redumped::with(source, &parsed("/m").walk(Walk::Tables));
    let ranges = out.ranges().into_iter().filter(|(at, _)| (IMAGE..IMAGE + SIZE).contains(at));
    let is_code = |(at, _): &(u64, u64)| (IMAGE + 0x1000..IMAGE + TABLE_AT as u64).contains(at);
    let (code, kept): (Vec<_>, Vec<_>) = ranges.partition(is_code);
    assert_eq!(hex(&kept), hex(&expected));
    for pointer in pointers {
        // An instruction has at most four bytes.
        let has_it = |&(at, size): &(u64, u64)| at <= pointer - REACH + 4 && pointer + REACH <= at + size;
        assert!(code.iter().any(has_it), "{pointer:x} in {code:x?}");
    }
    assert_eq!(code.len(), pointers.len(), "{code:x?}");
    assert!(code.iter().all(|(_, size)| *size == 2 * REACH), "{code:x?}");
    // Without the preset nothing of the image is kept.
    let out = Redumped::with(source, &parsed("/m"));
    assert!(!out.ranges().iter().any(|(at, _)| (IMAGE..IMAGE + SIZE).contains(at)));
}

/// The first word of an ARM64 record: from bit 0 the length in words; bit 20: a handler follows; bit 21: the only
/// epilog is in the header; from bit 22 the number of epilogs, or the first code of the only one; from bit 27 the
/// number of words of codes.
const fn arm64(handler: u32, single: u32, epilogs: u32, codes: u32) -> u32 {
    0x10 | handler << 20 | single << 21 | epilogs << 22 | codes << 27
}

fn unwind_data_of_arm64() {
    let functions = [
        // Packed entries: the lowest bits are 1 for a function, 2 for a fragment of one.
        packed(0x1100, 1 | 0x10 << 2),
        packed(0x1200, 2 | 0x10 << 2),
        // A header, three words of codes, the handler.
        with_record(0x1300, &[arm64(1, 1, 2, 3)], 4 + 12 + 4),
        // A header, three epilog scopes, two words of codes.
        with_record(0x1400, &[arm64(0, 0, 3, 2)], 4 + 12 + 8),
        // A header of two words, two epilog scopes, 40 words of codes, the handler.
        with_record(0x1500, &[arm64(1, 0, 0, 0), 2 | 40 << 16], 8 + 8 + 160 + 4),
        // A header and one word of codes, where the epilog begins at 0.
        with_record(0x1600, &[arm64(0, 1, 0, 1)], 4 + 4),
        // No pointer leads into it.
        with_record(0x1700, &[arm64(0, 1, 0, 1)], 4 + 4),
        // Only the link register points into it.
        with_record(0x1800, &[arm64(0, 1, 0, 2)], 4 + 8),
        // The pointer into it is signed (pointer authentication).
        with_record(0x1900, &[arm64(0, 1, 0, 3)], 4 + 12),
        // Its last instruction is a call, so that the return address is the start of the next function.
        with_record(0x1a00, &[arm64(0, 1, 0, 4)], 4 + 16),
        with_record(0x1b00, &[arm64(0, 1, 0, 5)], 4 + 20),
        with_record(0x1c00, &[arm64(0, 1, 0, 1)], 4 + 4),
    ];
    const SIGNATURE: u64 = 0x55 << 48;
    let called = [0x1140, 0x1240, 0x1340, 0x1440, 0x1540, 0x1640, 0x1b00].map(|at| IMAGE + at);
    let (link, signed) = (IMAGE + 0x1840, IMAGE + 0x1940);
    // Small numbers and pointers to data of the image are ignored.
    let mut words = called.to_vec();
    words.extend([signed | SIGNATURE, 0, 0x1740, IMAGE + 0x3008, called[2], HEAP]);
    let source = source(Cpu::ARM64, 0xaa64, &functions, &words, &[link, STACK, HEAP]);
    let mut pointers = called.to_vec();
    pointers.extend([link, signed]);
    let wanted = [0x1100, 0x1200, 0x1300, 0x1400, 0x1500, 0x1600, 0x1800, 0x1900, 0x1a00, 0x1b00];
    assert_kept(&source, &functions, &pointers, &wanted);
}

/// Like [`arm64`], for an ARM record: bit 22: fragment of a function; from bit 23 the epilogs; from bit 28 the words of
/// codes.
const fn arm(handler: u32, single: u32, epilogs: u32, codes: u32) -> u32 {
    0x10 | handler << 20 | single << 21 | epilogs << 23 | codes << 28
}

fn unwind_data_of_arm() {
    // The lowest bit of an address marks Thumb code.
    let functions = [
        packed(0x1101, 1 | 0x10 << 2),
        Function { begin: 0x1301, word: RECORDS_AT, record: vec![arm(1, 1, 2, 3)], size: 4 + 12 + 4 },
        Function { begin: 0x1401, word: RECORDS_AT + 0x100, record: vec![arm(0, 0, 3, 2)], size: 4 + 12 + 8 },
        Function {
            begin: 0x1501,
            word: RECORDS_AT + 0x200,
            record: vec![arm(0, 0, 0, 0), 1 | 20 << 16],
            size: 8 + 4 + 80,
        },
        Function { begin: 0x1601, word: RECORDS_AT + 0x300, record: vec![arm(0, 1, 0, 1)], size: 4 + 4 },
        Function { begin: 0x1701, word: RECORDS_AT + 0x400, record: vec![arm(0, 1, 0, 2)], size: 4 + 8 },
    ];
    let words = [0x1141, 0x1341, 0x1441, 0x1541].map(|at| IMAGE + at);
    let source = source(Cpu::ARM, 0x1c4, &functions, &words, &[STACK, IMAGE + 0x1741, HEAP]);
    let pointers = [0x1140, 0x1340, 0x1440, 0x1540, 0x1740].map(|at| IMAGE + at);
    assert_kept(&source, &functions, &pointers, &[0x1101, 0x1301, 0x1401, 0x1501, 0x1701]);
}

/// What the engine of 2017 shows for the process below: stack pointers and return addresses. For the result of `/m` it
/// shows the first two, with the second return address 0, and for that of `--walk /m` all of them. The third one is not
/// in the chain of frame pointers.
const SHOWN: [(u64, u64); 5] = [
    (STACK, IMAGE + 0x1280),
    (STACK, IMAGE + 0x1380),
    (STACK + 0x30, IMAGE + 0x1480),
    (STACK + 0x50, IMAGE + 0x1580),
    (STACK + 0x90, 0),
];

fn frames_of_arm64_are_those_of_the_debugger() {
    // Codes from the lowest byte on: `str lr, [sp, #8]` and `sub sp, sp, #32`; `sub sp, sp, #32`, `mov fp, sp` and `stp
    // fp, lr, [sp, #-32]!`; the last two of these.
    let functions = [
        // Two saved registers, and a chained frame of 32 bytes below them.
        packed(0x1200, 1 | 0x40 << 2 | 2 << 16 | 3 << 21 | 3 << 23),
        with_record(0x1300, &[0x40 | 1 << 21 | 1 << 27, 0xe402_c1d2], 8),
        with_record(0x1400, &[0x40 | 1 << 20 | 1 << 21 | 1 << 27, 0xe483_e102, 0x2000], 12),
        with_record(0x1500, &[0x40, 1 | 1 << 16, 0x3d, 0xe3e4_83e1], 16),
    ];
    let words = [
        // The frame pointer of a frame other than the next one, and the saved link register.
        [STACK + 0x70, IMAGE + 0x1380],
        [0, 0],
        [0x1111, 0x2222],
        [0x33, IMAGE + 0x1480],
        [0, 0],
        [1, 2],
        [3, 4],
        [STACK + 0x90, IMAGE + 0x1580],
        [0, 0],
        [0, 0],
    ];
    // A function without an entry that has not called another one.
    let registers = [STACK, IMAGE + 0x1280, STACK, IMAGE + 0x1108];
    let source = source(Cpu::ARM64, 0xaa64, &functions, words.as_flattened(), &registers);
    let frames = |bytes: &[u8]| -> Vec<_> { walk(bytes)[&7].iter().map(|it| (it.stack, it.returns_to)).collect() };
    assert_eq!(hex(&frames(&source)), hex(&SHOWN));
    assert_eq!(hex(&frames(&Redumped::of(&source, "/m").bytes)), hex(&[SHOWN[0], (STACK, 0)]));
    let out = Redumped::with(&source, &parsed("/m").walk(Walk::Tables));
    assert_eq!(hex(&frames(&out.bytes)), hex(&SHOWN));
}
