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
}

/// Where the bytes come from.
pub(super) enum Contents<'a> {
    Borrowed(&'a [u8]),
    /// Several runs that stand apart where they are borrowed from.
    Pieces(Vec<&'a [u8]>),
    Reader(Box<dyn io::Read + 'a>),
}

/// What to do when a reader gives fewer bytes than its range has.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShortSource {
    /// Stop with [`WriteError::ShortSource`](crate::WriteError::ShortSource).
    #[default]
    Fail,
    /// Write zeros in place of the missing bytes and say so in [`Written::shortfalls`](crate::write::Written::shortfalls).
    ZeroFill,
}

impl<'a> MemoryRange<'a> {
    /// A range whose bytes are at hand.
    pub const fn borrowed(address: u64, bytes: &'a [u8]) -> Self {
        Self { address, size: bytes.len() as u64, contents: Contents::Borrowed(bytes) }
    }

    /// A range whose bytes are at hand in several runs, to be written one behind the other.
    pub fn from_pieces(address: u64, pieces: Vec<&'a [u8]>) -> Self {
        let size = pieces.iter().map(|piece| piece.len() as u64).sum();
        let contents = match *pieces {
            [piece] => Contents::Borrowed(piece),
            _ => Contents::Pieces(pieces),
        };
        Self { address, size, contents }
    }

    /// A range of `size` bytes that `reader` gives when they are written, through a buffer of 64 KiB.
    ///
    /// A reader that gives more is not read further. One that gives less is what [`ShortSource`] decides on. Ranges
    /// behind it stay where the plan put them.
    pub fn from_reader(address: u64, size: u64, reader: impl io::Read + 'a) -> Self {
        Self { address, size, contents: Contents::Reader(Box::new(reader)) }
    }

    /// The address of the first byte.
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// The size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
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
