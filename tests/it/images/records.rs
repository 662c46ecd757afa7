//! The debug directory and the records that it refers to.

use std::borrow::Cow;

use libtest_mimic::Trial;
use userdump::read::module::Image;

use super::assembler::*;
use crate::resources::measure;
use crate::support::cpu::{Cpu, pattern, put};
use crate::support::forms::open;
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        the_first_record_in_memory_counts,
        a_record_without_bytes_is_absent,
        records_have_their_size,
        a_record_above_128_kib_is_absent,
        the_directory_is_as_long_as_it_says,
        the_directory_ends_with_the_memory,
        distant_entries_are_not_read,
        a_record_within_a_range_is_borrowed,
        a_record_across_ranges_is_copied,
        a_record_with_a_hole_is_absent,
    ]
}

#[track_caller]
fn check(code_view: Option<&[u8]>, misc: Option<&[u8]>, change: impl FnOnce(&mut Vec<u8>)) {
    let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    assert_eq!(changed(change), Parts { code_view: owned(code_view), misc: owned(misc), ..Parts::whole() });
}

fn second() -> Vec<u8> {
    [b"RSDS".as_slice(), &[8; 16], &[4, 0, 0, 0], b"b\0"].concat()
}

fn the_first_record_in_memory_counts() {
    check(Some(&code_view()), Some(&misc()), |_| ());
    // One that is only in the image file, and one of another type.
    let second = [second(), vec![0]].concat();
    check(Some(&second), Some(&misc()), |it| numbers(it, CODE_VIEW_ENTRY_AT + 20, &[0]));
    check(Some(&second), Some(&misc()), |it| numbers(it, CODE_VIEW_ENTRY_AT + 12, &[0x102]));
    check(None, Some(&misc()), |it| {
        numbers(it, CODE_VIEW_ENTRY_AT + 12, &[3]);
        numbers(it, CODE_VIEW_ENTRY_AT + 28 + 12, &[5]);
    });
    // They may be in any order.
    check(Some(&misc()), Some(&code_view()), |it| {
        numbers(it, CODE_VIEW_ENTRY_AT + 12, &[4]);
        numbers(it, CODE_VIEW_ENTRY_AT + 28 + 12, &[0]);
        numbers(it, MISC_ENTRY_AT + 12, &[2]);
    });
}

fn a_record_without_bytes_is_absent() {
    check(None, Some(&misc()), |it| numbers(it, CODE_VIEW_ENTRY_AT + 16, &[0]));
    check(Some(&code_view()), None, |it| numbers(it, MISC_ENTRY_AT + 16, &[0]));
    check(Some(&code_view()), None, |it| numbers(it, MISC_ENTRY_AT + 20, &[0]));
    for position in [0x1c00, u32::MAX] {
        check(Some(&code_view()), None, |it| numbers(it, MISC_ENTRY_AT + 20, &[position]));
    }
}

fn records_have_their_size() {
    let image = whole(Cpu::AMD64);
    for size in [1, 3, 27, 0x300] {
        let expected = &image[CODE_VIEW_AT..CODE_VIEW_AT + size];
        check(Some(expected), Some(&misc()), |it| numbers(it, CODE_VIEW_ENTRY_AT + 16, &[size as u32]));
    }
    for size in [0x301, 0x1_0000, 0x8000_0000, u32::MAX] {
        check(None, Some(&misc()), |it| numbers(it, CODE_VIEW_ENTRY_AT + 16, &[size]));
    }
}

fn a_record_above_128_kib_is_absent() {
    for (size, is_there) in [(0x2_0000, true), (0x2_0001, false)] {
        let found = changed(|it| {
            it.extend(pattern(BASE + it.len() as u64, 0x2_0001));
            debug_entry(it, CODE_VIEW_ENTRY_AT, 2, size, 0x1c00);
        });
        assert_eq!(found.code_view, is_there.then(|| pattern(BASE + 0x1c00, size.into())));
    }
}

fn the_directory_is_as_long_as_it_says() {
    let [first, third] = [Some(code_view()), Some(misc())];
    for (size, has_first, has_third) in [
        (0, false, false),
        (55, false, false),
        (56, true, false),
        (111, true, false),
        (112, true, true),
        (113, true, true),
    ] {
        check(first.as_deref().filter(|_| has_first), third.as_deref().filter(|_| has_third), |it| {
            numbers(it, directories_at(Cpu::AMD64) + 8 * 6 + 4, &[size]);
        });
    }
}

fn the_directory_ends_with_the_memory() {
    // Millions of entries, of which a few are present.
    check(Some(&code_view()), Some(&misc()), |it| {
        numbers(it, directories_at(Cpu::AMD64) + 8 * 6, &[DEBUG_AT as u32, u32::MAX])
    });
    for position in [0x1c00, 0x1c00 - 27, u32::MAX] {
        check(None, None, |it| numbers(it, directories_at(Cpu::AMD64) + 8 * 6, &[position, u32::MAX]));
    }
}

fn distant_entries_are_not_read() {
    for (before, is_there) in [(63, true), (64, false)] {
        let found = changed(|it| {
            it.resize(0x3000, 0);
            put(it, DEBUG_AT, &[0; 4 * 28]);
            numbers(it, directories_at(Cpu::AMD64) + 8 * 6, &[0x2000, 28 * 100]);
            debug_entry(it, 0x2000 + 28 * before, 2, code_view().len() as u32, CODE_VIEW_AT as u32);
        });
        assert_eq!(found.code_view, is_there.then(code_view), "{before} entries before");
    }
}

fn a_record_within_a_range_is_borrowed() {
    let bytes = Dump::new().memory(BASE, whole(Cpu::AMD64)).build();
    let memory = open(&bytes).memory();
    let image = Image::at(&memory, BASE).expect("it is valid");
    for (record, expected) in [(image.code_view_record(), code_view()), (image.misc_record(), misc())] {
        match record {
            Some(Cow::Borrowed(found)) => {
                assert_eq!(found, expected);
                assert!(bytes.as_ptr_range().contains(&found.as_ptr()));
            }
            other => panic!("{other:?}"),
        }
    }
}

fn a_record_across_ranges_is_copied() {
    let image = whole(Cpu::AMD64);
    let size = code_view().len();
    let borrowed = |cut: usize, swapped: bool| {
        let halves = [(BASE, &image[..cut]), (BASE + cut as u64, &image[cut..])];
        let [first, second] = if swapped { [halves[1], halves[0]] } else { halves };
        let bytes = Dump::new().memory64(first.0, first.1).memory64(second.0, second.1).build();
        let memory = open(&bytes).memory();
        let record = Image::at(&memory, BASE).expect("it is valid").code_view_record().expect("it is present");
        assert_eq!(*record, code_view(), "cut at {cut:#x}");
        matches!(record, Cow::Borrowed(_))
    };
    for cut in CODE_VIEW_AT - 1..=CODE_VIEW_AT + size + 1 {
        let is_cut = cut > CODE_VIEW_AT && cut < CODE_VIEW_AT + size;
        assert_eq!(borrowed(cut, true), !is_cut, "cut at {cut:#x}");
        // Ranges that are adjacent in the file as well are one piece.
        assert!(borrowed(cut, false), "cut at {cut:#x}");
    }
}

fn a_record_with_a_hole_is_absent() {
    let image = whole(Cpu::AMD64);
    let hole = CODE_VIEW_AT + 5;
    let bytes = Dump::new().memory(BASE, &image[..hole]).memory(BASE + hole as u64 + 1, &image[hole + 1..]).build();
    let memory = open(&bytes).memory();
    let image = Image::at(&memory, BASE).expect("it is valid");
    let (record, spent) = measure(|| image.code_view_record());
    assert_eq!((record, spent.calls), (None, 0));
    assert_eq!(image.misc_record().as_deref(), Some(misc().as_slice()));
}
