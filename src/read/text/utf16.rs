//! Text in UTF-16: `MINIDUMP_STRING` and whole streams.

use alloc::string::String;
use core::cmp::Ordering;
use core::fmt::{self, Write};
use core::hash::{Hash, Hasher};

use crate::error::ReadError;
use crate::format::debug::Size;
use crate::format::serde_forms::serialize_as_text;
use crate::format::{FieldOffset, Rva64};

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::work::worked;

/// Borrowed UTF-16 text of either byte order; it may hold unpaired surrogates, as Windows paths may.
///
/// Two texts are equal if their code units are, and are ordered by them, whatever the byte orders of their files.
#[derive(Clone, Copy, Default)]
pub struct Utf16<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl<'a> Utf16<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self { bytes, big: order == ByteOrder::Big }
    }

    /// True if the code units are big-endian.
    pub(crate) const fn is_big_endian(&self) -> bool {
        self.big
    }

    /// The text in a field of `structure`: what comes before the first NUL, all if there is none.
    pub(crate) fn of_field<S, const N: usize>(
        structure: &'a [u8],
        field: FieldOffset<S, [u16; N]>,
        order: ByteOrder,
    ) -> Self {
        Self::new(structure.get(field.range()).unwrap_or_default(), order).until_nul()
    }

    /// The text as the file has it, in the file's byte order; an odd last byte belongs to no code unit.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// True if there is no code unit.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.len() < 2
    }

    /// The code units, in host order.
    pub fn units(&self) -> impl Iterator<Item = u16> + Clone + 'a {
        let big = self.big;
        self.bytes.chunks_exact(2).map(move |pair| {
            worked(1);
            let pair = [pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)];
            if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        })
    }

    /// The characters; an unpaired surrogate becomes U+FFFD.
    pub fn chars_lossy(&self) -> impl Iterator<Item = char> + Clone + 'a {
        char::decode_utf16(self.units()).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// True if the text is well-formed UTF-16 of whole code units.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.bytes.len() % 2 == 0 && char::decode_utf16(self.units()).all(|c| c.is_ok())
    }

    /// An owned copy; an unpaired surrogate becomes U+FFFD.
    #[must_use]
    pub fn to_string_lossy(&self) -> String {
        if self.is_ascii() {
            let low = |unit: u16| unit.to_le_bytes().first().copied().unwrap_or_default();
            String::from_utf8(self.units().map(low).collect()).unwrap_or_default()
        } else {
            let mut text = String::with_capacity(self.bytes.len());
            text.extend(self.chars_lossy());
            text
        }
    }

    /// The text without NUL characters at its end, which some producers count in.
    #[must_use]
    pub fn trim_end_nul(&self) -> Self {
        let mut bytes = self.bytes.get(..self.bytes.len() & !1).unwrap_or_default();
        while let Some(rest) = bytes.strip_suffix(&[0, 0]) {
            worked(1);
            bytes = rest;
        }
        Self { bytes, big: self.big }
    }

    /// The last `units` code units, all if there are no more.
    #[cfg(feature = "std")]
    pub(crate) fn tail(&self, units: usize) -> Self {
        let bytes = self.bytes.get(..self.bytes.len() & !1).unwrap_or_default();
        let from = bytes.len().saturating_sub(2 * units);
        Self { bytes: bytes.get(from..).unwrap_or_default(), big: self.big }
    }

    /// The odd last byte, which belongs to no code unit.
    fn odd_byte(&self) -> Option<u8> {
        self.bytes.last().copied().filter(|_| self.bytes.len() % 2 == 1)
    }

    /// True of nearly every text in a dump.
    fn is_ascii(&self) -> bool {
        self.units().fold(0, |all, unit| all | unit) < 0x80
    }

    /// The text before the first NUL character, all if there is none.
    pub(crate) fn until_nul(&self) -> Self {
        let units = self.units().take_while(|&unit| unit != 0).count();
        Self { bytes: self.bytes.get(..2 * units).unwrap_or_default(), big: self.big }
    }
}

serialize_as_text!(['a] Utf16<'a>);

impl fmt::Display for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars_lossy().try_for_each(|c| f.write_char(c))
    }
}

/// Prints the size alone: names are other people's data. `Display` prints the text.
impl fmt::Debug for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Utf16").field(&Size(self.bytes.len())).finish()
    }
}

impl PartialEq for Utf16<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.len() == other.bytes.len() && self.cmp(other).is_eq()
    }
}

impl Eq for Utf16<'_> {}

impl PartialOrd for Utf16<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Utf16<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.units().cmp(other.units()).then_with(|| self.odd_byte().cmp(&other.odd_byte()))
    }
}

impl Hash for Utf16<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.len().hash(state);
        self.units().for_each(|unit| unit.hash(state));
    }
}

impl PartialEq<str> for Utf16<'_> {
    fn eq(&self, other: &str) -> bool {
        self.bytes.len() % 2 == 0 && self.units().eq(other.encode_utf16())
    }
}

impl PartialEq<&str> for Utf16<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

/// The most bytes of a string: those of a `UNICODE_STRING`, whose length has 16 bits and is even.
const LONGEST: usize = 0xfffe;

impl<'a> Bytes<'a> {
    /// The `MINIDUMP_STRING` at `rva`: a length in bytes, then as many bytes of UTF-16.
    ///
    /// It ends before its first NUL, as for the debugger; none is needed, for Wine writes strings without one. No name is
    /// longer than the 65,534 bytes of a `UNICODE_STRING`, so that a length which is not true does not make everything
    /// behind the name a part of it.
    #[inline]
    pub(crate) fn string(&self, rva: Rva64) -> Result<Utf16<'a>, ReadError> {
        const WHAT: &str = "MINIDUMP_STRING";
        let length: u32 = self.read(WHAT, rva)?;
        let text =
            rva.checked_add(size_of_val(&length) as u64).ok_or(ReadError::Overflow { what: WHAT, offset: rva })?;
        let bytes = self.slice(WHAT, text, length.into())?;
        let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
        let text = Utf16::new(bytes, self.order());
        // Without one, an odd last byte stays part of the text.
        Ok(if text.units().any(|unit| unit == 0) { text.until_nul() } else { text })
    }

    /// What the `MINIDUMP_STRING` at `rva` ends in: `count` code units at most, up to a NUL among them.
    ///
    /// Texts of many items may share their bytes, and this costs the same for each, however long they are.
    pub(crate) fn string_end(&self, rva: Rva64, count: u64) -> Option<Utf16<'a>> {
        const WHAT: &str = "MINIDUMP_STRING";
        let length: u32 = self.read(WHAT, rva).ok()?;
        let size = u64::from(length & !1);
        let kept = size.min(count.checked_mul(2)?);
        let start = rva.checked_add(size_of_val(&length) as u64)?.checked_add(size - kept)?;
        self.slice(WHAT, start, kept).ok().map(|bytes| Utf16::new(bytes, self.order()).until_nul())
    }
}
