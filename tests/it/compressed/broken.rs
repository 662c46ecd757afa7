//! Files that break a rule of the format: each has its finding, and what can be read is read.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use userdump::error::BucketFault;
use userdump::read::check::FindingCode::{self, *};
use userdump::redump::redump;
use userdump::{Dump, ReadError};

use super::{START, full, packed};
use crate::support::cpu::{Cpu, pattern};
use crate::support::facts::Facts;
use crate::support::trials;
use crate::synth::compressed::{FLAG, Packed, pack};

pub fn trials() -> Vec<Trial> {
    trials![
        every_rule_has_its_finding,
        findings_name_what_they_are_about,
        a_broken_bucket_only_affects_its_regions,
        a_bucket_that_cannot_be_so_large_is_not_unpacked,
        buckets_on_the_same_bytes_are_paid_for,
        counts_beyond_the_file_allocate_nothing,
        a_truncated_file_keeps_what_is_present,
        regions_that_overlap_are_settled,
    ]
}

/// A rule: the finding of the check, and the change that makes a sound file break it.
type Rule = (FindingCode, fn(&mut Packed));

const RULES: &[Rule] = &[
    (CompressedHeaderWrong, |it| it.set32(it.header, 184)),
    (CompressedHeaderWrong, |it| it.set32(it.header + 4, 3)),
    (CompressedHeaderWrong, |it| it.set64(it.header + 8, 7)),
    (CompressionUnknown, |it| it.set32(it.header + 144, 2)),
    (TransferSizeWrong, |it| it.set64(it.header + 32, 0)),
    (TransferSizeWrong, |it| it.set64(it.header + 32, 0xfff)),
    (CompressedSizeWrong, |it| it.set64(it.header + 40, 64)),
    (CompressedSizeWrong, |it| it.set64(it.header + 48, 192)),
    (CompressedSizeWrong, |it| it.set64(it.header + 48, u64::MAX)),
    (CompressedMemoryEmpty, |it| it.set64(it.header + 80, 0)),
    (CompressedMemoryEmpty, |it| it.set64(it.header + 104, 0)),
    (CompressedArraySizeWrong, |it| it.set64(it.header + 96, 31)),
    (CompressedArraySizeWrong, |it| it.set64(it.header + 120, 41)),
    (ListTruncated, |it| it.set64(it.header + 80, u64::MAX)),
    (ListTruncated, |it| it.set64(it.header + 104, u64::MAX)),
    (ListTruncated, |it| it.set64(it.header + 88, u64::MAX)),
    (ListTruncated, |it| it.set64(it.header + 112, 1 << 40)),
    (CompressedTotalsWrong, |it| it.set64(it.header + 56, 1)),
    (CompressedTotalsWrong, |it| it.set64(it.header + 64, 1)),
    (CompressedTotalsWrong, |it| it.set64(it.header + 72, 100)),
    (CompressedTotalsWrong, |it| it.set64(it.header + 72, u64::MAX)),
    (RangesUnsorted, |it| it.set64(it.region(1) + 8, 0x1000)),
    (RegionsOverlap, |it| it.set64(it.region(1) + 8, START + 0x7ff)),
    (RegionNumberWrong, |it| it.set64(it.region(1), 0)),
    (RegionWithoutBucket, |it| it.set64(it.region(1) + 16, 99)),
    (RegionWithoutBucket, |it| it.set64(it.region(1) + 16, u64::MAX)),
    (RegionOutsideBucket, |it| it.set32(it.region(1) + 28, 0xb00)),
    (RegionOutsideBucket, |it| it.set32(it.region(1) + 24, u32::MAX)),
    (RegionNotOfBucket, |it| it.set64(it.bucket(1) + 24, 0)),
    (BucketNumberWrong, |it| it.set64(it.bucket(1), 9)),
    (BucketOutsideFile, |it| it.set64(it.bucket(1) + 16, u64::MAX)),
    (BucketOutsideFile, |it| it.set32(it.bucket(1) + 12, 0x7fff_ffff)),
    (MemoryInTables, |it| it.set64(it.bucket(1) + 16, 0)),
    (BucketRegionsWrong, |it| it.set64(it.bucket(1) + 32, 7)),
    (BucketRegionsWrong, |it| it.set64(it.bucket(1) + 24, 7)),
    (BucketSizeWrong, |it| it.set32(it.region(1) + 24, 0x200)),
    (BucketsOverlap, |it| it.set64(it.bucket(1) + 16, it.block(0).0 as u64 + 1)),
    (BucketExpands, |it| it.set32(it.bucket(1) + 8, u32::MAX)),
    (BucketUndecodable, |it| {
        let (start, size) = it.block(1);
        it.bytes[start..start + size].fill(0xff);
    }),
    (BucketSizeDiffers, |it| it.set32(it.bucket(1) + 8, 0xfff)),
    (BucketSizeDiffers, |it| it.set32(it.bucket(1) + 8, 0x1001)),
    (BucketNotRead, |it| {
        // Larger than the limit of the cache, with enough compressed bytes for it.
        let size = it.bytes.len();
        it.bytes.resize(size + 0x20_0000, 0);
        it.set64(it.bucket(1) + 16, size as u64);
        it.set32(it.bucket(1) + 12, 0x20_0000);
        it.set32(it.bucket(1) + 8, 0x1800_0000);
    }),
    (MemoryBesideCompressed, |it| beside(it, 5)),
    (MemoryBesideCompressed, |it| beside(it, 9)),
    (CompressedFlagDisagrees, |it| it.set64(24, 0)),
    (CompressedFlagDisagrees, |it| {
        let entry = entry(it, 25);
        it.set32(entry, 0);
    }),
    (CompressedAndFull, |it| it.set64(24, FLAG | 2)),
];

/// All codes of compressed memory.
pub const CODES: &[FindingCode] = &[
    CompressedHeaderWrong,
    CompressionUnknown,
    CompressedSizeWrong,
    CompressedMemoryEmpty,
    CompressedArraySizeWrong,
    CompressedTotalsWrong,
    TransferSizeWrong,
    MemoryBesideCompressed,
    CompressedFlagDisagrees,
    CompressedAndFull,
    RegionNumberWrong,
    RegionsOverlap,
    RegionWithoutBucket,
    RegionOutsideBucket,
    RegionNotOfBucket,
    BucketNumberWrong,
    BucketOutsideFile,
    BucketRegionsWrong,
    BucketSizeWrong,
    BucketsOverlap,
    BucketExpands,
    BucketUndecodable,
    BucketSizeDiffers,
    BucketNotRead,
];

/// The file offset of the directory entry of a type.
fn entry(packed: &Packed, kind: u32) -> usize {
    let facts = Facts::of(&packed.bytes);
    let index = facts.directory.iter().position(|entry| entry.kind == kind).expect("it is in the directory");
    facts.header.directory.0 as usize + 12 * index
}

/// Turns the module list into an empty memory list.
fn beside(packed: &mut Packed, kind: u32) {
    let (entry, end) = (entry(packed, 4), packed.bytes.len());
    packed.bytes.extend([0; 16]);
    for (field, value) in [(0, kind), (4, if kind == 5 { 4 } else { 16 }), (8, end as u32)] {
        packed.set32(entry + field, value);
    }
    packed.set64(packed.header + 48, (end + 16 - packed.header) as u64);
}

fn found(bytes: &[u8]) -> Vec<(FindingCode, String)> {
    let mut found = Vec::new();
    Dump::parse(bytes).unwrap().check(&mut |finding| found.push((finding.code, finding.to_string())));
    found
}

fn every_rule_has_its_finding() {
    assert_eq!(found(&packed().bytes), []);
    let mut met = BTreeSet::new();
    for (number, (code, break_it)) in RULES.iter().enumerate() {
        let mut file = packed();
        break_it(&mut file);
        let codes: BTreeSet<_> = found(&file.bytes).into_iter().map(|(code, _)| code).collect();
        assert!(codes.contains(code), "rule {number}, {code}: {codes:?}");
        met.insert(*code);
        // Whatever is broken, all calls return, and return nothing that the sound file does not have.
        let dump = Dump::parse(&file.bytes).unwrap();
        let memory = dump.memory();
        let mut buffer = vec![0; 0x4000];
        for range in memory.visible_ranges() {
            memory.read(range.address, &mut buffer);
        }
        for options in ["/m", "/ma", "/mA", "/mi"] {
            let _ = redump(&dump, &options.parse().unwrap(), &mut Vec::new());
        }
    }
    let without: Vec<_> = CODES.iter().filter(|code| !met.contains(code)).collect();
    assert!(without.is_empty(), "no rule for {without:?}");
}

fn findings_name_what_they_are_about() {
    for (break_it, expected) in [
        (RULES.iter().find(|rule| rule.0 == BucketUndecodable), "CompressedMemory, entry 1 at "),
        (RULES.iter().find(|rule| rule.0 == RegionOutsideBucket), "CompressedMemory, entry 1 at "),
    ] {
        let mut file = packed();
        let (code, break_it) = break_it.expect("there is a rule");
        break_it(&mut file);
        let texts = found(&file.bytes);
        let (_, text) = texts.iter().find(|(found, _)| found == code).expect("it is found");
        let what =
            if *code == BucketUndecodable { "the bucket cannot be decompressed" } else { "the region is not entirely" };
        assert!(text.starts_with(expected) && text.contains(what), "{text}");
    }
}

/// Each bucket broken in turn, in two ways: all others are read, and the result has everything else.
fn a_broken_bucket_only_affects_its_regions() {
    let sound = pack(&full(Cpu::AMD64), 0x400);
    let all = Facts::of(&sound.bytes).memory();
    let total: usize = all.iter().map(|(_, bytes)| bytes.len()).sum();
    for (number, way) in (0..sound.counts.1).flat_map(|number| [(number, false), (number, true)]) {
        let mut file = sound.clone();
        let (start, size) = file.block(number);
        match way {
            true => file.bytes[start..start + size].fill(0xff),
            false => file.set64(file.bucket(number) + 16, u64::MAX),
        }
        let lost = sound.get32(sound.bucket(number) + 8) as usize;
        let dump = Dump::parse(&file.bytes).unwrap();
        let memory = dump.memory();
        let mut read = 0;
        for region in 0..file.counts.0 {
            let at = file.region(region);
            let (address, size) = (file.get64(at + 8), file.get32(at + 24) as usize);
            let mut buffer = vec![0; size];
            let count = memory.read(address, &mut buffer);
            read += count;
            let is_broken = file.get64(at + 16) == number as u64;
            assert_eq!(count, if is_broken { 0 } else { size }, "bucket {number}, region {region}");
            assert_eq!(is_broken && way, memory.fault_at(address).is_some());
            if !is_broken {
                let expected = if address >> 20 == 3 { vec![0; size] } else { pattern(address, size as u64) };
                assert!(buffer == expected, "bucket {number}, region {region}");
            }
        }
        assert_eq!(read, total - lost);
        let mut out = Vec::new();
        let report = redump(&dump, &"/mA".parse().unwrap(), &mut out).expect("the rest is written");
        let written: usize = Facts::of(&out).memory().iter().map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(written, total - lost, "bucket {number}");
        assert!(report.is_partial);
        let named = |fault: &&userdump::redump::ItemFault| matches!(fault.error, ReadError::Bucket { number: named, .. } if named == number as u64);
        assert!(report.faults.iter().any(|fault| named(&fault)), "bucket {number}: {:?}", report.faults);
    }
}

fn a_bucket_that_cannot_be_so_large_is_not_unpacked() {
    let mut file = packed();
    let (_, size) = file.block(1);
    file.set32(file.bucket(1) + 8, 255 * size as u32 + 1);
    let memory = Dump::parse(&file.bytes).unwrap().memory();
    assert!(memory.range_at(0x30_0000).is_none() || memory.range_at(0x7000_0000).is_none());
    // One byte less is tried.
    file.set32(file.bucket(1) + 8, 255 * size as u32);
    let memory = Dump::parse(&file.bytes).unwrap().memory();
    let faults: Vec<_> = memory.visible_ranges().filter_map(|range| memory.fault_at(range.address)).collect();
    let is_size =
        |fault: &ReadError| matches!(fault, ReadError::Bucket { number: 1, fault: BucketFault::OtherSize, .. });
    assert!(!faults.is_empty() && faults.iter().all(is_size), "{faults:?}");
}

/// Many buckets on one block: only as many are unpacked as the size of the file justifies.
fn buckets_on_the_same_bytes_are_paid_for() {
    let zeros = crate::synth::Dump::new().flags(2).memory64(0x1000, vec![0; 0x10_0000]).build();
    let mut file = pack(&zeros, 0x1000);
    let (start, size) = file.block(0);
    for number in 0..file.counts.1 {
        file.set64(file.bucket(number) + 16, start as u64);
        file.set32(file.bucket(number) + 12, size as u32);
    }
    // Without the other blocks the file is small: the arrays alone allow each bucket twice its entry.
    file.bytes.truncate(start + size);
    let file = file.resized();
    let memory = Dump::parse(&file.bytes).unwrap().memory();
    let unpacked = memory.visible_ranges().filter(|range| range.bytes().is_ok()).count() as u64;
    assert!(unpacked * size as u64 <= 2 * file.bytes.len() as u64, "{unpacked} of {size} buckets unpacked");
    assert!(unpacked > 0);
}

fn counts_beyond_the_file_allocate_nothing() {
    for field in [80, 88, 104, 112] {
        let mut file = packed();
        file.set64(file.header + field, u64::MAX / 64);
        let (ranges, spent) = crate::resources::measure(|| {
            let dump = Dump::parse(&file.bytes).unwrap();
            dump.memory().visible_ranges().count()
        });
        assert!(ranges < 0x1000 && spent.peak < 0x10_0000, "{field}: {ranges} ranges, {spent:?}");
    }
}

fn a_truncated_file_keeps_what_is_present() {
    let sound = pack(&full(Cpu::AMD64), 0x400);
    let total: u64 = (0..sound.counts.1).map(|number| u64::from(sound.get32(sound.bucket(number) + 8))).sum();
    let mut before = 0;
    for number in 0..sound.counts.1 {
        let (start, size) = sound.block(number);
        for end in [start, start + size - 1] {
            let cut = &sound.bytes[..end];
            let held: u64 = Dump::parse(cut).unwrap().memory().visible_ranges().map(|range| range.size).sum();
            assert_eq!(held, before, "cut at {end}");
            let found = found(cut);
            assert_eq!(found[0].0, FileTruncated, "{found:?}");
        }
        before += u64::from(sound.get32(sound.bucket(number) + 8));
    }
    assert_eq!(before, total);
}

fn regions_that_overlap_are_settled() {
    let mut file = packed();
    // The second region moves onto the last quarter of the first.
    file.set64(file.region(1) + 8, START + 0x600);
    let dump = Dump::parse(&file.bytes).unwrap();
    let memory = dump.memory();
    assert!(memory.has_overlaps());
    let mut buffer = vec![0; 0xa00];
    assert_eq!(memory.read(START, &mut buffer), 0x900);
    assert_eq!(buffer[..0x800], pattern(START, 0x800), "the first region takes precedence");
    assert_eq!(buffer[0x800..0x900], pattern(START + 0xa00, 0x100));
    let mut out = Vec::new();
    let report = redump(&dump, &"/mA".parse().unwrap(), &mut out).expect("it is written");
    let hidden = report.losses.iter().find(|loss| loss.what.contains("overlapping range"));
    assert_eq!(hidden.map(|loss| loss.count), Some(0x200), "{:?}", report.losses);
}
