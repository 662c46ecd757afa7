//! The data that every view is based on: the file, its byte order and its target.

use core::fmt;

use crate::error::ReadError;
use crate::format::{DirectoryEntry, Header, LocationDescriptor, Rva, Rva64};
use crate::read::source::Source;

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::target::Target;
use crate::read::text::utf16::Utf16;

/// The bytes of a dump, their byte order and the target: everything that a view needs to decode itself.
///
/// Views hold a copy of this instead of the dump. Methods that need other streams are therefore on the dump, for
/// example the one for the stack of a thread in a dump with full memory.
#[derive(Clone, Copy)]
pub struct DumpBytes<'a> {
    bytes: Bytes<'a>,
    target: Target,
}

impl fmt::Debug for DumpBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DumpBytes").field("bytes", &self.bytes).field("target", &self.target).finish()
    }
}

impl<'a> DumpBytes<'a> {
    pub(crate) const fn new(bytes: Bytes<'a>, target: Target) -> Self {
        Self { bytes, target }
    }

    /// Other bytes, with the same byte order and target.
    pub(crate) const fn rebound<'b>(&self, source: Source<'b>) -> DumpBytes<'b> {
        DumpBytes::new(self.bytes.rebound(source), self.target)
    }

    /// The bytes of the file, if all of them are in memory; `None` if the dump is read from a
    /// `SourceFile`.
    #[must_use]
    pub const fn data(&self) -> Option<&'a [u8]> {
        self.bytes.data()
    }

    /// The size of the file in bytes.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.bytes.size()
    }

    /// Where the bytes come from.
    #[must_use]
    pub const fn source(&self) -> Source<'a> {
        self.bytes.source()
    }

    /// The byte order of every integer in the file.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.bytes.order()
    }

    /// The processor and operating system of the dumped process, as far as they are recorded.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The `MINIDUMP_STRING` at `rva`.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    #[inline]
    pub fn string(&self, rva: Rva64) -> Result<Utf16<'a>, ReadError> {
        self.bytes.string(rva)
    }

    /// The `MINIDUMP_STRING` at `rva`; `None` if `rva` is 0.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn optional_string(&self, rva: Rva) -> Result<Option<Utf16<'a>>, ReadError> {
        if rva == 0 { Ok(None) } else { self.string(rva.into()).map(Some) }
    }

    /// The bytes that a location descriptor refers to; `what` names them in the error.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if they are not entirely in the file.
    pub fn location(&self, what: &'static str, location: LocationDescriptor) -> Result<&'a [u8], ReadError> {
        self.bytes.slice(what, location.rva.into(), location.data_size.into())
    }

    /// Like [`Self::location`], for optional data: `None` if the size or the RVA is 0.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the bytes are not entirely in the file.
    pub fn optional_location(
        &self,
        what: &'static str,
        location: LocationDescriptor,
    ) -> Result<Option<&'a [u8]>, ReadError> {
        if location.data_size == 0 || location.rva == 0 { Ok(None) } else { self.location(what, location).map(Some) }
    }

    /// True if `rva` refers to a name: a `MINIDUMP_STRING` with at least one character. Its end is not checked.
    pub(crate) fn has_name(&self, rva: Rva64) -> bool {
        const WHAT: &str = "MINIDUMP_STRING";
        const LONGEST: u32 = 0xfffe;
        let size = self.bytes.read::<u32>(WHAT, rva).unwrap_or_default();
        let text = rva.saturating_add(4);
        let has_first = self.bytes.read::<u16>(WHAT, text).is_ok_and(|unit| unit != 0);
        let is_whole = has_first && self.bytes.present(WHAT, text, size.into()).is_ok();
        rva != 0 && (1..=LONGEST).contains(&size) && size % 2 == 0 && is_whole
    }

    /// True if a range overlaps the header or the directory, and therefore cannot be data that a list refers to.
    pub(crate) fn is_in_tables(&self, offset: u64, size: u64) -> bool {
        self.tables().hold(offset, size)
    }

    /// The positions of the header and the directory.
    pub(crate) fn tables(&self) -> Tables {
        let field = |field: usize| self.bytes.read::<u32>("MINIDUMP_HEADER", field as u64).map_or(0, u64::from);
        let count = field(Header::OFFSETS.number_of_streams.get()).min(Tables::MOST_ENTRIES.into());
        let start = field(Header::OFFSETS.stream_directory_rva.get());
        Tables { start, end: start.saturating_add(count.saturating_mul(DirectoryEntry::SIZE as u64)) }
    }

    #[inline]
    pub(crate) const fn bytes(&self) -> &Bytes<'a> {
        &self.bytes
    }
}

/// The positions of the header and the directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables {
    /// The file offset of the directory.
    start: u64,
    /// The end of the directory.
    end: u64,
}

impl Tables {
    /// Limits the effect of a wrong count, which would claim the memory after the directory. No known producer writes
    /// more entries.
    pub(crate) const MOST_ENTRIES: u32 = 256;

    /// True if neither the header nor the directory has bytes at `offset` or after it.
    pub(crate) const fn end_before(&self, offset: u64) -> bool {
        Header::SIZE as u64 <= offset && self.end <= offset
    }

    /// True if a range overlaps the header or the directory.
    #[inline]
    pub(crate) const fn hold(&self, offset: u64, size: u64) -> bool {
        let is_in_directory = offset < self.end && self.start < offset.saturating_add(size);
        size > 0 && (offset < Header::SIZE as u64 || is_in_directory)
    }
}

impl Default for DumpBytes<'_> {
    fn default() -> Self {
        Self::new(Bytes::new(Source::NOTHING, ByteOrder::Little), Target::default())
    }
}
