//! The same for full user dumps: threads, modules, regions.

use libtest_mimic::Trial;

use super::{OPTIONS, out_of_proportion};
use crate::support::cpu::{Cpu, put};
use crate::support::image::{DATA, SIGNATURE_AT, headers};
use crate::support::trials;
use crate::synth::{UserDump, UserModule, UserRegion, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        threads_of_one_id,
        modules_at_one_base,
        modules_with_headers_in_common,
        regions_that_overlap,
        regions_that_are_the_same,
    ]
}

const FEW: u32 = 128;
const BASE: u32 = 0x1000_0000;

fn in_proportion(what: &str, build: impl Fn(UserDump, u32) -> UserDump) {
    in_proportion_from(FEW, what, build);
}

fn in_proportion_from(few: u32, what: &str, build: impl Fn(UserDump, u32) -> UserDump) {
    let mut found = Vec::new();
    for wide in [false, true] {
        let dump = || if wide { UserDump::wide() } else { UserDump::narrow() };
        let (small, large) = (build(dump(), few).build(), build(dump(), 4 * few).build());
        found.extend(out_of_proportion(what, &small, &large, &OPTIONS));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn threads_of_one_id() {
    in_proportion("threads", |dump, count| {
        (0..count).fold(dump, |dump, _| dump.thread(UserThread { id: 7, ..UserThread::default() }))
    });
}

/// Modules that all have one base, at an image with many sections and a long name.
fn modules_at_one_base() {
    in_proportion("modules at one base", |mut dump, count| {
        let sections: Vec<_> = (0..count).map(|index| ("d", 0x1000 * index, 0x1000, DATA)).collect();
        let module = UserModule { base: BASE.into(), size: 0x1000, name: b"C:\\a\\b.dll\0".to_vec() };
        dump.modules = vec![module; count as usize];
        dump.region(UserRegion::new(BASE.into(), headers(Cpu::AMD64, &sections)))
    });
}

/// Contiguous images of 64 bytes each, which all lead to the headers at their end.
fn modules_with_headers_in_common() {
    in_proportion("modules with headers in common", |dump, count| {
        let sections: Vec<_> = (0..count).map(|index| ("d", 0x1000 * index, 0x1000, DATA)).collect();
        let shared = headers(Cpu::AMD64, &sections);
        let mut memory = vec![0; 64 * count as usize];
        for (index, dos) in memory.chunks_mut(64).enumerate() {
            put(dos, 0, b"MZ");
            put(dos, 0x3c, &(64 * (count - index as u32)).to_le_bytes());
        }
        memory.extend(&shared[SIGNATURE_AT..]);
        let dump = dump.region(UserRegion::new(BASE.into(), memory));
        (0..count).fold(dump, |dump, index| dump.module(u64::from(BASE + 64 * index), 64, "m"))
    });
}

/// So many that the first ones, which few others overlap, are negligible.
fn regions_that_overlap() {
    in_proportion_from(4 * FEW, "regions that overlap", |dump, count| {
        (0..count).fold(dump, |dump, index| dump.region(UserRegion::new(u64::from(BASE + index), [index as u8; 64])))
    });
}

fn regions_that_are_the_same() {
    in_proportion("identical regions", |dump, count| {
        (0..count).fold(dump, |dump, _| dump.region(UserRegion::new(BASE.into(), [7; 64])))
    });
}
