//! The memory ranges of one list: those that were added, and those that are computed each time they are needed.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::format::MemoryInfo;

use crate::write::memory_range::MemoryRange;

/// Ranges that are not stored, so that a plan with a million of them takes little memory for each.
pub(crate) trait ComputedRanges: fmt::Debug + Send + Sync {
    fn count(&self) -> usize;
    /// Returns the address and the size of each range. Called several times.
    fn bounds(&self) -> Box<dyn Iterator<Item = (u64, u64)> + '_>;
    /// Returns the ranges with these bounds. Called a second time if memory is compressed for a sink that cannot seek, and
    /// if the plan is made parallel to a source.
    fn ranges(&self) -> Box<dyn Iterator<Item = MemoryRange<'_>> + '_>;
}

/// The ranges of a full user dump, each with its row of the table.
pub(crate) trait ComputedRegions: ComputedRanges {
    /// Returns the row of a range; its size is that of the range.
    fn row(&self, index: usize) -> MemoryInfo;
    /// Returns the row of each range.
    fn rows(&self) -> Box<dyn Iterator<Item = MemoryInfo> + '_>;
}

impl<T: ComputedRanges + ?Sized> ComputedRanges for Arc<T> {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn bounds(&self) -> Box<dyn Iterator<Item = (u64, u64)> + '_> {
        (**self).bounds()
    }

    fn ranges(&self) -> Box<dyn Iterator<Item = MemoryRange<'_>> + '_> {
        (**self).ranges()
    }
}

/// The ranges that were added, followed by those that are computed.
#[derive(Debug, Default)]
pub(super) struct RangeList<'a> {
    listed: Vec<MemoryRange<'a>>,
    computed: Vec<Box<dyn ComputedRanges + 'a>>,
}

impl<'a> RangeList<'a> {
    pub(super) fn push(&mut self, range: MemoryRange<'a>) {
        self.listed.push(range);
    }

    pub(super) fn compute(&mut self, ranges: Box<dyn ComputedRanges + 'a>) {
        self.computed.push(ranges);
    }

    pub(super) fn count(&self) -> u64 {
        self.listed.len() as u64 + self.computed.iter().map(|ranges| ranges.count() as u64).sum::<u64>()
    }

    /// Returns the sum of the sizes in bytes.
    pub(super) fn size(&self) -> u64 {
        self.bounds().fold(0, |sum, (_, size)| sum.saturating_add(size))
    }

    /// Returns the address and the size of each range.
    pub(super) fn bounds(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let listed = self.listed.iter().map(|range| (range.address(), range.size()));
        let computed = self.computed.iter().flat_map(|ranges| ranges.bounds());
        listed.chain(computed)
    }

    /// Passes each range to `find` until it finds something.
    pub(super) fn each<'r, T>(&'r self, mut find: impl FnMut(&MemoryRange<'r>) -> Option<T>) -> Option<T> {
        let mut computed = self.computed.iter().flat_map(|ranges| ranges.ranges());
        self.listed.iter().find_map(&mut find).or_else(|| computed.find_map(|range| find(&range)))
    }

    /// Appends the ranges of another list, and sorts the added ranges by address.
    pub(super) fn join(&mut self, other: Option<Self>) {
        if let Some(other) = other {
            self.listed.extend(other.listed);
            self.computed.extend(other.computed);
        }
        self.listed.sort_by_key(MemoryRange::address);
    }

    /// Returns the added ranges by reference (readers continue where they are), and computes the others.
    pub(super) fn lend(&mut self) -> impl Iterator<Item = MemoryRange<'_>> {
        let computed = self.computed.iter().flat_map(|ranges| ranges.ranges());
        self.listed.iter_mut().map(MemoryRange::lend).chain(computed)
    }

    /// Takes the added ranges, which may be readers that can be read only once, and computes the others.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = MemoryRange<'_>> {
        let computed = self.computed.iter().flat_map(|ranges| ranges.ranges());
        self.listed.drain(..).chain(computed)
    }
}

impl<'a> From<Vec<MemoryRange<'a>>> for RangeList<'a> {
    fn from(listed: Vec<MemoryRange<'a>>) -> Self {
        Self { listed, computed: Vec::new() }
    }
}
