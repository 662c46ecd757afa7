//! Files that are not dumps.

use core::fmt;

/// A kind of file that is not a user-mode dump, but is often given in place of one.
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct OtherFormat {
    /// What it is, with its article: `a ZIP archive`.
    pub name: &'static str,
    /// What to do with it, in the imperative: `unpack it first`.
    pub hint: &'static str,
}

/// The name of an entry in an archive; empty if no entry has the name of a dump.
///
/// Of a long name only the end is kept, and whatever is not printable ASCII is a question mark.
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

    /// The name, or its end.
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
            name => write!(f, "; {}{name} in it has the name of a dump", if self.is_cut { "..." } else { "" }),
        }
    }
}
