//! Bytes with a place in the file, and the fields that refer to them.

use crate::error::{Item, WriteError};
use crate::format::RvaWidth;

use crate::write::part_bytes::PartBytes;

/// Bytes that other bytes can refer to by file offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub(super) u32);

/// Bytes with a place of their own in the file.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) item: Item,
    pub(super) bytes: PartBytes<'a>,
    /// The file offset is a multiple of it.
    pub(super) align: u32,
}

/// A field that holds the file offset of something else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference {
    pub(super) from: PartId,
    pub(super) position: u64,
    pub(super) width: RvaWidth,
    pub(super) target: ReferenceTarget,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ReferenceTarget {
    Part(PartId),
    /// The bytes of the memory list's range of just this address and size; 0 if there is none.
    MemoryRange {
        address: u64,
        size: u64,
    },
}

impl PartId {
    /// The error for a part that the builder does not have.
    pub(super) const fn foreign(self) -> WriteError {
        let item = Item { name: "part", index: Some(self.0 as u64) };
        WriteError::InvalidInput { item, reason: "it belongs to another builder" }
    }
}
