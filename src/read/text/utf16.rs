//! UTF-16 text: `MINIDUMP_STRING` and whole streams.

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

/// Borrowed UTF-16 text in either byte order. It may contain unpaired surrogates, as Windows paths may.
///
/// Texts are compared and ordered by their code units, regardless of the byte orders of their files.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # dump.comment("caf\u{e9}");
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::text::CommentW;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// let comment: CommentW = dump.stream()?.expect("the dump has a comment");
/// let text = comment.text().trim_end_nul();
/// assert!(text == "caf\u{e9}" && text.is_valid());
/// assert_eq!((text.as_bytes().len(), text.to_string_lossy().len()), (8, 5));
/// # Ok(())
/// # }
/// ```
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

    /// The text in a field of `structure`, up to the first NUL if there is one.
    pub(crate) fn of_field<S, const N: usize>(
        structure: &'a [u8],
        field: FieldOffset<S, [u16; N]>,
        order: ByteOrder,
    ) -> Self {
        Self::new(structure.get(field.range()).unwrap_or_default(), order).until_nul()
    }

    /// The bytes of the text, in the byte order of the file. An odd last byte does not belong to a code unit.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// True if the text has no code units.
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

    /// The characters. Unpaired surrogates are replaced with U+FFFD.
    pub fn chars_lossy(&self) -> impl Iterator<Item = char> + Clone + 'a {
        char::decode_utf16(self.units()).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// True if the text is valid UTF-16 without an odd last byte.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.bytes.len() % 2 == 0 && char::decode_utf16(self.units()).all(|c| c.is_ok())
    }

    /// An owned copy of the text. Unpaired surrogates are replaced with U+FFFD.
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

    /// The text without trailing NULs, which some producers include.
    #[must_use]
    pub fn trim_end_nul(&self) -> Self {
        let mut bytes = self.bytes.get(..self.bytes.len() & !1).unwrap_or_default();
        while let Some(rest) = bytes.strip_suffix(&[0, 0]) {
            worked(1);
            bytes = rest;
        }
        Self { bytes, big: self.big }
    }

    /// The last `units` code units, or the whole text if it is shorter.
    #[cfg(feature = "std")]
    pub(crate) fn tail(&self, units: usize) -> Self {
        let bytes = self.bytes.get(..self.bytes.len() & !1).unwrap_or_default();
        let from = bytes.len().saturating_sub(2 * units);
        Self { bytes: bytes.get(from..).unwrap_or_default(), big: self.big }
    }

    /// The odd last byte, which does not belong to a code unit.
    fn odd_byte(&self) -> Option<u8> {
        self.bytes.last().copied().filter(|_| self.bytes.len() % 2 == 1)
    }

    /// True for nearly every text in a dump.
    fn is_ascii(&self) -> bool {
        self.units().fold(0, |all, unit| all | unit) < 0x80
    }

    /// The text up to the first NUL if there is one.
    pub(crate) fn until_nul(&self) -> Self {
        let units = units_before_nul(self.bytes);
        Self { bytes: self.bytes.get(..2 * units).unwrap_or_default(), big: self.big }
    }

    /// The same, but an odd last byte stays if there is no NUL.
    fn cut_at_nul(self) -> Self {
        let text = self.until_nul();
        if text.bytes.len() == self.bytes.len() & !1 { self } else { text }
    }
}

/// The number of code units before the first NUL, or of all of them.
fn units_before_nul(bytes: &[u8]) -> usize {
    const BLOCK: usize = size_of::<u64>();
    // Subtracting 1 sets the highest bit of a unit that has it clear only if the unit is 0, or if one below it is. A branch
    // for each unit would take most of the time to list modules.
    let has_nul = |block: &[u8]| {
        let units = block.first_chunk().map_or(0, |block| u64::from_le_bytes(*block));
        units.wrapping_sub(0x0001_0001_0001_0001) & !units & 0x8000_8000_8000_8000 != 0
    };
    let blocks = bytes.chunks_exact(BLOCK).take_while(|block| !has_nul(block)).count();
    let rest = bytes.get(BLOCK * blocks..).unwrap_or_default();
    let units = BLOCK / 2 * blocks + rest.chunks_exact(2).take_while(|unit| *unit != [0, 0]).count();
    worked(units as u64 + 1);
    units
}

serialize_as_text!(['a] Utf16<'a>);

impl fmt::Display for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars_lossy().try_for_each(|c| f.write_char(c))
    }
}

/// Prints only the size, because names can be confidential. `Display` prints the text.
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

/// The maximum size of a string in bytes: that of a `UNICODE_STRING`, whose 16-bit length is even.
const LONGEST: usize = 0xfffe;

impl<'a> Bytes<'a> {
    /// The `MINIDUMP_STRING` at `rva`: a length in bytes, followed by that many bytes of UTF-16.
    ///
    /// As in the debugger, it ends before its first NUL, which is optional: Wine writes strings without one. Strings
    /// are cut at the 65,534 bytes of a `UNICODE_STRING`, so that a wrong length does not include all data after the
    /// string.
    #[inline]
    pub(crate) fn string(&self, rva: Rva64) -> Result<Utf16<'a>, ReadError> {
        const WHAT: &str = "MINIDUMP_STRING";
        let length: u32 = self.read(WHAT, rva)?;
        let text =
            rva.checked_add(size_of_val(&length) as u64).ok_or(ReadError::Overflow { what: WHAT, offset: rva })?;
        let bytes = self.slice(WHAT, text, length.into())?;
        let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
        Ok(Utf16::new(bytes, self.order()).cut_at_nul())
    }

    /// The end of the `MINIDUMP_STRING` at `rva`: at most `count` code units, up to the first NUL among them.
    ///
    /// Many strings may share their bytes. The cost of this is the same for each of them, regardless of its length.
    pub(crate) fn string_end(&self, rva: Rva64, count: u64) -> Option<Utf16<'a>> {
        const WHAT: &str = "MINIDUMP_STRING";
        let length: u32 = self.read(WHAT, rva).ok()?;
        let size = u64::from(length & !1);
        let kept = size.min(count.checked_mul(2)?);
        let start = rva.checked_add(size_of_val(&length) as u64)?.checked_add(size - kept)?;
        self.slice(WHAT, start, kept).ok().map(|bytes| Utf16::new(bytes, self.order()).until_nul())
    }
}
