//! Memory that is compressed, in buckets: `MiniDumpWithMemoryCompressed`, which dbgcore writes since 2026.
//!
//! Microsoft has not documented it. What is said here was measured on files of the writer and by what its reader, the
//! debugger engine 10.0.29507, takes and refuses.

use crate::format::location::Rva64;

structure! {
    /// The CompressedMemory stream: where the arrays of regions and of buckets are, and how much they hold.
    ///
    /// All positions are from the start of the file.
    pub struct CompressedMemoryHeader {
        /// Size of this structure in bytes, 192.
        pub size_of_header: u32,
        /// Version of the format, 2.
        pub version: u32,
        /// [`CompressedMemoryHeader::SIGNATURE`].
        pub signature: u64,
        /// A number that differs from dump to dump.
        pub dump_id: u64,
        /// The process ID.
        pub process_id: u64,
        /// The most bytes that a bucket has uncompressed. The engine hangs if it is 0, and ends at a bucket that is larger.
        pub max_transfer_size: u64,
        /// Where this structure is.
        pub compressed_stream_offset: Rva64,
        /// Bytes from there to the end of the file.
        pub compressed_stream_size: u64,
        /// Uncompressed bytes of all buckets.
        pub uncompressed_size: u64,
        /// Compressed bytes of all buckets.
        pub compressed_size: u64,
        /// How many per cent smaller the compressed bytes are, rounded.
        pub percent_saved: u64,
        /// Entries of the array of regions.
        pub number_of_regions: u64,
        /// Where the array of regions is.
        pub region_array_offset: Rva64,
        /// Its size in bytes: 32 for each region.
        pub region_array_size: u64,
        /// Entries of the array of buckets.
        pub number_of_buckets: u64,
        /// Where the array of buckets is.
        pub bucket_array_offset: Rva64,
        /// Its size in bytes: 40 for each bucket.
        pub bucket_array_size: u64,
        /// Where the bytes of the buckets begin; not checked by the engine.
        pub bucket_stream_offset: Rva64,
        /// How many bytes they take, with gaps.
        pub bucket_stream_size: u64,
        /// [`CompressedMemoryHeader::LZ4`]; the engine takes everything for that.
        pub compression_lib_type: u32,
        /// 0 in every file seen.
        pub reserved: [u32; 11],
    }
}

impl CompressedMemoryHeader {
    /// `!!pmdz!!`.
    pub const SIGNATURE: u64 = u64::from_le_bytes(*b"!!pmdz!!");
    /// The version that is known.
    pub const VERSION: u32 = 2;
    /// A bucket is a block of LZ4, without a frame.
    pub const LZ4: u32 = 1;
}

structure! {
    /// A range of memory, or a part of one, in a bucket. Regions are sorted by address.
    pub struct CompressedRegion {
        /// Its place in the array.
        pub number: u64,
        /// Virtual address of the first byte.
        pub address: u64,
        /// The number of the bucket that has it.
        pub bucket: u64,
        /// Size in bytes.
        pub size: u32,
        /// Where it starts in the uncompressed bytes of the bucket.
        pub offset_in_bucket: u32,
    }
}

structure! {
    /// Memory that is compressed as one block.
    pub struct CompressedBucket {
        /// Its place in the array.
        pub number: u64,
        /// Uncompressed bytes.
        pub uncompressed_size: u32,
        /// Bytes in the file.
        pub compressed_size: u32,
        /// Where they are.
        pub offset: Rva64,
        /// The number of its first region.
        pub first_region: u64,
        /// How many regions it has, one behind the other.
        pub number_of_regions: u64,
    }
}
