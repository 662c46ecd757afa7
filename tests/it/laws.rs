//! Invariants for every file: whatever its contents, all of it can be iterated over, at a cost bounded by its size.

use std::panic::{AssertUnwindSafe, catch_unwind};

use libtest_mimic::Trial;

use crate::resources::measure;
use crate::support::shared::CorpusRow;
use crate::support::walk::walk_and_print;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![every_file_is_cheap, every_prefix_of_the_smallest_files_is_cheap, every_word_may_be_anything]
}

/// The peak allocation may be this many times the file size.
const TIMES: usize = 4;
/// The fixed allowance on top of that. The walk collects the registers of one context, 200 of 40 bytes in a list that
/// doubles as it grows, which is half of it. The rest is for text of at most 128 characters, and for findings and
/// faults, which are larger than the few bytes of a broken file that they are about.
const CONSTANT: usize = 16 * 1024;
/// The number of files for which every prefix is walked and every word is changed.
const SMALLEST: usize = 10;

/// The peak allocation of a walk, in addition to the file itself.
fn peak(what: impl FnOnce() -> String, bytes: &[u8]) -> usize {
    let (result, spent) = measure(|| catch_unwind(AssertUnwindSafe(|| walk_and_print(bytes).is_ok())));
    if result.is_err() || spent.peak > TIMES * bytes.len() + CONSTANT {
        panic!("{}: {} bytes, {spent:?}, {result:?}", what(), bytes.len());
    }
    spent.peak
}

fn every_file_is_cheap(shared: &Shared) {
    let rows = shared.corpus();
    assert_eq!(rows.len(), 81);
    let mut most = (0, "");
    for row in &rows {
        most = most.max((peak(|| row.file.clone(), &shared.corpus_file(row)), &row.file));
    }
    println!("81 files, {} bytes at most, for {}", most.0, most.1);
}

/// The smallest files of the corpus, of 106 to 296 bytes.
fn smallest(shared: &Shared) -> Vec<(CorpusRow, Vec<u8>)> {
    let mut rows = shared.corpus();
    rows.sort_by_key(|row| row.bytes);
    rows.truncate(SMALLEST);
    rows.into_iter().map(|row| (shared.corpus_file(&row), row)).map(|(bytes, row)| (row, bytes)).collect()
}

fn every_prefix_of_the_smallest_files_is_cheap(shared: &Shared) {
    let mut most = 0;
    let mut walks = 0;
    for (row, bytes) in smallest(shared) {
        for size in 0..=bytes.len() {
            most = most.max(peak(|| format!("{} cut at {size}", row.file), &bytes[..size]));
            walks += 1;
        }
    }
    assert_eq!(walks, 2095);
    println!("{walks} prefixes, {most} bytes at most");
}

fn every_word_may_be_anything(shared: &Shared) {
    let mut most = 0;
    let mut walks = 0;
    for (row, bytes) in smallest(shared) {
        // Not all 32-bit fields are at multiples of 4.
        for at in 0..bytes.len() - 3 {
            for value in [0, 1, 0x7fff_ffff, 0xffff_ffff] {
                let mut broken = bytes.clone();
                let big_endian = bytes.starts_with(b"PMDM");
                let word = if big_endian { u32::to_be_bytes(value) } else { u32::to_le_bytes(value) };
                broken[at..at + 4].copy_from_slice(&word);
                most = most.max(peak(|| format!("{} with {value:#x} at {at}", row.file), &broken));
                walks += 1;
            }
        }
    }
    assert_eq!(walks, 8220);
    println!("{walks} broken files, {most} bytes at most");
}
