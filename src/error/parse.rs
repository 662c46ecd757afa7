//! Text that was to be parsed.

/// Text that is not what it was parsed as: the name of a value, a set of flags, a GUID, an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not a {what}: {expected}")]
pub struct ParseError {
    what: &'static str,
    expected: &'static str,
}

impl ParseError {
    pub(crate) const GUID: Self = Self::new("GUID", "expected 32 hexadecimal digits");

    pub(crate) const fn new(what: &'static str, expected: &'static str) -> Self {
        Self { what, expected }
    }
}
