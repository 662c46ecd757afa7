//! Memory that is compressed in buckets (`MiniDumpWithMemoryCompressed`), which dbgcore writes since 2026.
//!
//! Microsoft has not documented the format. This description is based on files from the writer, and on what its reader,
//! the debugger engine 10.0.29507, accepts and rejects.

use crate::format::location::Rva64;

structure! {
    /// The header of the CompressedMemory stream: the file offsets and sizes of the arrays of regions and of buckets.
    ///
    /// All offsets are in bytes from the start of the file.
    pub struct CompressedMemoryHeader {
        /// Size of this structure in bytes, 192.
        pub size_of_header: u32,
        /// Version of the format, 2.
        pub version: u32,
        /// [`CompressedMemoryHeader::SIGNATURE`].
        pub signature: u64,
        /// An identifier that differs from dump to dump.
        pub dump_id: u64,
        /// The process ID.
        pub process_id: u64,
        /// Largest uncompressed size of a bucket in bytes. The engine hangs if this is 0, and stops at a bucket that is
        /// larger.
        pub max_transfer_size: u64,
        /// File offset of this structure.
        pub compressed_stream_offset: Rva64,
        /// Size in bytes from this structure to the end of the file.
        pub compressed_stream_size: u64,
        /// Uncompressed size of all buckets in bytes.
        pub uncompressed_size: u64,
        /// Compressed size of all buckets in bytes.
        pub compressed_size: u64,
        /// Space saved by the compression in percent, rounded.
        pub percent_saved: u64,
        /// Number of entries in the array of regions.
        pub number_of_regions: u64,
        /// File offset of the array of [regions](CompressedRegion).
        pub region_array_offset: Rva64,
        /// Size of the array of regions in bytes: 32 for each region.
        pub region_array_size: u64,
        /// Number of entries in the array of buckets.
        pub number_of_buckets: u64,
        /// File offset of the array of [buckets](CompressedBucket).
        pub bucket_array_offset: Rva64,
        /// Size of the array of buckets in bytes: 40 for each bucket.
        pub bucket_array_size: u64,
        /// File offset of the contents of the buckets; the engine does not check it.
        pub bucket_stream_offset: Rva64,
        /// Size of the contents of the buckets in bytes, including gaps.
        pub bucket_stream_size: u64,
        /// [`CompressedMemoryHeader::LZ4`]; the engine assumes LZ4 regardless of the value.
        pub compression_lib_type: u32,
        /// 0 in every file seen.
        pub reserved: [u32; 11],
    }
}

impl CompressedMemoryHeader {
    /// The signature of the header, the bytes `!!pmdz!!`.
    pub const SIGNATURE: u64 = u64::from_le_bytes(*b"!!pmdz!!");
    /// The only known version.
    pub const VERSION: u32 = 2;
    /// LZ4: a bucket is one LZ4 block without a frame.
    pub const LZ4: u32 = 1;
}

structure! {
    /// A memory range, or a part of one, in a bucket. The array is sorted by address.
    pub struct CompressedRegion {
        /// Index in the array of regions.
        pub number: u64,
        /// Virtual address of the first byte.
        pub address: u64,
        /// Index of the bucket that contains the region.
        pub bucket: u64,
        /// Size in bytes.
        pub size: u32,
        /// Offset of the region in the uncompressed contents of the bucket, in bytes.
        pub offset_in_bucket: u32,
    }
}

structure! {
    /// A bucket: memory that is compressed as one block.
    pub struct CompressedBucket {
        /// Index in the array of buckets.
        pub number: u64,
        /// Uncompressed size in bytes.
        pub uncompressed_size: u32,
        /// Compressed size, as stored in the file, in bytes.
        pub compressed_size: u32,
        /// File offset of the compressed contents.
        pub offset: Rva64,
        /// Index of the first region in the bucket.
        pub first_region: u64,
        /// Number of consecutive regions in the bucket.
        pub number_of_regions: u64,
    }
}
