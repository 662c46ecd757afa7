//! Many disjoint intervals in a few bytes each.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::iter::FusedIterator;

#[cfg(feature = "std")]
use crate::read::interval::Disjoint;
use crate::read::interval::Interval;
use crate::read::work::worked;

/// The number of intervals in a block. A lookup decodes half of them on average.
const BLOCK: usize = 32;
/// How many new intervals a [`Union`] keeps before it sorts them, at least.
const LEAST_NEW: usize = 1 << 11;

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
pub(crate) fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    if bytes.capacity() - bytes.len() < 10 && bytes.len() > 1 << 14 {
        // Grows in small steps, so that little is unused.
        bytes.reserve_exact(bytes.len() / 16);
    }
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
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
    fn of(intervals: &[Interval]) -> Self {
        let start = intervals.first().map_or(0, |first| first.start);
        let mut bytes = Vec::with_capacity(4 * BLOCK);
        let mut before = None;
        for interval in intervals {
            if let Some(before) = before.replace(interval.last) {
                put_number(&mut bytes, interval.start.wrapping_sub(before));
            }
            put_number(&mut bytes, interval.last.wrapping_sub(interval.start));
        }
        Self { start, bytes: bytes.into() }
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
    pub(crate) fn push(&mut self, interval: Interval) {
        if self.rest.len() == BLOCK {
            if self.blocks.len() == self.blocks.capacity() {
                // Grows in small steps, so that little is unused.
                self.blocks.reserve_exact(self.blocks.len() / 8 + 8);
            }
            self.blocks.push(Block::of(&self.rest));
            self.rest.clear();
        }
        self.rest.push(interval);
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

    #[cfg(feature = "std")]
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
    #[cfg(feature = "std")]
    pub(crate) fn consume(self) -> impl Iterator<Item = Interval> {
        let blocks = self.blocks.into_iter().flat_map(|block| block.iter().collect::<Vec<_>>());
        blocks.chain(self.rest)
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
/// It keeps some new intervals as they are, and joins them with the others when there are many. So each takes little
/// more memory than in the result, and each is joined with the others a limited number of times.
#[derive(Debug, Default)]
pub(crate) struct Union {
    settled: Intervals,
    new: Vec<Interval>,
}

impl Union {
    /// Adds an interval.
    pub(crate) fn add(&mut self, interval: Interval) {
        worked(1);
        if let Some(before) = self.new.last_mut() {
            if before.start <= interval.start && interval.start <= before.last {
                before.last = before.last.max(interval.last);
                return;
            }
        }
        if self.new.len() >= LEAST_NEW.max(self.settled.len() / 16) {
            self.settle();
        }
        if self.new.len() == self.new.capacity() {
            let most = LEAST_NEW.max(self.settled.len() / 16);
            let more = self.new.len().max(16).min(most.saturating_sub(self.new.len()).max(1));
            self.new.reserve_exact(more);
        }
        self.new.push(interval);
    }

    /// Adds an interval, or extends the one added before if it is adjacent.
    pub(crate) fn append(&mut self, interval: Interval) {
        let before = if self.new.is_empty() { self.settled.last_mut() } else { self.new.last_mut() };
        match before.filter(|before| before.next() == Some(interval.start)) {
            Some(before) => before.last = interval.last,
            None => self.add(interval),
        }
    }

    /// Joins the new intervals with the others.
    fn settle(&mut self) {
        let new = &mut self.new;
        if !new.is_sorted() {
            new.sort_unstable();
        }
        let is_after = self.settled.last().is_none_or(|last| new.first().is_none_or(|first| last.start <= first.start));
        if is_after {
            new.drain(..).for_each(|interval| self.settled.push_united(interval));
            return;
        }
        worked(self.settled.len() as u64);
        let Intervals { blocks, rest } = core::mem::take(&mut self.settled);
        let mut new = new.drain(..).peekable();
        let all = &mut self.settled;
        // Each block is freed once it is merged.
        let mut merge = |interval: Interval| {
            while let Some(before) = new.next_if(|next| *next < interval) {
                all.push_united(before);
            }
            all.push_united(interval);
        };
        blocks.into_iter().for_each(|block| block.iter().for_each(&mut merge));
        rest.into_iter().for_each(&mut merge);
        new.for_each(|interval| self.settled.push_united(interval));
    }

    /// Returns the same addresses in ascending order.
    pub(crate) fn into_intervals(mut self) -> Intervals {
        self.settle();
        self.settled
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
