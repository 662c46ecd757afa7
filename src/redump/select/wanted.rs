//! Collects the memory to select.

use alloc::vec::Vec;

use crate::read::{Interval, Intervals, union};
use crate::redump::report::{OptionName, Unavailable};
use crate::redump::source::Source;

use crate::redump::select::chosen::Chosen;
use crate::redump::select::reason::Reason;

/// The number of intervals that are added at once, at least.
const LEAST_BATCH: usize = 1 << 10;

/// The memory found so far.
pub(super) struct Wanted<'s, 'a> {
    pub(super) source: &'s Source<'a>,
    chosen: Chosen,
    /// What each letter and preset asks for, and how much of it is there.
    asked: Vec<Unavailable>,
}

impl<'s, 'a> Wanted<'s, 'a> {
    pub(super) fn new(source: &'s Source<'a>) -> Self {
        Self { source, chosen: Chosen::default(), asked: Vec::new() }
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
        self.tell(option, is_whole, is_there);
    }

    /// Returns what letters and presets ask for and the source lacks, or has only in part.
    pub(super) fn unavailable(&self) -> impl Iterator<Item = Unavailable> + '_ {
        self.asked.iter().copied().filter(|asked| asked.wanted == 0 || asked.whole < asked.wanted)
    }

    /// Adds the part of an interval that is there; adds nothing if the source has none of it.
    pub(super) fn add(&mut self, interval: impl Into<Option<Interval>>, reason: Reason) {
        let interval = interval.into().and_then(|interval| self.source.hull(interval));
        self.add_present(interval, reason);
    }

    /// Adds the parts of intervals that are there, each of which a letter or preset asks for as one item, and counts them;
    /// `None` is nowhere.
    pub(super) fn add_all_counted(
        &mut self,
        option: impl Into<OptionName>,
        intervals: impl Iterator<Item = Option<Interval>>,
        reason: Reason,
    ) {
        let option = option.into();
        let (mut batch, mut before) = (Vec::with_capacity(LEAST_BATCH), 0);
        for interval in intervals {
            let Some(interval) = interval else {
                self.tell(option, false, false);
                continue;
            };
            if batch.len() == batch.capacity() {
                before += batch.len();
                self.add_counted(option, &mut batch, reason);
                if before / 16 > 2 * batch.capacity() {
                    batch.reserve_exact(before / 16);
                }
            }
            batch.push(interval);
        }
        self.add_counted(option, &mut batch, reason);
    }

    /// Does the same for a batch, and empties it. It is sorted, because intervals next to each other are found sooner, and
    /// take less memory.
    fn add_counted(&mut self, option: OptionName, batch: &mut Vec<Interval>, reason: Reason) {
        batch.sort_unstable();
        let source = self.source;
        source.for_each_position(batch.drain(..).map(|interval| (interval, ())), |index, interval, ()| {
            let is_whole = source.holds_from(index, interval);
            let there = if is_whole { Some(interval) } else { source.hull_from(index, interval) };
            self.tell(option, is_whole, there.is_some());
            self.add_present(there, reason);
        });
    }

    /// Adds an interval of which the first and the last byte are there.
    pub(super) fn add_present(&mut self, interval: impl Into<Option<Interval>>, reason: Reason) {
        if let Some(interval) = interval.into() {
            self.chosen.push(interval, reason);
        }
    }

    /// Counts an item of which the source has everything, or something.
    pub(super) fn tell(&mut self, option: OptionName, is_whole: bool, is_there: bool) {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.option == option) {
            asked.wanted += 1;
            asked.whole += u64::from(is_whole);
            asked.partial += u64::from(is_there && !is_whole);
        }
    }

    /// Adds the part that is there of `size` bytes from `address` on.
    pub(super) fn add_at(&mut self, address: u64, size: u64, reason: Reason) {
        self.add(self.source.target.interval(address, size), reason);
    }

    /// Returns the intervals, sorted and disjoint.
    pub(super) fn intervals(&self) -> Intervals {
        union(self.chosen.iter().filter_map(|memory| memory.interval()))
    }

    /// Returns the intervals with their reasons, in the order in which they were found.
    pub(super) fn into_chosen(self) -> Chosen {
        self.chosen
    }
}
