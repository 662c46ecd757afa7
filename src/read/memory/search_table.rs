//! A fast search in sorted intervals: a table tells from an address approximately where to look.

use alloc::vec::Vec;

use crate::read::interval::Located;

/// The maximum number of cells.
const MAX_CELLS: u64 = 256;

/// The number of addresses that are looked up at once: enough for more loads than a processor has in flight.
pub(crate) const GROUP: usize = 128;

/// Sorted intervals that do not overlap, and a table of their approximate positions by address.
///
/// The addresses from the first start to the last are divided into cells of equal size. Within a cell, the addresses
/// from the first start to the last are divided into as many buckets as the cell has intervals. Processes have a few
/// dense clusters of memory that are far apart, so nearly every bucket contains only a few intervals. If all intervals
/// are in one bucket, the lookup is a binary search. A lookup takes the same number of steps for each address, without
/// branches that depend on the address. The last few intervals are counted instead of bisected, so that they are loaded
/// together.
#[derive(Clone)]
pub(crate) struct Sorted<T> {
    intervals: Vec<T>,
    /// The lowest start.
    origin: u64,
    /// The binary logarithm of the number of addresses in a cell.
    shift: u32,
    cells: Vec<Cell>,
    /// For each bucket, the number of intervals that start before it.
    buckets: Vec<u32>,
    /// The number of bisection steps after which at most [`COUNTED`] intervals remain of any bucket.
    steps: u32,
}

/// The number of intervals at the end of a search that are compared one by one. One more is a power of two.
const COUNTED: usize = 3;

/// The number of intervals that the last bisection step looks ahead.
const LAST_HALF: usize = COUNTED + 1;

#[derive(Clone, Copy)]
struct Cell {
    /// The lowest start in the cell.
    origin: u64,
    /// The binary logarithm of the number of addresses in a bucket.
    shift: u32,
    /// The first bucket of the cell, and the number of further buckets.
    first: u32,
    more: u32,
}

impl Cell {
    #[inline]
    fn bucket(&self, address: u64) -> u64 {
        u64::from(self.first) + (address.saturating_sub(self.origin) >> self.shift).min(self.more.into())
    }
}

/// Returns the smallest shift that reduces `span` to less than `limit`.
fn shift(span: u64, limit: u64) -> u32 {
    let needed = u64::BITS - span.leading_zeros();
    // A limit that is not a power of two is rounded down.
    needed.saturating_sub(limit.max(1).ilog2())
}

/// Counts the intervals that start at or below `address`, where fewer are left than are usually counted at once.
#[cold]
fn starting<T: Located>(rest: &[T], address: u64) -> usize {
    rest.iter().filter(|interval| interval.interval().start <= address).count()
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { intervals: Vec::new(), origin: 0, shift: 0, cells: Vec::new(), buckets: Vec::new(), steps: 0 }
    }
}

impl<T: Located> Sorted<T> {
    /// Builds the table in one pass. The intervals must be sorted and must not overlap.
    pub(crate) fn new(intervals: Vec<T>) -> Self {
        let (Some(first), Some(last)) = (intervals.first(), intervals.last()) else {
            return Self::default();
        };
        let count = intervals.len() as u64;
        let (origin, span) = (first.interval().start, last.interval().start - first.interval().start);
        let mut sorted = Self { origin, shift: shift(span, count.min(MAX_CELLS)), ..Self::default() };
        let largest = match u32::try_from(count) {
            Ok(_) => sorted.fill(&intervals, span >> sorted.shift),
            // The table cannot count that far, so all intervals are searched.
            Err(_) => count,
        };
        sorted.steps = (u64::BITS - largest.leading_zeros()).saturating_sub(LAST_HALF.ilog2());
        sorted.intervals = intervals;
        sorted
    }

    /// Fills the table. Returns the number of intervals in the largest bucket.
    fn fill(&mut self, intervals: &[T], last_cell: u64) -> u64 {
        self.cells.reserve_exact(usize::try_from(last_cell).map_or(0, |last| last + 1));
        self.buckets.reserve_exact(intervals.len() + self.cells.capacity());
        let (origin, shift_of_cells) = (self.origin, self.shift);
        let cell = move |interval: &T| (interval.interval().start - origin) >> shift_of_cells;
        let (mut before, mut largest) = (0, 0);
        for group in intervals.chunk_by(|a, b| cell(a) == cell(b)) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else {
                continue;
            };
            while (self.cells.len() as u64) < cell(first) {
                self.close(first.interval().start, 0, 0, before);
            }
            let span = last.interval().start - first.interval().start;
            let shift = shift(span, group.len() as u64);
            self.close(first.interval().start, shift, span >> shift, before);
            let in_one = self.count(group, first.interval().start, shift, before);
            largest = largest.max(in_one);
            before += group.len() as u64;
        }
        largest
    }

    /// Appends a cell with `more` further buckets, and its first bucket.
    fn close(&mut self, origin: u64, shift: u32, more: u64, before: u64) {
        // There are at most as many buckets as intervals and cells, and the intervals were counted.
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        self.cells.push(Cell { origin, shift, first: number(self.buckets.len() as u64), more: number(more) });
        self.buckets.push(number(before));
    }

    /// Appends the further buckets of a cell. Returns the number of intervals in the largest one.
    fn count(&mut self, group: &[T], origin: u64, shift: u32, before: u64) -> u64 {
        let (mut bucket, mut start, mut largest) = (0, before, 0);
        for (index, interval) in (before..).zip(group) {
            let own = (interval.interval().start - origin) >> shift;
            if own > bucket {
                largest = largest.max(index - start);
                start = index;
            }
            while bucket < own {
                self.buckets.push(u32::try_from(index).unwrap_or(u32::MAX));
                bucket += 1;
            }
        }
        largest.max(before + group.len() as u64 - start)
    }

    /// Returns the bucket of an address.
    #[inline]
    fn bucket(&self, address: u64) -> usize {
        let last = (self.cells.len() as u64).saturating_sub(1);
        let cell = (address.saturating_sub(self.origin) >> self.shift).min(last);
        let cell = usize::try_from(cell).ok().and_then(|cell| self.cells.get(cell));
        cell.and_then(|cell| usize::try_from(cell.bucket(address)).ok()).unwrap_or(0)
    }

    /// Returns the number of intervals that start before a bucket.
    #[inline]
    fn before(&self, bucket: usize) -> usize {
        let before = self.buckets.get(bucket).copied().unwrap_or(0);
        usize::try_from(before).unwrap_or(usize::MAX)
    }

    /// Bisects: `count` intervals are known to start at or below `address`, and it is asked whether `half` more do.
    #[inline]
    fn halved(&self, count: usize, address: u64, step: u32) -> usize {
        let half = LAST_HALF << step;
        // Intervals after the bucket start above the address, so the end of the bucket need not be known.
        let holds = self.intervals.get(count + half - 1).is_some_and(|interval| interval.interval().start <= address);
        count + usize::from(holds) * half
    }

    /// Counts the last few intervals.
    #[inline]
    fn counted(&self, count: usize, address: u64) -> usize {
        let rest = self.intervals.get(count..).unwrap_or_default();
        let Some(next) = rest.first_chunk::<COUNTED>() else { return count + starting(rest, address) };
        count + next.iter().map(|interval| usize::from(interval.interval().start <= address)).sum::<usize>()
    }

    /// Returns the number of intervals that start at or below `address`.
    #[inline]
    fn starts(&self, address: u64) -> usize {
        let mut count = self.before(self.bucket(address));
        for step in (0..self.steps).rev() {
            count = self.halved(count, address, step);
        }
        self.counted(count, address)
    }

    /// Bisects for at most [`GROUP`] addresses at once, which leaves the last few intervals to be counted.
    #[inline]
    fn nearly_all_starts(&self, addresses: &[u64]) -> [usize; GROUP] {
        let mut counts = [0; GROUP];
        for (bucket, address) in counts.iter_mut().zip(addresses) {
            *bucket = self.bucket(*address);
        }
        for (count, _) in counts.iter_mut().zip(addresses) {
            *count = self.before(*count);
        }
        for step in (0..self.steps).rev() {
            for (count, address) in counts.iter_mut().zip(addresses) {
                *count = self.halved(*count, *address, step);
            }
        }
        counts
    }

    /// Returns what [`Sorted::position`] returns, for at most [`GROUP`] addresses at once.
    #[cfg(feature = "std")]
    pub(crate) fn positions(&self, addresses: &[u64]) -> [usize; GROUP] {
        let mut counts = self.nearly_all_starts(addresses);
        for (count, address) in counts.iter_mut().zip(addresses) {
            *count = self.last_before(self.counted(*count, *address), *address);
        }
        counts
    }

    /// Returns the index of the last of the intervals that start at or below `address`; if it ends before that, the index
    /// of the next one.
    #[inline]
    fn last_before(&self, starts: usize, address: u64) -> usize {
        let holds =
            self.intervals.get(starts.wrapping_sub(1)).is_some_and(|interval| address <= interval.interval().last);
        starts - usize::from(holds)
    }

    /// Looks up at most [`GROUP`] addresses at once: for each, the intervals from the one that contains it on, none if no
    /// interval contains it.
    ///
    /// Every step is done for all addresses before the next one. The loads of a step do not depend on each other, so
    /// the processor waits for all of them together.
    #[inline]
    pub(crate) fn get_all<'t>(&'t self, addresses: &[u64], found: &mut [&'t [T]]) {
        let counts = self.nearly_all_starts(addresses);
        for ((count, address), found) in counts.iter().zip(addresses).zip(found) {
            let starts = self.counted(*count, *address);
            let from = self.intervals.get(starts.wrapping_sub(1)..).unwrap_or_default();
            let holds = from.first().is_some_and(|interval| *address <= interval.interval().last);
            *found = if holds { from } else { &[] };
        }
    }

    /// Returns the interval that contains `address`, and those after it.
    #[inline]
    pub(crate) fn at(&self, address: u64) -> Option<(&T, &[T])> {
        let (interval, more) = self.intervals.get(self.starts(address).wrapping_sub(1)..)?.split_first()?;
        (address <= interval.interval().last).then_some((interval, more))
    }

    /// Returns the interval that contains `address`.
    #[inline]
    pub(crate) fn get(&self, address: u64) -> Option<&T> {
        let interval = self.intervals.get(self.starts(address).wrapping_sub(1))?;
        (address <= interval.interval().last).then_some(interval)
    }

    /// Returns the index of the interval that contains `address`; if there is none, that of the next one.
    #[inline]
    pub(crate) fn position(&self, address: u64) -> usize {
        self.last_before(self.starts(address), address)
    }

    /// Returns the intervals from the one that contains `address` on; if there is none, from the next one on.
    #[inline]
    pub(crate) fn from(&self, address: u64) -> &[T] {
        self.intervals.get(self.position(address)..).unwrap_or_default()
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.intervals
    }
}
