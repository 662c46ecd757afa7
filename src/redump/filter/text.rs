//! Recognises words that point somewhere by chance because they are text.
//!
//! On a 32-bit stack, any four letters may be an address inside a module. A word that stays reveals at most four 8-bit
//! characters, or two of UTF-16, so it matters which adjacent words stay, and what is around them. Plain Latin text is
//! recognised by the bytes around a word, whether they stay or not. Other alphabets use bytes that also occur in
//! addresses, so their words are recognised only where several in a row would stay; the first of them do stay, as many
//! as are harmless. This way, most return addresses that look like text by chance stay too.

use core::ops::Range;

/// How many words before a word are examined, and how many after it.
pub(super) const BEFORE: usize = 3;
const AFTER: usize = 2;
/// How many words are examined together.
const WORDS: usize = BEFORE + 1 + AFTER;
/// The number of characters that may stay.
const HARMLESS: usize = 4;
/// The number of bytes of plain text in a row that is not a coincidence: one word, and most of the next.
const PLAIN: usize = 7;
/// The same number for UTF-16 characters, in which every other byte is 0.
const PLAIN_UTF16: usize = 3;

/// A stack word and the words around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbourhood {
    words: [u64; WORDS],
    /// The bytes of all words, in stack order.
    bytes: [u8; WORDS * 8],
    /// The size of a word in bytes, 4 or 8.
    width: usize,
}

impl Neighbourhood {
    /// `word` returns the words in stack order; those that the dump lacks count as 0.
    pub(super) fn new(width: u64, word: impl Fn(usize) -> Option<u64>) -> Self {
        let width = if width == 4 { 4 } else { 8 };
        let words = core::array::from_fn(|number| word(number).unwrap_or(0));
        let mut bytes = [0; WORDS * 8];
        for (to, word) in bytes.chunks_exact_mut(width).zip(words) {
            to.iter_mut().zip(word.to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        Self { words, bytes, width }
    }

    /// Returns the word with this index.
    pub(super) fn word(&self, number: usize) -> u64 {
        self.words.get(number).copied().unwrap_or(0)
    }

    /// True if the word in question belongs to a text of which more than is harmless would stay. `points` tells which
    /// words point to where a stack trace may lead.
    pub(super) fn reads_as_text(&self, points: impl Fn(usize) -> bool) -> bool {
        self.is_plain_text() || self.is_rest_of_text(points)
    }

    /// Returns the position of the word in question among the bytes that begin with the word `first`.
    fn place(&self, first: usize) -> Range<usize> {
        (BEFORE - first) * self.width..(BEFORE - first + 1) * self.width
    }

    fn is_plain_text(&self) -> bool {
        if !has_plain_text(self.word(BEFORE), self.width) {
            return false;
        }
        let bytes = self.bytes.get(..WORDS * self.width).unwrap_or_default();
        let place = self.place(0);
        // A word with less of it is harmless, and frequent: text next to a pointer.
        let narrow = longest_run(bytes.iter().map(|&byte| is_plain(byte)), 0, 1, &place, 3);
        let wide = |odd: usize| {
            let units = bytes.get(odd..).unwrap_or_default().chunks_exact(2);
            longest_run(units.map(|unit| matches!(*unit, [low, 0] if is_plain(low))), odd, 2, &place, 2)
        };
        narrow >= PLAIN || wide(0) >= PLAIN_UTF16 || wide(1) >= PLAIN_UTF16
    }

    /// True if this word and those right before it that stay as well have more text than is harmless.
    fn is_rest_of_text(&self, points: impl Fn(usize) -> bool) -> bool {
        // The highest part of a 64-bit address is not text, except for ARM64 signatures.
        let may_be = |number| self.width == 4 || self.word(number) >> 48 != 0;
        if !may_be(BEFORE) {
            return false;
        }
        let before = (0..BEFORE).rev().take_while(|&number| may_be(number) && points(number)).count();
        let first = BEFORE - before;
        let bytes = self.bytes.get(first * self.width..(BEFORE + 1) * self.width).unwrap_or_default();
        is_text(bytes, &self.place(first), HARMLESS.max(self.width - 1))
    }
}

/// False for a word of `width` bytes that cannot be text, without looking at the words around it. `after_pointer` tells
/// whether the previous word points somewhere.
#[inline]
pub(super) fn may_be_text(word: u64, width: u64, after_pointer: bool) -> bool {
    match width {
        4 => after_pointer || has_plain_text(word, 4),
        _ => word >> 48 != 0 || has_plain_text(word, 8),
    }
}

/// True if there are three bytes of plain text in a row, or one character of it in UTF-16.
#[inline]
fn has_plain_text(word: u64, width: usize) -> bool {
    let (mut run, mut found) = (0, false);
    for byte in word.to_le_bytes().into_iter().take(width) {
        found |= byte == 0 && run > 0 || is_plain(byte) && run >= 2;
        run = if is_plain(byte) { run + 1 } else { 0 };
    }
    found
}

/// True for four bytes of plain text, or two characters of it in UTF-16.
pub(super) fn is_plain_word(word: u64) -> bool {
    match word.to_le_bytes() {
        [a, 0, b, 0, ..] => is_plain(a) && is_plain(b),
        [a, b, c, d, ..] => [a, b, c, d].into_iter().all(is_plain),
    }
}

/// Returns the length of the longest run of true values in which at least `least` units reach into `place`. Units have
/// `size` bytes and begin at `start`.
fn longest_run(
    units: impl Iterator<Item = bool>,
    start: usize,
    size: usize,
    place: &Range<usize>,
    least: usize,
) -> usize {
    let (mut longest, mut run, mut within) = (0, 0, 0);
    for (number, is_text) in units.enumerate() {
        let at = start + number * size;
        if is_text {
            run += 1;
            within += usize::from(at < place.end && at + size > place.start);
            longest = if within >= least { longest.max(run) } else { longest };
        } else {
            (run, within) = (0, 0);
        }
    }
    longest
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// True if more than `harmless` characters of some encoding are in a row, and one of them reaches into `place`.
fn is_text(bytes: &[u8], place: &Range<usize>, harmless: usize) -> bool {
    let run_of = |is_one: fn(u8) -> bool| longest_run(bytes.iter().map(|&byte| is_one(byte)), 0, 1, place, 1);
    // Two bytes for each character, in either alignment.
    let pairs = |odd: usize| bytes.get(odd..).unwrap_or_default().chunks_exact(2);
    let double = |odd| longest_run(pairs(odd).map(is_double_byte), odd, 2, place, 1);
    let longest = run_of(is_plain).max(run_of(is_letter)).max(utf8_run(bytes, place));
    // Shorter text cannot have enough pairs.
    let has_room = bytes.len() > 2 * HARMLESS;
    longest > harmless
        || has_room && (0..2).any(|odd| double(odd) > HARMLESS || utf16_run(pairs(odd), odd, place) > HARMLESS)
}

/// True for a letter of a code page (ASCII, or any from `0xC0` on), and for characters between words.
const fn is_letter(byte: u8) -> bool {
    byte >= 0xc0 || byte.is_ascii_alphabetic() || matches!(byte, b' ' | b',' | b'.' | b'-' | b'\'' | b'\n')
}

/// True for a character of a Chinese, Japanese or Korean code page.
const fn is_double_byte(pair: &[u8]) -> bool {
    matches!(*pair, [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe])
}

/// Returns the most UTF-8 characters in a row, some of them multi-byte, that end at a character reaching into `place`.
fn utf8_run(bytes: &[u8], place: &Range<usize>) -> usize {
    let (mut at, mut run, mut wide, mut longest) = (0, 0, false, 0);
    while let Some(&first) = bytes.get(at) {
        let size = match first {
            _ if is_plain(first) => 1,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 0,
        };
        let rest = bytes.get(at + 1..at + size).unwrap_or_default();
        if size == 0 || rest.len() + 1 < size || !rest.iter().all(|byte| byte & 0xc0 == 0x80) {
            (at, run, wide) = (at + 1, 0, false);
            continue;
        }
        (at, run, wide) = (at + size, run + 1, wide || size > 1);
        longest = if wide && at > place.start { longest.max(run) } else { longest };
    }
    longest
}

/// Returns the most characters of one script in a row that end at a character reaching into `place`.
fn utf16_run<'b>(units: impl Iterator<Item = &'b [u8]>, start: usize, place: &Range<usize>) -> usize {
    let (mut run, mut any, mut longest, mut script) = (0, 0, 0, Script::Any);
    for (number, unit) in units.enumerate() {
        let unit = unit.iter().rev().fold(0u16, |unit, &byte| unit << 8 | u16::from(byte));
        match Script::of(unit) {
            Script::None => (run, any, script) = (0, 0, Script::Any),
            Script::Any => (run, any) = (run + 1, any + 1),
            other => {
                // Characters between two scripts belong to both.
                run = if script == Script::Any || script == other { run + 1 } else { any + 1 };
                (any, script) = (0, other);
            }
        }
        if script != Script::Any && start + number * 2 + 2 > place.start {
            longest = longest.max(run);
        }
    }
    longest
}

/// Scripts; characters of one script occur next to each other in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// Characters of every script: spaces, digits, punctuation.
    Any,
    Latin,
    /// An alphabet, by the upper byte of its characters.
    Alphabet(u16),
    /// Chinese and Japanese.
    Han,
    Hangul,
    /// Halves of a character beyond 16 bits.
    Surrogates,
    /// Not text.
    None,
}

impl Script {
    const fn of(unit: u16) -> Self {
        match unit {
            0x61..=0x7a | 0x41..=0x5a | 0xa0..=0x24f => Self::Latin,
            0x09 | 0x0a | 0x0d | 0x20..=0x7e | 0x2000..=0x206f => Self::Any,
            0x300..=0x2fff => Self::Alphabet(unit >> 8),
            0x3000..=0x9fff | 0xff00..=0xffef => Self::Han,
            0xac00..=0xd7a3 => Self::Hangul,
            0xd800..=0xdfff => Self::Surrogates,
            _ => Self::None,
        }
    }
}
