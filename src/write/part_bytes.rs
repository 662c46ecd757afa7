//! The bytes of a part: stored, or computed when they are written.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::write::memory_range::MemoryRange;

/// The bytes of a part of the file that is not process memory.
pub(super) enum PartBytes<'a> {
    Held(Cow<'a, [u8]>),
    /// Boxed, because there are many parts and few of them are tables.
    Rows(Box<Rows<'a>>),
    /// Memory whose bytes are read when they are needed.
    Memory(Box<MemoryRange<'a>>),
}

/// Appends the row with a given index.
pub(super) type PutRow<'a> = dyn Fn(usize, &mut Vec<u8>) + Send + Sync + 'a;

/// A table that is not stored: its header, and the function that appends each row.
pub(super) struct Rows<'a> {
    pub(super) head: Vec<u8>,
    pub(super) count: usize,
    /// The size of a row in bytes.
    pub(super) row_size: usize,
    pub(super) put: Box<PutRow<'a>>,
}

impl PartBytes<'_> {
    /// Returns the size in bytes.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            Self::Rows(rows) => (rows.count as u64).saturating_mul(rows.row_size as u64) + rows.head.len() as u64,
            Self::Memory(range) => range.size(),
        }
    }
}

impl<'a, T: Into<Cow<'a, [u8]>>> From<T> for PartBytes<'a> {
    fn from(bytes: T) -> Self {
        Self::Held(bytes.into())
    }
}

impl fmt::Debug for PartBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rows({} of {} bytes)", self.count, self.row_size)
    }
}
