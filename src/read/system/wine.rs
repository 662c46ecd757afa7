//! The data that Wine writes after the system information.

#[cfg(feature = "std")]
use alloc::vec::Vec;

use crate::read::bytes::Bytes;
use crate::read::text::utf8::Utf8;

const WHAT: &str = "WINE";

/// The maximum size of a text in bytes; no version is longer.
#[cfg(feature = "std")]
const LONGEST: usize = 255;

/// Information about Wine and the underlying system.
///
/// It is outside the stream, between the system information and the name of the service pack, and nothing refers to it.
/// It can only be recognised by the letters `WINE` at its start.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WineInfo<'a> {
    /// The version of Wine; `None` if it is not in the file.
    pub build_id: Option<Utf8<'a>>,
    /// The name of the underlying system, such as `Linux`.
    pub system: Option<Utf8<'a>>,
    /// The version of the underlying system.
    pub release: Option<Utf8<'a>>,
}

impl<'a> WineInfo<'a> {
    /// The information at `offset`; `None` if there is something else.
    pub(crate) fn at(bytes: &Bytes<'a>, offset: u64) -> Option<Self> {
        if bytes.slice(WHAT, offset, 4).ok()? != b"WINE" {
            return None;
        }
        // All other positions are relative to this one.
        let start = offset.checked_add(4)?;
        let count: u32 = bytes.read(WHAT, start).ok()?;
        let text = |index: u32| {
            if index >= count {
                return None;
            }
            let position: u32 = bytes.read(WHAT, start + 4 + 4 * u64::from(index)).ok()?;
            bytes.until_nul(start + u64::from(position)).map(Utf8::new)
        };
        Some(Self { build_id: text(0), system: text(1), release: text(2) })
    }

    /// All bytes of the information at `offset`, if they are as Wine writes them: three consecutive texts.
    #[cfg(feature = "std")]
    pub(crate) fn whole(bytes: &Bytes<'a>, offset: u64) -> Option<&'a [u8]> {
        let written = Self::at(bytes, offset)?.written()?;
        bytes.slice(WHAT, offset, written.len() as u64).ok().filter(|found| *found == written)
    }

    #[cfg(feature = "std")]
    fn written(&self) -> Option<Vec<u8>> {
        let texts = [self.build_id?, self.system?, self.release?].map(|text| text.as_bytes());
        let mut bytes = [b"WINE".as_slice(), &3u32.to_le_bytes()].concat();
        let mut position = size_of::<[u32; 4]>();
        for text in texts.iter().map(|text| text.len()) {
            if text > LONGEST {
                return None;
            }
            bytes.extend(u32::try_from(position).ok()?.to_le_bytes());
            position += text + 1;
        }
        texts.iter().for_each(|text| bytes.extend(text.iter().chain(&[0])));
        Some(bytes)
    }
}
