//! A dump and its compressed form give equal results for every call.

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::read::module::Image;
use userdump::redump::redump;

use super::full;
use crate::support::cpu::Cpu;
use crate::support::facts::Facts;
use crate::support::{fixtures, trials};
use crate::synth::compressed::pack;

pub fn trials() -> Vec<Trial> {
    trials![every_call_gives_the_same, results_are_the_same, nothing_is_unpacked_by_listing, packing_is_what_we_say]
}

/// Bucket sizes: one that splits everything, one that holds several ranges, one that holds all.
const BUCKETS: [usize; 3] = [0x200, 0x1000, 0x40_0000];

/// Full dumps: synthetic ones of each width, and one re-encoded by the debugger.
fn sources() -> Vec<(String, Vec<u8>)> {
    let made = [Cpu::X86, Cpu::AMD64, Cpu::ARM64].map(|cpu| (format!("{cpu:?}"), full(cpu)));
    let written = fixtures::all().filter(|(_, bytes)| {
        let is_minidump = bytes.starts_with(b"MDMP");
        is_minidump && bytes.len() < 1 << 20 && {
            let facts = Facts::of(bytes);
            facts.stream(9).is_some_and(|list| facts.u64(list.rva.0) > 0) && facts.stream(5).is_none()
        }
    });
    made.into_iter().chain(written.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).take(8)).collect()
}

fn packing_is_what_we_say() {
    for (name, plain) in sources() {
        for bucket in BUCKETS {
            let packed = pack(&plain, bucket);
            assert!(Facts::of(&packed.bytes).memory() == Facts::of(&plain).memory(), "{name}");
            let mut findings = Vec::new();
            let mut before = Vec::new();
            Dump::parse(&packed.bytes).unwrap().check(&mut |finding| findings.push(finding.code));
            Dump::parse(&plain).unwrap().check(&mut |finding| before.push(finding.code));
            assert_eq!(findings, before, "{name} in buckets of {bucket}");
        }
    }
}

fn every_call_gives_the_same() {
    for (name, plain) in sources() {
        for (bucket, limit) in BUCKETS.into_iter().flat_map(|bucket| [(bucket, u64::MAX), (bucket, bucket as u64)]) {
            let packed = pack(&plain, bucket);
            let [ours, theirs] = [&packed.bytes, &plain].map(|bytes| Dump::parse(bytes).unwrap());
            let (ours, theirs) = (ours.memory_with_cache(limit), theirs.memory());
            let ranges = Facts::of(&plain).ranges();
            let edges = ranges.iter().flat_map(|range| {
                let last = range.address + range.size.saturating_sub(1);
                [
                    range.address.wrapping_sub(1),
                    range.address,
                    range.address + range.size / 2,
                    last,
                    last.wrapping_add(1),
                ]
            });
            for address in edges.chain([0, 0x1fe, 0xffff_ffff, u64::MAX]) {
                let context = format!("{name} in buckets of {bucket}, at {address:#x}");
                for size in [1, 2, 8, 17, 0x300, 0x3000] {
                    let mut buffers = [vec![0xa5; size], vec![0xa5; size], vec![0xa5; size]];
                    let [one, two, three] = &mut buffers;
                    let read = [ours.read(address, one), ours.read_uncached(address, two), theirs.read(address, three)];
                    assert!(read.iter().all(|count| *count == read[2]), "{context}: {read:?}");
                    assert!(buffers[0] == buffers[2] && buffers[1] == buffers[2], "{context}");
                    assert_eq!(ours.run_len(address, size as u64), theirs.run_len(address, size as u64), "{context}");
                    // Borrowed bytes equal those that are read; with a cache for everything, any slice within one
                    // bucket is available.
                    if let Some(bytes) = ours.slice(address, size as u64) {
                        assert_eq!((bytes, bytes.len()), (buffers[2].as_slice(), read[2]), "{context}");
                    }
                    assert_eq!(ours.fault_at(address), None, "{context}");
                }
                for width in [1, 2, 4, 8] {
                    assert_eq!(ours.read_integer(address, width), theirs.read_integer(address, width), "{context}");
                }
                assert_eq!(ours.read_pointer(address), theirs.read_pointer(address), "{context}");
                assert_eq!(ours.range_at(address).is_some(), theirs.range_at(address).is_some(), "{context}");
                assert_eq!(ours.read_c_string(address, 0x900), theirs.read_c_string(address, 0x900), "{context}");
                let text = |memory: &userdump::read::Memory<'_>| memory.read_utf16_c_string(address, 0x900);
                assert_eq!(text(&ours), text(&theirs), "{context}");
                let image = |memory| Image::at(memory, address).map(|it| (it.size_of_image(), it.sections().count()));
                assert_eq!(image(&ours), image(&theirs), "{context}");
            }
            let bytes = |memory: &userdump::read::Memory<'_>| -> u64 {
                memory.visible_within(0, u64::MAX).map(|range| range.size).sum()
            };
            assert_eq!(bytes(&ours), bytes(&theirs), "{name}");
            assert_eq!((ours.is_empty(), ours.has_overlaps()), (theirs.is_empty(), theirs.has_overlaps()), "{name}");
        }
    }
}

fn results_are_the_same() {
    let mut compared = 0;
    for (name, plain) in sources() {
        for options in ["/m", "/ma", "/mi", "/mp", "/mrRi", "/mfFhut", "/mwd", "/mA", "/f"] {
            for bucket in BUCKETS {
                let packed = pack(&plain, bucket);
                let [ours, theirs] = [&packed.bytes, &plain].map(|bytes| {
                    let mut out = Vec::new();
                    let report = redump(&Dump::parse(bytes).unwrap(), &options.parse().unwrap(), &mut out);
                    report.map(|report| (out, report.is_partial)).map_err(|error| error.to_string())
                });
                // A range that is split into regions is several ranges.
                let facts = |out: &(Vec<u8>, bool)| {
                    let memory = out.0.starts_with(b"MDMP").then(|| Facts::of(&out.0).memory());
                    (memory.unwrap_or_default(), out.1)
                };
                match (&ours, &theirs) {
                    (Ok(ours), Ok(theirs)) => {
                        assert!(facts(ours) == facts(theirs), "{name} {options} in buckets of {bucket}");
                        compared += 1;
                    }
                    _ => assert_eq!(ours.is_ok(), theirs.is_ok(), "{name} {options}: {ours:?} {theirs:?}"),
                }
            }
        }
    }
    assert!(compared > 50, "{compared} results");
}

/// A dump whose buckets are all broken still lists its ranges.
fn nothing_is_unpacked_by_listing() {
    let mut packed = super::packed();
    for number in 0..packed.counts.1 {
        let (start, size) = packed.block(number);
        packed.bytes[start..start + size].fill(0xff);
    }
    let dump = Dump::parse(&packed.bytes).unwrap();
    let memory = dump.memory();
    assert_eq!(memory.visible_ranges().len(), packed.counts.0);
    assert!(memory.visible_ranges().all(|range| range.bytes().is_err()));
}
