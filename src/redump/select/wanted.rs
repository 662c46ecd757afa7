//! Memory that is wanted, while it is being found.

use alloc::vec::Vec;

use crate::read::Interval;
use crate::redump::source::Source;

use crate::redump::select::reason::{Reason, SelectedMemory};

/// What has been found to be wanted so far.
pub(super) struct Wanted<'s, 'a> {
    pub(super) source: &'s Source<'a>,
    intervals: Vec<(Interval, Reason)>,
}

impl<'s, 'a> Wanted<'s, 'a> {
    pub(super) const fn new(source: &'s Source<'a>) -> Self {
        Self { source, intervals: Vec::new() }
    }

    /// Adds what there is of an interval: nothing if the source has no byte of it.
    pub(super) fn add(&mut self, interval: impl Into<Option<Interval>>, reason: Reason) {
        if let Some(interval) = interval.into().and_then(|interval| self.source.hull(interval)) {
            self.intervals.push((interval, reason));
        }
    }

    /// Adds what there is of `size` bytes from `address` on.
    pub(super) fn add_at(&mut self, address: u64, size: u64, reason: Reason) {
        self.add(self.source.target.interval(address, size), reason);
    }

    /// Where it is, in the order in which it was found.
    pub(super) fn intervals(&self) -> Vec<Interval> {
        self.intervals.iter().map(|(interval, _)| *interval).collect()
    }

    /// What it is wanted for, likewise.
    pub(super) fn into_selected(self) -> Vec<SelectedMemory> {
        let selected = |(interval, reason): (Interval, Reason)| SelectedMemory {
            address: interval.start,
            size: interval.size(),
            reason,
        };
        self.intervals.into_iter().map(selected).collect()
    }
}
