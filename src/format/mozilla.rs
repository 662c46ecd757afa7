//! Streams that Mozilla's crash reporter adds on macOS.
//!
//! They are not defined by Microsoft; the structures follow the crates minidump-common and minidump-writer.

use crate::format::location::{LocationDescriptor, Rva64};
use crate::format::stream::types::StreamType;

structure! {
    /// The header of the MozMacCrashInfo stream, with the locations of the records that libraries left in their
    /// `__crash_info` sections.
    #[doc(alias = "MINIDUMP_MAC_CRASH_INFO")]
    pub struct MacCrashInfo {
        /// Type of the stream, as in the directory.
        pub stream_type: StreamType,
        /// Number of records in use, at most 20.
        pub record_count: u32,
        /// Offset of the strings in each record in bytes.
        pub record_start_size: u32,
        /// Locations of the records. All records have the same version.
        pub records: [LocationDescriptor; MacCrashInfo::MAXIMUM_RECORDS],
    }
}

impl MacCrashInfo {
    /// Number of entries in `records`.
    pub const MAXIMUM_RECORDS: usize = 20;
}

structure! {
    /// The header of a record. Records of versions before 4 have no other fields before the strings.
    #[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD")]
    pub struct MacCrashInfoRecord {
        /// Type of the stream, as in the directory.
        pub stream_type: u64,
        /// Version of Apple's `crashreporter_annotations_t`, from which the record was made.
        pub version: u64,
    }
}

structure! {
    /// A record of version 4, without its strings.
    #[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD_4")]
    pub struct MacCrashInfoRecord4 {
        /// The fields of all versions.
        pub record: MacCrashInfoRecord,
        /// The thread that wrote the message.
        pub thread: u64,
        /// How the system should inform the user.
        pub dialog_mode: u64,
    }
}

structure! {
    /// A record of version 5, without its strings.
    #[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD_5")]
    pub struct MacCrashInfoRecord5 {
        /// The fields of version 4.
        pub record4: MacCrashInfoRecord4,
        /// The reason why the program aborted itself.
        pub abort_cause: u64,
    }
}

structure! {
    /// The MozMacBootArgs stream: the boot arguments of the kernel.
    #[doc(alias = "MINIDUMP_MAC_BOOTARGS")]
    pub struct MacBootArgs {
        /// Type of the stream, as in the directory.
        pub stream_type: StreamType,
        /// RVA of the arguments, a `MINIDUMP_STRING`; 0 if there are none.
        pub bootargs: Rva64,
    }
}

structure! {
    /// The MozMacBootArgs stream in the layout of a C compiler. No known file uses it.
    pub struct MacBootArgsAligned {
        /// Type of the stream, as in the directory.
        pub stream_type: StreamType,
        /// Padding.
        pub alignment: u32,
        /// RVA of the arguments, a `MINIDUMP_STRING`; 0 if there are none.
        pub bootargs: Rva64,
    }
}
