//! `/proc/cpuinfo`.

use core::iter::FusedIterator;

use crate::read::text::utf8::Utf8;

use crate::read::linux::fields::{Field, fields, value};

text_streams! {
    /// `/proc/cpuinfo`: a paragraph for each processor, whose fields depend on the architecture.
    LinuxCpuInfo(LINUX_CPU_INFO);
}

impl<'a> LinuxCpuInfo<'a> {
    /// The paragraphs, one for each processor.
    ///
    /// On ARM there is an additional paragraph about the machine, at the start or the end; [`LinuxProcessor::number`]
    /// is `None` for it.
    #[must_use]
    pub fn processors(&self) -> impl FusedIterator<Item = LinuxProcessor<'a>> + Clone + use<'a> {
        let mut rest = self.text().trim_end_nul().as_bytes();
        let paragraphs = core::iter::from_fn(move || {
            let (paragraph, after) = paragraph(rest)?;
            rest = after;
            Some(LinuxProcessor { text: Utf8::new(paragraph) })
        });
        paragraphs.fuse()
    }

    /// The fields of all paragraphs.
    #[must_use]
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'a>> + FusedIterator + Clone + use<'a> {
        fields(self.text(), b':')
    }
}

/// The lines up to the next empty line, and the rest; `None` if there are only empty lines left.
fn paragraph(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = text.iter().position(|&byte| byte != b'\n')?;
    let text = text.get(start..)?;
    let size = text.windows(2).position(|pair| pair == b"\n\n").map_or(text.len(), |end| end + 1);
    text.split_at_checked(size)
}

/// A paragraph of [`LinuxCpuInfo`]: a processor, or the information that all processors share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinuxProcessor<'a> {
    text: Utf8<'a>,
}

impl<'a> LinuxProcessor<'a> {
    /// The paragraph, as stored in the file.
    #[must_use]
    pub const fn text(&self) -> Utf8<'a> {
        self.text
    }

    /// The fields, in file order.
    #[must_use]
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'a>> + FusedIterator + Clone + use<'a> {
        fields(self.text, b':')
    }

    /// The value of the first field with this key, such as `model name`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Utf8<'a>> {
        value(self.fields(), key)
    }

    /// The number of the processor, from 0; `None` if the paragraph is not about a processor.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.get("processor")?.decimal()
    }
}
