//! Modules made to be expensive when their sections are looked for.

use std::time::Instant;

use libtest_mimic::Trial;

use super::hostile::{Stream, file, stays_small, words};
use crate::support::cpu::{Cpu, put};
use crate::support::image::{DATA, SIGNATURE_AT, TABLE_AT, headers};
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        modules_at_one_base,
        modules_with_section_headers_in_common,
        modules_in_one_mapping_of_a_long_path,
        modules_and_mappings_in_great_numbers,
    ]
}

const MODULES: u32 = 100_000;
const SECTIONS: usize = 0xffff;
const BASE: u32 = 0x1000_0000;

/// System information of AMD64.
fn system(platform: u32) -> Vec<u8> {
    words([9, 0, 0, 0, 0, platform, 0, 0, 0, 0, 0, 0, 0, 0])
}

fn module_list(base: impl Fn(u32) -> u32) -> Vec<u8> {
    let row = |index| {
        let mut row = [0; 27];
        (row[0], row[2]) = (base(index), 0x1000);
        row
    };
    words([MODULES].into_iter().chain((0..MODULES).flat_map(row)))
}

fn stays_quick(what: &str, file: &[u8]) {
    let start = Instant::now();
    stays_small(what, file, "/mcd");
    // Without bounds it would take many minutes.
    println!("{what}: {:?}", start.elapsed());
}

/// Checks modules of Windows images in memory that starts at [`BASE`].
fn check_windows(what: &str, memory: &[u8], base: impl Fn(u32) -> u32) {
    let modules = module_list(base);
    let streams: [Stream<'_>; 3] =
        [(7, &|_| system(2)), (4, &|_| modules.clone()), (5, &|at| words([1, BASE, 0, memory.len() as u32, at]))];
    stays_quick(what, &file(memory, &streams));
}

fn sections() -> Vec<(&'static str, u32, u32, u32)> {
    (0..SECTIONS).map(|index| ("d", index as u32, u32::MAX, DATA)).collect()
}

fn modules_at_one_base() {
    check_windows("modules at one base", &headers(Cpu::AMD64, &sections()), |_| BASE);
}

fn modules_with_section_headers_in_common() {
    // DOS headers end to end, followed by the headers that all of them refer to.
    let shared = headers(Cpu::AMD64, &sections());
    let mut memory = vec![0; 64 * MODULES as usize];
    for (index, dos) in memory.chunks_mut(64).enumerate() {
        put(dos, 0, b"MZ");
        put(dos, 0x3c, &(64 * (MODULES - index as u32)).to_le_bytes());
    }
    memory.extend(&shared[SIGNATURE_AT..TABLE_AT[0] + 40 * SECTIONS]);
    check_windows("modules with section headers in common", &memory, |index| BASE + 64 * index);
}

fn check_linux(what: &str, maps: &str, base: impl Fn(u32) -> u32) {
    let modules = module_list(base);
    let streams: [Stream<'_>; 4] = [
        (7, &|_| system(0x8201)),
        (4, &|_| modules.clone()),
        (0x4767_0009, &|_| maps.as_bytes().to_vec()),
        (5, &|at| words([1, BASE, 0, 0x1000, at])),
    ];
    stays_quick(what, &file(&[7; 0x1000], &streams));
}

fn modules_in_one_mapping_of_a_long_path() {
    let path = "a".repeat(1 << 20);
    let maps = format!("10000000-20000000 rwxp 00000000 08:01 7 /{path}\n");
    check_linux("modules in one mapping", &maps, |_| BASE);
    check_linux("modules in one mapping, apart", &maps, |index| BASE + index);
}

fn modules_and_mappings_in_great_numbers() {
    let line = |index: u32| format!("{:x}-20000000 rwxp 0 08:01 7 /a\n", BASE + index);
    let maps: String = (0..MODULES).map(line).collect();
    check_linux("modules and mappings", &maps, |index| BASE + index);
}
