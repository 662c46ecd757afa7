//! `/proc/self/limits`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::iter::FusedIterator;

use crate::format::stream::TextLine;
use crate::read::text::utf8::Utf8;

text_streams! {
    /// `/proc/self/limits`: the resource limits of the process, in a heading and a line for each limit.
    MozLinuxLimits(MOZ_LINUX_LIMITS);
}

/// A limit of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LinuxLimit<'a> {
    /// The name of the limit, such as `Max open files`.
    pub name: Utf8<'a>,
    /// The current limit; `None` if it is unlimited.
    pub soft: Option<u64>,
    /// The maximum to which the process may raise the limit; `None` if it is unlimited.
    pub hard: Option<u64>,
    /// The unit, such as `bytes`; empty for limits without a unit.
    pub units: Utf8<'a>,
}

impl<'a> MozLinuxLimits<'a> {
    /// The limits in file order. The heading and malformed lines are skipped.
    pub fn limits(&self) -> impl DoubleEndedIterator<Item = LinuxLimit<'a>> + FusedIterator + Clone + use<'a> {
        self.text().lines().filter_map(limit)
    }

    /// The first limit with this name, such as `Max open files`.
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

/// The kernel pads the columns with spaces. Names contain single spaces only, so two spaces end a name.
fn limit(line: Utf8<'_>) -> Option<LinuxLimit<'_>> {
    let bytes = line.as_bytes().trim_ascii();
    let end = bytes.windows(2).position(|pair| pair == b"  ")?;
    let (name, values) = bytes.split_at_checked(end)?;
    let mut values = values.split(u8::is_ascii_whitespace).filter(|value| !value.is_empty()).map(Utf8::new);
    let (soft, hard) = (value(values.next()?)?, value(values.next()?)?);
    Some(LinuxLimit { name: Utf8::new(name), soft, hard, units: values.next().unwrap_or_default() })
}

/// The value of a limit: `Some(None)` if it is unlimited, `None` if the text is malformed.
fn value(text: Utf8<'_>) -> Option<Option<u64>> {
    if text == "unlimited" { Some(None) } else { text.decimal().map(Some) }
}
