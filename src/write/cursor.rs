//! Positions for one part after the other.

use crate::error::{Item, WriteError};

/// Hands out positions one behind the other.
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

    /// As [`Cursor::take`], for what is found by a 32-bit position.
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

    /// Where so many bytes would start and end.
    fn next(&self, size: u64, align: u32) -> Option<(u64, u64)> {
        let offset = self.at.checked_next_multiple_of(align.max(1).into())?;
        Some((offset, offset.checked_add(size)?))
    }
}

/// A position for a field of 32 bits.
pub(super) fn rva(value: u64, item: Item) -> Result<u32, WriteError> {
    u32::try_from(value).map_err(|_| WriteError::RvaOverflow { item, offset: value, size: 0 })
}
