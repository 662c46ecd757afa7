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

/// The record with which old linkers name the file of separate debugging symbols.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DebugMisc<'a> {
    raw: ImageDebugMisc,
    data: &'a [u8],
    /// All that follows the head, whatever length the record gives itself.
    rest: &'a [u8],
    order: ByteOrder,
}

debug_without_bytes!(DebugMisc { raw; data });

/// What a [`DebugMisc`] names, without the NUL, which may be missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum DebugMiscName<'a> {
    /// 8-bit characters, in the code page of the linker's host.
    Ansi(&'a [u8]),
    /// UTF-16.
    Wide(Utf16<'a>),
}

/// Prints of bytes only how many there are.
impl core::fmt::Debug for DebugMiscName<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Ansi(name) => f.debug_tuple("Ansi").field(&Size(name.len())).finish(),
            Self::Wide(name) => f.debug_tuple("Wide").field(name).finish(),
        }
    }
}

impl<'a> DebugMisc<'a> {
    /// The header of the record.
    #[must_use]
    pub const fn raw(&self) -> &ImageDebugMisc {
        &self.raw
    }

    /// What follows the head, as far as both the record's own length and the module's go.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The data as the name of a file.
    #[must_use]
    pub fn name(&self) -> DebugMiscName<'a> {
        self.name_in(self.data)
    }

    /// All that may be the name, for who must not miss it: in the characters that the record announces and in 8-bit
    /// ones, whatever length it gives itself.
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
    /// The miscellaneous debug record; `None` if there is none: its size or its position is 0.
    ///
    /// LLVM was observed to write a position where there is no record.
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
        // A length that does not fit says nothing.
        let length = usize::try_from(raw.length).ok().and_then(|length| bytes.get(..length)).unwrap_or(bytes);
        let rest = bytes.get(ImageDebugMisc::SIZE..).unwrap_or_default();
        let data = length.get(ImageDebugMisc::SIZE..).unwrap_or(rest);
        Ok(Some(DebugMisc { raw, data, rest, order: dump.byte_order() }))
    }
}
