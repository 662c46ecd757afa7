//! Finds the meaningful bytes of streams that are carried as bytes. With `r` and `R`, the other bytes become zero.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::format;
use crate::format::breakpad::{AssertionInfo, BreakpadInfoFlags};
use crate::format::function_table::{FunctionTableDescriptor, FunctionTableStream};
use crate::format::handle::HandleOperation;
use crate::format::structure::Stored;
use crate::format::system::{
    ProcessVmCounters1, ProcessVmCounters2, ProcessVmCountersFlags, SystemMemoryInfo1, SystemMemoryInfo2,
    SystemMemoryInfoFlags, SystemPerformanceInformation, TokenInfoList,
};
use crate::format::{FieldOffset, typed_streams};
use crate::read::references::Kind;
use crate::read::{DumpBytes, RawStream, Stream};

use crate::redump::unused_bytes::{clear_code_view, clear_debug_misc, clear_from, keep_only, narrow_size, wide_size};

/// The meaningful ranges of a stream, in any order.
type Used = Vec<Range<usize>>;

/// Generates the mapping from a view to the function that the table names for it.
macro_rules! used {
    (@way $stream:ident, $view:ident) => {{
        let _ = $view;
        None
    }};
    (@way $stream:ident, $view:ident, $used:ident) => {
        Some($used($stream, &$view))
    };
    ($(
        $constant:ident = $number:literal, $name:literal, $variant:ident($view:ty),
        check $check:ident, rewrite [$($rewrite:ident)?], refers [$($refers:ident)?], paths [$($paths:ident)?],
        used [$($used:ident)?];
    )*) => {
        /// Returns `None` if all bytes of a stream are meaningful, or if that is unknown.
        fn used(stream: &RawStream<'_>) -> Option<Used> {
            match Stream::decode(stream).ok()? {
                Stream::Unused | Stream::Raw(_) => None,
                $(Stream::$variant(view) => used!(@way stream, view $(, $used)?),)*
            }
        }
    };
}

typed_streams!(used);

/// Zeroes the meaningless bytes of a stream.
pub(super) fn clear_stream(stream: &RawStream<'_>, bytes: &mut Cow<'_, [u8]>) {
    if let Some(used) = used(stream) {
        keep_only(bytes.to_mut(), used.into_iter());
    }
}

/// Zeroes the meaningless bytes of a part of a stream. `part` is its form in the file; `bytes` may have been changed
/// since.
pub(super) fn clear_part(kind: Kind, dump: &DumpBytes<'_>, part: &[u8], bytes: &mut Cow<'_, [u8]>) {
    /// The length field in front of a text.
    const LENGTH: usize = size_of::<u32>();

    let text = part.get(LENGTH..).unwrap_or_default();
    match kind {
        Kind::Utf16 => clear_from(bytes, LENGTH + wide_size(text)),
        Kind::Utf8 => clear_from(bytes, LENGTH + narrow_size(text)),
        Kind::Plain("CodeView record") => clear_code_view(bytes),
        Kind::Plain("IMAGE_DEBUG_MISC") => clear_debug_misc(bytes),
        _ => {
            for range in kind.unused(dump.bytes(), part) {
                let range = range.start..range.end.min(part.len());
                bytes.to_mut().get_mut(range).into_iter().flatten().for_each(|byte| *byte = 0);
            }
        }
    }
}

/// Returns the range of the first `end` bytes.
fn up_to(end: usize) -> Used {
    core::iter::once(0..end).collect()
}

/// Returns the range of a field.
const fn field<S, T: Stored>(field: FieldOffset<S, T>) -> Range<usize> {
    field.range()
}

/// Returns the range from the start of one field to the end of another.
const fn fields<S, T: Stored, U: Stored>(first: FieldOffset<S, T>, last: FieldOffset<S, U>) -> Range<usize> {
    first.get()..last.range().end
}

fn text<T>(stream: &RawStream<'_>, _: &T) -> Used {
    up_to(narrow_size(stream.bytes()))
}

fn comment_a<T>(stream: &RawStream<'_>, view: &T) -> Used {
    text(stream, view)
}

fn comment_w<T>(stream: &RawStream<'_>, _: &T) -> Used {
    up_to(wide_size(stream.bytes()))
}

/// Excludes native descriptors, which are the system's own records of the tables. The debugger blanks them and does not
/// need them.
fn function_tables(stream: &RawStream<'_>, list: &crate::read::function_table::FunctionTableList<'_>) -> Used {
    let raw = list.raw();
    let mut used: Used = up_to(FunctionTableStream::SIZE);
    let mut next = stream.offset() + u64::from(raw.size_of_header) + u64::from(raw.size_of_align_pad);
    for table in list.iter() {
        let at = |from: u64| usize::try_from(from - stream.offset()).unwrap_or(usize::MAX);
        let entries = next + u64::from(raw.size_of_descriptor) + table.native.len() as u64;
        used.push(at(next)..at(next).saturating_add(FunctionTableDescriptor::SIZE));
        next = entries + table.entries.len() as u64;
        used.push(at(entries)..at(next));
        next += u64::from(table.descriptor.size_of_align_pad);
    }
    used
}

fn tokens(stream: &RawStream<'_>, list: &crate::read::system::TokenInfoList<'_>) -> Used {
    let tokens = list.iter().map(|token| {
        let start = usize::try_from(token.offset - stream.offset()).unwrap_or(usize::MAX);
        start..start.saturating_add(token.bytes.len())
    });
    up_to(TokenInfoList::SIZE).into_iter().chain(tokens).collect()
}

fn handle_operations(stream: &RawStream<'_>, list: &crate::read::handle::HandleOperationList<'_>) -> Used {
    let header = format::handle::HandleOperationList::OFFSETS.reserved.get();
    let mut used: Used = up_to(header);
    let offsets = HandleOperation::OFFSETS;
    for (operation, index) in list.iter().zip(0u64..) {
        let start = usize::try_from(list.entry_offset(index) - stream.offset()).unwrap_or(usize::MAX);
        let depth = usize::try_from(operation.depth).unwrap_or(usize::MAX).min(operation.return_addresses.len());
        let addresses = offsets.return_addresses.get();
        for range in [
            fields(offsets.handle, offsets.operation_type),
            fields(offsets.depth, offsets.index),
            addresses..addresses + 8 * depth,
        ] {
            // Short entries do not have all fields.
            let end = range.end.min(usize::try_from(list.entry_size()).unwrap_or(usize::MAX));
            used.push(start.saturating_add(range.start)..start.saturating_add(end.max(range.start)));
        }
    }
    used
}

fn system_memory(stream: &RawStream<'_>, view: &crate::read::system::SystemMemoryInfo<'_>) -> Used {
    let first = SystemMemoryInfo1::OFFSETS;
    let figures = first.perf_info;
    let inner = SystemPerformanceInformation::OFFSETS;
    let mut used: Used = [
        fields(first.revision, first.file_cache_info),
        fields(figures.then(inner.idle_process_time), figures.then(inner.counters)),
    ]
    .into();
    let flags = SystemMemoryInfoFlags::from_bits_retain(view.basic().flags);
    let mut add = |flag, range| used.extend(flags.contains(flag).then_some(range));
    add(SystemMemoryInfoFlags::BASIC_PERF, field(first.basic_perf_info));
    let (dirty, threshold) = (figures.then(inner.cc_total_dirty_pages), figures.then(inner.cc_dirty_page_threshold));
    add(SystemMemoryInfoFlags::PERF_DIRTY_PAGES, fields(dirty, threshold));
    let (resident, shared) = (figures.then(inner.resident_available_pages), figures.then(inner.shared_committed_pages));
    add(SystemMemoryInfoFlags::PERF_RESIDENT_SHARED_PAGES, fields(resident, shared));
    if stream.bytes().len() >= SystemMemoryInfo2::SIZE {
        let second = SystemMemoryInfo2::OFFSETS;
        add(
            SystemMemoryInfoFlags::PERF_MDL_PFN_PAGES,
            fields(second.mdl_pages_allocated, second.pfn_database_committed_pages),
        );
        add(
            SystemMemoryInfoFlags::PERF_PAGE_TABLE_CONTIGUOUS_PAGES,
            fields(second.system_page_table_committed_pages, second.contiguous_pages_allocated),
        );
    }
    used
}

fn vm_counters(_: &RawStream<'_>, view: &crate::read::system::ProcessVmCounters<'_>) -> Used {
    let Some(raw) = view.extended() else {
        let first = ProcessVmCounters1::OFFSETS;
        return [field(first.revision), fields(first.page_fault_count, first.private_usage)].into();
    };
    let second = ProcessVmCounters2::OFFSETS;
    let mut used: Used = core::iter::once(fields(second.revision, second.flags)).collect();
    let flags = ProcessVmCountersFlags::from_bits_retain(raw.flags);
    let mut add = |flag, range| used.extend(flags.contains(flag).then_some(range));
    add(ProcessVmCountersFlags::BASIC, fields(second.page_fault_count, second.peak_pagefile_usage));
    add(ProcessVmCountersFlags::VIRTUAL_SIZE, fields(second.peak_virtual_size, second.virtual_size));
    add(ProcessVmCountersFlags::EX, field(second.private_usage));
    add(ProcessVmCountersFlags::EX2, fields(second.private_working_set_size, second.shared_commit_usage));
    add(ProcessVmCountersFlags::JOB, fields(second.job_shared_commit_usage, second.job_total_commit_limit));
    used
}

fn breakpad_info(_: &RawStream<'_>, view: &crate::read::breakpad::BreakpadInfo) -> Used {
    let offsets = format::breakpad::BreakpadInfo::OFFSETS;
    let mut used: Used = core::iter::once(field(offsets.validity)).collect();
    let mut add = |flag, range| used.extend(view.validity().contains(flag).then_some(range));
    add(BreakpadInfoFlags::DUMP_THREAD_ID, field(offsets.dump_thread_id));
    add(BreakpadInfoFlags::REQUESTING_THREAD_ID, field(offsets.requesting_thread_id));
    used
}

fn assertion_info(_: &RawStream<'_>, view: &crate::read::breakpad::AssertionInfo<'_>) -> Used {
    let offsets = AssertionInfo::OFFSETS;
    let texts = [
        (offsets.expression.get(), view.expression()),
        (offsets.function.get(), view.function()),
        (offsets.file.get(), view.file()),
    ];
    let texts = texts.into_iter().map(|(start, text)| start..start + text.as_bytes().len());
    texts.chain([fields(offsets.line, offsets.assertion_type)]).collect()
}

/// Includes the entries up to the one of type 0.
fn auxv(stream: &RawStream<'_>, view: &crate::read::linux::LinuxAuxv<'_>) -> Used {
    let pair = 2 * stream.dump().target().pointer_size() as usize;
    up_to((view.iter().count() + 1) * pair)
}
