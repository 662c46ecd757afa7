//! Memory needed to walk stacks without the binaries: tables of images, and code around the targets of stack words.

use libtest_mimic::Trial;
use userdump::redump::{Options, Reason, Redump, Walk};

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::image::{CODE, DATA, SIGNATURE_AT, headers};
use crate::support::redumped::{Redumped, hex, parsed};
use crate::support::trials;
use crate::synth::{Dump, MemoryInfo, Module, Part, Stack, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        tables_and_code_of_images_that_stacks_point_into_are_taken,
        an_image_for_x86_has_no_tables_and_more_code,
        names_are_those_of_exported_functions,
        where_nothing_describes_memory_code_may_be_anywhere,
        a_filtered_result_has_code_and_tables_of_images_only,
        exception_frames_of_elf_images_are_taken_to_their_end,
        broken_exception_frames_end_where_they_break,
    ]
}

const IMAGE: u64 = 0x4000_0000;
const OTHER_IMAGE: u64 = 0x4800_0000;
const STACK: u64 = 0x10_0000;
/// Executable memory outside all modules.
const GENERATED: u64 = 0x2000_0000;
const HEAP: u64 = 0x3000_0000;
const RETURNED_TO: u64 = IMAGE + 0x1480;
const CHAINED: u64 = IMAGE + 0x1680;
const CALLED: u64 = GENERATED + 0x180;

const TABLE_AT: usize = 0x2000;
const DATA_AT: usize = 0x2200;
const CHAIN_AT: usize = 0x2280;
const EXPORTS_AT: usize = 0x2400;

/// An image with code, tables, and writable data.
fn image(cpu: Cpu) -> Vec<u8> {
    let machine: u16 = if cpu == Cpu::AMD64 { 0x8664 } else { 0x14c };
    let constants = (".rdata", 0x2000, 0x1000, 0x4000_0040);
    let mut image = headers(cpu, &[(".text", 0x1000, 0x1000, CODE), constants, (".data", 0x3000, 0x1000, DATA)]);
    image.extend(pattern(0x1000, 0x3000));
    put(&mut image, SIGNATURE_AT + 4, &machine.to_le_bytes());
    // SizeOfHeaders, and the data directory after its number of entries.
    put(&mut image, SIGNATURE_AT + 24 + 60, &0x400u32.to_le_bytes());
    let directories = SIGNATURE_AT + 24 + if cpu.word == 8 { 112 } else { 96 };
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    put(&mut image, directories - 4, &words(&[16]));
    put(&mut image, directories, &words(&[EXPORTS_AT as u32, 0x60]));
    if cpu == Cpu::AMD64 {
        put(&mut image, directories + 8 * 3, &words(&[TABLE_AT as u32, 3 * 12]));
        // No stack word points into the third function; the second one is chained to a function without an entry.
        let (data, chain) = (DATA_AT as u32, CHAIN_AT as u32);
        let entries = [0x1400, 0x1500, data, 0x1600, 0x1700, chain, 0x1800, 0x1900, data + 0x40];
        put(&mut image, TABLE_AT, &words(&entries));
        put(&mut image, DATA_AT, &[1, 0, 2, 0]);
        put(&mut image, CHAIN_AT, &[1 | 4 << 3, 0, 0, 0]);
        put(&mut image, CHAIN_AT + 4, &words(&[0x1000, 0x1100, CHAIN_AT as u32 + 0x80]));
        put(&mut image, CHAIN_AT + 0x80, &[1, 0, 0, 0]);
        put(&mut image, DATA_AT + 0x40, &[1, 0, 0, 0]);
    }
    image
}

/// Words that point to code of an image, to its data, to generated code, to other memory, and to nothing.
const WORDS: [u64; 7] = [RETURNED_TO, IMAGE + 0x3080, CALLED, HEAP + 0x80, CHAINED, 0x10, RETURNED_TO];

fn source(cpu: Cpu, is_described: bool) -> Dump {
    let words: Vec<u8> = WORDS.iter().flat_map(|word| word.to_le_bytes()[..cpu.word].to_vec()).collect();
    let thread = Thread::new(7).stack(Stack::stored(STACK, words)).context(Part::from(cpu.context(HEAP, STACK)));
    let row = |base, size, protect, kind| MemoryInfo { base, size, protect, kind, ..MemoryInfo::default() };
    let dump = Dump::new()
        .system_info(cpu.windows())
        .thread(thread)
        .module(Module::new(IMAGE, 0x4000, "a.dll"))
        .module(Module::new(OTHER_IMAGE, 0x4000, "b.dll"))
        .memory(IMAGE, image(cpu))
        .memory(OTHER_IMAGE, image(cpu))
        .memory(GENERATED, pattern(GENERATED, 0x1000))
        .memory(HEAP, pattern(HEAP, 0x1000));
    if !is_described {
        return dump;
    }
    dump.memory_info(row(STACK, 0x1000, 4, 0x2_0000))
        .memory_info(row(GENERATED, 0x1000, 0x20, 0x2_0000))
        .memory_info(row(HEAP, 0x1000, 4, 0x2_0000))
        .memory_info(row(IMAGE, 0x1000, 2, 0x100_0000))
        .memory_info(row(IMAGE + 0x1000, 0x1000, 0x20, 0x100_0000))
        .memory_info(row(IMAGE + 0x2000, 0x1000, 2, 0x100_0000))
        .memory_info(row(IMAGE + 0x3000, 0x1000, 8, 0x100_0000))
}

fn walking(options: &str, walk: Walk) -> Options {
    parsed(options).walk(walk)
}

/// The ranges outside the window at the instruction pointer, which is in the heap.
fn kept(out: &Redumped) -> Vec<(u64, u64)> {
    out.ranges().into_iter().filter(|&(at, _)| !(HEAP - 0x80..HEAP + 0x80).contains(&at)).collect()
}

/// By the table in the reference: headers by their size, the directory, data and 32 bytes after it, 16 bytes of code.
fn of_tables() -> Vec<(u64, u64)> {
    vec![
        (GENERATED + 0x170, 0x20),
        (IMAGE, 0x400),
        (RETURNED_TO - 0x10, 0x20),
        (CHAINED - 0x10, 0x20),
        (IMAGE + TABLE_AT as u64, 36),
        (IMAGE + DATA_AT as u64, 8 + 32),
        (IMAGE + CHAIN_AT as u64, 16 + 32),
        (IMAGE + CHAIN_AT as u64 + 0x80, 4 + 32),
    ]
}

fn tables_and_code_of_images_that_stacks_point_into_are_taken() {
    let source = source(Cpu::AMD64, true).build();
    let out = Redumped::with(&source, &walking("/mF", Walk::Tables));
    let stack = vec![(STACK, 8 * WORDS.len() as u64)];
    assert_eq!(hex(&kept(&out)), hex(&[stack, of_tables()].concat()));
    // The header flags are those of the letters alone.
    assert_eq!(out.facts().header.flags, Redumped::of(&source, "/mF").facts().header.flags);
    let dump = userdump::Dump::parse(&source).unwrap();
    let redump = Redump::new(&dump, &walking("/mF", Walk::Tables)).unwrap();
    let mut kinds: Vec<_> =
        redump.selected_memory().map(|it| it.reason).filter(|it| !matches!(it, Reason::Stack { .. })).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for reason in [
        Reason::UnwindTables { module: 0 },
        Reason::FunctionUnwindData { module: 0 },
        Reason::ReferencedCode { module: 0 },
        Reason::GeneratedCode,
    ] {
        assert!(kinds.contains(&reason), "{reason} of {kinds:?}");
    }
    assert!(!kinds.iter().any(|it| matches!(it, Reason::UnwindTables { module: 1 } | Reason::ExportNames { .. })));
}

fn an_image_for_x86_has_no_tables_and_more_code() {
    let out = Redumped::with(&source(Cpu::X86, true).build(), &walking("/mF", Walk::Tables));
    let expected = [
        (STACK, 4 * WORDS.len() as u64),
        (GENERATED + 0x160, 0x40),
        (IMAGE, 0x400),
        (RETURNED_TO - 0x20, 0x40),
        (CHAINED - 0x20, 0x40),
    ];
    assert_eq!(hex(&kept(&out)), hex(&expected));
}

fn names_are_those_of_exported_functions() {
    let source = source(Cpu::AMD64, true).build();
    let out = Redumped::with(&source, &walking("/mF", Walk::Names));
    let stack = vec![(STACK, 8 * WORDS.len() as u64)];
    let exports = vec![(IMAGE + EXPORTS_AT as u64, 0x60)];
    assert_eq!(hex(&kept(&out)), hex(&[stack, of_tables(), exports].concat()));
}

/// The result of a first pass has no entries, and a second pass must keep what it has.
fn where_nothing_describes_memory_code_may_be_anywhere() {
    for is_described in [false, true] {
        let out = Redumped::with(&source(Cpu::AMD64, is_described).build(), &walking("/m", Walk::Tables));
        let kept = out.ranges();
        let has = |at: u64| kept.iter().any(|&(start, size)| start <= at && at + 0x20 <= start + size);
        assert!(has(CALLED - 0x10) && has(RETURNED_TO - 0x10));
        assert_eq!([HEAP + 0x70, IMAGE + 0x3070].map(has), [!is_described; 2]);
    }
}

/// The word that points to generated code is filtered, and so is the code.
fn a_filtered_result_has_code_and_tables_of_images_only() {
    let of_images: Vec<_> = of_tables().into_iter().filter(|(at, _)| *at >= IMAGE).collect();
    for letters in ["/mFr", "/ms"] {
        let source = source(Cpu::AMD64, true).build();
        // The bytes before these addresses are not a call, so no word stays.
        let out = Redumped::once(&source, &walking(letters, Walk::Names));
        assert!(!kept(&out).iter().any(|&(at, _)| at > STACK + 0x1000), "{letters}: {}", hex(&kept(&out)));
        let mut called = source.clone();
        for at in [RETURNED_TO, CHAINED, CALLED] {
            // `call` with a four-byte distance.
            let place = find(&source, at);
            put(&mut called, place - 5, &[0xe8]);
        }
        let out = Redumped::once(&called, &walking(letters, Walk::Tables));
        let found: Vec<_> = kept(&out).into_iter().filter(|&(at, _)| at != STACK).collect();
        assert_eq!(hex(&found), hex(&of_images), "{letters}");
    }
}

/// The file position of an address of the first image or of the generated code.
fn find(source: &[u8], address: u64) -> usize {
    let facts = crate::support::facts::Facts::of(source);
    let ranges = facts.ranges();
    let range = ranges.iter().find(|it| (it.address..it.address + it.size).contains(&address)).unwrap();
    let start = range.bytes.0.as_ptr() as usize - source.as_ptr() as usize;
    start + (address - range.address) as usize
}

const ELF: u64 = 0x5000_0000;

/// An ELF image with one segment, a header of exception frames at 0x400 and their records at 0x500.
fn elf(cpu: Cpu, encoding: u8, pointer: u32, records: &[u8]) -> Vec<u8> {
    let mut image = pattern(ELF, 0x1000);
    let is_wide = cpu.word == 8;
    put(&mut image, 0, &[0x7f, b'E', b'L', b'F', if is_wide { 2 } else { 1 }, 1, 1, 0]);
    let word = |image: &mut Vec<u8>, at: usize, value: u64| put(image, at, &value.to_le_bytes()[..cpu.word]);
    let (table, step, count) = if is_wide { (32, 54, 56) } else { (28, 42, 44) };
    word(&mut image, table, 0x80);
    let size = if is_wide { 56u16 } else { 32 };
    put(&mut image, step, &size.to_le_bytes());
    put(&mut image, count, &3u16.to_le_bytes());
    // A note; the segment, which is linked at another address; the header.
    for (number, (kind, position, address, length)) in
        [(4u32, 0x300, 0x1_0300, 0x20), (1, 0, 0x1_0000, 0x1000), (0x6474_e550, 0x400, 0x1_0400, 0x3c)]
            .into_iter()
            .enumerate()
    {
        let at = 0x80 + number * usize::from(size);
        put(&mut image, at, &kind.to_le_bytes());
        let fields = if is_wide { [8, 16, 32, 40] } else { [4, 8, 16, 20] };
        for (field, value) in fields.into_iter().zip([position, address, length, length]) {
            word(&mut image, at + field, value);
        }
    }
    put(&mut image, 0x400, &[1, encoding, 3, 0x3b]);
    put(&mut image, 0x404, &pointer.to_le_bytes());
    put(&mut image, 0x500, records);
    image
}

fn of_linux(cpu: Cpu, image: Vec<u8>) -> Vec<u8> {
    let words = (ELF + 0x880).to_le_bytes()[..cpu.word].to_vec();
    let thread = Thread::new(7).stack(Stack::stored(STACK, words)).context(Part::from(cpu.context(HEAP, STACK)));
    let dump = Dump::new().system_info(cpu.linux()).thread(thread).module(Module::new(ELF, 0x1000, "/lib/a.so"));
    dump.memory(ELF, image).build()
}

/// Records of these sizes, each after its length, and the terminator.
fn records(sizes: &[u32]) -> Vec<u8> {
    let records = sizes.iter().flat_map(|size| [&size.to_le_bytes()[..], &vec![0xee; *size as usize]].concat());
    records.chain([0; 4]).collect()
}

/// 0x1b is a signed distance from the pointer itself, 0x3b one from the header.
fn exception_frames_of_elf_images_are_taken_to_their_end() {
    for cpu in [Cpu::X86, Cpu::AMD64] {
        for (encoding, pointer) in [(0x1b, 0xfc), (0x3b, 0x100), (0x13, 0xfc), (0x03, ELF as u32 + 0x500)] {
            let source = of_linux(cpu, elf(cpu, encoding, pointer, &records(&[20, 28, 0x84])));
            let out = Redumped::with(&source, &walking("/m", Walk::Tables));
            let headers = if cpu.word == 8 { (64, 3 * 56) } else { (52, 3 * 32) };
            let expected = [
                (STACK, cpu.word as u64),
                (ELF, headers.0),
                (ELF + 0x80, headers.1),
                // Notes, which identify the image.
                (ELF + 0x300, 0x20),
                (ELF + 0x400, 0x3c),
                (ELF + 0x500, 24 + 32 + 0x88 + 4),
                (ELF + 0x870, 0x20),
            ];
            assert_eq!(hex(&kept(&out)), hex(&expected), "{encoding:#x}");
        }
    }
}

fn broken_exception_frames_end_where_they_break() {
    let cases: [(&[u8], u64); 4] = [
        // Extends beyond the segment.
        (&[&records(&[20])[..24], &0xb00u32.to_le_bytes()].concat(), 24),
        // A 64-bit length.
        (&[&u32::MAX.to_le_bytes()[..], &8u64.to_le_bytes(), &[1; 8], &[0; 4]].concat(), 24),
        (&[&u32::MAX.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat(), 0),
        (&[0; 4], 4),
    ];
    for (bytes, size) in cases {
        let source = of_linux(Cpu::AMD64, elf(Cpu::AMD64, 0x1b, 0xfc, bytes));
        let out = Redumped::with(&source, &walking("/m", Walk::Tables));
        let found = out.ranges().into_iter().find(|&(at, _)| at == ELF + 0x500);
        assert_eq!(found.map_or(0, |(_, size)| size), size, "{bytes:x?}");
    }
    // With a header that cannot be read, and with one that leads out of the image.
    for (encoding, pointer) in [(0xff, 0xfc), (0x1b, 0x10_0000)] {
        let source = of_linux(Cpu::AMD64, elf(Cpu::AMD64, encoding, pointer, &records(&[20])));
        let out = Redumped::with(&source, &walking("/m", Walk::Tables));
        let headers = [(STACK, 8), (ELF, 64), (ELF + 0x80, 3 * 56)];
        let expected = [&headers[..], &[(ELF + 0x300, 0x20), (ELF + 0x400, 0x3c), (ELF + 0x870, 0x20)]].concat();
        assert_eq!(hex(&kept(&out)), hex(&expected));
    }
}
