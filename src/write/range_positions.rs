//! The file offsets of memory that records refer to by address.

use alloc::vec::Vec;

use crate::format::RvaWidth;

use crate::write::part::{Reference, ReferenceTarget};
use crate::write::plan::MemoryChunk;

/// The file offsets of memory that records refer to: ranges, or parts of ranges. Ranges that are adjacent both in the list
/// and by address count as one, because their bytes are adjacent in the file as well.
#[derive(Debug)]
pub(super) struct RangePositions {
    /// Address, size, and file offset, which is 0 if no range contains all of it.
    sorted: Vec<(u64, u64, u64)>,
}

/// Ranges without gaps between them: the first address, the address after the last byte, and the file offset.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: u64,
    end: u64,
    at: u64,
}

impl RangePositions {
    pub(super) fn new<'m, 'a: 'm>(lists: impl Iterator<Item = &'m MemoryChunk<'a>>, references: &[Reference]) -> Self {
        let mut sorted: Vec<_> = references
            .iter()
            .filter_map(|reference| match reference.target {
                ReferenceTarget::MemoryRange { address, size } => Some((address, size, 0)),
                ReferenceTarget::Part(_) => None,
            })
            .collect();
        sorted.sort_unstable();
        sorted.dedup();
        // If ranges are disjoint, exactly one contains the start of a target. If many overlap, not all of them are
        // searched.
        let mut looks = 2 * sorted.len();
        let mut positions = Self { sorted };
        let is_asked = looks > 0;
        for memory in lists.filter(|_| is_asked) {
            let mut at = memory.base;
            let mut run: Option<Run> = None;
            for (start, size) in memory.ranges.bounds() {
                let end = start.saturating_add(size);
                match &mut run {
                    Some(run) if run.end == start => run.end = end,
                    _ => {
                        let before = run.replace(Run { start, end, at });
                        before.into_iter().for_each(|run| positions.fill(run, &mut looks));
                    }
                }
                at = at.saturating_add(size);
            }
            run.into_iter().for_each(|run| positions.fill(run, &mut looks));
        }
        positions
    }

    /// Sets the file offsets of all targets within a run. The first of several runs applies.
    fn fill(&mut self, run: Run, looks: &mut usize) {
        let from = self.sorted.partition_point(|&(address, ..)| address < run.start);
        let inside = self.sorted.get_mut(from..).unwrap_or_default().iter_mut();
        for (address, size, position) in inside.take_while(|(address, ..)| *address < run.end).take(*looks) {
            *looks -= 1;
            if *position == 0 && address.checked_add(*size).is_some_and(|end| end <= run.end) {
                *position = run.at.saturating_add(*address - run.start);
            }
        }
    }

    /// Returns the file offset of the `size` bytes at `address`; 0 if they are not in one run, or if the offset does not
    /// fit a field of this width.
    pub(super) fn find(&self, address: u64, size: u64, width: RvaWidth) -> u64 {
        let from = self.sorted.partition_point(|&(a, s, _)| (a, s) < (address, size));
        let found = self.sorted.get(from).filter(|(a, s, _)| (*a, *s) == (address, size));
        let position = found.map_or(0, |&(_, _, at)| at);
        match width {
            RvaWidth::Rva if u32::try_from(position).is_err() => 0,
            RvaWidth::Rva | RvaWidth::Rva64 => position,
        }
    }
}
