//! Words that point somewhere by chance, because they are text.
//!
//! On a 32-bit stack any four letters may be an address inside of a module. One word that stays is four characters at
//! most of 8 bits, or two of UTF-16; so what matters is which words stay beside each other, and what stands around them.
//! Plain Latin text is told by the bytes around a word, whatever becomes of them. Other alphabets have bytes that
//! addresses have as well, so that their words are told only where several in a row would stay; the first of them do, as
//! many as are harmless. So return addresses that look like text by chance mostly stay too.

use core::ops::Range;

/// How many words before one are looked at, and how many behind it.
pub(super) const BEFORE: usize = 3;
const BEHIND: usize = 2;
/// How many words are looked at together.
const WORDS: usize = BEFORE + 1 + BEHIND;
/// So many characters may stay.
const HARMLESS: usize = 4;
/// So many bytes of plain text in a row are no accident: a word, and most of the next.
const PLAIN: usize = 7;
/// And so many characters of UTF-16, whose every other byte is 0.
const PLAIN_UTF16: usize = 3;

/// A word on a stack and those around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbourhood {
    words: [u64; WORDS],
    /// The bytes of all, in the order of the stack.
    bytes: [u8; WORDS * 8],
    /// The size of a word in bytes, 4 or 8.
    width: usize,
}

impl Neighbourhood {
    /// `word` gives the words in the order of the stack; those that the dump lacks count as 0.
    pub(super) fn new(width: u64, word: impl Fn(usize) -> Option<u64>) -> Self {
        let width = if width == 4 { 4 } else { 8 };
        let words = core::array::from_fn(|number| word(number).unwrap_or(0));
        let mut bytes = [0; WORDS * 8];
        for (to, word) in bytes.chunks_exact_mut(width).zip(words) {
            to.iter_mut().zip(word.to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        Self { words, bytes, width }
    }

    /// The word with that number.
    pub(super) fn word(&self, number: usize) -> u64 {
        self.words.get(number).copied().unwrap_or(0)
    }

    /// True if the word in question is part of a text of which more would stay than is harmless; `points` tells which
    /// words point to where a stack trace may lead.
    pub(super) fn reads_as_text(&self, points: impl Fn(usize) -> bool) -> bool {
        self.is_plain_text() || self.is_rest_of_text(points)
    }

    /// Where the word in question is among the bytes from that of a number on.
    fn place(&self, first: usize) -> Range<usize> {
        (BEFORE - first) * self.width..(BEFORE - first + 1) * self.width
    }

    fn is_plain_text(&self) -> bool {
        if !has_plain_text(self.word(BEFORE), self.width) {
            return false;
        }
        let bytes = self.bytes.get(..WORDS * self.width).unwrap_or_default();
        let place = self.place(0);
        // A word that has less of it is as harmless as it is frequent: text beside a pointer.
        let narrow = longest_run(bytes.iter().map(|&byte| is_plain(byte)), 0, 1, &place, 3);
        let wide = |odd: usize| {
            let units = bytes.get(odd..).unwrap_or_default().chunks_exact(2);
            longest_run(units.map(|unit| matches!(*unit, [low, 0] if is_plain(low))), odd, 2, &place, 2)
        };
        narrow >= PLAIN || wide(0) >= PLAIN_UTF16 || wide(1) >= PLAIN_UTF16
    }

    /// True if the words right before that stay as well make it more than is harmless.
    fn is_rest_of_text(&self, points: impl Fn(usize) -> bool) -> bool {
        // The highest part of an address of 64 bits is no text, but for the signatures of ARM64.
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

/// False for a word of `width` bytes that cannot be text, without a look at what is around; `after_pointer` tells whether
/// the word before it points somewhere.
#[inline]
pub(super) fn may_be_text(word: u64, width: u64, after_pointer: bool) -> bool {
    match width {
        4 => after_pointer || has_plain_text(word, 4),
        _ => word >> 48 != 0 || has_plain_text(word, 8),
    }
}

/// True if there are three bytes of plain text in a row, or a character of it in UTF-16.
#[inline]
fn has_plain_text(word: u64, width: usize) -> bool {
    let (mut run, mut found) = (0, false);
    for byte in word.to_le_bytes().into_iter().take(width) {
        found |= byte == 0 && run > 0 || is_plain(byte) && run >= 2;
        run = if is_plain(byte) { run + 1 } else { 0 };
    }
    found
}

/// True for four bytes that are plain text, or two characters of it in UTF-16.
pub(super) fn is_plain_word(word: u64) -> bool {
    match word.to_le_bytes() {
        [a, 0, b, 0, ..] => is_plain(a) && is_plain(b),
        [a, b, c, d, ..] => [a, b, c, d].into_iter().all(is_plain),
    }
}

/// The length of the longest run of true among units of `size` bytes from `start` on, of those in which `least` units
/// reach into `place`.
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

/// True if more than `harmless` characters of some encoding stand in a row, and one of them reaches into `place`.
fn is_text(bytes: &[u8], place: &Range<usize>, harmless: usize) -> bool {
    let run_of = |is_one: fn(u8) -> bool| longest_run(bytes.iter().map(|&byte| is_one(byte)), 0, 1, place, 1);
    // Two bytes a character from either alignment on.
    let pairs = |odd: usize| bytes.get(odd..).unwrap_or_default().chunks_exact(2);
    let double = |odd| longest_run(pairs(odd).map(is_double_byte), odd, 2, place, 1);
    let longest = run_of(is_plain).max(run_of(is_letter)).max(utf8_run(bytes, place));
    // Fewer bytes cannot hold so many pairs.
    let has_room = bytes.len() > 2 * HARMLESS;
    longest > harmless
        || has_room && (0..2).any(|odd| double(odd) > HARMLESS || utf16_run(pairs(odd), odd, place) > HARMLESS)
}

/// A letter of a code page, Latin or any that is above `0xC0`, or what stands between words.
const fn is_letter(byte: u8) -> bool {
    byte >= 0xc0 || byte.is_ascii_alphabetic() || matches!(byte, b' ' | b',' | b'.' | b'-' | b'\'' | b'\n')
}

/// A character of a Chinese, Japanese or Korean code page.
const fn is_double_byte(pair: &[u8]) -> bool {
    matches!(*pair, [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe])
}

/// The most characters in a row, of which some have two bytes or more, up to one that reaches into `place`.
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

/// The most characters of one script in a row, up to one that reaches into `place`.
fn utf16_run<'b>(units: impl Iterator<Item = &'b [u8]>, start: usize, place: &Range<usize>) -> usize {
    let (mut run, mut any, mut longest, mut script) = (0, 0, 0, Script::Any);
    for (number, unit) in units.enumerate() {
        let unit = unit.iter().rev().fold(0u16, |unit, &byte| unit << 8 | u16::from(byte));
        match Script::of(unit) {
            Script::None => (run, any, script) = (0, 0, Script::Any),
            Script::Any => (run, any) = (run + 1, any + 1),
            other => {
                // What is between two scripts belongs to both.
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

/// Which characters stand beside each other in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// Those of every text: blanks, digits, punctuation.
    Any,
    Latin,
    /// An alphabet, by the upper half of its characters.
    Alphabet(u16),
    /// Chinese and Japanese.
    Han,
    Hangul,
    /// Halves of a character beyond 16 bits.
    Surrogates,
    /// No text.
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
