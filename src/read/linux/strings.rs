//! `/proc/self/cmdline` and `/proc/self/environ`: texts that are ended by NUL.

use core::iter::FusedIterator;

use crate::read::text::utf8::Utf8;

use crate::read::linux::fields::Field;

text_streams! {
    /// `/proc/self/cmdline`: the arguments of the process, each ended by a NUL.
    LinuxCmdLine(LINUX_CMD_LINE);
    /// `/proc/self/environ`: the variables with which the process started, each ended by a NUL.
    LinuxEnviron(LINUX_ENVIRON);
}

impl<'a> LinuxCmdLine<'a> {
    /// The arguments, the program first; some may be empty.
    ///
    /// A process may write over its arguments, and then there may be but one, or many empty ones at the end.
    #[must_use]
    pub fn arguments(&self) -> impl DoubleEndedIterator<Item = Utf8<'a>> + FusedIterator + Clone + use<'a> {
        strings(self.text())
    }
}

impl<'a> LinuxEnviron<'a> {
    /// Every text of the environment as it stands there, those too that are no assignment.
    #[must_use]
    pub fn strings(&self) -> impl DoubleEndedIterator<Item = Utf8<'a>> + FusedIterator + Clone + use<'a> {
        strings(self.text())
    }

    /// The variables in the order of the file: name and value as they stand there, white space and quotes included.
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

/// The texts that are ended by NUL; the last one may lack it.
fn strings<'a>(text: Utf8<'a>) -> impl DoubleEndedIterator<Item = Utf8<'a>> + FusedIterator + Clone + use<'a> {
    let bytes = text.as_bytes();
    let whole = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let strings = (!bytes.is_empty()).then(|| whole.split(|&byte| byte == 0));
    strings.into_iter().flatten().map(Utf8::new)
}
