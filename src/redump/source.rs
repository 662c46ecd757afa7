//! The dump that is re-encoded, as opened from its format, and what several steps need to know about it.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::OnceLock;

use crate::error::{ReadError, RedumpError};
use crate::format::context::ContextLayout;
use crate::format::stream::Handling;
use crate::format::{self, MemoryDescriptor, MinidumpType, ProcessorArchitecture, StreamType};
use crate::read::memory::search_table::GROUP;
use crate::read::memory::{MemoryInfoList, MemoryRegionIter};
use crate::read::module::ModuleExtents;
use crate::read::{
    Budget, Context, Exception, Interval, Intervals, Memory, MemoryPositions, Minidump, OwnedMinidump, RawStream,
    Target,
};

use crate::write::MinidumpBuilder;

use crate::redump::known_memory::address_space::{AddressSpace, Rows};
use crate::redump::known_memory::rows::MadeUpRows;
use crate::redump::ranges::{Ranges, Runs, written};
use crate::redump::report::{Addition, ItemFault, Loss, MissingMemory};

/// What a dump records besides its memory, as a minidump.
pub(super) enum Records<'a> {
    /// Records in the file itself.
    InFile(Minidump<'a>),
    /// Records that were made from another format.
    Made(OwnedMinidump),
}

impl<'a> Records<'a> {
    fn view(&self) -> Minidump<'_> {
        match self {
            Self::InFile(dump) => *dump,
            Self::Made(dump) => dump.view(),
        }
    }

    /// Returns bytes that live as long as the plan, given bytes at `offset` of the records or bytes made from them.
    /// Bytes of the file are borrowed; others are copied.
    fn lasting(&self, offset: u64, bytes: Cow<'_, [u8]>) -> Cow<'a, [u8]> {
        match (self, bytes) {
            (Self::InFile(dump), Cow::Borrowed(bytes)) => dump.bytes().clipped(offset, bytes.len() as u64).into(),
            (_, bytes) => bytes.into_owned().into(),
        }
    }

    /// Returns the memory information list in the file.
    fn memory_info_list(&self) -> Option<MemoryInfoList<'a>> {
        match self {
            Self::InFile(dump) => dump.find(),
            Self::Made(_) => None,
        }
    }
}

/// Lists memory ranges with the positions of their bytes; can be called repeatedly.
pub(super) type Listed<'a> = Box<dyn Fn() -> Box<dyn Iterator<Item = (Interval, u64)> + 'a> + 'a>;

/// Makes a minidump of the target with what `fill` adds and nothing else.
pub(super) fn made_records<'r>(
    target: Target,
    fill: impl FnOnce(&mut MinidumpBuilder<'r>),
) -> Result<OwnedMinidump, RedumpError> {
    let mut builder = MinidumpBuilder::new();
    // Gives the records their target.
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

/// The extra size allowed for the smallest dump, in bytes: streams that every dump of a Windows process has, and some
/// registers.
pub(super) const LITTLE: u64 = 0x1_0000;

/// The number of runs after the first that are visited before the last one is looked up.
const NEAR: usize = 8;

/// The dump that is re-encoded, with everything known about it. The `open` function of its format fills this in. From
/// there on, only the folder of that format needs to know the format.
///
/// A new format needs a function `open` and a line in `Redump::with_hooks`, but no change here: for an ELF core file,
/// `open` would convert the notes to records and refer to the memory in the file.
pub(super) struct Source<'a> {
    pub(super) records: Records<'a>,
    pub(super) memory: Arc<Memory<'a>>,
    /// Where visible ranges touch.
    pub(super) runs: Runs,
    /// Where the file has the memory that its records refer to.
    pub(super) positions: MemoryPositions,
    pub(super) target: Target,
    pub(super) ranges: Ranges<'a>,
    /// All ranges in any order, including hidden ones.
    pub(super) listed: Listed<'a>,
    /// See [`Source::modules`]; computed on first use.
    pub(super) module_intervals: OnceLock<Vec<Interval>>,
    /// The system information derived from other data, if the dump does not record it.
    pub(super) system: Option<format::SystemInfo>,
    /// A minidump with only the exception that the options name.
    pub(super) named: Option<OwnedMinidump>,
    /// What is known of its memory, if the dump has no memory information and the options ask for it.
    pub(super) made_up_rows: Option<Arc<MadeUpRows<'a>>>,
    /// The table of regions, if the dump has one in place of a memory information list.
    pub(super) region_table: Option<MemoryInfoList<'a>>,
    /// The size of the file in bytes.
    pub(super) file_size: u64,
    /// The file size with its memory uncompressed: the cost of processing memory is proportional to it.
    pub(super) plain_size: u64,
    /// How many bytes of the file could be read, if the records are not in it.
    pub(super) readable_bytes: Option<u64>,
    /// True if the dump claims to have all memory of its process, and no range is cut.
    pub(super) has_full_memory: bool,
    /// True if the dump claims to have all memory of its process, whether it is there or not.
    pub(super) claims_full_memory: bool,
    /// What the dump records and a minidump cannot hold.
    pub(super) losses: Vec<Loss>,
    /// What the records have and the dump does not.
    pub(super) additions: Vec<Addition>,
    /// See [`Report::truncated_tables`](crate::redump::report::Report::truncated_tables).
    pub(super) truncated_tables: Vec<ReadError>,
    /// What could not be read of the items in the records.
    pub(super) faults: Vec<ItemFault>,
}

impl<'a> Source<'a> {
    /// Returns what the dump records besides its memory, as a minidump.
    pub(super) fn dump(&self) -> Minidump<'_> {
        self.records.view()
    }

    /// See [`Records::lasting`].
    pub(super) fn lasting(&self, offset: u64, bytes: Cow<'_, [u8]>) -> Cow<'a, [u8]> {
        self.records.lasting(offset, bytes)
    }

    /// Returns the memory information list or the table of regions, for as long as the plan lives.
    pub(super) fn listed_rows(&self) -> Option<MemoryInfoList<'a>> {
        self.region_table.or_else(|| self.records.memory_info_list())
    }

    /// Returns the size of a stream of the records in bytes, as the directory declares it.
    ///
    /// The memory information list that stands for the table of regions has no entries of its own.
    pub(super) fn declared_size(&self, stream: &RawStream<'_>) -> u64 {
        let is_table = stream.stream_type() == StreamType::MEMORY_INFO_LIST;
        stream.declared_size().saturating_add(if is_table { self.size_of_region_table() } else { 0 })
    }

    fn size_of_region_table(&self) -> u64 {
        self.region_table.map_or(0, |rows| rows.len().saturating_mul(format::MemoryInfo::SIZE as u64))
    }

    /// Returns the parts of `wanted` that have bytes, in address order.
    pub(super) fn present(&self, wanted: Interval) -> impl Iterator<Item = Interval> + '_ {
        self.present_from(self.memory.position(wanted.start), wanted)
    }

    /// Like [`Source::present`]; `index` is the position of the start of `wanted`.
    pub(super) fn present_from(&self, mut index: usize, wanted: Interval) -> impl Iterator<Item = Interval> + '_ {
        let runs = core::iter::from_fn(move || {
            let first = self.memory.interval(index)?;
            let end = self.runs.last_of(index);
            let last = self.memory.interval(end)?.last;
            index = end + 1;
            Some(Interval { last, ..first })
        });
        runs.map_while(move |run| run.intersection(&wanted))
    }

    /// Returns the last address within `wanted` that has a byte.
    fn last_present(&self, wanted: Interval) -> Option<u64> {
        let index = self.memory.position(wanted.last);
        let holder = self.memory.interval(index).filter(|range| range.start <= wanted.last);
        let range = holder.or_else(|| self.memory.interval(index.checked_sub(1)?));
        range.map(|range| range.last.min(wanted.last)).filter(|&last| last >= wanted.start)
    }

    /// Returns the interval from the first to the last byte of `wanted` that is there.
    pub(super) fn hull(&self, wanted: Interval) -> Option<Interval> {
        self.hull_from(self.memory.position(wanted.start), wanted)
    }

    /// Like [`Source::hull`]; `index` is the position of the start of `wanted`.
    pub(super) fn hull_from(&self, index: usize, wanted: Interval) -> Option<Interval> {
        let mut runs = self.present_from(index, wanted);
        let first = runs.next()?;
        // The end is nearly always in one of the next runs, so it is found without another lookup.
        let near = runs.by_ref().take(NEAR).last().unwrap_or(first);
        let last = if runs.next().is_some() { self.last_present(wanted)? } else { near.last };
        Some(Interval { last, ..first })
    }

    /// Returns the memory that a descriptor names, from the first to the last byte that is there.
    pub(super) fn described(&self, descriptor: &MemoryDescriptor) -> Option<Interval> {
        self.hull(self.target.interval(descriptor.start_of_memory_range, descriptor.memory.data_size.into())?)
    }

    /// True if every address of `wanted` has a byte.
    pub(super) fn holds(&self, wanted: Interval) -> bool {
        self.holds_from(self.memory.position(wanted.start), wanted)
    }

    /// Like [`Source::holds`]; `index` is the position of the start of `wanted`.
    pub(super) fn holds_from(&self, index: usize, wanted: Interval) -> bool {
        self.present_from(index, wanted).next() == Some(wanted)
    }

    /// Returns the position of an address, given that of a lower one. It is nearly always the same or the next.
    pub(super) fn position_from(&self, lower: usize, address: u64) -> usize {
        let is_reached = |index: &usize| self.memory.interval(*index).is_none_or(|range| address <= range.last);
        [lower, lower + 1].into_iter().find(is_reached).unwrap_or_else(|| self.memory.position(address))
    }

    /// Passes many intervals to `visit`, each with the position of its start. Many are looked up at once, because a lookup
    /// in a large index mostly waits for memory.
    pub(super) fn for_each_position<T>(
        &self,
        mut wanted: impl Iterator<Item = (Interval, T)>,
        mut visit: impl FnMut(usize, Interval, T),
    ) {
        let mut group = Vec::with_capacity(GROUP);
        let mut starts = [0; GROUP];
        loop {
            group.extend(wanted.by_ref().take(GROUP));
            if group.is_empty() {
                return;
            }
            for (start, (interval, _)) in starts.iter_mut().zip(&group) {
                *start = interval.start;
            }
            let positions = self.memory.positions(starts.get(..group.len()).unwrap_or_default());
            group.drain(..).zip(positions).for_each(|((interval, item), index)| visit(index, interval, item));
        }
    }

    /// Returns what is missing of the memory that a program adds by address and size.
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

    /// Returns the extents of the modules, sorted by address and disjoint.
    ///
    /// They are computed once, because that visits all regions.
    pub(super) fn modules(&self) -> &[Interval] {
        self.module_intervals.get_or_init(|| self.module_extents().intervals())
    }

    /// See [`Minidump::module_extents`].
    pub(super) fn module_extents(&self) -> ModuleExtents<'_> {
        match self.region_table {
            Some(table) => ModuleExtents::new(&self.dump(), MemoryRegionIter::of_rows(&table)),
            None => self.dump().module_extents(),
        }
    }

    /// Refuses a dump whose ranges share bytes of the file so often that the result would be far larger.
    ///
    /// Producers do not write such files. A small one could fill a disk.
    pub(super) fn refuse_shared_bytes(&self, ranges: &Intervals) -> Result<(), RedumpError> {
        let mut budget = Budget::times(self.plain_size, 2);
        for range in ranges.iter() {
            let offset = self.memory.range_at(range.start).map_or(0, |range| range.position());
            budget.charge("memory range", offset, range.size())?;
        }
        Ok(())
    }

    /// Returns the triage flag of the source, whose words stay filtered, unless the result has all memory.
    pub(super) fn triage(&self, full: bool) -> MinidumpType {
        if full { MinidumpType::empty() } else { self.dump().flags() & MinidumpType::FILTER_TRIAGE }
    }

    /// Returns the address space according to the entries of the dump or those that are made up.
    pub(super) fn regions(&self) -> AddressSpace<'_> {
        match (&self.made_up_rows, self.region_table) {
            (Some(rows), _) => AddressSpace::MadeUp(rows),
            (None, Some(table)) => AddressSpace::of_rows(table),
            (None, None) => AddressSpace::of_dump(self.dump()),
        }
    }

    /// Returns the memory information of the dump, or what is made up.
    pub(super) fn memory_info_rows(&self) -> Option<Rows<'_>> {
        match &self.made_up_rows {
            Some(rows) => Some(Rows::MadeUp(rows)),
            None => self.listed_rows().map(Rows::Listed),
        }
    }

    /// Returns the exceptions: the one that the options name, or those of the dump.
    pub(super) fn exceptions(&self) -> impl Iterator<Item = Exception<'_>> {
        let dump = self.named.as_ref().map_or_else(|| self.dump(), OwnedMinidump::view);
        dump.exceptions().flatten()
    }

    /// Returns the registers of all threads and exceptions that can be read.
    pub(super) fn contexts(&self) -> impl Iterator<Item = Context<'_>> {
        let dump = self.dump();
        let exceptions = self.exceptions().filter_map(|exception| exception.registers());
        dump.threads().filter_map(|thread| thread.registers()).chain(exceptions)
    }

    /// True if LLDB wrote the dump: it has LLDB's own stream, or contexts in LLDB's own layouts.
    pub(super) fn is_of_lldb(&self) -> bool {
        let dump = self.dump();
        let is_own = |context: Context<'_>| {
            let mut layouts = [ContextLayout::AMD64_LLDB, ContextLayout::ARM64_LLDB].into_iter();
            layouts.any(|own| context.layout() == Some(&own) && context.as_bytes().len() == own.size as usize)
        };
        let mut contexts = dump.threads().take(1).filter_map(|thread| thread.context().ok().flatten());
        dump.raw_stream(StreamType::LLDB_GENERATED).is_some() || contexts.any(is_own)
    }

    /// Returns the budget for names, registers and other records of the result: with memory and the entries of lists,
    /// twice the file size, and at least the file size.
    pub(super) fn room(&self, memory: &Intervals) -> Budget {
        let (dump, file_size) = (self.dump(), self.file_size);
        // Records that were made from another format do not include memory.
        let table = self.size_of_region_table();
        let size = dump.file_size().saturating_add(table);
        let memory = memory.iter().fold(0u64, |sum, range| sum.saturating_add(range.size()));
        let memory = if size == file_size { memory } else { 0 };
        let lists = StreamType::KNOWN.iter().filter(|it| it.row().handling == Handling::Rewritten);
        let rows = lists.filter_map(|it| dump.raw_stream(*it)).map(|stream| stream.available());
        let taken = rows.fold(memory.saturating_add(table), u64::saturating_add).min(size);
        Budget::bytes(size.saturating_mul(2).saturating_sub(taken))
    }

    /// Refuses a result of more than twice the file size, not counting what was `asked` for by name and what every dump
    /// gets.
    ///
    /// Producers do not write dumps that would grow like this.
    pub(super) fn refuse_growth(&self, size: u64, asked: u64) -> Result<(), RedumpError> {
        let limit = self.plain_size.saturating_mul(2).saturating_add(LITTLE).saturating_add(asked);
        if size <= limit { Ok(()) } else { Err(ReadError::BudgetSpent { what: "result", offset: 0, limit }.into()) }
    }

    /// See [`written`].
    pub(super) fn written(&self, address: u64) -> u64 {
        written(self.target, address)
    }

    /// Returns a parameter of an exception, which is often an address, in the form that the debugger writes.
    ///
    /// On systems other than Windows, it may be any 64-bit number.
    pub(super) fn written_parameter(&self, parameter: u64) -> u64 {
        if self.target.is_windows() { self.target.sign_extend(parameter) } else { parameter }
    }
}
