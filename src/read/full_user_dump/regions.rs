//! Regions of full user dumps and their bytes.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::{MemoryBasicInformation32, MemoryProtection, MemoryState};
use crate::read::list::{Iter, List, Record};
use crate::read::memory::MemoryRange;
use crate::read::memory_info::MemoryInfo;

use super::FullUserDump;

/// The table of regions of a [`FullUserDump`].
pub type UserRegionList<'a> = List<'a, MemoryInfo, FullUserDump<'a>>;

impl<'a> Record<'a, FullUserDump<'a>> for MemoryInfo {
    const LIST: &'static str = "MEMORY_BASIC_INFORMATION";
    const SIZE: u64 = MemoryBasicInformation32::SIZE as u64;

    fn decode(dump: &FullUserDump<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        const WHAT: &str = <MemoryInfo as Record<'_, FullUserDump<'_>>>::LIST;
        let raw = match dump.is_64_bit() {
            true => dump.bytes().read(WHAT, offset)?,
            false => dump.bytes().read::<MemoryBasicInformation32>(WHAT, offset)?.into(),
        };
        Ok(Self::new(raw, dump.target()))
    }
}

/// Which regions of the table have bytes in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    All,
    /// Committed ones without guard pages.
    Accessible,
}

impl Stored {
    pub(super) fn of(dump: &FullUserDump<'_>) -> Self {
        let header = dump.header();
        let end = Some(header.version_info_offset).filter(|&offset| offset > header.data_offset);
        // By the header, as the file may have been cut since.
        let room = end.unwrap_or(dump.bytes().size()).saturating_sub(header.data_offset);
        let total = |stored: Self| {
            let regions = dump.region_list().into_iter().filter(|region| stored.holds(region));
            regions.fold(0u64, |sum, region| sum.saturating_add(region.size()))
        };
        if total(Self::All) > room && total(Self::Accessible) == room { Self::Accessible } else { Self::All }
    }

    fn holds(self, region: &MemoryInfo) -> bool {
        let accessible =
            || region.state() == MemoryState::COMMIT && !region.protection().contains(MemoryProtection::GUARD);
        self == Self::All || accessible()
    }
}

/// A region of a [`FullUserDump`] and its bytes.
#[derive(Clone, Copy, Debug)]
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
    rows: Iter<'a, MemoryInfo, FullUserDump<'a>>,
}

impl<'a> StoredRegions<'a> {
    pub(super) fn new(dump: &FullUserDump<'a>) -> Self {
        Self { dump: *dump, offset: dump.header().data_offset, rows: dump.region_list().iter() }
    }
}

impl<'a> Iterator for StoredRegions<'a> {
    type Item = StoredRegion<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let info = self.rows.find(|row| self.dump.stored.holds(row))?;
        // A saturated position lies beyond every file, and so does each one after it. At 0 there is the header.
        let (offset, has_data) = (self.offset, self.dump.header().data_offset != 0);
        self.offset = offset.saturating_add(info.size());
        let bytes = self.dump.bytes().clipped(offset, if has_data { info.size() } else { 0 });
        Some(StoredRegion { info, range: MemoryRange { address: info.base(), size: info.size(), offset, bytes } })
    }
}

impl FusedIterator for StoredRegions<'_> {}
