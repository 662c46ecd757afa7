//! Infers which regions of a full user dump have bytes, because the format does not record it.

use crate::format::MemoryProtection;
use crate::format::full_user_dump::UsermodeCrashdumpHeader64;
use crate::format::memory::MemoryState;
use crate::read::memory::info::{MemoryInfo, MemoryInfoList};

/// Which regions of the table have bytes in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    All,
    /// Committed regions that are not guard pages.
    Accessible,
}

impl Stored {
    /// Infers it from the header, the file size and the table.
    pub(super) fn of(header: &UsermodeCrashdumpHeader64, file_size: u64, table: MemoryInfoList<'_>) -> Self {
        let end = Some(header.version_info_offset).filter(|&offset| offset > header.data_offset);
        // The offset in the header is preferred, because the file may be truncated.
        let room = end.unwrap_or(file_size).saturating_sub(header.data_offset);
        let total = |stored: Self| {
            let regions = table.into_iter().filter(|region| stored.holds(region));
            regions.fold(0u64, |sum, region| sum.saturating_add(region.size()))
        };
        if total(Self::All) > room && total(Self::Accessible) == room { Self::Accessible } else { Self::All }
    }

    pub(super) fn holds(self, region: &MemoryInfo) -> bool {
        let accessible =
            || region.state() == MemoryState::COMMIT && !region.protection().contains(MemoryProtection::GUARD);
        self == Self::All || accessible()
    }
}
