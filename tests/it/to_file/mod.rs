//! Writing to a file, where the kernel may copy from the source file: the same bytes as in every other way.

mod equal;
mod faults;
mod file_systems;
mod padding;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use libtest_mimic::Trial;
use tempfile::NamedTempFile;
use userdump::write::{CopySource, Plan, Written};

use crate::roundtrip::Random;

pub fn trials() -> Vec<Trial> {
    [equal::trials(), faults::trials(), file_systems::trials(), padding::trials()].into_iter().flatten().collect()
}

/// Whether the kernel copies files on this system.
pub const KERNEL_COPIES: bool = cfg!(any(target_os = "linux", target_os = "android"));
const KIB: u64 = 1024;

/// Bytes that differ from page to page.
fn contents(size: u64) -> Vec<u8> {
    let mut random = Random::new(size);
    let mut bytes: Vec<u8> = (0..size.div_ceil(8)).flat_map(|_| random.u64().to_le_bytes()).collect();
    bytes.truncate(size as usize);
    bytes
}

fn file_of(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("there is room");
    file.write_all(bytes).expect("there is room");
    file
}

/// Writes a plan to a file behind `start` bytes; returns what follows these, and checks where the file is left.
fn written(plan: Plan<'_>, sources: &[CopySource<'_>], start: u64) -> (Vec<u8>, Written) {
    let mut file = tempfile::tempfile().expect("there is room");
    file.write_all(&vec![0xee; start as usize]).expect("there is room");
    let written = plan.write_to_file(&file, sources).expect("there is room");
    (behind(&mut file, start, written.size), written)
}

/// Returns what a file has behind `start` bytes, and checks that it is positioned at its end.
fn behind(file: &mut File, start: u64, size: u64) -> Vec<u8> {
    assert_eq!(file.stream_position().expect("it is a file"), start + size, "the position behind the dump");
    assert_eq!(file.metadata().expect("it is a file").len(), start + size, "the size of the file");
    file.seek(SeekFrom::Start(0)).expect("it is a file");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("it can be read");
    let dump = bytes.split_off(start as usize);
    assert!(bytes.iter().all(|byte| *byte == 0xee), "what precedes the dump");
    dump
}

fn in_memory(plan: Plan<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    plan.write_to(&mut bytes).expect("a vector accepts every write");
    bytes
}
