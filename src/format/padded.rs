//! Prints with the width, fill and alignment of a formatter, without storing the text.

use core::fmt::{self, Alignment, Formatter, Write};

/// Prints like [`Formatter::pad`] what `print` writes. It is called twice, the first time to count the characters.
pub(crate) fn pad(f: &mut Formatter<'_>, print: impl Fn(&mut dyn Write) -> fmt::Result) -> fmt::Result {
    let limit = f.precision().unwrap_or(usize::MAX);
    let mut all = Limited { out: None, left: limit };
    print(&mut all)?;
    let missing = f.width().unwrap_or(0).saturating_sub(limit - all.left);
    let before = match f.align() {
        None | Some(Alignment::Left) => 0,
        Some(Alignment::Center) => missing / 2,
        Some(Alignment::Right) => missing,
    };
    let fill = f.fill();
    (0..before).try_for_each(|_| f.write_char(fill))?;
    print(&mut Limited { out: Some(f), left: limit })?;
    (before..missing).try_for_each(|_| f.write_char(fill))
}

/// Passes on a limited number of characters.
struct Limited<'o, 'f> {
    /// `None` to only count them.
    out: Option<&'o mut Formatter<'f>>,
    left: usize,
}

impl Write for Limited<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars().take(self.left) {
            self.left -= 1;
            if let Some(out) = &mut self.out {
                out.write_char(character)?;
            }
        }
        Ok(())
    }
}
