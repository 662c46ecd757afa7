//! The two memory lists. To read memory by address, use [`Memory`](crate::read::Memory).

use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format;
use crate::format::debug::Hex;
use crate::format::memory::MemoryDescriptor64;
use crate::format::{MemoryDescriptor, StreamType};
use crate::read::source::Source;

use crate::read::bytes::{Bytes, integers};
use crate::read::dump_bytes::{DumpBytes, Tables};
use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::work::worked;

/// A contiguous range of process memory.
///
/// # Examples
///
/// ```
/// use userdump::Minidump;
/// use userdump::read::memory::MemoryList;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, b"abc"));
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = Minidump::parse(&file)?;
/// for range in dump.stream::<MemoryList>()?.into_iter().flatten() {
///     println!("{:#x}: {} bytes at file offset {:#x}", range.address, range.size, range.offset);
///     # assert_eq!((range.address, range.size, range.bytes()?), (0x20_0000, 3, b"abc".as_slice()));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct MemoryRange<'a> {
    /// The address of the first byte, as in the file.
    pub address: u64,
    /// The size according to the file, in bytes.
    pub size: u64,
    /// The file offset of the bytes.
    pub offset: u64,
    /// The number of bytes in the file.
    available: u64,
    file: Bytes<'a>,
}

/// Two ranges are equal if they have the same addresses and are at the same position of the file.
impl PartialEq for MemoryRange<'_> {
    fn eq(&self, other: &Self) -> bool {
        let own = (self.address, self.size, self.offset, self.available);
        own == (other.address, other.size, other.offset, other.available)
    }
}

impl Eq for MemoryRange<'_> {}

impl Hash for MemoryRange<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.address, self.size, self.offset, self.available).hash(state);
    }
}

/// Prints the position and number of bytes, not the bytes.
impl fmt::Debug for MemoryRange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut range = f.debug_struct("MemoryRange");
        range.field("address", &Hex(self.address)).field("size", &self.size).field("offset", &Hex(self.offset));
        range.field("available", &self.available).finish()
    }
}

impl<'a> MemoryRange<'a> {
    #[inline]
    fn new(dump: &DumpBytes<'a>, address: u64, size: u64, offset: u64) -> Self {
        let is_memory = !dump.is_in_tables(offset, size);
        Self::at(*dump.bytes(), (address, size), offset, if is_memory { size } else { 0 })
    }

    /// The range at a position, with those of its first `most` bytes that are in the file.
    #[inline]
    pub(crate) fn at(file: Bytes<'a>, (address, size): (u64, u64), offset: u64, most: u64) -> Self {
        Self { address, size, offset, available: file.available(offset, most.min(size)), file }
    }

    /// Returns what the position refers to.
    #[cfg(feature = "std")]
    pub(crate) const fn file(&self) -> &Bytes<'a> {
        &self.file
    }

    /// Returns the number of bytes in the file: fewer than [`size`](Self::size) if the file is truncated; 0 if their
    /// position is inside the header or the directory.
    #[inline]
    #[must_use]
    pub const fn available(&self) -> u64 {
        self.available
    }

    /// Returns the bytes, as far as they are in the file.
    ///
    /// # Errors
    ///
    /// None if the bytes of the dump are in memory. For a `SourceFile`, `ReadError::Source` if they
    /// cannot be read, or if there is no room to keep them: then use [`MemoryRange::read`].
    #[inline]
    pub fn bytes(&self) -> Result<&'a [u8], ReadError> {
        self.file.lend(self.offset, self.available)
    }

    /// Copies bytes from a position in the range on into `buf`, and returns the number of bytes copied. It is smaller than
    /// requested if the file has no more, or if it cannot be read (`SourceFile::fault`).
    pub fn read(&self, position: u64, buf: &mut [u8]) -> usize {
        let left = self.available.saturating_sub(position);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        self.file.copy(self.offset.saturating_add(position), buf.get_mut(..count).unwrap_or_default())
    }

    /// Returns an error if the file ends before the end of the range.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        let available = self.available;
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
            return Self::at(*dump.bytes(), (address, size), 0, 0);
        }
        Self::new(dump, descriptor.start_of_memory_range, location.data_size.into(), location.rva.into())
    }
}

/// The memory list: ranges in any order, each with its own position.
pub type MemoryList<'a> = List<'a, MemoryRange<'a>>;

impl<'a> Record<'a> for MemoryRange<'a> {
    const LIST: &'static str = "MINIDUMP_MEMORY_LIST";
    const SIZE: u64 = MemoryDescriptor::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        let descriptor = dump.bytes().read(Self::LIST, offset)?;
        Ok(Self::from_descriptor(dump, &descriptor))
    }

    /// True if the bytes are in the file and the address is in the target's address space.
    fn is_plausible(&self, dump: &DumpBytes<'a>) -> bool {
        let target = dump.target();
        let is_narrow = target.mask(self.address) == self.address || target.sign_extend(self.address) == self.address;
        is_narrow && self.size > 0 && self.available == self.size
    }
}

impl<'a> FromStream<'a> for MemoryList<'a> {
    const STREAM_TYPE: StreamType = StreamType::MEMORY_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::counted(stream)
    }
}

/// An entry of the Memory64 list, which has a size but no position.
impl<'a> Record<'a> for MemoryDescriptor64 {
    const LIST: &'static str = "MINIDUMP_MEMORY64_LIST";
    const SIZE: u64 = Self::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        dump.bytes().read(<Self as Record>::LIST, offset)
    }

    fn is_plausible(&self, dump: &DumpBytes<'a>) -> bool {
        self.data_size > 0 && self.data_size <= dump.bytes().size()
    }
}

/// The Memory64 list. The bytes of its ranges are contiguous, in the order of the list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory64List<'a> {
    dump: DumpBytes<'a>,
    base: u64,
    descriptors: List<'a, MemoryDescriptor64>,
}

/// The memory of a list often starts at the next page. A larger distance from its descriptors proves nothing.
const MAX_DISTANCE: u64 = 0x1000;

impl<'a> Memory64List<'a> {
    /// Returns the number of ranges whose descriptors are in the file.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.descriptors.len()
    }

    /// True if there are no descriptors.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.descriptors.is_empty()
    }

    /// Returns the descriptors, which have addresses and sizes but no positions.
    #[must_use]
    pub const fn descriptors(&self) -> &List<'a, MemoryDescriptor64> {
        &self.descriptors
    }

    /// Returns the file offset of the bytes of the first range.
    #[must_use]
    pub const fn base_rva(&self) -> u64 {
        self.base
    }

    /// True if the position of the memory is inside the header or the directory.
    pub(crate) fn is_base_in_tables(&self) -> bool {
        self.dump.is_in_tables(self.base, 1)
    }

    /// Returns an error if descriptors are missing.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        self.descriptors.fault()
    }

    /// Returns the ranges in the order of the list. Positions are the sums of the previous sizes, so there is no access
    /// by index.
    ///
    /// A range whose position exceeds 64 bits has no bytes. If the first range starts inside the header or the
    /// directory, no range has any.
    #[must_use]
    pub fn iter(&self) -> Memory64Ranges<'a> {
        let size = self.descriptors.len() * MemoryDescriptor64::SIZE as u64;
        let descriptors = self.dump.bytes().clipped(self.descriptors.entry_offset(0), size);
        let bytes = *self.dump.bytes();
        // If the start is in the header or the directory, the data is not memory, and neither is anything after it.
        let bytes = if self.is_base_in_tables() { Bytes::new(Source::NOTHING, bytes.order()) } else { bytes };
        let tables = self.dump.tables();
        let sound = if tables.end_before(self.base) { bytes.available(self.base, u64::MAX) } else { 0 };
        Memory64Ranges { bytes, tables, offset: self.base, sound, end: None, descriptors }
    }
}

impl<'a> IntoIterator for Memory64List<'a> {
    type Item = MemoryRange<'a>;
    type IntoIter = Memory64Ranges<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &Memory64List<'a> {
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
        let (start, size) = (format::memory::Memory64List::SIZE as u64, MemoryDescriptor64::SIZE as u64);
        let (count, base) = (head.number_of_memory_ranges, head.base_rva);
        let first = stream.offset().saturating_add(start);
        let end = first.saturating_add(count.saturating_mul(size));
        let list = |room| List::at(stream.dump(), <MemoryDescriptor64 as Record<'a>>::LIST, first, size, count, room);
        // If the memory starts where the declared number of descriptors ends, that number is right, regardless of the
        // stream size.
        let descriptors = match base.checked_sub(end) {
            Some(0) if end <= stream.dump().bytes().size() && !stream.is_bounded() => list(end - first),
            Some(..MAX_DISTANCE) => List::new(stream, start, size, count)?,
            _ => list(stream.declared_size().saturating_sub(start)),
        };
        Ok(Self { dump: *stream.dump(), base, descriptors })
    }
}

/// Iterator over the ranges of a [`Memory64List`].
#[derive(Clone)]
pub struct Memory64Ranges<'a> {
    bytes: Bytes<'a>,
    /// The parts of the file that cannot be memory.
    tables: Tables,
    offset: u64,
    /// The number of bytes from `offset` on, unless some of them may be in the tables. No range in it has to be checked.
    sound: u64,
    /// The end position of the last remaining range, after the first call from the back. The sum may exceed 64 bits.
    end: Option<u128>,
    /// The bytes of the remaining descriptors.
    descriptors: &'a [u8],
}

impl<'a> Memory64Ranges<'a> {
    #[inline]
    fn range(&self, address: u64, size: u64, offset: u64) -> MemoryRange<'a> {
        let most = if self.tables.hold(offset, size) { 0 } else { size };
        MemoryRange::at(self.bytes, (address, size), offset, most)
    }
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
        if let Some(sound) = self.sound.checked_sub(size) {
            worked(1);
            self.sound = sound;
            self.offset = offset + size;
            return Some(MemoryRange { address, size, offset, available: size, file: self.bytes });
        }
        self.sound = 0;
        // A saturated position is beyond the end of every file, and so are all later ones.
        self.offset = offset.saturating_add(size);
        Some(self.range(address, size, offset))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.descriptors.len() / MemoryDescriptor64::SIZE;
        (left, Some(left))
    }
}

/// The first call from the back adds up the sizes of all remaining ranges.
impl DoubleEndedIterator for Memory64Ranges<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let order = self.bytes.order();
        let end = self.end.unwrap_or_else(|| {
            let descriptors = self.descriptors.chunks_exact(MemoryDescriptor64::SIZE);
            let sizes = descriptors.filter_map(|it| it.first_chunk()).map(|it| u128::from(integers(it, order).1));
            u128::from(self.offset) + sizes.sum::<u128>()
        });
        let (rest, descriptor) = self.descriptors.split_last_chunk()?;
        self.descriptors = rest;
        let (address, size) = integers(descriptor, order);
        let start = end.saturating_sub(size.into());
        self.end = Some(start);
        Some(self.range(address, size, u64::try_from(start).unwrap_or(u64::MAX)))
    }
}

impl ExactSizeIterator for Memory64Ranges<'_> {}
impl FusedIterator for Memory64Ranges<'_> {}
