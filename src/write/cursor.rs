//! Assigns consecutive file offsets.

use crate::error::{Item, WriteError};

/// The next free file offset.
#[derive(Default)]
pub(super) struct Cursor {
    pub(super) at: u64,
}

impl Cursor {
    pub(super) fn take(&mut self, size: u64, align: u32, item: Item) -> Result<u64, WriteError> {
        let (offset, end) = self.next(size, align).ok_or(WriteError::Overflow { item, offset: self.at, size })?;
        self.at = end;
        Ok(offset)
    }

    /// Like [`Cursor::take`], for a part that 32-bit RVAs refer to.
    pub(super) fn take_rva(&mut self, size: u64, align: u32, item: Item) -> Result<u64, WriteError> {
        let Some((offset, end)) = self.next(size, align) else {
            return Err(WriteError::RvaOverflow { item, offset: self.at, size });
        };
        if offset > u32::MAX.into() || end > u64::from(u32::MAX) + 1 {
            return Err(WriteError::RvaOverflow { item, offset, size });
        }
        self.at = end;
        Ok(offset)
    }

    /// Returns the start and the end of the next `size` bytes.
    fn next(&self, size: u64, align: u32) -> Option<(u64, u64)> {
        let offset = self.at.checked_next_multiple_of(align.max(1).into())?;
        Some((offset, offset.checked_add(size)?))
    }
}

/// Returns a file offset as a 32-bit RVA.
pub(super) fn rva(value: u64, item: Item) -> Result<u32, WriteError> {
    u32::try_from(value).map_err(|_| WriteError::RvaOverflow { item, offset: value, size: 0 })
}
