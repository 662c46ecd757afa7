//! `/proc/self/auxv`: the auxiliary vector.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::StreamType;
use crate::format::debug::debug_without_bytes;
use crate::format::linux::AuxType;
use crate::format::stream::WholeStream;
use crate::read::bytes::{ByteOrder, integer_at};
use crate::read::raw_stream::{FromStream, RawStream};

/// `/proc/self/auxv`: values that the kernel passes to the program at its start, in pairs of words of the target.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinuxAuxv<'a> {
    bytes: &'a [u8],
    /// The size of a word in bytes.
    width: u32,
    order: ByteOrder,
}

debug_without_bytes!(LinuxAuxv { width, order; bytes });

/// An entry of the auxiliary vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuxEntry {
    /// The type of the value.
    pub aux_type: AuxType,
    /// A number or an address, zero-extended on 32-bit targets.
    pub value: u64,
}

impl<'a> LinuxAuxv<'a> {
    /// Views little-endian bytes that are not in a dump, such as `/proc/PID/auxv` of a running process. `pointer_size` is that of
    /// the process: 4, or else 8.
    #[must_use]
    pub const fn parse(bytes: &'a [u8], pointer_size: u32) -> Self {
        Self { bytes, width: if pointer_size == 4 { 4 } else { 8 }, order: ByteOrder::Little }
    }

    /// The stream as stored in the file, in the byte order of the file.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The entries in file order, up to the end marker, which is not included.
    #[must_use]
    pub const fn iter(&self) -> AuxEntries<'a> {
        AuxEntries { rest: *self }
    }

    /// The value of the first entry of a type.
    #[must_use]
    pub fn get(&self, aux_type: AuxType) -> Option<u64> {
        self.iter().find(|entry| entry.aux_type == aux_type).map(|entry| entry.value)
    }
}

impl<'a> IntoIterator for LinuxAuxv<'a> {
    type Item = AuxEntry;
    type IntoIter = AuxEntries<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &LinuxAuxv<'a> {
    type Item = AuxEntry;
    type IntoIter = AuxEntries<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the entries of [`LinuxAuxv`].
#[derive(Clone, Debug)]
pub struct AuxEntries<'a> {
    rest: LinuxAuxv<'a>,
}

impl Iterator for AuxEntries<'_> {
    type Item = AuxEntry;

    fn next(&mut self) -> Option<Self::Item> {
        let LinuxAuxv { bytes, width, order } = self.rest;
        let size = pair_size(width);
        let entry = words(bytes, width, order).next().map(|(kind, value)| AuxEntry { aux_type: AuxType(kind), value });
        let entry = entry.filter(|entry| entry.aux_type != AuxType::NULL);
        // There are no entries after the end marker.
        self.rest.bytes = bytes.get(size..).filter(|_| entry.is_some()).unwrap_or_default();
        entry
    }
}

impl FusedIterator for AuxEntries<'_> {}

impl<'a> WholeStream<'a> for LinuxAuxv<'a> {
    fn stream_type(&self) -> StreamType {
        StreamType::LINUX_AUXV
    }

    fn stream_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn is_big_endian(&self) -> bool {
        self.order == ByteOrder::Big
    }
}

impl<'a> FromStream<'a> for LinuxAuxv<'a> {
    const STREAM_TYPE: StreamType = StreamType::LINUX_AUXV;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let dump = stream.dump();
        Ok(Self { bytes: stream.present()?, width: dump.target().pointer_size(), order: dump.byte_order() })
    }
}

/// The size of two words of `width` bytes.
const fn pair_size(width: u32) -> usize {
    if width == 4 { 8 } else { 16 }
}

/// The pairs of words of `width` (4 or 8) bytes, without an incomplete one at the end.
pub(super) fn words<'a>(
    bytes: &'a [u8],
    width: u32,
    order: ByteOrder,
) -> impl Iterator<Item = (u64, u64)> + Clone + use<'a> {
    bytes.chunks_exact(pair_size(width)).map_while(move |pair| {
        let word = |position| integer_at(pair, position, width, order);
        Some((word(0)?, word(width)?))
    })
}
