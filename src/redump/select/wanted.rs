//! Collects the memory to select.

use alloc::vec::Vec;

use crate::read::Interval;
use crate::redump::report::{OptionName, Unavailable};
use crate::redump::source::Source;

use crate::redump::select::reason::{Reason, SelectedMemory};

/// The memory found so far.
pub(super) struct Wanted<'s, 'a> {
    pub(super) source: &'s Source<'a>,
    intervals: Vec<(Interval, Reason)>,
    /// What each letter and preset asks for, and how much of it is there.
    asked: Vec<Unavailable>,
}

impl<'s, 'a> Wanted<'s, 'a> {
    pub(super) const fn new(source: &'s Source<'a>) -> Self {
        Self { source, intervals: Vec::new(), asked: Vec::new() }
    }

    /// Records that a letter or preset asks for a kind of memory.
    pub(super) fn ask(&mut self, option: impl Into<OptionName>, what: &'static str) {
        self.asked.push(Unavailable { option: option.into(), what, wanted: 0, whole: 0, partial: 0 });
    }

    /// Counts one item that a letter or preset asks for; `None` if it is nowhere.
    pub(super) fn count(&mut self, option: impl Into<OptionName>, interval: impl Into<Option<Interval>>) {
        self.count_parts(option, interval.into().as_slice());
    }

    /// Counts one item that consists of parts; without parts it is nowhere.
    pub(super) fn count_parts(&mut self, option: impl Into<OptionName>, parts: &[Interval]) {
        let (option, source) = (option.into(), self.source);
        let is_whole = !parts.is_empty() && parts.iter().all(|&part| source.holds(part));
        let is_there = is_whole || parts.iter().any(|&part| source.hull(part).is_some());
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.option == option) {
            asked.wanted += 1;
            asked.whole += u64::from(is_whole);
            asked.partial += u64::from(is_there && !is_whole);
        }
    }

    /// Returns what letters and presets ask for and the source lacks, or has only in part.
    pub(super) fn unavailable(&self) -> impl Iterator<Item = Unavailable> + '_ {
        self.asked.iter().copied().filter(|asked| asked.wanted == 0 || asked.whole < asked.wanted)
    }

    /// Adds the part of an interval that is there; adds nothing if the source has none of it.
    pub(super) fn add(&mut self, interval: impl Into<Option<Interval>>, reason: Reason) {
        if let Some(interval) = interval.into().and_then(|interval| self.source.hull(interval)) {
            self.intervals.push((interval, reason));
        }
    }

    /// Adds the part that is there of `size` bytes from `address` on.
    pub(super) fn add_at(&mut self, address: u64, size: u64, reason: Reason) {
        self.add(self.source.target.interval(address, size), reason);
    }

    /// Returns the intervals in the order in which they were found.
    pub(super) fn intervals(&self) -> Vec<Interval> {
        self.intervals.iter().map(|(interval, _)| *interval).collect()
    }

    /// Returns the intervals with their reasons, in the same order.
    pub(super) fn into_selected(self) -> Vec<SelectedMemory> {
        let selected = |(interval, reason): (Interval, Reason)| SelectedMemory {
            address: interval.start,
            size: interval.size(),
            reason,
        };
        self.intervals.into_iter().map(selected).collect()
    }
}
