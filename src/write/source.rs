//! Reads the bytes of a memory range, with zeros in place of bytes that cannot be read.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use std::fs::File;
use std::io;

use crate::error::WriteError;

use crate::write::memory_range::ShortSource;
use crate::write::written::Shortfall;

/// The smallest page size of any system, in bytes. Memory is readable or unreadable page by page.
const PAGE: u64 = 4096;

/// Memory that is read by address: a file whose offsets are addresses, such as `/proc/PID/mem`, or a closure.
///
/// Several ranges can share one source. With [`ShortSource::ZeroFillErrors`], an error zero-fills the rest of the 4 KiB page,
/// and reading continues with the next page.
///
/// # Examples
///
/// A range of a file whose offsets are not addresses:
///
/// ```no_run
/// use std::fs::File;
/// use std::sync::Arc;
/// use userdump::write::{MemoryRange, ReadAt};
///
/// # fn main() -> std::io::Result<()> {
/// let core = Arc::new(File::open("core")?);
/// let (address, size, position) = (0x7f00_0000_0000, 0x1000, 0x2000);
/// let range = MemoryRange::from_read_at(address, size, move |at: u64, room: &mut [u8]| {
///     core.read_at(at - address + position, room)
/// });
/// # Ok(())
/// # }
/// ```
pub trait ReadAt {
    /// Reads bytes from `address` into the start of `room` and returns their number; 0 means that no bytes follow.
    ///
    /// # Errors
    ///
    /// Any error of the source. [`io::ErrorKind::Interrupted`] is retried.
    fn read_at(&self, address: u64, room: &mut [u8]) -> io::Result<usize>;
}

impl<F: Fn(u64, &mut [u8]) -> io::Result<usize>> ReadAt for F {
    fn read_at(&self, address: u64, room: &mut [u8]) -> io::Result<usize> {
        self(address, room)
    }
}

#[cfg(unix)]
impl ReadAt for File {
    fn read_at(&self, address: u64, room: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, room, address)
    }
}

#[cfg(windows)]
impl ReadAt for File {
    fn read_at(&self, address: u64, room: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, room, address)
    }
}

/// Moves the position of the file.
#[cfg(not(any(unix, windows)))]
impl ReadAt for File {
    fn read_at(&self, address: u64, room: &mut [u8]) -> io::Result<usize> {
        let mut file = self;
        io::Seek::seek(&mut file, io::SeekFrom::Start(address))?;
        io::Read::read(&mut file, room)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for alloc::sync::Arc<T> {
    fn read_at(&self, address: u64, room: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(address, room)
    }
}

/// A file, and where the bytes of a range begin in it.
#[derive(Clone, Copy)]
pub(super) struct InFile<'a> {
    pub(super) file: &'a File,
    pub(super) offset: u64,
}

/// The source of the bytes.
pub(super) enum Reader<'a> {
    InOrder(Box<dyn io::Read + Send + 'a>),
    ByAddress(Box<dyn ReadAt + Send + 'a>),
    InFile(InFile<'a>),
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InOrder(_) => "from a reader",
            Self::ByAddress(_) => "read by address",
            Self::InFile(_) => "in a file",
        })
    }
}

impl Reader<'_> {
    /// Returns the reader by reference; bytes read through it are no longer returned by this one.
    pub(super) fn lend(&mut self) -> Reader<'_> {
        match self {
            Self::InOrder(reader) => Reader::InOrder(Box::new(reader)),
            Self::ByAddress(reader) => {
                Reader::ByAddress(Box::new(move |address, room: &mut [u8]| reader.read_at(address, room)))
            }
            Self::InFile(place) => Reader::InFile(*place),
        }
    }
}

/// A range that is being read, from its first byte to its last.
pub(super) struct Source<'a> {
    reader: Reader<'a>,
    address: u64,
    size: u64,
    short_source: ShortSource,
    /// How many bytes of the range have been read or zero-filled.
    at: u64,
    /// The number of bytes at which reading stops, if that is before the end of the range.
    stop: u64,
    /// Set once no more bytes can be read; contains the error, if there was one.
    end: Option<Option<io::ErrorKind>>,
    /// The latest run of missing bytes, which the next missing bytes may extend.
    gap: Option<Shortfall>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(reader: Reader<'a>, address: u64, size: u64, short_source: ShortSource) -> Self {
        Self { reader, address, size, short_source, at: 0, stop: size, end: None, gap: None }
    }

    /// Limits the source to a part of the range. Only for readers that read by position.
    pub(super) fn part(self, part: Range<u64>) -> Self {
        Self { at: part.start, stop: part.end, ..self }
    }

    /// Returns the number of bytes that have not been read yet.
    pub(super) const fn left(&self) -> u64 {
        self.stop.saturating_sub(self.at)
    }

    /// Reports missing bytes at the end of what was read, which may continue those of the part before it.
    pub(super) fn finish(&mut self, shortfalls: &mut Vec<Shortfall>) {
        let Some(gap) = self.gap.take() else { return };
        let follows = |last: &Shortfall| {
            let Shortfall { address, size, offset, missing, error } = *last;
            (address, size, error) == (gap.address, gap.size, gap.error)
                && offset.checked_add(missing) == Some(gap.offset)
        };
        match shortfalls.last_mut().filter(|last| follows(last)) {
            Some(last) => last.missing = last.missing.saturating_add(gap.missing),
            None => shortfalls.push(gap),
        }
    }

    /// Fills `room` with the next bytes of the range. An error comes with the number of bytes filled before it. `index` is
    /// the index of the range, for errors.
    pub(super) fn fill(
        &mut self,
        index: u64,
        room: &mut [u8],
        shortfalls: &mut Vec<Shortfall>,
    ) -> Result<(), (usize, WriteError)> {
        let mut filled = 0;
        while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let missing = match self.end {
                Some(why) => (why, rest.len()),
                None => match self.read(rest) {
                    Ok(0) => (None, rest.len()),
                    Ok(count) => {
                        shortfalls.extend(self.gap.take());
                        filled += count;
                        self.at += count as u64;
                        continue;
                    }
                    Err(error) => match self.skipped(rest.len()) {
                        Some(skipped) => (Some(error.kind()), skipped),
                        None => return Err((filled, self.failed(index, error))),
                    },
                },
            };
            let (error, count) = missing;
            if error.is_none() && self.short_source == ShortSource::Fail {
                let (address, needed, available) = (self.address, self.size, self.at);
                return Err((filled, WriteError::ShortSource { index, address, needed, available }));
            }
            if count == rest.len() && (error.is_none() || matches!(self.reader, Reader::InOrder(_))) {
                self.end = Some(error);
            }
            rest.iter_mut().take(count).for_each(|byte| *byte = 0);
            self.miss(error, count as u64, shortfalls);
            filled += count;
            self.at += count as u64;
        }
        if self.at >= self.size {
            self.finish(shortfalls);
        }
        Ok(())
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match &mut self.reader {
                Reader::InOrder(reader) => reader.read(room),
                Reader::ByAddress(reader) => match self.address.checked_add(self.at) {
                    Some(address) => reader.read_at(address, room),
                    None => Ok(0),
                },
                Reader::InFile(InFile { file, offset }) => match offset.checked_add(self.at) {
                    Some(offset) => file.read_at(offset, room),
                    None => Ok(0),
                },
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count) => return Ok(count.min(room.len())),
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns how many bytes to zero-fill after an error: the rest of the page, or everything if the reader cannot skip.
    /// `None` means to stop.
    fn skipped(&self, rest: usize) -> Option<usize> {
        match (self.short_source, &self.reader) {
            (ShortSource::ZeroFillErrors, Reader::ByAddress(_)) => {
                let in_page = PAGE - self.address.wrapping_add(self.at) % PAGE;
                Some(usize::try_from(in_page).unwrap_or(usize::MAX).min(rest))
            }
            (ShortSource::ZeroFillErrors, Reader::InFile(InFile { offset, .. })) => {
                let in_page = PAGE - offset.wrapping_add(self.at) % PAGE;
                Some(usize::try_from(in_page).unwrap_or(usize::MAX).min(rest))
            }
            (ShortSource::ZeroFillErrors, Reader::InOrder(_)) => Some(rest),
            _ => None,
        }
    }

    /// Records missing bytes, extending the latest run if they continue it.
    fn miss(&mut self, error: Option<io::ErrorKind>, count: u64, shortfalls: &mut Vec<Shortfall>) {
        match &mut self.gap {
            Some(gap) if gap.error == error => gap.missing += count,
            gap => {
                let (address, size, offset) = (self.address, self.size, self.at);
                shortfalls.extend(gap.replace(Shortfall { address, size, offset, missing: count, error }));
            }
        }
    }

    const fn failed(&self, index: u64, source: io::Error) -> WriteError {
        WriteError::Source { index, address: self.address, needed: self.size, available: self.at, source }
    }
}
