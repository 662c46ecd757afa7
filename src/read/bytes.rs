//! The bytes of the file, with checked access: every position is a `u64` from the start of the file, and every access
//! may fail.
//!
//! This is the only file that calls scroll's readers, and the only one that converts `u64` to `usize`.

use core::fmt;

use scroll::ctx::{SizeWith, TryFromCtx};
use scroll::{Endian, Pread};

use crate::error::ReadError;
use crate::read::work::worked;

/// The byte order of all integers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first: all Windows dumps and nearly all others.
    Little,
    /// Most significant byte first: dumps that Breakpad wrote on PowerPC and SPARC hosts.
    Big,
}

/// The bytes of a file and their byte order.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a> {
    data: &'a [u8],
    order: Endian,
}

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes, {:?})", self.data.len(), self.order())
    }
}

/// Types that can be decoded from bytes of either order.
pub(crate) trait Decode: for<'x> TryFromCtx<'x, Endian, Error = scroll::Error> + SizeWith<Endian> {}
impl<T> Decode for T where T: for<'x> TryFromCtx<'x, Endian, Error = scroll::Error> + SizeWith<Endian> {}

impl<'a> Bytes<'a> {
    pub(crate) const fn new(data: &'a [u8], order: ByteOrder) -> Self {
        let order = match order {
            ByteOrder::Little => Endian::Little,
            ByteOrder::Big => Endian::Big,
        };
        Self { data, order }
    }

    /// Other bytes in the same order.
    pub(crate) const fn rebound<'b>(&self, data: &'b [u8]) -> Bytes<'b> {
        Bytes { data, order: self.order }
    }

    #[inline]
    pub(crate) fn order(&self) -> ByteOrder {
        if self.order.is_little() { ByteOrder::Little } else { ByteOrder::Big }
    }

    /// The size of the file.
    pub(crate) fn size(&self) -> u64 {
        self.data.len() as u64
    }

    pub(crate) const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The bytes of `[offset, offset + size)`, as far as they are in the file.
    #[inline]
    pub(crate) fn clipped(&self, offset: u64, size: u64) -> &'a [u8] {
        worked(1);
        // An offset that does not fit in a `usize` is beyond the end of every slice.
        let rest = usize::try_from(offset).ok().and_then(|start| self.data.get(start..)).unwrap_or_default();
        usize::try_from(size).ok().and_then(|size| rest.get(..size)).unwrap_or(rest)
    }

    /// The bytes of `[offset, offset + size)`, or an error with the number of bytes that are present.
    #[inline]
    pub(crate) fn slice(&self, what: &'static str, offset: u64, size: u64) -> Result<&'a [u8], ReadError> {
        let bytes = self.clipped(offset, size);
        let available = bytes.len() as u64;
        if available < size { Err(ReadError::Truncated { what, offset, needed: size, available }) } else { Ok(bytes) }
    }

    /// Decodes the structure at `offset`.
    #[inline]
    pub(crate) fn read<T: Decode>(&self, what: &'static str, offset: u64) -> Result<T, ReadError> {
        let size = T::size_with(&self.order) as u64;
        self.read_from(what, self.slice(what, offset, size)?, offset)
    }

    /// Decodes a structure from bytes that were already taken from this file, at `offset`.
    #[inline]
    pub(crate) fn read_from<T: Decode>(&self, what: &'static str, bytes: &[u8], offset: u64) -> Result<T, ReadError> {
        bytes.pread_with(0, self.order).map_err(|_| ReadError::Truncated {
            what,
            offset,
            needed: T::size_with(&self.order) as u64,
            available: bytes.len() as u64,
        })
    }
}

/// Two consecutive 64-bit integers.
#[inline]
pub(crate) fn integers(bytes: &[u8; 16], order: ByteOrder) -> (u64, u64) {
    match order {
        ByteOrder::Little => halves(bytes, u64::from_le_bytes),
        ByteOrder::Big => big_integers(bytes),
    }
}

/// Not inlined, so that it costs nothing in loops over dumps in the usual order.
#[cold]
fn big_integers(bytes: &[u8; 16]) -> (u64, u64) {
    halves(bytes, u64::from_be_bytes)
}

#[inline]
fn halves(bytes: &[u8; 16], decode: impl Fn([u8; 8]) -> u64) -> (u64, u64) {
    let first = bytes.first_chunk().copied().unwrap_or_default();
    let second = bytes.last_chunk().copied().unwrap_or_default();
    (decode(first), decode(second))
}

/// An integer of `width` (1, 2, 4 or 8) bytes at `position` in `bytes`, zero-extended.
pub(crate) fn integer_at(bytes: &[u8], position: u32, width: u32, order: ByteOrder) -> Option<u64> {
    let order = Bytes::new(&[], order).order;
    let position = usize::try_from(position).ok()?;
    match width {
        1 => bytes.get(position).copied().map(u64::from),
        2 => bytes.pread_with::<u16>(position, order).ok().map(u64::from),
        4 => bytes.pread_with::<u32>(position, order).ok().map(u64::from),
        8 => bytes.pread_with::<u64>(position, order).ok(),
        _ => None,
    }
}

/// An integer of `width` bytes, at most 16, at `position` in `bytes`, zero-extended.
#[inline]
pub(crate) fn unsigned_at(bytes: &[u8], position: u32, width: u32, order: ByteOrder) -> Option<u128> {
    let position = usize::try_from(position).ok()?;
    let end = position.checked_add(usize::try_from(width).ok()?)?;
    let bytes = bytes.get(position..end)?;
    // Nearly all registers have a size that is read at once.
    if let Ok(word) = <[u8; 8]>::try_from(bytes) {
        return Some(u128::from(match order {
            ByteOrder::Little => u64::from_le_bytes(word),
            ByteOrder::Big => u64::from_be_bytes(word),
        }));
    }
    let mut wide = [0; 16];
    Some(match order {
        ByteOrder::Little => {
            wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
            u128::from_le_bytes(wide)
        }
        ByteOrder::Big => {
            let start = wide.len().checked_sub(bytes.len())?;
            wide.get_mut(start..)?.copy_from_slice(bytes);
            u128::from_be_bytes(wide)
        }
    })
}

/// The first eight bytes, padded with zeros.
pub(crate) fn signature(data: &[u8]) -> [u8; 8] {
    let mut found = [0; 8];
    for (to, from) in found.iter_mut().zip(data) {
        *to = *from;
    }
    found
}
