//! Files in which borrowed bytes are.

use core::fmt;
use std::fs::File;

use crate::format::debug::Size;

/// Borrowed bytes, and the opened file that has the same bytes: a mapping and its file.
///
/// [`Plan::write_to_file`](crate::write::Plan::write_to_file) lets the kernel copy what a plan borrows from them.
///
/// # Examples
///
/// A mapping of the part of a file that begins at offset 4096:
///
/// ```
/// use userdump::write::CopySource;
///
/// # fn main() -> std::io::Result<()> {
/// # let file = std::fs::File::open("Cargo.toml")?;
/// # let mapping: &[u8] = &[];
/// let source = CopySource::new(mapping, &file).at(4096);
/// assert_eq!(source.offset(), 4096);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct CopySource<'a> {
    bytes: &'a [u8],
    file: &'a File,
    offset: u64,
}

impl<'a> CopySource<'a> {
    /// Creates a source from bytes that are those at the start of the file.
    ///
    /// If the file has other bytes, the dump has them as well.
    #[must_use]
    pub const fn new(bytes: &'a [u8], file: &'a File) -> Self {
        Self { bytes, file, offset: 0 }
    }

    /// Sets the file offset of the first byte.
    #[must_use]
    pub const fn at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the file.
    #[must_use]
    pub const fn file(&self) -> &'a File {
        self.file
    }

    /// Returns the file offset of the first byte.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the file offset of bytes that are borrowed from this source.
    pub(super) fn offset_of(&self, bytes: &[u8]) -> Option<u64> {
        self.offset.checked_add(offset_in(self.bytes, bytes)?)
    }
}

/// Returns the offset of bytes that are borrowed from `source`, `None` for all others.
pub(super) fn offset_in(source: &[u8], bytes: &[u8]) -> Option<u64> {
    let offset = bytes.as_ptr().addr().checked_sub(source.as_ptr().addr())?;
    let end = offset.checked_add(bytes.len())?;
    (end <= source.len()).then_some(offset as u64)
}

/// Prints the size, but no contents.
impl fmt::Debug for CopySource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut source = f.debug_struct("CopySource");
        source.field("bytes", &Size(self.bytes.len())).field("file", self.file).field("offset", &self.offset).finish()
    }
}
