//! Memory information entries that are made up from what is known of memory. They are computed whenever they are needed,
//! because there are as many of them as ranges.

use alloc::vec::Vec;

use crate::format::memory::{MemoryState, MemoryType};
use crate::format::{MemoryInfo, MemoryProtection};
use crate::read::work::worked;
use crate::read::{Interval, Intervals, Located, Ranked, Target, holder, memory, position};
use crate::redump::ranges::{Ranges, written};

/// What is known; each of the lists is sorted and disjoint.
pub(in crate::redump) struct KnownMemory {
    /// Sections.
    pub(super) sections: Vec<Part>,
    /// Whole images.
    pub(super) images: Vec<Part>,
    /// Where code is executed.
    pub(super) instructions: Vec<Interval>,
    /// Where stacks are in use.
    pub(super) stacks: Vec<Interval>,
}

impl KnownMemory {
    /// Returns the entry for the memory of a range from `start` on, and the interval for which it holds.
    pub(in crate::redump) fn row(&self, range: Interval, start: u64) -> (Interval, MemoryInfo) {
        worked(1);
        let rest = Interval { start, last: range.last };
        if let Some(section) = holder(&self.sections, start) {
            let piece = Interval { start, last: section.interval.last.min(rest.last) };
            return (piece, of_image(piece, section.base, section.protection));
        }
        let end = |parts: &[Part]| {
            parts.get(position(parts, start)).map_or(u64::MAX, |it| it.interval.start.saturating_sub(1))
        };
        let before_section = Interval { start, last: rest.last.min(end(&self.sections)) };
        if let Some(image) = holder(&self.images, start) {
            let piece = Interval { start, last: before_section.last.min(image.interval.last) };
            let protection = if self.runs(piece) { MemoryProtection::EXECUTE_READ } else { image.protection };
            return (piece, of_image(piece, image.base, protection));
        }
        let piece = Interval { start, last: before_section.last.min(end(&self.images)) };
        let data = made_up_region(piece.start, piece.size());
        let row = match self.runs(piece) {
            true => MemoryInfo { protect: MemoryProtection::EXECUTE_READ.bits(), ..data },
            false => data,
        };
        (piece, MemoryInfo { allocation_base: range.start, ..row })
    }

    /// True if the memory contains executed code and no stack.
    fn runs(&self, piece: Interval) -> bool {
        let is_in =
            |points: &[Interval]| points.get(position(points, piece.start)).is_some_and(|it| it.start <= piece.last);
        is_in(&self.instructions) && !is_in(&self.stacks)
    }
}

/// A part of an image, or all of it.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) interval: Interval,
    pub(super) rank: u32,
    /// The base of the image.
    pub(super) base: u64,
    pub(super) protection: MemoryProtection,
}

impl Located for Part {
    fn interval(&self) -> Interval {
        self.interval
    }
}

impl Ranked for Part {
    fn rank(&self) -> u32 {
        self.rank
    }

    fn part(&self, interval: Interval) -> Self {
        Self { interval, ..*self }
    }
}

fn of_image(piece: Interval, base: u64, protection: MemoryProtection) -> MemoryInfo {
    MemoryInfo {
        base_address: piece.start,
        allocation_base: base,
        allocation_protect: MemoryProtection::EXECUTE_WRITE_COPY.bits(),
        region_size: piece.size(),
        state: MemoryState::COMMIT.bits(),
        protect: protection.bits(),
        memory_type: MemoryType::IMAGE.bits(),
        ..Default::default()
    }
}

/// The entries for all memory of a source: one or more for each range.
pub(in crate::redump) struct MadeUpRows<'a> {
    known: KnownMemory,
    ranges: Ranges<'a>,
    target: Target,
    /// True if `w` takes all memory.
    is_private: bool,
    /// The memory of each entry; `None` if each range has one entry.
    rows: Option<Intervals>,
    count: usize,
}

impl<'a> MadeUpRows<'a> {
    pub(in crate::redump) fn new(ranges: Ranges<'a>, target: Target, known: KnownMemory, is_private: bool) -> Self {
        let count = ranges.count();
        let mut all = Self { known, ranges, target, is_private, rows: None, count };
        if all.ranges.iter().any(|range| all.of_range(range).nth(1).is_some()) {
            let rows: Intervals = all.ranges.iter().flat_map(|range| all.intervals(range)).collect();
            all.count = rows.len();
            all.rows = Some(rows);
        }
        all
    }

    /// Returns the memory of each entry of a range.
    fn intervals(&self, range: Interval) -> impl Iterator<Item = Interval> + '_ {
        let mut next = Some(range.start);
        core::iter::from_fn(move || {
            let start = next?;
            self.row(range, &mut next)?;
            Some(Interval { start, last: next.map_or(range.last, |next| next - 1) })
        })
    }

    /// Returns the number of entries.
    pub(in crate::redump) const fn len(&self) -> usize {
        self.count
    }

    /// Returns the entries of a range.
    fn of_range(&self, range: Interval) -> impl Iterator<Item = MemoryInfo> + '_ {
        let mut next = Some(range.start);
        core::iter::from_fn(move || self.row(range, &mut next))
    }

    /// Returns the entry of a range from an address on, and moves the address behind it.
    fn row(&self, range: Interval, next: &mut Option<u64>) -> Option<MemoryInfo> {
        let mut found: Option<MemoryInfo> = None;
        while let Some(start) = next.filter(|start| *start <= range.last) {
            let (piece, row) = self.known.row(range, start);
            match &mut found {
                None => found = Some(row),
                Some(before) if is_same(before, &row) => {
                    before.region_size = before.region_size.saturating_add(row.region_size);
                }
                Some(_) => break,
            }
            *next = piece.next();
        }
        let mut row = found?;
        row.base_address = written(self.target, row.base_address);
        row.allocation_base = written(self.target, row.allocation_base);
        if self.is_private {
            made_private(&mut row);
        }
        Some(row)
    }

    /// Returns the entry that begins at the start of an interval.
    fn at_start(&self, of: Interval) -> Option<MemoryInfo> {
        self.row(self.ranges.at(of.start)?, &mut Some(of.start))
    }

    /// Returns the entry with an index.
    pub(in crate::redump) fn get(&self, index: usize) -> Option<MemoryInfo> {
        let of = self.rows.as_ref().map_or_else(|| self.ranges.get(index), |rows| rows.get(index))?;
        self.at_start(of)
    }

    pub(in crate::redump) fn info(&self, index: usize) -> Option<memory::MemoryInfo> {
        self.get(index).map(|row| memory::MemoryInfo::of(row, self.target))
    }

    /// Returns the next entry. `at` is the number of the next range, the range of the last entry, and the address
    /// after that entry.
    pub(in crate::redump) fn after(
        &self,
        at: &mut Option<(usize, Interval, Option<u64>)>,
    ) -> Option<memory::MemoryInfo> {
        loop {
            let number = match at {
                Some((number, range, next)) => {
                    if let Some(row) = self.row(*range, next) {
                        return Some(memory::MemoryInfo::of(row, self.target));
                    }
                    *number
                }
                None => 0,
            };
            let range = self.ranges.get(number)?;
            *at = Some((number + 1, range, Some(range.start)));
        }
    }

    /// Returns the entry that contains an address.
    pub(in crate::redump) fn at_address(&self, address: u64) -> Option<memory::MemoryInfo> {
        let address = self.target.mask(address);
        let of = match &self.rows {
            Some(rows) => rows.from(address).next().filter(|row| row.start <= address),
            None => self.ranges.at(address),
        };
        self.at_start(of?).map(|row| memory::MemoryInfo::of(row, self.target))
    }
}

/// True if two adjacent entries of a range can be joined.
fn is_same(before: &MemoryInfo, next: &MemoryInfo) -> bool {
    (before.allocation_base, before.protect, before.memory_type)
        == (next.allocation_base, next.protect, next.memory_type)
}

/// Changes an entry so that `w` takes its memory, without restricting access.
fn made_private(row: &mut MemoryInfo) {
    row.memory_type = MemoryType::PRIVATE.bits();
    row.allocation_protect = MemoryProtection::READ_WRITE.bits();
    if row.protect == MemoryProtection::READ_ONLY.bits() {
        row.protect = MemoryProtection::READ_WRITE.bits();
    }
}

/// Returns the region that the debugger writes for memory about which nothing is known.
pub(in crate::redump) fn made_up_region(base: u64, size: u64) -> MemoryInfo {
    MemoryInfo {
        base_address: base,
        allocation_base: base,
        allocation_protect: MemoryProtection::READ_WRITE.bits(),
        region_size: size,
        state: MemoryState::COMMIT.bits(),
        protect: MemoryProtection::READ_WRITE.bits(),
        memory_type: MemoryType::PRIVATE.bits(),
        ..Default::default()
    }
}
