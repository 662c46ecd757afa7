//! Many disjoint intervals in a few bytes each.

use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::collections::binary_heap::PeekMut;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::iter::FusedIterator;

#[cfg(feature = "std")]
use crate::read::interval::Disjoint;
use crate::read::interval::{Interval, united};
use crate::read::work::worked;

/// The number of intervals in a block. A lookup decodes half of them on average.
const BLOCK: usize = 32;
/// How many runs of a [`Union`] are merged at once.
const MERGED: usize = 8;
/// How many new intervals a [`Union`] keeps before it sorts them.
const MOST_NEW: usize = 1 << 13;

/// Sorted intervals that do not overlap.
///
/// Ranges of a dump are close to each other, so the distance from one to the next and the size take two bytes each in
/// most cases. They are encoded with seven bits in a byte, in blocks that can be found by address and by index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intervals {
    /// Blocks of [`BLOCK`] intervals.
    blocks: Vec<Block>,
    /// The intervals after the last block.
    rest: Vec<Interval>,
    /// What encodes blocks.
    buffer: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Block {
    /// The start of its first interval.
    start: u64,
    /// The size of each interval less one; before all except the first, the distance from the end of the one before.
    bytes: Box<[u8]>,
}

/// Appends a number, seven bits in a byte, the lowest first.
#[inline]
pub(crate) fn put_number(bytes: &mut Vec<u8>, number: u64) {
    if bytes.capacity() - bytes.len() < 10 && bytes.len() > 1 << 14 {
        // Grows in small steps, so that little is unused.
        bytes.reserve_exact(bytes.len() / 16);
    }
    let bits = u64::BITS - (number | 1).leading_zeros();
    let size = bits.div_ceil(7);
    if size > 8 {
        let [low, ..] = number.to_le_bytes();
        bytes.push(low | 0x80);
        return put_number(bytes, number >> 7);
    }
    // Without branches that depend on the number, and with a copy of a fixed size.
    let spread = (0..8).fold(0, |spread, byte| spread | (number << byte) & (0x7f << (8 * byte)));
    let more = 0x8080_8080_8080_8080 & ((1 << (8 * (size - 1))) - 1);
    let end = bytes.len() + size as usize;
    bytes.extend_from_slice(&u64::to_le_bytes(spread | more));
    bytes.truncate(end);
}

/// Takes such a number from the front.
#[inline]
pub(crate) fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0u64, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

impl Block {
    /// Encodes intervals. `buffer` is empty, and left empty.
    fn of(intervals: &[Interval], buffer: &mut Vec<u8>) -> Self {
        let start = intervals.first().map_or(0, |first| first.start);
        let mut before = None;
        for interval in intervals {
            if let Some(before) = before.replace(interval.last) {
                put_number(buffer, interval.start.wrapping_sub(before));
            }
            put_number(buffer, interval.last.wrapping_sub(interval.start));
        }
        let bytes = buffer.as_slice().into();
        buffer.clear();
        Self { start, bytes }
    }

    fn iter(&self) -> BlockIter<'_> {
        BlockIter { next: Some(self.start), bytes: &self.bytes }
    }
}

/// The intervals of a block.
#[derive(Clone)]
struct BlockIter<'i> {
    next: Option<u64>,
    bytes: &'i [u8],
}

impl Iterator for BlockIter<'_> {
    type Item = Interval;

    #[inline]
    fn next(&mut self) -> Option<Interval> {
        let start = self.next?;
        let last = start.wrapping_add(take_number(&mut self.bytes)?);
        self.next = take_number(&mut self.bytes).map(|distance| last.wrapping_add(distance));
        Some(Interval { start, last })
    }
}

impl Intervals {
    /// Appends an interval that starts after the end of the last one.
    #[inline]
    pub(crate) fn push(&mut self, interval: Interval) {
        if self.rest.len() == BLOCK {
            self.close_block();
        }
        self.rest.push(interval);
    }

    fn close_block(&mut self) {
        if self.blocks.len() == self.blocks.capacity() {
            // Grows in small steps, so that little is unused.
            self.blocks.reserve_exact(self.blocks.len() / 8 + 8);
        }
        self.blocks.push(Block::of(&self.rest, &mut self.buffer));
        self.rest.clear();
    }

    /// Appends an interval that starts after the start of the last one, and joins it with that if they overlap.
    pub(crate) fn push_united(&mut self, interval: Interval) {
        match self.rest.last_mut() {
            Some(before) if interval.start <= before.last => before.last = before.last.max(interval.last),
            _ => self.push(interval),
        }
    }

    /// Appends an interval, or extends the last one if it is adjacent.
    pub(crate) fn append(&mut self, interval: Interval) {
        match self.rest.last_mut().filter(|before| before.next() == Some(interval.start)) {
            Some(before) => before.last = interval.last,
            None => self.push(interval),
        }
    }

    /// Returns the last interval.
    pub(crate) fn last_mut(&mut self) -> Option<&mut Interval> {
        self.rest.last_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.blocks.len() * BLOCK + self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn last(&self) -> Option<Interval> {
        self.rest.last().copied()
    }

    /// Returns the interval with an index.
    #[cfg(feature = "std")]
    pub(crate) fn get(&self, index: usize) -> Option<Interval> {
        match self.blocks.get(index / BLOCK) {
            Some(block) => block.iter().nth(index % BLOCK),
            None => self.rest.get(index - self.blocks.len() * BLOCK).copied(),
        }
    }

    /// Returns the intervals in ascending order.
    pub(crate) fn iter(&self) -> Iter<'_> {
        self.of_blocks_from(0)
    }

    /// Returns the intervals in ascending order, and frees them on the way.
    pub(crate) fn consume(self) -> Consumed {
        Consumed {
            next: None,
            block: Box::default(),
            at: 0,
            blocks: self.blocks.into_iter(),
            rest: self.rest.into_iter(),
        }
    }

    /// Returns the first interval.
    fn first(&self) -> Option<Interval> {
        self.iter().next()
    }

    /// Returns the same addresses as several, with overlapping intervals joined.
    fn merged(mut several: Vec<Self>) -> Self {
        several.retain(|it| !it.is_empty());
        several.sort_unstable_by_key(Self::first);
        let mut several = several.into_iter();
        let mut all = several.next().unwrap_or_default();
        let Some(first) = several.as_slice().first().and_then(Self::first) else { return all };
        // Blocks that end before the first of the others stay as they are.
        let starts = all.blocks.partition_point(|block| block.start <= first.start);
        let later = all.blocks.split_off(starts.saturating_sub(1));
        let later = Self { blocks: later, rest: core::mem::take(&mut all.rest), ..Self::default() };
        let count = later.len() + several.as_slice().iter().map(Self::len).sum::<usize>();
        all.blocks.reserve_exact(count / BLOCK);
        worked(count as u64);
        let mut several: Vec<_> = core::iter::once(later).chain(several).map(Self::consume).collect();
        let mut next: BinaryHeap<Reverse<(Interval, usize)>> = BinaryHeap::with_capacity(several.len());
        next.extend((0..).zip(&mut several).filter_map(|(index, it)| Some(Reverse((it.next()?, index)))));
        while let Some(mut top) = next.peek_mut() {
            let Reverse((interval, index)) = *top;
            all.push_united(interval);
            match several.get_mut(index).and_then(Iterator::next) {
                Some(interval) => *top = Reverse((interval, index)),
                None => drop(PeekMut::pop(top)),
            }
        }
        // Many may have been joined.
        all.blocks.shrink_to(all.blocks.len() + all.blocks.len() / 8);
        all
    }

    fn of_blocks_from(&self, number: usize) -> Iter<'_> {
        let blocks = self.blocks.get(number..).unwrap_or_default().iter();
        Iter { block: BlockIter { next: None, bytes: &[] }, blocks, rest: self.rest.iter() }
    }

    /// Returns the intervals from the first one on that ends at or after `address`.
    pub(crate) fn from(&self, address: u64) -> Iter<'_> {
        worked(1);
        let number = self.blocks.partition_point(|block| block.start <= address);
        let mut from = self.of_blocks_from(number.saturating_sub(1));
        loop {
            let next = from.clone();
            match from.next() {
                Some(interval) if interval.last < address => {}
                _ => return next,
            }
        }
    }

    /// True if an interval contains the address.
    #[cfg(feature = "std")]
    pub(crate) fn has(&self, address: u64) -> bool {
        let first = self.blocks.first().map_or_else(|| self.rest.first().map(|it| it.start), |block| Some(block.start));
        // Most words of a stack are far from all of them.
        let is_within = first.is_some_and(|first| first <= address) && self.last().is_some_and(|it| address <= it.last);
        is_within && self.from(address).next().is_some_and(|interval| interval.start <= address)
    }
}

impl FromIterator<Interval> for Intervals {
    /// The intervals must be sorted and must not overlap.
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut all = Self::default();
        intervals.into_iter().for_each(|interval| all.push(interval));
        all
    }
}

/// Iterator over the intervals of [`Intervals`] that no longer exist.
pub(crate) struct Consumed {
    /// The start of the next interval of the block.
    next: Option<u64>,
    /// The bytes of the block, and the position of the next ones.
    block: Box<[u8]>,
    at: usize,
    blocks: alloc::vec::IntoIter<Block>,
    rest: alloc::vec::IntoIter<Interval>,
}

impl Iterator for Consumed {
    type Item = Interval;

    #[inline]
    fn next(&mut self) -> Option<Interval> {
        if self.next.is_none() {
            let Some(Block { start, bytes }) = self.blocks.next() else { return self.rest.next() };
            (self.next, self.block, self.at) = (Some(start), bytes, 0);
        }
        let bytes = self.block.get(self.at..).unwrap_or_default();
        let mut block = BlockIter { next: self.next, bytes };
        let interval = block.next();
        self.next = block.next;
        self.at = self.block.len() - block.bytes.len();
        interval
    }
}

/// Iterator over [`Intervals`].
#[derive(Clone)]
pub(crate) struct Iter<'i> {
    block: BlockIter<'i>,
    blocks: core::slice::Iter<'i, Block>,
    rest: core::slice::Iter<'i, Interval>,
}

impl Iterator for Iter<'_> {
    type Item = Interval;

    #[inline]
    fn next(&mut self) -> Option<Interval> {
        loop {
            if let Some(interval) = self.block.next() {
                return Some(interval);
            }
            match self.blocks.next() {
                Some(block) => self.block = block.iter(),
                None => return self.rest.next().copied(),
            }
        }
    }
}

impl FusedIterator for Iter<'_> {}

#[cfg(feature = "std")]
impl Disjoint for Intervals {
    fn ending_from(&self, address: u64) -> impl Iterator<Item = Interval> + '_ {
        self.from(address)
    }
}

/// Collects intervals in any order, and joins those that overlap.
///
/// New intervals are kept as they are until there are many. Then they are sorted into a run, and runs of similar size are
/// merged. So each interval takes little more memory than in the result, and is merged as often as the number of runs can
/// be divided by [`MERGED`]. Intervals that are added in ascending order extend the last run, and are not merged.
#[derive(Debug, Default)]
pub(crate) struct Union {
    /// The runs, and how often each was merged; those that were merged more often come first.
    runs: Vec<(u32, Intervals)>,
    new: Vec<Interval>,
}

impl Union {
    /// Adds an interval.
    #[inline]
    pub(crate) fn add(&mut self, interval: Interval) {
        worked(1);
        match self.new.last_mut() {
            Some(before) if before.start <= interval.start && interval.start <= before.last => {
                before.last = before.last.max(interval.last);
            }
            Some(_) => self.add_new(interval),
            None => self.add_first(interval),
        }
    }

    /// Adds an interval when there are no new ones.
    fn add_first(&mut self, interval: Interval) {
        if self.runs.is_empty() {
            self.runs.push((0, Intervals::default()));
        }
        match self.runs.last_mut().filter(|(_, run)| run.last().is_none_or(|last| last.start <= interval.start)) {
            Some((_, run)) => run.push_united(interval),
            None => self.add_new(interval),
        }
    }

    fn add_new(&mut self, interval: Interval) {
        if self.new.len() == MOST_NEW {
            self.new = united(core::mem::take(&mut self.new));
            // Many of them may have been the same.
            if self.new.len() > MOST_NEW / 2 {
                self.settle();
            }
        }
        if self.new.len() == self.new.capacity() {
            self.new.reserve_exact(self.new.len().max(16).min(MOST_NEW - self.new.len()));
        }
        self.new.push(interval);
    }

    /// Adds an interval, or extends the one added before if it is adjacent.
    pub(crate) fn append(&mut self, interval: Interval) {
        let before = self.new.last_mut().or_else(|| self.runs.last_mut()?.1.last_mut());
        match before.filter(|before| before.next() == Some(interval.start)) {
            Some(before) => before.last = interval.last,
            None => self.add(interval),
        }
    }

    /// Makes a run of the new intervals, which are sorted and disjoint.
    fn settle(&mut self) {
        while let Some(&(times, _)) = self.runs.last() {
            let Some(first) = self.runs.len().checked_sub(MERGED) else { break };
            if self.runs.get(first).is_none_or(|run| run.0 != times) {
                break;
            }
            self.merge_from(first);
        }
        self.runs.push((0, self.new.drain(..).collect()));
    }

    /// Merges the runs from an index on.
    fn merge_from(&mut self, first: usize) {
        let times = self.runs.get(first).map_or(0, |run| run.0);
        let runs = self.runs.drain(first..).map(|(_, run)| run).collect();
        self.runs.push((times + 1, Intervals::merged(runs)));
    }

    /// Returns the same addresses in ascending order.
    pub(crate) fn into_intervals(mut self) -> Intervals {
        let new = united(core::mem::take(&mut self.new));
        self.runs.push((0, new.into_iter().collect()));
        while self.runs.len() > 1 {
            self.merge_from(self.runs.len().saturating_sub(MERGED));
        }
        self.runs.pop().unwrap_or_default().1
    }
}

impl Extend<Interval> for Union {
    fn extend<I: IntoIterator<Item = Interval>>(&mut self, intervals: I) {
        intervals.into_iter().for_each(|interval| self.add(interval));
    }
}

/// Returns the same addresses in ascending order, with overlapping intervals merged, like
/// [`united`](crate::read::interval::united) for few intervals.
#[cfg(feature = "std")]
pub(crate) fn union(intervals: impl IntoIterator<Item = Interval>) -> Intervals {
    let mut all = Union::default();
    all.extend(intervals);
    all.into_intervals()
}
