//! The dump that is re-encoded, with what several steps ask of it.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::MemoryDescriptor;
use crate::read::{
    Budget, ByteOrder, FullUserDump, Interval, Memory, Memory64List, MemoryList, Minidump, ModuleList, Target, united,
};

use super::runs::Runs;

/// Memory ranges in the order of addresses, apart from each other.
pub(super) enum Ranges<'a> {
    /// Just those that the index has.
    Visible(Rc<Memory<'a>>),
    United(Vec<Interval>),
}

impl Ranges<'_> {
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Visible(memory) => memory.count(),
            Self::United(ranges) => ranges.len(),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Interval> {
        match self {
            Self::Visible(memory) => memory.interval(index),
            Self::United(ranges) => ranges.get(index).copied(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        (0..self.count()).filter_map(|index| self.get(index))
    }
}

/// The dump that is re-encoded: records of the lifetime `'r`, memory of the lifetime `'a`.
///
/// Both are those of the file, but for a full user dump, whose records are made into those of a minidump first.
pub(super) struct Source<'r, 'a> {
    pub(super) dump: Minidump<'r>,
    /// The same as `dump`, if it is the file.
    pub(super) minidump: Option<Minidump<'a>>,
    pub(super) memory: Rc<Memory<'a>>,
    pub(super) target: Target,
    runs: Runs,
    /// The full user dump, if it is one.
    pub(super) user: Option<FullUserDump<'a>>,
    /// The size of the file in bytes.
    pub(super) file_size: u64,
}

impl<'a> Source<'a, 'a> {
    pub(super) fn of_minidump(dump: Minidump<'a>) -> Result<Self, RedumpError> {
        if dump.byte_order() == ByteOrder::Big {
            return Err(RedumpError::Unsupported { what: "a big-endian dump" });
        }
        Ok(Self::new(dump, Some(dump), dump.memory(), None, dump.data()))
    }
}

impl<'r, 'a> Source<'r, 'a> {
    /// `records` say what the full user dump says, but for the bytes of its memory.
    pub(super) fn of_user_dump(records: Minidump<'r>, memory: Memory<'a>, dump: FullUserDump<'a>) -> Self {
        Self::new(records, None, memory, Some(dump), dump.data())
    }

    fn new(
        dump: Minidump<'r>,
        minidump: Option<Minidump<'a>>,
        memory: Memory<'a>,
        user: Option<FullUserDump<'a>>,
        file: &[u8],
    ) -> Self {
        let (runs, target) = (Runs::new(&memory), dump.target());
        Self { dump, minidump, memory: Rc::new(memory), target, runs, user, file_size: file.len() as u64 }
    }

    /// True if a full user dump made of it has the 64-bit form.
    pub(super) fn is_64_bit(&self) -> bool {
        self.user.map_or(!self.target.is_32_bit(), |dump| dump.is_64_bit())
    }

    /// The parts of `wanted` that have bytes, in the order of addresses.
    pub(super) fn present(&self, wanted: Interval) -> impl Iterator<Item = Interval> + '_ {
        let mut index = self.memory.position(wanted.start);
        let runs = core::iter::from_fn(move || {
            let first = self.memory.interval(index)?;
            let end = self.runs.last_of(index);
            let last = self.memory.interval(end)?.last;
            index = end + 1;
            Some(Interval { last, ..first })
        });
        runs.map_while(move |run| run.intersection(&wanted))
    }

    /// The last address up to that of `wanted` which has a byte, if it is not before `wanted`.
    fn last_present(&self, wanted: Interval) -> Option<u64> {
        let index = self.memory.position(wanted.last);
        let holder = self.memory.interval(index).filter(|range| range.start <= wanted.last);
        let range = holder.or_else(|| self.memory.interval(index.checked_sub(1)?));
        range.map(|range| range.last.min(wanted.last)).filter(|&last| last >= wanted.start)
    }

    /// From the first to the last byte of `wanted` that is there.
    pub(super) fn hull(&self, wanted: Interval) -> Option<Interval> {
        let (first, last) = (self.present(wanted).next()?, self.last_present(wanted)?);
        Some(Interval { start: first.start, last })
    }

    /// What a descriptor names, from the first to the last byte that is there.
    pub(super) fn described(&self, descriptor: &MemoryDescriptor) -> Option<Interval> {
        self.hull(self.target.interval(descriptor.start_of_memory_range, descriptor.memory.data_size.into())?)
    }

    /// True if every address of `wanted` has its byte.
    pub(super) fn holds(&self, wanted: Interval) -> bool {
        self.present(wanted).next() == Some(wanted)
    }

    /// The source's memory ranges in the order of addresses; those that overlap are one, those that only touch are not.
    pub(super) fn ranges(&self) -> Ranges<'a> {
        if !self.memory.has_overlaps() {
            return Ranges::Visible(Rc::clone(&self.memory));
        }
        let list = self.dump.stream::<MemoryList<'_>>().ok().flatten();
        let list64 = self.dump.stream::<Memory64List<'_>>().ok().flatten();
        let regions = self.user.into_iter().flat_map(|dump| dump.stored_regions()).map(|region| region.range);
        let listed = list.into_iter().flatten().chain(list64.into_iter().flatten()).chain(regions);
        // The visible ranges are parts of these, but for stacks that no list holds.
        let ranges: Vec<Interval> = listed
            .chain(self.memory.visible_ranges())
            .filter_map(|range| self.target.interval(range.address, range.bytes.len() as u64))
            .collect();
        Ranges::United(united(ranges))
    }

    /// Where the modules are, in the order of addresses and apart.
    pub(super) fn modules(&self) -> Vec<Interval> {
        let modules = self.dump.stream::<ModuleList<'_>>().ok().flatten().into_iter().flatten();
        united(modules.filter_map(|module| self.target.interval(module.base(), module.size().into())).collect())
    }

    /// Refuses a dump whose ranges lie on the same bytes of the file so often that the result would be far larger.
    ///
    /// No producer writes such files. A small one of them could fill a disk.
    pub(super) fn refuse_shared_bytes(&self, ranges: &[Interval]) -> Result<(), RedumpError> {
        let mut budget = Budget::times(self.file_size, 2);
        for range in ranges {
            let offset = self.memory.range_at(range.start).map_or(0, |range| range.offset);
            budget.charge("memory range", offset, range.size())?;
        }
        Ok(())
    }

    /// See [`written`].
    pub(super) fn written(&self, address: u64) -> u64 {
        written(self.target, address)
    }

    /// A parameter of an exception, which is often an address, in the form in which the debugger writes it.
    ///
    /// On other systems it may be any number of 64 bits.
    pub(super) fn written_parameter(&self, parameter: u64) -> u64 {
        if self.target.is_windows() { self.target.sign_extend(parameter) } else { parameter }
    }
}

/// An address in the form in which the debugger writes it: sign-extended for 32-bit Windows targets.
///
/// Producers on other systems extend with zeros, and so do the tools that read their dumps.
pub(super) fn written(target: Target, address: u64) -> u64 {
    if target.is_windows() { target.sign_extend(address) } else { target.mask(address) }
}
