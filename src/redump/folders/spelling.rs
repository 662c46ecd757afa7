//! Spellings: the encodings in which the same text may be in a dump.

/// Represents an unknown non-ASCII character: a code point that is not a character.
const ANY: char = '\u{fdd0}';
/// Represents an unknown half-width Japanese letter, which has one byte in a code page where others have two.
const NARROW: char = '\u{fdd1}';

/// The combining dot above, which remains when capitals with a dot are lower-cased.
const DOT_ABOVE: char = '\u{307}';

/// The code units of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Units {
    Bytes,
    LittleEndian,
    BigEndian,
}

/// How code units become characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// UTF-8 or UTF-16.
    Unicode,
    /// The same, with escapes such as `\u0416`.
    Escaped,
    /// A code page in which every character has one byte.
    OneByte,
    /// A code page in which bytes from 0x81 on begin a pair.
    TwoBytes,
    /// The Japanese code page, in which some of them are single.
    ShiftJis,
    /// UTF-8 or UTF-16, compared with a text in an unknown code page.
    Unknown,
}

/// One way to write a text. Percent escapes are decoded in all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Spelling {
    pub(super) units: Units,
    pub(super) alphabet: Alphabet,
}

impl Spelling {
    pub(super) const fn new(units: Units, alphabet: Alphabet) -> Self {
        Self { units, alphabet }
    }

    /// The size of a unit in bytes.
    pub(super) const fn width(self) -> usize {
        match self.units {
            Units::Bytes => 1,
            Units::LittleEndian | Units::BigEndian => 2,
        }
    }

    pub(super) fn unit(self, text: &[u8], at: usize) -> Option<u16> {
        match (self.units, text.get(at..)?) {
            (Units::Bytes, [byte, ..]) => Some((*byte).into()),
            (Units::LittleEndian, [low, high, ..]) | (Units::BigEndian, [high, low, ..]) => {
                Some(u16::from_le_bytes([*low, *high]))
            }
            _ => None,
        }
    }

    /// Returns the unit that ends at a position, and where it begins. A unit that the start of the text cuts has only
    /// the part that is there.
    pub(super) fn unit_before(self, text: &[u8], at: usize) -> Option<(u16, usize)> {
        match (at.checked_sub(self.width()), text.first()) {
            (Some(start), _) => Some((self.unit(text, start)?, start)),
            (None, Some(&byte)) if at == 1 => {
                Some((if self.units == Units::BigEndian { byte.into() } else { u16::from(byte) << 8 }, 0))
            }
            _ => None,
        }
    }

    /// Returns the character at a position, and the position after it. The alphabet determines what is known of it.
    pub(super) fn char_at(self, text: &[u8], at: usize) -> Option<(char, usize)> {
        let (unit, next, is_escaped) = self.decoded(text, at)?;
        let byte = u8::try_from(unit).ok();
        let (char, next) = match byte.filter(|_| is_escaped || self.units == Units::Bytes) {
            None => self.utf16(text, at)?,
            Some(byte) if byte.is_ascii() => match self.utf16(text, at) {
                Some(escaped) if !is_escaped && self.units == Units::Bytes => escaped,
                _ => (byte.into(), next),
            },
            Some(lead) => match self.alphabet {
                Alphabet::Unicode | Alphabet::Escaped | Alphabet::Unknown => self.utf8(text, lead, next)?,
                Alphabet::OneByte => (ANY, next),
                Alphabet::TwoBytes => self.two_bytes(text, next, lead >= 0x81),
                Alphabet::ShiftJis => self.two_bytes(text, next, matches!(lead, 0x81..=0x9f | 0xe0..=0xfc)),
            },
        };
        let is_known = char.is_ascii() || self.alphabet != Alphabet::Unknown;
        Some((if is_known { char } else { unknown(char) }, next))
    }

    /// True if a text is ASCII without escapes, so that it is the same in all spellings with these units.
    pub(super) fn is_plain(self, text: &[u8]) -> bool {
        let mut units = (0..text.len()).step_by(self.width()).filter_map(|at| self.unit(text, at));
        let mut before = 0;
        units.all(|unit| {
            let is_escape = core::mem::replace(&mut before, unit) == u16::from(b'\\') && unit == u16::from(b'u');
            unit < 0x80 && unit != u16::from(b'%') && !is_escape
        })
    }

    /// Returns the unit at a position with percent escapes decoded, the position after it, and whether it was escaped.
    fn decoded(self, text: &[u8], at: usize) -> Option<(u16, usize, bool)> {
        let (unit, next) = (self.unit(text, at)?, at + self.width());
        if unit == u16::from(b'%') {
            if let Some(value) = self.hexadecimal(text, next, 2) {
                return Some((value, next + 2 * self.width(), true));
            }
        }
        Some((unit, next, false))
    }

    fn hexadecimal(self, text: &[u8], at: usize, digits: usize) -> Option<u16> {
        (0..digits).try_fold(0, |value, index| {
            let unit = self.unit(text, at + index * self.width())?;
            let digit = char::from(u8::try_from(unit).ok()?).to_digit(16)?;
            Some(value << 4 | u16::try_from(digit).ok()?)
        })
    }

    /// Returns the UTF-16 code unit at a position, and the position after it.
    fn code_unit(self, text: &[u8], at: usize) -> Option<(u16, usize)> {
        let (unit, width) = (self.unit(text, at)?, self.width());
        if self.alphabet == Alphabet::Escaped
            && unit == u16::from(b'\\')
            && self.unit(text, at + width) == Some(b'u'.into())
        {
            if let Some(value) = self.hexadecimal(text, at + 2 * width, 4) {
                return Some((value, at + 6 * width));
            }
        }
        (self.units != Units::Bytes).then_some((unit, at + width))
    }

    /// Returns the character whose code units are at a position; U+FFFD for an unpaired surrogate.
    fn utf16(self, text: &[u8], at: usize) -> Option<(char, usize)> {
        let (first, next) = self.code_unit(text, at)?;
        let second = self.code_unit(text, next).filter(|_| (0xd800..0xdc00).contains(&first));
        if let Some((second, after)) = second {
            if let Some(Ok(char)) = char::decode_utf16([first, second]).next() {
                return Some((char, after));
            }
        }
        Some((char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), next))
    }

    /// Returns the UTF-8 character that begins with a byte, and whose other bytes are at a position.
    fn utf8(self, text: &[u8], lead: u8, at: usize) -> Option<(char, usize)> {
        let size = match lead {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return None,
        };
        let (mut bytes, mut next) = ([lead; 4], at);
        for byte in bytes.iter_mut().take(size).skip(1) {
            let (unit, after, _) = self.decoded(text, next)?;
            (*byte, next) = (u8::try_from(unit).ok()?, after);
        }
        Some((core::str::from_utf8(bytes.get(..size)?).ok()?.chars().next()?, next))
    }

    /// Returns the character whose second byte is at a position, or the character of the first byte alone.
    fn two_bytes(self, text: &[u8], at: usize, is_lead: bool) -> (char, usize) {
        match self.decoded(text, at) {
            Some((0x40..=0x7e | 0x80..=0xfe, next, _)) if is_lead => (ANY, next),
            _ => (NARROW, at),
        }
    }
}

/// Returns the placeholder for a non-ASCII character in an unknown code page.
pub(super) const fn unknown(char: char) -> char {
    if is_narrow(char) { NARROW } else { ANY }
}

/// True for half-width Japanese letters, which have one byte in their code page.
const fn is_narrow(char: char) -> bool {
    matches!(char, '\u{ff61}'..='\u{ff9f}')
}

/// True for characters with two bytes in every code page: all from the Chinese radicals on, except half-width letters.
pub(super) const fn is_east_asian(char: char) -> bool {
    matches!(char, '\u{2e80}'..) && !is_narrow(char)
}

pub(super) const fn is_separator(char: char) -> bool {
    matches!(char, '/' | '\\')
}

/// Returns the same characters for the lower, upper and title case of a letter, in all languages: Turkish letters with
/// and without a dot are equal.
pub(super) fn folded(char: char) -> impl Iterator<Item = char> {
    let upper = char.to_lowercase().flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).filter(|&char| char != DOT_ABOVE)
}
