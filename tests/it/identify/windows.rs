//! Windows images.

use libtest_mimic::Trial;

use super::{kept, places, said};
use crate::images::assembler::{
    BASE, BY_NAME_AT, DEBUG_AT, LEAF_AT, RESOURCES_AT, VERSION_AT, debug_entry, directories_at, numbers,
    resource_directory, to, whole,
};
use crate::support::cpu::{Cpu, put};
use crate::support::image::SIGNATURE_AT;
use crate::support::trials;
use crate::synth::{Dump, Module};

pub fn trials() -> Vec<Trial> {
    trials![
        all_parts_are_kept,
        each_change_of_an_image_changes_what_is_kept,
        names_of_versions_are_kept,
        records_are_kept_up_to_their_bounds,
        circles_and_large_counts_cost_little,
        missing_images_are_counted,
    ]
}

/// Headers, debug directory, its four records, three resource directories, two data entries, two versions.
const WHOLE: [(u64, u64); 14] = [
    (0, 0x400),
    (0x1800, 4 * 28),
    (0x1880, 20),
    (0x1900, 33),
    (0x1980, 27),
    (0x1a00, 20),
    (0x1000, 16 + 3 * 8),
    (0x1100, 16 + 8),
    (0x1200, 16 + 2 * 8),
    (0x1280, 16),
    (0x1290, 16),
    (0x1400, 92),
    (0x1500, 92),
    // A fixed part, independent of the above.
    (0, 0x400),
];

/// A dump with the image in its memory.
fn dump(cpu: Cpu, image: &[u8]) -> Vec<u8> {
    let dump = Dump::new().system_info(cpu.windows()).module(Module::new(BASE, 0x7000, "a.dll"));
    dump.memory(BASE, image).build()
}

fn all_parts_are_kept() {
    for cpu in [Cpu::AMD64, Cpu::X86, Cpu::ARM64, Cpu::ARM] {
        let (parts, report) = kept(&dump(cpu, &whole(cpu)), "/m --identify");
        assert_eq!(parts, places(BASE, &WHOLE), "{cpu:?}");
        assert_eq!(said(&report), [""; 0]);
    }
}

fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<(u64, u64)> {
    let mut image = whole(Cpu::AMD64);
    change(&mut image);
    let (parts, _) = kept(&dump(Cpu::AMD64, &image), "/m --identify");
    parts.into_iter().map(|(first, last)| (first - BASE, last - first + 1)).collect()
}

/// All parts except those that begin in the range.
fn without(parts: std::ops::Range<u64>) -> Vec<(u64, u64)> {
    let mut all: Vec<_> = WHOLE.into_iter().filter(|(at, _)| !parts.contains(at)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn each_change_of_an_image_changes_what_is_kept() {
    let directories = directories_at(Cpu::AMD64);
    // Neither directory.
    assert_eq!(changed(|image| numbers(image, directories + 16, &[0, 0])), without(0x1000..0x1800));
    assert_eq!(changed(|image| numbers(image, directories + 48, &[0, 0])), without(0x1800..0x2000));
    assert_eq!(changed(|image| numbers(image, directories - 4, &[0])), without(0x1000..0x2000));
    // A record that is only in the image file.
    assert_eq!(changed(|image| numbers(image, DEBUG_AT + 20, &[0])), without(0x1880..0x1881));
    // No versions among the resources: the directory that would lead to them stays.
    assert_eq!(changed(|image| numbers(image, RESOURCES_AT + 32, &[17])), without(0x1100..0x1600));
    // More sections than fit into the start of the headers; more than a loader accepts.
    let table = SIGNATURE_AT as u64 + 24 + 240;
    // With 96, the headers extend into the resources.
    for (count, counted, swallowed) in [(20, 20, 0..1), (0xffff, 96, 0..0x1001)] {
        let mut expected = without(swallowed);
        expected.insert(0, (0, table + 40 * counted));
        assert_eq!(changed(|image| put(image, SIGNATURE_AT + 6, &[count as u8, (count >> 8) as u8])), expected);
    }
    // Missing memory.
    assert_eq!(changed(|image| image.truncate(0x1220)), [(0, 0x400), (0x1000, 40), (0x1100, 24), (0x1200, 32)]);
}

fn names_of_versions_are_kept() {
    let named = changed(|image| {
        let entries = [[0x8000_0680, to(0x1200)]];
        resource_directory(image, BY_NAME_AT, [1, 0], &entries);
        numbers(image, RESOURCES_AT + 0x680, &[0x0041_0002, 0x42]);
    });
    let mut expected = without(0..0);
    expected.push((0x1680, 2 + 2 * 2));
    expected.sort_unstable();
    assert_eq!(named, expected);
}

/// The longest are a record of 128 KiB and an embedded PDB of one MiB.
fn records_are_kept_up_to_their_bounds() {
    let at = 0x10_0000;
    for (kind, size, is_kept) in [
        (2, 0x2_0000, true),
        (2, 0x2_0001, false),
        (17, 0x10_0000, true),
        (17, 0x10_0001, false),
        (16, 36, true),
        (16, 0, false),
    ] {
        let parts = changed(|image| {
            image.resize(at + 0x10_0008, 7);
            debug_entry(image, DEBUG_AT, kind, size, at as u32);
        });
        let record = parts.contains(&(at as u64, u64::from(size)));
        assert_eq!(record, is_kept, "{size:#x} bytes of type {kind}");
        assert_eq!(parts.iter().any(|part| part.0 == at as u64), is_kept);
    }
}

fn circles_and_large_counts_cost_little() {
    // Every entry of every level leads back to the first directory, which claims the maximum number of entries.
    let parts = changed(|image| {
        image.resize(0x9000, 0);
        resource_directory(image, RESOURCES_AT, [0, 0xffff], &[[16, to(RESOURCES_AT)]; 0x800]);
    });
    // 1,024 entries of the directory.
    assert!(parts.contains(&(RESOURCES_AT as u64, 16 + 0x400 * 8)), "{parts:x?}");
    // Data entries that are themselves resource directories, and data all over the image.
    let parts = changed(|image| {
        numbers(image, LEAF_AT, &[VERSION_AT as u32, 0xffff_ffff]);
        numbers(image, DEBUG_AT + 16, &[0xffff_ffff, 0xffff_ffff]);
    });
    assert!(parts.contains(&(VERSION_AT as u64, 0x1c00 - VERSION_AT as u64)), "{parts:x?}");
}

fn missing_images_are_counted() {
    let module = |base| Module::new(base, 0x7000, "a.dll");
    let source = Dump::new().system_info(Cpu::AMD64.windows());
    let source = source.module(module(BASE)).module(module(2 * BASE)).module(module(3 * BASE));
    let image = whole(Cpu::AMD64);
    let source = source.memory(BASE, &image[..]).memory(2 * BASE, &image[..0x1900]).memory(3 * BASE, [0; 0x1000]);
    let source = source.build();
    let (parts, report) = kept(&source, "/m --identify");
    assert_eq!(said(&report), ["identify: the source has 1 of 3 images, and parts of 1"]);
    assert!(parts.is_superset(&places(BASE, &WHOLE)));
    // Nothing requests them, or all memory is included.
    assert_eq!(said(&kept(&source, "/m").1), [""; 0]);
    assert_eq!(kept(&source, "/mf --identify").0, places(0, &[]));
    let nothing = Dump::new().system_info(Cpu::AMD64.windows()).module(module(BASE)).build();
    assert_eq!(said(&kept(&nothing, "/m --identify").1), ["identify: the source has 0 of 1 images"]);
    let nothing = Dump::new().system_info(Cpu::AMD64.windows()).build();
    assert_eq!(said(&kept(&nothing, "/m --identify").1), ["identify: the source has no images"]);
}
