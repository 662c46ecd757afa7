//! Views of a dump: bytes are checked once and decoded when they are asked for.
//!
//! A view borrows the file (`&'a [u8]`), is cheap to copy and allocates nothing while it is walked; an owned `String`
//! or `Vec` appears only where a method says so. Both byte orders are read: the order is found once, from the
//! signature, and travels inside the views.
//!
//! # Absent, broken, cut short
//!
//! A stream that the dump lacks is `Ok(None)`. A stream whose head cannot be read is an error of that stream and of no
//! other. A list that announces more entries than its stream or the file holds keeps those that are there; its
//! [`List::fault`] says what is missing. A name, context or CodeView record behind a wrong RVA is an error of that
//! item. [`Minidump::check`] goes through all of this and reports what is wrong.
//!
//! # Addresses of 32-bit targets
//!
//! Debuggers hold the addresses of 32-bit targets sign-extended and write them so, other producers extend them with
//! zeros. Views give the number that the file has; every comparison and look-up of this module masks both sides to 32
//! bits first ([`Target::mask`]).

#[macro_use]
mod text_stream;

mod ansi;
mod any;
mod breakpad;
mod buckets;
mod budget;
mod by_address;
mod bytes;
mod check;
mod comment;
mod context;
mod counters;
mod crashpad;
mod debug_misc;
mod directory;
mod dump;
mod dump_bytes;
mod exception;
mod finding;
mod full_user_dump;
mod function_table;
mod handle;
#[cfg(feature = "std")]
mod image;
mod index;
mod interval;
mod linux;
mod list;
mod memory;
mod memory_info;
mod minidump;
mod misc;
mod module;
mod mozilla;
mod opaque;
#[cfg(feature = "std")]
mod owned;
mod reason;
mod references;
mod regions;
mod stream;
mod streams;
mod string;
mod system;
mod target;
mod thread;
mod thread_ex;
mod threads;
mod token;
mod utf8;
mod value;
mod wine;
mod xstate;

pub use ansi::Ansi;
pub use any::{AnyException, AnyModule, AnyText, AnyThread};
pub use breakpad::{AssertionInfo, BreakpadInfo};
#[cfg(feature = "std")]
pub(crate) use budget::Budget;
pub use by_address::{Addressed, ByAddress};
pub use bytes::ByteOrder;
pub use comment::{CommentA, CommentW};
pub use context::{Context, Register, RegisterValue};
pub use counters::{ProcessVmCounters, SystemMemoryInfo};
pub use crashpad::{
    Annotation, AnnotationList, CrashpadInfo, CrashpadModule, CrashpadModuleList, StringDictionary,
    StringDictionaryEntry, TextList, TextListEntry,
};
pub use debug_misc::{DebugMisc, DebugMiscName};
pub use directory::{Directory, DirectoryEntries};
pub use dump::Dump;
pub use dump_bytes::DumpBytes;
pub use exception::{Exception, Exceptions};
pub use finding::{Finding, FindingCode};
pub use full_user_dump::{
    FullUserDump, StoredRegion, StoredRegions, UserException, UserModule, UserModules, UserThread, UserThreadList,
    UserThreads, VersionInformation, VersionTexts,
};
pub use function_table::{FunctionTable, FunctionTableList, FunctionTables};
pub use handle::{Handle, HandleData, HandleObject, HandleObjects, HandleOperationList};
#[cfg(feature = "std")]
pub use image::{Image, ImageSection};
pub use index::{Memory, VisibleRanges};
#[cfg(feature = "std")]
pub(crate) use interval::{Interval, Span, any_has, overlapping, position, settle, united};
pub use linux::{
    AuxEntry, Field, LinkMap, LinkMapList, LinuxAuxv, LinuxCmdLine, LinuxCpuInfo, LinuxDsoDebug, LinuxEnviron,
    LinuxLimit, LinuxLsbRelease, LinuxMapping, LinuxMaps, LinuxProcFd, LinuxProcStat, LinuxProcStatus, LinuxProcUptime,
    LinuxProcessor, MozLinuxLimits,
};
pub use list::{Iter, List, Record};
pub use memory::{Memory64List, Memory64Ranges, MemoryList, MemoryRange};
pub use memory_info::{MemoryInfo, MemoryInfoList};
pub use minidump::{Minidump, RawStreams};
pub use misc::{MiscInfo, ProcessorPower};
pub use module::{CodeView, HostModuleList, Module, ModuleList, UnloadedModule, UnloadedModuleList};
pub use mozilla::{MacCrashInfoRecord, MozMacBootArgs, MozMacCrashInfo, MozSoftErrors};
pub use opaque::{IptTrace, JavaScriptData};
#[cfg(feature = "std")]
pub(crate) use owned::OwnedMinidump;
pub use reason::{Access, CrashReason, WindowsDetail};
#[cfg(feature = "std")]
pub(crate) use references::parts_within;
pub use references::{Part, Parts, Reference, parts};
pub use regions::{MemoryRegion, MemoryRegions, RegionDetail};
pub use stream::{FromStream, RawStream};
pub use streams::{Stream, Streams};
pub use string::Utf16;
pub use system::{CpuInformation, SystemInfo};
pub use target::Target;
pub use thread::{Thread, ThreadInfo, ThreadInfoList, ThreadList, ThreadName, ThreadNames};
pub use thread_ex::{ThreadEx, ThreadExList};
pub use token::{Token, TokenInfoList, Tokens};
pub use utf8::Utf8;
pub use wine::WineInfo;
pub use xstate::{CetUser, XState, XStateFeature};
