//! Views of a dump: bytes are checked once, and decoded on access.
//!
//! A view borrows the file (`&'a [u8]`). It is cheap to copy, and iterating over it allocates nothing; a method that returns an
//! owned `String` or `Vec` says so. Both byte orders are supported: the order is determined once, from the signature, and stored
//! in every view.
//!
//! Start with [`Dump`], which has the same methods for every format. [`Minidump`] has the streams, and
//! [`FullUserDump`] the tables of the older format.
//!
//! # Missing, damaged, truncated
//!
//! - A stream that the dump lacks is `Ok(None)`.
//! - A stream whose header cannot be read is an error of that stream only.
//! - A list that claims more entries than its stream or the file contains returns those that exist; [`List::fault`] reports
//!   what is missing.
//! - A name, context or CodeView record with a bad RVA is an error of that item only.
//!
//! [`Minidump::check`] examines all of this and reports what is wrong.
//!
//! # Addresses of 32-bit targets
//!
//! Debuggers write addresses of 32-bit targets sign-extended; other producers write them zero-extended. Views return the value
//! in the file. Every comparison and lookup in this module first masks both sides to 32 bits ([`Target::mask`]).

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
#[cfg(feature = "std")]
pub(crate) mod frugal;
pub mod full_user_dump;
pub mod function_table;
pub mod handle;
pub(crate) mod interval;
pub(crate) mod intervals;
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
pub(crate) mod reference_fields;
pub mod references;
pub(crate) mod shared;
pub(crate) mod sorted_numbers;
pub(crate) mod source;
pub mod streams;
#[cfg(feature = "std")]
pub(crate) mod sweep;
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
pub(crate) use bytes::Bytes;
#[cfg(feature = "std")]
pub(crate) use claims::{ClaimKind, Claims, SharedParts};
pub use context::Context;
pub use dump::Dump;
pub use dump_bytes::DumpBytes;
pub use exception::Exception;
pub use full_user_dump::FullUserDump;
#[cfg(feature = "std")]
pub(crate) use interval::{
    Interval, Located, Ranked, Span, any_has, gaps, holder, overlapping, position, settle, united,
};
#[cfg(feature = "std")]
pub(crate) use intervals::{Intervals, Union, put_number, take_number, union};
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
#[cfg(feature = "std")]
pub(crate) use sorted_numbers::sorted_numbers;
pub use streams::Stream;
#[cfg(feature = "std")]
pub(crate) use sweep::{common, without};
pub use system::SystemInfo;
pub use target::Target;
pub use thread::{Thread, ThreadList};
