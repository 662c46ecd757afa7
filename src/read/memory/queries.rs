//! What only the re-encoder asks about memory.

use crate::error::ReadError;
use crate::format::compressed_memory::CompressedRegion;
use crate::read::interval::Interval;
use crate::read::intervals::Intervals;
use crate::read::memory::buckets::Buckets;
use crate::read::memory::by_address::Memory;
use crate::read::memory::search_table::GROUP;
use crate::read::memory::visible::VisibleRange;
use crate::read::minidump::Minidump;
use crate::read::work::worked;

/// Compressed memory.
impl<'a> Memory<'a> {
    /// True if any bytes of an interval are in buckets.
    pub(crate) fn is_compressed(&self, interval: Interval) -> bool {
        self.buckets().is_some()
            && self.visible_within(interval.start, interval.last).any(|range| range.is_compressed())
    }

    /// True if all buckets can be decompressed that contain bytes of the ranges or have been read before. Buckets
    /// decompressed for this are kept if `keep` is true.
    pub(crate) fn are_sound(&self, ranges: &Intervals, keep: bool) -> bool {
        let Some(buckets) = self.buckets() else { return true };
        let mut requested = buckets.none_requested();
        buckets.has_no_known_faults()
            && ranges.iter().all(|range| {
                let mut within = self.visible_within(range.start, range.last).filter(VisibleRange::is_compressed);
                within.all(|range| {
                    buckets.is_sound(self.contents().bytes, Buckets::number(range.place()), &mut requested, keep)
                })
            })
    }

    /// Returns the same memory without the regions whose buckets cannot be decompressed. This decompresses all buckets.
    pub(crate) fn without_broken(&self, dump: &Minidump<'a>) -> Self {
        if let Some(buckets) = self.buckets() {
            buckets.verify_all(self.contents().bytes);
        }
        Self::of_minidump(dump, self.shared_buckets())
    }

    /// Returns the known reason why a region cannot be read.
    pub(crate) fn region_fault(&self, region: &CompressedRegion) -> Option<ReadError> {
        self.buckets()?.region_fault(region)
    }

    /// Returns an error if memory is compressed and the crate was built without the feature to decompress it.
    pub(crate) fn missing_feature(&self) -> Option<ReadError> {
        self.buckets()?.missing_feature()
    }
}

/// Access to visible ranges by index, in the order of addresses.
impl Memory<'_> {
    pub(crate) fn count(&self) -> usize {
        self.pieces().as_slice().len()
    }

    pub(crate) fn interval(&self, number: usize) -> Option<Interval> {
        self.pieces().as_slice().get(number).map(|piece| piece.interval)
    }

    /// Returns the interval from the first to the last address.
    pub(crate) fn hull(&self) -> Option<Interval> {
        let pieces = self.pieces().as_slice();
        Some(Interval { start: pieces.first()?.interval.start, last: pieces.last()?.interval.last })
    }

    /// Returns the index of the visible range that contains `address`; if there is none, that of the next one.
    pub(crate) fn position(&self, address: u64) -> usize {
        worked(1);
        self.pieces().position(self.mask(address))
    }

    /// Returns the same for at most [`GROUP`] addresses, which are looked up at once.
    pub(crate) fn positions(&self, addresses: &[u64]) -> [usize; GROUP] {
        worked(addresses.len() as u64);
        let mut masked = [0; GROUP];
        for (masked, address) in masked.iter_mut().zip(addresses) {
            *masked = self.mask(*address);
        }
        self.pieces().positions(masked.get(..addresses.len()).unwrap_or(&masked))
    }
}
