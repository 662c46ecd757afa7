//! Bytes that a program writes in place of memory.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::read::{Interval, Span, Target, overlapping, position, settle, united};

use crate::redump::hooks::Redactor;

/// The changes to memory, as the program specified them.
pub(in crate::redump) struct MemoryEdits<'a> {
    pub(in crate::redump) blank: Vec<Range<u64>>,
    pub(in crate::redump) replaced: Vec<(u64, Cow<'a, [u8]>)>,
    pub(in crate::redump) redactor: Option<Redactor<'a>>,
}

impl MemoryEdits<'_> {
    /// Returns the blanked addresses, sorted and disjoint.
    pub(in crate::redump) fn blanked(&self, target: Target) -> Vec<Interval> {
        let size = |range: &Range<u64>| range.end.saturating_sub(range.start);
        united(self.blank.iter().filter_map(|range| target.interval(range.start, size(range))).collect())
    }

    pub(in crate::redump) fn is_empty(&self) -> bool {
        self.blank.is_empty() && self.replaced.is_empty() && self.redactor.is_none()
    }
}

/// The replacement bytes by address, with overlaps resolved.
pub(in crate::redump) struct NewMemory<'a> {
    /// The ranks are in reverse order, so that the last replacement takes precedence.
    spans: Vec<Span>,
    bytes: Vec<(u64, Cow<'a, [u8]>)>,
}

impl<'a> NewMemory<'a> {
    pub(in crate::redump) fn new(target: Target, mut bytes: Vec<(u64, Cow<'a, [u8]>)>) -> Self {
        bytes.reverse();
        bytes.iter_mut().for_each(|(address, _)| *address = target.mask(*address));
        let interval = |address: u64, bytes: &Cow<'_, [u8]>| target.interval(address, bytes.len() as u64);
        let mut spans: Vec<Span> = (0..)
            .zip(&bytes)
            .filter_map(|(rank, (address, bytes))| Some(Span { interval: interval(*address, bytes)?, rank }))
            .collect();
        settle(&mut spans);
        Self { spans, bytes }
    }

    /// Returns the parts of an interval that are replaced, and their new bytes.
    pub(in crate::redump) fn within(&self, interval: Interval) -> impl Iterator<Item = (Interval, &[u8])> {
        let from = self.spans.get(position(&self.spans, interval.start)..).unwrap_or_default();
        from.iter().map_while(move |span| {
            let part = span.interval.intersection(&interval)?;
            let (start, bytes) = self.bytes.get(usize::try_from(span.rank).ok()?)?;
            let first = usize::try_from(part.start - start).ok()?;
            let size = usize::try_from(part.size()).ok()?;
            Some((part, bytes.get(first..)?.get(..size)?))
        })
    }

    /// Writes the replacement bytes into bytes that begin at an address.
    pub(in crate::redump) fn apply(&self, address: u64, bytes: &mut [u8]) {
        let Some(all) = Interval::new(address, bytes.len() as u64) else { return };
        for (part, new) in self.within(all) {
            let first = usize::try_from(part.start - address).unwrap_or(usize::MAX);
            let room = bytes.get_mut(first..).unwrap_or_default();
            room.iter_mut().zip(new).for_each(|(to, from)| *to = *from);
        }
    }
}

/// Fills the parts of `bytes` that are within `parts`, which are sorted and disjoint. `bytes` begin at `start`.
pub(in crate::redump) fn fill(parts: &[Interval], start: u64, bytes: &mut [u8], filling: u8) {
    let Some(all) = Interval::new(start, bytes.len() as u64) else { return };
    for part in overlapping(parts, all).filter_map(|part| part.intersection(&all)) {
        let range = usize::try_from(part.start - start).ok().zip(usize::try_from(part.last - start).ok());
        let room = range.and_then(|(from, to)| bytes.get_mut(from..=to));
        room.into_iter().for_each(|room| room.fill(filling));
    }
}
