//! Splits memory ranges into the regions of compressed memory, and assigns the regions to buckets.

use crate::error::{Item, WriteError};

use crate::write::lz4;
use crate::write::memory_range::MemoryRange;

/// The maximum uncompressed size of a bucket, as Windows uses it.
pub(super) const BUCKET: u32 = 4 << 20;
/// Ranges are split at multiples of this, so that no word of a page is split between two regions.
const PAGE: u64 = 4096;

/// A range, or a part of one, in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) number: u64,
    /// The index of its range.
    pub(super) range: u64,
    pub(super) address: u64,
    pub(super) size: u32,
    pub(super) bucket: u64,
    /// Its offset in the bucket.
    pub(super) offset: u32,
}

/// A type with an address and a size.
pub(super) trait Bounds {
    fn bounds(&self) -> (u64, u64);
}

impl Bounds for (u64, u64) {
    fn bounds(&self) -> (u64, u64) {
        *self
    }
}

impl Bounds for MemoryRange<'_> {
    fn bounds(&self) -> (u64, u64) {
        (self.address(), self.size())
    }
}

/// A region, and the range itself if this is its first region.
#[derive(Debug)]
pub(super) struct Cut<R> {
    pub(super) region: Region,
    pub(super) range: Option<R>,
}

/// The regions of ranges. A range continues in the next bucket if one is full; empty ranges are skipped.
pub(super) struct Regions<I> {
    ranges: I,
    /// The index of the next range.
    next: u64,
    /// The address and the size of the rest of the range that is being split.
    rest: (u64, u64),
    number: u64,
    bucket: u64,
    filled: u32,
}

impl<I> Regions<I> {
    pub(super) const fn new(ranges: I) -> Self {
        Self { ranges, next: 0, rest: (0, 0), number: 0, bucket: 0, filled: 0 }
    }
}

impl<R: Bounds, I: Iterator<Item = R>> Iterator for Regions<I> {
    type Item = Cut<R>;

    fn next(&mut self) -> Option<Cut<R>> {
        let mut begun = None;
        while self.rest.1 == 0 {
            let range = self.ranges.next()?;
            self.next += 1;
            self.rest = range.bounds();
            begun = Some(range);
        }
        let (address, left) = self.rest;
        let mut size = fitting(address, left, BUCKET - self.filled);
        if size == 0 {
            self.bucket += 1;
            self.filled = 0;
            size = fitting(address, left, BUCKET);
        }
        let region = Region {
            number: self.number,
            range: self.next - 1,
            address,
            size,
            bucket: self.bucket,
            offset: self.filled,
        };
        self.rest = (address.wrapping_add(size.into()), left - u64::from(size));
        self.number += 1;
        self.filled += size;
        Some(Cut { region, range: begun })
    }
}

/// Returns how many of the `left` bytes at an address fit: all of them, or those up to a multiple of the page size.
fn fitting(address: u64, left: u64, room: u32) -> u32 {
    match u32::try_from(left) {
        Ok(left) if left <= room => left,
        _ => {
            let beyond = address.wrapping_add(room.into()) % PAGE;
            room.saturating_sub(u32::try_from(beyond).unwrap_or(room))
        }
    }
}

/// The properties of compressed memory that are known before it is compressed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) regions: u64,
    pub(super) buckets: u64,
    /// The uncompressed size in bytes.
    pub(super) bytes: u64,
    /// An upper bound of the compressed size in bytes.
    pub(super) most: u64,
    /// The uncompressed size of the largest bucket in bytes.
    pub(super) largest: u32,
    /// A hash of all addresses and sizes.
    pub(super) digest: u64,
}

impl Totals {
    /// Computes the totals, and refuses overlapping ranges. The ranges are sorted by address.
    pub(super) fn of(ranges: impl Iterator<Item = (u64, u64)>) -> Result<Self, WriteError> {
        let mut totals = Self::default();
        let mut free = Some(0);
        let mut now = (0, 0);
        for Cut { region, .. } in Regions::new(ranges) {
            if free.is_none_or(|free| region.address < free) {
                let item = Item { name: "memory range", index: Some(region.range) };
                let reason = "it overlaps the range before it, which compressed memory does not allow";
                return Err(WriteError::InvalidInput { item, reason });
            }
            free = region.address.checked_add(region.size.into());
            if region.bucket != now.0 {
                totals.close(now);
                now = (region.bucket, 0);
            }
            now.1 = region.offset + region.size;
            totals.regions += 1;
            totals.bytes = totals.bytes.saturating_add(region.size.into());
            for word in [region.address, region.size.into()] {
                // FNV-1a, one word at a time.
                totals.digest = (totals.digest ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
            }
        }
        if totals.regions > 0 {
            totals.close(now);
        }
        Ok(totals)
    }

    fn close(&mut self, (bucket, size): (u64, u32)) {
        self.buckets = bucket + 1;
        self.most = self.most.saturating_add(lz4::largest_block(size.into()));
        self.largest = self.largest.max(size);
    }
}
