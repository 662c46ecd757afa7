//! The stream directory: all entries in file order, including duplicates and unused ones.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::{DirectoryEntry, Header};

use crate::read::bytes::Bytes;

/// The stream directory.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # dump.stream(userdump::format::StreamType::LINUX_MAPS, b"00400000-".as_slice());
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::format::StreamType;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// for entry in dump.directory() {
///     println!("{}: {} bytes at {:#x}", entry.stream_type, entry.location.data_size, entry.location.rva);
///     # assert_eq!((entry.stream_type, entry.location.data_size), (StreamType::LINUX_MAPS, 9));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    bytes: Bytes<'a>,
    offset: u64,
    len: u32,
    declared: u32,
}

impl<'a> Directory<'a> {
    /// Leaves out entries beyond the end of the file; [`Directory::fault`] counts them.
    pub(crate) fn new(bytes: Bytes<'a>, header: &Header) -> Self {
        let offset = u64::from(header.stream_directory_rva);
        let entry = DirectoryEntry::SIZE as u64;
        let present = bytes.size().saturating_sub(offset) / entry;
        let declared = header.number_of_streams;
        let len = u32::try_from(present).unwrap_or(u32::MAX).min(declared);
        Self { bytes, offset, len, declared }
    }

    /// The number of entries that are present, including unused ones.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// True if the dump has no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of entries that the header declares.
    #[must_use]
    pub const fn declared_len(&self) -> u32 {
        self.declared
    }

    /// The error if the header declares more entries than the file contains.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        let entry = DirectoryEntry::SIZE as u64;
        (self.len < self.declared).then(|| ReadError::Truncated {
            what: "MINIDUMP_DIRECTORY",
            offset: self.offset,
            needed: u64::from(self.declared) * entry,
            available: u64::from(self.len) * entry,
        })
    }

    /// The entry at `index`, `None` beyond the end.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<DirectoryEntry> {
        if index >= self.len {
            return None;
        }
        self.bytes.read("MINIDUMP_DIRECTORY", self.entry_offset(index)).ok()
    }

    /// The file offset of the entry at `index`.
    #[must_use]
    pub const fn entry_offset(&self, index: u32) -> u64 {
        self.offset + index as u64 * DirectoryEntry::SIZE as u64
    }

    /// The entries in file order.
    #[must_use]
    pub const fn iter(&self) -> DirectoryEntries<'a> {
        DirectoryEntries { directory: *self, next: 0, end: self.len }
    }
}

impl<'a> IntoIterator for Directory<'a> {
    type Item = DirectoryEntry;
    type IntoIter = DirectoryEntries<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &Directory<'a> {
    type Item = DirectoryEntry;
    type IntoIter = DirectoryEntries<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the entries of a [`Directory`].
#[derive(Clone, Debug)]
pub struct DirectoryEntries<'a> {
    directory: Directory<'a>,
    next: u32,
    /// The index after the last remaining entry.
    end: u32,
}

impl Iterator for DirectoryEntries<'_> {
    type Item = DirectoryEntry;

    fn next(&mut self) -> Option<DirectoryEntry> {
        if self.next >= self.end {
            return None;
        }
        let entry = self.directory.get(self.next)?;
        self.next += 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.end - self.next).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl DoubleEndedIterator for DirectoryEntries<'_> {
    fn next_back(&mut self) -> Option<DirectoryEntry> {
        let last = self.end.checked_sub(1).filter(|last| *last >= self.next)?;
        let entry = self.directory.get(last)?;
        self.end = last;
        Some(entry)
    }
}

impl ExactSizeIterator for DirectoryEntries<'_> {}
impl FusedIterator for DirectoryEntries<'_> {}
