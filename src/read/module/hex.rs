//! Hexadecimal digits of identifiers.

use crate::error::ParseError;

pub(super) const NOT_A_DEBUG_ID: ParseError =
    ParseError::new("debug ID", "expected the hexadecimal digits of a GUID or time stamp, and an age");
pub(super) const NOT_A_CODE_ID: ParseError = ParseError::new("code ID", "expected 1 to 128 hexadecimal digits");

/// Parses 1 to 8 hexadecimal digits without a sign.
pub(super) fn number(digits: &str) -> Option<u32> {
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(digits, 16).ok())?
}
