//! Lines that consist of a key and a value.

use core::iter::FusedIterator;

use crate::read::text::utf8::Utf8;

/// A key and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Field<'a> {
    /// The text before the separator, trimmed.
    pub key: Utf8<'a>,
    /// The text after the separator, trimmed; may be empty.
    pub value: Utf8<'a>,
}

/// The lines of `text` that have a separator; other lines are skipped.
pub(super) fn fields<'a>(
    text: Utf8<'a>,
    separator: u8,
) -> impl DoubleEndedIterator<Item = Field<'a>> + FusedIterator + Clone + use<'a> {
    text.lines().filter_map(move |line| field(line, separator))
}

/// The key and the value in a line.
pub(super) fn field(line: Utf8<'_>, separator: u8) -> Option<Field<'_>> {
    let (key, value) = line.split_at_byte(separator)?;
    Some(Field { key: key.trimmed(), value: value.trimmed() })
}

/// The value of the first field with a key.
pub(super) fn value<'a>(mut fields: impl Iterator<Item = Field<'a>>, key: &str) -> Option<Utf8<'a>> {
    fields.find(|field| field.key == key).map(|field| field.value)
}
