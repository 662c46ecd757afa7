//! Reads at many addresses: what they return is what reads one by one return, in every kind of memory.

use std::array;

use libtest_mimic::Trial;
use userdump::Dump;
use userdump::read::Memory;

use super::{Random, naive};
use crate::resources::{Spent, measure};
use crate::support::forms::{Form, open};
use crate::support::{fixtures, trials};
use crate::synth::compressed::pack;
use crate::synth::{self, SystemInfo};

pub fn trials() -> Vec<Trial> {
    trials![
        values_are_those_at_their_addresses,
        lists_of_unequal_length,
        many_reads_equal_single_ones_in_random_dumps,
        many_reads_equal_single_ones_in_compressed_dumps,
        many_reads_equal_single_ones_in_fixtures,
        many_reads_allocate_nothing,
    ]
}

fn values_are_those_at_their_addresses() {
    for form in Form::ALL {
        let dump = synth::Dump::new().memory(0x1000, [1, 2, 3]).memory(0x1003, [4, 5, 6, 7, 8]).memory(0x2000, [9; 4]);
        let bytes = form.build(dump);
        let memory = open(&bytes).memory();
        let order = |little: u64, big| Some(if form.big_endian { big } else { little });
        let mut values = [Some(1); 4];
        memory.read_u64s(&[0x2000, 0x1000, 0x1001, 0x5000], &mut values);
        assert_eq!(values, [None, order(0x0807_0605_0403_0201, 0x0102_0304_0506_0708), None, None]);
        let mut values = [None; 3];
        memory.read_u32s(&[0x2000, 0x1001, 0x2001], &mut values);
        assert_eq!(values.map(|it| it.map(u64::from)), [Some(0x0909_0909), order(0x0504_0302, 0x0203_0405), None]);
        let (mut bufs, mut counts) = ([[7; 4]; 4], [9; 4]);
        memory.read_many(&[0x1002, 0x1006, 0x2003, 0xfff], &mut bufs, &mut counts);
        assert_eq!((bufs, counts), ([[3, 4, 5, 6], [7, 8, 7, 7], [9, 7, 7, 7], [7; 4]], [4, 2, 1, 0]));
    }
}

fn lists_of_unequal_length() {
    let bytes = Form::USUAL.build(synth::Dump::new().memory(0x1000, [1; 8]));
    let memory = open(&bytes).memory();
    let mut values = [Some([5]); 3];
    memory.read_arrays(&[0x1000], &mut values);
    assert_eq!(values, [Some([1]), None, None], "no old value stays");
    memory.read_arrays(&[0x1007, 0x1008, 0x1000, 0x1000], &mut values[..1]);
    assert_eq!(values, [Some([1]), None, None], "no more than there is room for");
    let (mut bufs, mut counts) = ([[0; 2]; 2], [9; 4]);
    memory.read_many(&[0x1000; 3], &mut bufs, &mut counts);
    assert_eq!((bufs, counts), ([[1; 2]; 2], [2, 2, 0, 0]));
    let mut none: [Option<u64>; 0] = [];
    memory.read_u64s(&[0x1000], &mut none);
    memory.read_u64s(&[], &mut none);
}

fn many_reads_equal_single_ones_in_random_dumps() {
    let mut found = 0;
    for (narrow, base) in [(false, 0), (false, u64::MAX - 0xff), (true, 0x7fff_ff80), (true, 0xffff_ff00)] {
        for seed in 0..40 {
            let mut random = Random::new(base.wrapping_add(seed * 31));
            let bytes = Form::ALL[seed as usize % 4].build(naive::dump(&mut random, narrow, base));
            let upper = |random: &mut Random| if narrow { random.below(3) << 40 } else { 0 };
            let address = |_| base.wrapping_add(random.below(0x140)).wrapping_sub(0x20) | upper(&mut random);
            let addresses: Vec<u64> = (0..700).map(address).collect();
            found += compare(&open(&bytes).memory(), &addresses);
        }
    }
    assert!(found > 160 * 50, "{found} addresses are in the dumps");
}

fn many_reads_equal_single_ones_in_compressed_dumps() {
    let mut random = Random::new(3);
    for (architecture, base) in [(9, 0x10_0000), (0, 0xffff_f000)] {
        let system = SystemInfo { architecture, ..SystemInfo::default() };
        let mut dump = synth::Dump::new().system_info(system);
        for (at, size) in [(0, 0x7ff), (0x7ff, 3), (0x900, 0x301), (0xff0, 0x10)] {
            dump = dump.memory64(base + at, random.bytes(size));
        }
        let plain = dump.build();
        let addresses: Vec<u64> = (0..900).map(|_| base - 8 + random.below(0x1010)).collect();
        for (bucket, limit) in [(0x123, u64::MAX), (0x123, 0x300), (0x40_0000, u64::MAX), (0x40_0000, 0)] {
            let mut packed = pack(&plain, bucket);
            for is_broken in [false, true] {
                if is_broken {
                    let (at, size) = packed.block(0);
                    packed.bytes[at..at + size].fill(0xff);
                }
                let dump = Dump::parse(&packed.bytes).unwrap();
                let found = compare(&dump.memory_with_cache(limit), &addresses);
                assert!(found > 100 || is_broken || limit == 0, "{found} of buckets of {bucket}");
            }
        }
    }
}

fn many_reads_equal_single_ones_in_fixtures() {
    let mut found = 0;
    for (name, bytes) in fixtures::all().filter(|(_, bytes)| bytes.starts_with(b"MDMP")) {
        let memory = open(bytes).memory();
        let mut random = Random::new(name.len() as u64);
        let ranges: Vec<_> = memory.visible_ranges().collect();
        let inside = ranges.iter().flat_map(|range| [range.address, range.address + range.size - 1]).take(300);
        let beside = ranges.iter().map(|range| range.address.wrapping_add(range.size));
        let mut addresses: Vec<u64> = inside.chain(beside).collect();
        addresses.sort_by_cached_key(|_| random.below(1 << 32));
        found += compare(&memory, &addresses);
    }
    assert!(found > 1000, "{found} addresses");
}

/// Compares reads of every form at many addresses with reads one by one. Returns how many of the words are there.
fn compare(memory: &Memory<'_>, addresses: &[u64]) -> usize {
    let one_by_one = |read: &dyn Fn(u64) -> Option<u64>| addresses.iter().map(|at| read(*at)).collect::<Vec<_>>();
    let mut values = vec![Some(1); addresses.len()];
    memory.read_u64s(addresses, &mut values);
    assert_eq!(values, one_by_one(&|at| memory.read_u64(at)));
    let found = values.iter().flatten().count();
    memory.read_pointers(addresses, &mut values);
    assert_eq!(values, one_by_one(&|at| memory.read_pointer(at)));
    let mut narrow = vec![Some(1); addresses.len()];
    memory.read_u32s(addresses, &mut narrow);
    assert!(narrow.iter().copied().eq(addresses.iter().map(|at| memory.read_u32(*at))));
    arrays::<0>(memory, addresses);
    arrays::<1>(memory, addresses);
    arrays::<3>(memory, addresses);
    arrays::<40>(memory, addresses);

    let size = |index: usize| [0, 1, 8, 17, 300][index % 5];
    let filled = || (0..addresses.len()).map(|index| vec![0xEE; size(index)]).collect::<Vec<_>>();
    let (mut bufs, mut expected, mut counts) = (filled(), filled(), vec![9; addresses.len()]);
    memory.read_many(addresses, &mut bufs, &mut counts);
    let single: Vec<_> = addresses.iter().zip(&mut expected).map(|(at, buf)| memory.read(*at, buf)).collect();
    assert_eq!((counts, bufs), (single, expected));
    found
}

fn arrays<const N: usize>(memory: &Memory<'_>, addresses: &[u64]) {
    let mut values = vec![None; addresses.len()];
    memory.read_arrays::<N>(addresses, &mut values);
    for (address, value) in addresses.iter().zip(values) {
        assert_eq!(value, memory.read_array(*address), "{N} bytes at {address:#x}");
        let mut buffer = [0; N];
        let is_there = memory.read(*address, &mut buffer) == N && memory.range_at(*address).is_some();
        assert_eq!(value, is_there.then_some(buffer), "{N} bytes at {address:#x}");
    }
}

fn many_reads_allocate_nothing() {
    let bytes = Form::USUAL.build(synth::Dump::new().memory(0x1000, [1; 40]).memory(0x1028, [2; 40]));
    let memory = open(&bytes).memory();
    let addresses: [u64; 300] = array::from_fn(|index| 0xff0 + index as u64);
    let (mut values, mut bufs, mut counts) = ([None; 300], [[0; 24]; 300], [0; 300]);
    let ((), spent) = measure(|| {
        memory.read_u64s(&addresses, &mut values);
        memory.read_many(&addresses, &mut bufs, &mut counts);
    });
    assert_eq!(spent, Spent { peak: 0, total: 0, calls: 0 });
    assert_eq!((values.iter().flatten().count(), counts.iter().sum::<usize>()), (73, 80 * 24 - 23 * 24 / 2));
}
