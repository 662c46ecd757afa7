//! Memory that is changed in place: lists keep their ranges.

use std::sync::Mutex;

use libtest_mimic::Trial;
use userdump::redump::{Hooks, Options, Redump};
use userdump_walk::compressed::Compressed;

use crate::support::cpu::pattern;
use crate::support::facts::Facts;
use crate::support::golden;
use crate::support::redumped::{faults, hooked};
use crate::support::{Shared, trials};
use crate::synth::{Dump, Range, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        memory_is_blanked_and_replaced_in_both_lists,
        every_copy_of_an_address_is_blank,
        the_last_bytes_for_an_address_count,
        a_redactor_sees_every_byte_once,
        ranges_that_share_bytes_are_changed_once,
        letters_replace_memory_too,
        memory_is_removed_with_its_list,
        a_record_over_the_header_does_not_change_it,
        compressed_memory_stays_packed_or_is_refused,
    ]
}

fn process() -> Dump {
    let dump = Dump::new().system_info(SystemInfo::default());
    let dump = dump.thread(Thread::new(1).stack(Stack::stored(0x5000, pattern(0x5000, 0x100))));
    // Unsorted, and with an overlap.
    let dump = dump.memory(0x9000, pattern(0x9000, 0x1000)).memory(0x2000, pattern(0x2000, 0x200));
    dump.memory(0x9800, vec![0x77; 0x1000]).memory64(0x10_0000, pattern(0x10_0000, 0x2_0000))
}

/// Addresses, sizes and bytes of all rows of the lists.
fn rows(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    Facts::of(bytes).ranges().into_iter().map(|row| (row.address, row.bytes.0.to_vec())).collect()
}

/// The expected rows, with a change of each byte by its address.
fn expected(source: &[u8], change: impl Fn(u64, u8) -> u8) -> Vec<(u64, Vec<u8>)> {
    let mut rows = rows(source);
    for (address, bytes) in &mut rows {
        for (at, byte) in (*address..).zip(bytes) {
            *byte = change(at, *byte);
        }
    }
    rows
}

fn memory_is_blanked_and_replaced_in_both_lists() {
    let source = process().build();
    let hooks = Hooks::new().blank([0x2010..0x2020, 0x10_0000..0x10_0008]).replace_memory(0x10_1000, vec![1, 2, 3]);
    let (out, report) = hooked(&source, "as-is", hooks);
    assert_eq!(out.len(), source.len());
    assert_eq!(report.blanked_memory, 24);
    let change = |at, byte| match at {
        0x2010..0x2020 | 0x10_0000..0x10_0008 => 0,
        0x10_1000..0x10_1003 => (at - 0x10_0fff) as u8,
        _ => byte,
    };
    assert_eq!(rows(&out), expected(&source, change));
    assert_eq!(faults(&out), faults(&source));
}

fn every_copy_of_an_address_is_blank() {
    let source = process().build();
    let (out, _) = hooked(&source, "as-is", Hooks::new().blank([0x9700..0x9900, 0x5000..0x5004]));
    let blank = |at: u64| (0x9700..0x9900).contains(&at) || (0x5000..0x5004).contains(&at);
    assert_eq!(rows(&out), expected(&source, |at, byte| if blank(at) { 0 } else { byte }));
    // The stack is in no list and is found by its RVA.
    let stack = Facts::of(&out).threads()[0].stack_at.0 as usize;
    assert_eq!(out[stack..stack + 4], [0; 4]);
}

fn the_last_bytes_for_an_address_count() {
    let source = process().build();
    let hooks = || Hooks::new().replace_memory(0x2000, vec![1; 16]).replace_memory(0x2008, vec![2; 4]);
    for options in ["as-is", "ma"] {
        let (out, _) = hooked(&source, options, hooks().blank(Some(0x2000..0x2001)));
        let bytes: Vec<u8> = Facts::of(&out).read(0x2000, 16).to_vec();
        assert_eq!(bytes, [0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1], "{options}");
    }
}

fn a_redactor_sees_every_byte_once() {
    let source = process().build();
    let seen = Mutex::new(Vec::new());
    let hooks = Hooks::new().redact_with_overlap(0, |address, _, bytes| {
        seen.lock().expect("nothing panics").push((address, bytes.len() as u64));
        bytes.iter_mut().for_each(|byte| *byte ^= 0xff);
    });
    let (out, _) = hooked(&source, "as-is", hooks);
    assert_eq!(rows(&out), expected(&source, |_, byte| byte ^ 0xff));
    let mut seen = seen.into_inner().expect("nothing panics");
    seen.sort_unstable();
    let mut all: Vec<_> = rows(&source).iter().map(|(address, bytes)| (*address, bytes.len() as u64)).collect();
    all.push((0x5000, 0x100));
    all.sort_unstable();
    assert_eq!(seen, all);
}

/// Two rows, the second of which has the second half of the first one's bytes at another address.
fn ranges_that_share_bytes_are_changed_once() {
    let plain = process().build();
    let at = Facts::of(&plain).ranges().iter().find(|row| row.address == 0x9000).expect("it is present").at.0;
    let shared = |at: u64| process().memory_range(Range::At(0x70_0000, 0x800, at as u32 + 0x800));
    // One more row moves the bytes.
    let source = shared(at + 16).build();
    let row = Facts::of(&source).ranges().iter().find(|row| row.address == 0x9000).expect("it is present").at.0;
    let source = shared(row).build();
    let rows_of = |address| rows(&source).into_iter().find(|row| row.0 == address).expect("it is present").1;
    assert_eq!(rows_of(0x9000)[0x800..], rows_of(0x70_0000));
    let mut calls = 0;
    let hooks = Hooks::new().redact_with_overlap(0, |_, _, bytes| {
        calls += bytes.len();
        bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
    });
    let (out, _) = hooked(&source, "as-is", hooks);
    assert_eq!(out.len(), source.len());
    assert_eq!(rows(&out), expected(&source, |_, byte| byte.wrapping_add(1)));
    let (out, _) = hooked(&source, "as-is", Hooks::new().blank(Some(0x70_0000..0x70_0010)));
    let rows: Vec<_> = rows(&out).into_iter().filter(|row| [0x9000, 0x70_0000].contains(&row.0)).collect();
    assert!(rows[0].1[0x800..0x810] == [0; 16] && rows[1].1[..16] == [0; 16]);
}

fn letters_replace_memory_too() {
    let source = process().build();
    for options in ["m", "ma"] {
        let (out, _) = hooked(&source, options, Hooks::new().add_memory(0x2000, 16).replace_memory(0x2004, vec![9; 4]));
        let before = Facts::of(&source).read(0x2000, 16).to_vec();
        let after = Facts::of(&out).read(0x2000, 16).to_vec();
        assert_eq!(after, [&before[..4], &[9; 4], &before[8..]].concat(), "{options}");
    }
}

fn memory_is_removed_with_its_list() {
    let source = process().memory(0x30_0000, [0xa5; 0x200]).memory64(0x20_0000, [0x5a; 0x4000]).build();
    for (kind, byte, size) in [(5, 0xa5, 0x200), (9, 0x5a, 0x2_4000)] {
        let hooks = Hooks::new().keep_streams(|stream| stream.stream_type().0 != kind);
        let (out, report) = hooked(&source, "as-is", hooks);
        let is_there = |bytes: &[u8]| bytes.windows(64).any(|part| part == [byte; 64]);
        assert!(is_there(&source) && !is_there(&out), "type {kind}");
        let kept: Vec<_> =
            rows(&source).into_iter().filter(|row| [0x10_0000, 0x20_0000].contains(&row.0) == (kind == 5)).collect();
        assert_eq!((rows(&out), report.memory_ranges), (kept.clone(), kept.len() as u64));
        assert!(size < 0x1000 || out.len() < source.len() - size + 0x1000, "the bytes are removed");
    }
}

/// A record may claim the bytes of the header and the directory, which stay as they are.
fn a_record_over_the_header_does_not_change_it() {
    let mut source = b"MDMP\x93\xa7\0\0".to_vec();
    for field in [1, 32, 0, 0, 0, 0, 6, 168, 0] {
        source.extend(u32::to_le_bytes(field));
    }
    source.resize(200, 0x55);
    let mut calls = 0;
    let hooks = Hooks::new().map_exception(|_, new| {
        calls += 1;
        new.record.thread_id = 0x7777_7777;
        new.record.exception_record.exception_code = 7;
        new.record.exception_record.number_parameters = 9;
        new.record.exception_record.exception_information = [8; 15];
    });
    let (out, _) = hooked(&source, "as-is", hooks);
    assert_eq!(calls, 1);
    assert!(out[..44] == source[..44] && out[44..] != source[44..]);
    assert_eq!(Facts::of(&out).directory.len(), 1);
}

fn compressed_memory_stays_packed_or_is_refused(shared: &Shared) {
    let source = shared.golden(golden::COMPRESSED);
    let (out, _) = hooked(&source, "as-is", Hooks::new().name_thread(1, "a name that makes everything move"));
    let of = |bytes: &[u8]| {
        let facts = Facts::of(bytes);
        let memory = Compressed::of(&facts).expect("it has compressed memory");
        (memory.broken(&facts), memory.regions.clone(), memory.unpacked(&facts))
    };
    assert!(of(&source) == of(&out), "{:?} {:?}", of(&source).0, of(&out).0);
    let dump = userdump::Dump::parse(&source).expect("it is a dump");
    let refused = Redump::with_hooks(&dump, &Options::as_is(), Hooks::new().blank(Some(0..8))).map(|_| ());
    let error = refused.expect_err("it is not changed").to_string();
    assert!(error.contains("compressed memory"), "{error}");
}
