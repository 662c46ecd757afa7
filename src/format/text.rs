//! Text in 8-bit characters of Windows.

/// The characters of the bytes from `0x80` to `0x9f` in Windows-1252; below and above, byte and character agree.
///
/// From Microsoft's table `cp1252`. Windows itself takes the five bytes without a character for controls, as here.
const HIGH_CONTROLS: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}', '\u{2030}',
    '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}',
    '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}',
    '\u{17e}', '\u{178}',
];

/// The character of a byte in Windows-1252, the ANSI code page of Western systems.
#[must_use]
pub fn windows_1252_to_char(byte: u8) -> char {
    let high = byte.checked_sub(0x80).and_then(|index| HIGH_CONTROLS.get(usize::from(index)));
    high.copied().unwrap_or(char::from(byte))
}

/// The byte of a character in Windows-1252; `None` if it has none.
#[must_use]
pub fn char_to_windows_1252(character: char) -> Option<u8> {
    match u8::try_from(character) {
        Ok(byte) if !(0x80..0xa0).contains(&byte) => Some(byte),
        _ => {
            let index = HIGH_CONTROLS.iter().position(|&known| known == character)?;
            u8::try_from(index).ok().map(|index| 0x80 + index)
        }
    }
}
