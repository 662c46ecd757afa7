//! `/etc/lsb-release` and `/etc/os-release`.

use core::iter::FusedIterator;

use crate::read::text::utf8::Utf8;

use crate::read::linux::fields::{Field, field};

text_streams! {
    /// The distribution: `/etc/lsb-release`, or `/etc/os-release` where minidump-writer found no other file.
    ///
    /// A line of either is an assignment of the shell.
    LinuxLsbRelease(LINUX_LSB_RELEASE);
}

impl<'a> LinuxLsbRelease<'a> {
    /// The assignments, in the order of the file, without comments.
    ///
    /// Quotes around a value are taken away, single ones as well as double ones; backslashes in it stay.
    #[must_use]
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'a>> + FusedIterator + Clone + use<'a> {
        let lines = self.text().lines().filter(|line| !line.as_bytes().trim_ascii_start().starts_with(b"#"));
        lines.filter_map(|line| field(line, b'=')).map(|Field { key, value }| Field { key, value: unquoted(value) })
    }

    /// The value of the first assignment to this name: `DISTRIB_ID`.
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

    /// Name and version for people to read: `DISTRIB_DESCRIPTION` or `PRETTY_NAME`.
    #[must_use]
    pub fn description(&self) -> Option<Utf8<'a>> {
        self.get("DISTRIB_DESCRIPTION").or_else(|| self.get("PRETTY_NAME"))
    }
}

/// The text without quotes around it, if it has them on both sides.
fn unquoted(text: Utf8<'_>) -> Utf8<'_> {
    match text.as_bytes() {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => Utf8::new(inner),
        _ => text,
    }
}
