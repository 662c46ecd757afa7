//! Finds where memory has bytes without a gap.

use alloc::vec::Vec;

use crate::read::Memory;

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
