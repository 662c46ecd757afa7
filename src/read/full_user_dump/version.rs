//! The version information of full user dumps, which follows the memory.

use core::iter::FusedIterator;

use crate::format::debug::{Size, debug_without_bytes};
use crate::format::full_user_dump::CrashdumpVersionInfo;
use crate::read::bytes::ByteOrder;
use crate::read::text::utf16::Utf16;

use crate::read::full_user_dump::dump::FullUserDump;

/// The version information of a [`FullUserDump`].
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionInformation<'a> {
    /// Pairs of strings, as written by the debugger engine.
    Texts(VersionTexts<'a>),
    /// Two numbers, reportedly written by the oldest writers.
    Numbers(CrashdumpVersionInfo),
    /// Anything else.
    Unknown(&'a [u8]),
}

/// Prints the number of bytes, not the bytes.
impl core::fmt::Debug for VersionInformation<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Texts(texts) => f.debug_tuple("Texts").field(texts).finish(),
            Self::Numbers(numbers) => f.debug_tuple("Numbers").field(numbers).finish(),
            Self::Unknown(bytes) => f.debug_tuple("Unknown").field(&Size(bytes.len())).finish(),
        }
    }
}

impl<'a> VersionInformation<'a> {
    fn of(dump: &FullUserDump<'a>) -> Option<Self> {
        let offset = dump.header().version_info_offset;
        let bytes = dump.bytes().clipped(offset, u64::MAX);
        if offset == 0 || bytes.is_empty() {
            return None;
        }
        Some(if bytes.starts_with(b"C\0R\0") {
            Self::Texts(VersionTexts { bytes })
        } else if bytes.len() == CrashdumpVersionInfo::SIZE {
            dump.bytes().read("CRASHDUMP_VERSION_INFO", offset).map_or(Self::Unknown(bytes), Self::Numbers)
        } else {
            Self::Unknown(bytes)
        })
    }
}

/// Pairs of NUL-terminated UTF-16 strings: a key such as `CRASH: OS SP`, and its value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VersionTexts<'a> {
    bytes: &'a [u8],
}

debug_without_bytes!(VersionTexts { ; bytes });

impl<'a> IntoIterator for VersionTexts<'a> {
    type Item = (Utf16<'a>, Utf16<'a>);
    type IntoIter = VersionTextPairs<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &VersionTexts<'a> {
    type Item = (Utf16<'a>, Utf16<'a>);
    type IntoIter = VersionTextPairs<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the pairs of [`VersionTexts`].
#[derive(Clone, Debug)]
pub struct VersionTextPairs<'a> {
    rest: VersionTexts<'a>,
}

impl<'a> Iterator for VersionTextPairs<'a> {
    type Item = (Utf16<'a>, Utf16<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &mut self.rest.bytes;
        let key = take_text(rest);
        if key.is_empty() {
            *rest = &[];
            return None;
        }
        Some((Utf16::new(key, ByteOrder::Little), Utf16::new(take_text(rest), ByteOrder::Little)))
    }
}

impl FusedIterator for VersionTextPairs<'_> {}

impl<'a> VersionTexts<'a> {
    /// Returns the bytes, up to the end of the file.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the pairs, up to an empty key. A string that is cut off by the end of the file ends there.
    #[must_use]
    pub const fn iter(&self) -> VersionTextPairs<'a> {
        VersionTextPairs { rest: *self }
    }

    /// Returns the name of the service pack; `None` if there is none, or if the value says so.
    #[must_use]
    pub fn service_pack(&self) -> Option<Utf16<'a>> {
        let (_, text) = self.iter().find(|(key, _)| *key == "CRASH: OS SP")?;
        (!text.as_bytes().is_empty() && text != "none").then_some(text)
    }
}

/// Removes the bytes up to and including the next NUL character from `rest`, and returns them without the NUL.
fn take_text<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let units = rest.chunks_exact(2).take_while(|unit| *unit != [0, 0]).count();
    let (text, after) = rest.split_at_checked(units * 2).unwrap_or((rest, &[]));
    *rest = after.get(2..).unwrap_or_default();
    text
}

impl<'a> FullUserDump<'a> {
    /// Returns the version information, which extends to the end of the file; `None` if there is none.
    #[must_use]
    pub fn version_information(&self) -> Option<VersionInformation<'a>> {
        VersionInformation::of(self)
    }

    /// Returns the name of the service pack from the version information; `None` if there is none.
    #[must_use]
    pub fn service_pack(&self) -> Option<Utf16<'a>> {
        match self.version_information()? {
            VersionInformation::Texts(texts) => texts.service_pack(),
            _ => None,
        }
    }
}
