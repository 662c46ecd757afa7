//! Sections of modules, for the options `d` and `c`.

use libtest_mimic::Trial;

use crate::support::cpu::{Cpu, pattern, put};
use crate::support::image::{self, CODE, DATA, SIGNATURE_AT, Section, TABLE_AT, headers};
use crate::support::redumped::{Redumped, hex};
use crate::support::trials;
use crate::synth::{Dump, Module, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        each_letter_takes_its_sections,
        characteristics_tell_data_from_code,
        a_section_has_its_virtual_size_and_no_more,
        sections_come_with_the_headers_that_tell_of_them,
        both_parts_of_a_section_with_a_hole_are_kept,
        the_size_of_the_module_cuts_nothing,
        an_invalid_image_has_no_sections,
        headers_may_be_anywhere,
        headers_may_span_ranges,
        the_sections_before_a_missing_header_are_taken,
        more_headers_than_there_are,
        sizes_of_nearly_4_gib_are_cut_to_what_is_there,
        addresses_do_not_wrap_around,
        addresses_of_32_bits_are_compared_in_32_bits,
        modules_at_one_base_are_one_image,
        full_memory_has_all_sections,
    ]
}

const BASE: u64 = 0x1000_0000;
/// The end of the headers of an image with one section.
const END: u64 = TABLE_AT[0] as u64 + 40;

fn base(cpu: Cpu) -> Dump {
    Dump::new().system_info(cpu.windows()).thread(Thread::new(1))
}

fn module(base: u64) -> Module {
    Module::new(base, 0x1_0000, "C:\\x\\a.dll")
}

/// An AMD64 image at [`BASE`] with these headers, and other memory.
fn with_image(headers: &[u8], ranges: &[(u64, u64)]) -> Dump {
    let dump = base(Cpu::AMD64).module(module(BASE)).memory(BASE, headers);
    ranges.iter().fold(dump, |dump, (start, size)| dump.memory(*start, pattern(*start, *size)))
}

/// The ranges that are written apart from the headers at [`BASE`], which must be there if anything is written.
fn sections(dump: Dump, options: &str) -> Vec<(u64, u64)> {
    let out = Redumped::of(&dump.build(), options);
    let (first, rest): (Vec<_>, Vec<_>) = out.ranges().into_iter().partition(|range| range.0 == BASE);
    assert_eq!(first.len(), usize::from(!rest.is_empty()), "{:x?}", out.ranges());
    for range in out.facts().ranges().iter().filter(|range| range.address != BASE) {
        assert!(range.bytes.0 == pattern(range.address, range.size), "wrong bytes at {:#x}", range.address);
    }
    rest
}

#[track_caller]
fn check(dump: Dump, options: &str, expected: &[(u64, u64)]) {
    assert_eq!(hex(&sections(dump, options)), hex(expected), "{options}");
}

/// An image with one data section at 0x2000, whose headers are changed by `change`.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Dump {
    let mut bytes = headers(Cpu::AMD64, &[("d", 0x2000, 0x100, DATA)]);
    change(&mut bytes);
    with_image(&bytes, &[(BASE + 0x2000, 0x1000)])
}

const USUAL: [Section<'_>; 3] =
    [(".text", 0x1000, 0x234, CODE), (".rdata", 0x2000, 0x100, 0x4000_0040), (".data", 0x3000, 0x345, DATA)];

fn each_letter_takes_its_sections() {
    for cpu in Cpu::ALL {
        let dump = || {
            let dump = base(cpu).module(module(BASE)).memory(BASE, headers(cpu, &USUAL));
            dump.memory(BASE + 0x1000, pattern(BASE + 0x1000, 0x4000))
        };
        let [code, data] = [(BASE + 0x1000, 0x234), (BASE + 0x3000, 0x345)];
        check(dump(), "/m", &[]);
        check(dump(), "/md", &[data]);
        check(dump(), "/mc", &[code]);
        check(dump(), "/mcd", &[code, data]);
    }
}

fn characteristics_tell_data_from_code() {
    // What the engine takes of each section with `d` and with `c`.
    for (characteristics, data, code) in [
        (0xc000_0040, true, false),
        (0xc000_0080, true, false),
        (0xe000_0040, true, false),
        (0xc200_0040, true, false),
        (0xd000_0040, true, false),
        (0x8000_0040, false, false),
        (0x4000_0040, false, false),
        (0xc000_0000, false, false),
        (0x6000_0040, false, false),
        (0x0000_0000, false, false),
        (0x6000_0020, false, true),
        (0xc000_0020, false, true),
        (0x4000_0060, false, true),
        (0x0000_0020, false, true),
        (0xc000_0060, true, true),
    ] {
        let headers = headers(Cpu::AMD64, &[("s", 0x2000, 0x100, characteristics)]);
        for (options, is_taken) in [("/md", data), ("/mc", code), ("/mcd", data || code)] {
            let expected = if is_taken { vec![(BASE + 0x2000, 0x100)] } else { vec![] };
            let found = sections(with_image(&headers, &[(BASE + 0x2000, 0x1000)]), options);
            assert_eq!(found, expected, "{options} {characteristics:#x}");
        }
    }
}

fn a_section_has_its_virtual_size_and_no_more() {
    for (size, expected) in [(0, vec![]), (1, vec![(BASE + 0x2000, 1)]), (0x301, vec![(BASE + 0x2000, 0x301)])] {
        check(changed(|it| put(it, TABLE_AT[0] + 8, &u32::to_le_bytes(size))), "/md", &expected);
    }
}

fn sections_come_with_the_headers_that_tell_of_them() {
    let headers = headers(Cpu::AMD64, &USUAL);
    for options in ["/md", "/mc"] {
        let out = Redumped::of(&with_image(&headers, &[(BASE + 0x1000, 0x3000)]).build(), options);
        assert_eq!(out.facts().ranges()[0].bytes.0, &headers[..0x200], "what the debugger reads first");
    }
    // With many sections the headers are longer; headers that are far from the start are a separate range.
    let many = image::headers(Cpu::AMD64, &[("d", 0x2000, 0x10, DATA); 20]);
    let out = Redumped::of(&with_image(&many, &[(BASE + 0x2000, 0x100)]).build(), "/md");
    assert_eq!(hex(&out.ranges()), hex(&[(BASE, TABLE_AT[0] as u64 + 800), (BASE + 0x2000, 0x10)]));
    let out = Redumped::of(&changed(|it| move_headers(it, 0x1800)).build(), "/md");
    assert_eq!(hex(&out.ranges()), hex(&[(BASE, 0x200), (BASE + 0x1800, END - 0x80), (BASE + 0x2000, 0x100)]));
    // Headers are not taken if no section is requested.
    for options in ["/m", "/mc"] {
        assert_eq!(Redumped::of(&changed(|_| ()).build(), options).ranges(), []);
    }
}

/// Moves everything from the signature on to another position.
fn move_headers(bytes: &mut Vec<u8>, to: usize) {
    let moved = bytes.split_off(SIGNATURE_AT);
    bytes.resize(to, 0);
    bytes.extend(&moved[..END as usize - SIGNATURE_AT]);
    put(bytes, 0x3c, &(to as u32).to_le_bytes());
}

fn both_parts_of_a_section_with_a_hole_are_kept() {
    let headers = headers(Cpu::AMD64, &[("d", 0x2000, 0x3000, DATA)]);
    check(with_image(&headers, &[]), "/md", &[]);
    let ranges = [(BASE + 0x1ff0, 0x20), (BASE + 0x2800, 0x800), (BASE + 0x3000, 0x10), (BASE + 0x4f00, 0x200)];
    let expected = [(BASE + 0x2000, 0x10), (BASE + 0x2800, 0x810), (BASE + 0x4f00, 0x100)];
    check(with_image(&headers, &ranges), "/md", &expected);
}

/// Like the engine: sections beyond the size of the image or across its end are taken.
fn the_size_of_the_module_cuts_nothing() {
    let sections = [("a", 0x2f00, 0x200, DATA), ("b", 0x8000, 0x100, DATA)];
    let headers = headers(Cpu::AMD64, &sections);
    for size in [0, 1, 0x3000, u32::MAX] {
        let dump = base(Cpu::AMD64).module(Module::new(BASE, size, "a")).memory(BASE, &headers);
        let dump = dump.memory(BASE + 0x2000, pattern(BASE + 0x2000, 0x7000));
        check(dump, "/md", &[(BASE + 0x2f00, 0x200), (BASE + 0x8000, 0x100)]);
    }
}

fn an_invalid_image_has_no_sections() {
    type Change = fn(&mut Vec<u8>);
    let changes: [Change; 8] = [
        |it| put(it, 0, b"ZM"),
        |it| put(it, SIGNATURE_AT, b"NE\0\0"),
        |it| put(it, SIGNATURE_AT, b"PE\0\x01"),
        |it| put(it, SIGNATURE_AT + 24, &[0, 0]),
        |it| put(it, 0x3c, &0x1000u32.to_le_bytes()),
        |it| put(it, 0x3c, &u32::MAX.to_le_bytes()),
        |it| it.truncate(63),
        |it| it.truncate(SIGNATURE_AT + 25),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(sections(changed(change), "/mcd"), [], "change {number}");
    }
    check(base(Cpu::AMD64).module(module(BASE)).memory(BASE + 0x2000, pattern(BASE + 0x2000, 0x1000)), "/mcd", &[]);
}

/// The file header gives the size of the optional header, even if it is shorter than any real one. The optional header
/// may be of the other width, and the machine may differ.
fn headers_may_be_anywhere() {
    let expected = [(BASE + 0x2000, 0x100)];
    for to in [0x40, 0x3f0, 0xf80, 0x1234] {
        let out = Redumped::of(&changed(|it| move_headers(it, to)).build(), "/md");
        assert!(out.ranges().contains(&expected[0]), "{to:#x}: {:x?}", out.ranges());
    }
    for size in [2u16, 112, 0xe00] {
        let header = |it: &mut Vec<u8>| {
            let table = it[TABLE_AT[0]..END as usize].to_vec();
            put(it, SIGNATURE_AT + 20, &size.to_le_bytes());
            put(it, SIGNATURE_AT + 26, &[0; 0x200]);
            put(it, SIGNATURE_AT + 24 + usize::from(size), &table);
        };
        check(changed(header), "/md", &expected);
    }
    check(changed(|it| put(it, SIGNATURE_AT + 24, &0x10bu16.to_le_bytes())), "/md", &expected);
    check(changed(|it| put(it, SIGNATURE_AT + 4, &0x14cu16.to_le_bytes())), "/md", &expected);
}

fn headers_may_span_ranges() {
    let headers = headers(Cpu::AMD64, &[("d", 0x2000, 0x100, DATA)]);
    for cut in [1, 2, 0x3e, 0x40, 0x82, 0x90, 0x99, TABLE_AT[0], TABLE_AT[0] + 1, TABLE_AT[0] + 39] {
        // Ranges that are adjacent in the process but not in the file.
        let dump = base(Cpu::AMD64).module(module(BASE)).memory(BASE + cut as u64, &headers[cut..]);
        let dump = dump.memory(BASE + 0x2000, pattern(BASE + 0x2000, 0x1000)).memory(BASE, &headers[..cut]);
        check(dump, "/md", &[(BASE + 0x2000, 0x100)]);
    }
}

fn the_sections_before_a_missing_header_are_taken() {
    let mut headers =
        headers(Cpu::AMD64, &[("a", 0x2000, 0x10, DATA), ("b", 0x3000, 0x10, DATA), ("c", 0x4000, 0x10, DATA)]);
    headers.truncate(TABLE_AT[0] + 119);
    let memory = [(BASE + 0x2000, 0x3000)];
    check(with_image(&headers, &memory), "/md", &[(BASE + 0x2000, 0x10), (BASE + 0x3000, 0x10)]);
    headers.truncate(TABLE_AT[0] + 39);
    check(with_image(&headers, &memory), "/md", &[]);
}

fn more_headers_than_there_are() {
    // The only header is followed by zeros up to the end of the page.
    let expected = [(BASE + 0x2000, 0x100)];
    check(changed(|it| put(it, SIGNATURE_AT + 6, &[0xff; 2])), "/md", &expected);
    // No headers at all.
    check(changed(|it| put(it, SIGNATURE_AT + 6, &[0; 2])), "/md", &[]);
}

fn sizes_of_nearly_4_gib_are_cut_to_what_is_there() {
    for size in [u32::MAX, 0xffff_f000, 0x8000_0000] {
        check(changed(|it| put(it, TABLE_AT[0] + 8, &size.to_le_bytes())), "/md", &[(BASE + 0x2000, 0x1000)]);
    }
    for position in [u32::MAX, 0xffff_f000, 0x8000_0000] {
        check(changed(|it| put(it, TABLE_AT[0] + 12, &position.to_le_bytes())), "/md", &[]);
    }
}

fn addresses_do_not_wrap_around() {
    for (cpu, base_of_image) in [(Cpu::AMD64, 0xffff_ffff_fff0_0000), (Cpu::X86, 0xfff0_0000), (Cpu::ARM, 0xfff0_0000)]
    {
        let sections =
            [("low", 0x10_0000, 0x100, DATA), ("high", 0xf_ff00, 0x400, DATA), ("last", 0xf_0000, 0x10, DATA)];
        let highest = if cpu.word == 8 { u64::MAX } else { u32::MAX.into() };
        let dump = base(cpu).module(module(base_of_image)).memory(base_of_image, headers(cpu, &sections));
        let dump = dump.memory(0, pattern(0, 0x1000)).memory(highest - 0xfff, pattern(highest - 0xfff, 0x1000));
        let out = Redumped::of(&dump.build(), "/md");
        assert_eq!(hex(&out.ranges()[1..]), hex(&[(0xffff_ffff_ffff_ff00u64, 0x100)]), "{cpu:?}");
        assert_eq!(out.ranges()[0].0, 0xffff_ffff_fff0_0000);
    }
}

fn addresses_of_32_bits_are_compared_in_32_bits() {
    for in_list in [0xa000_0000, 0xffff_ffff_a000_0000] {
        for in_memory in [0xa000_0000, 0xffff_ffff_a000_0000] {
            let dump = base(Cpu::X86).module(module(in_list)).memory(in_memory, headers(Cpu::X86, &USUAL));
            let dump = dump.memory(in_memory + 0x1000, pattern(in_memory + 0x1000, 0x3000));
            let out = Redumped::of(&dump.build(), "/mc");
            assert_eq!(hex(&out.ranges()[1..]), hex(&[(0xffff_ffff_a000_1000u64, 0x234)]));
        }
    }
}

fn modules_at_one_base_are_one_image() {
    let dump = changed(|_| ()).module(module(BASE)).module(Module::new(BASE, 7, "other"));
    check(dump, "/md", &[(BASE + 0x2000, 0x100)]);
}

fn full_memory_has_all_sections() {
    let dump = || with_image(&headers(Cpu::AMD64, &USUAL), &[(BASE + 0x1000, 0x3000)]);
    let [plain, sections] = ["/mf", "/mfdc"].map(|options| Redumped::of(&dump().build(), options));
    assert_eq!(plain.ranges(), sections.ranges());
    assert_eq!(sections.facts().header.flags, 0x6_2003);
}
