//! Checks a full user dump for faults.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::full_user_dump::{
    ExceptionDebugEvent32, ExceptionDebugEvent64, UsermodeCrashdumpHeader32, UsermodeCrashdumpHeader64,
};
use crate::read::check::cut::{Claim, Effects};
use crate::read::check::finding::{Finding, FindingCode, of_file};

use crate::read::full_user_dump::dump::FullUserDump;

impl FullUserDump<'_> {
    /// Reads everything except the bytes of memory and reports faults, in no particular order, with one exception: if
    /// the file ends too early, that is reported first, and replaces the findings for everything that is missing
    /// because of it.
    ///
    /// The time is proportional to the number of threads, modules and regions (n log n for the threads).
    pub fn check(&self, found: &mut dyn FnMut(Finding)) {
        let mut check =
            Check { dump: *self, effects: Effects::of(self.bytes().size(), claims(self)), found: &mut *found };
        if let Some(cause) = check.effects.cause() {
            (check.found)(cause);
        }
        check.parts();
        check.threads();
        check.modules();
        check.regions();
        if let Some(effect) = check.effects.only() {
            (check.found)(effect);
        }
        of_file(self.bytes(), found);
    }
}

/// Returns the bytes of the file that the tables and the memory claim.
fn claims(dump: &FullUserDump<'_>) -> Vec<Claim> {
    let (header, regions, threads) = (dump.header(), dump.region_list(), dump.threads());
    let data = dump.stored_regions().fold(0u64, |sum, region| sum.saturating_add(region.range.size));
    let parts = [
        (header.memory_region_offset, regions.declared_len().saturating_mul(regions.entry_size())),
        (header.thread_offset, u64::from(header.thread_count).saturating_mul(dump.context_size())),
        (header.thread_state_offset, threads.declared_len().saturating_mul(threads.entry_size())),
        (header.data_offset, data),
    ];
    parts.into_iter().filter(|part| part.0 > 0).map(|(start, size)| (start, start.saturating_add(size))).collect()
}

/// A check in progress.
struct Check<'a, 'f> {
    dump: FullUserDump<'a>,
    /// The findings that the end of the file explains.
    effects: Effects,
    found: &'f mut dyn FnMut(Finding),
}

impl Check<'_, '_> {
    fn report(&mut self, code: FindingCode, entry: Option<u64>, offset: u64, error: impl Into<Option<ReadError>>) {
        if let Some(finding) =
            self.effects.unexplained(Finding { code, stream: None, entry, offset, error: error.into() })
        {
            (self.found)(finding);
        }
    }

    fn list_fault(&mut self, fault: Option<ReadError>, offset: u64) {
        if let Some(fault) = fault {
            self.report(FindingCode::ListTruncated, None, offset, fault);
        }
    }

    /// Checks the debug event, the version information, and whether any two parts overlap.
    fn parts(&mut self) {
        let dump = self.dump;
        let header = *dump.header();
        if let Err(error) = dump.debug_event() {
            self.report(FindingCode::PartOutsideFile, None, header.debug_event_offset, error);
        }
        if header.version_info_offset != 0 && header.version_info_offset >= dump.bytes().size() {
            let (what, offset) = ("version information", header.version_info_offset);
            let error = ReadError::Truncated { what, offset, needed: 1, available: 0 };
            self.report(FindingCode::PartOutsideFile, None, offset, error);
        }
        let mut parts = self.extents();
        parts.sort_unstable();
        let mut end = 0;
        for (start, size) in parts {
            if start < end {
                self.report(FindingCode::PartsOverlap, None, start, None);
            }
            end = end.max(start.saturating_add(size));
        }
    }

    /// Returns the offset and size of each part that is not empty.
    fn extents(&self) -> Vec<(u64, u64)> {
        let (dump, header) = (&self.dump, self.dump.header());
        let modules = dump.modules().last();
        let end_of_modules = modules.map_or(0, |last| last.end());
        let data = dump.stored_regions().fold(0u64, |sum, region| sum.saturating_add(region.range.size));
        let event = dump.width(ExceptionDebugEvent32::SIZE, ExceptionDebugEvent64::SIZE);
        let parts = [
            (0, dump.width(UsermodeCrashdumpHeader32::SIZE, UsermodeCrashdumpHeader64::SIZE)),
            (header.debug_event_offset, event),
            (header.memory_region_offset, dump.region_list().len() * dump.region_list().entry_size()),
            (header.thread_offset, u64::from(header.thread_count).saturating_mul(dump.context_size())),
            (header.thread_state_offset, dump.threads().len() * dump.threads().entry_size()),
            (header.module_offset, end_of_modules.saturating_sub(header.module_offset)),
            (header.data_offset, data),
            // The file does not record its size.
            (header.version_info_offset, 1),
        ];
        let is_there = |&(index, (start, size)): &(usize, (u64, u64))| size > 0 && (start > 0 || index == 0);
        parts.into_iter().enumerate().filter(is_there).map(|(_, part)| part).collect()
    }

    fn threads(&mut self) {
        let threads = self.dump.threads();
        self.list_fault(threads.fault(), threads.entry_offset(0));
        if threads.declared_len() == 0 {
            self.report(FindingCode::NoThreads, None, 0, None);
        }
        for (index, thread) in (0..).zip(&threads) {
            let offset = threads.entry_offset(index);
            match thread.context() {
                Err(error) => self.report(FindingCode::ContextOutsideFile, Some(index), offset, error),
                Ok(Some(context)) if context.names_other_processor() => {
                    self.report(FindingCode::ContextOfOtherProcessor, Some(index), offset, None);
                }
                Ok(_) => {}
            }
        }
        if let Ok(Some(exception)) = self.dump.exception() {
            if !threads.is_empty() && threads.by_id(exception.thread_id()).is_none() {
                let offset = self.dump.header().debug_event_offset;
                self.report(FindingCode::ExceptionThreadMissing, None, offset, None);
            }
        }
    }

    fn modules(&mut self) {
        if let Some(fault) = self.dump.modules().fault() {
            self.report(FindingCode::ListTruncated, None, self.dump.header().module_offset, fault);
        }
        if self.dump.header().module_count == 0 {
            self.report(FindingCode::NoModules, None, 0, None);
        }
        self.images();
    }

    /// Checks for images at the bases of the modules. In tests, the debugger requires the letters `MZ` at the base of
    /// each module of a `USERDUMP`: otherwise it reports a corrupt module list, and if they are missing for all
    /// modules, it refuses the file. Only the first module without an image is reported.
    fn images(&mut self) {
        if self.dump.is_64_bit() || self.dump.modules().next().is_none() {
            return;
        }
        let memory = self.dump.memory();
        let has_image = |base| memory.read_u16(base) == Some(u16::from_le_bytes(*b"MZ"));
        let without = (0..).zip(self.dump.modules()).find(|(_, module)| !has_image(module.base()));
        if let Some((index, _)) = without {
            self.report(FindingCode::ImageMissing, Some(index), self.dump.header().module_offset, None);
        }
    }

    fn regions(&mut self) {
        let dump = self.dump;
        let regions = dump.region_list();
        self.list_fault(regions.fault(), regions.entry_offset(0));
        let data = dump.header().data_offset;
        let needed = dump.stored_regions().fold(0u64, |sum, region| sum.saturating_add(region.range.size));
        let available = dump.bytes().size().saturating_sub(data);
        if available < needed || data == 0 && needed > 0 {
            let what = "memory of all regions";
            let available = if data == 0 { 0 } else { available };
            let fault = ReadError::Truncated { what, offset: data, needed, available };
            self.report(FindingCode::MemoryDataTruncated, None, data, fault);
        }
        let mut before = 0;
        for (index, region) in (0..).zip(&regions) {
            let start = dump.target().mask(region.base());
            if start < before {
                self.report(FindingCode::RangesUnsorted, Some(index), regions.entry_offset(index), None);
            }
            before = start;
        }
    }
}
