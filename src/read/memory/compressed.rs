//! The CompressedMemory stream: the arrays of regions and buckets. To read the contents of buckets by address, use
//! [`Memory`](crate::read::Memory).

use crate::error::ReadError;
use crate::format::StreamType;
use crate::format::compressed_memory::{CompressedBucket, CompressedMemoryHeader, CompressedRegion};

use crate::read::dump_bytes::DumpBytes;
use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::{FromStream, RawStream};

impl<'a> Record<'a> for CompressedRegion {
    const LIST: &'static str = "array of regions";
    const SIZE: u64 = Self::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        dump.bytes().read(<Self as Record>::LIST, offset)
    }
}

impl<'a> Record<'a> for CompressedBucket {
    const LIST: &'static str = "array of buckets";
    const SIZE: u64 = Self::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        dump.bytes().read(<Self as Record>::LIST, offset)
    }
}

/// Compressed memory, without its contents: the addresses of its regions, and the positions of its buckets.
///
/// The arrays may be anywhere in the file. The stream itself consists only of the header.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompressedMemory<'a> {
    header: CompressedMemoryHeader,
    regions: List<'a, CompressedRegion>,
    buckets: List<'a, CompressedBucket>,
}

impl<'a> CompressedMemory<'a> {
    /// Returns the header as it is in the file.
    #[must_use]
    pub const fn header(&self) -> &CompressedMemoryHeader {
        &self.header
    }

    /// Returns the regions whose entries are in the file, in the order of the file, which is that of their addresses.
    #[must_use]
    pub const fn regions(&self) -> &List<'a, CompressedRegion> {
        &self.regions
    }

    /// Returns the buckets whose entries are in the file, in the order of their IDs.
    #[must_use]
    pub const fn buckets(&self) -> &List<'a, CompressedBucket> {
        &self.buckets
    }

    /// Returns the total compressed and uncompressed sizes of all buckets, according to their entries.
    pub(crate) fn sizes(&self) -> (u64, u64) {
        self.buckets.iter().fold((0, 0), |(packed, plain), bucket| {
            (
                packed.saturating_add(bucket.compressed_size.into()),
                plain.saturating_add(bucket.uncompressed_size.into()),
            )
        })
    }
}

impl<'a> FromStream<'a> for CompressedMemory<'a> {
    const STREAM_TYPE: StreamType = StreamType::COMPRESSED_MEMORY;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let header: CompressedMemoryHeader = stream.read("header of compressed memory", 0)?;
        let dump = stream.dump();
        // The count is used regardless of the declared size of the array, as in the debugger engine.
        fn array<'a, R: Record<'a>>(dump: &DumpBytes<'a>, offset: u64, count: u64) -> List<'a, R> {
            List::at(dump, R::LIST, offset, R::SIZE, count, count.saturating_mul(R::SIZE))
        }
        Ok(Self {
            header,
            regions: array(dump, header.region_array_offset, header.number_of_regions),
            buckets: array(dump, header.bucket_array_offset, header.number_of_buckets),
        })
    }
}
