//! The miscellaneous debug record of a module.

use crate::error::ReadError;
use crate::format::debug::{Size, debug_without_bytes};
use crate::format::module::ImageDebugMisc;

use crate::read::bytes::ByteOrder;
use crate::read::dump_bytes::DumpBytes;
use crate::read::module::list::Module;
use crate::read::text::utf8::until_nul;
use crate::read::text::utf16::Utf16;

const WHAT: &str = "IMAGE_DEBUG_MISC";

/// The record in which old linkers name the file with separate debug symbols.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DebugMisc<'a> {
    raw: ImageDebugMisc,
    data: &'a [u8],
    /// Everything after the header, regardless of the length in the record.
    rest: &'a [u8],
    order: ByteOrder,
}

debug_without_bytes!(DebugMisc { raw; data });

/// The name in a [`DebugMisc`], without the terminating NUL, which may be missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum DebugMiscName<'a> {
    /// 8-bit characters in the code page of the machine on which the module was linked.
    Ansi(&'a [u8]),
    /// UTF-16.
    Wide(Utf16<'a>),
}

/// Prints the number of bytes, not the bytes.
impl core::fmt::Debug for DebugMiscName<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Ansi(name) => f.debug_tuple("Ansi").field(&Size(name.len())).finish(),
            Self::Wide(name) => f.debug_tuple("Wide").field(name).finish(),
        }
    }
}

impl<'a> DebugMisc<'a> {
    /// Returns the header of the record.
    #[must_use]
    pub const fn raw(&self) -> &ImageDebugMisc {
        &self.raw
    }

    /// Returns the data after the header, limited by both the length in the record and the size in the module entry.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Returns the data as a file name.
    #[must_use]
    pub fn name(&self) -> DebugMiscName<'a> {
        self.name_in(self.data)
    }

    /// Returns everything that may be the name, for callers that must not miss it: as characters of the width that the
    /// header declares, and as 8-bit characters. The length in the record is ignored.
    #[cfg(feature = "std")]
    pub(crate) fn possible_names(&self) -> [DebugMiscName<'a>; 2] {
        [self.name_in(self.rest), DebugMiscName::Ansi(until_nul(self.rest))]
    }

    fn name_in(&self, data: &'a [u8]) -> DebugMiscName<'a> {
        match self.raw.unicode {
            0 => DebugMiscName::Ansi(until_nul(data)),
            _ => DebugMiscName::Wide(Utf16::new(data, self.order).until_nul()),
        }
    }
}

impl<'a> Module<'a> {
    /// Returns the miscellaneous debug record; `None` if its size or RVA is 0.
    ///
    /// LLVM sometimes writes an RVA although there is no record.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file or has no room for its header.
    pub fn debug_misc(&self) -> Result<Option<DebugMisc<'a>>, ReadError> {
        let location = self.raw().misc_record;
        let dump: &DumpBytes<'a> = self.dump();
        let Some(bytes) = dump.optional_location(WHAT, location)? else {
            return Ok(None);
        };
        let raw: ImageDebugMisc = dump.bytes().read_from(WHAT, bytes, location.rva.into())?;
        // Ignore a length that does not fit.
        let length = usize::try_from(raw.length).ok().and_then(|length| bytes.get(..length)).unwrap_or(bytes);
        let rest = bytes.get(ImageDebugMisc::SIZE..).unwrap_or_default();
        let data = length.get(ImageDebugMisc::SIZE..).unwrap_or(rest);
        Ok(Some(DebugMisc { raw, data, rest, order: dump.byte_order() }))
    }
}
