//! Addresses distributed over the address space in every way: the index must not depend on the distribution.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use userdump::read::Memory;

use super::Random;
use crate::support::forms::open;
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        ranges_at_even_distances_are_found,
        ranges_in_clusters_are_found,
        ranges_that_crowd_in_one_place_are_found,
        ranges_at_growing_distances_are_found,
        ranges_anywhere_are_found,
    ]
}

/// The size of every range.
const SIZE: u64 = 4;

/// As many ranges as the table has cells, and close to it; hardly any; more than cells.
const COUNTS: [u64; 10] = [1, 2, 3, 4, 31, 255, 256, 257, 300, 3000];

fn ranges_at_even_distances_are_found() {
    for count in COUNTS {
        for distance in [SIZE, SIZE + 1, 0x1000, u64::MAX / count - SIZE] {
            check((0..count).map(|index| index * distance));
        }
        check((0..count).map(|index| u64::MAX - (SIZE - 1) - index * 0x1000));
    }
}

fn ranges_in_clusters_are_found() {
    for count in COUNTS {
        let clusters = [0x1_0000, 0x12_3456_0000, 0x1c5_0000_0000, 0x7ff8_1234_0000, 0xffff_f800_0000_0000];
        check((0..count).flat_map(|index| clusters.map(|base| base + index * 0x30)));
    }
}

fn ranges_that_crowd_in_one_place_are_found() {
    for count in COUNTS {
        check((0..count).map(|index| 0x7ff8_0000_0000 + index * SIZE).chain([0, u64::MAX - SIZE]));
        check((0..count).map(|index| index * SIZE).chain([1 << 63]));
    }
}

fn ranges_at_growing_distances_are_found() {
    check((3..64).map(|power| 1 << power));
    check((3..64).map(|power| (1 << power) - SIZE));
    check((3..63).map(|power| u64::MAX - (1 << power)));
}

fn ranges_anywhere_are_found() {
    for count in COUNTS {
        let mut random = Random::new(count);
        // A multiple of the size, so that no two overlap.
        check((0..count).map(|_| (random.below(1 << 40) << 24 | random.below(1 << 24)) / SIZE * SIZE));
    }
}

/// Looks up addresses around the ends of every range, with the ranges in random order in the list.
fn check(starts: impl Iterator<Item = u64>) {
    let starts: BTreeMap<u64, [u8; SIZE as usize]> =
        starts.enumerate().map(|(index, start)| (start, (index as u32).to_le_bytes())).collect();
    let mut order: Vec<_> = starts.iter().collect();
    let mut random = Random::new(order.len() as u64);
    for last in (1..order.len()).rev() {
        order.swap(last, random.below(last as u64 + 1) as usize);
    }
    let bytes = order.iter().fold(Dump::new(), |dump, (start, bytes)| dump.memory64(**start, bytes)).build();
    let memory = open(&bytes).memory();
    let visible = memory.visible_ranges().map(|range| (range.address, range.bytes().expect("it is in the file")));
    assert!(visible.eq(starts.iter().map(|(start, bytes)| (*start, bytes.as_slice()))));
    for start in starts.keys() {
        for address in [start.wrapping_sub(1), *start, start + 1, start + (SIZE - 1), start.wrapping_add(SIZE)] {
            compare(&memory, &starts, address);
        }
    }
    for address in [0, 1, 1 << 32, 1 << 63, u64::MAX] {
        compare(&memory, &starts, address);
    }
}

fn compare(memory: &Memory<'_>, starts: &BTreeMap<u64, [u8; SIZE as usize]>, address: u64) {
    let holder = |address: u64| {
        let (start, bytes) = starts.range(..=address).next_back()?;
        bytes.get(usize::try_from(address - start).ok()?).copied()
    };
    let byte = holder(address);
    assert_eq!(memory.read_u8(address), byte, "{address:#x}");
    let following = address.checked_add(1).and_then(holder);
    let pair = byte.zip(following).map(|(low, high)| u16::from_le_bytes([low, high]));
    assert_eq!(memory.read_u16(address), pair, "{address:#x}");
    let found = memory.range_at(address).map(|range| (range.address, range.size));
    assert_eq!(found.is_some(), byte.is_some(), "{address:#x}");
    assert!(found.is_none_or(|(start, size)| size == SIZE && starts.contains_key(&start)), "{address:#x}");
    let next = memory.visible_within(address, u64::MAX).next().map(|range| range.address);
    let following = starts.range(address..).next().map(|(start, _)| *start);
    assert_eq!(next, if byte.is_some() { Some(address) } else { following }, "{address:#x}");
}
