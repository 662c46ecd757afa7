//! What stands at the start of a minidump, and the directory of its streams.

use crate::format::location::{LocationDescriptor, Rva};
use crate::format::stream::types::StreamType;

/// The letters `MDMP` as a little-endian number: what a minidump begins with.
#[doc(alias = "MINIDUMP_SIGNATURE")]
pub const SIGNATURE: u32 = 0x504D_444D;

/// The only version there is, in the low 16 bits of the version word.
#[doc(alias = "MINIDUMP_VERSION")]
pub const VERSION: u32 = 0xA793;

structure! {
    /// First bytes of every minidump.
    #[doc(alias = "MINIDUMP_HEADER")]
    pub struct Header {
        /// [`SIGNATURE`], which also tells the byte order; 0 was observed where Crashpad died while writing.
        pub signature: u32,
        /// [`VERSION`] in the low 16 bits; the high 16 are the producer's own business.
        pub version: u32,
        /// Entries of the directory, unused ones included; 0 for a dump without streams.
        pub number_of_streams: u32,
        /// Where the directory begins; Crashpad writes 0 if there are no streams.
        pub stream_directory_rva: Rva,
        /// Not computed by any known producer, which all write 0.
        pub check_sum: u32,
        /// When the dump was written, in seconds since the start of 1970, UTC; 0 if the producer did not say.
        pub time_date_stamp: u32,
        /// What the producer was asked for, as [`MinidumpType`](crate::format::MinidumpType).
        ///
        /// 0 tells nothing: Breakpad, Crashpad and LLDB leave it so whatever they store.
        #[doc(alias = "MINIDUMP_TYPE")]
        pub flags: u64,
    }
}

structure! {
    /// One stream: its type and its place.
    #[doc(alias = "MINIDUMP_DIRECTORY")]
    pub struct DirectoryEntry {
        /// What the stream holds; 0 ([`StreamType::UNUSED`]) marks an entry to be skipped.
        pub stream_type: StreamType,
        /// The bytes of the stream, without what it refers to.
        pub location: LocationDescriptor,
    }
}
