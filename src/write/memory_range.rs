//! Memory ranges to be written.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use std::fs::File;
use std::io;

use crate::write::source::{InFile, ReadAt, Reader};

/// A range of process memory to be written: an address, a size, and the source of its bytes.
///
/// # Examples
///
/// ```
/// use userdump::write::MemoryRange;
///
/// let range = MemoryRange::borrowed(0x20_0000, &[0x55; 64]);
/// assert_eq!((range.address(), range.size()), (0x20_0000, 64));
/// ```
pub struct MemoryRange<'a> {
    address: u64,
    size: u64,
    contents: Contents<'a>,
    /// Whether its bytes can be read a second time.
    is_repeatable: bool,
    /// Overrides the setting of the plan.
    short_source: Option<ShortSource>,
    /// The offset of its bytes in the source that the plan is made parallel to, where the contents do not tell.
    place: Option<u64>,
}

/// The source of the bytes.
pub(super) enum Contents<'a> {
    Borrowed(&'a [u8]),
    /// Several separate borrowed runs.
    Pieces(Vec<&'a [u8]>),
    Reader(Reader<'a>),
}

/// What to do when a reader returns fewer bytes than its range has. Set it for all ranges with
/// [`MinidumpBuilder::short_source`](crate::write::MinidumpBuilder::short_source), or for one range with
/// [`MemoryRange::short_source`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ShortSource {
    /// Stop: with [`WriteError::ShortSource`](crate::WriteError::ShortSource) if the reader ends early, with
    /// [`WriteError::Source`](crate::WriteError::Source) if it fails.
    #[default]
    Fail,
    /// If the reader ends early, write zeros for the rest and report them in
    /// [`Written::shortfalls`](crate::write::Written::shortfalls). If it fails, stop.
    ZeroFill,
    /// Also write zeros if the reader fails, report them, and continue: with the next page for [`MemoryRange::from_read_at`]
    /// and [`MemoryRange::from_file`], with the next range for [`MemoryRange::from_reader`]. On Linux, reading `/proc/PID/mem`
    /// fails for pages of a file that was truncated, and for some device mappings.
    ZeroFillErrors,
}

impl<'a> MemoryRange<'a> {
    /// Creates a range from bytes in memory.
    #[must_use]
    pub const fn borrowed(address: u64, bytes: &'a [u8]) -> Self {
        Self {
            address,
            size: bytes.len() as u64,
            contents: Contents::Borrowed(bytes),
            is_repeatable: true,
            short_source: None,
            place: None,
        }
    }

    /// Creates a range from consecutive runs of bytes in memory.
    #[must_use]
    pub fn from_pieces(address: u64, pieces: Vec<&'a [u8]>) -> Self {
        let size = pieces.iter().map(|piece| piece.len() as u64).sum();
        let contents = match *pieces {
            [piece] => Contents::Borrowed(piece),
            _ => Contents::Pieces(pieces),
        };
        Self { address, size, contents, is_repeatable: true, short_source: None, place: None }
    }

    /// Creates a range of `size` bytes that are read from `reader` when the dump is written, through a buffer of 64 KiB.
    ///
    /// Further bytes of the reader are not read. If it ends early, [`ShortSource`] decides what happens; the positions of
    /// later ranges do not change.
    pub fn from_reader(address: u64, size: u64, reader: impl io::Read + Send + 'a) -> Self {
        Self::read(address, size, Reader::InOrder(Box::new(reader)))
    }

    /// Creates a range of `size` bytes that are read from `source` by address when the dump is written, through a buffer of
    /// 64 KiB.
    ///
    /// Many ranges can share one source, such as an open `/proc/PID/mem` in an `Arc`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Error, ErrorKind};
    /// use userdump::write::{MemoryRange, MinidumpBuilder, ShortSource};
    ///
    /// # fn main() -> Result<(), userdump::WriteError> {
    /// // A process whose second page cannot be read.
    /// let process = |address: u64, room: &mut [u8]| match address / 4096 {
    ///     0x11 => Err(Error::from(ErrorKind::PermissionDenied)),
    ///     page => {
    ///         let count = room.len().min(4096 - address as usize % 4096);
    ///         room[..count].fill(page as u8);
    ///         Ok(count)
    ///     }
    /// };
    /// let mut dump = MinidumpBuilder::new();
    /// dump.memory(MemoryRange::from_read_at(0x1_0000, 3 * 4096, process)).short_source(ShortSource::ZeroFillErrors);
    /// let written = dump.plan()?.write_to(std::io::sink())?;
    /// let gap = written.shortfalls[0];
    /// assert_eq!((gap.address, gap.offset, gap.missing), (0x1_0000, 4096, 4096));
    /// assert_eq!(gap.error, Some(ErrorKind::PermissionDenied));
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_read_at(address: u64, size: u64, source: impl ReadAt + Send + 'a) -> Self {
        Self::read(address, size, Reader::ByAddress(Box::new(source)))
    }

    /// Creates a range of `size` bytes that are in an opened file, from `offset` on.
    ///
    /// [`Plan::write_to_file`](crate::write::Plan::write_to_file) lets the kernel copy them where it can. Otherwise they are
    /// read with positioned reads through a buffer of 64 KiB; on Unix, these leave the position of the file as it is. Many
    /// ranges can share one file. If the file ends early, [`ShortSource`] decides what happens.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use userdump::write::{MemoryRange, MinidumpBuilder};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let core = std::fs::File::open("core")?;
    /// let mut dump = MinidumpBuilder::new();
    /// dump.memory64(MemoryRange::from_file(0x7f00_0000_0000, 0x1000, &core, 0x2000));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn from_file(address: u64, size: u64, file: &'a File, offset: u64) -> Self {
        Self::read(address, size, Reader::InFile(InFile { file, offset })).repeatable()
    }

    const fn read(address: u64, size: u64, reader: Reader<'a>) -> Self {
        Self {
            address,
            size,
            contents: Contents::Reader(reader),
            is_repeatable: false,
            short_source: None,
            place: None,
        }
    }

    /// Sets what happens if the reader of this range ends early or fails, in place of the setting for all ranges.
    #[must_use]
    pub fn short_source(self, short_source: ShortSource) -> Self {
        Self { short_source: Some(short_source), ..self }
    }

    /// Returns the address of the first byte.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// Returns the size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Marks the range as one that its creator can create again, with the same bytes.
    pub(crate) fn repeatable(self) -> Self {
        Self { is_repeatable: true, ..self }
    }

    /// Sets the offset of the bytes in the source of the dump, for readers.
    pub(crate) fn placed(self, offset: u64) -> Self {
        Self { place: Some(offset), ..self }
    }

    pub(super) const fn place(&self) -> Option<u64> {
        self.place
    }

    pub(super) const fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }

    /// Returns the same range by reference; bytes read through it are no longer returned by this one.
    pub(super) fn lend(&mut self) -> MemoryRange<'_> {
        let contents = match &mut self.contents {
            Contents::Borrowed(bytes) => Contents::Borrowed(bytes),
            Contents::Pieces(pieces) => Contents::Pieces(pieces.clone()),
            Contents::Reader(reader) => Contents::Reader(reader.lend()),
        };
        let Self { address, size, is_repeatable, short_source, place, .. } = *self;
        MemoryRange { address, size, contents, is_repeatable, short_source, place }
    }

    /// Returns the setting of this range, or `all`, the setting of the plan, if it has none.
    pub(super) fn on_short_source(&self, all: ShortSource) -> ShortSource {
        self.short_source.unwrap_or(all)
    }

    pub(super) const fn contents(&self) -> &Contents<'a> {
        &self.contents
    }

    pub(super) fn into_contents(self) -> Contents<'a> {
        self.contents
    }
}

impl fmt::Debug for MemoryRange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryRange(0x{:x}, {} bytes ", self.address, self.size)?;
        match &self.contents {
            Contents::Borrowed(_) => f.write_str("borrowed)"),
            Contents::Pieces(_) => f.write_str("in pieces)"),
            Contents::Reader(reader) => write!(f, "{reader:?})"),
        }
    }
}
