//! The file of the known writer.

use libtest_mimic::Trial;
use userdump::format::MinidumpType;
use userdump::redump::{Options, redump};
use userdump::{Dump, RedumpError};

use crate::support::facts::Facts;
use crate::support::golden::COMPRESSED;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![the_golden_dump_is_sound, the_golden_dump_is_written_plain, small_dumps_are_those_of_the_plain_form]
}

/// The same dump with its memory in a Memory64 list at the end, built from what the independent reader finds.
fn unpacked(file: &[u8]) -> Vec<u8> {
    let facts = Facts::of(file);
    let index = facts.directory.iter().position(|entry| entry.kind == 25).expect("its memory is compressed");
    let entry = facts.header.directory.0 as usize + 12 * index;
    let memory = facts.memory();
    let mut bytes = file.to_vec();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let (start, size) = (bytes.len(), 16 + 16 * memory.len());
    let head = [memory.len() as u64, (start + size) as u64];
    let rows = memory.iter().flat_map(|(address, contents)| [*address, contents.len() as u64]);
    bytes.extend(head.into_iter().chain(rows).flat_map(u64::to_le_bytes));
    memory.iter().for_each(|(_, contents)| bytes.extend(contents));
    for (field, value) in [(0, 9), (4, size as u32), (8, start as u32)] {
        bytes[entry + field..entry + field + 4].copy_from_slice(&value.to_le_bytes());
    }
    let flags = facts.header.flags & !0x0400_0000 | 2;
    bytes[24..32].copy_from_slice(&flags.to_le_bytes());
    bytes
}

fn the_golden_dump_is_sound(shared: &Shared) {
    let file = shared.golden(COMPRESSED);
    let dump = Dump::parse(&file).expect("it is a dump");
    let mut findings = Vec::new();
    dump.check(&mut |finding| findings.push(finding.to_string()));
    assert_eq!(findings, [""; 0]);

    let expected = Facts::of(&file).memory();
    assert_eq!(expected.iter().map(|(_, bytes)| bytes.len()).sum::<usize>(), 29_155_328);
    let memory = dump.memory();
    for (address, bytes) in &expected {
        let mut read = vec![0; bytes.len() + 1];
        assert_eq!(memory.read(*address, &mut read), bytes.len(), "{address:#x}");
        assert!(read[..bytes.len()] == *bytes, "{address:#x}");
    }
    let visible: u64 = memory.visible_ranges().map(|range| range.size).sum();
    assert_eq!(visible, 29_155_328);
}

fn the_golden_dump_is_written_plain(shared: &Shared) {
    let file = shared.golden(COMPRESSED);
    let mut out = Vec::new();
    let report = redump(&Dump::parse(&file).unwrap(), &"/ma".parse().unwrap(), &mut out).expect("it is written");
    assert!(!report.is_partial, "it is a dump with full memory");
    let (source, result) = (Facts::of(&file), Facts::of(&out));
    assert!(result.stream(25).is_none());
    let flags = MinidumpType::from_bits_retain(result.header.flags);
    assert!(flags.contains(MinidumpType::WITH_FULL_MEMORY));
    assert!(!flags.contains(MinidumpType::WITH_MEMORY_COMPRESSED));
    assert!(result.memory() == source.memory());
}

fn small_dumps_are_those_of_the_plain_form(shared: &Shared) {
    let file = shared.golden(COMPRESSED);
    let plain = unpacked(&file);
    // Both together, because a full user dump has no flags and no offsets that could differ either.
    for options in ["/ma", "/m", "/mfFhut", "/mw", "/mi", "/mp", "/md", "/mc", "/mr", "/mR", "/mrRi", "/f"] {
        let [ours, theirs] = [&file, &plain].map(|file| {
            let mut out = Vec::new();
            // Compressed memory has no counterpart in the file to which full memory could be parallel.
            let options = options.parse::<Options>().unwrap().without_padding();
            redump(&Dump::parse(file).unwrap(), &options, &mut out).map(|_| out)
        });
        let (ours, theirs): (Result<_, RedumpError>, _) = (ours, theirs);
        let (ours, theirs) = (ours.expect("it is written"), theirs.expect("it is written"));
        assert!(ours.len() > 1000 && ours == theirs, "{options}: {} and {} bytes", ours.len(), theirs.len());
    }
}
