//! The structures of a dump as they lie in the file: types, constants and names, without any reading or writing.
//!
//! The minidump structures follow Microsoft's `minidumpapiset.h` (a recent Windows SDK, one that has
//! `MINIDUMP_SYSTEM_MEMORY_INFO_2`). Each type carries the name of its C structure without `MINIDUMP_`, each field the
//! name of the C field in snake case; the C name itself finds the type in a search of this documentation. What the
//! header does not say is marked with the producer in whose files it was observed. Structures of other producers carry
//! the names that these gave them, without `MDRaw`, `Minidump` or `MINIDUMP_`.
//!
//! **Byte order.** Windows writes little-endian files only. Breakpad once wrote big-endian ones on PowerPC and SPARC.
//! No type here knows its byte order: it is the [`scroll::Endian`] handed to `pread_with` and `pwrite_with`.
//!
//! **Packing.** The format packs to 4 bytes, so a 64-bit field may begin at any multiple of 4 within its structure,
//! and a structure may begin at any offset at all in the file. Fields are read and written one after another in the
//! order of declaration, so that each type knows its size (`SIZE`) and where each field is (`OFFSETS`), in bytes.
//! Padding of the C structures is spelt out in fields (`alignment`, `reserved`), because producers leave values there
//! that a copy has to keep.
//!
//! **Open sets.** Numbers that name something ([`StreamType`], [`ProcessorArchitecture`], [`PlatformId`]) are kept in
//! types that hold unknown values too. Sets of bits stay plain integers in the structures; the types in the style of
//! [`MinidumpType`] interpret them.

#[macro_use]
mod structure;
#[macro_use]
mod named;

mod ansi;
mod breakpad;
mod context;
mod crashpad;
mod exception;
mod flags;
mod full_user_dump;
mod function_table;
mod handle;
mod header;
mod linux;
mod location;
mod memory;
mod misc;
mod module;
mod mozilla;
mod process;
mod processor;
mod reason;
mod stream_row;
mod stream_table;
mod stream_type;
mod system;
mod system_memory;
mod thread;
mod token;

pub use ansi::{char_to_windows_1252, windows_1252_to_char};
pub use breakpad::{AssertionInfo, AssertionType, BreakpadInfo, BreakpadInfoFlags};
pub use context::{
    CONTEXT_AMD64, CONTEXT_ARM, CONTEXT_ARM_BREAKPAD, CONTEXT_ARM64, CONTEXT_ARM64_BREAKPAD, CONTEXT_ARM64_X18,
    CONTEXT_ARM64_XSTATE, CONTEXT_CPU_MASK, CONTEXT_LOONGARCH64, CONTEXT_MIPS, CONTEXT_MIPS64, CONTEXT_PPC,
    CONTEXT_PPC64, CONTEXT_RISCV32, CONTEXT_RISCV64, CONTEXT_SPARC, CONTEXT_X86, CONTEXT_XSTATE, ContextChunk,
    ContextEx, ContextLayout, ContextState, FXSAVE_SIZE, RegisterField, RegisterGroup, XSTATE_COMPACTED,
    XSTATE_FEATURES, XSaveHeader, XStateFeatureInfo,
};
pub use crashpad::{
    Annotation, AnnotationType, CrashpadInfo, ModuleCrashpadInfo, ModuleCrashpadInfoLink, SimpleStringDictionaryEntry,
};
pub use exception::{ExceptionRecord, ExceptionStream};
pub use flags::{
    ExceptionFlags, MemoryProtection, MemoryState, MemoryType, MinidumpType, MiscInfoFlags, ProcessVmCountersFlags,
    SectionCharacteristics, SystemMemoryInfoFlags, ThreadInfoFlags,
};
pub use full_user_dump::{
    CrashModule32, CrashModule64, CrashThread32, CrashThread64, CrashdumpVersionInfo, EXCEPTION_DEBUG_EVENT,
    ExceptionDebugEvent32, ExceptionDebugEvent64, ExceptionRecord32, ImageFileMachine, MemoryBasicInformation32,
    USERDU64_SIGNATURE, USERDUMP_SIGNATURE, UsermodeCrashdumpHeader32, UsermodeCrashdumpHeader64,
};
pub use function_table::{FunctionTableDescriptor, FunctionTableStream};
pub use handle::{
    HandleDataStream, HandleDescriptor, HandleDescriptor2, HandleObjectInformation, HandleObjectInformationType,
    HandleOperation, HandleOperationList,
};
pub use header::{DirectoryEntry, Header, SIGNATURE, VERSION};
pub use linux::{
    AuxType, DsoDebug32, DsoDebug64, DsoDebug64Packed, DsoDebugLayout, LinkMap32, LinkMap64, LinkMap64Packed,
    LinuxMapFlags,
};
pub use location::{LocationDescriptor, Rva, Rva64, RvaWidth};
pub use memory::{Memory64List, MemoryDescriptor, MemoryDescriptor64, MemoryInfo, MemoryInfoListHeader};
pub use misc::{
    MiscInfo, MiscInfo2, MiscInfo3, MiscInfo4, MiscInfo5, SystemTime, TimeZoneInformation, XStateConfigFeature,
    XStateFeature,
};
pub use module::{
    CV_SIGNATURE_ELF, CV_SIGNATURE_NB09, CV_SIGNATURE_NB10, CV_SIGNATURE_NB11, CV_SIGNATURE_RSDS, CvInfoPdb20,
    CvInfoPdb70, FixedFileInfo, Guid, ImageDebugMisc, Module, UnloadedModule, UnloadedModuleListHeader,
};
pub use mozilla::{
    MacBootArgs, MacBootArgsAligned, MacCrashInfo, MacCrashInfoRecord, MacCrashInfoRecord4, MacCrashInfoRecord5,
};
pub use process::{ProcessLayout, UserSharedData};
pub use processor::{CpuInfoForm, Processor};
pub use reason::{
    fast_fail_name, fuchsia_exception_name, linux_code_name, linux_signal_name, mac_code_name, mac_exception_name,
    ntstatus_name, solaris_signal_name,
};
pub use stream_row::{Handling, Relocation, Repeats, StreamRow, UserDumpPlace};
pub(crate) use stream_table::stream_table;
pub use stream_type::StreamType;
pub use structure::FieldOffset;
pub(crate) use structure::{Stored, size32};
pub use system::{ArmCpuInfo, OtherCpuInfo, PlatformId, ProcessorArchitecture, SystemInfo, X86CpuInfo};
pub use system_memory::{
    ProcessVmCounters1, ProcessVmCounters2, SystemBasicInformation, SystemBasicPerformanceInformation,
    SystemFileCacheInformation, SystemMemoryInfo1, SystemMemoryInfo2, SystemPerformanceInformation,
};
pub use thread::{Thread, ThreadEx, ThreadInfo, ThreadInfoListHeader, ThreadName};
pub use token::{TokenInfo, TokenInfoList};
