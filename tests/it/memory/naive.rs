//! The index compared with a plain search: for each address, go through all ranges in order of precedence.

use libtest_mimic::Trial;
use userdump::read::{Memory, MemoryRange};

use super::Random;
use crate::support::facts::Facts;
use crate::support::forms::{Form, open};
use crate::support::trials;
use crate::synth::{Dump, Range, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        index_equals_naive_in_low_addresses,
        index_equals_naive_at_the_last_address,
        index_equals_naive_for_narrow_targets_around_2_gib,
        index_equals_naive_for_narrow_targets_at_the_last_address,
    ]
}

const SPAN: u64 = 0x100;
const SEEDS: u64 = 100;

fn index_equals_naive_in_low_addresses() {
    check(false, 0x1000);
    check(false, 0);
}

fn index_equals_naive_at_the_last_address() {
    check(false, u64::MAX - (SPAN - 1));
}

fn index_equals_naive_for_narrow_targets_around_2_gib() {
    check(true, 0x8000_0000 - SPAN / 2);
}

fn index_equals_naive_for_narrow_targets_at_the_last_address() {
    check(true, 0x1_0000_0000 - SPAN);
}

/// The contents of the dump at each address of a window: the rank of the range, and the file offset of the byte.
struct Naive<'a> {
    base: u64,
    places: Vec<Option<(usize, u64)>>,
    file: &'a [u8],
}

impl<'a> Naive<'a> {
    fn new(file: &'a [u8], narrow: bool, base: u64) -> Self {
        let facts = Facts::of(file);
        let mask = if narrow { u64::from(u32::MAX) } else { u64::MAX };
        let present = |at: u64, size: u64| (file.len() as u64).saturating_sub(at).min(size);
        let listed = facts.ranges().into_iter().map(|range| (range.address, range.at.0, range.size));
        let stacks = facts.threads().into_iter().filter(|thread| thread.stack_at.0 != 0);
        let stacks = stacks.map(|thread| (thread.stack_start, thread.stack_at.0, u64::from(thread.stack_size)));
        // Header and directory are never memory.
        let directory = facts.header.directory.0..facts.header.directory.0 + 12 * facts.directory.len() as u64;
        let is_table = |at: u64| at < 32 || directory.contains(&at);
        let is_memory = |&(_, at, size): &(u64, u64, u64)| !(at..at.saturating_add(size)).take(400).any(is_table);
        let placed = |(start, at, size): (u64, u64, u64)| (start & mask, at, present(at, size));
        let mut ranges: Vec<_> = listed.filter(is_memory).map(placed).collect();
        let lists = ranges.clone();
        // A stack with other bytes than the lists does not belong to this thread.
        ranges.extend(stacks.filter(is_memory).map(placed).filter(|(start, at, size)| {
            (0..*size).filter_map(|into| Some((start.checked_add(into).filter(|it| *it <= mask)?, at + into))).all(
                |(address, own)| {
                    let holder = lists.iter().find_map(|(start, at, size)| {
                        Some(at + address.checked_sub(*start).filter(|into| into < size)?)
                    });
                    holder.is_none_or(|listed| file[listed as usize] == file[own as usize])
                },
            )
        }));
        let place = |address: u64| {
            let holder = |(rank, (start, at, size)): (usize, &(u64, u64, u64))| {
                let into = address.checked_sub(*start).filter(|into| into < size)?;
                Some((rank, at + into))
            };
            ranges.iter().enumerate().find_map(holder)
        };
        Self { base, places: (0..SPAN).map(|into| place(base + into)).collect(), file }
    }

    /// The places from the address up to the first gap.
    fn run(&self, into: usize) -> Vec<(usize, u64)> {
        self.places[into..].iter().map_while(|place| *place).collect()
    }

    /// The contiguous bytes around an address that belong to the same range.
    fn range(&self, into: usize) -> Option<Listed<'a>> {
        let (rank, _) = self.places[into]?;
        let same = |place: &&Option<(usize, u64)>| place.is_some_and(|(other, _)| other == rank);
        let before = self.places[..into].iter().rev().take_while(same).count();
        let behind = self.places[into..].iter().take_while(same).count();
        let (_, offset) = self.places[into - before]?;
        let size = (before + behind) as u64;
        let bytes = &self.file[offset as usize..(offset + size) as usize];
        Some((self.base + (into - before) as u64, size, offset, bytes))
    }

    fn ranges(&self) -> Vec<Listed<'a>> {
        let mut ranges: Vec<_> = (0..self.places.len()).filter_map(|into| self.range(into)).collect();
        ranges.dedup();
        ranges
    }
}

/// Address, size, position and bytes.
type Listed<'a> = (u64, u64, u64, &'a [u8]);

fn listed<'a>(range: &MemoryRange<'a>) -> Listed<'a> {
    (range.address, range.size, range.offset, range.bytes().unwrap())
}

fn check(narrow: bool, base: u64) {
    let mut held = 0;
    for seed in 0..SEEDS {
        let form = Form::ALL[seed as usize % 4];
        let mut random = Random::new(base.wrapping_add(seed * 31));
        let whole = form.build(dump(&mut random, narrow, base));
        // Every third file ends too early, but not before its streams do.
        let streams = Facts::of(&whole).directory.iter().map(|entry| entry.rva.0 + u64::from(entry.size)).max();
        let left = whole.len() - streams.map_or(0, |end| end as usize);
        let cut = if seed % 3 == 0 { random.below(12) as usize } else { 0 };
        let file = &whole[..whole.len() - cut.min(left)];
        let naive = Naive::new(file, narrow, base);
        let memory = open(file).memory();
        assert_eq!(
            memory.visible_ranges().filter_map(|range| range.in_file()).map(|range| listed(&range)).collect::<Vec<_>>(),
            naive.ranges(),
            "seed {seed}"
        );
        for into in 0..SPAN as usize {
            held += usize::from(naive.places[into].is_some());
            // In a narrow target, the upper half of an address is ignored.
            let upper = if narrow { (random.below(4) << 32) | (random.below(2) * 0xffff_ffff_0000_0000) } else { 0 };
            compare(&memory, &naive, into, (base + into as u64) | upper, &format!("seed {seed}, address +{into:#x}"));
        }
    }
    assert!(held > SEEDS as usize * SPAN as usize / 4, "the dumps have memory: {held} addresses");
}

fn compare(memory: &Memory<'_>, naive: &Naive<'_>, into: usize, address: u64, context: &str) {
    let run = naive.run(into);
    assert_eq!(
        memory.range_at(address).and_then(|range| range.in_file()).map(|range| listed(&range)),
        naive.range(into),
        "{context}"
    );
    for limit in [0, 1, 5, u64::MAX] {
        assert_eq!(memory.run_len(address, limit), limit.min(run.len() as u64), "{context}");
    }
    for size in [1, 3, 17, 300] {
        let expected: Vec<u8> = run.iter().take(size).map(|(_, offset)| naive.file[*offset as usize]).collect();
        let mut buffer = vec![0; size];
        let read = memory.read(address, &mut buffer);
        assert_eq!(&buffer[..read], expected, "{context}");

        let together = run.len() >= size && run[..size].windows(2).all(|pair| pair[1].1 == pair[0].1 + 1);
        assert_eq!(memory.slice(address, size as u64), together.then_some(expected.as_slice()), "{context}");

        let last = (into + size - 1).min(naive.places.len() - 1);
        let within = memory.visible_within(address, address + (last - into) as u64).filter_map(|range| range.in_file());
        let within: Vec<_> =
            within.flat_map(|range| (0..range.size).map(move |at| (range.address + at, range.offset + at))).collect();
        let expected = (into..=last).filter_map(|into| Some((naive.base + into as u64, naive.places[into]?.1)));
        assert_eq!(within, expected.collect::<Vec<_>>(), "{context}");
    }
}

/// Ranges in both lists and stacks, all within the window except for the last ones, which may extend past its end.
pub fn dump(random: &mut Random, narrow: bool, base: u64) -> Dump {
    let architecture = if narrow { 0 } else { 9 };
    let mut dump = Dump::new().system_info(SystemInfo { architecture, ..SystemInfo::default() });
    let last = if narrow { u64::from(u32::MAX) } else { u64::MAX };
    let at_the_end = base + (SPAN - 1) == last;
    for id in 0..3 + random.below(12) {
        let into = random.below(SPAN);
        let size = match random.below(8) {
            0 => 0,
            1 => 1 + random.below(80),
            _ => 1 + random.below(20),
        };
        let size = if at_the_end { size } else { size.min(SPAN - into) };
        // In a narrow dump, an address may have any upper half.
        let upper = if narrow { [0, 0xffff_ffff_0000_0000, 0x3_0000_0000][random.below(3) as usize] } else { 0 };
        let address = (base + into) | upper;
        let bytes = random.bytes(size);
        dump = match random.below(8) {
            0..3 => dump.memory(address, bytes),
            3 => dump.memory_range(Range::At(address, size as u32, 32 + random.below(300) as u32)),
            4..6 => dump.memory64(address, bytes),
            6 => dump.thread(Thread::new(id as u32).stack(Stack::Stored(address, bytes))),
            _ => dump.thread(Thread::new(id as u32).stack(Stack::At(address, size as u32, random.below(300) as u32))),
        };
    }
    dump
}
