//! Checks the memory lists as a whole, and the flags about them.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::{Header, MinidumpType, StreamType};
use crate::read::check::finding::FindingCode;
use crate::read::memory::lists::{Memory64List, MemoryList, MemoryRange};
use crate::read::raw_stream::RawStream;

use crate::read::check::state::{Check, Place};

/// A range with its bytes, and the place of its entry.
#[derive(Clone, Copy)]
struct Listed {
    start: u64,
    /// The position and number of its bytes.
    offset: u64,
    size: u64,
    place: Place,
}

impl<'a> Check<'a, '_> {
    /// Checks the Memory64 list. The data of its ranges is contiguous, so if data of one range is missing, that of all
    /// later ranges is missing too.
    pub(crate) fn memory64(&mut self, stream: &RawStream<'a>, list: &Memory64List<'a>) {
        let descriptors = list.descriptors();
        self.entries(stream, descriptors);
        let place = Place::stream(stream);
        let needed = descriptors.iter().fold(0u64, |sum, range| sum.saturating_add(range.data_size));
        let available = self.dump.bytes().size().saturating_sub(list.base_rva());
        if available < needed {
            let what = "memory of all ranges";
            let fault = ReadError::Truncated { what, offset: list.base_rva(), needed, available };
            self.report(FindingCode::MemoryDataTruncated, place, fault);
        }
        let is_in_tables = list.is_base_in_tables() && needed > 0;
        if is_in_tables {
            self.report(FindingCode::MemoryInTables, place, None);
        }
        let target = self.dump.target();
        let mut before = 0;
        for (index, range) in (0..).zip(list.iter()) {
            let place = Place { entry: Some(index), offset: descriptors.entry_offset(index), ..place };
            if !is_in_tables {
                self.range(place, Some(&range));
            }
            let start = target.mask(range.address);
            if start < before {
                self.report(FindingCode::RangesUnsorted, place, None);
            }
            before = start;
        }
    }

    /// Looks for addresses for which two ranges have different bytes.
    ///
    /// Overlapping ranges with equal bytes are not reported: many producers write the memory around the instruction
    /// pointer even if it is in a stack.
    pub(crate) fn overlaps(&mut self) {
        let dump = self.dump;
        let target = dump.target();
        let listed = |stream_type, entry, offset, range: MemoryRange<'a>| {
            let place = Place { stream: Some(stream_type), entry: Some(entry), offset };
            Listed { start: target.mask(range.address), offset: range.offset, size: range.available(), place }
        };
        let mut ranges: Vec<Listed> = Vec::new();
        if let Ok(Some(list)) = dump.stream::<MemoryList<'a>>() {
            let entries = (0..).zip(&list);
            ranges.extend(
                entries.map(|(index, range)| listed(StreamType::MEMORY_LIST, index, list.entry_offset(index), range)),
            );
        }
        if let Ok(Some(list)) = dump.stream::<Memory64List<'a>>() {
            let entries = (0..).zip(list.iter());
            ranges.extend(entries.map(|(index, range)| {
                listed(StreamType::MEMORY64_LIST, index, list.descriptors().entry_offset(index), range)
            }));
        }
        ranges.retain(|range| range.size > 0);
        // The sort is stable: of two ranges with the same start, the earlier entry comes first.
        ranges.sort_by_key(|range| range.start);
        // The range with the highest end so far.
        let mut furthest: Option<Listed> = None;
        for range in ranges {
            let Some(before) = furthest else {
                furthest = Some(range);
                continue;
            };
            let skip = range.start - before.start;
            let rest = before.size.saturating_sub(skip);
            let common = rest.min(range.size);
            if common > 0
                && self.may_read(range.place, "memory range", common)
                && dump.bytes().differing(before.offset + skip, range.offset, common) > 0
            {
                self.report(FindingCode::RangesDisagree, range.place, None);
            }
            if range.size > rest {
                furthest = Some(range);
            }
        }
    }

    /// Checks the flag for full memory. It is the only option whose stream is always present if the option was set; for
    /// the others, the stream may be missing because there was nothing to write. The debugger checks this flag in every
    /// dump, even if the producer leaves all flags 0.
    pub(crate) fn flags(&mut self) {
        let is_there = |kind| self.dump.raw_stream(kind).is_some();
        let full = self.dump.flags().contains(MinidumpType::WITH_FULL_MEMORY);
        let (list, list64) = (is_there(StreamType::MEMORY_LIST), is_there(StreamType::MEMORY64_LIST));
        // The stream may have been in the missing part of the directory.
        let is_cut = self.dump.directory().fault().is_some();
        if full != list64 && (list64 || !is_cut) {
            let offset = Header::OFFSETS.flags.get() as u64;
            self.report(FindingCode::FlagsDisagree, Place { stream: None, entry: None, offset }, None);
        }
        if list && list64 {
            self.report(FindingCode::MemoryListBesideFull, Place::DUMP, None);
        }
    }
}
