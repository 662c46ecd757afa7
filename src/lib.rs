//! Windows user-mode crash dumps: read without loss, written in one pass, re-encoded as the debugger would.
//!
//! A *minidump* is the file in which a process is left behind when it crashes: its threads, modules, handles and as much
//! of its memory as somebody asked for. Debuggers, crash reporters (Breakpad, Crashpad, minidump-writer), LLDB and Wine
//! write them, on Windows and elsewhere. This crate
//!
//! - **reads** them ([`read`]): views over borrowed bytes, both byte orders, every stream in the order of the file, with
//!   duplicates, overlaps and damage; one broken thing spoils only itself;
//! - **writes** them ([`write`](mod@write)): everything has its place before the first byte goes out, in one pass,
//!   without seeking and without a copy of the memory contents, far beyond 4 GiB;
//! - **re-encodes** them ([`mod@redump`]): a dump goes in, and out comes what `.dump /m[options]` would have written in
//!   the debugger.
//!
//! It does not walk stacks, find symbols or judge how exploitable a crash is, and it does not capture live processes.
//!
//! # Examples
//!
//! List the modules of a dump:
//!
//! ```
//! use userdump::read::{Minidump, ModuleList};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut dump = userdump::MinidumpBuilder::new();
//! # let name = dump.text("C:\\app.exe");
//! # dump.module(userdump::format::Module { base_of_image: 0x1_4000_0000, ..Default::default() }, name, None, None);
//! # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, b"some text"));
//! # let mut file = Vec::new();
//! # dump.plan()?.write_to(&mut file)?;
//! let dump = Minidump::parse(&file)?;
//! for module in dump.stream::<ModuleList>()?.into_iter().flatten() {
//!     println!("{:#x} {}", module.base(), module.name()?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Read memory by address, across ranges that touch:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut dump = userdump::MinidumpBuilder::new();
//! # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, b"some "));
//! # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0005, b"text"));
//! # let mut file = Vec::new();
//! # dump.plan()?.write_to(&mut file)?;
//! # let dump = userdump::Minidump::parse(&file)?;
//! let memory = dump.memory();
//! let mut text = [0; 9];
//! assert_eq!(memory.read(0x20_0000, &mut text), 9);
//! assert_eq!(&text, b"some text");
//! # Ok(())
//! # }
//! ```
//!
//! Make a small dump out of a large one, as `.dump /mFt` does:
//!
//! ```no_run
//! use userdump::{Dump, MappedFile, redump};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = MappedFile::open("full.dmp")?;
//! let report = redump(&Dump::parse(&file)?, &"/mFt".parse()?, std::fs::File::create("small.dmp")?)?;
//! println!("{} bytes, {} memory ranges", report.size, report.memory_ranges);
//! # Ok(())
//! # }
//! ```
//!
//! # Streams
//!
//! *Typed* streams have a view in [`read`] and, where it says so, a method of [`MinidumpBuilder`]; every other stream is
//! read and written as bytes ([`read::Stream::Raw`], [`MinidumpBuilder::stream`]). *Rewritten* streams are decoded and
//! encoded anew when a dump is re-encoded, *copied* ones go byte for byte, *relocated* ones with the file offsets in them
//! moved. Names are those of [`format::StreamType`].
//!
//! | stream | read | written | re-encoded |
//! |---|---|---|---|
//! | ThreadList | typed | typed | rewritten |
//! | ModuleList | typed | typed | rewritten |
//! | MemoryList | typed | typed | by address |
//! | Exception | typed | typed | rewritten, all of them |
//! | SystemInfo | typed | typed | rewritten |
//! | ThreadExList | typed | typed | rewritten |
//! | Memory64List | typed | typed | by address |
//! | CommentA | typed | bytes | copied |
//! | CommentW | typed | typed | copied |
//! | HandleData | typed | typed | rewritten, with `h` |
//! | FunctionTable | typed | bytes | copied |
//! | UnloadedModuleList | typed | typed | rewritten, with `u` |
//! | MiscInfo | typed | typed | rewritten |
//! | MemoryInfoList | typed | typed | rewritten, with `F` |
//! | ThreadInfoList | typed | typed | rewritten, with `t` |
//! | HandleOperationList | typed | bytes | copied |
//! | Token | typed | bytes | copied |
//! | JavaScriptData | typed | bytes | copied |
//! | SystemMemoryInfo | typed | bytes | copied |
//! | ProcessVmCounters | typed | bytes | copied |
//! | IptTrace | typed | bytes | copied, not examined |
//! | ThreadNames | typed | typed | rewritten |
//! | WineHostModuleList | typed | bytes | relocated |
//! | CrashpadInfo | typed | bytes | relocated |
//! | BreakpadInfo, AssertionInfo | typed | bytes | copied |
//! | LinuxCpuInfo, LinuxProcStatus, LinuxLsbRelease, LinuxCmdLine, LinuxEnviron, LinuxAuxv, LinuxMaps | typed | bytes | copied |
//! | LinuxDsoDebug | typed | bytes | relocated |
//! | LinuxProcStat, LinuxProcUptime, LinuxProcFd | typed | bytes | copied |
//! | MozMacCrashInfo, MozMacBootArgs | typed | bytes | relocated |
//! | MozLinuxLimits, MozSoftErrors | typed | bytes | copied |
//! | Kasko, StabilityReport, LLDBGenerated | bytes | bytes | copied |
//! | FacebookLogcat, FacebookAppCustomData, FacebookBuildID, FacebookAppVersionName, FacebookJavaStack, FacebookDalvikInfo, FacebookUnwindSymbols, FacebookDumpErrorLog, FacebookAppStateLog, FacebookAbortReason, FacebookThreadName | bytes | bytes | copied |
//! | ceStreamNull, ceStreamSystemInfo, ceStreamException, ceStreamModuleList, ceStreamProcessList, ceStreamThreadList, ceStreamThreadContextList, ceStreamThreadCallStackList, ceStreamMemoryVirtualList, ceStreamMemoryPhysicalList, ceStreamBucketParameters, ceStreamProcessModuleMap, ceStreamDiagnosisList | bytes | bytes | copied, not examined |
//! | types without a name | bytes | bytes | copied, not examined below `0x10000` |
//!
//! # Features
//!
//! - `std` (default): [`write`](mod@write) and [`mod@redump`]. Without it the crate is `no_std` and needs `alloc`.
//! - `mmap` (default): [`MappedFile`]. Its documentation says what a mapping asks of you.
//!
//! # Limits
//!
//! Dumps of either byte order are read; little-endian ones are written, and big-endian ones are not re-encoded yet. The
//! older full user dumps (`USERDUMP`, `USERDU64`) are read, and not re-encoded yet. On a 32-bit host a file must fit into
//! its address space.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, missing_debug_implementations, unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::undocumented_unsafe_blocks
)]

extern crate alloc;

pub mod error;
#[cfg(feature = "mmap")]
mod file;
pub mod format;
pub mod read;
#[cfg(feature = "std")]
pub mod redump;
#[cfg(feature = "std")]
pub mod write;

pub use error::ReadError;
#[cfg(feature = "std")]
pub use error::{RedumpError, WriteError};
#[cfg(feature = "mmap")]
pub use file::MappedFile;
pub use read::{Dump, Minidump};
#[cfg(feature = "std")]
pub use redump::redump;
#[cfg(feature = "std")]
pub use write::MinidumpBuilder;

/// Compiles the example of the README.
#[cfg(all(doctest, feature = "mmap"))]
#[doc = include_str!("../README.md")]
struct Readme;
