//! Search among sorted intervals without walking down all of them: the address itself says about where to look.

use alloc::vec::Vec;

use crate::read::interval::Located;

/// The cells that the addresses are cut into at most.
const CELLS: u64 = 256;

/// Sorted intervals that do not overlap, and a table of where among them addresses are.
///
/// The addresses from the first start to the last are cut into cells of equal size, and those from the first start of a
/// cell to its last into as many buckets as the cell has intervals. A process has few and dense clusters of memory far
/// apart from each other, so nearly every bucket ends up with a handful of intervals; where all are in one, the search is
/// by halves. It takes as many steps for each address, and no branch that depends on the address.
#[derive(Clone)]
pub(crate) struct Sorted<T> {
    intervals: Vec<T>,
    /// The least start.
    origin: u64,
    /// A cell has 2 to the power of it addresses.
    shift: u32,
    cells: Vec<Cell>,
    /// For each bucket, how many intervals start before it.
    buckets: Vec<u32>,
    /// How often a bucket has to be halved until one interval is left, whichever bucket it is.
    steps: u32,
}

#[derive(Clone, Copy)]
struct Cell {
    /// The least start in it.
    origin: u64,
    /// A bucket has 2 to the power of it addresses.
    shift: u32,
    /// Its first bucket and the number of those behind it.
    first: u32,
    more: u32,
}

impl Cell {
    #[inline]
    fn bucket(&self, address: u64) -> u64 {
        u64::from(self.first) + (address.saturating_sub(self.origin) >> self.shift).min(self.more.into())
    }
}

/// The least shift that leaves less than `limit` of `span`.
fn shift(span: u64, limit: u64) -> u32 {
    let needed = u64::BITS - span.leading_zeros();
    // Of a limit that is no power of two, the next lesser one is taken.
    needed.saturating_sub(limit.max(1).ilog2())
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { intervals: Vec::new(), origin: 0, shift: 0, cells: Vec::new(), buckets: Vec::new(), steps: 0 }
    }
}

impl<T: Located> Sorted<T> {
    /// Takes intervals that are sorted and apart; one pass.
    pub(crate) fn new(intervals: Vec<T>) -> Self {
        let (Some(first), Some(last)) = (intervals.first(), intervals.last()) else {
            return Self::default();
        };
        let count = intervals.len() as u64;
        let (origin, span) = (first.interval().start, last.interval().start - first.interval().start);
        let mut sorted = Self { origin, shift: shift(span, count.min(CELLS)), ..Self::default() };
        let largest = match u32::try_from(count) {
            Ok(_) => sorted.fill(&intervals, span >> sorted.shift),
            // More than the table can count: without it, all are searched.
            Err(_) => count,
        };
        sorted.steps = u64::BITS - largest.leading_zeros();
        sorted.intervals = intervals;
        sorted
    }

    /// Fills the table; gives the number of intervals in the largest bucket.
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

    /// Adds a cell whose last bucket is the one of number `more`, and its first bucket.
    fn close(&mut self, origin: u64, shift: u32, more: u64, before: u64) {
        // There are at most as many buckets as intervals and cells, and the intervals were counted.
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        self.cells.push(Cell { origin, shift, first: number(self.buckets.len() as u64), more: number(more) });
        self.buckets.push(number(before));
    }

    /// Adds the buckets of a cell behind its first; gives the number of intervals in the largest.
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

    /// How many intervals start at `address` or below it.
    #[inline]
    fn starts(&self, address: u64) -> usize {
        let last = (self.cells.len() as u64).saturating_sub(1);
        let cell = (address.saturating_sub(self.origin) >> self.shift).min(last);
        let cell = usize::try_from(cell).ok().and_then(|cell| self.cells.get(cell));
        let bucket = cell.and_then(|cell| usize::try_from(cell.bucket(address)).ok());
        let before = bucket.and_then(|bucket| self.buckets.get(bucket)).copied().unwrap_or(0);
        let mut count = usize::try_from(before).unwrap_or(usize::MAX);
        // What lies behind the bucket starts above the address, so there is no need to know where it ends.
        for step in (0..self.steps).rev() {
            let half = 1usize << step;
            let holds =
                self.intervals.get(count + half - 1).is_some_and(|interval| interval.interval().start <= address);
            count += usize::from(holds) << step;
        }
        count
    }

    /// The interval that holds `address`.
    #[inline]
    pub(crate) fn get(&self, address: u64) -> Option<&T> {
        let interval = self.intervals.get(self.starts(address).wrapping_sub(1))?;
        (address <= interval.interval().last).then_some(interval)
    }

    /// The number of the interval that holds `address`; if none does, of the next one.
    #[inline]
    pub(crate) fn position(&self, address: u64) -> usize {
        let starts = self.starts(address);
        let holds =
            self.intervals.get(starts.wrapping_sub(1)).is_some_and(|interval| address <= interval.interval().last);
        starts - usize::from(holds)
    }

    /// The intervals from the one that holds `address` on; if none does, from the next one on.
    #[inline]
    pub(crate) fn from(&self, address: u64) -> &[T] {
        self.intervals.get(self.position(address)..).unwrap_or_default()
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.intervals
    }
}
