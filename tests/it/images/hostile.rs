//! Images made to cost more than their size justifies: reading one takes a few steps, whatever it claims.

use std::time::Instant;

use libtest_mimic::Trial;
use userdump::read::ByteOrder;
use userdump::read::module::{CodeView, Image};

use super::assembler::*;
use crate::memory::Random;
use crate::resources::measure;
use crate::support::cpu::{Cpu, put};
use crate::support::forms::open;
use crate::support::image::SIGNATURE_AT;
use crate::support::trials;
use crate::synth::{Dump, Range};

pub fn trials() -> Vec<Trial> {
    trials![
        images_that_claim_everything_allocate_nothing,
        images_that_share_a_tree_are_quick,
        records_of_bytes_that_are_shared_are_small,
        records_in_ranges_of_one_byte_cost_what_they_weigh,
        images_with_random_damage,
    ]
}

/// All counts and sizes are maximal, and none of the requested parts comes early.
fn claims_everything() -> Vec<u8> {
    let mut image = whole(Cpu::AMD64);
    image.resize(0x20_0000, 0);
    put(&mut image, SIGNATURE_AT + 6, &[0xff; 2]);
    let directories = directories_at(Cpu::AMD64);
    numbers(&mut image, directories - 4, &[u32::MAX]);
    numbers(&mut image, directories + 8 * 2, &[0x1_0000, u32::MAX]);
    numbers(&mut image, directories + 8 * 6, &[0x10_0000, u32::MAX]);
    // Each entry leads back to the root, and each debug entry to a record of all bytes.
    let entries: Vec<[u32; 2]> = (0..0x1_0000).map(|_| [15, 0x8000_0000]).collect();
    resource_directory(&mut image, 0x1_0000, [0xffff; 2], &entries);
    for at in (0x10_0000..0x20_0000 - 28).step_by(28) {
        debug_entry(&mut image, at, 2 + 2 * (at as u32 & 1), u32::MAX, 1);
    }
    image
}

fn images_that_claim_everything_allocate_nothing() {
    let bytes = Dump::new().memory64(BASE, claims_everything()).build();
    let memory = open(&bytes).memory();
    let (found, spent) = measure(|| {
        let image = Image::at(&memory, BASE).expect("it is valid");
        let records = image.code_view_record().is_none() && image.misc_record().is_none();
        (image.version(), records, image.sections().count())
    });
    assert_eq!(found, (None, true, (0x20_0000 - 0x188) / 40));
    assert_eq!((spent.calls, spent.peak), (0, 0));
}

fn images_that_share_a_tree_are_quick() {
    const IMAGES: usize = 20_000;
    // Consecutive DOS headers, and then the data that all of them point to.
    let mut memory = vec![0; 64 * IMAGES];
    for (index, dos) in memory.chunks_mut(64).enumerate() {
        put(dos, 0, b"MZ");
        put(dos, 0x3c, &(64 * (IMAGES - index) as u32).to_le_bytes());
    }
    let mut shared = claims_everything();
    let tree = (64 * IMAGES + shared.len()) as u32;
    [2, 6].iter().for_each(|index| numbers(&mut shared, directories_at(Cpu::AMD64) + 8 * index, &[tree]));
    memory.extend(&shared[SIGNATURE_AT..]);
    // Any part of this that an image uses as a directory has 32,768 entries that lead to a directory, but no version.
    memory.extend([15u32, 0x8000_0000].map(u32::to_le_bytes).as_flattened().repeat(16 * IMAGES));
    let bytes = Dump::new().memory64(BASE, memory).build();
    let memory = open(&bytes).memory();
    let start = Instant::now();
    let (found, spent) = measure(|| {
        let bases = (0..IMAGES as u64).map(|index| BASE + 64 * index);
        let images = bases.filter_map(|base| Image::at(&memory, base));
        let looked = images.map(|image| {
            let records = [image.code_view_record(), image.misc_record()];
            u64::from(image.version().is_none()) + u64::from(records.iter().all(Option::is_none))
        });
        looked.sum::<u64>()
    });
    assert_eq!((found, spent.calls), (2 * IMAGES as u64, 0));
    // Walking all entries would take minutes.
    println!("{IMAGES} images: {:?}", start.elapsed());
}

/// A small file may claim far more memory than it has bytes.
fn records_of_bytes_that_are_shared_are_small() {
    let mut image = whole(Cpu::AMD64);
    image.resize(0x1_0000, 0x41);
    for (size, expected) in [(0x2_0000, Some(0x2_0000)), (0x2_0001, None), (0x3fff_0000, None)] {
        debug_entry(&mut image, CODE_VIEW_ENTRY_AT, 2, size, 0x1_0000);
        let dump = Dump::new().memory(BASE, &image);
        // The file offset of the first range: after the header, one entry and a list of 16,384.
        let at = 32 + 12 + 4 + 16 * 0x4000;
        let ranges = (1..0x4000).map(|index| Range::At(BASE + 0x1_0000 * index, 0x1_0000, at));
        let bytes = ranges.fold(dump, Dump::memory_range).build();
        assert!(bytes.len() < 0x6_0000, "{:#x} bytes for a gibibyte", bytes.len());
        let memory = open(&bytes).memory();
        assert_eq!(memory.run_len(BASE, u64::MAX), 0x4000_0000);
        let image = Image::at(&memory, BASE).expect("it is valid");
        let (record, spent) = measure(|| image.code_view_record());
        assert_eq!(record.map(|record| record.len()), expected);
        assert_eq!(spent.total, expected.unwrap_or(0));
    }
}

fn records_in_ranges_of_one_byte_cost_what_they_weigh() {
    let size = 0x2_0000;
    let mut image = whole(Cpu::AMD64);
    let first = BASE + image.len() as u64;
    debug_entry(&mut image, CODE_VIEW_ENTRY_AT, 2, size, (first - BASE) as u32);
    // In reverse order, so that none is adjacent in the file to its neighbour.
    let ranges = (0..u64::from(size)).rev().map(|index| (first + index, [index as u8]));
    let dump = ranges.fold(Dump::new().memory(BASE, &image), |dump, (at, byte)| dump.memory(at, byte));
    let bytes = dump.build();
    let memory = open(&bytes).memory();
    let image = Image::at(&memory, BASE).expect("it is valid");
    let (record, spent) = measure(|| image.code_view_record().expect("it is present"));
    assert!(record.iter().enumerate().all(|(index, byte)| *byte == index as u8));
    assert_eq!((spent.calls, spent.total), (1, size as usize));
}

fn images_with_random_damage() {
    let mut counts = [0; 4];
    for seed in 0..4000 {
        let mut random = Random::new(seed);
        let cpu = Cpu::ALL[random.below(4) as usize];
        let mut image = whole(cpu);
        let tables = [0x80..0x1c0u64, 0x1000..0x12a0, 0x1800..0x1870];
        for _ in 0..=random.below(6) {
            let table = &tables[random.below(3) as usize];
            let at = (table.start + random.below(table.end - table.start - 4)) as usize;
            let values = [0, 1, random.below(1 << 32) as u32, 0x8000_0000, u32::MAX, random.below(0x2000) as u32];
            numbers(&mut image, at, &[values[random.below(6) as usize]]);
        }
        let base = [BASE, u64::MAX - 0x1bff, 0xffff_e400][random.below(3) as usize];
        let bytes = Dump::new().system_info(cpu.windows()).memory(base, image).build();
        let memory = open(&bytes).memory();
        let Some(image) = Image::at(&memory, base) else {
            counts[0] += 1;
            continue;
        };
        let (parts, spent) = measure(|| {
            let records = [image.code_view_record(), image.misc_record()];
            let view = records[0]
                .as_deref()
                .map(|record| matches!(CodeView::new(record, ByteOrder::Little), CodeView::Pdb70 { .. }));
            (image.version(), view, image.sections().count())
        });
        assert_eq!(spent.calls, 0, "seed {seed}: one range, so everything is borrowed");
        assert!(parts.2 <= 0x1c00 / 40, "seed {seed}");
        counts[1] += usize::from(parts.0.is_some());
        counts[2] += usize::from(parts.1 == Some(true));
        counts[3] += 1;
    }
    // Some of each, so that the loop tested something.
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}
