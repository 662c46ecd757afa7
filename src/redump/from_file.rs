//! Passes memory from a file that is read piece by piece to the result.

use std::io;

use crate::error::ReadError;
use crate::read::source::SourceFile;
use crate::read::{Bytes, MemoryRange as ListedRange};
use crate::write::MemoryRange;

/// Returns bytes of the source as a range with another address. They are borrowed if they are in memory.
pub(super) fn passed_on<'a>(bytes: Bytes<'a>, address: u64, offset: u64, size: u64) -> MemoryRange<'a> {
    match bytes.file() {
        None => MemoryRange::borrowed(address, bytes.clipped(offset, size)),
        Some(file) => MemoryRange::from_reader(address, size, FromFile { file, offset, left: size }).repeatable(),
    }
}

/// Returns the bytes of a range that are in the file.
pub(super) fn listed_range<'a>(range: &ListedRange<'a>) -> MemoryRange<'a> {
    passed_on(*range.file(), range.address, range.offset, range.available())
}

/// Reads bytes of the source in order.
struct FromFile<'a> {
    file: &'a SourceFile,
    offset: u64,
    left: u64,
}

impl io::Read for FromFile<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let room = buf.get_mut(..count).unwrap_or_default();
        self.file.copy("memory", self.offset, room).map_err(io::Error::other)?;
        self.offset += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Returns the error of a reader that has no more bytes because the file could not be read.
pub(super) fn failed(file: Option<&SourceFile>) -> io::Result<usize> {
    let fault: Option<ReadError> = file.and_then(SourceFile::fault);
    fault.map_or(Ok(0), |fault| Err(io::Error::other(fault)))
}
