//! Streams of other producers that hold file offsets: everything they refer to is found through the new offsets.
//!
//! The structures are decoded by hand here, number by number.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::redump::Outcome;

use crate::support::cpu::Cpu;
use crate::support::facts::{Facts, Rva};
use crate::support::redumped::Redumped;
use crate::support::trials;
use crate::synth::{Bytes, Dump, Label, Shape, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        crashpad_annotations_are_found_again,
        the_shorter_crashpad_information_is_moved_too,
        crashpad_strings_in_one_place_are_written_once,
        crashpad_references_that_lead_nowhere_become_0,
        link_maps_of_32_bits_are_found_again,
        link_maps_of_breakpad_are_found_again,
        link_maps_of_minidump_writer_are_found_again,
        a_dump_may_have_no_link_maps,
        crash_records_of_macos_are_found_again,
        no_more_than_20_crash_records_are_moved,
        boot_arguments_are_found_again_in_either_width,
        host_modules_of_wine_are_found_again,
        references_to_the_same_bytes_again_and_again_end,
    ]
}

const CRASHPAD_INFO: u32 = 0x4350_0001;
const LINUX_DSO_DEBUG: u32 = 0x4767_000a;
const MOZ_MAC_CRASH_INFO: u32 = 0x4d7a_0001;
const MOZ_MAC_BOOT_ARGS: u32 = 0x4d7a_0002;
const WINE_HOST_MODULE_LIST: u32 = 0xfff0;

/// The result for a stream of this size and the data after it. Another stream in front of it changes all offsets.
fn redumped(system: SystemInfo, kind: u32, size: usize, write: impl FnOnce(&mut Bytes) + 'static) -> Redumped {
    let dump = Dump::new().system_info(system).thread(Thread::new(1)).raw(0x1_0001, [0xCC; 333]);
    let source = dump.written(kind, write).shape(kind, Shape::usual().data_size(size as u32)).build();
    let before = Facts::of(&source).stream(kind).expect("it is there").rva;
    let out = Redumped::of(&source, "/m");
    assert_eq!(out.outcomes(kind), [Outcome::Relocated]);
    assert_ne!(out.facts().stream(kind).expect("it is kept").rva, before, "it is at another position");
    assert!(Redumped::of(&source, "/ma").facts().stream(kind).is_some());
    out
}

/// The file offset of the stream.
fn start(facts: &Facts<'_>, kind: u32) -> u64 {
    facts.stream(kind).expect("it is kept").rva.0
}

/// A UTF-8 string after its size, referred to by the field at `at`; a NUL follows.
fn utf8(facts: &Facts<'_>, at: u64) -> String {
    let rva = facts.rva(at);
    let size = u64::from(facts.u32(rva.0));
    let (text, nul) = (&facts.bytes[rva.0 as usize + 4..][..size as usize], facts.u8(rva.0 + 4 + size));
    assert_eq!(nul, 0, "after {text:?}");
    String::from_utf8(text.to_vec()).expect("it is UTF-8")
}

/// Size and position of the structure that a location descriptor refers to.
fn location(facts: &Facts<'_>, at: u64) -> (u32, u64) {
    (facts.u32(at), facts.rva(at + 4).0)
}

/// The pairs of strings in a dictionary.
fn dictionary(facts: &Facts<'_>, at: u64) -> Vec<[String; 2]> {
    let entries = (0..u64::from(facts.u32(at))).map(|index| at + 4 + 8 * index);
    entries.map(|entry| [utf8(facts, entry), utf8(facts, entry + 4)]).collect()
}

fn place_utf8(bytes: &mut Bytes, label: Label, text: &str) {
    bytes.place(label).u32(text.len() as u32).raw(text).u8(0);
}

/// Writes a dictionary and returns the labels of its strings.
fn write_dictionary(bytes: &mut Bytes, [start, end]: [Label; 2], count: usize) -> Vec<Label> {
    let strings: Vec<Label> = (0..2 * count).map(|_| bytes.label()).collect();
    bytes.place(start).u32(count as u32);
    for label in &strings {
        bytes.rva(*label);
    }
    bytes.place(end);
    strings
}

fn labels<const N: usize>(bytes: &mut Bytes) -> [Label; N] {
    std::array::from_fn(|_| bytes.label())
}

/// Ids, two annotations of the program, and two modules. The second has a list, a dictionary and annotation objects,
/// the first has none of these.
fn crashpad(bytes: &mut Bytes, size: usize) {
    let [program, modules, plain, rich] = std::array::from_fn(|_| labels::<2>(bytes));
    bytes.u32(1).raw((1..=32).collect::<Vec<u8>>()).location(program[0], program[1]).location(modules[0], modules[1]);
    let tail = [0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0];
    bytes.raw(&tail[..size - 52]);

    let strings = write_dictionary(bytes, program, 2);
    for (label, text) in strings.into_iter().zip(["product", "app", "version", "1.2 \u{1F980}"]) {
        place_utf8(bytes, label, text);
    }
    bytes.place(modules[0]).u32(2);
    bytes.u32(0).location(plain[0], plain[1]).u32(3).location(rich[0], rich[1]).place(modules[1]);
    bytes.place(plain[0]).u32(1).zeros(24).place(plain[1]);
    let [list, simple, objects] = std::array::from_fn(|_| labels::<2>(bytes));
    bytes.place(rich[0]).u32(1);
    bytes.location(list[0], list[1]).location(simple[0], simple[1]).location(objects[0], objects[1]).place(rich[1]);

    let listed: [Label; 2] = labels(bytes);
    bytes.place(list[0]).u32(2).rva(listed[0]).rva(listed[1]).place(list[1]);
    place_utf8(bytes, listed[0], "first of the list");
    place_utf8(bytes, listed[1], "");
    let strings = write_dictionary(bytes, simple, 1);
    place_utf8(bytes, strings[0], "channel");
    place_utf8(bytes, strings[1], "nightly");

    let [name, value, other, data]: [Label; 4] = labels(bytes);
    bytes.place(objects[0]).u32(2).rva(name).u16s(&[1, 0]).rva(value).rva(other).u16s(&[0x8001, 7]).rva(data);
    bytes.place(objects[1]);
    place_utf8(bytes, name, "reason");
    bytes.place(value).u32(5).raw("a bug");
    place_utf8(bytes, other, "blob");
    bytes.place(data).u32(3).raw([0, 0xff, 0]);
}

/// Checks everything that [`crashpad`] writes.
fn assert_crashpad(facts: &Facts<'_>, size: u32) {
    let at = start(facts, CRASHPAD_INFO);
    assert_eq!(facts.stream(CRASHPAD_INFO).expect("it is kept").size, size);
    assert_eq!((facts.u32(at), &facts.bytes[at as usize + 4..][..32]), (1, (1..=32).collect::<Vec<u8>>().as_slice()));
    let (program_size, program) = location(facts, at + 36);
    assert_eq!(dictionary(facts, program), [["product", "app"], ["version", "1.2 \u{1F980}"]]);
    let (modules_size, modules) = location(facts, at + 44);
    assert_eq!((program_size, modules_size, facts.u32(modules)), (20, 28, 2));
    let (plain_size, plain) = location(facts, modules + 8);
    assert_eq!((facts.u32(modules + 4), plain_size, facts.u32(plain)), (0, 28, 1));
    assert_eq!(&facts.bytes[plain as usize + 4..][..24], [0; 24]);
    let (rich_size, rich) = location(facts, modules + 20);
    assert_eq!((facts.u32(modules + 16), rich_size, facts.u32(rich)), (3, 28, 1));

    let (list_size, list) = location(facts, rich + 4);
    assert_eq!((list_size, facts.u32(list)), (12, 2));
    assert_eq!([utf8(facts, list + 4), utf8(facts, list + 8)], ["first of the list", ""]);
    let (simple_size, simple) = location(facts, rich + 12);
    assert_eq!(dictionary(facts, simple), [["channel", "nightly"]]);
    let (objects_size, objects) = location(facts, rich + 20);
    assert_eq!((simple_size, objects_size, facts.u32(objects)), (12, 28, 2));
    let kinds = [8, 20].map(|at| (facts.u16(objects + at), facts.u16(objects + at + 2)));
    assert_eq!(kinds, [(1, 0), (0x8001, 7)]);
    assert_eq!([utf8(facts, objects + 4), utf8(facts, objects + 16)], ["reason", "blob"]);
    let value = |at: u64| {
        let rva = facts.rva(at).0;
        &facts.bytes[rva as usize + 4..][..facts.u32(rva) as usize]
    };
    assert_eq!([value(objects + 12), value(objects + 24)], [b"a bug".as_slice(), &[0, 0xff, 0]]);
}

fn crashpad_annotations_are_found_again() {
    for system in [Cpu::AMD64.windows(), Cpu::AMD64.linux(), Cpu::ARM.linux()] {
        let out = redumped(system, CRASHPAD_INFO, 64, |bytes| crashpad(bytes, 64));
        let facts = out.facts();
        assert_crashpad(&facts, 64);
        assert_eq!(facts.u64(start(&facts, CRASHPAD_INFO) + 56), 0xff, "the address mask");
        assert_eq!(out.faults(), [""; 0]);
    }
}

fn the_shorter_crashpad_information_is_moved_too() {
    let out = redumped(Cpu::AMD64.windows(), CRASHPAD_INFO, 52, |bytes| crashpad(bytes, 52));
    assert_crashpad(&out.facts(), 52);
}

fn crashpad_strings_in_one_place_are_written_once() {
    let out = redumped(Cpu::AMD64.windows(), CRASHPAD_INFO, 64, |bytes| {
        let [start, end, text]: [Label; 3] = labels(bytes);
        bytes.u32(1).zeros(32).location(start, end).zeros(20).place(start).u32(2);
        bytes.rva(text).rva(text).rva(text).rva(text).place(end);
        place_utf8(bytes, text, "the same");
    });
    let facts = out.facts();
    let (_, pairs) = location(&facts, start(&facts, CRASHPAD_INFO) + 36);
    assert_eq!(dictionary(&facts, pairs), [["the same"; 2]; 2]);
    assert_eq!([4, 8, 12, 16].map(|at| facts.u32(pairs + at)), [facts.u32(pairs + 4); 4]);
}

fn crashpad_references_that_lead_nowhere_become_0() {
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1));
    let dump = dump.shape(CRASHPAD_INFO, Shape::usual().data_size(64)).written(CRASHPAD_INFO, |bytes| {
        let [start, end, text]: [Label; 3] = labels(bytes);
        // The list of modules is beyond the end of the file.
        bytes.u32(1).zeros(32).location(start, end).u32s(&[0x30, 0x7fff_0000]).zeros(12);
        bytes.place(start).u32(2).rva(text).rva(text).rva(text).u32(0x7fff_0000).place(end);
        place_utf8(bytes, text, "sound");
    });
    let out = Redumped::of(&dump.build(), "/m");
    assert_eq!(out.outcomes(CRASHPAD_INFO), [Outcome::Relocated]);
    assert_eq!(out.faults(), ["CrashpadInfo 0 reference"; 2]);
    let facts = out.facts();
    let at = start(&facts, CRASHPAD_INFO);
    assert_eq!(location(&facts, at + 44), (0, 0));
    let (size, pairs) = location(&facts, at + 36);
    assert_eq!((size, facts.u32(pairs)), (20, 2));
    assert_eq!([4, 8, 12].map(|field| utf8(&facts, pairs + field)), ["sound"; 3]);
    assert_eq!(facts.u32(pairs + 16), 0);
}

/// Writes link maps of `size` bytes: an address of `width` bytes, the name, filler, another address.
fn write_maps(bytes: &mut Bytes, start: Label, (width, size): (usize, usize)) {
    let texts: Vec<Label> = LIBRARIES.iter().map(|_| bytes.label()).collect();
    bytes.filler(3).place(start);
    for (index, text) in texts.iter().enumerate() {
        bytes.raw(&(0x7f00_0000_1000u64 + index as u64).to_le_bytes()[..width]).rva(*text);
        bytes.filler(size - 2 * width - 4).raw(&(0x7f00_0000_2000u64 + index as u64).to_le_bytes()[..width]);
    }
    for (text, name) in texts.into_iter().zip(LIBRARIES) {
        bytes.place(text).string(name);
    }
}

const LIBRARIES: [&str; 3] = ["/lib/ld.so", "", "/usr/lib/libc.so.6"];

/// Checks the header, whose numbers `rest` follows, and the link maps.
fn assert_maps(out: &Redumped, (width, size): (u64, u64), rest: &[u8]) {
    let facts = out.facts();
    let at = start(&facts, LINUX_DSO_DEBUG);
    assert_eq!((facts.u32(at), facts.u32(at + 8)), (1, 3));
    let stream = facts.stream_bytes(LINUX_DSO_DEBUG).expect("it is kept");
    assert!(stream[12..] == *rest, "after the numbers");
    let maps = facts.rva(at + 4).0;
    for (name, index) in LIBRARIES.iter().zip(0..) {
        let map = maps + size * index;
        assert_eq!(facts.name(facts.rva(map + width)).text.as_deref(), Some(*name));
        let number = |at: u64| if width == 8 { facts.u64(at) } else { facts.u32(at).into() };
        let high = if width == 8 { 0x7f00_0000_0000 } else { 0 };
        assert_eq!(number(map), high + 0x1000 + index);
        assert_eq!(number(map + size - width), high + 0x2000 + index);
    }
    assert_eq!(out.faults(), [""; 0]);
}

/// Re-encodes link maps of this width and size after a header of this size, with dynamic sections of several sizes.
fn assert_link_maps(system: &SystemInfo, (width, size): (usize, usize), head: usize, sections: [usize; 3]) {
    for section in sections {
        let out = redumped(system.clone(), LINUX_DSO_DEBUG, head + section, move |bytes| {
            let maps = bytes.label();
            bytes.u32(1).rva(maps).u32(3).filler(head - 12).raw(vec![0xDD; section]);
            write_maps(bytes, maps, (width, size));
        });
        let rest = [vec![0xEE; head - 12], vec![0xDD; section]].concat();
        assert_maps(&out, (width as u64, size as u64), &rest);
    }
}

fn link_maps_of_32_bits_are_found_again() {
    for cpu in [Cpu::X86, Cpu::ARM] {
        assert_link_maps(&cpu.linux(), (4, 12), 24, [0, 8, 24]);
    }
}

fn link_maps_of_breakpad_are_found_again() {
    for cpu in [Cpu::AMD64, Cpu::ARM64] {
        assert_link_maps(&cpu.linux(), (8, 24), 40, [0, 16, 48]);
    }
}

fn link_maps_of_minidump_writer_are_found_again() {
    for cpu in [Cpu::AMD64, Cpu::ARM64] {
        assert_link_maps(&cpu.linux(), (8, 20), 36, [0, 16, 48]);
    }
}

fn a_dump_may_have_no_link_maps() {
    for (system, size) in [(Cpu::X86.linux(), 24), (Cpu::AMD64.linux(), 36), (Cpu::AMD64.linux(), 40)] {
        for nowhere in [0, u32::MAX] {
            let out = redumped(system.clone(), LINUX_DSO_DEBUG, size, move |bytes| {
                bytes.u32s(&[1, nowhere, 0]).filler(size - 12);
            });
            let found = out.facts().stream_bytes(LINUX_DSO_DEBUG).expect("it is kept").to_vec();
            let expected = [[1, nowhere, 0].map(u32::to_le_bytes).as_flattened(), &vec![0xEE; size - 12]].concat();
            assert_eq!((found, out.faults()), (expected, vec![]));
        }
    }
}

/// Re-encodes a header that counts `count` records and has `stored` of them; returns the resulting locations.
fn crash_records(count: u32, stored: usize) -> (Redumped, Vec<(u32, u64)>) {
    let out = redumped(Cpu::AMD64.linux(), MOZ_MAC_CRASH_INFO, 172, move |bytes| {
        let records: Vec<[Label; 2]> = (0..stored).map(|_| labels(bytes)).collect();
        bytes.u32s(&[MOZ_MAC_CRASH_INFO, count, 16]);
        for record in &records {
            bytes.location(record[0], record[1]);
        }
        bytes.zeros(8 * (20 - stored));
        for (record, index) in records.iter().zip(0..) {
            bytes.place(record[0]).u64s(&[0x4d7a_0001, 5]).raw(format!("/usr/lib/{index}\0message\0")).place(record[1]);
        }
    });
    let facts = out.facts();
    let at = start(&facts, MOZ_MAC_CRASH_INFO);
    assert_eq!([0, 4, 8].map(|field| facts.u32(at + field)), [MOZ_MAC_CRASH_INFO, count, 16]);
    let locations = (0..20).map(|index| location(&facts, at + 12 + 8 * index)).collect();
    drop(facts);
    (out, locations)
}

fn assert_crash_records(count: u32, stored: usize) {
    let (out, locations) = crash_records(count, stored);
    let facts = out.facts();
    for (&(size, at), index) in locations.iter().zip(0..stored) {
        assert_eq!((facts.u64(at), facts.u64(at + 8)), (0x4d7a_0001, 5));
        let text = format!("/usr/lib/{index}\0message\0");
        assert_eq!(size as usize, 16 + text.len());
        assert_eq!(&facts.bytes[at as usize + 16..][..text.len()], text.as_bytes());
    }
    assert!(locations[stored..].iter().all(|rest| *rest == (0, 0)));
    assert_eq!(out.faults(), [""; 0]);
}

fn crash_records_of_macos_are_found_again() {
    assert_crash_records(0, 0);
    assert_crash_records(2, 2);
    assert_crash_records(20, 20);
}

fn no_more_than_20_crash_records_are_moved() {
    assert_crash_records(21, 20);
    assert_crash_records(u32::MAX, 20);
}

fn boot_arguments_are_found_again_in_either_width() {
    for size in [12, 16] {
        let out = redumped(Cpu::AMD64.linux(), MOZ_MAC_BOOT_ARGS, size, move |bytes| {
            let text = bytes.label();
            bytes.u32(MOZ_MAC_BOOT_ARGS).filler(size - 12).rva64(text);
            bytes.filler(5).place(text).string("-v keepsyms=1");
        });
        let facts = out.facts();
        let stream = facts.stream(MOZ_MAC_BOOT_ARGS).expect("it is kept");
        assert_eq!((stream.size as usize, facts.u32(stream.rva.0)), (size, MOZ_MAC_BOOT_ARGS));
        let text = facts.name(Rva(facts.u64(stream.rva.0 + size as u64 - 8)));
        assert_eq!(text.text.as_deref(), Some("-v keepsyms=1"), "{size} bytes");
    }
}

fn host_modules_of_wine_are_found_again() {
    for padding in [0, 4] {
        let size = 4 + padding + 2 * 108;
        let out = redumped(Cpu::AMD64.windows(), WINE_HOST_MODULE_LIST, size, move |bytes| {
            let [first, second, record, record_end, misc, misc_end] = labels(bytes);
            bytes.u32(2).filler(padding);
            bytes.u64(0x7b00_0000).u32s(&[0x1000, 1, 2]).rva(first).filler(52);
            bytes.location(record, record_end).location(misc, misc_end).filler(16);
            bytes.u64(0x7c00_0000).u32s(&[0x2000, 3, 4]).rva(second).filler(52).zeros(16).filler(16);
            bytes.place(first).string("/usr/lib/wine/ntdll.so");
            bytes.place(second).string("/lib/libc.so.6");
            bytes.place(record).raw(b"a CodeView record").place(record_end).place(misc).raw([1, 2, 3]).place(misc_end);
        });
        let facts = out.facts();
        let stream = facts.stream(WINE_HOST_MODULE_LIST).expect("it is kept");
        let first = stream.rva.0 + 4 + padding as u64;
        assert_eq!((stream.size as usize, facts.u32(stream.rva.0)), (size, 2));
        for (at, base, numbers, name) in [
            (first, 0x7b00_0000, [0x1000, 1, 2], "/usr/lib/wine/ntdll.so"),
            (first + 108, 0x7c00_0000, [0x2000, 3, 4], "/lib/libc.so.6"),
        ] {
            assert_eq!((facts.u64(at), [8, 12, 16].map(|field| facts.u32(at + field))), (base, numbers));
            assert_eq!(facts.name(facts.rva(at + 20)).text.as_deref(), Some(name));
            assert_eq!(&facts.bytes[at as usize + 24..][..52], [0xEE; 52]);
            assert_eq!(&facts.bytes[at as usize + 92..][..16], [0xEE; 16]);
        }
        assert_eq!(
            (facts.located(first + 76).0, facts.located(first + 84).0),
            (&b"a CodeView record"[..], &[1, 2, 3][..])
        );
        assert_eq!((location(&facts, first + 108 + 76), location(&facts, first + 108 + 84)), ((0, 0), (0, 0)));
    }
}

fn references_to_the_same_bytes_again_and_again_end() {
    // A thousand modules whose information overlaps.
    let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(1)).raw(0x1_0001, [7; 99]);
    let dump = dump.shape(CRASHPAD_INFO, Shape::usual().data_size(64)).written(CRASHPAD_INFO, |bytes| {
        let [start, end] = labels(bytes);
        bytes.u32(1).zeros(40).location(start, end).zeros(12).place(start).u32(1000);
        for index in 0..1000 {
            bytes.u32(index).u32(5000).rva_into(start, u64::from(index));
        }
        bytes.place(end);
    });
    let out = Redumped::of(&dump.build(), "/m");
    let outcomes = out.outcomes(CRASHPAD_INFO);
    assert!(matches!(outcomes[..], [Outcome::Unreadable(ReadError::BudgetSpent { .. })]), "{outcomes:?}");
    assert_eq!(out.facts().stream(CRASHPAD_INFO), None);
    assert_eq!(out.facts().stream_bytes(0x1_0001).expect("the rest is kept").0, [7; 99]);
}
