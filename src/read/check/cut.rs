//! A single cause of many findings: a file that ends before the data that it describes.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::{DirectoryEntry, StreamType};
use crate::read::check::finding::{Finding, FindingCode};
use crate::read::memory::compressed::CompressedMemory;
use crate::read::memory::lists::{Memory64List, MemoryList};
use crate::read::minidump::Minidump;

/// A range of file offsets that something claims: start and end.
pub(crate) type Claim = (u64, u64);

/// The findings that the end of the file explains.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effects {
    /// The size of the file.
    size: u64,
    /// The minimum size that the file should have, if it ends too early.
    end: Option<u64>,
    /// The number of findings that were explained.
    count: u64,
    first: Option<Finding>,
}

impl Effects {
    /// The maximum gap between claims in a truncated file: names and other small parts are between them, and not all of
    /// those are listed. A claim further away has a wrong position, unless most claims are beyond the end of the file,
    /// in which case the lists are missing too.
    const GAP: u64 = 1 << 20;

    /// Finds out whether the file ends too early.
    ///
    /// In a truncated file, the missing data continues at the end of the file, and no claim overlaps another one,
    /// whereas a wrong size usually causes an overlap.
    pub(crate) fn of(size: u64, mut claims: Vec<Claim>) -> Self {
        // Files cannot be that large, so the number is wrong.
        claims.retain(|&(start, end)| start < end && end <= i64::MAX.unsigned_abs());
        claims.sort_unstable();
        claims.dedup();
        let beyond = claims.iter().filter(|claim| claim.1 > size).count();
        let shared = claims.iter().zip(claims.iter().skip(1)).filter(|(before, next)| next.0 < before.1).count();
        let gap = if shared == 0 && beyond > claims.len() / 2 { u64::MAX } else { Self::GAP };
        let mut reach = size;
        let mut before = 0;
        let mut claims = claims.into_iter().peekable();
        while let Some((start, end)) = claims.next() {
            let is_apart = start >= before && claims.peek().is_none_or(|next| next.0 >= end);
            before = before.max(end);
            if is_apart && end > size && start <= reach.saturating_add(gap) {
                reach = end;
            }
        }
        Self { size, end: Some(reach).filter(|&end| end > size), count: 0, first: None }
    }

    /// Returns the finding that the file ends too early, if it does.
    pub(crate) fn cause(&self) -> Option<Finding> {
        let error = ReadError::Truncated { what: "file", offset: 0, needed: self.end?, available: self.size };
        let code = FindingCode::FileTruncated;
        Some(Finding { code, stream: None, entry: None, offset: self.size, error: Some(error) })
    }

    /// Returns the finding unless the end of the file explains it.
    pub(crate) fn unexplained(&mut self, finding: Finding) -> Option<Finding> {
        if !self.explains(&finding) {
            return Some(finding);
        }
        self.count = self.count.saturating_add(1);
        self.first.get_or_insert(finding);
        None
    }

    fn explains(&self, finding: &Finding) -> bool {
        let Some(cut) = self.end else { return false };
        match (finding.code, finding.error) {
            // The data that these findings miss may have been in the missing part.
            (FindingCode::StackWithoutBytes | FindingCode::StackNotListed | FindingCode::ExceptionThreadMissing, _) => {
                true
            }
            (_, Some(ReadError::Truncated { offset, needed, .. })) => {
                let end = offset.saturating_add(needed);
                end > self.size && end <= cut.saturating_add(Self::GAP)
            }
            _ => false,
        }
    }

    /// Returns the explained finding if there is only one: then it is more specific than the cause.
    pub(crate) fn only(&self) -> Option<Finding> {
        self.first.filter(|_| self.count == 1)
    }
}

/// Returns the number of valid directory entries. This is all of them, unless the header declares more than the file
/// has. In that case the count is wrong if the data of a stream follows, because that data is not entries.
pub(crate) fn sound_entries(dump: &Minidump<'_>) -> u32 {
    let directory = dump.directory();
    if directory.fault().is_none() {
        return directory.len();
    }
    let mut limit = u64::MAX;
    for (index, entry) in (0..).zip(directory) {
        let start = directory.entry_offset(index);
        if start.saturating_add(DirectoryEntry::SIZE as u64) > limit {
            return index;
        }
        let rva = u64::from(entry.location.rva);
        if entry.stream_type != StreamType::UNUSED && entry.location.data_size > 0 && rva > start {
            limit = limit.min(rva);
        }
    }
    directory.len()
}

/// Returns the bytes of the file that are claimed by directory, streams, contexts, stacks and memory.
pub(crate) fn claims(dump: &Minidump<'_>, entries: u32) -> Vec<Claim> {
    /// A larger number of streams in the header is implausible and does not count as a claim.
    const MAX_STREAMS: u32 = 1000;
    let directory = dump.directory();
    let claim = |start: u64, size: u64| (start, start.saturating_add(size));
    let mut claims = Vec::new();
    let count = directory.declared_len();
    if entries == directory.len() && count <= MAX_STREAMS {
        claims.push(claim(directory.entry_offset(0), u64::from(count) * DirectoryEntry::SIZE as u64));
    }
    let used = (0..entries).zip(directory).map(|(_, entry)| entry);
    let used = used.filter(|entry| entry.stream_type != StreamType::UNUSED && entry.location.rva > 0);
    claims.extend(used.map(|entry| claim(entry.location.rva.into(), entry.location.data_size.into())));
    let locations = dump.threads().flat_map(|thread| [thread.raw().thread_context, thread.raw().stack.memory]);
    let exceptions = dump.exceptions().flatten().map(|exception| exception.raw().thread_context);
    let locations = locations.chain(exceptions).filter(|location| location.rva > 0);
    claims.extend(locations.map(|location| claim(location.rva.into(), location.data_size.into())));
    if let Ok(Some(list)) = dump.stream::<MemoryList<'_>>() {
        let ranges = list.iter().filter(|range| range.offset > 0);
        claims.extend(ranges.map(|range| claim(range.offset, range.size)));
    }
    if let Ok(Some(list)) = dump.stream::<Memory64List<'_>>() {
        let size = list.descriptors().iter().fold(0u64, |sum, range| sum.saturating_add(range.data_size));
        claims.push(claim(list.base_rva(), size));
    }
    if let Ok(Some(memory)) = dump.stream::<CompressedMemory<'_>>() {
        let (regions, buckets) = (memory.regions(), memory.buckets());
        let of_regions = regions.declared_len().saturating_mul(regions.entry_size());
        let of_buckets = buckets.declared_len().saturating_mul(buckets.entry_size());
        claims.push(claim(regions.entry_offset(0), of_regions));
        claims.push(claim(buckets.entry_offset(0), of_buckets));
        claims.extend(buckets.iter().map(|bucket| claim(bucket.offset, bucket.compressed_size.into())));
    }
    claims
}
