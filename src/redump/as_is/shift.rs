//! Maps offsets in the source to offsets in the result: some bytes are cut out, and new ones are inserted in one place.

use alloc::vec::Vec;

use crate::read::{Interval, gaps};
use crate::write::padding_of_run;

/// The largest alignment of a structure in the format.
pub(super) const ALIGN: u64 = 8;

/// An interval of the source that stays contiguous.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// Its offsets in the source.
    pub(super) from: Interval,
    /// Its first offset in the result.
    pub(super) to: u64,
}

/// The location of all bytes of the source in the result.
#[derive(Debug)]
pub(super) struct Shift {
    pub(super) stretches: Vec<Stretch>,
    /// The number of intervals before the new bytes.
    pub(super) before_new: usize,
    /// The offset of the new bytes in the result.
    pub(super) new_at: u64,
    source_size: u64,
    /// The size of the result in bytes.
    pub(super) size: u64,
}

impl Shift {
    /// Removes `cuts`, which are sorted and disjoint, from the source, and inserts `new_size` bytes at `new_before`.
    pub(super) fn new(source_size: u64, cuts: &[Interval], new_before: u64, new_size: u64) -> Self {
        let whole = Interval::new(0, source_size);
        let kept = whole.into_iter().flat_map(|whole| gaps(cuts, whole));
        let halves = kept.flat_map(|part| {
            let low = part.start.checked_sub(new_before).is_none().then_some(part);
            let low = low.map(|part| Interval { last: part.last.min(new_before.saturating_sub(1)), ..part });
            let high = (part.last >= new_before).then(|| Interval { start: part.start.max(new_before), ..part });
            low.into_iter().chain(high)
        });
        let (mut stretches, mut before_new, mut new_at, mut size) = (Vec::new(), None, 0, 0u64);
        for from in halves {
            if before_new.is_none() && from.start >= new_before {
                (before_new, new_at) = (Some(stretches.len()), size);
                size = size.saturating_add(new_size);
            }
            stretches.push(Stretch { from, to: size });
            size = size.saturating_add(from.size());
        }
        let before_new = before_new.unwrap_or_else(|| {
            new_at = size;
            size = size.saturating_add(new_size);
            stretches.len()
        });
        Self { stretches, before_new, new_at, source_size, size }
    }

    /// Returns how many bytes to add to the new ones, so that the longest interval after them stays at the same offset within
    /// a block: file systems can then share its blocks.
    pub(super) fn padding(&self) -> u64 {
        let after = self.stretches.get(self.before_new..).unwrap_or_default();
        let longest = after.iter().max_by_key(|stretch| stretch.from.size());
        longest.map_or(0, |stretch| padding_of_run(stretch.from.start, stretch.from.size(), stretch.to))
    }

    /// Returns true if no byte moves.
    pub(super) fn is_none(&self) -> bool {
        self.stretches.iter().all(|stretch| stretch.from.start == stretch.to)
    }

    /// Returns the offset in the result of a byte of the source. Offsets beyond the end of the file stay beyond it; for a
    /// byte that is cut out, the offset of the next byte that is kept.
    pub(super) fn position(&self, position: u64) -> u64 {
        if position >= self.source_size {
            return self.size.saturating_add(position - self.source_size);
        }
        let next = self.stretches.partition_point(|stretch| stretch.from.last < position);
        self.stretches
            .get(next)
            .map_or(self.size, |stretch| stretch.to.saturating_add(position.saturating_sub(stretch.from.start)))
    }
}
