//! The dump that is re-encoded: what the door of its format gives, and what several steps ask of it.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::error::{ReadError, RedumpError};
use crate::format::context::ContextLayout;
use crate::format::{self, MemoryDescriptor, StreamType};
use crate::read::memory::MemoryInfoList;
use crate::read::{
    Budget, Context, Interval, Memory, MemoryRange, Minidump, ModuleList, OwnedMinidump, Target, united,
};

use crate::redump::gapless_runs::Runs;
use crate::redump::report::{Addition, ItemFault, Loss, MissingMemory};

/// What a dump says beside its memory, in the words of a minidump.
pub(super) enum Records<'a> {
    /// The file says it so.
    InFile(Minidump<'a>),
    /// The door of another format has written it down.
    Made(OwnedMinidump),
}

impl<'a> Records<'a> {
    fn view(&self) -> Minidump<'_> {
        match self {
            Self::InFile(dump) => *dump,
            Self::Made(dump) => dump.view(),
        }
    }

    /// Bytes at `offset` of the records, or made of them, for as long as the result is planned: those of the file from
    /// there, those that the source holds copied.
    fn lasting(&self, offset: u64, bytes: Cow<'_, [u8]>) -> Cow<'a, [u8]> {
        match (self, bytes) {
            (Self::InFile(dump), Cow::Borrowed(bytes)) => dump.bytes().clipped(offset, bytes.len() as u64).into(),
            (_, bytes) => bytes.into_owned().into(),
        }
    }

    /// The rows of the memory information by number, for as long as the result is planned.
    fn memory_infos(&self) -> Box<dyn Fn(usize) -> format::MemoryInfo + 'a> {
        match self {
            Self::InFile(dump) => {
                let list = dump.list::<MemoryInfoList<'a>>();
                Box::new(move |index| list.get(index as u64).map(|row| *row.raw()).unwrap_or_default())
            }
            Self::Made(dump) => {
                let rows = dump.view().list::<MemoryInfoList<'_>>().into_iter().map(|row| *row.raw());
                let rows: Vec<format::MemoryInfo> = rows.collect();
                Box::new(move |index| rows.get(index).copied().unwrap_or_default())
            }
        }
    }
}

/// Gives memory ranges, as often as it is asked.
pub(super) type Listed<'a> = Box<dyn Fn() -> Box<dyn Iterator<Item = MemoryRange<'a>> + 'a> + 'a>;

/// Memory ranges in the order of addresses, apart from each other.
#[derive(Clone)]
pub(super) enum Ranges<'a> {
    /// Just those that the index has.
    Visible(Rc<Memory<'a>>),
    United(Rc<[Interval]>),
}

impl<'a> Ranges<'a> {
    /// Those that overlap are one, those that only touch are not. `listed` are all ranges in any order, those too that
    /// others hide; they are asked for only if some overlap.
    pub(super) fn of<I>(memory: &Rc<Memory<'a>>, listed: impl FnOnce() -> I) -> Self
    where
        I: Iterator<Item = MemoryRange<'a>>,
    {
        if !memory.has_overlaps() {
            return Self::Visible(Rc::clone(memory));
        }
        // The visible ranges are parts of these, but for stacks that no list holds.
        let ranges = listed().chain(memory.visible_ranges());
        let target = memory.target();
        let ranges = ranges.filter_map(|range| target.interval(range.address, range.bytes.len() as u64));
        Self::United(united(ranges.collect()).into())
    }

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

/// What the door of a format gives: all that the re-encoder knows of a dump. Behind the door nobody asks which format
/// it was, but the folder of that format.
///
/// A further format needs a function `open` that fills this, its line in `Redump::with_hooks`, and nothing else here: a
/// minidump of another form (compressed memory) has its records in the file and an index of its own, a core file of ELF
/// writes its notes down as records and has its memory in the file.
pub(super) struct Opened<'a> {
    pub(super) records: Records<'a>,
    pub(super) memory: Rc<Memory<'a>>,
    pub(super) ranges: Ranges<'a>,
    /// All ranges in any order, those too that others hide.
    pub(super) listed: Listed<'a>,
    /// The size of the file in bytes.
    pub(super) file_size: u64,
    /// How many bytes of it could be made sense of, if the records are not in it.
    pub(super) understood: Option<u64>,
    /// True if the dump claims all memory of its process, and no range of it is cut.
    pub(super) has_full_memory: bool,
    /// What the dump says and the records of a minidump have no place for.
    pub(super) losses: Vec<Loss>,
    /// What the records say and the dump does not.
    pub(super) additions: Vec<Addition>,
    /// See [`Report::cut_tables`](crate::redump::report::Report::cut_tables).
    pub(super) cut_tables: Vec<ReadError>,
    /// What could not be read of the items that the records are about.
    pub(super) faults: Vec<ItemFault>,
}

/// The dump that is re-encoded.
pub(super) struct Source<'a> {
    records: Records<'a>,
    pub(super) memory: Rc<Memory<'a>>,
    pub(super) target: Target,
    pub(super) ranges: Ranges<'a>,
    pub(super) listed: Listed<'a>,
    pub(super) file_size: u64,
    pub(super) understood: Option<u64>,
    pub(super) has_full_memory: bool,
    pub(super) losses: Vec<Loss>,
    pub(super) additions: Vec<Addition>,
    pub(super) cut_tables: Vec<ReadError>,
    pub(super) faults: Vec<ItemFault>,
    runs: Runs,
}

impl<'a> Source<'a> {
    pub(super) fn new(opened: Opened<'a>) -> Self {
        let Opened {
            records,
            memory,
            ranges,
            listed,
            file_size,
            understood,
            has_full_memory,
            losses,
            additions,
            cut_tables,
            faults,
        } = opened;
        let (runs, target) = (Runs::new(&memory), records.view().target());
        Self {
            records,
            memory,
            target,
            ranges,
            listed,
            file_size,
            understood,
            has_full_memory,
            losses,
            additions,
            cut_tables,
            faults,
            runs,
        }
    }

    /// What the dump says beside its memory, as a minidump.
    pub(super) fn dump(&self) -> Minidump<'_> {
        self.records.view()
    }

    /// See [`Records::lasting`].
    pub(super) fn lasting(&self, offset: u64, bytes: Cow<'_, [u8]>) -> Cow<'a, [u8]> {
        self.records.lasting(offset, bytes)
    }

    /// See [`Records::memory_infos`].
    pub(super) fn memory_infos(&self) -> Box<dyn Fn(usize) -> format::MemoryInfo + 'a> {
        self.records.memory_infos()
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

    /// What is missing of memory that a program asks for by address and size.
    pub(super) fn missing(&self, asked: &[(u64, u64)]) -> Vec<MissingMemory> {
        let missing = |&(address, size): &(u64, u64)| {
            let wanted = self.target.interval(address, size);
            if size == 0 || wanted.is_some_and(|wanted| wanted.size() == size && self.holds(wanted)) {
                return None;
            }
            let available = wanted.into_iter().flat_map(|wanted| self.present(wanted)).map(|part| part.size()).sum();
            Some(MissingMemory { address, size, available })
        };
        asked.iter().filter_map(missing).collect()
    }

    /// Where the modules are, in the order of addresses and apart.
    pub(super) fn modules(&self) -> Vec<Interval> {
        let modules = self.dump().list::<ModuleList<'_>>().into_iter();
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

    /// True if LLDB wrote the dump: it says so, or its contexts have LLDB's own layouts.
    pub(super) fn is_of_lldb(&self) -> bool {
        let dump = self.dump();
        let is_own = |context: Context<'_>| {
            let mut layouts = [ContextLayout::AMD64_LLDB, ContextLayout::ARM64_LLDB].into_iter();
            layouts.any(|own| context.layout() == Some(&own) && context.as_bytes().len() == own.size as usize)
        };
        let mut contexts = dump.threads().take(1).filter_map(|thread| thread.context().ok().flatten());
        dump.raw_stream(StreamType::LLDB_GENERATED).is_some() || contexts.any(is_own)
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
