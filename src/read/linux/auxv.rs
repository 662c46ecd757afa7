//! `/proc/self/auxv`: the auxiliary vector.

use crate::error::ReadError;
use crate::format::StreamType;
use crate::format::debug::debug_without_bytes;
use crate::format::linux::AuxType;
use crate::format::stream::WholeStream;
use crate::read::bytes::{ByteOrder, integer_at};
use crate::read::raw_stream::{FromStream, RawStream};

/// `/proc/self/auxv`: what the kernel told the program when it started, in pairs of words of the target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinuxAuxv<'a> {
    bytes: &'a [u8],
    /// The size of a word in bytes.
    width: u32,
    order: ByteOrder,
}

debug_without_bytes!(LinuxAuxv { width, order; bytes });

/// An entry of the auxiliary vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuxEntry {
    /// What the value is.
    pub aux_type: AuxType,
    /// A number or an address, widened with zeros on 32-bit targets.
    pub value: u64,
}

impl<'a> LinuxAuxv<'a> {
    /// Views little-endian bytes that are not in a dump, such as `/proc/PID/auxv` of a running process. `pointer_size` is that of
    /// the process: 4, or else 8.
    pub const fn parse(bytes: &'a [u8], pointer_size: u32) -> Self {
        Self { bytes, width: if pointer_size == 4 { 4 } else { 8 }, order: ByteOrder::Little }
    }

    /// The stream as the file has it, in the byte order of the file.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The entries in the order of the file, up to the one that marks the end, which is left out.
    pub fn iter(&self) -> impl Iterator<Item = AuxEntry> + Clone + use<'a> {
        let entries = words(self.bytes, self.width, self.order);
        let entries = entries.map(|(kind, value)| AuxEntry { aux_type: AuxType(kind), value });
        entries.take_while(|entry| entry.aux_type != AuxType::NULL)
    }

    /// The value of the first entry of a type.
    pub fn get(&self, aux_type: AuxType) -> Option<u64> {
        self.iter().find(|entry| entry.aux_type == aux_type).map(|entry| entry.value)
    }
}

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

/// The whole pairs of words of `width` (4 or 8) bytes.
pub(super) fn words<'a>(
    bytes: &'a [u8],
    width: u32,
    order: ByteOrder,
) -> impl Iterator<Item = (u64, u64)> + Clone + use<'a> {
    let size = if width == 4 { 8 } else { 16 };
    bytes.chunks_exact(size).map_while(move |pair| {
        let word = |position| integer_at(pair, position, width, order);
        Some((word(0)?, word(width)?))
    })
}
