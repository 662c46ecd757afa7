//! Reads exception directories of images, which have an entry for each function with unwind data.
//!
//! The entries are sorted by address, so a function is found by binary search. The machine of the image decides about
//! the layout: an x86 image has such a directory only if it is precompiled managed code, and an image for another
//! processor than that of the process is still unwound by its own rules.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::ReadError;
use crate::read::module::{Directory, Image};
use crate::read::work::worked;
use crate::read::{Budget, Interval, Memory, united};

use crate::redump::select::unwind_forms::{Form, Place, follow};

/// How many bytes a debugger reads after the data that it finds.
const BEYOND: u64 = 32;

/// How many entries are read at once.
const ENTRIES: usize = 0x400;

/// The size of the largest entry in bytes.
const LARGEST: usize = 12;

/// The directory entry of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FunctionEntry {
    /// The location of the entry.
    pub(super) place: Interval,
    /// The address of the function.
    pub(super) begin: u64,
    /// The start of its unwind data, unless it is in the entry itself.
    data: Option<Place>,
}

/// The exception directory of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExceptionDirectory<'m, 'a> {
    memory: &'m Memory<'a>,
    base: u64,
    form: Form,
    interval: Interval,
}

impl<'m, 'a> ExceptionDirectory<'m, 'a> {
    /// Returns the exception directory of an image in `memory`; `None` if it has none, or if its processor does not use
    /// them.
    pub(super) fn of(memory: &'m Memory<'a>, image: &Image<'_, '_>) -> Option<Self> {
        let form = Form::of_machine(image.machine())?;
        let interval = image.directory(Directory::Exceptions)?;
        Some(Self { memory, base: image.base(), form, interval })
    }

    /// Returns its location, whether its bytes are there or not.
    pub(super) const fn interval(&self) -> Interval {
        self.interval
    }

    /// Returns the entries of the functions that contain these addresses or end at them. Ascending addresses are
    /// faster, because each search starts from the previous result.
    pub(super) fn entries_for(&self, addresses: impl Iterator<Item = u64>) -> impl Iterator<Item = FunctionEntry> {
        let mut near = 0;
        addresses.filter_map(move |address| {
            let position = u32::try_from(address.checked_sub(self.base)?).ok()?;
            near = self.last_up_to(position, near)?;
            let entry = self.entry(near)?;
            let (begin, end) = self.form.function(&entry)?;
            let place = Interval::new(self.address(near)?, self.size())?;
            let begin = self.memory.target().above(self.base, begin.into())?;
            let has_it = end.is_none_or(|end| position <= end);
            has_it.then(|| FunctionEntry { place, begin, data: self.form.of_entry(self.base, &entry) })
        })
    }

    /// Returns the index of the last entry whose function begins at or before an RVA. Searches forward from `near`
    /// first.
    fn last_up_to(&self, position: u32, near: u64) -> Option<u64> {
        let forward = || {
            let (mut from, mut step) = (near, 1);
            while from + step < self.count() && self.is_up_to(position, from + step)? {
                from += step;
                step *= 2;
            }
            let is_forward = from > near || self.is_up_to(position, near)?;
            self.binary_search(position, from, self.count().min(from + step)).filter(|_| is_forward)
        };
        // Missing entries may be on the path of one search and not on that of the other.
        forward().or_else(|| self.binary_search(position, 0, self.count()))
    }

    /// The same among the entries `from..to`.
    fn binary_search(&self, position: u32, mut from: u64, mut to: u64) -> Option<u64> {
        while from < to {
            let middle = from + (to - from) / 2;
            if self.is_up_to(position, middle)? { from = middle + 1 } else { to = middle }
        }
        from.checked_sub(1)
    }

    fn is_up_to(&self, position: u32, number: u64) -> Option<bool> {
        Some(self.form.function(&self.entry(number)?)?.0 <= position)
    }

    /// Appends the unwind data of functions and of those they are chained to, with what a debugger reads after it, in
    /// any order.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if the budget is exceeded. What was found before that has been appended.
    pub(super) fn unwind_data_of(
        &self,
        functions: impl Iterator<Item = FunctionEntry>,
        budget: &mut Budget,
        into: &mut Vec<Interval>,
    ) -> Result<(), ReadError> {
        let mut places: Vec<Place> = functions.filter_map(|function| function.data).collect();
        places.sort_unstable();
        places.dedup();
        self.follow(places, budget, into)
    }

    /// Appends the joined unwind data of all functions whose entries are there, with what a debugger reads after it,
    /// sorted by address. Up to `between` bytes of each gap are included.
    ///
    /// # Errors
    ///
    /// The same as for [`Self::unwind_data_of`].
    pub(super) fn unwind_data(
        &self,
        between: u64,
        budget: &mut Budget,
        into: &mut Vec<Interval>,
    ) -> Result<(), ReadError> {
        let mut found = Collected::default();
        let outcome = self.each_part(budget, |places, budget| {
            let outcome = self.follow(places, budget, &mut found.intervals);
            found.settle();
            outcome
        });
        let found = united(found.intervals);
        let starts = found.iter().skip(1).map(|next| next.start - 1).chain([self.memory.target().last_address()]);
        into.extend(found.iter().zip(starts).map(|(data, before_next)| {
            let last = data.last.saturating_add(between).min(before_next).max(data.last);
            Interval { last, ..*data }
        }));
        outcome
    }

    /// Passes on where the entries lead, a fixed number of entries at a time.
    fn each_part(
        &self,
        budget: &mut Budget,
        mut take: impl FnMut(Vec<Place>, &mut Budget) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let size = self.form.entry_size();
        let mut buffer = vec![0; ENTRIES * size];
        let mut next = 0;
        while let Some(start) = self.address(next) {
            let there = self.memory.read(start, &mut buffer);
            let entries = buffer.get(..there).unwrap_or_default().chunks_exact(size);
            let left = usize::try_from(self.count() - next).unwrap_or(usize::MAX);
            let count = entries.len().min(left) as u64;
            worked(count);
            budget.charge("RUNTIME_FUNCTION", 0, count.max(1) * self.size())?;
            take(entries.take(left).filter_map(|entry| self.form.of_entry(self.base, entry)).collect(), budget)?;
            // One missing page does not mean that the rest is missing.
            next = if count > 0 { next + count } else { self.next_present(next) };
        }
        Ok(())
    }

    fn follow(&self, places: Vec<Place>, budget: &mut Budget, into: &mut Vec<Interval>) -> Result<(), ReadError> {
        let target = self.memory.target();
        let found = |data: Interval| into.extend(target.interval(data.start, data.size().saturating_add(BEYOND)));
        follow(self.form, self.memory, places, true, budget, found)
    }

    /// Returns the index of the first entry after a missing one that may be there.
    fn next_present(&self, missing: u64) -> u64 {
        let from = self.address(missing + 1);
        let range = from.and_then(|from| self.memory.visible_within(from, self.interval.last).next());
        range.map_or(self.count(), |range| (range.address - self.interval.start).div_ceil(self.size()))
    }

    fn entry(&self, number: u64) -> Option<[u8; LARGEST]> {
        let mut bytes = [0; LARGEST];
        worked(1);
        let entry = bytes.get_mut(..self.form.entry_size())?;
        (self.memory.read(self.address(number)?, entry) == entry.len()).then_some(bytes)
    }

    /// Returns the address of an entry; `None` after the last one.
    fn address(&self, number: u64) -> Option<u64> {
        (number < self.count()).then(|| self.interval.start + number * self.size())
    }

    /// The size of an entry in bytes.
    const fn size(&self) -> u64 {
        self.form.entry_size() as u64
    }

    /// Returns how many entries fit, whether they are there or not.
    const fn count(&self) -> u64 {
        self.interval.size() / self.size()
    }
}

/// Collects intervals, many of which overlap.
#[derive(Default)]
struct Collected {
    intervals: Vec<Interval>,
    /// The number of intervals at which they are joined again.
    limit: usize,
}

impl Collected {
    fn settle(&mut self) {
        if self.intervals.len() > self.limit {
            self.intervals = united(core::mem::take(&mut self.intervals));
            self.limit = (2 * self.intervals.len()).max(0x1000);
        }
    }
}
