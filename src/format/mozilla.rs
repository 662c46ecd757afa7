//! What Mozilla's crash reporter adds on macOS.
//!
//! None of this is Microsoft's; the structures follow the crates minidump-common and minidump-writer.

use crate::format::location::{LocationDescriptor, Rva64};
use crate::format::stream::types::StreamType;

structure! {
    /// Head of the MozMacCrashInfo stream: where the records are that libraries left in their `__crash_info` sections.
    #[doc(alias = "MINIDUMP_MAC_CRASH_INFO")]
    pub struct MacCrashInfo {
        /// The type of the stream again.
        pub stream_type: StreamType,
        /// How many of the records are in use, 20 at most.
        pub record_count: u32,
        /// Where in each record its texts begin, in bytes from the start of the record.
        pub record_start_size: u32,
        /// Where the records are; all of them have the same version.
        pub records: [LocationDescriptor; MacCrashInfo::MAXIMUM_RECORDS],
    }
}

impl MacCrashInfo {
    /// How many records there is room for.
    pub const MAXIMUM_RECORDS: usize = 20;
}

structure! {
    /// Head of a record, the whole of it in versions before 4.
    #[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD")]
    pub struct MacCrashInfoRecord {
        /// The type of the stream once more.
        pub stream_type: u64,
        /// Version of Apple's structure `crashreporter_annotations_t` that the record was made of.
        pub version: u64,
    }
}

structure! {
    /// A record of version 4, without its texts.
    #[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD_4")]
    pub struct MacCrashInfoRecord4 {
        /// What every version has.
        pub record: MacCrashInfoRecord,
        /// The thread that wrote the message.
        pub thread: u64,
        /// How the system was to tell the user.
        pub dialog_mode: u64,
    }
}

structure! {
    /// A record of version 5, without its texts.
    #[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD_5")]
    pub struct MacCrashInfoRecord5 {
        /// What version 4 has.
        pub record4: MacCrashInfoRecord4,
        /// Why the program stopped itself.
        pub abort_cause: u64,
    }
}

structure! {
    /// The MozMacBootArgs stream: the arguments with which the kernel was started.
    #[doc(alias = "MINIDUMP_MAC_BOOTARGS")]
    pub struct MacBootArgs {
        /// The type of the stream again.
        pub stream_type: StreamType,
        /// Where the arguments are, a `MINIDUMP_STRING`; 0 if there are none.
        pub bootargs: Rva64,
    }
}

structure! {
    /// The same as a compiler would lay it out. No file that has it is known.
    pub struct MacBootArgsAligned {
        /// The type of the stream again.
        pub stream_type: StreamType,
        /// Padding.
        pub alignment: u32,
        /// Where the arguments are, a `MINIDUMP_STRING`; 0 if there are none.
        pub bootargs: Rva64,
    }
}
