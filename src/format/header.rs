//! The header of a minidump, and the directory of its streams.

use crate::format::location::{LocationDescriptor, Rva};
use crate::format::stream::types::StreamType;

/// The signature of a minidump: the letters `MDMP` as a little-endian number.
#[doc(alias = "MINIDUMP_SIGNATURE")]
pub const SIGNATURE: u32 = 0x504D_444D;

/// The only version of the format, in the low 16 bits of the version field.
#[doc(alias = "MINIDUMP_VERSION")]
pub const VERSION: u32 = 0xA793;

structure! {
    /// The header of a minidump, at the start of the file.
    ///
    /// ```
    /// use scroll::{LE, Pread};
    /// use userdump::format::header::{Header, SIGNATURE};
    ///
    /// let file = [b"MDMP\x93\xa7\0\0\x0d\0\0\0\x20\0\0\0".as_slice(), &[0; 16]].concat();
    /// let header: Header = file.pread_with(0, LE)?;
    /// assert_eq!((header.signature, header.number_of_streams), (SIGNATURE, 13));
    /// # Ok::<(), scroll::Error>(())
    /// ```
    #[doc(alias = "MINIDUMP_HEADER")]
    pub struct Header {
        /// [`SIGNATURE`], from which the byte order is determined. 0 was observed in files of a Crashpad that died
        /// while writing.
        pub signature: u32,
        /// [`VERSION`] in the low 16 bits. The high 16 bits are specific to the producer.
        pub version: u32,
        /// Number of directory entries, including unused ones; 0 for a dump without streams.
        pub number_of_streams: u32,
        /// RVA of the directory. Crashpad writes 0 if there are no streams.
        pub stream_directory_rva: Rva,
        /// Checksum. No known producer computes it; all write 0.
        pub check_sum: u32,
        /// Time at which the dump was written, in seconds since 1970 (UTC); 0 if it was not recorded.
        pub time_date_stamp: u32,
        /// What the producer was asked to store, as [`MinidumpType`](crate::format::MinidumpType).
        ///
        /// 0 does not mean that optional data is missing: Breakpad, Crashpad and LLDB always write 0.
        #[doc(alias = "MINIDUMP_TYPE")]
        pub flags: u64,
    }
}

structure! {
    /// A directory entry: the type and the location of a stream.
    #[doc(alias = "MINIDUMP_DIRECTORY")]
    pub struct DirectoryEntry {
        /// Type of the stream. Entries of type 0 ([`StreamType::UNUSED`]) are skipped.
        pub stream_type: StreamType,
        /// Location of the stream, not including the data that it refers to.
        pub location: LocationDescriptor,
    }
}
