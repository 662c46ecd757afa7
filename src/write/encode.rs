//! Structures to bytes, always little-endian.

use alloc::vec::Vec;

use scroll::ctx::{SizeWith, TryIntoCtx};
use scroll::{Endian, LE, Pwrite};

use crate::error::{Item, WriteError};

/// What can be encoded.
pub(crate) trait Encode: TryIntoCtx<Endian, Error = scroll::Error> + SizeWith<Endian> {}
impl<T: TryIntoCtx<Endian, Error = scroll::Error> + SizeWith<Endian>> Encode for T {}

/// Appends a structure.
pub(super) fn put<T: Encode>(out: &mut Vec<u8>, value: T) {
    let start = out.len();
    out.resize(start + T::size_with(&LE), 0);
    // The room was made for it, and a fixed structure has no other way to fail.
    let _ = out.pwrite_with(value, start, LE);
}

/// Overwrites the bytes at `position`; tells whether they are there.
pub(super) fn set<T: Encode>(out: &mut [u8], position: usize, value: T) -> bool {
    out.pwrite_with(value, position, LE).is_ok()
}

/// One structure as bytes.
pub(crate) fn encoded<T: Encode>(value: T) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value);
    out
}

/// A size or a number for a field of 32 bits, or an error that says what is too large or too many.
pub(super) fn fit32(item: Item, found: u64, unit: &'static str) -> Result<u32, WriteError> {
    u32::try_from(found).map_err(|_| WriteError::SizeOverflow { item, found, unit, limit: u32::MAX.into() })
}
