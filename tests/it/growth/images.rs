//! Minidump modules that share one image in memory, or have headers in common.

use libtest_mimic::Trial;

use super::{BASE, OPTIONS, out_of_proportion};
use crate::resources::words;
use crate::support::cpu::{Cpu, put};
use crate::support::image::{DATA, SIGNATURE_AT, headers};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![modules_at_one_base, modules_with_headers_in_common, modules_with_resources_in_common]
}

const FEW: u32 = 128;

/// Modules with these bases, and the memory from [`BASE`] on.
fn file(memory: &[u8], bases: impl ExactSizeIterator<Item = u32>) -> Vec<u8> {
    let modules = words([bases.len() as u32].into_iter().chain(bases.flat_map(|base| {
        let mut row = [0; 27];
        (row[0], row[2]) = (base, 64);
        row
    })));
    let at = 32 + 3 * 12;
    let (system, list, modules_at) = (at, at + 56, at + 56 + 20);
    let memory_at = modules_at + modules.len() as u32;
    let head = [0x504d_444d, 0xa793, 3, 32, 0, 0, 0, 0, 7, 56, system, 5, 20, list];
    let head = words(head.into_iter().chain([4, modules.len() as u32, modules_at]));
    let system = words([9, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    let list = words([1, BASE, 0, memory.len() as u32, memory_at]);
    [&head, &system, &list, &modules, memory].concat()
}

/// An image with this many sections, and a debug record as long as their headers.
fn image(count: u32) -> Vec<u8> {
    let sections: Vec<_> = (0..count).map(|index| ("d", 0x1000 * index, 0x1000, DATA)).collect();
    let mut bytes = headers(Cpu::AMD64, &sections);
    let directories = SIGNATURE_AT + 24 + 108;
    let at = bytes.len() as u32;
    put(&mut bytes, directories, &16u32.to_le_bytes());
    put(&mut bytes, directories + 4 + 6 * 8, &words([at, 28]));
    bytes.extend(words([0, 0, 0, 2, 40 * count, at + 28, 0]));
    bytes.resize(bytes.len() + 40 * count as usize, 0x41);
    bytes
}

fn in_proportion(what: &str, build: impl Fn(u32) -> Vec<u8>) {
    let found = out_of_proportion(what, &build(FEW), &build(4 * FEW), &OPTIONS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn modules_at_one_base() {
    in_proportion("modules at one base", |count| file(&image(count), (0..count).map(|_| BASE)));
}

/// Contiguous images of 64 bytes each, which all lead to the headers at their end.
fn modules_with_headers_in_common() {
    in_proportion("modules with headers in common", |count| {
        let mut memory = vec![0; 64 * count as usize];
        for (index, dos) in memory.chunks_mut(64).enumerate() {
            put(dos, 0, b"MZ");
            put(dos, 0x3c, &(64 * (count - index as u32)).to_le_bytes());
        }
        memory.extend(&image(count)[SIGNATURE_AT..]);
        file(&memory, (0..count).map(|index| BASE + 64 * index))
    });
}

/// Images that lead to the headers at their end, and from there to resource directories that lead back to themselves:
/// all types, names and languages are versions, whose data is all of the memory. Each image sees the same contents.
fn modules_with_resources_in_common() {
    in_proportion("modules with resources in common", |count| {
        let headers_at = 64 * count;
        let mut image = headers(Cpu::AMD64, &[("d", 0, 0x1000, DATA)]);
        let directories = SIGNATURE_AT + 24 + 108;
        put(&mut image, directories, &16u32.to_le_bytes());
        put(&mut image, directories + 4 + 2 * 8, &words([headers_at + 0x1000, 0x1000]));
        // Each 64 bytes are a directory with the maximum entry count and six entries: versions, and data.
        let directory =
            [0, 0, 0, 0xffff_0000, 16, 0x8000_0000, 16, 0x8000_0040, 1, 16, 2, 0x50, 3, 0x8000_0080, 4, 0x60];
        let mut memory = vec![0; headers_at as usize];
        for (index, dos) in memory.chunks_mut(64).enumerate() {
            put(dos, 0, b"MZ");
            put(dos, 0x3c, &(headers_at - 64 * index as u32).to_le_bytes());
        }
        memory.extend(&image[SIGNATURE_AT..]);
        memory.resize(headers_at as usize + 0x1000, 0);
        memory.extend((0..2 * count).flat_map(|_| words(directory)));
        file(&memory, (0..count).map(|index| BASE + 64 * index))
    });
}
