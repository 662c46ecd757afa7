//! Where everything goes: positions and sizes are final, limits are checked.

use alloc::vec::Vec;
use core::fmt;

use crate::error::Item;
use crate::format::memory::{Memory64List, MemoryDescriptor64};
use crate::format::{DirectoryEntry, MemoryDescriptor};

use crate::write::memory_range::ShortSource;
use crate::write::part_bytes::PartBytes;
use crate::write::range_list::RangeList;

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
    pub(super) tail: Vec<Chunk<'a>>,
    pub(super) short_source: ShortSource,
    pub(super) directory: Vec<DirectoryEntry>,
    pub(super) size: u64,
}

/// Prints how much there is, and nothing of it.
impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plan = f.debug_struct("Plan");
        plan.field("size", &self.size()).field("streams", &self.directory.len()).finish_non_exhaustive()
    }
}

impl<'a> Plan<'a> {
    /// The size of the whole file in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The stream directory as it will stand in the file; empty for a full user dump, which has none.
    pub fn directory(&self) -> &[DirectoryEntry] {
        &self.directory
    }

    /// The number of memory ranges and the sum of their sizes in bytes, both lists of a minidump together.
    pub fn memory(&self) -> (u64, u64) {
        self.memory
            .iter()
            .fold((0, 0), |(ranges, bytes), list| (ranges + list.ranges.count(), bytes + list.ranges.size()))
    }
}
