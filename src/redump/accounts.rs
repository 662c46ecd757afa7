//! Where every byte of a structure went that is encoded anew: it is compared with the bytes that it came from.
//!
//! Whoever encodes a record hands both forms in: what the source says and what the result is going to say. Fields that
//! refer to something are written anew with every dump, and what they lead to is compared where it is carried; addresses
//! of 32-bit targets may have either of their two forms. Everything else that differs is a loss by the name of its field,
//! and so is what a list, a stream or a text has beside what is known of it. Memory is not compared: it is borrowed.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use crate::format::compressed_memory::CompressedMemoryHeader;
use crate::format::structure::Structure;
use crate::format::{MemoryDescriptor, StreamType, size32};
use crate::read::list::Record;
use crate::read::memory::CompressedMemory;
use crate::read::{Budget, Interval, List, MemoryRange, RawStream, Target, overlapping, united};
use crate::redump::report::Report;
use crate::redump::source::Source;

/// What no result keeps of a minidump.
pub(super) const CHECKSUM: &str = "checksum of the header";
/// What no full user dump keeps, and no minidump that `r`, `R` or `s` ask for.
pub(super) const OF_WINE: &str = "what Wine says of itself behind the system information";

/// The size of the number that stands in front of the entries of a list.
pub(super) const COUNT: usize = size_of::<u32>();

const UPPER_HALVES: &str = "upper halves of addresses that have 32 bits";

/// What may differ in a record.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// The bytes of the fields that refer to something.
    pub(super) references: &'static [Range<usize>],
    /// Where addresses start, all of 64 bits.
    pub(super) addresses: &'static [usize],
    /// True if the options `r` and `R` ask for zeros where nothing is valid.
    pub(super) clears: bool,
}

/// A stretch of the file in which whatever is not carried as something else is lost.
struct Loose {
    what: &'static str,
    bounds: Interval,
}

/// What is lost on the way, by its name.
pub(super) struct Accounts {
    target: Target,
    /// True if options ask for zeros in place of what may be a secret.
    is_private: bool,
    lost: BTreeMap<&'static str, u64>,
    loose: Vec<Loose>,
    /// What is looked at behind lists and texts, which may be on the same bytes.
    looked_at: Budget,
    /// Stacks that are compared with the memory lists.
    compared: Budget,
}

impl Accounts {
    pub(super) fn new(target: Target, file_size: u64, is_private: bool) -> Self {
        let twice = Budget::times(file_size, 2);
        Self { target, is_private, lost: BTreeMap::new(), loose: Vec::new(), looked_at: twice, compared: twice }
    }

    /// Counts something that is lost.
    pub(super) fn lose(&mut self, what: &'static str) {
        self.lose_many(what, 1);
    }

    /// Counts something of which several are lost, or none.
    pub(super) fn lose_many(&mut self, what: &'static str, count: u64) {
        if count > 0 {
            *self.lost.entry(what).or_default() += count;
        }
    }

    /// Compares a record of the source with what is encoded for it.
    pub(super) fn record<S>(&mut self, source: &S, result: &S, rules: &Rules)
    where
        S: Structure + PartialEq,
    {
        if source == result {
            return;
        }
        let (mut from, to) = (stored(source), stored(result));
        for range in rules.references {
            copy(&mut from, &to, range.clone());
        }
        for &start in rules.addresses {
            self.address(&mut from, &to, start);
        }
        let mut start = 0;
        for &(field, end) in S::FIELDS {
            let [from, to] = [&from, &to].map(|bytes| bytes.get(start..end).unwrap_or_default());
            if !agree(from, to, self.is_private && rules.clears) {
                *self.lost.entry(field).or_default() += 1;
            }
            start = end;
        }
    }

    /// Accounts for the entries of a memory list, and notes which of them the file cuts.
    pub(super) fn ranges<'a>(
        &mut self,
        stream_type: StreamType,
        ranges: impl Iterator<Item = MemoryRange<'a>>,
        report: &mut Report,
    ) {
        for (range, item) in ranges.zip(0..) {
            self.range(range.address, range.size);
            if let Some(error) = range.fault() {
                report.fault(stream_type, item, "memory range", error);
            }
        }
    }

    /// Accounts for an address and a size: nobody writes an empty range.
    fn range(&mut self, address: u64, size: u64) {
        self.range_address(address);
        if size == 0 {
            self.lose("empty ranges of memory lists");
        }
    }

    /// Accounts for the place of a stack: of one that a record and a memory list have, the bytes of the list are in the
    /// result.
    pub(super) fn stack(&mut self, source: &Source<'_>, stack: &MemoryDescriptor) {
        let own = MemoryRange::from_descriptor(source.dump().dump_bytes(), stack);
        if !source.memory.agrees(&own, &mut self.compared) {
            self.lose("bytes at stack positions, for which the memory lists have others");
        }
    }

    /// Counts the address of a range whose upper half says nothing in a 32-bit process, and is not in the result.
    pub(super) fn range_address(&mut self, address: u64) {
        if self.target.is_32_bit() && !is_extended(address) {
            self.lose(UPPER_HALVES);
        }
    }

    /// Takes an address for the same in both of its forms, and counts halves that are neither.
    fn address(&mut self, from: &mut [u8], to: &[u8], start: usize) {
        let range = start..start.saturating_add(8);
        let number = |bytes: &[u8]| {
            bytes.get(range.clone()).and_then(|bytes| bytes.first_chunk()).map(|bytes| u64::from_le_bytes(*bytes))
        };
        let (Some(before), Some(after)) = (number(from), number(to)) else { return };
        if before == after || self.target.mask(before) != self.target.mask(after) {
            return;
        }
        let is_cleared = self.is_private && after == 0;
        if !is_extended(before) && !is_cleared {
            self.lose(UPPER_HALVES);
        }
        copy(from, to, range);
    }

    /// Compares bytes of the source with what is written for them; what lies behind the end of the result counts only if
    /// it is not zero.
    pub(super) fn bytes(&mut self, what: &'static str, from: &[u8], to: &[u8]) {
        let (common, rest) = from.split_at_checked(to.len()).unwrap_or((from, &[]));
        if !agree(common, to.get(..common.len()).unwrap_or_default(), self.is_private)
            || rest.iter().any(|&byte| byte != 0)
        {
            self.lose(what);
        }
    }

    /// Accounts for what a list has beside its entries: `header` bytes in front of them and `row` bytes of each are known.
    pub(super) fn list<'s, R: Record<'s>>(
        &mut self,
        stream: &RawStream<'s>,
        list: &List<'s, R>,
        (header, row): (usize, usize),
    ) {
        let (bytes, start) = (stream.bytes(), stream.offset());
        let position = |offset: u64| usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
        let first = position(list.entry_offset(0)).min(bytes.len());
        if bytes.get(header..first).is_some_and(|bytes| bytes.iter().any(|&byte| byte != 0)) {
            self.lose("bytes between the header of a list and its entries");
        }
        let entry = usize::try_from(list.entry_size()).unwrap_or(usize::MAX);
        if entry > row {
            let end = position(list.entry_offset(list.len())).min(bytes.len());
            let entries = bytes.get(first..end).unwrap_or_default().chunks(entry);
            let longer = entries.filter(|entry| entry.iter().skip(row).any(|&byte| byte != 0)).count();
            if longer > 0 {
                *self.lost.entry("ends of entries that are longer than what is known of them").or_default() +=
                    longer as u64;
            }
        }
        self.behind("bytes behind the entries of a list", stream, position(list.entry_offset(list.len())));
    }

    /// Accounts for what compressed memory says beside what its memory is and where it is.
    pub(super) fn compressed_memory(&mut self, stream: &RawStream<'_>, memory: &CompressedMemory<'_>) {
        let header = memory.header();
        let kept = CompressedMemoryHeader {
            size_of_header: size32::<CompressedMemoryHeader>(),
            version: CompressedMemoryHeader::VERSION,
            signature: CompressedMemoryHeader::SIGNATURE,
            dump_id: 0,
            process_id: 0,
            compression_lib_type: CompressedMemoryHeader::LZ4,
            reserved: [0; 11],
            ..*header
        };
        self.record(header, &kept, &Rules { references: &[], addresses: &[], clears: false });
        for (index, region) in (0..).zip(memory.regions()) {
            self.range(region.address, region.size.into());
            if region.number != index {
                self.lose("numbers of regions that are not their places");
            }
        }
        for (index, bucket) in (0..).zip(memory.buckets()) {
            if bucket.number != index {
                self.lose("numbers of buckets that are not their places");
            }
        }
        self.behind("bytes behind the header of compressed memory", stream, CompressedMemoryHeader::SIZE);
    }

    /// Takes note that a stream has bytes from a position of it on of which nothing is known. Some producers put there what
    /// the stream refers to.
    pub(super) fn behind(&mut self, what: &'static str, stream: &RawStream<'_>, position: usize) {
        let bytes = stream.bytes();
        let rest = bytes.len().saturating_sub(position) as u64;
        let offset = stream.offset().saturating_add(position as u64);
        self.loose.extend(Interval::new(offset, rest).map(|bounds| Loose { what, bounds }));
    }

    /// As [`Accounts::behind`], for the bytes at an offset of the file.
    pub(super) fn loose(&mut self, what: &'static str, offset: u64, size: u64) {
        self.loose.extend(Interval::new(offset, size).map(|bounds| Loose { what, bounds }));
    }

    /// Reports what is lost. `carried` are the parts of the file that are in the result as something of their own.
    pub(super) fn close(mut self, file: &[u8], carried: impl Iterator<Item = Interval>, report: &mut Report) {
        let mut loose = core::mem::take(&mut self.loose);
        if !loose.is_empty() {
            let carried = united(carried.collect());
            loose.sort_by_key(|it| it.bounds.start);
            for Loose { what, bounds } in loose {
                if self.looked_at.charge(what, bounds.start, bounds.size()).is_err() {
                    self.lose("stretches of the file that overlap too often to be looked at");
                } else if has_bytes(file, bounds, &carried) {
                    self.lose(what);
                }
            }
        }
        for (what, count) in self.lost {
            report.lose(what, count);
        }
    }
}

/// True for both forms of an address of 32 bits.
fn is_extended(address: u64) -> bool {
    [0, u32::MAX.into()].contains(&(address >> 32))
}

/// True if the bytes are the same, or zero in place of others where that is asked for.
fn agree(from: &[u8], to: &[u8], clears: bool) -> bool {
    from.iter().zip(to).all(|(from, to)| from == to || clears && *to == 0)
}

/// True if some byte of the file within the bounds is neither carried nor zero.
fn has_bytes(file: &[u8], bounds: Interval, carried: &[Interval]) -> bool {
    let is_set = |start: u64, end: u64| {
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let bytes = range.and_then(|(start, end)| file.get(start..end.min(file.len())));
        bytes.is_some_and(|bytes| bytes.iter().any(|&byte| byte != 0))
    };
    let mut at = bounds.start;
    for part in overlapping(carried, bounds) {
        if is_set(at, part.start.max(at)) {
            return true;
        }
        at = part.last.saturating_add(1);
    }
    at <= bounds.last && is_set(at, bounds.last.saturating_add(1))
}

/// A structure as bytes, as the result has it.
fn stored<S: Structure>(value: &S) -> Vec<u8> {
    let mut bytes = alloc::vec![0; S::SIZE];
    value.put(&mut bytes.as_mut_slice(), scroll::LE);
    bytes
}

fn copy(to: &mut [u8], from: &[u8], range: Range<usize>) {
    if let Some((to, from)) = to.get_mut(range.clone()).zip(from.get(range)) {
        to.copy_from_slice(from);
    }
}
