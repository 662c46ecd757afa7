//! `/proc/self/limits`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::iter::FusedIterator;

use crate::format::stream::TextLine;
use crate::read::text::utf8::Utf8;

text_streams! {
    /// `/proc/self/limits`: what the process may use of the machine; a heading, then a line for each limit.
    MozLinuxLimits(MOZ_LINUX_LIMITS);
}

/// A limit of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LinuxLimit<'a> {
    /// What is limited: `Max open files`.
    pub name: Utf8<'a>,
    /// What the process may use now; `None` if there is no limit.
    pub soft: Option<u64>,
    /// Up to where the process may raise the limit; `None` if there is no limit.
    pub hard: Option<u64>,
    /// What is counted: `bytes`; empty for limits without a unit.
    pub units: Utf8<'a>,
}

impl<'a> MozLinuxLimits<'a> {
    /// The limits in the order of the file; the heading is none, and neither are lines that make no sense.
    pub fn limits(&self) -> impl DoubleEndedIterator<Item = LinuxLimit<'a>> + FusedIterator + Clone + use<'a> {
        self.text().lines().filter_map(limit)
    }

    /// The first limit with this name: `Max open files`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<LinuxLimit<'a>> {
        self.limits().find(|limit| limit.name == name)
    }
}

/// The columns are as wide as the kernel makes them.
impl TextLine for LinuxLimit<'_> {
    fn put_line(&self, out: &mut Vec<u8>) {
        let value = |value: Option<u64>| value.map_or(String::from("unlimited"), |value| value.to_string());
        let padding = 26usize.saturating_sub(self.name.as_bytes().len()).max(2);
        out.extend_from_slice(self.name.as_bytes());
        out.resize(out.len() + padding, b' ');
        out.extend_from_slice(format!("{:<20} {:<20} ", value(self.soft), value(self.hard)).as_bytes());
        if !self.units.is_empty() {
            out.extend_from_slice(self.units.as_bytes());
            out.resize(out.len() + 10usize.saturating_sub(self.units.as_bytes().len()), b' ');
        }
        out.push(b'\n');
    }
}

/// The kernel pads its columns with spaces; names have single spaces in them, so that two of them end a name.
fn limit(line: Utf8<'_>) -> Option<LinuxLimit<'_>> {
    let bytes = line.as_bytes().trim_ascii();
    let end = bytes.windows(2).position(|pair| pair == b"  ")?;
    let (name, values) = bytes.split_at_checked(end)?;
    let mut values = values.split(u8::is_ascii_whitespace).filter(|value| !value.is_empty()).map(Utf8::new);
    let (soft, hard) = (value(values.next()?)?, value(values.next()?)?);
    Some(LinuxLimit { name: Utf8::new(name), soft, hard, units: values.next().unwrap_or_default() })
}

/// A number, or none where there is no limit; `None` if it is neither.
fn value(text: Utf8<'_>) -> Option<Option<u64>> {
    if text == "unlimited" { Some(None) } else { text.decimal().map(Some) }
}
