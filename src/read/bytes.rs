//! The bytes of the file, with checked access: every position is a `u64` from the start of the file, and every access
//! may fail.
//!
//! This is the only file that calls scroll's readers, and the only one that converts `u64` to `usize`.

use core::fmt;

use scroll::ctx::{SizeWith, TryFromCtx};
use scroll::{Endian, Pread};

use crate::error::ReadError;
use crate::read::source::{Source, SourceFile};
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
    /// The bytes, if all of them are in memory.
    data: &'a [u8],
    /// The file that contains the bytes; then `data` is empty.
    file: Option<&'a SourceFile>,
    order: Endian,
}

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes, {:?})", self.size(), self.order())
    }
}

/// Types that can be decoded from bytes of either order.
pub(crate) trait Decode: for<'x> TryFromCtx<'x, Endian, Error = scroll::Error> + SizeWith<Endian> {}
impl<T> Decode for T where T: for<'x> TryFromCtx<'x, Endian, Error = scroll::Error> + SizeWith<Endian> {}

impl<'a> Bytes<'a> {
    pub(crate) const fn new(source: Source<'a>, order: ByteOrder) -> Self {
        let order = match order {
            ByteOrder::Little => Endian::Little,
            ByteOrder::Big => Endian::Big,
        };
        Self::of(source, order)
    }

    const fn of(source: Source<'a>, order: Endian) -> Self {
        match source {
            Source::Bytes(data) => Self { data, file: None, order },
            #[cfg(feature = "std")]
            Source::File(file) => Self { data: &[], file: Some(file), order },
        }
    }

    /// Other bytes in the same order.
    pub(crate) const fn rebound<'b>(&self, source: Source<'b>) -> Bytes<'b> {
        Bytes::of(source, self.order)
    }

    /// Where the bytes come from.
    pub(crate) const fn source(&self) -> Source<'a> {
        match self.file {
            None => Source::Bytes(self.data),
            #[cfg(feature = "std")]
            Some(file) => Source::File(file),
            #[cfg(not(feature = "std"))]
            Some(file) => match *file {},
        }
    }

    /// The file, if not all bytes are in memory.
    pub(crate) const fn file(&self) -> Option<&'a SourceFile> {
        self.file
    }

    #[inline]
    pub(crate) fn order(&self) -> ByteOrder {
        if self.order.is_little() { ByteOrder::Little } else { ByteOrder::Big }
    }

    /// The size of the file.
    #[inline]
    pub(crate) const fn size(&self) -> u64 {
        match self.file {
            None => self.data.len() as u64,
            Some(file) => file.size(),
        }
    }

    /// All bytes, if they are in memory.
    pub(crate) const fn data(&self) -> Option<&'a [u8]> {
        if self.file.is_none() { Some(self.data) } else { None }
    }

    /// All bytes if they are in memory, otherwise none, for code that treats them like bytes beyond the end.
    #[inline]
    pub(crate) const fn resident(&self) -> &'a [u8] {
        self.data
    }

    /// The first bytes of the file, at most `size`.
    pub(crate) fn start(&self, size: usize) -> Result<&'a [u8], ReadError> {
        self.slice("signature", 0, self.available(0, size as u64))
    }

    /// How many bytes of `[offset, offset + size)` are in the file.
    #[inline]
    pub(crate) fn available(&self, offset: u64, size: u64) -> u64 {
        worked(1);
        self.size().saturating_sub(offset).min(size)
    }

    /// The bytes of `[offset, offset + size)`, as far as they are in the file. Memory of the process is not read by this
    /// but by [`Self::copy`] and [`Self::lend`].
    ///
    /// If they cannot be read, the fault is noted, and there are none.
    #[inline]
    pub(crate) fn clipped(&self, offset: u64, size: u64) -> &'a [u8] {
        worked(1);
        // An offset that does not fit in a `usize` is beyond the end of every slice.
        let rest = usize::try_from(offset).ok().and_then(|start| self.data.get(start..));
        let size_in_memory = usize::try_from(size).ok();
        match rest.zip(size_in_memory).and_then(|(rest, size)| rest.get(..size)) {
            Some(bytes) => bytes,
            None => self.file.map_or(rest.unwrap_or_default(), |file| from_file(file, offset, size)),
        }
    }

    /// The bytes of `[offset, offset + size)`, or an error with the number of bytes that are present.
    #[inline]
    pub(crate) fn slice(&self, what: &'static str, offset: u64, size: u64) -> Result<&'a [u8], ReadError> {
        if self.file.is_some() {
            return self.slice_of_file(what, offset, size);
        }
        let bytes = self.clipped(offset, size);
        let available = bytes.len() as u64;
        if available < size { Err(ReadError::Truncated { what, offset, needed: size, available }) } else { Ok(bytes) }
    }

    #[cold]
    fn slice_of_file(&self, what: &'static str, offset: u64, size: u64) -> Result<&'a [u8], ReadError> {
        self.present(what, offset, size)?;
        match self.file {
            Some(file) if size > 0 => file.kept(what, offset, size).inspect_err(|error| file.note(*error)),
            _ => Ok(&[]),
        }
    }

    /// An error if not all bytes of `[offset, offset + size)` are in the file. They are not read.
    pub(crate) fn present(&self, what: &'static str, offset: u64, size: u64) -> Result<(), ReadError> {
        let available = self.available(offset, size);
        if available < size { Err(ReadError::Truncated { what, offset, needed: size, available }) } else { Ok(()) }
    }

    /// Copies bytes at `offset` into `buf`, as far as they are in the file, and returns their number. If they cannot be
    /// read, the fault is noted, and the number is 0.
    #[inline]
    pub(crate) fn copy(&self, offset: u64, buf: &mut [u8]) -> usize {
        let Some(file) = self.file else {
            let bytes = self.clipped(offset, buf.len() as u64);
            if let Some(to) = buf.get_mut(..bytes.len()) {
                to.copy_from_slice(bytes);
            }
            return bytes.len();
        };
        let count = usize::try_from(self.available(offset, buf.len() as u64)).unwrap_or(0);
        let room = buf.get_mut(..count).unwrap_or_default();
        file.copy("memory", offset, room).map_or(0, |()| count)
    }

    /// Memory at `offset`, as far as it is in the file. It stays in memory if it has to be read.
    ///
    /// # Errors
    ///
    /// `ReadError::Source` if it cannot be read or if there is no room for it. The latter is not noted as a fault,
    /// because the bytes can be copied.
    #[inline]
    pub(crate) fn lend(&self, offset: u64, size: u64) -> Result<&'a [u8], ReadError> {
        match (self.file, self.available(offset, size)) {
            (None, _) => Ok(self.clipped(offset, size)),
            (Some(_), 0) => Ok(&[]),
            (Some(file), available) => file.lent("memory", offset, available),
        }
    }

    /// How many of `size` bytes at two positions differ. Bytes that cannot be read count as different.
    pub(crate) fn differing(&self, one: u64, other: u64, size: u64) -> u64 {
        let step = if self.file.is_none() { size.max(1) } else { PART_SIZE as u64 };
        let part = |number: u64| {
            let (one, other, count) = (one + number * step, other + number * step, (size - number * step).min(step));
            if self.file.is_none() {
                return differing(self.clipped(one, count), self.clipped(other, count));
            }
            differing_copies([one, other], count, |at, buf| self.copy(at, buf))
        };
        (0..size.div_ceil(step)).map(part).sum()
    }

    /// True if the bytes of `[offset, offset + size)` that are in the file are all 0. If they cannot be read, the fault is
    /// noted.
    #[cfg(feature = "std")]
    pub(crate) fn is_zero(&self, offset: u64, size: u64) -> bool {
        if self.file.is_none() {
            return self.clipped(offset, size).iter().all(|&byte| byte == 0);
        }
        let size = self.available(offset, size);
        let mut part = alloc::vec![0; usize::try_from(size).map_or(1 << 16, |size| size.min(1 << 16))];
        let mut at = 0;
        while at < size {
            let count = usize::try_from(size - at).unwrap_or(usize::MAX).min(part.len());
            let room = part.get_mut(..count).unwrap_or_default();
            if self.copy(offset + at, room) < count || room.iter().any(|&byte| byte != 0) {
                return false;
            }
            at += count as u64;
        }
        true
    }

    /// The fault of reading the file, if it could not be read at any time.
    pub(crate) fn fault(&self) -> Option<ReadError> {
        self.file?.fault()
    }

    /// The bytes from `offset` to the next NUL, if there is one.
    pub(crate) fn until_nul(&self, offset: u64) -> Option<&'a [u8]> {
        let (whole, mut size) = (self.available(offset, u64::MAX), if self.file.is_none() { u64::MAX } else { 1 << 8 });
        loop {
            let bytes = self.clipped(offset, size.min(whole));
            let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            worked(text.len() as u64);
            if text.len() < bytes.len() {
                return Some(text);
            }
            if size >= whole || bytes.is_empty() {
                return None;
            }
            size *= 4;
        }
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

/// The size of a type in a file.
pub(crate) fn size<T: Decode>() -> u64 {
    T::size_with(&Endian::Little) as u64
}

/// The number of bytes of a file that are compared at once.
pub(crate) const PART_SIZE: usize = 4096;

/// How many bytes differ.
pub(crate) fn differing(one: &[u8], other: &[u8]) -> u64 {
    if one == other {
        return 0;
    }
    one.iter().zip(other).filter(|(one, other)| one != other).count() as u64
}

/// Returns the number of bytes that differ between two places, of at most [`PART_SIZE`] bytes that `copy` copies from each.
/// Bytes that it cannot copy count as different.
pub(crate) fn differing_copies(places: [u64; 2], count: u64, copy: impl Fn(u64, &mut [u8]) -> usize) -> u64 {
    let wanted = usize::try_from(count).unwrap_or(PART_SIZE);
    let mut buffers = [[0; PART_SIZE]; 2];
    let [one, other] = buffers.each_mut().map(|buffer| buffer.get_mut(..wanted).unwrap_or_default());
    let [at, other_at] = places;
    if copy(at, one) < wanted || copy(other_at, other) < wanted { count } else { differing(one, other) }
}

#[cold]
fn from_file(file: &SourceFile, offset: u64, size: u64) -> &[u8] {
    let size = file.size().saturating_sub(offset).min(size);
    if size == 0 {
        return &[];
    }
    file.kept("part of the file", offset, size).inspect_err(|error| file.note(*error)).unwrap_or_default()
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
    let order = Bytes::new(Source::NOTHING, order).order;
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
