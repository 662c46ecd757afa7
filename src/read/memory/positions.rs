//! The file positions of memory.

use crate::error::ReadError;

use crate::read::interval::Interval;
use crate::read::intervals::{Intervals, Union};
use crate::read::memory::compressed::CompressedMemory;
use crate::read::memory::lists::{Memory64List, MemoryList};
use crate::read::minidump::Minidump;

/// The parts of the file that contain memory of the process, and therefore nothing else.
///
/// A name or a record with a wrong size may overlap them.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryPositions {
    /// Neither overlapping nor adjacent.
    positions: Intervals,
}

impl MemoryPositions {
    /// Collects the positions of both memory lists and of compressed memory.
    pub(crate) fn of(dump: &Minidump<'_>) -> Self {
        let listed = dump.list::<MemoryList<'_>>().into_iter().chain(dump.list::<Memory64List<'_>>());
        let listed = listed.map(|range| (range.offset, range.available()));
        let buckets = dump.list::<CompressedMemory<'_>>().buckets().into_iter();
        let listed = listed.chain(buckets.map(|bucket| (bucket.offset, u64::from(bucket.compressed_size))));
        // A range whose position is inside the header or the directory is ignored.
        let tables = dump.header_and_directory();
        let is_apart = |range: &Interval| tables.iter().flatten().all(|table| table.intersection(range).is_none());
        let listed = listed.filter_map(|(offset, size)| Interval::new(offset, size)).filter(is_apart);
        // Most producers write the ranges one after another, so there are few positions that are not adjacent.
        let mut all = Union::default();
        for next in listed {
            all.append(next);
        }
        let mut positions = Intervals::default();
        all.into_intervals().iter().for_each(|next| positions.append(next));
        Self { positions }
    }

    /// Returns all positions.
    #[cfg(feature = "std")]
    pub(crate) fn intervals(&self) -> impl Iterator<Item = Interval> + '_ {
        self.positions.iter()
    }

    /// Returns the first file offset in the `size` bytes at `offset` that is memory, if there is one.
    pub(crate) fn first_in(&self, offset: u64, size: u64) -> Option<u64> {
        let wanted = Interval::new(offset, size)?;
        let first = self.positions.from(wanted.start).next()?;
        Some(first.intersection(&wanted)?.start)
    }

    /// Checks that the `size` bytes at `offset` are not memory.
    ///
    /// # Errors
    ///
    /// [`ReadError::MemoryShared`] if any of them are.
    pub(crate) fn refuse(&self, what: &'static str, offset: u64, size: u64) -> Result<(), ReadError> {
        match self.first_in(offset, size) {
            Some(memory) => Err(ReadError::MemoryShared { what, offset, size, memory }),
            None => Ok(()),
        }
    }
}
