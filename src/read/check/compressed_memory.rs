//! Checks compressed memory.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::compressed_memory::{CompressedBucket, CompressedMemoryHeader, CompressedRegion};
use crate::format::{Header, MinidumpType, StreamType};
use crate::read::check::finding::FindingCode;
use crate::read::check::state::{Check, Place};
#[cfg(feature = "lz4")]
use crate::read::memory::buckets::Buckets;
use crate::read::memory::compressed::CompressedMemory;
#[cfg(feature = "lz4")]
use crate::read::memory::of_minidump::CACHE_LIMIT;
use crate::read::raw_stream::RawStream;

const HEADER: &str = "header of compressed memory";

/// The regions of a bucket: their number, their total size, and the index of the first.
#[derive(Clone, Copy, Default)]
struct BucketRegions {
    regions: u64,
    size: u64,
    first: Option<u64>,
}

impl<'a> Check<'a, '_> {
    pub(crate) fn compressed_memory(&mut self, stream: &RawStream<'a>, memory: &CompressedMemory<'a>) {
        let place = Place::stream(stream);
        self.compressed_header(place, memory);
        let held = self.compressed_regions(place, memory);
        self.compressed_totals(place, memory, &held);
        self.compressed_buckets(place, memory, &held);
        self.overlapping_buckets(place, memory);
        #[cfg(feature = "lz4")]
        self.unpacked(place, memory);
        if [StreamType::MEMORY_LIST, StreamType::MEMORY64_LIST].iter().any(|list| self.dump.raw_stream(*list).is_some())
        {
            self.report(FindingCode::MemoryBesideCompressed, place, None);
        }
    }

    /// Reports a field whose value is not the proven one.
    fn field(
        &mut self,
        code: FindingCode,
        place: Place,
        (what, field): (&'static str, &'static str),
        values: (u64, u64),
    ) {
        let (found, proven) = values;
        if found != proven {
            self.report(code, place, ReadError::SizeDiffers { what, offset: place.offset, field, found, proven });
        }
    }

    fn compressed_header(&mut self, place: Place, memory: &CompressedMemory<'a>) {
        let header = *memory.header();
        let (regions, buckets) = (memory.regions(), memory.buckets());
        let code = FindingCode::CompressedHeaderWrong;
        self.field(
            code,
            place,
            (HEADER, "SizeOfHeader"),
            (header.size_of_header.into(), CompressedMemoryHeader::SIZE as u64),
        );
        self.field(code, place, (HEADER, "Version"), (header.version.into(), CompressedMemoryHeader::VERSION.into()));
        self.field(code, place, (HEADER, "Signature"), (header.signature, CompressedMemoryHeader::SIGNATURE));
        let lz4 = CompressedMemoryHeader::LZ4.into();
        let code = FindingCode::CompressionUnknown;
        self.field(code, place, (HEADER, "CompressionLibType"), (header.compression_lib_type.into(), lz4));

        let code = FindingCode::CompressedSizeWrong;
        self.field(code, place, (HEADER, "CompressedStreamOffset"), (header.compressed_stream_offset, place.offset));
        let available = self.dump.bytes().size().saturating_sub(place.offset);
        let needed = header.compressed_stream_size;
        if needed > available {
            let fault = ReadError::Truncated { what: "compressed memory", offset: place.offset, needed, available };
            self.report(code, place, fault);
        } else {
            self.field(code, place, (HEADER, "CompressedStreamSize"), (needed, available));
        }

        for (field, size, count, entry) in [
            ("RegionArraySize", header.region_array_size, header.number_of_regions, CompressedRegion::SIZE),
            ("BucketArraySize", header.bucket_array_size, header.number_of_buckets, CompressedBucket::SIZE),
        ] {
            if count == 0 {
                self.report(FindingCode::CompressedMemoryEmpty, place, None);
            }
            let needed = count.saturating_mul(entry as u64);
            self.field(FindingCode::CompressedArraySizeWrong, place, (HEADER, field), (size, needed));
        }
        for fault in [regions.fault(), buckets.fault()].into_iter().flatten() {
            self.report(FindingCode::ListTruncated, place, fault);
        }
        let largest = buckets.iter().map(|bucket| bucket.uncompressed_size.into()).max().unwrap_or(0).max(1);
        if header.max_transfer_size < largest {
            let (offset, found) = (place.offset, header.max_transfer_size);
            let fault = ReadError::Size { what: HEADER, offset, field: "MaxTransferSize", found, needed: largest };
            self.report(FindingCode::TransferSizeWrong, place, fault);
        }
    }

    /// Checks each region. Returns the regions of each bucket.
    fn compressed_regions(&mut self, place: Place, memory: &CompressedMemory<'a>) -> Vec<BucketRegions> {
        let (regions, buckets) = (memory.regions(), memory.buckets());
        let target = self.dump.target();
        let mut held: Vec<BucketRegions> = buckets.iter().map(|_| BucketRegions::default()).collect();
        let (mut before, mut reached) = (0, 0);
        for (index, region) in (0..).zip(regions) {
            let place = Place { entry: Some(index), offset: regions.entry_offset(index), ..place };
            let (start, size) = (target.mask(region.address), u64::from(region.size));
            self.field(FindingCode::RegionNumberWrong, place, ("region", "Id"), (region.number, index));
            if start < before {
                self.report(FindingCode::RangesUnsorted, place, None);
            } else if start < reached {
                self.report(FindingCode::RegionsOverlap, place, None);
            }
            before = start;
            reached = reached.max(start.saturating_add(size));
            let Some(bucket) = buckets.get(region.bucket) else {
                self.report(FindingCode::RegionWithoutBucket, place, None);
                continue;
            };
            let (offset, room) = (u64::from(region.offset_in_bucket), u64::from(bucket.uncompressed_size));
            if offset + size > room {
                let available = room.saturating_sub(offset);
                let fault = ReadError::Truncated { what: "region", offset: place.offset, needed: size, available };
                self.report(FindingCode::RegionOutsideBucket, place, fault);
            }
            if index.checked_sub(bucket.first_region).is_none_or(|place| place >= bucket.number_of_regions) {
                self.report(FindingCode::RegionNotOfBucket, place, None);
            }
            if let Some(held) = usize::try_from(region.bucket).ok().and_then(|number| held.get_mut(number)) {
                held.regions += 1;
                held.size = held.size.saturating_add(size);
                held.first.get_or_insert(index);
            }
        }
        held
    }

    fn compressed_totals(&mut self, place: Place, memory: &CompressedMemory<'a>, held: &[BucketRegions]) {
        let header = memory.header();
        let (packed, plain) = memory.sizes();
        // Truncated arrays have already been reported.
        if memory.buckets().fault().is_some() || memory.regions().fault().is_some() {
            return;
        }
        let code = FindingCode::CompressedTotalsWrong;
        let in_regions = held.iter().fold(0u64, |sum, held| sum.saturating_add(held.size));
        self.field(code, place, (HEADER, "UncompressedSize"), (header.uncompressed_size, plain));
        self.field(code, place, (HEADER, "CompressedSize"), (header.compressed_size, packed));
        self.field(code, place, (HEADER, "size of all regions"), (in_regions, plain));
        let saved = i128::from(plain).saturating_sub(i128::from(packed)).saturating_mul(100);
        let percent = saved.checked_div(i128::from(plain)).unwrap_or(0);
        // Any rounding is accepted. A negative percentage is stored in two's complement.
        let found = i128::from(i64::from_le_bytes(header.percent_saved.to_le_bytes()));
        if (found - percent).abs() > 1 {
            let proven = u64::try_from(percent).unwrap_or(0);
            self.field(code, place, (HEADER, "PercentSaved"), (header.percent_saved, proven));
        }
    }

    fn compressed_buckets(&mut self, place: Place, memory: &CompressedMemory<'a>, held: &[BucketRegions]) {
        let buckets = memory.buckets();
        let size = self.dump.bytes().size();
        for ((index, bucket), held) in (0..).zip(buckets).zip(held) {
            let place = Place { entry: Some(index), offset: buckets.entry_offset(index), ..place };
            let (offset, needed) = (bucket.offset, u64::from(bucket.compressed_size));
            self.field(FindingCode::BucketNumberWrong, place, ("bucket", "Id"), (bucket.number, index));
            let available = size.saturating_sub(offset);
            if available < needed {
                let fault = ReadError::Truncated { what: "bucket", offset, needed, available };
                self.report(FindingCode::BucketOutsideFile, place, fault);
            } else if self.dump.dump_bytes().is_in_tables(offset, needed) {
                self.report(FindingCode::MemoryInTables, place, None);
            }
            let code = FindingCode::BucketRegionsWrong;
            self.field(code, place, ("bucket", "RegionCount"), (bucket.number_of_regions, held.regions));
            if let Some(first) = held.first {
                self.field(code, place, ("bucket", "FirstRegion"), (bucket.first_region, first));
            }
            let code = FindingCode::BucketSizeWrong;
            self.field(code, place, ("bucket", "UncompressedSize"), (bucket.uncompressed_size.into(), held.size));
        }
    }

    /// Looks for buckets that overlap in the file.
    fn overlapping_buckets(&mut self, place: Place, memory: &CompressedMemory<'a>) {
        let buckets = memory.buckets();
        let places = (0..).zip(buckets).filter(|(_, bucket)| bucket.compressed_size > 0);
        let mut places: Vec<(u64, u64, u64)> = places
            .map(|(index, bucket)| (bucket.offset, index, bucket.offset.saturating_add(bucket.compressed_size.into())))
            .collect();
        places.sort_unstable();
        let mut reached = 0;
        for (start, index, end) in places {
            if start < reached {
                let place = Place { entry: Some(index), offset: buckets.entry_offset(index), ..place };
                self.report(FindingCode::BucketsOverlap, place, None);
            }
            reached = reached.max(end);
        }
    }

    /// Decompresses the buckets one by one. Those outside the file have already been reported.
    #[cfg(feature = "lz4")]
    fn unpacked(&mut self, place: Place, memory: &CompressedMemory<'a>) {
        use crate::error::BucketFault;

        let entries = memory.buckets();
        let buckets = Buckets::new(self.dump.dump_bytes(), memory, CACHE_LIMIT);
        for (index, bucket) in (0..).zip(entries) {
            if bucket.uncompressed_size == 0 && bucket.compressed_size == 0 {
                continue;
            }
            let Err(error) = buckets.verify(*self.dump.bytes(), index, false) else { continue };
            let ReadError::Bucket { fault, .. } = error else { continue };
            let code = match fault {
                BucketFault::OutsideFile => continue,
                BucketFault::Expands => FindingCode::BucketExpands,
                BucketFault::OtherSize => FindingCode::BucketSizeDiffers,
                BucketFault::Undecodable => FindingCode::BucketUndecodable,
                _ => FindingCode::BucketNotRead,
            };
            let place = Place { entry: Some(index), offset: entries.entry_offset(index), ..place };
            self.report(code, place, error);
        }
    }

    /// Compares the flags for compressed memory with the streams.
    pub(crate) fn compressed_flags(&mut self) {
        let flags = self.dump.flags();
        let is_declared = flags.contains(MinidumpType::WITH_MEMORY_COMPRESSED);
        let entries = self.entries;
        let mut streams = self.dump.raw_streams().take_while(|stream| stream.index() < entries);
        let is_there = streams.any(|stream| stream.stream_type() == StreamType::COMPRESSED_MEMORY);
        let place = Place { stream: None, entry: None, offset: Header::OFFSETS.flags.get() as u64 };
        if is_declared != is_there {
            self.report(FindingCode::CompressedFlagDisagrees, place, None);
        }
        if is_declared && flags.contains(MinidumpType::WITH_FULL_MEMORY) {
            self.report(FindingCode::CompressedAndFull, place, None);
        }
    }
}
