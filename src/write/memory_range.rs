//! Memory ranges on their way into a dump.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use std::io;

/// The bytes of the process at one address, to be written.
pub struct MemoryRange<'a> {
    address: u64,
    size: u64,
    contents: Contents<'a>,
    /// Whether its bytes can be had a second time.
    is_repeatable: bool,
}

/// Where the bytes come from.
pub(super) enum Contents<'a> {
    Borrowed(&'a [u8]),
    /// Several runs that stand apart where they are borrowed from.
    Pieces(Vec<&'a [u8]>),
    Reader(Box<dyn io::Read + Send + 'a>),
}

/// What to do when a reader gives fewer bytes than its range has.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ShortSource {
    /// Stop with [`WriteError::ShortSource`](crate::WriteError::ShortSource).
    #[default]
    Fail,
    /// Write zeros in place of the missing bytes and say so in [`Written::shortfalls`](crate::write::Written::shortfalls).
    ZeroFill,
}

impl<'a> MemoryRange<'a> {
    /// A range whose bytes are at hand.
    #[must_use]
    pub const fn borrowed(address: u64, bytes: &'a [u8]) -> Self {
        Self { address, size: bytes.len() as u64, contents: Contents::Borrowed(bytes), is_repeatable: true }
    }

    /// A range whose bytes are at hand in several runs, to be written one behind the other.
    #[must_use]
    pub fn from_pieces(address: u64, pieces: Vec<&'a [u8]>) -> Self {
        let size = pieces.iter().map(|piece| piece.len() as u64).sum();
        let contents = match *pieces {
            [piece] => Contents::Borrowed(piece),
            _ => Contents::Pieces(pieces),
        };
        Self { address, size, contents, is_repeatable: true }
    }

    /// A range of `size` bytes that `reader` gives when they are written, through a buffer of 64 KiB.
    ///
    /// A reader that gives more is not read further. One that gives less is what [`ShortSource`] decides on. Ranges
    /// behind it stay where the plan put them.
    pub fn from_reader(address: u64, size: u64, reader: impl io::Read + Send + 'a) -> Self {
        Self { address, size, contents: Contents::Reader(Box::new(reader)), is_repeatable: false }
    }

    /// The address of the first byte.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// The size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Says that whoever made it can make it again, with the same bytes.
    pub(crate) fn repeatable(self) -> Self {
        Self { is_repeatable: true, ..self }
    }

    pub(super) const fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }

    /// The same range; what is read from it is not read from this one any more.
    pub(super) fn lend(&mut self) -> MemoryRange<'_> {
        let contents = match &mut self.contents {
            Contents::Borrowed(bytes) => Contents::Borrowed(bytes),
            Contents::Pieces(pieces) => Contents::Pieces(pieces.clone()),
            Contents::Reader(reader) => Contents::Reader(Box::new(reader)),
        };
        MemoryRange { address: self.address, size: self.size, contents, is_repeatable: self.is_repeatable }
    }

    pub(super) fn into_contents(self) -> Contents<'a> {
        self.contents
    }
}

impl fmt::Debug for MemoryRange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contents = match &self.contents {
            Contents::Borrowed(_) => "borrowed",
            Contents::Pieces(_) => "in pieces",
            Contents::Reader(_) => "from a reader",
        };
        write!(f, "MemoryRange(0x{:x}, {} bytes {contents})", self.address, self.size)
    }
}
