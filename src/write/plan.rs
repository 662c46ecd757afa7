//! The final layout of a dump: positions, sizes, and checked limits.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZero;

use crate::error::Item;
use crate::format::memory::{Memory64List, MemoryDescriptor64};
use crate::format::{DirectoryEntry, MemoryDescriptor, StreamType};

use crate::write::compressed::CompressedChunk;
use crate::write::memory_range::{MemoryRange, ShortSource};
use crate::write::part_bytes::PartBytes;
use crate::write::range_list::RangeList;
use crate::write::written::{Compressed, Progress};

/// Bytes of the file other than memory contents, at their final offset.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    pub(super) offset: u64,
    pub(super) item: Item,
    pub(super) bytes: PartBytes<'a>,
}

/// The ranges of one list: their descriptors and their bytes.
#[derive(Debug)]
pub(super) struct MemoryChunk<'a> {
    pub(super) form: MemoryForm,
    /// File offset of the descriptors, or of the bytes if there are no descriptors.
    pub(super) offset: u64,
    /// File offset of the bytes of the first range.
    pub(super) base: u64,
    pub(super) ranges: RangeList<'a>,
}

impl MemoryChunk<'_> {
    /// Returns type, offset and size of the list's stream.
    pub(super) fn directory_entry(&self, stream_type: StreamType, item: Item) -> (StreamType, u64, u64, Item) {
        (stream_type, self.offset, self.form.table_size(self.ranges.count()), item)
    }
}

/// What precedes the bytes of a list's ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoryForm {
    /// The MemoryList stream.
    List,
    /// The Memory64List stream.
    List64,
    /// Nothing that belongs to the list.
    Bare,
}

impl MemoryForm {
    /// Returns the size of what precedes the bytes of `ranges` ranges.
    pub(super) const fn table_size(self, ranges: u64) -> u64 {
        let (head, descriptor) = match self {
            // Their number, as 32 bits.
            Self::List => (size_of::<u32>(), MemoryDescriptor::SIZE),
            Self::List64 => (Memory64List::SIZE, MemoryDescriptor64::SIZE),
            Self::Bare => (0, 0),
        };
        head as u64 + ranges * descriptor as u64
    }
}

/// A dump with a final layout, ready to be written.
///
/// # Examples
///
/// ```
/// use userdump::MinidumpBuilder;
/// use userdump::write::MemoryRange;
///
/// # fn main() -> Result<(), userdump::WriteError> {
/// let mut dump = MinidumpBuilder::new();
/// dump.memory(MemoryRange::borrowed(0x20_0000, &[0x55; 64]));
/// let plan = dump.plan()?;
/// assert_eq!(plan.memory(), (1, 64));
/// let size = plan.size();
/// assert_eq!(plan.write_to(std::io::sink())?.size, size);
/// # Ok(())
/// # }
/// ```
pub struct Plan<'a> {
    /// In file order: these chunks, the memory lists, the tail.
    pub(super) chunks: Vec<Chunk<'a>>,
    pub(super) memory: Vec<MemoryChunk<'a>>,
    pub(super) compressed: Option<CompressedChunk<'a>>,
    pub(super) tail: Vec<Chunk<'a>>,
    pub(super) short_source: ShortSource,
    pub(super) directory: Vec<DirectoryEntry>,
    pub(super) size: u64,
    pub(super) threads: Option<NonZero<usize>>,
    pub(super) progress: Option<Progress<'a>>,
}

/// Prints sizes and counts, but no contents.
impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plan = f.debug_struct("Plan");
        plan.field("size", &self.size()).field("streams", &self.directory.len()).finish_non_exhaustive()
    }
}

/// A piece of a file; each piece directly follows the previous one.
pub(crate) enum Piece<'a> {
    Bytes(Cow<'a, [u8]>),
    Memory(MemoryRange<'a>),
}

impl<'a> Plan<'a> {
    /// Creates a plan from pieces that are already laid out, and from the directory that one of them contains.
    pub(crate) fn of_pieces(pieces: impl IntoIterator<Item = Piece<'a>>, directory: Vec<DirectoryEntry>) -> Self {
        let mut size = 0u64;
        let chunk = |piece: Piece<'a>| {
            let (name, bytes) = match piece {
                Piece::Bytes(bytes) => ("part of the file", PartBytes::Held(bytes)),
                Piece::Memory(range) => ("memory range", PartBytes::Memory(Box::new(range))),
            };
            let offset = size;
            size = size.saturating_add(bytes.len());
            Chunk { offset, item: Item { name, index: None }, bytes }
        };
        let chunks = pieces.into_iter().map(chunk).collect();
        let (memory, compressed, tail) = (Vec::new(), None, Vec::new());
        let short_source = ShortSource::Fail;
        Self { chunks, memory, compressed, tail, short_source, directory, size, threads: None, progress: None }
    }

    /// Returns the size of the file in bytes; with compressed memory, an upper bound.
    ///
    /// [`Written::size`](crate::write::Written::size) is the actual size.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the stream directory as it will be written; empty for a full user dump, which has none.
    #[must_use]
    pub fn directory(&self) -> &[DirectoryEntry] {
        &self.directory
    }

    /// Returns the number of memory ranges and the sum of their sizes in bytes. For a minidump, both lists count.
    #[must_use]
    pub fn memory(&self) -> (u64, u64) {
        let lists = self.memory.iter().map(|list| &list.ranges);
        let lists = lists.chain(self.compressed.iter().map(|memory| &memory.ranges));
        lists.fold((0, 0), |(ranges, bytes), list| (ranges + list.count(), bytes + list.size()))
    }

    /// Returns the figures of compressed memory, of which [`Compressed::compressed_size`] is an upper bound. `None` if
    /// memory is not compressed.
    pub fn compressed(&self) -> Option<Compressed> {
        self.compressed.as_ref().map(CompressedChunk::planned)
    }

    /// Limits the number of threads that compress memory. Without a limit, it is the available parallelism of the machine.
    /// With a limit of one, the calling thread compresses and no thread is started.
    ///
    /// The calling thread collects the memory and writes the result; it does not count, because it is idle most of the
    /// time. The bytes that are written do not depend on the limit.
    #[must_use]
    pub fn with_threads(self, limit: NonZero<usize>) -> Self {
        Self { threads: Some(limit), ..self }
    }

    /// Calls `progress` from time to time while the dump is written, with the amount done and the total, which does not
    /// change.
    ///
    /// Both are in bytes of the file. With compressed memory they are in bytes of memory, which count twice if the sink
    /// cannot seek.
    #[must_use]
    pub fn with_progress(self, progress: impl FnMut(u64, u64) + Send + 'a) -> Self {
        Self { progress: Some(Box::new(progress)), ..self }
    }
}
