//! Parts of the file, and the fields that refer to them.

use crate::error::{Item, WriteError};
use crate::format::RvaWidth;

use crate::write::part_bytes::PartBytes;

/// Bytes that other bytes can refer to by file offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub(super) u32);

/// A part of the file with an offset of its own.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) item: Item,
    pub(super) bytes: PartBytes<'a>,
    /// The file offset is a multiple of this.
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
    /// The bytes of the range with exactly this address and size in the memory list; the field is 0 if there is none.
    MemoryRange {
        address: u64,
        size: u64,
    },
}

impl PartId {
    /// Returns the error for a part that this builder does not contain.
    pub(super) const fn foreign(self) -> WriteError {
        let item = Item { name: "part", index: Some(self.0 as u64) };
        WriteError::InvalidInput { item, reason: "it belongs to another builder" }
    }
}
