//! `/etc/lsb-release` and `/etc/os-release`.

use core::iter::FusedIterator;

use crate::read::text::utf8::Utf8;

use crate::read::linux::fields::{Field, field};

text_streams! {
    /// The distribution: `/etc/lsb-release`, or `/etc/os-release` if minidump-writer did not find the former.
    ///
    /// The lines of both are shell assignments.
    LinuxLsbRelease(LINUX_LSB_RELEASE);
}

impl<'a> LinuxLsbRelease<'a> {
    /// The assignments in file order, without comments.
    ///
    /// Single or double quotes around a value are removed; backslashes in it are kept.
    #[must_use]
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'a>> + FusedIterator + Clone + use<'a> {
        let lines = self.text().lines().filter(|line| !line.as_bytes().trim_ascii_start().starts_with(b"#"));
        lines.filter_map(|line| field(line, b'=')).map(|Field { key, value }| Field { key, value: unquoted(value) })
    }

    /// The value of the first assignment to this name, such as `DISTRIB_ID`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Utf8<'a>> {
        crate::read::linux::fields::value(self.fields(), key)
    }

    /// The short name of the distribution: `DISTRIB_ID` or `ID`.
    #[must_use]
    pub fn distribution(&self) -> Option<Utf8<'a>> {
        self.get("DISTRIB_ID").or_else(|| self.get("ID"))
    }

    /// The version of the distribution: `DISTRIB_RELEASE` or `VERSION_ID`.
    #[must_use]
    pub fn release(&self) -> Option<Utf8<'a>> {
        self.get("DISTRIB_RELEASE").or_else(|| self.get("VERSION_ID"))
    }

    /// The name of the version: `DISTRIB_CODENAME` or `VERSION_CODENAME`.
    #[must_use]
    pub fn codename(&self) -> Option<Utf8<'a>> {
        self.get("DISTRIB_CODENAME").or_else(|| self.get("VERSION_CODENAME"))
    }

    /// The human-readable name and version: `DISTRIB_DESCRIPTION` or `PRETTY_NAME`.
    #[must_use]
    pub fn description(&self) -> Option<Utf8<'a>> {
        self.get("DISTRIB_DESCRIPTION").or_else(|| self.get("PRETTY_NAME"))
    }
}

/// The text without the quotes around it, if both ends have them.
fn unquoted(text: Utf8<'_>) -> Utf8<'_> {
    match text.as_bytes() {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => Utf8::new(inner),
        _ => text,
    }
}
