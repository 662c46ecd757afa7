//! The memory ranges of the source, and where they touch.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::read::{Interval, Intervals, Memory, Target, union};

/// The runs of adjacent visible ranges, stored in a fifth of a byte for each range.
pub(super) struct Runs {
    /// A bit for each range: set if the next one does not touch it.
    ends: Vec<u64>,
    /// For each word of `ends`, the index of the first nonzero word from there on.
    next: Vec<usize>,
}

impl Runs {
    pub(super) fn new(memory: &Memory<'_>) -> Self {
        let count = memory.count();
        let mut ends = alloc::vec![0u64; count.div_ceil(64)];
        for index in 0..count {
            let next = memory.interval(index).and_then(|range| range.next());
            let touches = next.is_some() && next == memory.interval(index + 1).map(|range| range.start);
            if let (false, Some(word)) = (touches, ends.get_mut(index / 64)) {
                *word |= 1 << (index % 64);
            }
        }
        let mut next: Vec<usize> = ends.iter().enumerate().map(|(number, _)| number).collect();
        let mut found = ends.len();
        for (number, (bits, next)) in ends.iter().zip(&mut next).enumerate().rev() {
            if *bits != 0 {
                found = number;
            }
            *next = found;
        }
        Self { ends, next }
    }

    /// Returns the index of the last range of the run that the range `index` belongs to.
    pub(super) fn last_of(&self, index: usize) -> usize {
        let number = index / 64;
        let rest = self.ends.get(number).map_or(0, |bits| bits & (u64::MAX << (index % 64)));
        let (number, bits) = if rest == 0 {
            let number = self.next.get(number + 1).copied().unwrap_or(number);
            (number, self.ends.get(number).copied().unwrap_or(0))
        } else {
            (number, rest)
        };
        // The last range always ends a run, so a bit is set.
        64 * number + bits.trailing_zeros() as usize
    }
}

/// Memory ranges, sorted by address and disjoint.
#[derive(Clone)]
pub(super) enum Ranges<'a> {
    /// The ranges of the memory index.
    Visible(Arc<Memory<'a>>),
    United(Arc<Intervals>),
}

impl<'a> Ranges<'a> {
    /// Joins ranges that overlap, but not those that only touch. `listed` returns all ranges in any order, including
    /// hidden ones; it is only called if some overlap.
    pub(super) fn of<I>(memory: &Arc<Memory<'a>>, listed: impl FnOnce() -> I) -> Self
    where
        I: Iterator<Item = (Interval, u64)>,
    {
        if !memory.has_overlaps() {
            return Self::Visible(Arc::clone(memory));
        }
        // The visible ranges are parts of these, except stacks that are not in any list.
        let listed = listed().map(|(interval, _)| interval);
        let visible = (0..memory.count()).filter_map(|index| memory.interval(index));
        Self::United(Arc::new(union(listed.chain(visible))))
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Visible(memory) => memory.count(),
            Self::United(ranges) => ranges.len(),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Interval> {
        match self {
            Self::Visible(memory) => memory.interval(index),
            Self::United(ranges) => ranges.get(index),
        }
    }

    /// Returns the range that contains an address.
    pub(super) fn at(&self, address: u64) -> Option<Interval> {
        let range = match self {
            Self::Visible(memory) => memory.interval(memory.position(address)),
            Self::United(ranges) => ranges.from(address).next(),
        };
        range.filter(|range| range.start <= address)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        let (visible, joined) = match self {
            Self::Visible(memory) => (0..memory.count(), None),
            Self::United(ranges) => (0..0, Some(ranges)),
        };
        visible.filter_map(|index| self.get(index)).chain(joined.into_iter().flat_map(|ranges| ranges.iter()))
    }
}

/// Returns an address in the form that the debugger writes: sign-extended for 32-bit Windows targets.
///
/// Producers on other systems zero-extend addresses, and so do the tools that read their dumps.
pub(super) fn written(target: Target, address: u64) -> u64 {
    if target.is_windows() { target.sign_extend(address) } else { target.mask(address) }
}
