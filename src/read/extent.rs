//! Stretches of addresses: order, overlaps and search, for all that is found by address.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// Addresses from a first to a last one, both included: an end could be 2^64.
pub(crate) trait Extent: Copy {
    fn start(&self) -> u64;
    fn last(&self) -> u64;
    /// The place in the order in which extents come; of those that share an address the least has the say.
    fn rank(&self) -> u32;
    /// The part from `start` to `last`, both within it.
    fn part(&self, start: u64, last: u64) -> Self;
}

/// An extent that is nothing more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) last: u64,
    pub(crate) rank: u32,
}

impl Extent for Span {
    fn start(&self) -> u64 {
        self.start
    }

    fn last(&self) -> u64 {
        self.last
    }

    fn rank(&self) -> u32 {
        self.rank
    }

    fn part(&self, start: u64, last: u64) -> Self {
        Self { start, last, ..*self }
    }
}

/// The first of the sorted extents that ends at `address` or above it: the one that holds it, if one does.
pub(crate) fn position<E: Extent>(extents: &[E], address: u64) -> usize {
    extents.partition_point(|extent| extent.last() < address)
}

/// Sorts extents and settles overlaps; costs one pass if they are sorted and apart already.
pub(crate) fn settle<E: Extent>(extents: &mut Vec<E>) {
    if !extents.is_sorted_by_key(|extent| (extent.start(), extent.rank())) {
        extents.sort_unstable_by_key(|extent| (extent.start(), extent.rank()));
    }
    if !are_apart(extents) {
        *extents = cut(extents);
    }
}

/// True if no two of these sorted extents share an address.
pub(super) fn are_apart<E: Extent>(sorted: &[E]) -> bool {
    sorted.windows(2).all(|pair| matches!(pair, [a, b] if a.last() < b.start()))
}

/// Cuts overlapping extents, sorted by start, so that each address belongs to the one of the least rank.
///
/// A sweep over the starts with the open extents in a heap by rank: n log n whatever the overlaps.
fn cut<E: Extent>(sorted: &[E]) -> Vec<E> {
    let mut out: Vec<E> = Vec::with_capacity(sorted.len());
    let mut open: BinaryHeap<Reverse<(u32, usize)>> = BinaryHeap::new();
    let mut upcoming = sorted.iter().enumerate().peekable();
    let mut at = 0u64;
    loop {
        while let Some((index, extent)) = upcoming.next_if(|(_, extent)| extent.start() <= at) {
            open.push(Reverse((extent.rank(), index)));
        }
        let Some(extent) = open.peek().and_then(|Reverse((_, index))| sorted.get(*index)) else {
            // Nothing holds `at`: go on where the next extent starts.
            match upcoming.peek() {
                Some((_, extent)) => at = extent.start(),
                None => return out,
            }
            continue;
        };
        if extent.last() < at {
            open.pop();
            continue;
        }
        // Up to its end or to the next start, where one of a lesser rank may take over.
        let last = match upcoming.peek() {
            Some((_, next)) => extent.last().min(next.start() - 1),
            None => extent.last(),
        };
        match out.last_mut() {
            Some(before) if before.rank() == extent.rank() && before.last().checked_add(1) == Some(at) => {
                *before = before.part(before.start(), last);
            }
            _ => out.push(extent.part(at, last)),
        }
        match last.checked_add(1) {
            Some(next) => at = next,
            None => return out,
        }
    }
}
