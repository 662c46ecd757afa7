//! Version resources: a tree of three levels, in all its forms.

use libtest_mimic::Trial;

use super::assembler::*;
use crate::support::cpu::{Cpu, put};
use crate::support::forms::open;
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        the_first_language_of_the_first_resource_counts,
        other_types_come_before_and_after,
        unsorted_types_are_not_searched_far,
        resources_may_have_names,
        a_level_without_entries_has_nothing,
        levels_are_of_their_kind,
        cyclic_trees_end,
        the_data_must_have_room_for_a_version,
        a_version_has_its_signature,
        positions_of_data_count_from_the_base,
        the_size_of_the_directory_plays_no_part,
    ]
}

#[track_caller]
fn check(expected: Option<u32>, change: impl FnOnce(&mut Vec<u8>)) {
    let expected = Parts { version: expected.map(version), ..Parts::whole() };
    assert_eq!(changed(change), expected);
}

const FIRST: Option<u32> = Some(0x000a_0001);
const SECOND: Option<u32> = Some(0x000a_0002);

fn the_first_language_of_the_first_resource_counts() {
    check(FIRST, |_| ());
    check(SECOND, |it| resource_directory(it, BY_LANGUAGE_AT, [0, 2], &[[0x409, 0x290], [0x407, 0x280]]));
    check(SECOND, |it| {
        resource_directory(it, BY_NAME_AT, [0, 2], &[[1, to(0x1340)], [2, to(BY_LANGUAGE_AT)]]);
        resource_directory(it, 0x1340, [0, 1], &[[0, 0x290]]);
    });
}

fn other_types_come_before_and_after() {
    let versions = [16, to(BY_NAME_AT)];
    let others = |from: u32, to: u32| (from..to).map(|kind| [kind, 0x8000_0300]);
    for (named, types) in [
        (0, vec![versions]),
        (0, others(0, 16).chain([versions]).collect()),
        (0, [versions].into_iter().chain(others(17, 25)).collect()),
        (3, others(0x8000_0600, 0x8000_0603).chain([versions]).collect()),
        (7, others(0x8000_0600, 0x8000_0607).chain(others(9, 11)).chain([versions]).collect::<Vec<_>>()),
    ] {
        check(FIRST, |it| resource_directory(it, RESOURCES_AT, [named, types.len() as u16 - named], &types));
    }
    check(None, |it| resource_directory(it, RESOURCES_AT, [0, 25], &others(17, 42).collect::<Vec<_>>()));
    // A name that has the number.
    check(None, |it| resource_directory(it, RESOURCES_AT, [1, 0], &[versions]));
    check(None, |it| resource_directory(it, RESOURCES_AT, [0, 1], &[[0x8000_0010, to(BY_NAME_AT)]]));
    check(None, |it| resource_directory(it, RESOURCES_AT, [0, 0], &[versions]));
}

/// Entries are sorted by rule, so the system does not find such types either: it uses a binary search.
fn unsorted_types_are_not_searched_far() {
    for (before, expected) in [(16, FIRST), (17, None)] {
        let mut types = vec![[0x50, 0x8000_0300]; before];
        types.push([16, to(BY_NAME_AT)]);
        check(expected, |it| resource_directory(it, RESOURCES_AT, [0, types.len() as u16], &types));
    }
}

fn resources_may_have_names() {
    check(FIRST, |it| resource_directory(it, BY_NAME_AT, [1, 0], &[[0x8000_0600, to(BY_LANGUAGE_AT)]]));
    check(FIRST, |it| resource_directory(it, BY_LANGUAGE_AT, [1, 1], &[[0x8000_0600, 0x280], [0x409, 0x290]]));
}

fn a_level_without_entries_has_nothing() {
    for at in [RESOURCES_AT, BY_NAME_AT, BY_LANGUAGE_AT] {
        check(None, |it| put(it, at + 12, &[0; 4]));
    }
}

fn levels_are_of_their_kind() {
    // Data where a directory should be, and a directory where data should be.
    check(None, |it| numbers(it, VERSIONS_AT + 4, &[to(BY_NAME_AT) & 0x7fff_ffff]));
    check(None, |it| numbers(it, BY_NAME_AT + 20, &[to(BY_LANGUAGE_AT) & 0x7fff_ffff]));
    check(None, |it| numbers(it, BY_LANGUAGE_AT + 20, &[0x8000_0280]));
    // Even if the bit would lead to data when read as part of the offset.
    let mut image = whole(Cpu::AMD64);
    numbers(&mut image, BY_LANGUAGE_AT + 20, &[0x8000_0280]);
    let far = BASE + LEAF_AT as u64 + 0x8000_0000;
    let dump = Dump::new().memory(BASE, &image).memory(far, &image[LEAF_AT..LEAF_AT + 16]);
    let bytes = dump.build();
    assert_eq!(parts_at(&open(&bytes), BASE).expect("it is valid").version, None);
}

fn cyclic_trees_end() {
    for at in [VERSIONS_AT + 4, BY_NAME_AT + 20, BY_LANGUAGE_AT + 20] {
        for to in [RESOURCES_AT, BY_NAME_AT, BY_LANGUAGE_AT].map(to) {
            let is_sound = [(VERSIONS_AT + 4, BY_NAME_AT), (BY_NAME_AT + 20, BY_LANGUAGE_AT)];
            if !is_sound.map(|(at, place)| (at, 0x8000_0000 | (place - RESOURCES_AT) as u32)).contains(&(at, to)) {
                // From the second level, the third can be read as the second, but its leaf is not a directory.
                check(None, |it| numbers(it, at, &[to]));
            }
        }
    }
    // Outside the memory, and the largest offsets.
    for offset in [0x8000_0000 | 0x1000, u32::MAX, 0xffff_fff0] {
        check(None, |it| numbers(it, VERSIONS_AT + 4, &[offset]));
        check(None, |it| numbers(it, BY_NAME_AT + 20, &[offset]));
        check(None, |it| numbers(it, BY_LANGUAGE_AT + 20, &[offset & 0x7fff_ffff]));
    }
}

fn the_data_must_have_room_for_a_version() {
    for (size, expected) in [(0, None), (52, None), (91, None), (92, FIRST), (868, FIRST), (u32::MAX, FIRST)] {
        check(expected, |it| numbers(it, LEAF_AT + 4, &[size]));
    }
}

fn a_version_has_its_signature() {
    for signature in [0, 0xfeef_04bc, 0xbd04_effe] {
        check(None, |it| numbers(it, VERSION_AT + 40, &[signature]));
    }
    // The version of the structure is not checked.
    let mut other = version(0x000a_0001);
    other[1] = 7;
    assert_eq!(changed(|it| numbers(it, VERSION_AT + 44, &[7])).version, Some(other));
}

fn positions_of_data_count_from_the_base() {
    check(SECOND, |it| numbers(it, LEAF_AT, &[0x1500]));
    for position in [0, 0x400, 0x1c00, 0x1c00 - 91, u32::MAX] {
        check(None, |it| numbers(it, LEAF_AT, &[position]));
    }
}

/// Packers are known to change it.
fn the_size_of_the_directory_plays_no_part() {
    for size in [0, 1, u32::MAX] {
        check(FIRST, |it| numbers(it, directories_at(Cpu::AMD64) + 8 * 2 + 4, &[size]));
    }
    // A directory that would begin after the end of the memory.
    for position in [0x1c00, 0x1c00 - 15, u32::MAX] {
        check(None, |it| numbers(it, directories_at(Cpu::AMD64) + 8 * 2, &[position]));
    }
}
