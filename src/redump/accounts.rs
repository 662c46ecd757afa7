//! Accounts for every byte of a structure that is encoded again, by comparing it with the bytes it came from.
//!
//! Code that encodes a record passes in both forms: the record of the source and the record of the result. Fields that
//! refer to something are rewritten in every dump; what they refer to is compared where it is carried. Addresses of
//! 32-bit targets may be in either of their two forms. Every other difference is a loss, named after its field. What a
//! list, a stream or a text has beyond its known parts is also a loss. Memory is not compared, because it is borrowed.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use crate::format::compressed_memory::CompressedMemoryHeader;
use crate::format::structure::Structure;
use crate::format::{MemoryDescriptor, StreamType, size32};
use crate::read::list::Record;
use crate::read::memory::CompressedMemory;
use crate::read::{Budget, Bytes, Interval, List, MemoryRange, RawStream, Target, overlapping, united};
use crate::redump::report::Report;
use crate::redump::source::Source;

/// A part of a minidump that no result keeps.
pub(super) const CHECKSUM: &str = "checksum of the header";
/// A part that is not kept in a full user dump, nor in a minidump written with `r`, `R` or `s`.
pub(super) const OF_WINE: &str = "Wine data after the system information";

/// The size of the entry count in front of a list, in bytes.
pub(super) const COUNT: usize = size_of::<u32>();

const UPPER_HALVES: &str = "upper halves of 32-bit addresses";

/// What may differ in a record.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// The byte ranges of the fields that refer to something.
    pub(super) references: &'static [Range<usize>],
    /// The offsets of addresses, each of 64 bits.
    pub(super) addresses: &'static [usize],
    /// True if the options `r` and `R` zero everything that is not valid.
    pub(super) clears: bool,
}

/// A stretch of the file that is lost unless it is carried as something else.
struct Unclaimed {
    what: &'static str,
    bounds: Interval,
}

/// Collects the losses by name.
pub(super) struct Accounts {
    target: Target,
    /// True if the options zero what may be secret.
    is_private: bool,
    lost: BTreeMap<&'static str, u64>,
    unclaimed: Vec<Unclaimed>,
    /// For the bytes after lists and texts, which may overlap.
    checked: Budget,
    /// For the stacks that are compared with the memory lists.
    compared: Budget,
}

impl Accounts {
    pub(super) fn new(target: Target, file_size: u64, is_private: bool) -> Self {
        let twice = Budget::times(file_size, 2);
        Self { target, is_private, lost: BTreeMap::new(), unclaimed: Vec::new(), checked: twice, compared: twice }
    }

    /// Counts a loss.
    pub(super) fn lose(&mut self, what: &'static str) {
        self.lose_many(what, 1);
    }

    /// Counts several losses with the same name; does nothing for 0.
    pub(super) fn lose_many(&mut self, what: &'static str, count: u64) {
        if count > 0 {
            *self.lost.entry(what).or_default() += count;
        }
    }

    /// Compares a record of the source with the record that is encoded for it.
    pub(super) fn record<S>(&mut self, source: &S, result: &S, rules: &Rules)
    where
        S: Structure + PartialEq,
    {
        if source == result {
            return;
        }
        self.bytes_of_record((stored(source), &stored(result)), S::FIELDS, rules);
    }

    /// Compares the bytes of two records, given the name and the end of each field.
    fn bytes_of_record(&mut self, (mut from, to): (Vec<u8>, &[u8]), fields: &[(&'static str, usize)], rules: &Rules) {
        for range in rules.references {
            copy(&mut from, to, range.clone());
        }
        for &start in rules.addresses {
            self.address(&mut from, to, start);
        }
        let mut start = 0;
        for &(field, end) in fields {
            let [from, to] = [from.as_slice(), to].map(|bytes| bytes.get(start..end).unwrap_or_default());
            if !agree(from, to, self.is_private && rules.clears) {
                *self.lost.entry(field).or_default() += 1;
            }
            start = end;
        }
    }

    /// Accounts for the entries of a memory list, and reports those that are cut by the end of the file.
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

    /// Accounts for an address and a size. Empty ranges are never written.
    fn range(&mut self, address: u64, size: u64) {
        self.range_address(address);
        if size == 0 {
            self.lose("empty ranges of memory lists");
        }
    }

    /// Accounts for the file position of a stack. If a memory list has the stack as well, the bytes of the list are in
    /// the result.
    pub(super) fn stack(&mut self, source: &Source<'_>, stack: &MemoryDescriptor) {
        let own = MemoryRange::from_descriptor(source.dump().dump_bytes(), stack);
        if !source.memory.agrees(&own, &mut self.compared) {
            self.lose("bytes at stack positions that differ from those of the memory lists");
        }
    }

    /// Counts the address of a range whose upper half is meaningless in a 32-bit process, and is not in the result.
    pub(super) fn range_address(&mut self, address: u64) {
        if self.target.is_32_bit() && !is_extended(address) {
            self.lose(UPPER_HALVES);
        }
    }

    /// Treats both forms of an address as equal, and counts upper halves that belong to neither.
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

    /// Compares bytes of the source with those written for them. Bytes of the source beyond the end of the result count
    /// only if they are not zero.
    pub(super) fn bytes(&mut self, what: &'static str, from: &[u8], to: &[u8]) {
        let (common, rest) = from.split_at_checked(to.len()).unwrap_or((from, &[]));
        if !agree(common, to.get(..common.len()).unwrap_or_default(), self.is_private)
            || rest.iter().any(|&byte| byte != 0)
        {
            self.lose(what);
        }
    }

    /// Accounts for what a list has besides its entries, given the known sizes of its header and of an entry.
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
                *self.lost.entry("ends of entries that are longer than known").or_default() += longer as u64;
            }
        }
        self.unclaimed_from("bytes after the entries of a list", stream, position(list.entry_offset(list.len())));
    }

    /// Accounts for what a CompressedMemory stream has besides the addresses and contents of its memory.
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
                self.lose("region numbers that differ from the region's index");
            }
        }
        for (index, bucket) in (0..).zip(memory.buckets()) {
            if bucket.number != index {
                self.lose("bucket numbers that differ from the bucket's index");
            }
        }
        self.unclaimed_from("bytes after the header of compressed memory", stream, CompressedMemoryHeader::SIZE);
    }

    /// Notes that the meaning of a stream's bytes from `position` on is unknown. Some producers put data there that the
    /// stream refers to.
    pub(super) fn unclaimed_from(&mut self, what: &'static str, stream: &RawStream<'_>, position: usize) {
        let bytes = stream.bytes();
        let rest = bytes.len().saturating_sub(position) as u64;
        let offset = stream.offset().saturating_add(position as u64);
        self.unclaimed.extend(Interval::new(offset, rest).map(|bounds| Unclaimed { what, bounds }));
    }

    /// Like [`Accounts::unclaimed_from`], for bytes at a position in the file.
    pub(super) fn unclaimed(&mut self, what: &'static str, offset: u64, size: u64) {
        self.unclaimed.extend(Interval::new(offset, size).map(|bounds| Unclaimed { what, bounds }));
    }

    /// Reports the losses. `carried` are the parts of the file that are in the result as separate items.
    pub(super) fn close(mut self, file: &Bytes<'_>, carried: impl Iterator<Item = Interval>, report: &mut Report) {
        let mut unclaimed = core::mem::take(&mut self.unclaimed);
        if !unclaimed.is_empty() {
            let carried = united(carried.collect());
            unclaimed.sort_by_key(|it| it.bounds.start);
            for Unclaimed { what, bounds } in unclaimed {
                if self.checked.charge(what, bounds.start, bounds.size()).is_err() {
                    self.lose("stretches of the file that overlap too often to be checked");
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

/// True if an address is in one of the two forms of a 32-bit address.
fn is_extended(address: u64) -> bool {
    [0, u32::MAX.into()].contains(&(address >> 32))
}

/// True if the bytes are equal, or were zeroed as requested.
fn agree(from: &[u8], to: &[u8], clears: bool) -> bool {
    from.iter().zip(to).all(|(from, to)| from == to || clears && *to == 0)
}

/// True if any byte of the file within the bounds is neither carried nor zero.
fn has_bytes(file: &Bytes<'_>, bounds: Interval, carried: &[Interval]) -> bool {
    let is_set = |start: u64, end: u64| !file.is_zero(start, end.saturating_sub(start));
    let mut at = bounds.start;
    for part in overlapping(carried, bounds) {
        if is_set(at, part.start.max(at)) {
            return true;
        }
        at = part.last.saturating_add(1);
    }
    at <= bounds.last && is_set(at, bounds.last.saturating_add(1))
}

/// Encodes a structure as in the result.
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
