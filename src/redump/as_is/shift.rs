//! Where the bytes of the source are in the result: some are cut out, and new ones come in at one place.

use alloc::vec::Vec;

use crate::read::{Interval, gaps};

/// All structures of the format start at multiples of it, if they start at any.
pub(super) const ALIGN: u64 = 8;

/// A stretch of the source that stays together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// Positions in the source.
    pub(super) from: Interval,
    /// Where it starts in the result.
    pub(super) to: u64,
}

/// The places of all bytes of the source.
#[derive(Debug)]
pub(super) struct Shift {
    pub(super) stretches: Vec<Stretch>,
    /// How many stretches are in front of what is new.
    pub(super) before_new: usize,
    /// Where what is new starts in the result.
    pub(super) new_at: u64,
    source_size: u64,
    /// The size of the result.
    pub(super) size: u64,
}

impl Shift {
    /// Takes `cuts` out of the source, which are sorted and apart, and puts `new_size` bytes in at `new_before`.
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

    /// True if every byte stays where it is.
    pub(super) fn is_none(&self) -> bool {
        self.stretches.iter().all(|stretch| stretch.from.start == stretch.to)
    }

    /// Where what is at a position of the source is in the result. What was beyond the end of the file stays beyond it, and
    /// what is cut out gives way to what follows.
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
