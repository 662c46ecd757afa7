//! Text in 8-bit characters of Windows: the names of modules in full user dumps.

use core::fmt;

use crate::format::debug::Size;
use crate::format::serde_forms::serialize_as_text;
use crate::format::text::windows_1252_to_char;

/// Borrowed text in the ANSI code page of the system that wrote it, which the file does not say.
///
/// It is shown as Windows-1252, so that text of other code pages is right in its ASCII characters alone.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ansi<'a> {
    bytes: &'a [u8],
}

impl<'a> Ansi<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The text as the file has it.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// True if there are no characters.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The characters, by Windows-1252.
    #[must_use]
    pub fn chars(&self) -> impl DoubleEndedIterator<Item = char> + Clone + use<'a> {
        self.bytes.iter().map(|&byte| windows_1252_to_char(byte))
    }
}

serialize_as_text!(['a] Ansi<'a>);

impl fmt::Display for Ansi<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.chars().try_for_each(|character| f.write_char(character))
    }
}

/// Prints the size alone: names are other people's data. `Display` prints the text.
impl fmt::Debug for Ansi<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ansi").field(&Size(self.bytes.len())).finish()
    }
}

impl PartialEq<str> for Ansi<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for Ansi<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}
