//! Windows user-mode crash dumps: read without loss, written in one pass, re-encoded as the debugger would.
//!
//! A *minidump* is what is left of a process after a crash: its threads, modules and handles, and as much of its memory as
//! was asked for. Windows and its debuggers write minidumps; so do crash reporters (Breakpad, Crashpad, minidump-writer),
//! LLDB and Wine, on all platforms. This crate
//!
//! - **reads** them ([`read`]): views that borrow the bytes and decode on access. They cover both byte orders and every stream,
//!   with duplicates, overlaps and damage; one damaged part does not affect the rest;
//! - **writes** them ([`write`]): first a plan, in which every position is final, then one pass to any sink. Memory contents are
//!   not copied, and files may be far larger than 4 GiB;
//! - **re-encodes** them ([`redump`]): it converts any dump to the one that `.dump /m` with the same letters would write in
//!   the debugger, optionally with [compressed memory].
//!
//! The older *full user dump* (`USERDUMP`, `USERDU64`) is read, written and re-encoded as well: see [Formats](#formats).
//!
//! The crate does not walk stacks, load symbols or capture processes.
//!
//! # Examples
//!
//! Open a dump of any format and find out where the process crashed:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = "tests/fixtures/quick-start.dmp";
//! let file = std::fs::read(path)?;
//! let dump = userdump::Dump::parse(&file)?;
//!
//! let exception = dump.exceptions().next().expect("the process crashed");
//! assert_eq!(exception.reason().to_string(), "ACCESS_VIOLATION (0xc0000005) writing 0x1234");
//!
//! let modules = dump.modules_by_address();
//! let place = exception.instruction(&modules).expect("it crashed in a module");
//! assert_eq!(place.to_string(), "victim.exe+0x179a");
//!
//! for thread in dump.threads() {
//!     if let Some(pointer) = thread.registers().and_then(|registers| registers.instruction_pointer()) {
//!         println!("thread {:#x} at {pointer:#x}", thread.id());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! List the modules with their identifiers for symbol servers, and read memory by address:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
//! # let dump = userdump::Dump::parse(&file)?;
//! // The index of memory is built once and used for everything.
//! let memory = dump.memory();
//! for module in dump.modules() {
//!     println!("{:#x} {} {:?}", module.base(), module.name()?, module.debug_id(&memory));
//! }
//!
//! let stack = dump.crash_registers().and_then(|registers| registers.stack_pointer()).expect("there are registers");
//! let mut words = [0; 64];
//! assert_eq!(memory.read(stack, &mut words), 64);
//! assert_eq!(memory.read_pointer(stack), Some(u64::from_le_bytes(words[..8].try_into()?)));
//! # Ok(())
//! # }
//! ```
//!
//! To read at many addresses at once, which is several times faster in large dumps, see
//! [`Memory::read_pointers`](read::Memory::read_pointers). To keep a dump and its indexes in a structure of your own,
//! see [`OwnedDump`].
//!
//! Make a small dump from a large one, as `.dump /mFt` does:
//!
//! ```
//! use userdump::{Dump, redump};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
//! let mut small = Vec::new();
//! let report = redump(&Dump::parse(&file)?, &"/mFt".parse()?, &mut small)?;
//! println!("{} bytes, {} memory ranges", report.size, report.memory_ranges);
//! # assert_eq!(report.size, small.len() as u64);
//! # Ok(())
//! # }
//! ```
//!
//! [`recipes`] contains longer examples: complete programs, from crash ingestion to a diff.
//!
//! # The format on a page
//!
//! ```text
//! position
//! 0         header      "MDMP", version, number of streams, position of the directory, time, flags
//!           directory   12 bytes for each stream: its type, its size, its position
//!           streams     ThreadList, ModuleList, Exception, SystemInfo, MiscInfo, MemoryList, ...
//!           parts       what streams refer to: names, registers, debug records, bytes of memory
//! ```
//!
//! - A **stream** is one kind of information. Its type is a number with a name; most types occur at most once. The order of the
//!   streams, and the bytes between them, depend on the producer.
//! - An **RVA** is a file offset in bytes; despite its name it is not an address. It has 32 bits. A *location descriptor* is a
//!   size and an RVA. An *address* is always an address in the process.
//! - A **list** is a count followed by records of one size. Newer lists have a header with the sizes of header and record, so
//!   that records can grow. Data of variable size (a name, registers) is a separate part, to which the record refers by its RVA.
//! - **Text** is UTF-16, preceded by its length in bytes.
//! - A **thread** has an ID, the address of its environment block (TEB), its stack, and a *context*: its registers, in the layout
//!   of its processor. The **exception** stream has the ID of the thread that crashed, the code and address of the exception,
//!   and its own context. This is the context at the crash; the context of the thread may be a later one.
//! - A **module** has a base address, a size, a name and a time stamp, and a *CodeView record* that names its symbols (PDB).
//! - **Memory** is in one of three streams. The *MemoryList*, for small dumps, has address ranges, each with its own RVA. The
//!   *Memory64List*, for full memory, has ranges without RVAs: their bytes follow one another at the end of the file, beyond the
//!   4 GiB that an RVA can reach. *CompressedMemory*, introduced in 2026, has the same in compressed buckets. [`Memory`] finds
//!   all of them by address.
//! - A **region** is a part of the address space with one state and protection, whether or not the dump has its bytes. Regions
//!   are in the *MemoryInfoList* or, on Linux, in *LinuxMaps*. [`MemoryRegions`] finds either by address.
//! - The **flags** in the header say what the producer was asked for, which may differ from what the dump contains.
//!
//! No count, size or position in a file is trusted. Each is checked before it is used, and [`Dump::check`] reports those
//! that are wrong.
//!
//! [`Memory`]: read::Memory
//! [`MemoryRegions`]: read::memory::MemoryRegions
//!
//! # Streams
//!
//! *Typed* streams have a view in [`read`] and, where the table says so, a method of [`MinidumpBuilder`]; every other
//! stream is read and written as bytes ([`read::Stream::Raw`], [`MinidumpBuilder::stream`]). When a dump is re-encoded,
//! *rewritten* streams are decoded and encoded again, *copied* streams stay as they are, byte for byte, and *relocated*
//! streams stay as they are except for the file offsets in them. The names are those of [`format::StreamType`], whose
//! [rows](format::StreamType::row) contain the same facts for programs.
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
//! | CommentA | typed | typed | copied | left out |
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
//! | CompressedMemory | typed | typed | by address | kept |
//! | WineHostModuleList | typed | bytes | relocated | kept |
//! | CrashpadInfo | typed | bytes | relocated | left out |
//! | BreakpadInfo | typed | bytes | copied | kept |
//! | AssertionInfo | typed | bytes | copied | left out |
//! | LinuxCpuInfo, LinuxProcStatus, LinuxLsbRelease, LinuxAuxv, LinuxMaps | typed | typed | copied | kept |
//! | LinuxCmdLine, LinuxEnviron | typed | typed | copied | left out |
//! | LinuxDsoDebug | typed | bytes | relocated | kept |
//! | LinuxProcStat, LinuxProcUptime | typed | typed | copied | kept |
//! | LinuxProcFd | typed | typed | copied | left out |
//! | MozMacCrashInfo, MozMacBootArgs | typed | bytes | relocated | left out |
//! | MozLinuxLimits | typed | typed | copied | kept |
//! | MozSoftErrors | typed | typed | copied | left out |
//! | Kasko, StabilityReport | bytes | bytes | copied | left out |
//! | LLDBGenerated | bytes | bytes | copied | kept |
//! | FacebookLogcat, FacebookAppCustomData, FacebookAppVersionName, FacebookJavaStack, FacebookDalvikInfo, FacebookDumpErrorLog, FacebookAppStateLog, FacebookAbortReason, FacebookThreadName | typed | typed | copied | left out |
//! | FacebookBuildID, FacebookUnwindSymbols | bytes | bytes | copied | left out |
//! | ceStreamNull, ceStreamSystemInfo, ceStreamException, ceStreamModuleList, ceStreamProcessList, ceStreamThreadList, ceStreamThreadContextList, ceStreamThreadCallStackList, ceStreamMemoryVirtualList, ceStreamMemoryPhysicalList, ceStreamBucketParameters, ceStreamProcessModuleMap, ceStreamDiagnosisList | bytes | bytes | copied, not examined | left out |
//! | types without a name | bytes | bytes | copied, not examined below `0x10000` | left out |
//!
//! # Opening files
//!
//! | the file | how to open it | what it costs |
//! |---|---|---|
//! | on a local disk, nobody changes it | [`MappedFile::open`], [`Dump::parse`] | address space for the file; pages that are used are read |
//! | on a network share, may be changed or truncated, or larger than the address space | [`SourceFile::open`], [`Dump::from_source`] | memory for headers, lists and texts, and 4 MiB; system calls |
//! | small, or must not change any more | [`MappedFile::read`] or `std::fs::read`, [`Dump::parse`] | memory for the whole file |
//! | a pipe or a device | [`MappedFile::open`], which reads it, up to 4 GiB | memory for the whole file |
//! | an object in a store, a part of another file | [`SourceFile::from_read_at`], [`Dump::from_source`] | as for a file |
//!
//! All of them give the same results. [`OwnedDump`] stores any of them together with its dump.
//!
//! # Features
//!
//! - `std` (default): [`write`], [`redump`], `SourceFile` and [`read::module::Image`]. Without it the crate is `no_std` and needs
//!   `alloc`.
//! - `mmap` (default): [`MappedFile`]. Its documentation says what to observe when mapping a file.
//! - `lz4` (default, needs `std`): reads and writes the contents of [compressed memory], with the crate `lz4_flex`. Without it,
//!   such dumps can be opened, but everything that needs their memory fails with a [`ReadError::Bucket`] that names the feature;
//!   a plan with compressed memory fails in the same way.
//! - `debugid`: conversions of [`DebugId`](read::module::DebugId) and [`CodeId`](read::module::CodeId) from and to the types of
//!   the crate `debugid`, which `symbolic` and `minidump` use.
//! - `serde`: `Serialize` for reports, findings, records, identifiers and texts, and `Deserialize` for types that own their data.
//!   Flags and named numbers are text (`"READ_WRITE | GUARD"`) in human-readable formats, and numbers in others.
//!
//! # Formats
//!
//! A *minidump* is a header, a directory and streams; the letters of the debugger's `/m` select its content. A *full user
//! dump* (`USERDUMP`, `USERDU64`, written by `/f`) is the older format: a fixed set of tables, and all memory. The table
//! shows what each of them contains.
//!
//! | | `/f` | `/ma` | `/mf` | `/m` |
//! |---|---|---|---|---|
//! | memory | all that can be read | all that can be read | all that can be read | stacks, code around instruction pointers |
//! | reserved, guard and no-access regions | no | yes | no | no |
//! | threads: ID, priority, environment block, registers | yes | yes | yes | yes |
//! | bounds of stacks | in memory | yes | yes | yes |
//! | extended registers (AVX) | no | with `y` | with `y` | with `y` |
//! | times, start address and state of threads | no | yes | no | no |
//! | names of threads | no | if the writer knows them | if the writer knows them | if the writer knows them |
//! | modules: base, size, name | yes, in 8-bit characters | yes | yes | yes |
//! | time stamp, checksum, version, symbols of modules | in memory | yes | yes | yes |
//! | unloaded modules | no | yes | no | no |
//! | handles | no | yes | no | no |
//! | exception | yes, and whether it was a first chance | yes | yes | yes |
//! | registers at the exception | those of the thread | yes | yes | yes |
//! | version of the system | yes | yes | yes | yes |
//! | processor, number of processors | kind | yes | yes | yes |
//! | time of the dump | in memory | yes | yes | yes |
//! | process ID; times of the process | yes; no | yes; yes | yes; yes | yes; yes |
//! | comments, streams of programs | no | yes | yes | yes |
//! | largest file | 64-bit: no limit, 32-bit: 4 GiB | no limit | no limit | 4 GiB |
//!
//! Use `/ma` to keep everything, and `/m` with a few letters for a dump to be sent somewhere. Use `/f` for old programs
//! that read nothing else: current debuggers read it, but refuse to write it from a dump, which [`redump`] does. A full
//! user dump can be converted to any minidump.
//!
//! *Compressed memory*, which Windows has written since 2026, makes a minidump about a third as large. It is read like any
//! other memory: a bucket is decompressed when it is first accessed, and up to 256 MiB stay decompressed, or as much as is
//! passed to [`Dump::memory_with_cache`]. [`redump`] writes such a dump without compression (all of it with `/ma`) for
//! tools that do not support it.
//!
//! # Limits
//!
//! Minidumps of either byte order are read; only little-endian ones are written, and big-endian ones are not re-encoded.
//! Kernel dumps, dumps of Windows CE, and many files that are not dumps are recognised and refused
//! ([`ReadError::OtherFormat`]). On a 32-bit host, a file must fit into the address space.
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
#![cfg_attr(not(feature = "mmap"), doc = "[`MappedFile`]: #features\n[`recipes`]: #features")]
#![cfg_attr(not(feature = "mmap"), doc = "[`MappedFile::open`]: #features\n[`MappedFile::read`]: #features")]
#![cfg_attr(not(feature = "std"), doc = "[`SourceFile::open`]: #features\n[`SourceFile::from_read_at`]: #features")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, missing_debug_implementations, unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::undocumented_unsafe_blocks,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    clippy::iter_without_into_iter
)]

extern crate alloc;

pub mod error;
#[cfg(feature = "mmap")]
mod file;
pub mod format;
pub mod read;
#[cfg(all(any(doc, doctest), feature = "mmap"))]
pub mod recipes;
#[cfg(feature = "std")]
pub mod redump;
#[cfg(feature = "std")]
mod source_file;
#[cfg(feature = "std")]
pub mod write;

pub use error::ReadError;
#[cfg(feature = "std")]
pub use error::{RedumpError, WriteError};
#[cfg(feature = "mmap")]
pub use file::MappedFile;
pub use read::owned_dump::OwnedDump;
#[cfg(feature = "std")]
pub use read::source::SourceFile;
pub use read::source::{AsSource, Source};
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
