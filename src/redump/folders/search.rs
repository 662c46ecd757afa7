//! Finds known folders in a text.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use bitflags::bitflags;

use crate::error::ReadError;
use crate::redump::folders::spelling::{Alphabet, Spelling, Units, folded, is_separator};

/// Spellings of folders whose characters are all known.
const KNOWN: [Spelling; 3] = [
    Spelling::new(Units::Bytes, Alphabet::Unicode),
    Spelling::new(Units::LittleEndian, Alphabet::Unicode),
    Spelling::new(Units::BigEndian, Alphabet::Unicode),
];
/// Further spellings of folders with non-ASCII characters.
const FOREIGN: [Spelling; 9] = [
    Spelling::new(Units::Bytes, Alphabet::Escaped),
    Spelling::new(Units::LittleEndian, Alphabet::Escaped),
    Spelling::new(Units::BigEndian, Alphabet::Escaped),
    Spelling::new(Units::Bytes, Alphabet::OneByte),
    Spelling::new(Units::Bytes, Alphabet::TwoBytes),
    Spelling::new(Units::Bytes, Alphabet::ShiftJis),
    Spelling::new(Units::Bytes, Alphabet::Unknown),
    Spelling::new(Units::LittleEndian, Alphabet::Unknown),
    Spelling::new(Units::BigEndian, Alphabet::Unknown),
];

/// The size of the longest character or escape, in bytes.
const MOST: usize = 12;
/// The extra cost of folding a non-ASCII letter.
const FOLDED: u64 = 8;

bitflags! {
    /// What is hidden, and where.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(super) struct Kind: u8 {
        /// A folder with its separators.
        const FOLDER = 1;
        /// The name of a user.
        const NAME = 1 << 1;
        /// A folder on a drive, of which the letter is hidden as well.
        const ON_DRIVE = 1 << 2;
        /// A folder that needs no separator in front.
        const RELATIVE = 1 << 3;
        /// A folder of a path in an unknown code page.
        const UNKNOWN = 1 << 4;
        /// A folder with a single component, which may occur in too many places.
        const ALONE = 1 << 5;
        /// What may be in a code page with one byte for each character.
        const ONE_BYTE = 1 << 6;
    }
}

/// Folders in their normal form: a separator before each component, case-folded.
pub(super) struct Known {
    /// Sorted by their bytes.
    patterns: Vec<(Box<[u8]>, Kind)>,
    has_relative: bool,
    has_foreign: bool,
}

/// Patterns that agree in their first bytes, the number of these bytes, and the cost of finding the patterns.
#[derive(Clone, Copy)]
struct Candidates<'k> {
    patterns: &'k [(Box<[u8]>, Kind)],
    depth: usize,
    spent: u64,
}

impl Candidates<'_> {
    /// Returns the patterns that continue with a byte.
    fn with(self, byte: u8) -> Self {
        let at = |pattern: &(Box<[u8]>, Kind)| pattern.0.get(self.depth).copied();
        let ends = [self.patterns.first(), self.patterns.last()];
        let (depth, spent) = (self.depth + 1, self.spent + 1);
        if ends.iter().all(|pattern| pattern.and_then(at) == Some(byte)) {
            // Then all of them do.
            return Self { depth, spent, ..self };
        }
        let from = self.patterns.partition_point(|pattern| at(pattern) < Some(byte));
        let rest = self.patterns.get(from..).unwrap_or_default();
        let count = rest.partition_point(|pattern| at(pattern) == Some(byte));
        let spent = spent + 2 * u64::from(self.patterns.len().checked_ilog2().unwrap_or_default());
        Self { patterns: rest.get(..count).unwrap_or_default(), depth, spent }
    }

    fn with_char(self, char: char) -> Self {
        char.encode_utf8(&mut [0; 4]).bytes().fold(self, Self::with)
    }

    /// Returns the pattern that ends here.
    fn ended(self) -> Option<Kind> {
        self.patterns.first().filter(|pattern| pattern.0.len() == self.depth).map(|&(_, kind)| kind)
    }
}

/// A match, in bytes of the text.
#[derive(Clone, Copy)]
struct Found {
    start: usize,
    end: usize,
    units: Units,
}

impl Known {
    /// Takes sorted patterns.
    pub(super) fn new(patterns: Vec<(Box<[u8]>, Kind)>) -> Self {
        let has_relative = patterns.iter().any(|(_, kind)| kind.contains(Kind::RELATIVE));
        let has_foreign = patterns.iter().any(|(pattern, _)| !pattern.is_ascii());
        Self { patterns, has_relative, has_foreign }
    }

    /// Returns the text with asterisks instead of everything that is known.
    pub(super) fn hidden<'a>(
        &self,
        mut text: Cow<'a, [u8]>,
        charge: &mut impl FnMut(u64) -> Result<(), ReadError>,
    ) -> Result<Cow<'a, [u8]>, ReadError> {
        let mut at = 0;
        while let Some(found) = self.next(&text, at, charge)? {
            let hidden = text.to_mut().get_mut(found.start..found.end).unwrap_or_default();
            match found.units {
                Units::Bytes => hidden.fill(b'*'),
                Units::LittleEndian => hidden.chunks_mut(2).for_each(|unit| unit.copy_from_slice(b"*\0")),
                Units::BigEndian => hidden.chunks_mut(2).for_each(|unit| unit.copy_from_slice(b"\0*")),
            }
            at = found.end;
        }
        Ok(text)
    }

    /// Returns the first match from a position on, and the longest one there.
    fn next(
        &self,
        text: &[u8],
        from: usize,
        charge: &mut impl FnMut(u64) -> Result<(), ReadError>,
    ) -> Result<Option<Found>, ReadError> {
        if self.patterns.is_empty() {
            return Ok(None);
        }
        for (at, &byte) in text.iter().enumerate().skip(from) {
            if !(self.has_relative || matches!(byte, b'/' | b'\\' | b'%')) {
                continue;
            }
            let mut longest: Option<Found> = None;
            for known in KNOWN {
                let start = if known.units == Units::BigEndian { at.checked_sub(1) } else { Some(at) };
                let Some(start) = start.filter(|&start| start >= from) else { continue };
                let (found, reached) = self.longest_at(text, start, known, charge)?;
                longest = [longest, found].into_iter().flatten().max_by_key(|found| found.end);
                // If what was read up to the first mismatch is ASCII, it is the same in other spellings.
                let read = text.get(start..reached).unwrap_or_default();
                if !self.has_foreign || known.is_plain(read) {
                    continue;
                }
                for spelling in FOREIGN.into_iter().filter(|spelling| spelling.units == known.units) {
                    let (found, _) = self.longest_at(text, start, spelling, charge)?;
                    longest = [longest, found].into_iter().flatten().max_by_key(|found| found.end);
                }
            }
            if longest.is_some() {
                return Ok(longest);
            }
        }
        Ok(None)
    }

    /// Returns the longest match that begins at a position in a spelling, and how far the text was read.
    fn longest_at(
        &self,
        text: &[u8],
        start: usize,
        spelling: Spelling,
        charge: &mut impl FnMut(u64) -> Result<(), ReadError>,
    ) -> Result<(Option<Found>, usize), ReadError> {
        let before = spelling.unit_before(text, start).map(|(unit, _)| unit);
        let is_within = before.is_some_and(|unit| unit >= 0x80 || goes_on(unit));
        let is_other = |unit: u16| !is_separator_unit(unit) && unit != u16::from(b'%');
        if is_within && spelling.unit(text, start).is_some_and(is_other) {
            return Ok((None, start));
        }
        let Some((first, _)) = spelling.char_at(text, start) else { return Ok((None, start)) };
        let has_separator = is_separator(first);
        if before.is_some_and(is_separator_unit) || !has_separator && (is_within || !self.has_relative) {
            return Ok((None, start));
        }
        let mut candidates = Candidates { patterns: &self.patterns, depth: 1, spent: 0 };
        let name = if has_separator { skip_separators(spelling, text, start, charge)? } else { start };
        let (mut at, mut longest) = (name, None);
        let mut reached = at;
        while let Some((char, after)) = spelling.char_at(text, at) {
            candidates.spent = if char.is_ascii() { 1 } else { FOLDED };
            candidates = match char {
                '/' | '\\' => {
                    at = skip_separators(spelling, text, at, charge)?;
                    candidates.with(b'/')
                }
                _ if char.is_ascii() => candidates.with_char(char.to_ascii_lowercase()),
                _ => folded(char).fold(candidates, Candidates::with_char),
            };
            charge(candidates.spent)?;
            at = at.max(after);
            reached = at;
            if candidates.patterns.is_empty() {
                break;
            }
            let Some(kind) = candidates.ended() else { continue };
            let needed = match spelling.alphabet {
                Alphabet::Unknown => Kind::UNKNOWN,
                Alphabet::OneByte => Kind::ONE_BYTE,
                _ => Kind::empty(),
            };
            if !kind.contains(needed) {
                continue;
            }
            let place = Place { text, spelling, start, end: at };
            let is_folder = kind.contains(Kind::FOLDER) && (has_separator || kind.contains(Kind::RELATIVE));
            let is_alone = kind.contains(Kind::ALONE);
            // A relative folder of a single word counts only if a separator follows.
            let is_word = is_alone && !has_separator && !place.is_parent();
            let is_likely = || !is_alone || place.is_rooted() && place.is_likely();
            if is_folder && !is_word && !place.goes_on() && is_likely() {
                let drive = place.drive().filter(|_| kind.contains(Kind::ON_DRIVE));
                longest = Some(Found { start: drive.unwrap_or(start), end: at, units: spelling.units });
            } else if kind.contains(Kind::NAME) && has_separator && place.is_whole_name() && place.is_likely() {
                charge((at - name) as u64)?;
                if place.is_guess() && is_utf8(text, name, at) {
                    continue;
                }
                longest = Some(Found { start: name, end: at, units: spelling.units });
            }
        }
        // What could not be read there may be a character in another spelling.
        Ok((longest, reached.saturating_add(MOST).min(text.len())))
    }
}

/// A possible match.
struct Place<'t> {
    text: &'t [u8],
    spelling: Spelling,
    start: usize,
    end: usize,
}

impl Place<'_> {
    fn unit_at(&self, at: usize) -> Option<u16> {
        self.spelling.unit(self.text, at)
    }

    /// True if the last component continues with a letter, a digit, an underscore or a hyphen.
    fn goes_on(&self) -> bool {
        self.unit_at(self.end).is_some_and(goes_on)
    }

    /// True if a separator follows.
    fn is_parent(&self) -> bool {
        self.unit_at(self.end).is_some_and(is_separator_unit)
    }

    /// True if a name is not part of another name, or of a file name.
    fn is_whole_name(&self) -> bool {
        let ending = self.unit_at(self.end).filter(|&unit| unit == u16::from(b'.'));
        let ending = ending.and_then(|_| self.unit_at(self.end + self.spelling.width()));
        let next = self.spelling.char_at(self.text, self.end);
        !self.goes_on() && !ending.is_some_and(goes_on) && !next.is_some_and(|(char, _)| char.is_alphanumeric())
    }

    /// True if the characters of the text may differ from those that are looked for.
    fn is_guess(&self) -> bool {
        matches!(self.spelling.alphabet, Alphabet::OneByte | Alphabet::TwoBytes | Alphabet::ShiftJis)
    }

    /// True if the match is exact, or is between other parts of a path. In a code page, any four letters match any
    /// other four, and so do bytes of unknown meaning.
    fn is_likely(&self) -> bool {
        const FAR: usize = 64;
        let before = self.text.get(..self.start).unwrap_or_default().iter().rev().take(FAR);
        let mut path = before.take_while(|&&byte| byte >= b' ' && byte != 0x7f);
        let next = self.text.get(self.end);
        let is_end = next.is_none_or(|byte| b"\\/\0\t\r\n \"';:,>|)".contains(byte));
        !self.is_guess() || is_end && path.any(|byte| b"\\/:".contains(byte))
    }

    /// True if no component of several letters is in front.
    fn is_rooted(&self) -> bool {
        let Some((unit, letter)) = self.spelling.unit_before(self.text, self.start) else { return true };
        let is_of_name = |unit: u16| unit >= 0x80 || goes_on(unit) || unit == u16::from(b'.');
        let is_drive = || !self.spelling.unit_before(self.text, letter).is_some_and(|(unit, _)| is_of_name(unit));
        let is = |class: fn(&u8) -> bool| u8::try_from(unit).is_ok_and(|byte| class(&byte));
        !is_of_name(unit)
            || is(u8::is_ascii_digit)
            || is(u8::is_ascii_alphabetic) && is_drive()
            || self.drive().is_some()
    }

    /// Returns where the drive in front begins: a letter and a colon (which may be escaped), or one of its obsolete
    /// spellings.
    fn drive(&self) -> Option<usize> {
        let (last, mut colon) = self.spelling.unit_before(self.text, self.start)?;
        if last == u16::from(b'A') || last == u16::from(b'a') {
            colon = self.start.checked_sub(3 * self.spelling.width())?;
            let (char, after) = self.spelling.char_at(self.text, colon)?;
            Some(()).filter(|()| char == ':' && after == self.start)?;
        } else if last != u16::from(b':') && last != u16::from(b'|') {
            return None;
        }
        let (letter, start) = self.spelling.unit_before(self.text, colon)?;
        let is_letter = u8::try_from(letter).is_ok_and(|letter| letter.is_ascii_alphabetic());
        let is_word = self.spelling.unit_before(self.text, start).is_some_and(|(unit, _)| goes_on(unit));
        (is_letter && !is_word).then_some(start)
    }
}

fn is_utf8(text: &[u8], from: usize, to: usize) -> bool {
    core::str::from_utf8(text.get(from..to).unwrap_or_default()).is_ok()
}

/// Returns the position after a run of separators: source code and JSON double each backslash.
fn skip_separators(
    spelling: Spelling,
    text: &[u8],
    mut at: usize,
    charge: &mut impl FnMut(u64) -> Result<(), ReadError>,
) -> Result<usize, ReadError> {
    while let Some((_, after)) = spelling.char_at(text, at).filter(|(char, _)| is_separator(*char)) {
        charge(1)?;
        at = after;
    }
    Ok(at)
}

fn is_separator_unit(unit: u16) -> bool {
    unit == u16::from(b'/') || unit == u16::from(b'\\')
}

fn goes_on(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
