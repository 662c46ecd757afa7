//! Full user dumps that are truncated or broken: what is present is read, and the cost is bounded by the file size.

use std::panic::{AssertUnwindSafe, catch_unwind};

use libtest_mimic::Trial;
use userdump::read::FullUserDump;
use userdump::read::full_user_dump::StoredRegion;
use userdump::{Dump, ReadError};

use super::{open, sound};
use crate::resources::measure;
use crate::support::trials;
use crate::support::walk::walk_and_print;

pub fn trials() -> Vec<Trial> {
    trials![
        every_prefix_is_cheap,
        a_prefix_keeps_what_is_before_the_cut,
        every_prefix_has_findings,
        every_word_of_the_header_may_be_anything,
        every_pair_of_fields_may_be_anything,
    ]
}

/// The peak allocation may be this many times the file size, plus a constant, as for minidumps.
const TIMES: usize = 4;
const CONSTANT: usize = 16 * 1024;

/// Reads all of it.
fn cheap(what: impl FnOnce() -> String, bytes: &[u8]) {
    let (result, spent) = measure(|| catch_unwind(AssertUnwindSafe(|| walk_and_print(bytes).is_ok())));
    if result.is_err() || spent.peak > TIMES * bytes.len() + CONSTANT {
        panic!("{}: {} bytes, {spent:?}, {result:?}", what(), bytes.len());
    }
}

fn every_prefix_is_cheap() {
    for wide in [false, true] {
        let bytes = sound(wide).build();
        (0..=bytes.len()).for_each(|size| cheap(|| format!("cut at {size}"), &bytes[..size]));
    }
}

/// Everything that ends at or before an offset of the file, as text.
fn before(dump: &FullUserDump<'_>, end: u64) -> Vec<String> {
    let mut seen = Vec::new();
    let mut see = |from: u64, size: u64, what: String| {
        if from + size <= end {
            seen.push(format!("{size} bytes at {from:#x}: {what}"));
        }
    };
    let header = dump.header();
    let threads = dump.threads();
    for (index, thread) in (0..).zip(&threads) {
        see(threads.entry_offset(index), threads.entry_size(), format!("{:?}", thread.raw()));
        let context = header.thread_offset + index * dump.context_size();
        // Both the state and the context are required to access it.
        if threads.entry_offset(index) + threads.entry_size() <= end {
            let bytes = thread.context().map(|context| context.map(|context| context.as_bytes()));
            see(context, dump.context_size(), format!("{bytes:x?}"));
        }
    }
    let head = if dump.is_64_bit() { 16 } else { 12 };
    for module in dump.modules() {
        see(module.offset(), head, format!("{:?}", module.raw()));
        let length = u64::from(module.raw().image_name_length);
        see(module.offset(), head + length, format!("{:?}", module.name()));
    }
    let regions = dump.region_list();
    for (index, region) in (0..).zip(&regions) {
        see(regions.entry_offset(index), regions.entry_size(), format!("{:?}", region.raw()));
    }
    for StoredRegion { info, range, .. } in dump.stored_regions() {
        see(range.offset, range.size, format!("{:x?} {:x?}", info.raw(), range.bytes().unwrap()));
        let present = end.saturating_sub(range.offset).min(range.size);
        if present > 0 {
            let memory = dump.memory();
            let bytes = (range.bytes().unwrap().get(..present as usize), memory.slice(range.address, present));
            see(range.offset, present, format!("{bytes:x?}"));
        }
    }
    if let Ok(event) = dump.debug_event() {
        see(header.debug_event_offset, if dump.is_64_bit() { 176 } else { 96 }, format!("{event:?}"));
    }
    seen
}

fn a_prefix_keeps_what_is_before_the_cut() {
    for wide in [false, true] {
        let bytes = sound(wide).build();
        let whole = open(&bytes);
        let mut most = 0;
        for size in if wide { 96 } else { 64 }..=bytes.len() {
            let end = size as u64;
            let expected = before(&whole, end);
            assert_eq!(before(&open(&bytes[..size]), end), expected, "cut at {size}");
            assert!(expected.len() >= most, "fewer parts are found when cut at {size} than before");
            most = expected.len();
        }
        // States, contexts, headers and names, rows, regions twice, and the event.
        assert_eq!(most, 2 + 2 + 2 + 2 + 3 + 2 * 3 + 1);
    }
}

fn every_prefix_has_findings() {
    for wide in [false, true] {
        let bytes = sound(wide).build();
        let version = open(&bytes).header().version_info_offset as usize;
        for size in 0..=version {
            let mut found = Vec::new();
            match Dump::parse(&bytes[..size]) {
                Ok(dump) => dump.check(&mut |finding| found.push(finding)),
                // Eight bytes identify the format; fewer could be the start of anything.
                Err(error) => assert_eq!(error.is_truncated(), size >= 8, "cut at {size}: {error}"),
            }
            assert_eq!(found.is_empty(), size < if wide { 96 } else { 64 }, "cut at {size}: {found:?}");
            for finding in found {
                if let Some(ReadError::Truncated { needed, available, .. }) = finding.error {
                    assert!(available < needed, "cut at {size}: {finding}");
                }
            }
        }
    }
}

const HOSTILE_32: [u32; 9] = [0, 1, 2, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x1000];
const HOSTILE_64: [u64; 7] = [0, 1, 1 << 32, i64::MAX as u64, 1 << 63, u64::MAX - 1, u64::MAX];

fn every_word_of_the_header_may_be_anything() {
    for wide in [false, true] {
        let sound = sound(wide).build();
        let size = sound.len() as u64;
        // Header, event, rows of the table; then the states and the modules.
        let states = super::Slot::States.get(&sound) as usize..super::Slot::Data.get(&sound) as usize;
        let head = 0..super::Slot::Threads.get(&sound) as usize;
        let mut broken = sound.clone();
        for at in head.step_by(4).chain(states) {
            let near = [size - 1, size, size + 1, size / 2];
            for value in HOSTILE_64.into_iter().chain(near) {
                broken[at..at + 8].copy_from_slice(&value.to_le_bytes());
                cheap(|| format!("wide: {wide}, 64 bits of {value:#x} at {at}"), &broken);
                broken[at..at + 8].copy_from_slice(&sound[at..at + 8]);
            }
            for value in HOSTILE_32.into_iter().chain(near.map(|value| value as u32)) {
                broken[at..at + 4].copy_from_slice(&value.to_le_bytes());
                cheap(|| format!("wide: {wide}, 32 bits of {value:#x} at {at}"), &broken);
                broken[at..at + 4].copy_from_slice(&sound[at..at + 4]);
            }
        }
    }
}

/// A count and an offset that are both wrong are worse than either alone.
fn every_pair_of_fields_may_be_anything() {
    for wide in [false, true] {
        let sound = sound(wide).build();
        for count in [0, 1, 1000, u32::MAX] {
            for slot in super::Slot::ALL {
                for position in [0, 1, 60, sound.len() as u64 - 1, sound.len() as u64, u64::MAX - 1, u64::MAX] {
                    let mut broken = sound.clone();
                    (5..8).for_each(|word| super::set_word(&mut broken, word, count));
                    slot.set(&mut broken, position);
                    cheap(|| format!("wide: {wide}, {count} of each, {slot:?} at {position:#x}"), &broken);
                }
            }
        }
    }
}
