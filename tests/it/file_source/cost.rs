//! The memory that reading a file takes.

use std::io;

use libtest_mimic::Trial;
use userdump::read::memory::MemoryList;
use userdump::redump::redump;
use userdump::{Dump, Minidump, SourceFile};

use super::on_disk;
use crate::resources::measure;
use crate::support::cpu::Cpu;
use crate::support::redumped::parsed;
use crate::support::trials;
use crate::synth;

pub fn trials() -> Vec<Trial> {
    trials![
        memory_of_the_process_is_not_kept,
        listing_ranges_reads_none_of_them,
        overlapping_streams_stay_within_the_limit
    ]
}

/// Full memory of 48 MiB in 48 ranges.
fn large() -> Vec<u8> {
    let dump = synth::Dump::new().flags(2).system_info(Cpu::AMD64.windows());
    (1..=48u64).fold(dump, |dump, number| dump.memory64(number << 24, vec![number as u8; 1 << 20])).build()
}

fn memory_of_the_process_is_not_kept() {
    let bytes = large();
    let (_, file) = on_disk(&bytes);
    for words in ["/m", "/ma", "/mrR", "/f", "/as-is"] {
        let dump = Dump::from_source(&file).expect("it is a dump");
        let (report, spent) = measure(|| redump(&dump, &parsed(words), io::sink()));
        report.expect("it can be re-encoded");
        // 4 MiB of blocks that were read last, and what re-encoding takes.
        assert!(spent.peak < 8 << 20, "{words}: {spent:?}");
    }
}

fn listing_ranges_reads_none_of_them() {
    let bytes = large();
    let memory = bytes.len() as u64 - (48 << 20);
    let copy = bytes.clone();
    let file = SourceFile::from_read_at(bytes.len() as u64, move |at: u64, room: &mut [u8]| {
        assert!(at < memory, "memory of the process is read at {at:#x}");
        let count = room.len().min(copy.len() - at as usize);
        room[..count].copy_from_slice(&copy[at as usize..][..count]);
        Ok(count)
    });
    let dump = Minidump::from_source(&file).expect("it is a dump");
    let list = dump.list::<userdump::read::memory::Memory64List<'_>>();
    assert_eq!(list.iter().map(|range| range.available()).sum::<u64>(), 48 << 20);
    assert!(dump.list::<MemoryList<'_>>().is_empty());
    assert_eq!(dump.memory().visible_ranges().map(|range| range.size).sum::<u64>(), 48 << 20);
}

/// 200 streams of 1 MiB, each at another position of the same 2 MiB.
fn overlapping_streams_stay_within_the_limit() {
    const COUNT: u32 = 200;
    let mut bytes = b"MDMP\x93\xa7\0\0".to_vec();
    bytes.extend([COUNT, 32, 0, 0, 0, 0].map(u32::to_le_bytes).concat());
    for number in 0..COUNT {
        bytes.extend([0x2_0000 + number, 1 << 20, 0x1_0000 + number * 4096].map(u32::to_le_bytes).concat());
    }
    bytes.resize(3 << 20, 7);
    let limit: usize = 16 << 20;
    let (_, file) = on_disk(&bytes);
    let file = file.with_limit(limit as u64);
    let dump = Dump::from_source(&file).expect("it is a dump");
    let (read, spent) = measure(|| {
        let minidump = dump.minidump().expect("it is one");
        minidump.raw_streams().map(|stream| stream.bytes().len()).filter(|size| *size == 1 << 20).count()
    });
    assert!(read > 10 && spent.peak < limit + (1 << 20), "{read}, {spent:?}");
    assert!(file.fault().is_some());
}
