//! The memory information list, in which Windows describes each region of the address space.

use crate::error::ReadError;
use crate::format;
use crate::format::full_user_dump::MemoryBasicInformation32;
use crate::format::memory::{MemoryState, MemoryType};
use crate::format::{MemoryProtection, StreamType, size32};

use crate::read::dump_bytes::DumpBytes;
use crate::read::list::by_address::Addressed;
use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::target::Target;

/// A region of the address space as described by Windows. [`MemoryRegion`](crate::read::memory::MemoryRegion) works for
/// all systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryInfo {
    raw: format::MemoryInfo,
    target: Target,
}

/// The memory information list.
pub type MemoryInfoList<'a> = List<'a, MemoryInfo>;

impl MemoryInfo {
    /// Returns an entry that is in no file.
    #[cfg(feature = "std")]
    pub(crate) const fn of(raw: format::MemoryInfo, target: Target) -> Self {
        Self { raw, target }
    }

    /// Returns the entry as it is in the file; entries of 32-bit full user dumps are zero-extended.
    #[must_use]
    pub const fn raw(&self) -> &format::MemoryInfo {
        &self.raw
    }

    /// Returns the address of the first byte, as in the file.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.raw.base_address
    }

    /// Returns the size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.raw.region_size
    }

    /// Returns whether the region is free, reserved or committed.
    #[must_use]
    pub const fn state(&self) -> MemoryState {
        MemoryState::from_bits_retain(self.raw.state)
    }

    /// Returns the access protection of the region.
    #[must_use]
    pub const fn protection(&self) -> MemoryProtection {
        MemoryProtection::from_bits_retain(self.raw.protect)
    }

    /// Returns whether the region is private memory, a mapped file or an image.
    #[must_use]
    pub const fn memory_type(&self) -> MemoryType {
        MemoryType::from_bits_retain(self.raw.memory_type)
    }

    /// True if the region contains `address`.
    #[must_use]
    pub fn contains(&self, address: u64) -> bool {
        self.target.has(self.base(), self.size(), address)
    }
}

impl Addressed for MemoryInfo {
    fn base(&self) -> u64 {
        self.raw.base_address
    }

    fn size(&self) -> u64 {
        self.raw.region_size
    }
}

impl<'a> Record<'a> for MemoryInfo {
    const LIST: &'static str = "MINIDUMP_MEMORY_INFO_LIST";
    const SIZE: u64 = format::MemoryInfo::SIZE as u64;

    /// 32-bit full user dumps have the narrow form.
    fn decode(dump: &DumpBytes<'a>, offset: u64, size: u64) -> Result<Self, ReadError> {
        const NARROW: u64 = MemoryBasicInformation32::SIZE as u64;
        let raw = match size {
            NARROW => dump.bytes().read::<MemoryBasicInformation32>(<Self as Record>::LIST, offset)?.into(),
            _ => dump.bytes().read(<Self as Record>::LIST, offset)?,
        };
        Ok(Self { raw, target: dump.target() })
    }

    /// True if the size is a multiple of a page, and the state is a valid one.
    fn is_plausible(&self, _: &DumpBytes<'a>) -> bool {
        let is_paged = (self.raw.base_address | self.raw.region_size) % 0x1000 == 0;
        is_paged && self.raw.region_size > 0 && MemoryState::from_bits(self.raw.state).is_some_and(|it| !it.is_empty())
    }
}

impl<'a> MemoryInfoList<'a> {
    /// Returns the first region in the list that contains `address`. For many lookups, see
    /// [`MemoryInfoList::by_address`].
    #[must_use]
    pub fn at_address(&self, address: u64) -> Option<MemoryInfo> {
        self.iter().find(|region| region.contains(address))
    }
}

impl<'a> FromStream<'a> for MemoryInfoList<'a> {
    const STREAM_TYPE: StreamType = StreamType::MEMORY_INFO_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        const LIST: &str = <MemoryInfo as Record<'_>>::LIST;
        // `minidump-synth` writes a 12-byte header with a 32-bit count, recognisable by its SizeOfHeader.
        let (size_of_header, size_of_entry, count) = match stream.read::<u32>(LIST, 0) {
            // The header has the same three fields as the list of unloaded modules.
            Ok(size) if size == size32::<format::module::UnloadedModuleListHeader>() => {
                let head: format::module::UnloadedModuleListHeader = stream.read(LIST, 0)?;
                (head.size_of_header, head.size_of_entry, head.number_of_entries.into())
            }
            _ => {
                let head: format::memory::MemoryInfoListHeader = stream.read(LIST, 0)?;
                (head.size_of_header, head.size_of_entry, head.number_of_entries)
            }
        };
        Self::sized(stream, format::module::UnloadedModuleListHeader::SIZE as u64, size_of_header, size_of_entry, count)
    }
}
