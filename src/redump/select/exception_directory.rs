//! Exception directories of images, which have an entry for each function that needs unwind data.
//!
//! Their entries ascend, so that a function is found by halving. Images are taken by their own machine: one of x86 has such
//! a directory only if it is precompiled managed code, and one for another processor than that of the process is none the less
//! unwound by its own rules.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::ReadError;
use crate::read::module::{Directory, Image};
use crate::read::work::worked;
use crate::read::{Budget, Interval, Memory, united};

use crate::redump::select::unwind_forms::{Form, Place, follow};

/// What a debugger reads behind the data that it finds, in bytes.
const BEYOND: u64 = 32;

/// So many entries are looked at at once.
const ENTRIES: usize = 0x400;

/// The size of the largest entry in bytes.
const LARGEST: usize = 12;

/// The entry of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FunctionEntry {
    /// Where the entry is.
    pub(super) place: Interval,
    /// The address of the function.
    pub(super) begin: u64,
    /// Where its unwind data begins, if it is not in the entry itself.
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
    /// That of an image in `memory`; `None` if it has none, or if it is for a processor that has no such directories.
    pub(super) fn of(memory: &'m Memory<'a>, image: &Image<'_, '_>) -> Option<Self> {
        let form = Form::of_machine(image.machine())?;
        let interval = image.directory(Directory::Exceptions)?;
        Some(Self { memory, base: image.base(), form, interval })
    }

    /// Where it is, whatever of it is there.
    pub(super) const fn interval(&self) -> Interval {
        self.interval
    }

    /// The entry of the function that has the address or ends at it.
    pub(super) fn entry_for(&self, address: u64) -> Option<FunctionEntry> {
        let position = u32::try_from(address.checked_sub(self.base)?).ok()?;
        let (mut from, mut to) = (0, self.count());
        while from < to {
            let middle = from + (to - from) / 2;
            let (begin, _) = self.form.function(&self.entry(middle)?)?;
            if begin <= position { from = middle + 1 } else { to = middle }
        }
        let number = from.checked_sub(1)?;
        let entry = self.entry(number)?;
        let (begin, end) = self.form.function(&entry)?;
        let place = Interval::new(self.address(number)?, self.size())?;
        let begin = self.memory.target().above(self.base, begin.into())?;
        let has_it = end.is_none_or(|end| position <= end);
        has_it.then(|| FunctionEntry { place, begin, data: self.form.of_entry(self.base, &entry) })
    }

    /// The unwind data of functions and of those that they are chained to, with what a debugger reads behind it. In `into`,
    /// in any order.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if that costs more than the budget has. What was found before it is in `into`.
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

    /// The unwind data of all functions whose entries are there, united, with what a debugger reads behind it. In `into`, in
    /// the order of addresses. Of what is between one and the next, up to `between` bytes come along.
    ///
    /// # Errors
    ///
    /// As of [`Self::unwind_data_of`].
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

    /// Hands over where entries lead, so many entries at once.
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
            // What is missing may be one page of many.
            next = if count > 0 { next + count } else { self.next_present(next) };
        }
        Ok(())
    }

    fn follow(&self, places: Vec<Place>, budget: &mut Budget, into: &mut Vec<Interval>) -> Result<(), ReadError> {
        let target = self.memory.target();
        let found = |data: Interval| into.extend(target.interval(data.start, data.size().saturating_add(BEYOND)));
        follow(self.form, self.memory, places, true, budget, found)
    }

    /// The number of the first entry behind one that is not there which may be.
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

    /// Where an entry is; `None` behind the last one.
    fn address(&self, number: u64) -> Option<u64> {
        (number < self.count()).then(|| self.interval.start + number * self.size())
    }

    /// The size of an entry in bytes.
    const fn size(&self) -> u64 {
        self.form.entry_size() as u64
    }

    /// How many entries fit, whatever of them is there.
    const fn count(&self) -> u64 {
        self.interval.size() / self.size()
    }
}

/// Intervals of which many overlap.
#[derive(Default)]
struct Collected {
    intervals: Vec<Interval>,
    /// How many may be there before they are united.
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
