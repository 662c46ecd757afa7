//! The state of a check.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::{DirectoryEntry, StreamType};
use crate::read::budget::Budget;
use crate::read::check::cut::Effects;
use crate::read::check::finding::{Finding, FindingCode};
use crate::read::memory::by_address::Memory;
use crate::read::memory::positions::MemoryPositions;
use crate::read::minidump::Minidump;
use crate::read::raw_stream::RawStream;

/// A check in progress.
pub(crate) struct Check<'a, 'f> {
    pub(crate) dump: Minidump<'a>,
    /// An index of memory, built for the first stack that needs it.
    pub(crate) memory: Option<Memory<'a>>,
    /// The thread IDs in ascending order, collected for the first exception.
    pub(crate) threads: Option<Vec<u32>>,
    /// The file positions of memory.
    pub(crate) positions: MemoryPositions,
    /// The budget for bytes that are read through references.
    pub(crate) looked_at: Budget,
    /// The number of valid directory entries.
    pub(crate) entries: u32,
    /// The findings that the end of the file explains.
    pub(crate) effects: Effects,
    /// True if a stream before the end of the directory has been found.
    pub(crate) is_before_directory_end: bool,
    pub(crate) found: &'f mut dyn FnMut(Finding),
}

/// The subject of a finding.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) stream: Option<StreamType>,
    pub(crate) entry: Option<u64>,
    pub(crate) offset: u64,
}

impl Place {
    pub(crate) const DUMP: Self = Self { stream: None, entry: None, offset: 0 };

    pub(crate) fn stream(stream: &RawStream<'_>) -> Self {
        Self { stream: Some(stream.stream_type()), entry: None, offset: stream.offset() }
    }

    pub(crate) fn directory(dump: &Minidump<'_>, index: u32, entry: &DirectoryEntry) -> Self {
        let offset = dump.directory().entry_offset(index);
        Self { stream: Some(entry.stream_type), entry: None, offset }
    }
}

impl Check<'_, '_> {
    /// How many times, on average, each byte of the file may be read through references.
    ///
    /// Handles share the names of types, but such a name is hardly larger than the entry that refers to it.
    pub(crate) const EFFORT: u64 = 4;

    pub(crate) fn report(&mut self, code: FindingCode, place: Place, error: impl Into<Option<ReadError>>) {
        let Place { stream, entry, offset } = place;
        if let Some(finding) = self.effects.unexplained(Finding { code, stream, entry, offset, error: error.into() }) {
            (self.found)(finding);
        }
    }

    /// Reports bytes that belong to memory, although something other than a memory list claims them.
    pub(crate) fn refuse_memory(&mut self, place: Place, what: &'static str, offset: u64, size: u64) {
        if let Err(error) = self.positions.refuse(what, offset, size) {
            self.report(FindingCode::MemoryShared, place, error);
        }
    }

    /// Charges for bytes that are read through a reference. Returns false if there were too many; this is reported the
    /// first time.
    pub(crate) fn may_read(&mut self, place: Place, what: &'static str, size: u64) -> bool {
        let was_spent = self.looked_at.is_spent();
        let charged = self.looked_at.charge(what, place.offset, size);
        if let Some(error) = charged.err().filter(|_| !was_spent) {
            self.report(FindingCode::ReferencesExceedFile, place, error);
        }
        charged.is_ok()
    }
}
