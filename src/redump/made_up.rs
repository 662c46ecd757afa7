//! Makes up what the options ask for and the source lacks, as the debugger does, and reports what cannot be made up.

use alloc::sync::Arc;

use crate::format::{self, MinidumpType, StreamType, size32};
use crate::read::Interval;
use crate::write::encoded;

use crate::redump::known_memory::rows::made_up_region;
use crate::redump::ranges::written;
use crate::redump::report::Unavailable;
use crate::redump::transcode::Transcoder;

/// The code of the exception that the debugger makes up for a dump without one.
pub(super) const STATUS_BREAKPOINT: u32 = 0x8000_0003;
/// The size of the zeroed counters that the debugger writes if the source has none, in bytes.
const PROCESS_VM_COUNTERS_SIZE: usize = format::system::ProcessVmCounters2::SIZE;

impl Transcoder<'_, '_> {
    /// Reports the streams that the options ask for and the source lacks.
    pub(super) fn unavailable_streams(&mut self) {
        for &stream_type in StreamType::KNOWN {
            let bits = stream_type.row().required_flags;
            let is_there = self.kept.contains(&stream_type) || self.unwanted.contains(&stream_type);
            if let Some((letter, what)) = self.options.letter_for(bits).zip(stream_type.name()) {
                if self.asked(bits) && !is_there {
                    self.report.unavailable.push(Unavailable {
                        option: letter.into(),
                        what,
                        wanted: 0,
                        whole: 0,
                        partial: 0,
                    });
                }
            }
        }
    }

    /// True if the source lacks a stream and it may be made up.
    fn lacks(&self, stream_type: StreamType) -> bool {
        let has = self.kept.contains(&stream_type) || self.unwanted.contains(&stream_type);
        !has && (self.met.contains(&stream_type) || self.hooks.makes_up(&self.source.dump(), stream_type))
    }

    /// Adds what the debugger writes to every dump of a Windows process, if the source lacks it.
    pub(super) fn make_up(&mut self) {
        if let Some(system) = self.source.system.filter(|_| self.lacks(StreamType::SYSTEM_INFO)) {
            self.carrier.builder.system_info(system, None);
            self.report.made_up.push(StreamType::SYSTEM_INFO);
        }
        for list in [StreamType::THREAD_LIST, StreamType::MODULE_LIST] {
            if self.lacks(list) {
                self.carrier.builder.list(list);
                self.report.made_up.push(list);
            }
        }
        // All readers except the debugger take it for a crash.
        if let Some((thread_id, context)) = self.first_thread.filter(|_| self.options.has_made_up_records()) {
            if self.lacks(StreamType::EXCEPTION) {
                let exception_record =
                    format::ExceptionRecord { exception_code: STATUS_BREAKPOINT, ..Default::default() };
                let exception = format::ExceptionStream { thread_id, exception_record, ..Default::default() };
                self.carrier.builder.exception(exception, context);
                self.report.made_up.push(StreamType::EXCEPTION);
            }
        }
        let no_tokens = encoded(format::system::TokenInfoList {
            token_list_size: size32::<format::system::TokenInfoList>(),
            token_list_entries: 0,
            list_header_size: size32::<format::system::TokenInfoList>(),
            element_header_size: format::system::TokenInfoList::DBGENG_ELEMENT_HEADER_SIZE,
        });
        for (stream_type, bytes) in [
            (StreamType::TOKEN, no_tokens),
            (StreamType::SYSTEM_MEMORY_INFO, alloc::vec![0; self.options.engine().system_memory_info_size()]),
            (StreamType::PROCESS_VM_COUNTERS, alloc::vec![0; PROCESS_VM_COUNTERS_SIZE]),
        ] {
            if self.asked(stream_type.row().required_flags) && self.lacks(stream_type) {
                self.carrier.builder.stream(stream_type, bytes);
                self.report.made_up.push(stream_type);
            }
        }
        if self.asked(MinidumpType::WITH_FULL_MEMORY_INFO) && self.lacks(StreamType::MEMORY_INFO_LIST) {
            self.make_up_memory_info();
        }
    }

    /// Adds what is known of memory or, if nothing is known, a region for each memory range, as the debugger does.
    pub(super) fn make_up_memory_info(&mut self) {
        self.report.made_up.push(StreamType::MEMORY_INFO_LIST);
        if let Some(made_up) = &self.source.made_up_rows {
            let rows = Arc::clone(made_up);
            let row = move |index: usize| rows.get(index).unwrap_or_default();
            self.carrier.builder.computed_memory_infos(made_up.len(), row);
            return;
        }
        let (ranges, target) = (self.source.ranges.clone(), self.source.target);
        let count = ranges.count();
        let row = move |range: Interval| made_up_region(written(target, range.start), range.size());
        let row = move |index| ranges.get(index).map(row).unwrap_or_default();
        self.carrier.builder.computed_memory_infos(count, row);
    }
}
