//! The cache of compressed memory.

use std::sync::Barrier;
use std::thread;

use libtest_mimic::Trial;
use userdump::error::BucketFault;
use userdump::read::Memory;
use userdump::{Dump, ReadError};

use super::{START, full, packed};
use crate::support::cpu::Cpu;
use crate::support::cpu::pattern;
use crate::support::trials;
use crate::synth::compressed::pack;

pub fn trials() -> Vec<Trial> {
    trials![
        memory_is_sent_and_shared,
        borrowed_bytes_stay,
        above_the_limit_nothing_is_borrowed_and_everything_is_read,
        a_bucket_above_the_limit_is_not_read,
        clones_share_what_is_kept,
        threads_read_at_the_same_time,
    ]
}

fn memory_is_sent_and_shared() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Memory<'_>>();
    is_shared::<Dump<'_>>();
}

fn borrowed_bytes_stay() {
    let packed = packed();
    let dump = Dump::parse(&packed.bytes).unwrap();
    let memory = dump.memory();
    let first = memory.slice(START, 0x800).expect("it is borrowed");
    memory.visible_ranges().for_each(|range| assert_eq!(range.bytes().map(|bytes| bytes.len() as u64), Ok(range.size)));
    assert_eq!(first, pattern(START, 0x800));
    // The same bytes at the same place: the bucket was unpacked once.
    assert!(std::ptr::eq(first, memory.slice(START, 0x800).unwrap()));
    // Two adjacent ranges are in one bucket, one after the other.
    assert_eq!(memory.slice(START, 0xb00), Some(pattern(START, 0xb00).as_slice()));
}

fn above_the_limit_nothing_is_borrowed_and_everything_is_read() {
    let packed = packed();
    let dump = Dump::parse(&packed.bytes).unwrap();
    // Room for the first bucket.
    let memory = dump.memory_with_cache(0x1000);
    let first = memory.slice(START, 0x800).expect("there is room");
    let far = 0x7000_0000;
    let full = |result| matches!(result, Err(ReadError::Bucket { fault: BucketFault::CacheFull, .. }));
    assert!(full(memory.try_slice(far, 16).map(drop)));
    assert!(full(memory.range_at(far).expect("it is listed").bytes().map(drop)));
    assert_eq!((memory.slice(far, 16), memory.fault_at(far)), (None, None));
    for address in [far, START, 0x30_0000, far + 0x800] {
        let mut buffer = [1; 16];
        assert_eq!(memory.read(address, &mut buffer), 16);
        let expected = if address == 0x30_0000 { vec![0; 16] } else { pattern(address, 16) };
        assert_eq!(buffer.as_slice(), expected);
        assert_eq!(memory.read_u8(address), Some(expected[0]));
    }
    assert_eq!(first, pattern(START, 0x800));
    // Without the limit the same bytes can be borrowed.
    assert_eq!(dump.memory().slice(far, 16), Some(pattern(far, 16).as_slice()));
    // Absent memory is not an error.
    assert_eq!(memory.try_slice(1, 1), Ok(None));
}

fn a_bucket_above_the_limit_is_not_read() {
    let packed = packed();
    let dump = Dump::parse(&packed.bytes).unwrap();
    let memory = dump.memory_with_cache(0x345);
    // The last part of the range of zeros is alone in a bucket, the only one that small.
    let sizes: Vec<u32> = (0..packed.counts.1).map(|number| packed.get32(packed.bucket(number) + 8)).collect();
    let small: u64 = sizes.iter().filter(|size| **size <= 0x345).map(|size| u64::from(*size)).sum();
    assert_eq!(memory.visible_ranges().map(|range| range.size).sum::<u64>(), small, "{sizes:x?}");
    assert_eq!(memory.read(START, &mut [0; 4]), 0);
}

fn clones_share_what_is_kept() {
    let packed = packed();
    let dump = Dump::parse(&packed.bytes).unwrap();
    let memory = dump.memory();
    let clone = memory.clone();
    let [one, two] = [&memory, &clone].map(|memory| memory.slice(START, 4).unwrap());
    assert!(std::ptr::eq(one, two));
}

fn threads_read_at_the_same_time() {
    let plain = full(Cpu::AMD64);
    let packed = pack(&plain, 0x400);
    let theirs = Dump::parse(&plain).unwrap().memory();
    for limit in [u64::MAX, 0x1000] {
        let dump = Dump::parse(&packed.bytes).unwrap();
        let ours = dump.memory_with_cache(limit);
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for thread in 0..4u64 {
                let (ours, theirs, start) = (&ours, &theirs, &start);
                scope.spawn(move || {
                    start.wait();
                    let bases = [START, 0x30_0000, 0x7000_0000];
                    for step in 0..600u64 {
                        let base = bases[((step + thread) % 3) as usize];
                        let address = base + (step * 0x1d + thread * 7) % 0xb00;
                        assert_eq!(ours.read_u64(address), theirs.read_u64(address), "{address:#x}");
                        let mut buffers = [[0; 100]; 2];
                        let read = [ours.read(address, &mut buffers[0]), theirs.read(address, &mut buffers[1])];
                        assert_eq!((read[0], buffers[0]), (read[1], buffers[1]), "{address:#x}");
                    }
                });
            }
        });
    }
}
