//! The structures of a dump as they are in the file: types, constants and names. Nothing here reads or writes files.
//!
//! The minidump structures follow Microsoft's `minidumpapiset.h` (of a recent Windows SDK, one that has
//! `MINIDUMP_SYSTEM_MEMORY_INFO_2`). Each type has the name of its C structure without `MINIDUMP_`, each field the name of the C
//! field in snake case. A search of this documentation for the C name finds the type. Where a fact is not in the header, its
//! documentation names the producer in whose files it was observed. Structures of other producers have the names that these
//! producers gave them, without `MDRaw`, `Minidump` or `MINIDUMP_`.
//!
//! **Byte order.** Windows writes little-endian files only. Breakpad once wrote big-endian ones on PowerPC and SPARC.
//! No type here knows its byte order: every structure has `from_le_bytes`, `from_be_bytes`, `to_le_bytes` and `to_be_bytes`, and
//! implements the traits of the crate `scroll` for those who use it.
//!
//! **Packing.** The format packs to 4 bytes: a 64-bit field may be at any multiple of 4 in its structure, and a structure at any
//! position in the file. Fields are read and written one after another, in the order of their declaration. From that order
//! follow the size of each type (`SIZE`) and the offset of each field (`OFFSETS`), in bytes. Padding of the C structures is a
//! field as well (`alignment`, `reserved`), because producers leave values there that a copy has to keep.
//!
//! **Unknown values.** Numbers with names ([`StreamType`], [`ProcessorArchitecture`], [`PlatformId`]) have types that can hold
//! any value. Sets of flags are plain integers in the structures; types like [`MinidumpType`] interpret them.

#[cfg(feature = "serde")]
pub(crate) mod as_serde;
pub(crate) mod serde_forms;

#[macro_use]
pub(crate) mod structure;
#[macro_use]
pub(crate) mod named_values;
pub(crate) mod padded;

pub mod breakpad;
pub mod code_names;
pub mod compressed_memory;
pub mod context;
pub mod crashpad;
pub(crate) mod debug;
pub mod exception;
pub(crate) mod flag_sets;
pub(crate) mod flags;
pub mod full_user_dump;
pub mod function_table;
pub mod handle;
pub mod header;
pub mod linux;
pub(crate) mod location;
pub mod memory;
pub mod module;
pub mod mozilla;
pub mod process;
pub mod processor;
pub mod stream;
pub mod system;
pub mod text;
pub mod thread;

pub use exception::{ExceptionRecord, ExceptionStream};
pub use flags::{MemoryProtection, MinidumpType};
pub use header::{DirectoryEntry, Header};
pub use location::{LocationDescriptor, Rva, Rva64, RvaWidth};
pub use memory::{MemoryDescriptor, MemoryInfo};
pub use module::{Guid, Module};
pub use stream::StreamType;
pub(crate) use stream::table::typed_streams;
pub use structure::FieldOffset;
pub(crate) use structure::{Stored, size32};
pub use system::{PlatformId, ProcessorArchitecture, SystemInfo};
pub use thread::Thread;
