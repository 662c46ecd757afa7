//! The source's streams, one after the other, into the builder.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::error::{ReadError, RedumpError};
use crate::format::{self, MinidumpType, StreamType};
use crate::read::{
    Exception, LinuxMaps, List, MemoryInfo, MemoryInfoList, Record, Relocation, Stream, StreamContext, SystemInfo,
    ThreadInfo, relocation,
};
use crate::write::{MinidumpBuilder, PartId};

use super::carry::{Carrier, Keep};
use super::changed::Changes;
use super::contents::Contents;
use super::filter::{StackFilter, is_harmless};
use super::folders::Folders;
use super::hooks::Hooks;
use super::options::Options;
use super::report::{ItemFault, Outcome, Report, StreamReport};
use super::select::Selection;
use super::source::{Interval, Source, written};

/// The exception that the debugger makes up for a dump without one.
pub(super) const STATUS_BREAKPOINT: u32 = 0x8000_0003;
/// The size of the counters that the debugger writes, filled with zeros, where the source has none.
const SYSTEM_MEMORY_INFO_SIZE: usize = format::SystemMemoryInfo1::SIZE;
const PROCESS_VM_COUNTERS_SIZE: usize = format::ProcessVmCounters2::SIZE;

/// Fills a builder with what the selection and the options take from the source.
pub(super) fn transcode<'r, 'a>(
    source: &Source<'r, 'a>,
    keep: Keep<'r, 'a>,
    options: &Options,
    hooks: Hooks<'a>,
    selection: &Selection,
    report: &mut Report,
) -> Result<MinidumpBuilder<'a>, RedumpError> {
    let folders = options.contain(MinidumpType::FILTER_MODULE_PATHS).then(|| Folders::of(&source.dump));
    let carrier = Carrier::new(source.dump, keep, options.contain(MinidumpType::WITH_AVX_X_STATE_CONTEXT), folders);
    let mut transcoder = Transcoder {
        source,
        options,
        hooks: &hooks,
        threads_left_out: &selection.threads_left_out,
        carrier,
        report,
        met: HashSet::new(),
        kept: HashSet::new(),
        first_thread: None,
    };
    transcoder.run(selection);
    let mut builder = transcoder.carrier.builder;
    for (stream_type, bytes) in hooks.added {
        builder.stream(stream_type, bytes);
    }
    builder.flags(options.minidump_type()).time_date_stamp(source.dump.header().time_date_stamp);
    let filter = options.contain(MinidumpType::FILTER_MEMORY).then(|| {
        let stacks = selection.stacks.iter().chain(selection.extended.as_flattened());
        let stacks = stacks.flatten().copied().collect();
        StackFilter::new(source, stacks, selection.selected.wanted())
    });
    let selected = &selection.selected;
    let changes = Changes::new(source, filter, hooks.redactor, selected).map(Rc::new);
    let contents = Contents::new(source, &selected.ranges, changes.as_ref());
    builder.computed_memory(selected.full, Box::new(contents));
    Ok(builder)
}

pub(super) struct Transcoder<'s, 'r, 'a> {
    pub(super) source: &'s Source<'r, 'a>,
    pub(super) options: &'s Options,
    pub(super) hooks: &'s Hooks<'a>,
    /// Their numbers.
    pub(super) threads_left_out: &'s HashSet<u32>,
    pub(super) carrier: Carrier<'r, 'a>,
    pub(super) report: &'s mut Report,
    /// The types of the streams so far: of most types the first counts, whether it can be read or not.
    met: HashSet<StreamType>,
    /// The types of those that were kept.
    kept: HashSet<StreamType>,
    /// The number of the first thread, and its context.
    pub(super) first_thread: Option<(u32, Option<PartId>)>,
}

impl<'r, 'a> Transcoder<'_, 'r, 'a> {
    fn run(&mut self, selection: &Selection) {
        for (stream, decoded) in self.source.dump.streams() {
            if stream.stream_type() == StreamType::UNUSED {
                continue;
            }
            let is_filtered = self.asked(MinidumpType::FILTER_MEMORY) && !is_harmless(stream.stream_type());
            let is_of_caller = self.options.comment().is_some_and(|comment| is_comment(&decoded, comment));
            let outcome = match decoded {
                _ if !self.hooks.keeps_stream(&stream) => Outcome::LeftOut,
                _ if is_filtered && !is_of_caller => Outcome::Filtered,
                Err(error) if is_foreign(stream.stream_type()) && !stream.bytes().is_empty() => {
                    self.fault(stream.stream_type(), 0, "head", error);
                    self.carry(&stream)
                }
                Err(error) => Outcome::Unreadable(error),
                Ok(decoded) => self.stream(&stream, decoded, selection),
            };
            self.met.insert(stream.stream_type());
            // What is left out on purpose is not to be made up; an exception of a thread that is left out has to be.
            let on_purpose = outcome == Outcome::LeftOut && !self.hooks.keeps_stream(&stream);
            if outcome.is_kept() || on_purpose {
                self.kept.insert(stream.stream_type());
            }
            self.report.streams.push(StreamReport {
                index: stream.index(),
                stream_type: stream.stream_type(),
                size: stream.declared_size(),
                outcome,
            });
        }
        if let Some(comment) = self.options.comment() {
            self.comment(comment);
        }
        if self.source.target.is_windows() {
            self.make_up();
        }
    }

    fn asked(&self, bits: MinidumpType) -> bool {
        self.options.contain(bits)
    }

    /// Takes one stream over; every kind has its line here.
    fn stream(&mut self, stream: &StreamContext<'r>, decoded: Stream<'r>, selection: &Selection) -> Outcome {
        let first = !self.met.contains(&stream.stream_type());
        // Of these the first counts, as in the debugger; of all others there may be several.
        let (single, asked) = match decoded {
            Stream::ThreadInfoList(_) => (true, self.asked(MinidumpType::WITH_THREAD_INFO)),
            Stream::UnloadedModuleList(_) => (true, self.asked(MinidumpType::WITH_UNLOADED_MODULES)),
            Stream::HandleData(_) => (true, self.asked(MinidumpType::WITH_HANDLE_DATA)),
            Stream::MemoryInfoList(_) => (true, self.asked(MinidumpType::WITH_FULL_MEMORY_INFO)),
            Stream::ThreadList(_)
            | Stream::ModuleList(_)
            | Stream::MemoryList(_)
            | Stream::Memory64List(_)
            | Stream::SystemInfo(_)
            | Stream::MiscInfo(_)
            | Stream::Token(_)
            | Stream::FunctionTable(_)
            | Stream::SystemMemoryInfo(_)
            | Stream::ProcessVmCounters(_)
            | Stream::ThreadExList(_)
            | Stream::ThreadNames(_) => (true, true),
            Stream::Unused
            | Stream::Exception(_)
            | Stream::CommentA(_)
            | Stream::CommentW(_)
            | Stream::HandleOperationList(_)
            | Stream::HostModuleList(_)
            | Stream::JavaScriptData(_)
            | Stream::IptTrace(_)
            | Stream::BreakpadInfo(_)
            | Stream::AssertionInfo(_)
            | Stream::LinuxCpuInfo(_)
            | Stream::LinuxProcStatus(_)
            | Stream::LinuxLsbRelease(_)
            | Stream::LinuxCmdLine(_)
            | Stream::LinuxEnviron(_)
            | Stream::LinuxAuxv(_)
            | Stream::LinuxMaps(_)
            | Stream::LinuxProcStat(_)
            | Stream::LinuxProcUptime(_)
            | Stream::LinuxProcFd(_)
            | Stream::MozLinuxLimits(_)
            | Stream::MozSoftErrors(_)
            | Stream::CrashpadInfo(_)
            | Stream::LinuxDsoDebug(_)
            | Stream::MozMacCrashInfo(_)
            | Stream::MozMacBootArgs(_)
            | Stream::Raw(_) => (false, true),
        };
        if !asked {
            return Outcome::NotAsked;
        }
        if single && !first {
            return Outcome::Duplicate;
        }
        match decoded {
            Stream::Unused => return Outcome::NotAsked,
            Stream::ThreadList(list) => self.threads(list, &selection.stacks),
            Stream::ThreadExList(list) => self.threads_ex(list, &selection.extended),
            Stream::ModuleList(list) => self.modules(list),
            Stream::UnloadedModuleList(list) => self.unloaded_modules(list),
            Stream::HandleData(list) => self.handles(list),
            Stream::ThreadNames(list) => self.thread_names(list),
            Stream::ThreadInfoList(list) => self.thread_infos(list),
            Stream::MemoryInfoList(list) => self.memory_infos(list),
            Stream::MemoryList(list) => self.memory_faults(StreamType::MEMORY_LIST, list.fault(), list.iter()),
            Stream::Memory64List(list) => self.memory_faults(StreamType::MEMORY64_LIST, list.fault(), list.iter()),
            Stream::Exception(exception) if self.threads_left_out.contains(&exception.thread_id()) => {
                return Outcome::LeftOut;
            }
            Stream::Exception(exception) => {
                // There may be many, all on the same few bytes.
                let size = format::ExceptionStream::SIZE as u64;
                if let Err(error) = self.carrier.charge("MINIDUMP_EXCEPTION_STREAM", stream.offset(), size) {
                    return Outcome::Unreadable(error);
                }
                self.exception(&exception);
            }
            Stream::SystemInfo(system) => self.system_info(&system),
            Stream::MiscInfo(misc) => {
                let mut raw = misc.raw();
                self.carrier.hide_in(&mut raw.misc_info4.build_string);
                self.carrier.hide_in(&mut raw.misc_info4.dbg_bld_str);
                self.carrier.builder.misc_info(raw);
            }
            Stream::CommentA(_)
            | Stream::CommentW(_)
            | Stream::HandleOperationList(_)
            | Stream::FunctionTable(_)
            | Stream::Token(_)
            | Stream::SystemMemoryInfo(_)
            | Stream::ProcessVmCounters(_)
            | Stream::HostModuleList(_)
            | Stream::JavaScriptData(_)
            | Stream::IptTrace(_)
            | Stream::BreakpadInfo(_)
            | Stream::AssertionInfo(_)
            | Stream::LinuxCpuInfo(_)
            | Stream::LinuxProcStatus(_)
            | Stream::LinuxLsbRelease(_)
            | Stream::LinuxCmdLine(_)
            | Stream::LinuxEnviron(_)
            | Stream::LinuxAuxv(_)
            | Stream::LinuxMaps(_)
            | Stream::LinuxProcStat(_)
            | Stream::LinuxProcUptime(_)
            | Stream::LinuxProcFd(_)
            | Stream::MozLinuxLimits(_)
            | Stream::MozSoftErrors(_)
            | Stream::CrashpadInfo(_)
            | Stream::LinuxDsoDebug(_)
            | Stream::MozMacCrashInfo(_)
            | Stream::MozMacBootArgs(_)
            | Stream::Raw(_) => return self.carry(stream),
        }
        Outcome::Rewritten
    }

    /// Takes over a stream as bytes, moved file offsets aside.
    fn carry(&mut self, stream: &StreamContext<'r>) -> Outcome {
        if let Some(maps) = stream
            .view::<LinuxMaps<'r>>()
            .ok()
            .filter(|_| stream.stream_type() == StreamType::LINUX_MAPS && self.asked(MinidumpType::FILTER_MODULE_PATHS))
        {
            let made = self.carrier.maps_without_folders(stream, &maps);
            return made.map_or_else(Outcome::Unreadable, |()| Outcome::Rewritten);
        }
        let outcome = match relocation(stream.stream_type()) {
            Relocation::Known => {
                return match self.carrier.relocate(stream) {
                    Ok(None) => Outcome::Filtered,
                    Ok(Some(faults)) => {
                        faults.into_iter().for_each(|error| self.fault(stream.stream_type(), 0, "reference", error));
                        Outcome::Relocated
                    }
                    Err(error) => Outcome::Unreadable(error),
                };
            }
            Relocation::None if stream.stream_type().name().is_some() => Outcome::Copied,
            Relocation::None | Relocation::Viewed | Relocation::Unexamined | Relocation::Unmovable => {
                Outcome::Unexamined
            }
        };
        match self.carrier.copy(stream) {
            Ok(true) => outcome,
            Ok(false) => Outcome::Filtered,
            Err(error) => Outcome::Unreadable(error),
        }
    }

    /// Notes a part of an item that could not be read.
    pub(super) fn fault(&mut self, stream_type: StreamType, item: u64, part: &'static str, error: ReadError) {
        self.report.faults.push(ItemFault { stream_type, item, part, error });
    }

    /// Notes what keeps a part of an item from being read, and goes on without it.
    pub(super) fn or_fault<T: Default>(
        &mut self,
        (stream_type, item, part): (StreamType, u64, &'static str),
        result: Result<T, ReadError>,
    ) -> T {
        result.unwrap_or_else(|error| {
            self.fault(stream_type, item, part, error);
            T::default()
        })
    }

    /// Notes that a list announces more entries than there are.
    pub(super) fn list_fault<R: Record<'r>>(&mut self, stream_type: StreamType, list: &List<'r, R>) {
        if let Some(error) = list.fault() {
            self.fault(stream_type, list.len(), "entries", error);
        }
    }

    fn thread_infos(&mut self, list: List<'r, ThreadInfo>) {
        self.list_fault(StreamType::THREAD_INFO_LIST, &list);
        self.carrier.builder.list(StreamType::THREAD_INFO_LIST);
        for info in list.iter().filter(|info| !self.threads_left_out.contains(&info.id())) {
            let start_address = self.source.written(info.raw().start_address);
            self.carrier.builder.thread_info(format::ThreadInfo { start_address, ..*info.raw() });
        }
    }

    fn memory_infos(&mut self, list: MemoryInfoList<'r>) {
        self.list_fault(StreamType::MEMORY_INFO_LIST, &list);
        if list.is_empty() && self.source.target.is_windows() {
            // As if absent: rows are made up for it.
            return;
        }
        let target = self.source.target;
        let row = move |region: MemoryInfo| {
            let raw = *region.raw();
            let [base_address, allocation_base] = [raw.base_address, raw.allocation_base].map(|it| written(target, it));
            format::MemoryInfo { base_address, allocation_base, ..raw }
        };
        let builder = &mut self.carrier.builder;
        // The debugger writes them by address, in whatever order it found them.
        let are_sorted = list.iter().map(row).is_sorted_by_key(|row| row.base_address);
        let in_file = self.source.minidump.and_then(|dump| dump.stream::<MemoryInfoList<'a>>().ok().flatten());
        let in_file = in_file.and_then(|list| Some((usize::try_from(list.len()).ok()?, list)));
        match in_file {
            Some((count, list)) if are_sorted => {
                builder.computed_memory_infos(count, move |index| list.get(index as u64).map(row).unwrap_or_default());
            }
            _ => {
                let mut rows: Vec<_> = list.iter().map(row).collect();
                rows.sort_by_key(|row| row.base_address);
                builder.list(StreamType::MEMORY_INFO_LIST);
                for row in rows {
                    builder.memory_info(row);
                }
            }
        }
    }

    /// Memory is taken by address; what remains is to say which ranges of the list the file cuts.
    fn memory_faults(
        &mut self,
        stream_type: StreamType,
        list: Option<ReadError>,
        ranges: impl Iterator<Item = crate::read::MemoryRange<'r>>,
    ) {
        let mut item = 0;
        for range in ranges {
            if let Some(error) = range.fault() {
                self.fault(stream_type, item, "memory range", error);
            }
            item += 1;
        }
        if let Some(error) = list {
            self.fault(stream_type, item, "entries", error);
        }
    }

    fn exception(&mut self, exception: &Exception<'r>) {
        let raw = *exception.raw();
        let context = exception.context().and_then(|context| self.carrier.context(context, raw.thread_context, false));
        let context = self.or_fault((StreamType::EXCEPTION, 0, "context"), context);
        let record = raw.exception_record;
        let written = |address| self.source.written(address);
        let exception_record = format::ExceptionRecord {
            exception_record: written(record.exception_record),
            exception_address: written(record.exception_address),
            exception_information: record
                .exception_information
                .map(|parameter| self.source.written_parameter(parameter)),
            ..record
        };
        self.carrier.builder.exception(format::ExceptionStream { exception_record, ..raw }, context);
    }

    fn system_info(&mut self, system: &SystemInfo<'r>) {
        let mut raw = *system.raw();
        let version = self.carrier.optional_text(raw.csd_version_rva);
        let version = self.or_fault((StreamType::SYSTEM_INFO, 0, "service pack"), version);
        if self.source.target.is_windows() {
            // Live dumps of the engine have stale bytes there, and it blanks them as we do.
            let kept = raw.processor_architecture.processor().cpu_info.kept_size();
            raw.cpu.iter_mut().skip(kept).for_each(|byte| *byte = 0);
        }
        self.carrier.builder.system_info(raw, version);
    }

    /// Adds the comment that was asked for, unless just that one was carried.
    fn comment(&mut self, comment: &str) {
        let carried: HashSet<u32> =
            self.report.streams.iter().filter(|stream| stream.outcome.is_kept()).map(|stream| stream.index).collect();
        let is_known = |(stream, decoded): (StreamContext<'r>, Result<Stream<'r>, ReadError>)| {
            carried.contains(&stream.index()) && is_comment(&decoded, comment)
        };
        if !self.source.dump.streams().any(is_known) {
            self.carrier.builder.comment(comment);
        }
    }

    /// Adds what the debugger writes into every dump of a Windows process, where the source lacks it.
    fn make_up(&mut self) {
        for list in [StreamType::THREAD_LIST, StreamType::MODULE_LIST] {
            if !self.kept.contains(&list) {
                self.carrier.builder.list(list);
                self.report.made_up.push(list);
            }
        }
        if !self.kept.contains(&StreamType::EXCEPTION) {
            if let Some((thread_id, context)) = self.first_thread {
                let exception_record =
                    format::ExceptionRecord { exception_code: STATUS_BREAKPOINT, ..Default::default() };
                let exception = format::ExceptionStream { thread_id, exception_record, ..Default::default() };
                self.carrier.builder.exception(exception, context);
                self.report.made_up.push(StreamType::EXCEPTION);
            }
        }
        // A list of no entries: its size, their number, the sizes of its header and of an entry's.
        let no_tokens: Vec<u8> = [16u32, 0, 16, 72].into_iter().flat_map(u32::to_le_bytes).collect();
        for (stream_type, bytes) in [
            (StreamType::TOKEN, no_tokens),
            (StreamType::SYSTEM_MEMORY_INFO, alloc::vec![0; SYSTEM_MEMORY_INFO_SIZE]),
            (StreamType::PROCESS_VM_COUNTERS, alloc::vec![0; PROCESS_VM_COUNTERS_SIZE]),
        ] {
            if !self.kept.contains(&stream_type) {
                self.carrier.builder.stream(stream_type, bytes);
                self.report.made_up.push(stream_type);
            }
        }
        let rows = self.source.dump.stream::<MemoryInfoList<'_>>().ok().flatten().map_or(0, |rows| rows.len());
        if self.asked(MinidumpType::WITH_FULL_MEMORY_INFO) && rows == 0 {
            self.make_up_memory_info();
        }
    }

    /// A region for each memory range, as the debugger describes memory that it knows nothing else of.
    fn make_up_memory_info(&mut self) {
        let (ranges, target) = (self.source.ranges(), self.source.target);
        let count = ranges.count();
        let row = move |range: Interval| made_up_region(written(target, range.start), range.size());
        let row = move |index| ranges.get(index).map(row).unwrap_or_default();
        self.carrier.builder.computed_memory_infos(count, row);
        self.report.made_up.push(StreamType::MEMORY_INFO_LIST);
    }
}

/// A region as the debugger describes memory that it knows nothing else of.
pub(super) fn made_up_region(base: u64, size: u64) -> format::MemoryInfo {
    format::MemoryInfo {
        base_address: base,
        allocation_base: base,
        allocation_protect: format::MemoryProtection::READ_WRITE.bits(),
        region_size: size,
        state: format::MemoryState::COMMIT.bits(),
        protect: format::MemoryProtection::READ_WRITE.bits(),
        memory_type: format::MemoryType::PRIVATE.bits(),
        ..Default::default()
    }
}

/// True for the stream of just that comment.
fn is_comment(stream: &Result<Stream<'_>, ReadError>, comment: &str) -> bool {
    matches!(stream, Ok(Stream::CommentW(known)) if known.text().trim_end_nul() == comment)
}

/// True for streams of other producers: they go as bytes, so that one too short for its view need not be left out.
fn is_foreign(stream_type: StreamType) -> bool {
    stream_type > StreamType::LAST_RESERVED
}
