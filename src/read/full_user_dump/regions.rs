//! Regions of full user dumps and their bytes.

use core::iter::FusedIterator;

use crate::read::list::entries::Iter;
use crate::read::memory::by_address::Memory;
use crate::read::memory::info::MemoryInfo;
use crate::read::memory::lists::MemoryRange;
use crate::read::memory::regions::MemoryRegions;

use crate::read::full_user_dump::dump::FullUserDump;

/// A region of a [`FullUserDump`] and its bytes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoredRegion<'a> {
    /// Its row of the table.
    pub info: MemoryInfo,
    /// Its bytes: fewer than the row says if the file ends before them.
    pub range: MemoryRange<'a>,
}

/// Iterator over the regions of a [`FullUserDump`] that have bytes, see [`FullUserDump::stored_regions`].
///
/// Positions come from adding up sizes, so there is no access by index. A region whose position leaves 64 bits has no
/// bytes.
#[derive(Clone, Debug)]
pub struct StoredRegions<'a> {
    dump: FullUserDump<'a>,
    offset: u64,
    rows: Iter<'a, MemoryInfo>,
}

impl<'a> Iterator for StoredRegions<'a> {
    type Item = StoredRegion<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let info = self.rows.find(|row| self.dump.stored().holds(row))?;
        // A saturated position lies beyond every file, and so does each one after it. At 0 there is the header.
        let (offset, has_data) = (self.offset, self.dump.header().data_offset != 0);
        self.offset = offset.saturating_add(info.size());
        let bytes = self.dump.bytes().clipped(offset, if has_data { info.size() } else { 0 });
        Some(StoredRegion { info, range: MemoryRange { address: info.base(), size: info.size(), offset, bytes } })
    }
}

impl FusedIterator for StoredRegions<'_> {}

impl<'a> FullUserDump<'a> {
    /// The regions that have bytes, each with its own, in the order of the table.
    #[must_use]
    pub fn stored_regions(&self) -> StoredRegions<'a> {
        StoredRegions { dump: *self, offset: self.header().data_offset, rows: self.region_list().iter() }
    }

    /// The address space of the process, as far as the table describes it.
    #[must_use]
    pub fn regions(&self) -> MemoryRegions<'a> {
        MemoryRegions::of_rows(self.region_list())
    }

    /// The memory of the process by address. Building the index takes time and memory in proportion to the regions that
    /// are there (28 bytes for each), so keep it.
    #[must_use]
    pub fn memory(&self) -> Memory<'a> {
        let ranges = || self.stored_regions().map(|region| region.range);
        Memory::of_ranges(self.dump_bytes(), self.region_list().len(), ranges)
    }
}
