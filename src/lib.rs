//! Windows user-mode crash dumps: read without loss, written in one pass, re-encoded as the debugger would.
//!
//! A *minidump* is the file in which a process is left behind when it crashes: its threads, modules, handles and as much
//! of its memory as somebody asked for. Debuggers, crash reporters (Breakpad, Crashpad, minidump-writer), LLDB and Wine
//! write them, on Windows and elsewhere. This crate
//!
//! - **reads** them ([`read`]): views over borrowed bytes, both byte orders, every stream in the order of the file, with
//!   duplicates, overlaps and damage; one broken thing spoils only itself;
//! - **writes** them ([`write`]): everything has its place before the first byte goes out, in one pass,
//!   without seeking and without a copy of the memory contents, far beyond 4 GiB;
//! - **re-encodes** them ([`redump`]): a dump goes in, and out comes what `.dump /m[options]` would have written in
//!   the debugger.
//!
//! With [compressed memory] a full dump takes about a third of the room, and WinDbg opens it as it is.
//!
//! The older *full user dump*, `USERDUMP` or `USERDU64`, is read, written and re-encoded as well: see [Formats](#formats).
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
//! Ask a dump of any format where it crashed, and for the identifiers that symbol servers want:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = std::fs::read("crash.dmp")?;
//! let dump = userdump::Dump::parse(&file)?;
//! let (memory, modules) = (dump.memory(), dump.modules_by_address());
//! if let Some(exception) = dump.exceptions().next() {
//!     println!("{} in thread {}", exception.reason(), exception.thread_id());
//!     if let Some(place) = exception.instruction(&modules) {
//!         println!("at {place}"); // at app.exe+0x12f0
//!     }
//! }
//! for module in dump.modules() {
//!     println!("{:?} {:?}", module.debug_file(&memory), module.debug_id(&memory));
//! }
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
//! moved. Names are those of [`format::StreamType`], whose [rows](format::StreamType::row) say the same to programs.
//!
//! | stream | read | written | re-encoded | with `r` |
//! |---|---|---|---|---|
//! | ThreadList | typed | typed | rewritten | kept |
//! | ModuleList | typed | typed | rewritten | kept |
//! | MemoryList | typed | typed | by address | kept |
//! | Exception | typed | typed | rewritten, all of them | kept |
//! | SystemInfo | typed | typed | rewritten | kept |
//! | ThreadExList | typed | typed | rewritten | kept |
//! | Memory64List | typed | typed | by address | kept |
//! | CommentA | typed | bytes | copied | left out |
//! | CommentW | typed | typed | copied | left out |
//! | HandleData | typed | typed | rewritten, with `h` | kept |
//! | FunctionTable | typed | bytes | copied | kept |
//! | UnloadedModuleList | typed | typed | rewritten, with `u` | kept |
//! | MiscInfo | typed | typed | rewritten | kept |
//! | MemoryInfoList | typed | typed | rewritten, with `F` | kept |
//! | ThreadInfoList | typed | typed | rewritten, with `t` | kept |
//! | HandleOperationList | typed | bytes | copied | left out |
//! | Token | typed | bytes | copied | kept |
//! | JavaScriptData | typed | bytes | copied | left out |
//! | SystemMemoryInfo | typed | bytes | copied | kept |
//! | ProcessVmCounters | typed | bytes | copied | kept |
//! | IptTrace | typed | bytes | copied, not examined | left out |
//! | ThreadNames | typed | typed | rewritten | kept |
//! | CompressedMemory | typed | bytes | by address | kept |
//! | WineHostModuleList | typed | bytes | relocated | kept |
//! | CrashpadInfo | typed | bytes | relocated | left out |
//! | BreakpadInfo | typed | bytes | copied | kept |
//! | AssertionInfo | typed | bytes | copied | left out |
//! | LinuxCpuInfo, LinuxProcStatus, LinuxLsbRelease, LinuxAuxv, LinuxMaps | typed | bytes | copied | kept |
//! | LinuxCmdLine, LinuxEnviron | typed | bytes | copied | left out |
//! | LinuxDsoDebug | typed | bytes | relocated | kept |
//! | LinuxProcStat, LinuxProcUptime | typed | bytes | copied | kept |
//! | LinuxProcFd | typed | bytes | copied | left out |
//! | MozMacCrashInfo, MozMacBootArgs | typed | bytes | relocated | left out |
//! | MozLinuxLimits | typed | bytes | copied | kept |
//! | MozSoftErrors | typed | bytes | copied | left out |
//! | Kasko, StabilityReport | bytes | bytes | copied | left out |
//! | LLDBGenerated | bytes | bytes | copied | kept |
//! | FacebookLogcat, FacebookAppCustomData, FacebookAppVersionName, FacebookJavaStack, FacebookDalvikInfo, FacebookDumpErrorLog, FacebookAppStateLog, FacebookAbortReason, FacebookThreadName | typed | bytes | copied | left out |
//! | FacebookBuildID, FacebookUnwindSymbols | bytes | bytes | copied | left out |
//! | ceStreamNull, ceStreamSystemInfo, ceStreamException, ceStreamModuleList, ceStreamProcessList, ceStreamThreadList, ceStreamThreadContextList, ceStreamThreadCallStackList, ceStreamMemoryVirtualList, ceStreamMemoryPhysicalList, ceStreamBucketParameters, ceStreamProcessModuleMap, ceStreamDiagnosisList | bytes | bytes | copied, not examined | left out |
//! | types without a name | bytes | bytes | copied, not examined below `0x10000` | left out |
//!
//! # Features
//!
//! - `std` (default): [`write`], [`redump`] and [`read::module::Image`]. Without it the crate is `no_std` and needs
//!   `alloc`.
//! - `mmap` (default): [`MappedFile`]. Its documentation says what a mapping asks of you.
//! - `lz4` (default, needs `std`): the contents of [compressed memory], read and written, by the
//!   crate `lz4_flex`. Without it such dumps open, and what needs their memory is a [`ReadError::Bucket`] that names the
//!   feature; a plan with compressed memory is an error that says so, too.
//! - `debugid`: conversions of [`DebugId`](read::module::DebugId) and [`CodeId`](read::module::CodeId) from and to the types of
//!   the crate `debugid`, which `symbolic` and `minidump` use.
//!
//! # Formats
//!
//! A *minidump* is a header, a directory and streams; `/m` of the debugger and its letters choose what is in it. A *full user
//! dump* (`USERDUMP`, `USERDU64`, from `/f`) is what debuggers wrote before: a fixed set of tables, and all memory. The
//! columns say what each holds of a process.
//!
//! | | `/f` | `/ma` | `/mf` | `/m` |
//! |---|---|---|---|---|
//! | memory | all that can be read | all that can be read | all that can be read | stacks, code around instruction pointers |
//! | what is at other addresses: reserved, guard and no-access regions | no | yes | no | no |
//! | threads: number, priority, environment block, registers | yes | yes | yes | yes |
//! | bounds of stacks | in memory | yes | yes | yes |
//! | extended registers (AVX) | no | with `y` | with `y` | with `y` |
//! | times, start address and state of threads | no | yes | no | no |
//! | names of threads | no | if the writer knows them | if the writer knows them | if the writer knows them |
//! | modules: base, size, name | yes, in 8-bit characters | yes | yes | yes |
//! | time stamp, checksum, version, symbols of modules | in memory | yes | yes | yes |
//! | unloaded modules | no | yes | no | no |
//! | handles | no | yes | no | no |
//! | exception | yes, and whether it was at its first chance | yes | yes | yes |
//! | registers at the exception | those of the thread | yes | yes | yes |
//! | version of the system | yes | yes | yes | yes |
//! | processor, number of processors | kind | yes | yes | yes |
//! | time of the dump | in memory | yes | yes | yes |
//! | process number; times of the process | yes; no | yes; yes | yes; yes | yes; yes |
//! | comments, streams of programs | no | yes | yes | yes |
//! | largest file | 64-bit no limit, 32-bit 4 GiB | none | none | 4 GiB |
//!
//! Since 2026 dbgcore writes minidumps with *compressed memory*, about a third as large, which today's debugger opens. Here they
//! are read as any other: what is touched is unpacked, and up to 256 MiB of it are kept, or as much as
//! [`Dump::memory_with_cache`] is given. [`redump`] writes them plain, with `/ma` whole, for tools that do not know the form.
//! Without the feature `lz4` all but their memory is read.
//!
//! Write `/ma` to keep everything, `/m` with a few letters to send something. Write `/f` for old programs that read nothing
//! else: current debuggers only read it, and refuse to make one out of a dump, which [`redump`] does. A full user dump
//! that turns up can be made into any minidump.
//!
//! # Limits
//!
//! Minidumps of either byte order are read; little-endian ones are written, and big-endian ones are not re-encoded. Kernel
//! dumps, dumps of Windows CE and many files that are not dumps at all are refused by name
//! ([`ReadError::OtherFormat`]). On a 32-bit host a file must fit into its address space.
//!
#![cfg_attr(feature = "std", doc = "[`write`]: mod@write")]
#![cfg_attr(feature = "std", doc = "[`redump`]: mod@redump")]
#![cfg_attr(feature = "std", doc = "[compressed memory]: mod@write#compressed-memory")]
// Where a feature is off, the names of what it brings lead to the list of features.
#![cfg_attr(not(feature = "std"), doc = "[`write`]: #features")]
#![cfg_attr(not(feature = "std"), doc = "[`redump`]: #features")]
#![cfg_attr(not(feature = "std"), doc = "[compressed memory]: #features")]
#![cfg_attr(not(feature = "std"), doc = "[`MinidumpBuilder`]: #features")]
#![cfg_attr(not(feature = "std"), doc = "[`MinidumpBuilder::stream`]: #features")]
#![cfg_attr(not(feature = "std"), doc = "[`read::module::Image`]: #features")]
#![cfg_attr(not(feature = "mmap"), doc = "[`MappedFile`]: #features")]
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
pub use write::{FullUserDumpBuilder, MinidumpBuilder};

#[cfg(feature = "__count")]
#[doc(hidden)]
pub use read::work::steps as __steps;

/// Compiles the example of the README.
#[cfg(all(doctest, feature = "mmap"))]
#[doc = include_str!("../README.md")]
struct Readme;
