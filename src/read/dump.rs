//! Telling the formats apart.

use crate::error::ReadError;

use super::minidump::Minidump;

/// A dump of any format that this crate reads.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum Dump<'a> {
    /// A minidump, whatever it holds: one with full memory is a minidump too.
    Minidump(Minidump<'a>),
}

impl<'a> Dump<'a> {
    /// Finds the format by the signature and opens the dump.
    ///
    /// # Errors
    ///
    /// [`ReadError::Signature`] if the bytes start like no dump, [`ReadError::Unsupported`] for the formats that are
    /// known but not read yet (`USERDUMP`, `USERDU64`, Windows CE and kernel dumps), and those of
    /// [`Minidump::parse`].
    pub fn parse(data: &'a [u8]) -> Result<Self, ReadError> {
        let found = signature(data);
        let unsupported = |what| Err(ReadError::Unsupported { what });
        match &found {
            b"USERDUMP" => unsupported("a full user dump of a 32-bit process (USERDUMP)"),
            b"USERDU64" => unsupported("a full user dump of a 64-bit process (USERDU64)"),
            b"PAGEDUMP" | b"PAGEDU64" => unsupported("a kernel dump"),
            [b'C', b'E', b'D', b'X' | b'S' | b'C', ..] | [b'X' | b'S' | b'C', b'D', b'E', b'C', ..] => {
                unsupported("a Windows CE dump")
            }
            _ => Minidump::parse(data).map(Self::Minidump),
        }
    }
}

/// The first eight bytes, zeros where there are fewer.
pub(super) fn signature(data: &[u8]) -> [u8; 8] {
    let mut found = [0; 8];
    for (to, from) in found.iter_mut().zip(data) {
        *to = *from;
    }
    found
}
