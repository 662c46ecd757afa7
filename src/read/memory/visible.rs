//! The ranges of memory, sorted by address, with overlaps resolved.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::debug::Hex;
use crate::read::interval::Interval;
use crate::read::memory::buckets::IN_BUCKET;
use crate::read::memory::by_address::Memory;
use crate::read::memory::lists::MemoryRange;
use crate::read::memory::pieces::Piece;

/// A range of memory, or the part of it that no other range hides: see [`Memory::visible_ranges`].
///
/// The bytes are looked up when they are requested: [`VisibleRange::bytes`].
///
/// # Examples
///
/// ```
/// use userdump::Minidump;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, b"abc"));
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = Minidump::parse(&file)?;
/// let memory = dump.memory();
/// for range in &memory {
///     println!("{:#x}: {} bytes", range.address, range.bytes()?.len()); // 0x200000: 3 bytes
///     # assert_eq!((range.address, range.bytes()?), (0x20_0000, b"abc".as_slice()));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct VisibleRange<'m> {
    /// The address of the first byte, without the upper half on 32-bit targets.
    pub address: u64,
    /// The size in bytes.
    pub size: u64,
    /// The place of the bytes, as in a piece of the index.
    place: u64,
    memory: &'m Memory<'m>,
}

impl<'m> VisibleRange<'m> {
    pub(crate) fn new(memory: &'m Memory<'_>, interval: Interval, place: u64) -> Self {
        Self { address: interval.start, size: interval.size(), place, memory }
    }

    /// Returns all bytes of the range, for as long as the index is borrowed.
    ///
    /// # Errors
    ///
    /// For uncompressed memory there are none. For compressed memory, [`ReadError::Bucket`] as in
    /// [`Memory::try_slice`], and for a `SourceFile`, `ReadError::Source`; if the cache is full, use
    /// [`Memory::read`].
    pub fn bytes(&self) -> Result<&'m [u8], ReadError> {
        self.memory.contents().lend(self.place, self.size)
    }

    /// Returns the range as it is in the file, with its position; `None` if it is compressed.
    #[must_use]
    pub fn in_file(&self) -> Option<MemoryRange<'m>> {
        let bytes = Some(self.memory.contents().bytes).filter(|_| self.place & IN_BUCKET == 0)?;
        Some(MemoryRange::at(bytes, (self.address, self.size), self.place, self.size))
    }

    /// Returns the file offset of the bytes, or of the bucket that contains them.
    #[cfg(feature = "std")]
    pub(crate) fn position(&self) -> u64 {
        self.memory.contents().position(self.place)
    }

    /// True if the bytes are compressed.
    #[cfg(feature = "std")]
    pub(crate) const fn is_compressed(&self) -> bool {
        self.place & IN_BUCKET != 0
    }

    /// Returns the place of the bytes. Two ranges with the same place and size have the same bytes.
    #[cfg(feature = "std")]
    pub(crate) const fn place(&self) -> u64 {
        self.place
    }
}

/// Two ranges are equal if they have the same addresses and refer to the same bytes of the file.
impl PartialEq for VisibleRange<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.address, self.size, self.place) == (other.address, other.size, other.place)
    }
}

impl Eq for VisibleRange<'_> {}

impl Hash for VisibleRange<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.address, self.size, self.place).hash(state);
    }
}

/// Prints the position and number of bytes, not the bytes.
impl fmt::Debug for VisibleRange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut range = f.debug_struct("VisibleRange");
        range.field("address", &Hex(self.address)).field("size", &self.size).field("place", &Hex(self.place)).finish()
    }
}

/// Iterator over the visible ranges of a [`Memory`], sorted by address.
#[derive(Clone)]
pub struct VisibleRanges<'m, 'a> {
    memory: &'m Memory<'a>,
    pieces: core::slice::Iter<'m, Piece>,
}

impl<'m, 'a> VisibleRanges<'m, 'a> {
    pub(crate) const fn new(memory: &'m Memory<'a>, pieces: core::slice::Iter<'m, Piece>) -> Self {
        Self { memory, pieces }
    }
}

impl fmt::Debug for VisibleRanges<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VisibleRanges({} left)", self.pieces.len())
    }
}

impl<'m> Iterator for VisibleRanges<'m, '_> {
    type Item = VisibleRange<'m>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pieces.next().map(|piece| VisibleRange::new(self.memory, piece.interval, piece.place))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pieces.size_hint()
    }
}

impl DoubleEndedIterator for VisibleRanges<'_, '_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.pieces.next_back().map(|piece| VisibleRange::new(self.memory, piece.interval, piece.place))
    }
}

impl ExactSizeIterator for VisibleRanges<'_, '_> {}
impl FusedIterator for VisibleRanges<'_, '_> {}

/// Iterates over the visible ranges.
impl<'m, 'a> IntoIterator for &'m Memory<'a> {
    type Item = VisibleRange<'m>;
    type IntoIter = VisibleRanges<'m, 'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.visible_ranges()
    }
}
