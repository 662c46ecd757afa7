//! Where everything goes: positions and sizes are final, limits are checked.

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

/// Bytes of the file that are not memory contents, at their final place.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    pub(super) offset: u64,
    pub(super) item: Item,
    pub(super) bytes: PartBytes<'a>,
}

/// The ranges of one list, their descriptors and their bytes.
#[derive(Debug)]
pub(super) struct MemoryChunk<'a> {
    pub(super) form: MemoryForm,
    /// Where the descriptors start, or the bytes if there are none.
    pub(super) offset: u64,
    /// Where the bytes of the first range start.
    pub(super) base: u64,
    pub(super) ranges: RangeList<'a>,
}

impl MemoryChunk<'_> {
    /// Type, position and size of the list's stream.
    pub(super) fn directory_entry(&self, stream_type: StreamType, item: Item) -> (StreamType, u64, u64, Item) {
        (stream_type, self.offset, self.form.table_size(self.ranges.count()), item)
    }
}

/// What stands in front of the bytes of a list's ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoryForm {
    /// The MemoryList stream.
    List,
    /// The Memory64List stream.
    List64,
    /// Nothing that is part of the list.
    Bare,
}

impl MemoryForm {
    /// The size of what stands in front of the bytes of so many ranges.
    pub(super) const fn table_size(self, ranges: u64) -> u64 {
        let (head, descriptor) = match self {
            // Their number in 32 bits.
            Self::List => (size_of::<u32>(), MemoryDescriptor::SIZE),
            Self::List64 => (Memory64List::SIZE, MemoryDescriptor64::SIZE),
            Self::Bare => (0, 0),
        };
        head as u64 + ranges * descriptor as u64
    }
}

/// A dump whose layout is settled, ready to be written.
pub struct Plan<'a> {
    /// In the order of the file: these, the lists of memory, the tail.
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

/// Prints how much there is, and nothing of it.
impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plan = f.debug_struct("Plan");
        plan.field("size", &self.size()).field("streams", &self.directory.len()).finish_non_exhaustive()
    }
}

/// Bytes of a file that is written piece by piece, each right behind the one before it.
pub(crate) enum Piece<'a> {
    Bytes(Cow<'a, [u8]>),
    Memory(MemoryRange<'a>),
}

impl<'a> Plan<'a> {
    /// A plan of pieces whose places somebody else has settled, and of the directory that is in one of them.
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

    /// The size of the whole file in bytes; with compressed memory the most that it can be.
    ///
    /// [`Written::size`](crate::write::Written::size) says how large it has become.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The stream directory as it will stand in the file; empty for a full user dump, which has none.
    #[must_use]
    pub fn directory(&self) -> &[DirectoryEntry] {
        &self.directory
    }

    /// The number of memory ranges and the sum of their sizes in bytes, both lists of a minidump together.
    #[must_use]
    pub fn memory(&self) -> (u64, u64) {
        let lists = self.memory.iter().map(|list| &list.ranges);
        let lists = lists.chain(self.compressed.iter().map(|memory| &memory.ranges));
        lists.fold((0, 0), |(ranges, bytes), list| (ranges + list.count(), bytes + list.size()))
    }

    /// What is known of compressed memory: [`Compressed::compressed_size`] is the most that it can be. `None` if memory is
    /// not compressed.
    pub fn compressed(&self) -> Option<Compressed> {
        self.compressed.as_ref().map(CompressedChunk::planned)
    }

    /// Limits the threads that compress memory; without a limit there are as many as the machine runs at once. One means
    /// that the calling thread does it, and none is started.
    ///
    /// The calling thread collects what they compress and writes it, and does not count: it is idle most of the time. The
    /// bytes that are written are the same whatever the limit is.
    #[must_use]
    pub fn with_threads(self, limit: NonZero<usize>) -> Self {
        Self { threads: Some(limit), ..self }
    }

    /// Has `progress` called now and then while the dump is written: with how much is done, and how much there is to do, which
    /// stays the same.
    ///
    /// These are bytes of the file; with compressed memory they are bytes of memory, all of which count twice if the sink
    /// cannot seek.
    #[must_use]
    pub fn with_progress(self, progress: impl FnMut(u64, u64) + Send + 'a) -> Self {
        Self { progress: Some(Box::new(progress)), ..self }
    }
}
