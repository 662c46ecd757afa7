//! Compressed memory: its layout in the file, and how it is written to a sink.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZero;
use std::io::{self, SeekFrom, Write};
use std::thread;

use crate::error::{Item, WriteError};
use crate::format::compressed_memory::{CompressedBucket, CompressedMemoryHeader, CompressedRegion};
use crate::format::{StreamType, size32};

use crate::write::buckets::{BUCKET, Cut, Regions, Totals};
use crate::write::cursor::Cursor;
use crate::write::emitter::{Emitter, Extent};
use crate::write::encode;
use crate::write::gather::Gatherer;
use crate::write::lz4;
use crate::write::memory_range::ShortSource;
use crate::write::pack::{Packed, pack};
use crate::write::range_list::RangeList;
use crate::write::written::{Compressed, Progress, Shortfall};

const HEADER: Item = Item { name: "CompressedMemory", index: None };
const REGIONS: Item = Item { name: "array of regions", index: None };
const BUCKETS: Item = Item { name: "array of buckets", index: None };

/// Moves a sink to a position, if the sink supports it.
pub(super) type Seek<W> = Option<fn(&mut W, SeekFrom) -> io::Result<u64>>;

/// The compressed memory of a plan.
#[derive(Debug)]
pub(super) struct CompressedChunk<'a> {
    /// The file offset of the header.
    offset: u64,
    pub(super) ranges: RangeList<'a>,
    pub(super) totals: Totals,
    dump_id: u64,
    process_id: u32,
}

/// The sizes that the first of two passes determines.
pub(super) struct Sizes {
    rows: Vec<CompressedBucket>,
    /// Blocks of buckets that cannot be compressed again.
    kept: BTreeMap<u64, Vec<u8>>,
    shortfalls: Vec<Shortfall>,
}

/// The settings for compression.
pub(super) struct Work<'w, 'a> {
    pub(super) short_source: ShortSource,
    pub(super) threads: Option<NonZero<usize>>,
    pub(super) progress: &'w mut Option<Progress<'a>>,
    /// Bytes of memory that count as done.
    pub(super) done: u64,
    /// The total number of bytes of memory to be compressed.
    pub(super) total: u64,
}

impl Work<'_, '_> {
    fn threads(&self) -> usize {
        self.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get)
    }

    fn advance(&mut self, bytes: u32) {
        self.done = self.done.saturating_add(bytes.into());
        if let Some(progress) = self.progress {
            progress(self.done, self.total);
        }
    }
}

impl<'a> CompressedChunk<'a> {
    /// Places the ranges after all streams: header, regions, buckets, blocks. There is at least one byte of memory.
    pub(super) fn place(
        cursor: &mut Cursor,
        ranges: RangeList<'a>,
        time_date_stamp: u32,
        process_id: u32,
    ) -> Result<Self, WriteError> {
        if !lz4::IS_THERE {
            let reason = "compressing memory requires the feature `lz4`, which this program was built without";
            return Err(WriteError::InvalidInput { item: HEADER, reason });
        }
        let totals = Totals::of(ranges.bounds())?;
        let offset = cursor.take_rva(CompressedMemoryHeader::SIZE as u64, 8, HEADER)?;
        // The time distinguishes dumps with the same ranges.
        let dump_id = totals.digest ^ u64::from(time_date_stamp).rotate_left(32) ^ u64::from(process_id);
        let chunk = Self { offset, ranges, totals, dump_id, process_id };
        for (count, size, item) in
            [(totals.regions, CompressedRegion::SIZE, REGIONS), (totals.buckets, CompressedBucket::SIZE, BUCKETS)]
        {
            let overflow = || WriteError::Overflow { item, offset: cursor.at, size: count };
            cursor.take(count.checked_mul(size as u64).ok_or_else(overflow)?, 1, item)?;
        }
        cursor.take(totals.most, 1, Item { name: "buckets", index: None })?;
        Ok(chunk)
    }

    /// Returns the final figures.
    pub(super) fn written(&self, file_size: u64) -> Compressed {
        Compressed { compressed_size: file_size.saturating_sub(self.base()), ..self.planned() }
    }

    /// Returns the figures that are known before writing.
    pub(super) const fn planned(&self) -> Compressed {
        let Totals { regions, buckets, bytes, most, .. } = self.totals;
        Compressed { regions, buckets, size: bytes, compressed_size: most }
    }

    /// Returns type, offset and size of the stream.
    pub(super) const fn directory_entry(&self) -> (StreamType, u64, u64, Item) {
        (StreamType::COMPRESSED_MEMORY, self.offset, CompressedMemoryHeader::SIZE as u64, HEADER)
    }

    const fn regions_at(&self) -> u64 {
        self.offset + CompressedMemoryHeader::SIZE as u64
    }

    const fn buckets_at(&self) -> u64 {
        self.regions_at() + self.totals.regions * CompressedRegion::SIZE as u64
    }

    /// Returns the file offset of the blocks.
    const fn base(&self) -> u64 {
        self.buckets_at() + self.totals.buckets * CompressedBucket::SIZE as u64
    }

    fn header(&self, rows: &[CompressedBucket]) -> CompressedMemoryHeader {
        let sizes = || rows.iter().map(|row| u64::from(row.compressed_size));
        let (compressed_size, largest) = (sizes().sum(), sizes().max().unwrap_or(0));
        CompressedMemoryHeader {
            size_of_header: size32::<CompressedMemoryHeader>(),
            version: CompressedMemoryHeader::VERSION,
            signature: CompressedMemoryHeader::SIGNATURE,
            dump_id: self.dump_id,
            process_id: self.process_id.into(),
            // Incompressible bytes take more than a bucket.
            max_transfer_size: largest.max(BUCKET.into()),
            compressed_stream_offset: self.offset,
            compressed_stream_size: self.base() - self.offset + compressed_size,
            uncompressed_size: self.totals.bytes,
            compressed_size,
            percent_saved: percent_saved(self.totals.bytes, compressed_size),
            number_of_regions: self.totals.regions,
            region_array_offset: self.regions_at(),
            region_array_size: self.buckets_at() - self.regions_at(),
            number_of_buckets: self.totals.buckets,
            bucket_array_offset: self.buckets_at(),
            bucket_array_size: self.base() - self.buckets_at(),
            bucket_stream_offset: self.base(),
            bucket_stream_size: compressed_size,
            compression_lib_type: CompressedMemoryHeader::LZ4,
            reserved: Default::default(),
        }
    }

    /// Compresses everything, passes on each bucket with its row of the array, and returns the bytes that readers did not
    /// return.
    fn pack(
        &mut self,
        work: &mut Work<'_, '_>,
        keeps: &dyn Fn(u64) -> bool,
        hand_over: &mut dyn FnMut(Packed<'_>, CompressedBucket) -> Result<(), WriteError>,
    ) -> Result<Vec<Shortfall>, WriteError> {
        let mut gatherer = Gatherer::new(work.short_source);
        let mut offset = self.base();
        let threads = work.threads();
        let regions = Regions::new(self.ranges.lend());
        pack(&mut gatherer, regions, &self.totals, threads, keeps, &mut |packed| {
            let bucket = packed.bucket;
            let item = Item { name: "bucket", index: Some(bucket.number) };
            let row = CompressedBucket {
                number: bucket.number,
                uncompressed_size: bucket.size,
                compressed_size: encode::fit32(item, packed.block.len() as u64, "bytes")?,
                offset,
                first_region: bucket.first_region,
                number_of_regions: bucket.regions,
            };
            hand_over(packed, row)?;
            offset += u64::from(row.compressed_size);
            work.advance(bucket.size);
            Ok(())
        })?;
        Ok(gatherer.shortfalls)
    }

    /// Determines the sizes that must be known before the first byte is written to a sink that cannot seek.
    pub(super) fn sizes(&mut self, work: &mut Work<'_, '_>) -> Result<Sizes, WriteError> {
        let (mut rows, mut kept) = (Vec::new(), BTreeMap::new());
        let shortfalls = self.pack(work, &|_| false, &mut |packed, row| {
            if !packed.bucket.is_repeatable {
                kept.insert(row.number, packed.block.to_vec());
            }
            rows.push(row);
            Ok(())
        })?;
        Ok(Sizes { rows, kept, shortfalls })
    }

    /// Writes everything in order, starting at the end of the streams.
    pub(super) fn write_in_order<W: Write>(
        &mut self,
        emitter: &mut Emitter<'_, '_, W>,
        sizes: Sizes,
        work: &mut Work<'_, '_>,
    ) -> Result<(), WriteError> {
        let Sizes { rows, mut kept, shortfalls } = sizes;
        emitter.pad_to(self.offset)?;
        self.write_header(emitter, encode::encoded(self.header(&rows)))?;
        self.write_regions(emitter)?;
        self.write_buckets(emitter, encoded_rows(&rows))?;
        let is_kept: Vec<u64> = kept.keys().copied().collect();
        let mut expected = rows.iter();
        self.pack(work, &|number| is_kept.binary_search(&number).is_ok(), &mut |packed, row| {
            let kept = kept.remove(&row.number);
            let block = kept.as_deref().unwrap_or(packed.block);
            let expected = expected.next().map_or(0, |row| row.compressed_size as usize);
            let item = Item { name: "bucket", index: Some(row.number) };
            if block.len() != expected {
                return Err(WriteError::InvalidInput { item, reason: "its memory changed while the dump was written" });
            }
            emitter.write_now(Extent { item, offset: emitter.offset, size: block.len() as u64 }, block)
        })?;
        emitter.shortfalls.extend(shortfalls);
        Ok(())
    }

    /// Writes the blocks, then seeks back and writes the tables in front of them.
    pub(super) fn write_and_go_back<W: Write>(
        &mut self,
        emitter: &mut Emitter<'_, '_, W>,
        seek: fn(&mut W, SeekFrom) -> io::Result<u64>,
        start: u64,
        work: &mut Work<'_, '_>,
    ) -> Result<(), WriteError> {
        emitter.pad_to(self.offset)?;
        // Until the header is written, readers find no compressed memory in the file.
        self.write_header(emitter, vec![0; CompressedMemoryHeader::SIZE])?;
        self.write_regions(emitter)?;
        self.write_buckets(emitter, vec![0; usize::try_from(self.base() - self.buckets_at()).unwrap_or(0)])?;
        let mut rows = Vec::new();
        let shortfalls = self.pack(work, &|_| false, &mut |packed, row| {
            let item = Item { name: "bucket", index: Some(row.number) };
            emitter.write_now(Extent { item, offset: row.offset, size: row.compressed_size.into() }, packed.block)?;
            rows.push(row);
            Ok(())
        })?;
        emitter.shortfalls.extend(shortfalls);
        let end = emitter.offset;
        emitter.move_to(seek, start, self.buckets_at())?;
        self.write_buckets(emitter, encoded_rows(&rows))?;
        emitter.move_to(seek, start, self.offset)?;
        self.write_header(emitter, encode::encoded(self.header(&rows)))?;
        emitter.move_to(seek, start, end)
    }

    fn write_header<W: Write>(&self, emitter: &mut Emitter<'_, '_, W>, bytes: Vec<u8>) -> Result<(), WriteError> {
        emitter.write_now(Extent { item: HEADER, offset: self.offset, size: bytes.len() as u64 }, &bytes)
    }

    fn write_regions<W: Write>(&self, emitter: &mut Emitter<'_, '_, W>) -> Result<(), WriteError> {
        let of = Extent { item: REGIONS, offset: self.regions_at(), size: self.buckets_at() - self.regions_at() };
        emitter.rows(of, Vec::new(), Regions::new(self.ranges.bounds()), |out, Cut { region, .. }| {
            encode::put(
                out,
                CompressedRegion {
                    number: region.number,
                    address: region.address,
                    bucket: region.bucket,
                    size: region.size,
                    offset_in_bucket: region.offset,
                },
            );
        })
    }

    fn write_buckets<W: Write>(&self, emitter: &mut Emitter<'_, '_, W>, bytes: Vec<u8>) -> Result<(), WriteError> {
        emitter.write_now(Extent { item: BUCKETS, offset: self.buckets_at(), size: bytes.len() as u64 }, &bytes)
    }
}

fn encoded_rows(rows: &[CompressedBucket]) -> Vec<u8> {
    let mut out = Vec::new();
    rows.iter().for_each(|&row| encode::put(&mut out, row));
    out
}

/// Returns the saving in per cent, rounded; 0 if there is none.
fn percent_saved(before: u64, after: u64) -> u64 {
    let (before, after) = (u128::from(before).max(1), u128::from(after));
    let left = (100 * after + before / 2) / before;
    u64::try_from(left).map_or(0, |left| 100u64.saturating_sub(left))
}
