//! Passes the selected memory to the result.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use std::io;

use crate::format;
use crate::read::{Interval, Intervals, Memory, Target};
use crate::write::{ComputedRanges, ComputedRegions, MemoryRange};

use crate::redump::edits::memory::{Changes, changed};
use crate::redump::edits::new_memory::MemoryEdits;
use crate::redump::filter::StackFilter;
use crate::redump::from_file::{failed, passed_on};
use crate::redump::ranges::written;
use crate::redump::report::Report;
use crate::redump::select::selected::Selection;
use crate::redump::source::Source;

/// The selected ranges, whose bytes are looked up when they are written.
pub(super) struct Contents<'a> {
    memory: Arc<Memory<'a>>,
    target: Target,
    ranges: Arc<Intervals>,
    changes: Option<Arc<Changes<'a>>>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(source: &Source<'a>, ranges: &Arc<Intervals>, changes: Option<&Arc<Changes<'a>>>) -> Self {
        let (memory, ranges) = (Arc::clone(&source.memory), Arc::clone(ranges));
        Self { memory, target: source.target, ranges, changes: changes.map(Arc::clone) }
    }

    /// Returns the selected ranges of a minidump with all changes to them.
    pub(super) fn changed(
        source: &Source<'a>,
        selection: &Selection,
        edits: MemoryEdits<'a>,
        report: &mut Report,
    ) -> Self {
        let selected = &selection.selected;
        let rules = selection.code.as_ref().map(|code| (Arc::clone(code), selection.triage.clone()));
        let wide = |rules| StackFilter::new(source, rules, selection.filtered(), selected.wanted());
        let side = &selection.narrow;
        let narrow = |rules| {
            let stacks = side.filtered().to_vec();
            StackFilter::narrow(source, rules, stacks, side.instructions(), side.frames())
        };
        let of_32_bits = rules.clone().filter(|_| !side.filtered().is_empty()).map(narrow);
        let filters = rules.map(wide).into_iter().chain(of_32_bits).collect();
        let changes = Changes::new(source, filters, edits, selection).map(Arc::new);
        let blanked = |changes: &Arc<Changes<'_>>| selected.ranges.iter().map(|range| changes.blanked(range)).sum();
        report.blanked_memory = changes.as_ref().map_or(0, blanked);
        Self::new(source, &selected.ranges, changes.as_ref())
    }

    /// Returns one slice if the bytes are contiguous in the file.
    fn range(&self, interval: Interval) -> MemoryRange<'_> {
        let (address, size) = (written(self.target, interval.start), interval.size());
        if let Some(range) = changed(self.changes.as_ref(), interval, address) {
            return range;
        }
        if self.memory.is_compressed(interval) {
            let unpacked = Unpacked { memory: &self.memory, left: Some(interval) };
            return MemoryRange::from_reader(address, size, unpacked).repeatable();
        }
        if self.memory.file().is_some() {
            return match self.memory.place_of(interval.start, size) {
                Some(offset) => passed_on(self.memory.contents().bytes, address, offset, size),
                None => {
                    let pieces = Unpacked { memory: &self.memory, left: Some(interval) };
                    MemoryRange::from_reader(address, size, pieces).repeatable()
                }
            };
        }
        match self.memory.slice(interval.start, size) {
            Some(bytes) => MemoryRange::borrowed(address, bytes),
            None => {
                let pieces = self.memory.visible_within(interval.start, interval.last);
                let pieces = pieces.map(|piece| piece.bytes().unwrap_or_default());
                MemoryRange::from_pieces(address, pieces.collect())
            }
        }
    }
}

impl fmt::Debug for Contents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contents({} ranges)", self.ranges.len())
    }
}

impl ComputedRanges for Contents<'_> {
    fn count(&self) -> usize {
        self.ranges.len()
    }

    fn bounds(&self) -> Box<dyn Iterator<Item = (u64, u64)> + '_> {
        Box::new(self.ranges.iter().map(|range| (written(self.target, range.start), range.size())))
    }

    fn ranges(&self) -> Box<dyn Iterator<Item = MemoryRange<'_>> + '_> {
        Box::new(self.ranges.iter().map(|range| self.range(range)))
    }
}

/// Reads memory that has to be unpacked, or is in pieces of a file, without keeping any of it.
struct Unpacked<'m> {
    memory: &'m Memory<'m>,
    left: Option<Interval>,
}

impl io::Read for Unpacked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left else { return Ok(0) };
        let wanted = usize::try_from(left.size()).unwrap_or(usize::MAX).min(buf.len());
        let count = self.memory.read_uncached(left.start, buf.get_mut(..wanted).unwrap_or_default());
        let next = left.start.checked_add(count as u64).filter(|next| *next <= left.last);
        self.left = next.map(|start| Interval { start, ..left });
        if count == 0 && wanted > 0 { failed(self.memory.file()) } else { Ok(count) }
    }
}

/// The selected ranges of a full user dump, with their region table entries.
pub(super) struct Regions<'a, F> {
    pub(super) contents: Contents<'a>,
    /// Returns the region table entry of an interval.
    pub(super) row: F,
}

impl<F> fmt::Debug for Regions<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.contents.fmt(f)
    }
}

impl<F: Send + Sync> ComputedRanges for Regions<'_, F> {
    fn count(&self) -> usize {
        self.contents.count()
    }

    fn bounds(&self) -> Box<dyn Iterator<Item = (u64, u64)> + '_> {
        self.contents.bounds()
    }

    fn ranges(&self) -> Box<dyn Iterator<Item = MemoryRange<'_>> + '_> {
        self.contents.ranges()
    }
}

impl<F: Fn(Interval) -> format::MemoryInfo + Send + Sync> ComputedRegions for Regions<'_, F> {
    fn row(&self, index: usize) -> format::MemoryInfo {
        // Callers only ask for existing ranges.
        self.contents.ranges.get(index).map(&self.row).unwrap_or_default()
    }

    fn rows(&self) -> Box<dyn Iterator<Item = format::MemoryInfo> + '_> {
        Box::new(self.contents.ranges.iter().map(&self.row))
    }
}
