//! The dump that is re-encoded: what the door of its format gives, and what several steps ask of it.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::OnceLock;

use crate::error::{ReadError, RedumpError};
use crate::format::context::ContextLayout;
use crate::format::stream::Handling;
use crate::format::{self, MemoryDescriptor, MinidumpType, ProcessorArchitecture, StreamType};
use crate::read::memory::{MemoryInfoList, MemoryRegions};
use crate::read::{
    Budget, Context, Exception, Interval, Memory, MemoryPositions, Minidump, OwnedMinidump, Target, united,
};

use crate::write::MinidumpBuilder;

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
    fn memory_infos(&self) -> Box<dyn Fn(usize) -> format::MemoryInfo + Send + Sync + 'a> {
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

/// Gives memory ranges and the places of their bytes, as often as it is asked.
pub(super) type Listed<'a> = Box<dyn Fn() -> Box<dyn Iterator<Item = (Interval, u64)> + 'a> + 'a>;

/// Memory ranges in the order of addresses, apart from each other.
#[derive(Clone)]
pub(super) enum Ranges<'a> {
    /// Just those that the index has.
    Visible(Arc<Memory<'a>>),
    United(Arc<[Interval]>),
}

impl<'a> Ranges<'a> {
    /// Those that overlap are one, those that only touch are not. `listed` are all ranges in any order, those too that
    /// others hide; they are asked for only if some overlap.
    pub(super) fn of<I>(memory: &Arc<Memory<'a>>, listed: impl FnOnce() -> I) -> Self
    where
        I: Iterator<Item = (Interval, u64)>,
    {
        if !memory.has_overlaps() {
            return Self::Visible(Arc::clone(memory));
        }
        // The visible ranges are parts of these, but for stacks that no list holds.
        let listed = listed().map(|(interval, _)| interval);
        let visible = (0..memory.count()).filter_map(|index| memory.interval(index));
        Self::United(united(listed.chain(visible).collect()).into())
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

/// Rows of memory information that are made up of what is known of memory.
pub(super) struct MadeUpRows {
    pub(super) rows: Arc<[format::MemoryInfo]>,
    /// A minidump with these rows and nothing else.
    pub(super) records: OwnedMinidump,
}

/// A minidump of the target with what `fill` adds and nothing else.
pub(super) fn made_records<'r>(
    target: Target,
    fill: impl FnOnce(&mut MinidumpBuilder<'r>),
) -> Result<OwnedMinidump, RedumpError> {
    let mut builder = MinidumpBuilder::new();
    // What says that records are of the target.
    let system = format::SystemInfo {
        processor_architecture: target.architecture.unwrap_or(ProcessorArchitecture::UNKNOWN),
        platform_id: target.platform.unwrap_or_default(),
        ..Default::default()
    };
    builder.system_info(system, None);
    fill(&mut builder);
    let mut bytes = Vec::new();
    builder.plan()?.write_to(&mut bytes)?;
    Ok(OwnedMinidump::parse(bytes)?)
}

/// What the result of the smallest dump may take: streams that every dump of a Windows process has, a few registers.
pub(super) const LITTLE: u64 = 0x1_0000;

/// The dump that is re-encoded: all that is known of it. The door of its format fills this, and behind the door nobody asks
/// which format it was, but the folder of that format.
///
/// A further format needs a function `open`, its line in `Redump::with_hooks`, and nothing else here: a core file of ELF
/// writes its notes down as records and has its memory in the file.
pub(super) struct Source<'a> {
    pub(super) records: Records<'a>,
    pub(super) memory: Arc<Memory<'a>>,
    /// Where visible ranges of it touch.
    pub(super) runs: Runs,
    /// Where the file has the memory that its records name.
    pub(super) positions: MemoryPositions,
    pub(super) target: Target,
    pub(super) ranges: Ranges<'a>,
    /// All ranges in any order, those too that others hide.
    pub(super) listed: Listed<'a>,
    /// See [`Source::modules`]; nothing before they are asked for.
    pub(super) module_intervals: OnceLock<Vec<Interval>>,
    /// What the system is by other signs, where the dump does not say.
    pub(super) system: Option<format::SystemInfo>,
    /// A minidump with the exception that the options name, and nothing else.
    pub(super) named: Option<OwnedMinidump>,
    /// What is known of its memory, if the dump says nothing and the options ask for it.
    pub(super) made_up_rows: Option<MadeUpRows>,
    /// The size of the file in bytes.
    pub(super) file_size: u64,
    /// The size that it would have with its memory as it was: what follows from memory is in proportion to it.
    pub(super) plain_size: u64,
    /// How many bytes of it could be made sense of, if the records are not in it.
    pub(super) understood: Option<u64>,
    /// True if the dump claims all memory of its process, and no range of it is cut.
    pub(super) has_full_memory: bool,
    /// True if the dump claims all memory of its process, whatever of it is there.
    pub(super) claims_full_memory: bool,
    /// What the dump says and the records of a minidump have no place for.
    pub(super) losses: Vec<Loss>,
    /// What the records say and the dump does not.
    pub(super) additions: Vec<Addition>,
    /// See [`Report::cut_tables`](crate::redump::report::Report::cut_tables).
    pub(super) cut_tables: Vec<ReadError>,
    /// What could not be read of the items that the records are about.
    pub(super) faults: Vec<ItemFault>,
}

impl<'a> Source<'a> {
    /// What the dump says beside its memory, as a minidump.
    pub(super) fn dump(&self) -> Minidump<'_> {
        self.records.view()
    }

    /// See [`Records::lasting`].
    pub(super) fn lasting(&self, offset: u64, bytes: Cow<'_, [u8]>) -> Cow<'a, [u8]> {
        self.records.lasting(offset, bytes)
    }

    /// See [`Records::memory_infos`].
    pub(super) fn memory_infos(&self) -> Box<dyn Fn(usize) -> format::MemoryInfo + Send + Sync + 'a> {
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

    /// Where the modules are, in the order of addresses and apart, as far as they reach.
    ///
    /// They are worked out once, for that takes a look at all regions.
    pub(super) fn modules(&self) -> &[Interval] {
        self.module_intervals.get_or_init(|| self.dump().module_extents().intervals())
    }

    /// Refuses a dump whose ranges lie on the same bytes of the file so often that the result would be far larger.
    ///
    /// No producer writes such files. A small one of them could fill a disk.
    pub(super) fn refuse_shared_bytes(&self, ranges: &[Interval]) -> Result<(), RedumpError> {
        let mut budget = Budget::times(self.plain_size, 2);
        for range in ranges {
            let offset = self.memory.range_at(range.start).map_or(0, |range| range.position());
            budget.charge("memory range", offset, range.size())?;
        }
        Ok(())
    }

    /// The flag of a triage dump, whose words stay filtered: all memory of it would be no such dump.
    pub(super) fn triage(&self, full: bool) -> MinidumpType {
        if full { MinidumpType::empty() } else { self.dump().flags() & MinidumpType::FILTER_TRIAGE }
    }

    /// The address space, by the rows of the dump or those that are made up.
    pub(super) fn regions(&self) -> MemoryRegions<'_> {
        self.rows().regions()
    }

    /// The memory information of the dump, or what is made up.
    pub(super) fn memory_info_list(&self) -> Option<MemoryInfoList<'_>> {
        self.rows().find()
    }

    fn rows(&self) -> Minidump<'_> {
        self.made_up_rows.as_ref().map_or_else(|| self.dump(), |made_up| made_up.records.view())
    }

    /// The exceptions: the one that the options name, or those of the dump.
    pub(super) fn exceptions(&self) -> impl Iterator<Item = Exception<'_>> {
        let dump = self.named.as_ref().map_or_else(|| self.dump(), OwnedMinidump::view);
        dump.exceptions().flatten()
    }

    /// The registers of all threads and exceptions, as far as they can be read.
    pub(super) fn contexts(&self) -> impl Iterator<Item = Context<'_>> {
        let dump = self.dump();
        let exceptions = self.exceptions().filter_map(|exception| exception.registers());
        dump.threads().filter_map(|thread| thread.registers()).chain(exceptions)
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

    /// What names, registers and other records may take in the result: with memory and the rows of lists twice the size of
    /// the file, and as much as the file in any case.
    pub(super) fn room(&self, memory: &[Interval]) -> Budget {
        let (dump, file_size) = (self.dump(), self.file_size);
        // What was written down in the words of a minidump has no memory.
        let size = dump.data().len() as u64;
        let memory = memory.iter().fold(0u64, |sum, range| sum.saturating_add(range.size()));
        let memory = if size == file_size { memory } else { 0 };
        let lists = StreamType::KNOWN.iter().filter(|it| it.row().handling == Handling::Rewritten);
        let rows = lists.filter_map(|it| dump.raw_stream(*it)).map(|stream| stream.bytes().len() as u64);
        let taken = rows.fold(memory, u64::saturating_add).min(size);
        Budget::bytes(size.saturating_mul(2).saturating_sub(taken))
    }

    /// Refuses a result of more than twice the size of the file, but for what was `asked` for by name and what every dump
    /// is given.
    ///
    /// No producer writes dumps of which that would be made.
    pub(super) fn refuse_growth(&self, size: u64, asked: u64) -> Result<(), RedumpError> {
        let limit = self.plain_size.saturating_mul(2).saturating_add(LITTLE).saturating_add(asked);
        if size <= limit { Ok(()) } else { Err(ReadError::BudgetSpent { what: "result", offset: 0, limit }.into()) }
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
