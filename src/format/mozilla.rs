//! What Mozilla's crash reporter adds on macOS.
//!
//! None of this is Microsoft's; the structures follow the crates minidump-common and minidump-writer.

use scroll::{Pread, Pwrite, SizeWith};

use super::location::{LocationDescriptor, Rva64};
use super::stream_type::StreamType;

/// Head of the MozMacCrashInfo stream: where the records are that libraries left in their `__crash_info` sections.
#[doc(alias = "MINIDUMP_MAC_CRASH_INFO")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pread, Pwrite, SizeWith)]
pub struct MacCrashInfo {
    /// The type of the stream again.
    pub stream_type: StreamType,
    /// How many of the records are in use, 20 at most.
    pub record_count: u32,
    /// Where in each record its texts begin, in bytes from the start of the record.
    pub record_start_size: u32,
    /// Where the records are; all of them have the same version.
    pub records: [LocationDescriptor; 20],
}

impl MacCrashInfo {
    /// Size of the structure in the file, in bytes.
    pub const SIZE: usize = 172;
}

/// Head of a record, the whole of it in versions before 4.
#[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pread, Pwrite, SizeWith)]
pub struct MacCrashInfoRecord {
    /// The type of the stream once more.
    pub stream_type: u64,
    /// Version of Apple's structure `crashreporter_annotations_t` that the record was made of.
    pub version: u64,
}

impl MacCrashInfoRecord {
    /// Size of the structure in the file, in bytes.
    pub const SIZE: usize = 16;
}

/// A record of version 4, without its texts.
#[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD_4")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pread, Pwrite, SizeWith)]
pub struct MacCrashInfoRecord4 {
    /// What every version has.
    pub record: MacCrashInfoRecord,
    /// The thread that wrote the message.
    pub thread: u64,
    /// How the system was to tell the user.
    pub dialog_mode: u64,
}

impl MacCrashInfoRecord4 {
    /// Size of the structure in the file, in bytes.
    pub const SIZE: usize = 32;
}

/// A record of version 5, without its texts.
#[doc(alias = "MINIDUMP_MAC_CRASH_INFO_RECORD_5")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pread, Pwrite, SizeWith)]
pub struct MacCrashInfoRecord5 {
    /// What version 4 has.
    pub record4: MacCrashInfoRecord4,
    /// Why the program stopped itself.
    pub abort_cause: u64,
}

impl MacCrashInfoRecord5 {
    /// Size of the structure in the file, in bytes.
    pub const SIZE: usize = 40;
}

/// The MozMacBootArgs stream: the arguments with which the kernel was started.
#[doc(alias = "MINIDUMP_MAC_BOOTARGS")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pread, Pwrite, SizeWith)]
pub struct MacBootArgs {
    /// The type of the stream again.
    pub stream_type: StreamType,
    /// Where the arguments are, a `MINIDUMP_STRING`; 0 if there are none.
    pub bootargs: Rva64,
}

impl MacBootArgs {
    /// Size of the structure in the file, in bytes.
    pub const SIZE: usize = 12;
}

/// The same as a compiler would lay it out. No file that has it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pread, Pwrite, SizeWith)]
pub struct MacBootArgsAligned {
    /// The type of the stream again.
    pub stream_type: StreamType,
    /// Padding.
    pub alignment: u32,
    /// Where the arguments are, a `MINIDUMP_STRING`; 0 if there are none.
    pub bootargs: Rva64,
}

impl MacBootArgsAligned {
    /// Size of the structure in the file, in bytes.
    pub const SIZE: usize = 16;
}
