//! The dump that is re-encoded, with what several steps ask of it.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::error::{ReadError, RedumpError};
use crate::format::MemoryDescriptor;
use crate::read::{ByteOrder, FullUserDump, Memory, Memory64List, MemoryList, Minidump, Module, ModuleList, Target};

use super::runs::Runs;

/// Addresses from `start` to `last`, both included, so that the last address of all can be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval {
    pub(super) start: u64,
    pub(super) last: u64,
}

impl Interval {
    /// `size` bytes from `start` on, cut at the highest address; `None` if there is no byte.
    pub(super) fn new(start: u64, size: u64, highest: u64) -> Option<Self> {
        let more = size.checked_sub(1)?;
        (start <= highest).then(|| Self { start, last: start.saturating_add(more).min(highest) })
    }

    /// The size in bytes; one less for all 64 bits of addresses.
    pub(super) fn size(&self) -> u64 {
        (self.last - self.start).saturating_add(1)
    }

    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        let (start, last) = (self.start.max(other.start), self.last.min(other.last));
        (start <= last).then_some(Self { start, last })
    }
}

/// The same addresses in order, those that overlap made one.
pub(super) fn united(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    intervals.dedup_by(|next, before| {
        let overlap = next.start <= before.last;
        if overlap {
            before.last = before.last.max(next.last);
        }
        overlap
    });
    intervals
}

/// True if one of the intervals, which are sorted and apart, has the address.
pub(super) fn any_has(intervals: &[Interval], address: u64) -> bool {
    // Most words of a stack are far from all modules.
    let (Some(first), Some(last)) = (intervals.first(), intervals.last()) else { return false };
    if address < first.start || address > last.last {
        return false;
    }
    let at = intervals.partition_point(|interval| interval.last < address);
    intervals.get(at).is_some_and(|interval| interval.start <= address)
}

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
            Self::Visible(memory) => memory.bounds(index).map(|(start, last)| Interval { start, last }),
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
            let (start, _) = self.memory.bounds(index)?;
            let end = self.runs.last_of(index);
            let (_, last) = self.memory.bounds(end)?;
            index = end + 1;
            Some(Interval { start, last })
        });
        runs.map_while(move |run| run.intersection(&wanted))
    }

    /// The last address up to that of `wanted` which has a byte, if it is not before `wanted`.
    fn last_present(&self, wanted: Interval) -> Option<u64> {
        let index = self.memory.position(wanted.last);
        let holds = |&(start, _): &(u64, u64)| start <= wanted.last;
        let bounds = self.memory.bounds(index).filter(holds).or_else(|| self.memory.bounds(index.checked_sub(1)?));
        bounds.map(|(_, last)| last.min(wanted.last)).filter(|&last| last >= wanted.start)
    }

    /// From the first to the last byte of `wanted` that is there.
    pub(super) fn hull(&self, wanted: Interval) -> Option<Interval> {
        let (first, last) = (self.present(wanted).next()?, self.last_present(wanted)?);
        Some(Interval { start: first.start, last })
    }

    /// What a descriptor names, from the first to the last byte that is there.
    pub(super) fn described(&self, descriptor: &MemoryDescriptor) -> Option<Interval> {
        let start = self.target.mask(descriptor.start_of_memory_range);
        self.hull(Interval::new(start, descriptor.memory.data_size.into(), self.target.last_address())?)
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
            .filter_map(|range| {
                let start = self.target.mask(range.address);
                Interval::new(start, range.bytes.len() as u64, self.target.last_address())
            })
            .collect();
        Ranges::United(united(ranges))
    }

    /// Where the modules are, in the order of addresses and apart.
    pub(super) fn modules(&self) -> Vec<Interval> {
        let modules = self.dump.stream::<ModuleList<'_>>().ok().flatten().into_iter().flatten();
        let bounds =
            |it: Module<'_>| Interval::new(self.target.mask(it.base()), it.size().into(), self.target.last_address());
        united(modules.filter_map(bounds).collect())
    }

    /// Refuses a dump whose ranges lie on the same bytes of the file so often that the result would be far larger.
    ///
    /// No producer writes such files. A small one of them could fill a disk.
    pub(super) fn refuse_shared_bytes(&self, ranges: &[Interval]) -> Result<(), RedumpError> {
        let total = ranges.iter().fold(0u64, |total, range| total.saturating_add(range.size()));
        if total <= self.file_size.saturating_mul(2) {
            return Ok(());
        }
        let offset = self.memory.visible_ranges().next().map_or(0, |range| range.offset);
        Err(ReadError::Cycle { what: "memory range", offset }.into())
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
