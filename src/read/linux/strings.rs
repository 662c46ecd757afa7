//! `/proc/self/cmdline` and `/proc/self/environ`: texts that are terminated by NULs.

use core::iter::FusedIterator;

use crate::read::text::utf8::Utf8;

use crate::read::linux::fields::Field;

text_streams! {
    /// `/proc/self/cmdline`: the arguments of the process, each terminated by a NUL.
    LinuxCmdLine(LINUX_CMD_LINE);
    /// `/proc/self/environ`: the environment variables at the start of the process, each terminated by a NUL.
    LinuxEnviron(LINUX_ENVIRON);
}

impl<'a> LinuxCmdLine<'a> {
    /// The arguments, starting with the program. Arguments may be empty.
    ///
    /// If the process overwrote its arguments, there may be a single one, or many empty ones at the end.
    #[must_use]
    pub fn arguments(&self) -> impl DoubleEndedIterator<Item = Utf8<'a>> + FusedIterator + Clone + use<'a> {
        strings(self.text())
    }
}

impl<'a> LinuxEnviron<'a> {
    /// All texts of the environment, including those that are not assignments.
    #[must_use]
    pub fn strings(&self) -> impl DoubleEndedIterator<Item = Utf8<'a>> + FusedIterator + Clone + use<'a> {
        strings(self.text())
    }

    /// The variables in file order, with name and value unchanged, including white space and quotes.
    #[must_use]
    pub fn variables(&self) -> impl DoubleEndedIterator<Item = Field<'a>> + FusedIterator + Clone + use<'a> {
        self.strings().filter_map(|text| text.split_at_byte(b'=')).map(|(key, value)| Field { key, value })
    }

    /// The value of the first variable with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Utf8<'a>> {
        crate::read::linux::fields::value(self.variables(), name)
    }
}

/// The texts that are terminated by NULs, which is optional for the last one.
fn strings<'a>(text: Utf8<'a>) -> impl DoubleEndedIterator<Item = Utf8<'a>> + FusedIterator + Clone + use<'a> {
    let bytes = text.as_bytes();
    let whole = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let strings = (!bytes.is_empty()).then(|| whole.split(|&byte| byte == 0));
    strings.into_iter().flatten().map(Utf8::new)
}
