//! Passes memory from a file that is read piece by piece to the result.

#[cfg(any(unix, windows))]
use std::fs::File;
use std::io;

use crate::read::source::SourceFile;
use crate::read::{Bytes, MemoryRange as ListedRange};
use crate::write::MemoryRange;

/// Returns bytes of the source as a range with another address: borrowed if they are in memory, and otherwise read from
/// the file when they are written.
pub(super) fn passed_on(bytes: Bytes<'_>, address: u64, offset: u64, size: u64) -> MemoryRange<'_> {
    let Some(file) = bytes.file() else { return MemoryRange::borrowed(address, bytes.clipped(offset, size)) };
    #[cfg(any(unix, windows))]
    if let Some(file) = file.as_any().downcast_ref::<File>() {
        return MemoryRange::from_file(address, size, file, offset).placed(offset);
    }
    MemoryRange::from_reader(address, size, FromSource { file, offset, left: size }).repeatable().placed(offset)
}

/// Returns the bytes of a range that are in the file.
pub(super) fn listed_range<'a>(range: &ListedRange<'a>) -> MemoryRange<'a> {
    passed_on(*range.file(), range.address, range.offset, range.available())
}

/// Returns the error of a reader that has no more bytes because the file could not be read.
pub(super) fn failed(file: Option<&SourceFile>) -> io::Result<usize> {
    file.and_then(SourceFile::fault).map_or(Ok(0), |fault| Err(io::Error::other(fault)))
}

/// Reads bytes of a source that is not a file of the system, in order.
struct FromSource<'a> {
    file: &'a SourceFile,
    offset: u64,
    left: u64,
}

impl io::Read for FromSource<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let room = buf.get_mut(..count).unwrap_or_default();
        self.file.copy("memory", self.offset, room).map_err(io::Error::other)?;
        self.offset += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}
