//! Zeroes bytes of records and texts that have no meaning: padding, reserved fields, fields that a flag or a count
//! excludes, and what follows the NUL of a text. Producers leave old contents of their memory there, so `r` and `R`
//! remove them.

use alloc::borrow::Cow;
use core::ops::Range;

use crate::format::module::{
    CV_SIGNATURE_NB10, CV_SIGNATURE_RSDS, CvInfoPdb20, CvInfoPdb70, FixedFileInfo, ImageDebugMisc,
};
use crate::format::system::{MiscInfo5, MiscInfoFlags, TimeZoneInformation, XStateConfigFeature, XStateFeature};
use crate::format::thread::{ThreadInfo, ThreadInfoFlags};
use crate::format::{self, ExceptionRecord, ExceptionStream, MemoryInfo, Module, SystemInfo};
use crate::redump::lldb_stop::clear_stop;

/// Sizes and offsets in the table of extended registers are below this, while four letters are a larger number.
const LARGEST_STATE: u32 = 0x1_0000;

/// Zeroes what is not in any of the ranges.
pub(super) fn keep_only(bytes: &mut [u8], mut used: impl Iterator<Item = Range<usize>>) {
    // A flag for each byte, because ranges may overlap and come in any order.
    let mut kept = alloc::vec![false; bytes.len()];
    used.by_ref().for_each(|range| {
        let end = range.end.min(kept.len());
        kept.get_mut(range.start..end).into_iter().flatten().for_each(|kept| *kept = true);
    });
    bytes.iter_mut().zip(kept).filter(|(_, kept)| !kept).for_each(|(byte, _)| *byte = 0);
}

/// Zeroes the bytes from an offset on. Does not copy anything if they are zero already.
pub(super) fn clear_from(bytes: &mut Cow<'_, [u8]>, offset: usize) {
    if bytes.get(offset..).is_some_and(|rest| rest.iter().any(|&byte| byte != 0)) {
        bytes.to_mut().iter_mut().skip(offset).for_each(|byte| *byte = 0);
    }
}

/// Returns the size of the 8-bit string at the start of some bytes, including its NUL.
pub(super) fn narrow_size(text: &[u8]) -> usize {
    text.iter().position(|&byte| byte == 0).map_or(text.len(), |nul| nul + 1)
}

/// Returns the same for UTF-16 in either byte order.
pub(super) fn wide_size(text: &[u8]) -> usize {
    text.chunks_exact(2).position(|unit| unit == [0, 0]).map_or(text.len(), |nul| 2 * nul + 2)
}

/// Zeroes what follows the NUL in a field.
fn clear_after_nul(text: &mut [u16]) {
    text.iter_mut().skip_while(|unit| **unit != 0).for_each(|unit| *unit = 0);
}

pub(super) fn clear_exception(raw: &mut ExceptionStream, is_windows: bool) {
    raw.alignment = 0;
    clear_exception_record(&mut raw.exception_record, is_windows);
}

fn clear_exception_record(record: &mut ExceptionRecord, is_windows: bool) {
    record.alignment = 0;
    if !is_windows && clear_stop(record) {
        return;
    }
    let count = record.parameters().len();
    record.exception_information.iter_mut().skip(count).for_each(|parameter| *parameter = 0);
}

/// Clears the fields that LLDB does not set: it sets three, and the others have old contents of its stack.
pub(super) fn clear_system_info(raw: &mut SystemInfo, is_of_lldb: bool) {
    if is_of_lldb {
        let SystemInfo { processor_architecture, platform_id, csd_version_rva, .. } = *raw;
        *raw = SystemInfo { processor_architecture, platform_id, csd_version_rva, ..Default::default() };
        return;
    }
    raw.reserved2 = 0;
    let processor = raw.processor_architecture.processor();
    let forms = [processor.cpu_info, processor.cpu_info_of_breakpad];
    let used = forms.map(|form| form.size()).into_iter().max().unwrap_or(0);
    raw.cpu.iter_mut().skip(used).for_each(|byte| *byte = 0);
}

pub(super) fn clear_misc_info(raw: &mut MiscInfo5) {
    let fourth = &mut raw.misc_info4;
    let third = &mut fourth.misc_info3;
    let second = &mut third.misc_info2;
    let first = &mut second.misc_info;
    let flags = MiscInfoFlags::from_bits_retain(first.flags1);
    let is_clear = |flag| !flags.contains(flag);
    if is_clear(MiscInfoFlags::PROCESS_ID) {
        first.process_id = 0;
    }
    if is_clear(MiscInfoFlags::PROCESS_TIMES) {
        (first.process_create_time, first.process_user_time, first.process_kernel_time) = (0, 0, 0);
    }
    if is_clear(MiscInfoFlags::PROCESSOR_POWER_INFO) {
        *second = format::system::MiscInfo2 { misc_info: *first, ..Default::default() };
    }
    if is_clear(MiscInfoFlags::PROCESS_INTEGRITY) {
        third.process_integrity_level = 0;
    }
    if is_clear(MiscInfoFlags::PROCESS_EXECUTE_FLAGS) {
        third.process_execute_flags = 0;
    }
    if is_clear(MiscInfoFlags::PROTECTED_PROCESS) {
        third.protected_process = 0;
    }
    if is_clear(MiscInfoFlags::TIMEZONE) {
        (third.time_zone_id, third.time_zone) = (0, TimeZoneInformation::default());
    }
    clear_after_nul(&mut third.time_zone.standard_name);
    clear_after_nul(&mut third.time_zone.daylight_name);
    if is_clear(MiscInfoFlags::BUILD_STRING) {
        fourth.build_string = [0; 260];
    }
    clear_after_nul(&mut fourth.build_string);
    // The debugger was observed to set this string and leave the flag clear.
    clear_after_nul(&mut fourth.dbg_bld_str);
    clear_xstate(&mut raw.xstate_data);
    if is_clear(MiscInfoFlags::PROCESS_COOKIE) {
        raw.process_cookie = 0;
    }
}

/// Clears entries that cannot be valid. Without an enabled feature, none are. Some features that contexts have are not
/// among the enabled ones.
pub(super) fn clear_xstate(raw: &mut XStateConfigFeature) {
    if raw.enabled_features == 0 {
        *raw = XStateConfigFeature::default();
    }
    for feature in &mut raw.features {
        if feature.offset >= LARGEST_STATE || feature.size >= LARGEST_STATE || feature.size == 0 {
            *feature = XStateFeature::default();
        }
    }
}

pub(super) fn clear_module(raw: &mut Module) {
    (raw.reserved0, raw.reserved1) = (0, 0);
    if raw.version_info.signature != FixedFileInfo::SIGNATURE {
        raw.version_info = FixedFileInfo::default();
    }
}

pub(super) fn clear_memory_info(raw: &mut MemoryInfo) {
    (raw.alignment1, raw.alignment2) = (0, 0);
}

/// Clears fields that are not valid. The debugger was observed to leave garbage in the error field of threads without
/// an error.
pub(super) fn clear_thread_info(raw: &mut ThreadInfo) {
    let flags = ThreadInfoFlags::from_bits_retain(raw.dump_flags);
    let invalid = ThreadInfoFlags::INVALID_INFO | ThreadInfoFlags::INVALID_CONTEXT | ThreadInfoFlags::INVALID_TEB;
    if flags.contains(ThreadInfoFlags::ERROR_THREAD) {
        let ThreadInfo { thread_id, dump_flags, dump_error, .. } = *raw;
        *raw = ThreadInfo { thread_id, dump_flags, dump_error, ..Default::default() };
    } else if !flags.intersects(invalid) {
        raw.dump_error = 0;
    }
}

/// Zeroes what follows the path in a CodeView record that names a PDB.
pub(super) fn clear_code_view(record: &mut Cow<'_, [u8]>) {
    let signature = record.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let header = match signature {
        Some(CV_SIGNATURE_RSDS) => CvInfoPdb70::SIZE,
        Some(CV_SIGNATURE_NB10) => CvInfoPdb20::SIZE,
        _ => return,
    };
    let end = header + record.get(header..).map_or(0, narrow_size);
    clear_from(record, end);
}

/// Zeroes the padding of a miscellaneous debug record, and what follows its name.
pub(super) fn clear_debug_misc(record: &mut Cow<'_, [u8]>) {
    let fields = ImageDebugMisc::OFFSETS;
    let Some(text) = record.get(ImageDebugMisc::SIZE..) else { return };
    let is_wide = record.get(fields.unicode.get()).is_some_and(|&unicode| unicode != 0);
    let size = if is_wide { wide_size(text) } else { narrow_size(text) };
    clear_from(record, ImageDebugMisc::SIZE + size);
    let padding = fields.reserved.range();
    if record.get(padding.clone()).is_some_and(|bytes| bytes.iter().any(|&byte| byte != 0)) {
        record.to_mut().get_mut(padding).into_iter().flatten().for_each(|byte| *byte = 0);
    }
}
