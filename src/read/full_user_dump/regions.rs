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
    /// The entry in the table of regions.
    pub info: MemoryInfo,
    /// The bytes of the region. There are fewer than in the entry if the file is truncated.
    pub range: MemoryRange<'a>,
}

/// Iterator over the regions of a [`FullUserDump`] that have bytes, see [`FullUserDump::stored_regions`].
///
/// Positions are the sums of the previous sizes, so there is no access by index. A region whose position exceeds 64
/// bits has no bytes.
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
        // A saturated position is beyond the end of every file, and so are all later ones. The header is at position 0.
        let (offset, has_data) = (self.offset, self.dump.header().data_offset != 0);
        self.offset = offset.saturating_add(info.size());
        let most = if has_data { info.size() } else { 0 };
        let range = MemoryRange::at(*self.dump.bytes(), (info.base(), info.size()), offset, most);
        Some(StoredRegion { info, range })
    }
}

impl FusedIterator for StoredRegions<'_> {}

impl<'a> FullUserDump<'a> {
    /// Returns the regions that have bytes, with their bytes, in the order of the table.
    #[must_use]
    pub fn stored_regions(&self) -> StoredRegions<'a> {
        StoredRegions { dump: *self, offset: self.header().data_offset, rows: self.region_list().iter() }
    }

    /// Returns the address space of the process, as far as the table describes it.
    #[must_use]
    pub fn regions(&self) -> MemoryRegions<'a> {
        MemoryRegions::of_rows(self.region_list())
    }

    /// Builds an index of the process memory by address. Keep the index, because building it takes time and memory
    /// proportional to the number of regions (28 bytes each).
    #[must_use]
    pub fn memory(&self) -> Memory<'a> {
        let ranges = || self.stored_regions().map(|region| region.range);
        Memory::of_ranges(self.dump_bytes(), self.region_list().len(), ranges)
    }
}
