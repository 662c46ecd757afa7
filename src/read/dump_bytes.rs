//! What every view stands on: the file, its byte order, and the machine that it describes.

use core::fmt;

use crate::error::ReadError;
use crate::format::{LocationDescriptor, Rva, Rva64};

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::target::Target;
use crate::read::text::utf16::Utf16;

/// The bytes of a dump, their byte order, and the target: all that a view needs to decode itself.
///
/// Views hold a copy of it and not the dump, so what takes other streams, such as the stack of a thread in a dump with
/// full memory, is a question to the dump.
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

    /// The whole file.
    pub const fn data(&self) -> &'a [u8] {
        self.bytes.data()
    }

    /// The byte order of every integer in the file.
    pub fn byte_order(&self) -> ByteOrder {
        self.bytes.order()
    }

    /// Processor and operating system of the dumped process, as far as the dump says.
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

    /// The `MINIDUMP_STRING` at `rva`; `None` at position 0, where the header is.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn optional_string(&self, rva: Rva) -> Result<Option<Utf16<'a>>, ReadError> {
        if rva == 0 { Ok(None) } else { self.string(rva.into()).map(Some) }
    }

    /// The bytes that a location descriptor points to; `what` names them in the error.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if they are not entirely in the file.
    pub fn location(&self, what: &'static str, location: LocationDescriptor) -> Result<&'a [u8], ReadError> {
        self.bytes.slice(what, location.rva.into(), location.data_size.into())
    }

    /// As [`Self::location`], for a record that need not be there: `None` if its size is 0, or its position, where the
    /// header is.
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

    #[inline]
    pub(crate) const fn bytes(&self) -> &Bytes<'a> {
        &self.bytes
    }
}

impl Default for DumpBytes<'_> {
    fn default() -> Self {
        Self::new(Bytes::new(&[], ByteOrder::Little), Target::default())
    }
}
