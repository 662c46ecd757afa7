//! Ranges of addresses: size, containment, intersection, union, search and resolution of overlaps.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::read::work::worked;

/// Intervals that are sorted and do not overlap, however they are stored.
#[cfg(feature = "std")]
pub(crate) trait Disjoint {
    /// Returns the intervals from the first one on that ends at or after `address`.
    fn ending_from(&self, address: u64) -> impl Iterator<Item = Interval> + '_;
}

#[cfg(feature = "std")]
impl Disjoint for [Interval] {
    fn ending_from(&self, address: u64) -> impl Iterator<Item = Interval> + '_ {
        self.get(position(self, address)..).unwrap_or_default().iter().copied()
    }
}

#[cfg(feature = "std")]
impl Disjoint for Vec<Interval> {
    fn ending_from(&self, address: u64) -> impl Iterator<Item = Interval> + '_ {
        self.as_slice().ending_from(address)
    }
}

/// A range of addresses with an inclusive end, because an exclusive one could be 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Interval {
    pub(crate) start: u64,
    pub(crate) last: u64,
}

impl Interval {
    /// The `size` addresses from `start` on, limited to 2^64; `None` if `size` is 0.
    ///
    /// [`Target::interval`](crate::read::Target::interval) also respects the size of the address space of a process.
    pub(crate) fn new(start: u64, size: u64) -> Option<Self> {
        let more = size.checked_sub(1)?;
        Some(Self { start, last: start.saturating_add(more) })
    }

    /// The number of addresses; 2^64 - 1 for the whole address space.
    pub(crate) const fn size(&self) -> u64 {
        (self.last - self.start).saturating_add(1)
    }

    /// The address after the interval; `None` at the end of the address space.
    pub(crate) const fn next(&self) -> Option<u64> {
        self.last.checked_add(1)
    }

    pub(crate) const fn has(&self, address: u64) -> bool {
        self.start <= address && address <= self.last
    }

    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        let (start, last) = (self.start.max(other.start), self.last.min(other.last));
        (start <= last).then_some(Self { start, last })
    }
}

/// Something that occupies an interval of addresses.
pub(crate) trait Located: Copy {
    fn interval(&self) -> Interval;
}

impl Located for Interval {
    fn interval(&self) -> Interval {
        *self
    }
}

/// Something that can overlap others of its kind.
pub(crate) trait Ranked: Located {
    /// The position among its kind; where several overlap, the lowest rank takes precedence.
    fn rank(&self) -> u32;
    /// The part at `interval`, which must be contained in the whole.
    fn part(&self, interval: Interval) -> Self;
}

/// An interval and its rank, which is also the index of the item at these addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) interval: Interval,
    pub(crate) rank: u32,
}

impl Located for Span {
    fn interval(&self) -> Interval {
        self.interval
    }
}

impl Ranked for Span {
    fn rank(&self) -> u32 {
        self.rank
    }

    fn part(&self, interval: Interval) -> Self {
        Self { interval, ..*self }
    }
}

/// Returns the index of the first item that ends at or after `address`. `disjoint` is sorted.
pub(crate) fn position<T: Located>(disjoint: &[T], address: u64) -> usize {
    worked(1);
    disjoint.partition_point(|it| it.interval().last < address)
}

/// Returns the item that contains `address`. `disjoint` is sorted.
pub(crate) fn holder<T: Located>(disjoint: &[T], address: u64) -> Option<&T> {
    disjoint.get(position(disjoint, address)).filter(|it| it.interval().start <= address)
}

/// Returns the intervals that overlap `interval`.
#[cfg(feature = "std")]
pub(crate) fn overlapping(
    disjoint: &(impl Disjoint + ?Sized),
    interval: Interval,
) -> impl Iterator<Item = Interval> + '_ {
    let from = disjoint.ending_from(interval.start);
    from.inspect(|_| worked(1)).take_while(move |it| it.start <= interval.last)
}

/// Returns the parts of `whole` that are not covered by `disjoint`.
#[cfg(feature = "std")]
pub(crate) fn gaps(disjoint: &(impl Disjoint + ?Sized), whole: Interval) -> impl Iterator<Item = Interval> + '_ {
    let mut next = Some(whole.start);
    let end = whole.next().map(|start| Interval { start, last: u64::MAX });
    overlapping(disjoint, whole).chain(end).filter_map(move |part| {
        let start = next?;
        next = part.next();
        Some(Interval { start, last: part.start.checked_sub(1)? }).filter(|gap| gap.start <= gap.last)
    })
}

/// True if one of the intervals, which are sorted and do not overlap, contains the address.
#[cfg(feature = "std")]
pub(crate) fn any_has(disjoint: &[Interval], address: u64) -> bool {
    // Most words of a stack are far from all modules.
    let (Some(first), Some(last)) = (disjoint.first(), disjoint.last()) else { return false };
    Interval { start: first.start, last: last.last }.has(address) && holder(disjoint, address).is_some()
}

/// Returns the same addresses in ascending order, with overlapping intervals merged.
pub(crate) fn united(mut intervals: Vec<Interval>) -> Vec<Interval> {
    worked(intervals.len() as u64);
    intervals.sort_unstable();
    intervals.dedup_by(|next, before| {
        let overlap = next.start <= before.last;
        if overlap {
            before.last = before.last.max(next.last);
        }
        overlap
    });
    intervals
}

/// Sorts items and resolves overlaps. Takes a single pass if they are already sorted and do not overlap.
pub(crate) fn settle<T: Ranked>(all: &mut Vec<T>) {
    worked(all.len() as u64);
    let key = |it: &T| (it.interval().start, it.rank());
    if !all.is_sorted_by_key(key) {
        all.sort_unstable_by_key(key);
    }
    if !are_disjoint(all) {
        *all = cut(all);
    }
}

/// True if the items, which are sorted, do not overlap.
pub(crate) fn are_disjoint<T: Located>(sorted: &[T]) -> bool {
    sorted.windows(2).all(|pair| matches!(pair, [a, b] if a.interval().last < b.interval().start))
}

/// The number of open items that are kept, at least, before those that have ended are removed.
const LEAST_OPEN: usize = 64;

/// Cuts overlapping items, which are sorted by start, so that each address belongs to the item of the lowest rank.
///
/// Sweeps over the starts and keeps the open items in a heap by rank, in O(n log n) for any overlaps.
fn cut<T: Ranked>(sorted: &[T]) -> Vec<T> {
    let mut out: Vec<T> = Vec::with_capacity(sorted.len());
    let mut open: BinaryHeap<Reverse<(u32, usize)>> = BinaryHeap::new();
    let mut most_open = LEAST_OPEN;
    let mut upcoming = sorted.iter().enumerate().peekable();
    let mut at = 0u64;
    loop {
        worked(1);
        while let Some((index, next)) = upcoming.next_if(|(_, next)| next.interval().start <= at) {
            open.push(Reverse((next.rank(), index)));
        }
        if open.len() > most_open {
            // Items that have ended stay in the heap as long as one of a lower rank is open.
            open.retain(|Reverse((_, index))| sorted.get(*index).is_some_and(|it| it.interval().last >= at));
            most_open = 2 * open.len().max(LEAST_OPEN);
        }
        let Some(first) = open.peek().and_then(|Reverse((_, index))| sorted.get(*index)) else {
            // No item contains `at`: continue at the start of the next one.
            match upcoming.peek() {
                Some((_, next)) => at = next.interval().start,
                None => return out,
            }
            continue;
        };
        let end = first.interval().last;
        if end < at {
            open.pop();
            continue;
        }
        // Up to its end or to the next start, where an item of a lower rank may take over.
        let last = match upcoming.peek() {
            Some((_, next)) => end.min(next.interval().start - 1),
            None => end,
        };
        match out.last_mut() {
            Some(before) if before.rank() == first.rank() && before.interval().next() == Some(at) => {
                *before = before.part(Interval { last, ..before.interval() });
            }
            _ => out.push(first.part(Interval { start: at, last })),
        }
        match last.checked_add(1) {
            Some(next) => at = next,
            None => return out,
        }
    }
}
