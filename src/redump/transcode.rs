//! Passes the streams of the source to the builder, one after the other.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::error::{ReadError, RedumpError};
use crate::format;
use crate::format::memory::MemoryInfoListHeader;
use crate::format::stream::{Relocation, Repeats};
use crate::format::thread::{ThreadInfo, ThreadInfoListHeader};
use crate::format::{MinidumpType, StreamType, typed_streams};
use crate::read::handle::HandleOperationList;
use crate::read::linux::LinuxMaps;
use crate::read::list::Record;
use crate::read::memory::{CompressedMemory, Memory64List, MemoryInfoList, MemoryList};
use crate::read::system::MiscInfo;
use crate::read::thread::ThreadInfoList;
use crate::read::{Budget, Interval, List, MemoryRange, RawStream, Stream, SystemInfo, sorted_numbers};
use crate::write::{MinidumpBuilder, PartId, encoded};

use crate::redump::accounts::{Accounts, CHECKSUM, COUNT, OF_WINE};
use crate::redump::edits::new_memory::MemoryEdits;
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::ranges::written;
use crate::redump::record_rules::{MEMORY_INFO, SYSTEM_INFO, THREAD_INFO};
use crate::redump::report::{Outcome, Report, StreamReport, Unavailable};
use crate::redump::result_memory::Contents;
use crate::redump::select::selected::Selection;
use crate::redump::shared_parts::Carrier;
use crate::redump::source::Source;
use crate::redump::unused_bytes::{clear_memory_info, clear_misc_info, clear_system_info, clear_thread_info};

/// Fills a builder with what the selection and the options take from the source. Also returns the parts of the file
/// that its records refer to.
pub(super) fn transcode<'a>(
    source: &Source<'a>,
    options: &Options,
    hooks: Hooks<'a>,
    selection: &Selection,
    report: &mut Report,
) -> Result<(MinidumpBuilder<'a>, Vec<Interval>), RedumpError> {
    let carrier = Carrier::new(source, options, selection);
    let mut transcoder = Transcoder {
        source,
        options,
        hooks: &hooks,
        selection,
        threads_left_out: &selection.threads_left_out,
        carrier,
        report,
        met: HashSet::new(),
        kept: HashSet::new(),
        unwanted: HashSet::new(),
        first_thread: None,
        compared: Budget::times(source.file_size, 2),
    };
    transcoder.run();
    let carrier = transcoder.finish();
    let carried = carrier.carried().collect();
    let mut builder = carrier.builder;
    let time = hooks.time_date_stamp.unwrap_or(source.dump().header().time_date_stamp);
    builder.flags(hooks.flags.unwrap_or_else(|| selection.flags(source, options))).time_date_stamp(time);
    for (stream_type, bytes) in hooks.replaced.into_iter().chain(hooks.added) {
        builder.stream(stream_type, bytes);
    }
    let edits = MemoryEdits { blank: hooks.blank, replaced: hooks.new_memory, redactor: hooks.redactor };
    let contents = Contents::changed(source, selection, edits, report);
    builder.computed_memory(selection.selected.full, Box::new(contents));
    if options.is_compressed() {
        builder.compressed();
    }
    Ok((builder, carried))
}

pub(super) struct Transcoder<'s, 'a> {
    pub(super) source: &'s Source<'a>,
    pub(super) options: &'s Options,
    pub(super) hooks: &'s Hooks<'a>,
    pub(super) selection: &'s Selection,
    /// The IDs of the threads that are left out.
    pub(super) threads_left_out: &'s HashSet<u32>,
    pub(super) carrier: Carrier<'s, 'a>,
    pub(super) report: &'s mut Report,
    /// The stream types met so far: of most types, the first stream is used, whether it can be read or not.
    pub(super) met: HashSet<StreamType>,
    /// The types of the streams that were kept.
    pub(super) kept: HashSet<StreamType>,
    /// The types of the streams that the program left out.
    pub(super) unwanted: HashSet<StreamType>,
    /// The ID of the first thread, and its context.
    pub(super) first_thread: Option<(u32, Option<PartId>)>,
    /// The budget for comparing comments with the one that the program adds.
    pub(super) compared: Budget,
}

/// Generates the mapping from a view to the method that the table names for it, or to copying the bytes.
macro_rules! ways {
    (@way $transcoder:ident, $stream:ident, $view:ident) => {{
        let _ = $view;
        $transcoder.carry($stream)
    }};
    (@way $transcoder:ident, $stream:ident, $view:ident, $rewrite:ident) => {
        $transcoder.$rewrite($stream, $view)
    };
    ($(
        $constant:ident = $number:literal, $name:literal, $variant:ident($view:ty),
        check $check:ident, rewrite [$($rewrite:ident)?], refers [$($refers:ident)?], paths [$($paths:ident)?],
        used [$($used:ident)?];
    )*) => {
        impl<'s> Transcoder<'s, '_> {
            fn dispatch(&mut self, stream: &RawStream<'s>, decoded: Stream<'s>) -> Outcome {
                match decoded {
                    Stream::Unused => Outcome::NotRequested,
                    Stream::Raw(_) => self.carry(stream),
                    $(Stream::$variant(view) => ways!(@way self, stream, view $(, $rewrite)?),)*
                }
            }
        }
    };
}

typed_streams!(ways);

impl<'s, 'a> Transcoder<'s, 'a> {
    fn run(&mut self) {
        for (stream, decoded) in self.source.dump().streams() {
            if stream.stream_type() == StreamType::UNUSED {
                continue;
            }
            let size = self.source.declared_size(&stream);
            let row = stream.stream_type().row();
            let was_unreadable = decoded.is_err();
            // The end of a duplicate is not looked for, because many streams may share the same bytes.
            let (stream, decoded, shared) = match self.is_duplicate(&stream) {
                true => (stream, decoded, None),
                false => self.carrier.bounded(stream, decoded),
            };
            let too_small = decoded.as_ref().ok().and_then(|decoded| decoded.size_fault(&stream));
            // What is copied must include its entries.
            let stream = if too_small.is_some() {
                stream.grown(decoded.as_ref().map_or(0, |it| it.size_in_file(&stream)))
            } else {
                stream
            };
            let shared = shared.or(too_small);
            let is_wanted = self.hooks.keeps_stream(&stream);
            // LLDB marks its own dumps with an empty stream of this type, and then looks for the loader's data.
            let is_not_marker = stream.stream_type() == StreamType::LLDB_GENERATED && size > 0;
            let may_be_kept = row.kept_by_r && !is_not_marker || self.is_of_caller(&stream, &decoded);
            let is_filtered = self.asked(MinidumpType::FILTER_MEMORY) && !may_be_kept;
            let outcome = match decoded {
                _ if self.is_replaced(&stream) => Outcome::Replaced,
                _ if !is_wanted => Outcome::LeftOut,
                _ if is_filtered => Outcome::Filtered,
                // With `r`, a stream must be what its type says, and so must what is left of a truncated one.
                Err(error)
                    if row.is_foreign
                        && was_unreadable
                        && !stream.bytes().is_empty()
                        && !self.asked(MinidumpType::FILTER_MEMORY) =>
                {
                    self.report.fault(stream.stream_type(), 0, "header", error);
                    self.carry(&stream)
                }
                Err(error) => Outcome::Unreadable(error),
                Ok(decoded) => self.stream(&stream, decoded),
            };
            if let Some(error) = shared.filter(|_| outcome.is_kept()) {
                self.report.fault(stream.stream_type(), 0, "size", error);
            }
            if matches!(outcome, Outcome::Copied | Outcome::Relocated | Outcome::Unexamined) {
                // Lists report themselves which of their entries are cut.
                if let Some(error) = stream.fault() {
                    self.report.fault(stream.stream_type(), 0, "size", error);
                }
            }
            self.met.insert(stream.stream_type());
            // What is left out on request is not made up. An exception of a thread that is left out may be.
            match (outcome.is_kept(), is_wanted) {
                (true, _) => self.kept.insert(stream.stream_type()),
                (false, false) => self.unwanted.insert(stream.stream_type()),
                (false, true) => false,
            };
            self.report.streams.push(StreamReport {
                index: stream.index(),
                stream_type: stream.stream_type(),
                size,
                outcome,
            });
        }
        if let Some(comment) = self.options.comment() {
            self.comment(comment);
        }
        self.named_exception();
        self.new_thread_names();
        if self.source.target.is_windows() {
            self.make_up();
        }
        self.unavailable_streams();
    }

    /// True if an earlier stream of the type is used instead.
    fn is_duplicate(&self, stream: &RawStream<'s>) -> bool {
        stream.stream_type().row().repeats == Repeats::Once && self.met.contains(&stream.stream_type())
    }

    /// Reports the losses.
    fn finish(mut self) -> Carrier<'s, 'a> {
        let dump = self.source.dump();
        let letter = self.options.letter_for(MinidumpType::WITH_AVX_X_STATE_CONTEXT);
        if let Some(letter) = letter.filter(|_| self.carrier.extended_states == 0) {
            let what = "contexts with extended state";
            self.report.unavailable.push(Unavailable { option: letter.into(), what, wanted: 0, whole: 0, partial: 0 });
        }
        if dump.header().check_sum != 0 {
            self.carrier.accounts.lose(CHECKSUM);
        }
        let Self { mut carrier, report, .. } = self;
        let accounts = core::mem::replace(&mut carrier.accounts, Accounts::new(self.source.target, 0, false));
        accounts.close(dump.bytes(), carrier.carried(), report);
        carrier
    }

    pub(super) fn asked(&self, bits: MinidumpType) -> bool {
        self.options.contain(bits)
    }

    /// Copies one stream as its entry in the table of streams says.
    fn stream(&mut self, stream: &RawStream<'s>, decoded: Stream<'s>) -> Outcome {
        let row = stream.stream_type().row();
        if !self.asked(row.required_flags - self.options.engine().without_letter()) {
            return Outcome::NotRequested;
        }
        if self.is_duplicate(stream) {
            return Outcome::Duplicate;
        }
        self.dispatch(stream, decoded)
    }

    /// Copies a stream as bytes, adjusting file positions where they are known.
    fn carry(&mut self, stream: &RawStream<'s>) -> Outcome {
        let outcome = match stream.stream_type().row().relocation {
            Relocation::Known => {
                return match self.carrier.relocate(stream) {
                    Ok(None) => Outcome::Filtered,
                    Ok(Some(faults)) => {
                        faults
                            .into_iter()
                            .for_each(|error| self.report.fault(stream.stream_type(), 0, "reference", error));
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

    /// Records why a part of an item cannot be read, and continues without it.
    pub(super) fn or_fault<T: Default>(
        &mut self,
        (stream_type, item, part): (StreamType, u64, &'static str),
        result: Result<T, ReadError>,
    ) -> T {
        for error in self.carrier.noticed.drain(..) {
            self.report.fault(stream_type, item, part, error);
        }
        result.unwrap_or_else(|error| {
            self.report.fault(stream_type, item, part, error);
            T::default()
        })
    }

    /// Like [`Self::or_fault`], for contexts.
    pub(super) fn context_or_fault(
        &mut self,
        place: (StreamType, u64, &'static str),
        result: Result<Option<PartId>, ReadError>,
    ) -> Option<PartId> {
        self.report.contexts_lost += u64::from(result.is_err());
        self.or_fault(place, result)
    }

    fn thread_infos(&mut self, stream: &RawStream<'s>, list: ThreadInfoList<'s>) -> Outcome {
        self.report.list_fault(StreamType::THREAD_INFO_LIST, &list);
        self.carrier.accounts.list(stream, &list, (ThreadInfoListHeader::SIZE, ThreadInfo::SIZE));
        self.carrier.builder.list(StreamType::THREAD_INFO_LIST);
        for info in list.iter().filter(|info| !self.threads_left_out.contains(&info.id())) {
            let mut raw = *info.raw();
            if self.carrier.is_private {
                clear_thread_info(&mut raw);
            }
            raw.start_address = self.source.written(raw.start_address);
            self.carrier.accounts.record(info.raw(), &raw, &THREAD_INFO);
            self.carrier.builder.thread_info(raw);
        }
        Outcome::Rewritten
    }

    fn memory_infos(&mut self, stream: &RawStream<'s>, list: MemoryInfoList<'s>) -> Outcome {
        let list = match self.source.region_table {
            Some(table) => table,
            None => {
                self.report.list_fault(StreamType::MEMORY_INFO_LIST, &list);
                self.carrier.accounts.list(stream, &list, (MemoryInfoListHeader::SIZE, format::MemoryInfo::SIZE));
                self.source.listed_rows().unwrap_or_default()
            }
        };
        if list.is_empty() && self.source.target.is_windows() {
            // Like a source without the stream.
            self.make_up_memory_info();
            return Outcome::Rewritten;
        }
        let target = self.source.target;
        let is_private = self.carrier.is_private;
        let row = move |mut raw: format::MemoryInfo| {
            if is_private {
                clear_memory_info(&mut raw);
            }
            let [base_address, allocation_base] = [raw.base_address, raw.allocation_base].map(|it| written(target, it));
            format::MemoryInfo { base_address, allocation_base, ..raw }
        };
        list.iter().for_each(|it| self.carrier.accounts.record(it.raw(), &row(*it.raw()), &MEMORY_INFO));
        let nth = move |number: u64| list.get(number).map(|entry| row(*entry.raw())).unwrap_or_default();
        let builder = &mut self.carrier.builder;
        let count = usize::try_from(list.len()).unwrap_or(usize::MAX);
        // The debugger writes them sorted by address, regardless of their order in the source.
        if (0..list.len()).is_sorted_by_key(|number| nth(number).base_address) {
            builder.computed_memory_infos(count, move |index| nth(index as u64));
        } else {
            let bases = || list.iter().map(|entry| Some(row(*entry.raw()).base_address));
            let order = sorted_numbers(count, bases, |_| {});
            let number = move |index: usize| order.get(index).copied().map_or(u64::MAX, u64::from);
            builder.computed_memory_infos(count, move |index| nth(number(index)));
        }
        Outcome::Rewritten
    }

    fn memory_list(&mut self, stream: &RawStream<'s>, list: MemoryList<'s>) -> Outcome {
        self.memory_ranges(stream, &list, (COUNT, format::MemoryDescriptor::SIZE), list.iter())
    }

    fn memory64_list(&mut self, stream: &RawStream<'s>, list: Memory64List<'s>) -> Outcome {
        let known = (format::memory::Memory64List::SIZE, format::memory::MemoryDescriptor64::SIZE);
        self.memory_ranges(stream, list.descriptors(), known, list.iter())
    }

    /// Accounts for the stream. Its memory is taken by address, and written uncompressed.
    fn compressed_memory(&mut self, stream: &RawStream<'s>, memory: CompressedMemory<'s>) -> Outcome {
        self.carrier.accounts.compressed_memory(stream, &memory);
        // What cannot be read of it was found when the source was opened.
        Outcome::Rewritten
    }

    /// Accounts for a memory list, and reports which of its ranges are cut. Memory itself is taken by address.
    fn memory_ranges<R: Record<'s>>(
        &mut self,
        stream: &RawStream<'s>,
        list: &List<'s, R>,
        known: (usize, usize),
        ranges: impl Iterator<Item = MemoryRange<'s>>,
    ) -> Outcome {
        self.carrier.accounts.list(stream, list, known);
        self.carrier.accounts.ranges(stream.stream_type(), ranges, self.report);
        self.report.list_fault(stream.stream_type(), list);
        Outcome::Rewritten
    }

    fn system_info(&mut self, stream: &RawStream<'s>, system: SystemInfo<'s>) -> Outcome {
        let mut raw = *system.raw();
        let version = self.carrier.optional_text(raw.csd_version_rva);
        let version = self.or_fault((StreamType::SYSTEM_INFO, 0, "service pack"), version);
        if self.source.target.is_windows() {
            // In dumps of live processes, the engine leaves stale bytes there, and it blanks them when re-encoding.
            let kept = raw.processor_architecture.processor().cpu_info.kept_size();
            raw.cpu.iter_mut().skip(kept).for_each(|byte| *byte = 0);
        }
        self.carrier.accounts.record(system.raw(), &raw, &SYSTEM_INFO);
        self.carrier.accounts.unclaimed_from("bytes after the system information", stream, format::SystemInfo::SIZE);
        if self.carrier.is_private {
            clear_system_info(&mut raw, self.source.is_of_lldb());
        }
        self.carrier.builder.system_info(raw, version);
        if system.wine().is_some() {
            // Nothing refers to these bytes, so they may belong to something else.
            match system.wine_bytes().filter(|_| !self.carrier.is_private) {
                Some(bytes) => self.carrier.builder.after_system_info(bytes.to_vec()),
                None => self.carrier.accounts.lose(OF_WINE),
            }
        }
        Outcome::Rewritten
    }

    fn misc_info(&mut self, stream: &RawStream<'s>, misc: MiscInfo<'s>) -> Outcome {
        let mut raw = misc.raw();
        if self.carrier.is_private {
            clear_misc_info(&mut raw);
        }
        self.carrier.hide_in(&mut raw.misc_info4.misc_info3.time_zone.standard_name);
        self.carrier.hide_in(&mut raw.misc_info4.misc_info3.time_zone.daylight_name);
        self.carrier.hide_in(&mut raw.misc_info4.build_string);
        self.carrier.hide_in(&mut raw.misc_info4.dbg_bld_str);
        // The first word is the size of the form that is written.
        let (from, to) = (stream.bytes(), encoded(raw));
        let [from, to] = [from, &to].map(|bytes| bytes.get(size_of::<u32>()..).unwrap_or_default());
        if self.asked(MinidumpType::FILTER_MODULE_PATHS) {
            // Folders in its texts are hidden.
            self.carrier.accounts.unclaimed_from(
                "bytes after the process information",
                stream,
                format::system::MiscInfo5::SIZE,
            );
        } else {
            self.carrier.accounts.bytes("unknown bytes of the process information", from, to);
        }
        self.carrier.builder.misc_info(raw);
        Outcome::Rewritten
    }

    /// Copies the mappings byte for byte, unless their paths must not be in the result.
    fn linux_maps(&mut self, stream: &RawStream<'s>, maps: LinuxMaps<'s>) -> Outcome {
        if !self.asked(MinidumpType::FILTER_MODULE_PATHS) {
            return self.carry(stream);
        }
        let made = self.carrier.maps_without_folders(stream, &maps);
        made.map_or_else(Outcome::Unreadable, |()| Outcome::Rewritten)
    }

    /// Copies the operations byte for byte, padding with zeros those that are too short for the debugger.
    fn handle_operations(&mut self, stream: &RawStream<'s>, list: HandleOperationList<'s>) -> Outcome {
        let least = self.options.engine().least_handle_operation();
        if list.declared_len() == 0 || list.entry_size() >= least as u64 {
            return self.carry(stream);
        }
        match self.carrier.padded_operations(stream, &list, least) {
            Ok(true) => {}
            Ok(false) => return Outcome::Filtered,
            Err(error) => return Outcome::Unreadable(error),
        }
        if let Some(error) = stream.fault() {
            self.report.fault(stream.stream_type(), 0, "size", error);
        }
        self.report.add("handle operations padded with zeros for the debugger", list.len());
        Outcome::Rewritten
    }
}
