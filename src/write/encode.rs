//! Encodes structures, always little-endian.

use alloc::vec::Vec;

use scroll::ctx::{SizeWith, TryIntoCtx};
use scroll::{Endian, LE, Pwrite};

use crate::error::{Item, WriteError};

/// A structure that can be encoded.
pub(crate) trait Encode: TryIntoCtx<Endian, Error = scroll::Error> + SizeWith<Endian> {}
impl<T: TryIntoCtx<Endian, Error = scroll::Error> + SizeWith<Endian>> Encode for T {}

/// Appends a structure.
pub(super) fn put<T: Encode>(out: &mut Vec<u8>, value: T) {
    let start = out.len();
    out.resize(start + T::size_with(&LE), 0);
    // There is room for it, and encoding a fixed-size structure cannot fail otherwise.
    let _ = out.pwrite_with(value, start, LE);
}

/// Overwrites the bytes at `position`; returns false if they do not exist.
pub(super) fn set<T: Encode>(out: &mut [u8], position: usize, value: T) -> bool {
    out.pwrite_with(value, position, LE).is_ok()
}

/// Returns the bytes of a structure.
pub(crate) fn encoded<T: Encode>(value: T) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value);
    out
}

/// Returns a size or a count for a 32-bit field, or an error that says what is too large.
pub(super) fn fit32(item: Item, found: u64, unit: &'static str) -> Result<u32, WriteError> {
    u32::try_from(found).map_err(|_| WriteError::SizeOverflow { item, found, unit, limit: u32::MAX.into() })
}
