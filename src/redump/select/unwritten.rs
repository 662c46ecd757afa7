//! What of images no process wrote: all that a filtered result takes of them.

use alloc::vec::Vec;

use crate::format::MemoryProtection;
use crate::format::memory::MemoryType;
use crate::read::{Interval, gaps, overlapping, united};
use crate::redump::source::Source;

/// Where the dump says that the process may have written, or that memory is not that of a file; sorted and apart.
pub(super) struct Written(Vec<Interval>);

impl Written {
    /// By the rows of the memory information or the lines of LinuxMaps.
    pub(super) fn of(source: &Source<'_>) -> Self {
        let regions = source.regions();
        // No process is without images: whoever wrote rows without one did not know what memory is.
        let knows = |memory_type| regions.iter().any(|region| region.memory_type() == memory_type);
        let knows_images = knows(MemoryType::IMAGE) || !source.target.is_windows() && knows(MemoryType::MAPPED);
        let written = regions.iter().filter(|region| {
            let protection = region.protection();
            let is_private = knows_images && region.memory_type() == MemoryType::PRIVATE;
            is_private || protection.contains(MemoryProtection::GUARD) || protection.allows_write()
        });
        let written = written.filter_map(|region| source.target.interval(region.base(), region.size()));
        Self(united(written.collect()))
    }

    /// What may be taken of an image: what lies in it, was not written and, if its headers are there, is theirs or that of
    /// a section that cannot be written. `parts` are where the image is, `own` is what its headers say, sorted and apart.
    pub(super) fn allowed(&self, parts: impl Iterator<Item = Interval>, own: Option<&[Interval]>) -> Allowed {
        let unwritten = parts.flat_map(|part| gaps(&self.0, part));
        Allowed(Some(match own {
            None => unwritten.collect(),
            Some(own) => {
                let in_own = |part| overlapping(own, part).filter_map(move |own| own.intersection(&part));
                unwritten.flat_map(in_own).collect()
            }
        }))
    }
}

/// The parts of an image that may be taken, in the order of addresses and apart; `None` if everything may.
pub(super) struct Allowed(Option<Vec<Interval>>);

impl Allowed {
    pub(super) const fn everything() -> Self {
        Self(None)
    }

    /// What may be taken of an interval.
    pub(super) fn parts_of(&self, interval: Interval) -> impl Iterator<Item = Interval> + '_ {
        let whole = self.0.is_none().then_some(interval);
        let parts = self.0.iter().flat_map(move |parts| overlapping(parts, interval));
        whole.into_iter().chain(parts.filter_map(move |part| part.intersection(&interval)))
    }
}
