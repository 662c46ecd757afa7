//! Strings that must not be in the result, neither in UTF-8 nor in UTF-16.

/// The minimum length in characters. A shorter string would be found everywhere.
pub const SHORTEST: usize = 3;

/// A string in both encodings.
#[derive(Debug)]
pub struct Pattern {
    pub text: String,
    forms: [Form; 2],
}

#[derive(Debug)]
struct Form {
    bytes: Vec<u8>,
    /// The bytes that replace a character.
    blank: &'static [u8],
}

impl Pattern {
    pub fn new(text: &str) -> Result<Self, String> {
        if text.chars().count() < SHORTEST {
            return Err(format!("{text:?} is too short: a pattern needs at least {SHORTEST} characters"));
        }
        let utf8 = Form { bytes: text.as_bytes().to_vec(), blank: b"*" };
        let utf16 = Form { bytes: text.encode_utf16().flat_map(u16::to_le_bytes).collect(), blank: b"*\0" };
        Ok(Self { text: text.to_owned(), forms: [utf8, utf16] })
    }

    /// Returns the size of the longer encoding, in bytes.
    pub fn size(&self) -> usize {
        self.forms.iter().map(|form| form.bytes.len()).max().unwrap_or(0)
    }

    /// Finds the pattern in either encoding, ignoring the case of ASCII letters. Returns offset and size of each place.
    pub fn places(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        self.forms.iter().flat_map(|form| form.places(bytes)).map(|(at, form)| (at, form.bytes.len())).collect()
    }

    /// Replaces the pattern with asterisks; returns the offsets of these places.
    pub fn blank(&self, bytes: &mut [u8]) -> Vec<usize> {
        let mut blanked = Vec::new();
        for form in &self.forms {
            let places: Vec<usize> = form.places(bytes).map(|(at, _)| at).collect();
            for &at in &places {
                let place = bytes[at..at + form.bytes.len()].iter_mut();
                place.zip(form.blank.iter().cycle()).for_each(|(byte, blank)| *byte = *blank);
            }
            blanked.extend(places);
        }
        blanked
    }
}

impl Form {
    fn places<'f>(&'f self, bytes: &'f [u8]) -> impl Iterator<Item = (usize, &'f Self)> {
        let first = self.bytes[0].to_ascii_lowercase();
        let windows = bytes.windows(self.bytes.len()).enumerate();
        let found = windows.filter(move |(_, window)| {
            window[0].to_ascii_lowercase() == first && window.eq_ignore_ascii_case(&self.bytes)
        });
        found.map(move |(at, _)| (at, self))
    }
}
