//! Text in 8-bit characters: whole streams and Crashpad's strings.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::iter::FusedIterator;
use core::str::Utf8Error;

use crate::error::ReadError;
use crate::format::debug::Size;
use crate::format::serde_forms::serialize_as_text;
use crate::format::{Rva, Rva64};

use crate::read::bytes::Bytes;
use crate::read::work::worked;

/// Borrowed text that should be UTF-8 but may contain arbitrary bytes, because Linux paths have no defined encoding.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf8<'a> {
    bytes: &'a [u8],
}

impl<'a> Utf8<'a> {
    /// Views bytes as text.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The bytes of the text, as stored in the file.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// True if the text is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The text, if it is valid UTF-8.
    ///
    /// # Errors
    ///
    /// The error of [`core::str::from_utf8`].
    pub const fn to_str(&self) -> Result<&'a str, Utf8Error> {
        core::str::from_utf8(self.bytes)
    }

    /// The text. Invalid sequences are replaced with U+FFFD.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }

    /// The text without trailing NULs, which some producers include.
    #[must_use]
    pub fn trim_end_nul(&self) -> Self {
        let end = self.bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        worked((self.bytes.len() - end) as u64);
        Self::new(self.bytes.get(..end).unwrap_or_default())
    }

    /// The text without leading and trailing white space.
    pub(crate) const fn trimmed(&self) -> Self {
        Self::new(self.bytes.trim_ascii())
    }

    /// The lines without their line feeds. Trailing NULs of the text are ignored.
    #[must_use]
    pub fn lines(&self) -> Lines<'a> {
        let text = self.trim_end_nul().bytes;
        // An empty text has no lines.
        Lines { text: (!text.is_empty()).then(|| text.strip_suffix(b"\n").unwrap_or(text)) }
    }

    /// True if the text is not empty and does not end with a line feed, so that some of it may be missing.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.trim_end_nul().bytes.last().is_some_and(|&last| last != b'\n')
    }

    /// The parts before and after the first `separator`.
    pub(crate) fn split_at_byte(&self, separator: u8) -> Option<(Self, Self)> {
        let at = self.bytes.iter().position(|&byte| byte == separator)?;
        let (before, after) = (self.bytes.get(..at)?, self.bytes.get(at + 1..)?);
        Some((Self::new(before), Self::new(after)))
    }

    /// The value of the text as a decimal number, if it is one and fits.
    pub(crate) fn decimal(&self) -> Option<u64> {
        self.number(10)
    }

    /// The value of the text as a hexadecimal number without a prefix, if it is one and fits.
    pub(crate) fn hexadecimal(&self) -> Option<u64> {
        self.number(16)
    }

    fn number(&self, radix: u32) -> Option<u64> {
        let digits = self.to_str().ok().filter(|digits| !digits.starts_with('+'))?;
        u64::from_str_radix(digits, radix).ok()
    }
}

serialize_as_text!(['a] Utf8<'a>);

/// Prints the text. Invalid sequences are replaced with U+FFFD.
impl fmt::Display for Utf8<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.utf8_chunks().try_for_each(|part| {
            worked(part.valid().len() as u64);
            f.write_str(part.valid())?;
            if part.invalid().is_empty() { Ok(()) } else { f.write_str("\u{fffd}") }
        })
    }
}

/// Prints only the size, because texts can be confidential. `Display` prints the text.
impl fmt::Debug for Utf8<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Utf8").field(&Size(self.bytes.len())).finish()
    }
}

impl PartialEq<str> for Utf8<'_> {
    fn eq(&self, other: &str) -> bool {
        self.bytes == other.as_bytes()
    }
}

impl PartialEq<&str> for Utf8<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

/// The bytes before the first NUL, or all if there is none.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().inspect(|text| worked(text.len() as u64)).unwrap_or_default()
}

impl<'a> Bytes<'a> {
    /// The data at `rva`, which follows its size: Crashpad's `MinidumpUTF8String` (without its NUL) or
    /// `MinidumpByteArray`.
    pub(crate) fn counted(&self, what: &'static str, rva: Rva) -> Result<&'a [u8], ReadError> {
        let rva = Rva64::from(rva);
        let length: u32 = self.read(what, rva)?;
        self.slice(what, rva + size_of_val(&length) as u64, length.into())
    }
}

/// Iterator over the lines of a text, see [`Utf8::lines`].
#[derive(Clone)]
pub struct Lines<'a> {
    /// The remaining lines, separated by line feeds; `None` if there are none left.
    text: Option<&'a [u8]>,
}

/// Prints only the size, because texts can be confidential.
impl fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lines").field(&Size(self.text.map_or(0, <[u8]>::len))).finish()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Utf8<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.text?;
        let end = text.iter().position(|&byte| byte == b'\n');
        let line = text.get(..end.unwrap_or(text.len()))?;
        self.text = end.and_then(|end| text.get(end + 1..));
        worked(line.len() as u64);
        Some(Utf8::new(line))
    }
}

impl DoubleEndedIterator for Lines<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let text = self.text?;
        let end = text.iter().rposition(|&byte| byte == b'\n');
        let line = text.get(end.map_or(0, |end| end + 1)..)?;
        self.text = end.and_then(|end| text.get(..end));
        worked(line.len() as u64);
        Some(Utf8::new(line))
    }
}

impl FusedIterator for Lines<'_> {}
