//! Hexadecimal digits of identifiers.

/// Text that is not the identifier that it was parsed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}: {expected}")]
pub struct ParseIdError {
    what: &'static str,
    expected: &'static str,
}

impl ParseIdError {
    pub(super) const DEBUG_ID: Self =
        Self { what: "debug ID", expected: "expected the hexadecimal digits of a GUID or time stamp, and an age" };
    pub(super) const CODE_ID: Self = Self { what: "code ID", expected: "expected 1 to 128 hexadecimal digits" };
}

/// The number that 1 to 8 digits spell, without a sign.
pub(super) fn number(digits: &str) -> Option<u32> {
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(digits, 16).ok())?
}
