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
mod kept_index;
#[macro_use]
pub mod text;

pub mod any_format;
pub mod breakpad;
pub(crate) mod budget;
pub(crate) mod bytes;
pub mod check;
pub(crate) mod claims;
pub mod context;
pub mod crashpad;
pub(crate) mod directory;
pub(crate) mod dump;
pub(crate) mod dump_bytes;
pub(crate) mod dump_process;
pub mod exception;
pub mod facebook;
pub mod full_user_dump;
pub mod function_table;
pub mod handle;
pub(crate) mod interval;
pub mod linux;
pub mod list;
pub mod memory;
pub(crate) mod minidump;
pub mod module;
pub mod mozilla;
pub(crate) mod other_format;
pub(crate) mod owned_dump;
#[cfg(feature = "std")]
pub(crate) mod owned_minidump;
pub(crate) mod owners;
pub(crate) mod raw_stream;
pub mod references;
pub(crate) mod shared;
pub mod streams;
pub mod system;
pub(crate) mod target;
pub mod thread;
pub mod undocumented;
#[cfg(feature = "std")]
pub(crate) mod unused_parts;
pub(crate) mod work;

#[cfg(feature = "std")]
pub(crate) use budget::Budget;
pub use bytes::ByteOrder;
#[cfg(feature = "std")]
pub(crate) use claims::{ClaimKind, Claims, SharedParts};
pub use context::Context;
pub use dump::Dump;
pub use dump_bytes::DumpBytes;
pub use exception::Exception;
pub use full_user_dump::FullUserDump;
#[cfg(feature = "std")]
pub(crate) use interval::{
    Interval, Located, Ranked, Span, any_has, append, gaps, holder, overlapping, position, settle, united,
};
pub use list::List;
#[cfg(feature = "std")]
pub(crate) use memory::pieces::listed_ranges;
#[cfg(feature = "std")]
pub(crate) use memory::positions::MemoryPositions;
pub use memory::{Memory, MemoryRange};
pub use minidump::Minidump;
pub use module::{Module, ModuleList};
#[cfg(feature = "std")]
pub(crate) use owned_minidump::OwnedMinidump;
pub use raw_stream::{FromStream, RawStream};
pub use streams::Stream;
pub use system::SystemInfo;
pub use target::Target;
pub use thread::{Thread, ThreadList};
