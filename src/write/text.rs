//! Text to be written.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::format::debug::Size;

/// UTF-16 text; unpaired surrogates are allowed, as Windows allows them in paths.
///
/// # Examples
///
/// ```
/// use userdump::write::Text;
///
/// assert_eq!(Text::from("Aä").as_bytes(), b"A\0\xe4\0");
/// // An unpaired surrogate.
/// assert_eq!(Text::from_units([0xd800]).as_bytes(), [0x00, 0xd8]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text<'a> {
    /// Little-endian code units.
    bytes: Cow<'a, [u8]>,
}

/// Prints only the size.
impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Text").field(&Size(self.bytes.len())).finish()
    }
}

impl<'a> Text<'a> {
    /// Creates text from UTF-16 code units.
    pub fn from_units(units: impl IntoIterator<Item = u16>) -> Self {
        let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        Self { bytes: bytes.into() }
    }

    /// Creates text from little-endian UTF-16 bytes; an odd last byte is kept.
    pub fn from_utf16_le(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { bytes: bytes.into() }
    }

    /// Returns the little-endian code units.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<&str> for Text<'_> {
    fn from(text: &str) -> Self {
        Self::from_units(text.encode_utf16())
    }
}
