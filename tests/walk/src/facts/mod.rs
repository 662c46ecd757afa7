//! A simple decoder of minidumps for comparison. All offsets are written out here, and no code is shared with the crate.
//!
//! It is for valid dumps. It panics on invalid bytes, which fails the test.

mod compare;
mod rows;

use std::fmt;
use std::ops::Deref;

pub use compare::{Positions, differences};
pub use rows::*;

/// A minidump with decoded header and directory. Everything else is decoded on request.
pub struct Facts<'a> {
    pub bytes: &'a [u8],
    pub big_endian: bool,
    pub header: Header,
    /// All entries in order, including unused and repeated ones.
    pub directory: Vec<Entry>,
}

/// `MINIDUMP_HEADER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub version: u32,
    pub streams: u32,
    pub directory: Rva,
    pub checksum: u32,
    pub timestamp: u32,
    pub flags: u64,
}

/// `MINIDUMP_DIRECTORY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: u32,
    pub size: u32,
    pub rva: Rva,
}

/// A file offset. It is a separate type so that comparisons can ignore it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rva(pub u64);

impl fmt::Debug for Rva {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("@nowhere") } else { write!(f, "@{:#x}", self.0) }
    }
}

/// Bytes of the file. Their `Debug` output is short: the size and a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Blob<'a>(pub &'a [u8]);

impl Deref for Blob<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl fmt::Debug for Blob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // FNV-1a, to distinguish contents in messages.
        let hash = self
            .0
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        write!(f, "{} bytes #{hash:016x}", self.0.len())
    }
}

impl<'a> Facts<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        let big_endian = match &bytes[..4] {
            b"MDMP" => false,
            b"PMDM" => true,
            other => panic!("{other:02x?} is not the signature of a minidump"),
        };
        let header = Header { version: 0, streams: 0, directory: Rva(0), checksum: 0, timestamp: 0, flags: 0 };
        let mut facts = Self { bytes, big_endian, header, directory: Vec::new() };
        facts.header = Header {
            version: facts.u32(4),
            streams: facts.u32(8),
            directory: facts.rva(12),
            checksum: facts.u32(16),
            timestamp: facts.u32(20),
            flags: facts.u64(24),
        };
        let at = |index: u32| facts.header.directory.0 + 12 * u64::from(index);
        let entry = |at| Entry { kind: facts.u32(at), size: facts.u32(at + 4), rva: facts.rva(at + 8) };
        facts.directory = (0..facts.header.streams).map(|index| entry(at(index))).collect();
        facts
    }

    /// Returns the stream types in directory order, without unused entries.
    pub fn kinds(&self) -> Vec<u32> {
        self.directory.iter().map(|entry| entry.kind).filter(|kind| *kind != 0).collect()
    }

    /// Returns the first stream of a type.
    pub fn stream(&self, kind: u32) -> Option<Entry> {
        self.directory.iter().copied().find(|entry| entry.kind == kind && kind != 0)
    }

    /// Returns the bytes of the first stream of a type.
    pub fn stream_bytes(&self, kind: u32) -> Option<Blob<'a>> {
        self.stream(kind).map(|entry| self.blob(entry.rva, u64::from(entry.size)))
    }

    /// Returns `size` bytes at `rva`. If `size` is 0, `rva` is ignored.
    pub fn blob(&self, rva: Rva, size: u64) -> Blob<'a> {
        let range = if size == 0 { 0..0 } else { index(rva.0)..index(rva.0 + size) };
        let file_size = self.bytes.len();
        Blob(
            self.bytes
                .get(range)
                .unwrap_or_else(|| panic!("{size} bytes {rva:?} are not in the file of {file_size} bytes")),
        )
    }

    fn array<const N: usize>(&self, offset: u64) -> [u8; N] {
        let mut array: [u8; N] =
            self.blob(Rva(offset), N as u64).0.try_into().expect("the slice has the requested size");
        if self.big_endian {
            array.reverse();
        }
        array
    }

    pub fn u8(&self, offset: u64) -> u8 {
        self.array::<1>(offset)[0]
    }

    pub fn u16(&self, offset: u64) -> u16 {
        u16::from_le_bytes(self.array(offset))
    }

    pub fn u32(&self, offset: u64) -> u32 {
        u32::from_le_bytes(self.array(offset))
    }

    pub fn u64(&self, offset: u64) -> u64 {
        u64::from_le_bytes(self.array(offset))
    }

    /// Reads a 32-bit file offset.
    pub fn rva(&self, offset: u64) -> Rva {
        Rva(u64::from(self.u32(offset)))
    }

    /// Returns the bytes that the location descriptor (size, then offset) at an offset refers to.
    pub fn located(&self, offset: u64) -> Blob<'a> {
        self.blob(self.rva(offset + 4), u64::from(self.u32(offset)))
    }

    /// Returns the `MINIDUMP_STRING` at an offset; 0 means that there is no string.
    pub fn name(&self, at: Rva) -> Name {
        let units = |size| (0..size / 2).map(|index| self.u16(at.0 + 4 + 2 * u64::from(index))).collect::<Vec<_>>();
        Name { at, text: (at.0 != 0).then(|| String::from_utf16_lossy(&units(self.u32(at.0)))) }
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("test files fit in memory")
}
