//! The two memory lists. Memory by address is in [`Memory`](crate::read::Memory).

use core::fmt;
use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format;
use crate::format::debug::{Hex, Size};
use crate::format::memory::MemoryDescriptor64;
use crate::format::{MemoryDescriptor, StreamType};

use crate::read::bytes::{Bytes, integers};
use crate::read::dump_bytes::DumpBytes;
use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::{FromStream, RawStream};

/// Bytes of the process at one address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MemoryRange<'a> {
    /// The address of the first byte, as the file has it.
    pub address: u64,
    /// How many bytes the file promises.
    pub size: u64,
    /// Where the bytes lie, from the start of the file.
    pub offset: u64,
    /// The bytes that are there: fewer than `size` if the file ends before them; none at position 0, where the header is.
    pub bytes: &'a [u8],
}

/// Prints where the bytes are, and how many, but none of them.
impl fmt::Debug for MemoryRange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut range = f.debug_struct("MemoryRange");
        range.field("address", &Hex(self.address)).field("size", &self.size).field("offset", &Hex(self.offset));
        range.field("bytes", &Size(self.bytes.len())).finish()
    }
}

impl<'a> MemoryRange<'a> {
    #[inline]
    fn new(dump: &DumpBytes<'a>, address: u64, size: u64, offset: u64) -> Self {
        Self { address, size, offset, bytes: dump.bytes().clipped(offset, size) }
    }

    /// What is missing, if the file ends before the range does.
    pub fn fault(&self) -> Option<ReadError> {
        let available = self.bytes.len() as u64;
        (available < self.size).then_some(ReadError::Truncated {
            what: "memory range",
            offset: self.offset,
            needed: self.size,
            available,
        })
    }

    #[inline]
    pub(crate) fn from_descriptor(dump: &DumpBytes<'a>, descriptor: &MemoryDescriptor) -> Self {
        let location = descriptor.memory;
        if location.rva == 0 {
            let (address, size) = (descriptor.start_of_memory_range, location.data_size.into());
            return Self { address, size, offset: 0, bytes: &[] };
        }
        Self::new(dump, descriptor.start_of_memory_range, location.data_size.into(), location.rva.into())
    }
}

/// The memory list: ranges in any order, each with a position of its own.
pub type MemoryList<'a> = List<'a, MemoryRange<'a>>;

impl<'a> Record<'a> for MemoryRange<'a> {
    const LIST: &'static str = "MINIDUMP_MEMORY_LIST";
    const SIZE: u64 = MemoryDescriptor::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        let descriptor = dump.bytes().read(Self::LIST, offset)?;
        Ok(Self::from_descriptor(dump, &descriptor))
    }
}

impl<'a> FromStream<'a> for MemoryList<'a> {
    const STREAM_TYPE: StreamType = StreamType::MEMORY_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::counted(stream)
    }
}

/// An entry of the Memory64 list, which knows its size but not its position.
impl<'a> Record<'a> for MemoryDescriptor64 {
    const LIST: &'static str = "MINIDUMP_MEMORY64_LIST";
    const SIZE: u64 = Self::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        dump.bytes().read(<Self as Record>::LIST, offset)
    }
}

/// The Memory64 list: the bytes of all ranges stand back to back, in the order of the list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory64List<'a> {
    dump: DumpBytes<'a>,
    base: u64,
    descriptors: List<'a, MemoryDescriptor64>,
}

impl<'a> Memory64List<'a> {
    /// The number of ranges whose descriptors are there.
    pub const fn len(&self) -> u64 {
        self.descriptors.len()
    }

    /// True if no descriptor is there.
    pub const fn is_empty(&self) -> bool {
        self.descriptors.is_empty()
    }

    /// The descriptors: addresses and sizes without positions.
    pub const fn descriptors(&self) -> &List<'a, MemoryDescriptor64> {
        &self.descriptors
    }

    /// Where the bytes of the first range lie, from the start of the file.
    pub const fn base_rva(&self) -> u64 {
        self.base
    }

    /// What is missing, if descriptors are.
    pub fn fault(&self) -> Option<ReadError> {
        self.descriptors.fault()
    }

    /// The ranges in the order of the list; positions come from adding up sizes, so there is no access by index.
    ///
    /// A range whose position leaves 64 bits has no bytes.
    pub fn iter(&self) -> Memory64Ranges<'a> {
        let size = self.descriptors.len() * MemoryDescriptor64::SIZE as u64;
        let descriptors = self.dump.bytes().clipped(self.descriptors.entry_offset(0), size);
        Memory64Ranges { bytes: *self.dump.bytes(), offset: self.base, descriptors }
    }
}

impl<'a> IntoIterator for Memory64List<'a> {
    type Item = MemoryRange<'a>;
    type IntoIter = Memory64Ranges<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> FromStream<'a> for Memory64List<'a> {
    const STREAM_TYPE: StreamType = StreamType::MEMORY64_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let head: format::memory::Memory64List = stream.read("MINIDUMP_MEMORY64_LIST", 0)?;
        let size = MemoryDescriptor64::SIZE as u64;
        let descriptors =
            List::new(stream, format::memory::Memory64List::SIZE as u64, size, head.number_of_memory_ranges)?;
        Ok(Self { dump: *stream.dump(), base: head.base_rva, descriptors })
    }
}

/// Iterator over the ranges of a [`Memory64List`].
#[derive(Clone)]
pub struct Memory64Ranges<'a> {
    bytes: Bytes<'a>,
    offset: u64,
    /// The bytes of the descriptors that are left.
    descriptors: &'a [u8],
}

impl fmt::Debug for Memory64Ranges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory64Ranges({} left)", self.len())
    }
}

impl<'a> Iterator for Memory64Ranges<'a> {
    type Item = MemoryRange<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (descriptor, rest) = self.descriptors.split_first_chunk()?;
        self.descriptors = rest;
        let (address, size) = integers(descriptor, self.bytes.order());
        let offset = self.offset;
        // A saturated position lies beyond every file, and so does each one after it.
        self.offset = offset.saturating_add(size);
        Some(MemoryRange { address, size, offset, bytes: self.bytes.clipped(offset, size) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.descriptors.len() / MemoryDescriptor64::SIZE;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Memory64Ranges<'_> {}
impl FusedIterator for Memory64Ranges<'_> {}
