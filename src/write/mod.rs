//! Writes dumps: a builder collects the parts, a plan assigns a position to each, and the plan is written in one pass.
//!
//! [`MinidumpBuilder`] collects the content of a minidump, and borrows it where possible; [`FullUserDumpBuilder`] does the
//! same for the older full user dump. [`MinidumpBuilder::plan`] and [`FullUserDumpBuilder::plan`] consume the builder and
//! return a [`Plan`], in which every position and size is final and every limit of the format has been checked.
//! [`Plan::write_to`] then writes the file from start to end, without seeking. Borrowed memory contents are passed to the
//! sink without copying them.
//!
//! [`MinidumpBuilder::add`] is the short way to describe a process: it takes threads, modules and other records together
//! with everything they refer to, and [`ContextBuilder`] sets registers by name. Memory may be borrowed, read in order, or
//! [read by address](ReadAt), and [`ShortSource`] decides what happens with memory that cannot be read.
//!
//! In a minidump, everything that 32-bit file offsets refer to comes first and the bytes of the memory ranges come last.
//! Structures start at multiples of 8 bytes, text at multiples of 4; memory contents are packed. In a full user dump
//! everything is packed, and the version information follows the memory. Only before the memory there may be
//! [zeros](#sharing-blocks-with-a-source).
//!
//! # Sharing blocks with a source
//!
//! [`Plan::write_to_file`] lets the kernel copy from file to file what a plan borrows from the mapping of a file
//! ([`CopySource`]) or has in one ([`MemoryRange::from_file`]). File systems such as XFS and btrfs then share the blocks
//! instead of copying them, if they stand at the same offset within a block of 4 KiB in both files. For that,
//! [`MinidumpBuilder::parallel_to`] inserts up to 4,095 zeros before the memory.
//!
//! # Compressed memory
//!
//! [`MinidumpBuilder::compressed`] packs the memory into buckets of 4 MiB, each of which is one LZ4 block; debuggers have opened
//! such files since 2026. The table of bucket positions precedes the buckets, but depends on their compressed sizes. There
//! are two ways to write it:
//!
//! - [`Plan::write_to_seekable`] takes one pass and then seeks back to fill in the table. Use it for files.
//! - [`Plan::write_to`] never seeks. It compresses everything twice: once to determine the sizes, and once to write. Memory
//!   that can be read only once (a range [from a reader](MemoryRange::from_reader)) is kept in compressed form in between.
//!   Use it for pipes.
//!
//! Both write the same bytes. [`Plan::with_threads`] limits the number of threads that compress, and
//! [`Plan::with_progress`] reports progress. Compression takes two buffers of 4.4 MiB for each of these threads, and two
//! for the calling thread.

mod added;
mod buckets;
mod builder;
mod compressed;
mod context;
mod copy_source;
mod cursor;
mod emit;
mod emitter;
mod encode;
mod entries;
mod full_user_dump;
mod gather;
mod joined;
mod kernel;
mod layout;
mod lists;
mod lz4;
mod memory_range;
mod pack;
mod parallel;
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
pub use copy_source::CopySource;
pub(crate) use encode::encoded;
pub use entries::{
    CodeView, Entry, Exception, Handle, MemoryInfo, MiscInfo, Module, PartContent, SystemInfo, TextStream, Thread,
    UnloadedModule,
};
pub use full_user_dump::FullUserDumpBuilder;
pub use memory_range::{MemoryRange, ShortSource};
pub(crate) use parallel::{MOST_PADDING, padding_of_run};
pub use part::PartId;
pub(crate) use plan::Piece;
pub use plan::Plan;
pub(crate) use range_list::{ComputedRanges, ComputedRegions};
pub use source::ReadAt;
pub use text::Text;
pub use written::{Compressed, Shortfall, Written};
