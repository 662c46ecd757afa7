//! Formats that are not user-mode dumps.

use core::fmt;

/// A format that is not a user-mode dump, but is often opened as one.
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct OtherFormat {
    /// Description of the format with an article: `a ZIP archive`.
    pub name: &'static str,
    /// What to do with the file, in the imperative: `unpack it first`.
    pub hint: &'static str,
}

/// The name of an entry in an archive; empty if no entry is named like a dump.
///
/// Only the end of a long name is kept, and characters other than printable ASCII are replaced by question marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EntryName {
    end: [u8; 32],
    size: u8,
    is_cut: bool,
}

impl EntryName {
    pub(crate) fn new(name: &[u8]) -> Self {
        let mut kept = Self::default();
        let cut = name.len().saturating_sub(kept.end.len());
        for (to, from) in kept.end.iter_mut().zip(name.iter().skip(cut)) {
            *to = if from.is_ascii_graphic() || *from == b' ' { *from } else { b'?' };
            kept.size += 1;
        }
        Self { is_cut: cut > 0, ..kept }
    }

    /// Returns the name, or the end of a long name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.end.get(..usize::from(self.size)).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            "" => Ok(()),
            name => write!(f, "; its entry {}{name} is named like a dump", if self.is_cut { "..." } else { "" }),
        }
    }
}
