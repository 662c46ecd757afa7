//! Broken files: everything can still be walked, at a cost bounded by the size of the file.

use libtest_mimic::Trial;
use userdump_walk::Walked;

use crate::support::everything::{STREAMS, everything};
use crate::support::facts::Facts;
use crate::support::forms::Form;
use crate::support::trials;
use crate::support::walk::{content, walk};
use crate::synth::{Dump, Shape};

pub fn trials() -> Vec<Trial> {
    trials![
        the_walk_sees_a_record_of_every_kind,
        either_byte_order_holds_the_same,
        a_dump_cut_at_any_byte_can_be_walked,
        any_word_may_be_0,
        any_word_may_be_1,
        any_word_may_be_the_greatest_signed_number,
        any_word_may_be_the_greatest_number,
        any_word_of_a_big_endian_dump_may_be_anything,
        any_two_words_of_the_directory_may_be_anything,
        a_directory_over_itself_can_be_walked,
        overlapping_streams_can_be_walked,
        noise_after_a_valid_header_can_be_walked,
    ]
}

/// The values that a field is set to: zero, one, and those that overflow in 32 bits, signed or unsigned.
const VALUES: [u32; 4] = [0, 1, 0x7fff_ffff, u32::MAX];

fn the_walk_sees_a_record_of_every_kind() {
    for form in Form::ALL {
        let bytes = form.build(everything(form));
        // 30 directory entries; 2 threads, 1 more, 4 modules, 2 and 2 times 2 ranges, 3 handles and records, 2 tables,
        // 1 unloaded module, 2 regions, 1 info, 2 tokens, 2 names, 1 operation; parts of five streams (of Wine's the
        // list and the one name in it; 8 of Crashpad's, 3, 2, 2); 2 exceptions; 6 listed ranges and a backing store by
        // address; the stacks of the 3 threads; the 2 regions once more, as the address space has them, and the thread
        // that crashed.
        let lists = 2 + 1 + 4 + 2 + 2 * 2 + 4 + 2 + 1 + 2 + 1 + 2 + 2 + 1;
        let parts = 2 + 8 + 3 + 2 + 2;
        // Two of the threads have no registers, one stack is in no list, and there are two memory lists and no flags.
        let findings = 2 + 1 + 2;
        let items = STREAMS + lists + parts + 3 + 2 + 7 + 2 + 1 + findings;
        let expected = Walked { streams: STREAMS, items, findings };
        assert_eq!(walk(&bytes), Ok(expected));
        let kinds = Facts::of(&bytes).directory.into_iter().filter(|entry| entry.kind != 0).map(|entry| entry.kind);
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort_unstable();
        kinds.dedup();
        let known = (3..=24).chain([0xfff0, 0x1_0001, 0x4350_0001, 0x4767_000a, 0x4d7a_0001, 0x4d7a_0002]);
        assert!(kinds.into_iter().eq(known), "every type that has a view or references is included");
    }
}

fn either_byte_order_holds_the_same() {
    for filler in [0, 3] {
        let [little, big] = [false, true].map(|big_endian| {
            let form = Form { big_endian, filler };
            content(&form.build(everything(form)))
        });
        assert!(little.len() > 100, "{} lines", little.len());
        for (little, big) in little.iter().zip(&big) {
            assert_eq!(little, big);
        }
        assert_eq!(little.len(), big.len());
    }
}

fn a_dump_cut_at_any_byte_can_be_walked() {
    for (form, step) in [(Form::USUAL, 1), (Form { big_endian: true, filler: 3 }, 5)] {
        let bytes = form.build(everything(form));
        for size in (0..bytes.len()).step_by(step) {
            match walk(&bytes[..size]) {
                // Everything that is cut off is reported as missing.
                Ok(walked) => {
                    assert!(size >= 32 && walked.findings > 0, "{size}");
                    assert_eq!(walked.streams, STREAMS.min((size as u64 - 32) / 12), "{size}");
                }
                Err(error) => assert!(size < 32, "{size}: {error}"),
            }
        }
    }
}

fn any_word_may_be_0() {
    each_word(Form::USUAL, 0);
}

fn any_word_may_be_1() {
    each_word(Form::USUAL, 1);
}

fn any_word_may_be_the_greatest_signed_number() {
    each_word(Form::USUAL, 0x7fff_ffff);
}

fn any_word_may_be_the_greatest_number() {
    each_word(Form::USUAL, u32::MAX);
}

fn any_word_of_a_big_endian_dump_may_be_anything() {
    // The words are the same, so each value is tried at every fourth offset.
    let form = Form { big_endian: true, filler: 3 };
    let bytes = form.build(everything(form));
    for (turn, value) in VALUES.into_iter().enumerate() {
        words(&bytes).filter(|at| at % 4 == turn).for_each(|at| changed(&bytes, &[(at, value)]));
    }
}

fn any_two_words_of_the_directory_may_be_anything() {
    let form = Form::USUAL;
    let bytes = form.build(everything(form));
    for entry in (32..32 + 12 * STREAMS as usize).step_by(12) {
        for size in VALUES {
            for rva in [0, 1, 32, 33, bytes.len() as u32 - 5, bytes.len() as u32, 0x7fff_ffff, u32::MAX] {
                changed(&bytes, &[(entry + 4, size), (entry + 8, rva)]);
            }
        }
    }
}

fn a_directory_over_itself_can_be_walked() {
    // Each entry is a stream that overlaps the directory.
    for kind in (0..=24).chain([0xfff0, 0x4350_0001, 0x4767_000a, 0x4d7a_0001, 0x4d7a_0002]) {
        for form in Form::ALL {
            let dump = (0..20).fold(Dump::new(), |dump, _| dump.raw(kind, [0; 12]));
            let bytes = form.build(dump.shape(kind, Shape::usual().rva(32).data_size(240)));
            assert_eq!(walk(&bytes).map(|walked| walked.streams), Ok(20), "type {kind:#x}");
        }
    }
}

fn overlapping_streams_can_be_walked() {
    // Every kind of stream at every offset where one begins.
    let form = Form::USUAL;
    let bytes = form.build(everything(form));
    let directory = Facts::of(&bytes).directory;
    for (index, entry) in directory.iter().enumerate() {
        for other in &directory {
            let at = 32 + 12 * index;
            changed(&bytes, &[(at + 4, other.size), (at + 8, other.rva.0 as u32)]);
            changed(&bytes, &[(at, other.kind), (at + 4, entry.size)]);
        }
    }
}

fn noise_after_a_valid_header_can_be_walked() {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    };
    for _ in 0..500 {
        let size = 32 + next() as usize % 2000;
        let mut bytes: Vec<u8> = (0..size).map(|_| next() as u8).collect();
        bytes[..8].copy_from_slice(if next() % 2 == 0 { b"MDMP\x93\xa7\0\0" } else { b"PMDM\0\0\xa7\x93" });
        // A directory of known stream types, with small sizes and offsets.
        let big = bytes[0] == b'P';
        let count = next() % 20;
        let mut words = vec![(8, count), (12, 32)];
        for entry in 0..count as usize {
            let at = 32 + 12 * entry;
            words.extend([(at, next() % 26), (at + 4, next() % size as u32), (at + 8, next() % size as u32)]);
        }
        for (at, word) in words.into_iter().filter(|(at, _)| at + 4 <= size) {
            bytes[at..at + 4].copy_from_slice(&if big { word.to_be_bytes() } else { word.to_le_bytes() });
        }
        assert!(walk(&bytes).is_ok());
    }
}

/// Sets every possible word of a dump, at every byte offset, to a value.
fn each_word(form: Form, value: u32) {
    let bytes = form.build(everything(form));
    words(&bytes).for_each(|at| changed(&bytes, &[(at, value)]));
}

/// Every byte offset at which a word can begin, except inside long arrays of numbers and registers, which affect
/// nothing else.
fn words(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let facts = Facts::of(bytes);
    let figures = [15, 18, 21, 22].map(|kind| facts.stream(kind).expect("it is present"));
    let mut rows: Vec<_> = figures.into_iter().map(|stream| (stream.rva.0, u64::from(stream.size))).collect();
    rows.extend(facts.threads().iter().map(|thread| (thread.context_at.0, thread.context.len() as u64)));
    // Their headers do matter.
    let inside = move |at: u64| rows.iter().any(|(start, size)| (start + 32..start + size).contains(&at));
    (0..bytes.len() - 3).filter(move |at| !inside(*at as u64))
}

/// Walks a dump with some words set to other values. It may only stop being a dump if the change is in the first eight
/// bytes.
fn changed(bytes: &[u8], words: &[(usize, u32)]) {
    let mut changed = bytes.to_vec();
    for (at, value) in words {
        changed[*at..*at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let walked = walk(&changed);
    let bounded = walked.is_ok_and(|walked| walked.items <= bytes.len() as u64);
    assert!(bounded || words.iter().any(|(at, _)| *at < 8), "{words:x?}: {walked:?}");
}
