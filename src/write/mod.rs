//! Writing a dump: parts go in, a plan comes out, the plan goes into any sink in one pass.
//!
//! [`MinidumpBuilder`] collects what a minidump shall hold, borrowed where it can be, and [`FullUserDumpBuilder`] what
//! the older full user dump shall hold. [`MinidumpBuilder::plan`] and [`FullUserDumpBuilder::plan`] consume them and give
//! a [`Plan`], in which every position and size is final and every limit of the format has been checked.
//! [`Plan::write_to`] then writes from the first byte to the last: no seeking, and borrowed memory contents go from
//! where they are into the sink.
//!
//! [`MinidumpBuilder::add`] is the short way to describe a process: it takes threads, modules and other records with everything
//! they point to, and [`ContextBuilder`] sets registers by name. Memory may be borrowed, read in order, or
//! [read by address](ReadAt), and [`ShortSource`] says what to do with memory that cannot be read.
//!
//! In a minidump, whatever is pointed to by 32-bit positions comes first, the bytes of the memory ranges last.
//! Structures start at multiples of 8 bytes, text at multiples of 4; memory contents are packed. In a full user dump
//! everything is packed, and the version information comes behind the memory.
//!
//! # Compressed memory
//!
//! [`MinidumpBuilder::compressed`] packs the memory into buckets of 4 MiB, each a block of LZ4, which debuggers open since
//! 2026. Where the buckets are stands in front of them and follows from their sizes. So
//!
//! - [`Plan::write_to_seekable`] writes in one pass, and goes back to fill in what it did not know: for files.
//! - [`Plan::write_to`] never seeks, and compresses everything twice instead: once for the sizes, and once to write it. What
//!   can be read only once (a range [from a reader](MemoryRange::from_reader)) is kept meanwhile, compressed. For pipes.
//!
//! Both write the same bytes. [`Plan::with_threads`] limits the threads that compress, [`Plan::with_progress`] tells how far
//! it is. Beside the plan it takes two buffers of 4.4 MiB for each of the threads and for the calling one.

mod added;
mod buckets;
mod builder;
mod compressed;
mod context;
mod cursor;
mod emit;
mod emitter;
mod encode;
mod entries;
mod full_user_dump;
mod gather;
mod layout;
mod lists;
mod lz4;
mod memory_range;
mod pack;
mod part;
mod part_bytes;
mod plan;
mod range_list;
mod range_positions;
mod records;
mod source;
mod text;
mod written;

pub use builder::MinidumpBuilder;
pub use context::ContextBuilder;
pub(crate) use encode::encoded;
pub use entries::{
    CodeView, Entry, Exception, Handle, MemoryInfo, MiscInfo, Module, PartContent, SystemInfo, TextStream, Thread,
    UnloadedModule,
};
pub use full_user_dump::FullUserDumpBuilder;
pub use memory_range::{MemoryRange, ShortSource};
pub use part::PartId;
pub(crate) use plan::Piece;
pub use plan::Plan;
pub(crate) use range_list::{ComputedRanges, ComputedRegions};
pub use source::ReadAt;
pub use text::Text;
pub use written::{Compressed, Shortfall, Written};
