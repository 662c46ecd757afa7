//! Finds the parts of images that the process did not write; a filtered result has only these.

use crate::format::MemoryProtection;
use crate::format::memory::MemoryType;
use crate::read::{Interval, Intervals, gaps, overlapping, union};
use crate::redump::source::Source;

/// Memory that the process may have written according to the dump, or that does not belong to a file; sorted and
/// disjoint.
pub(super) struct Written(Intervals);

impl Written {
    /// Uses memory information or LinuxMaps.
    pub(super) fn of(source: &Source<'_>) -> Self {
        let regions = source.regions();
        // Every process has images, so a producer that describes none did not know the memory types.
        let knows = |memory_type| regions.iter().any(|region| region.memory_type() == memory_type);
        let knows_images = knows(MemoryType::IMAGE) || !source.target.is_windows() && knows(MemoryType::MAPPED);
        let written = regions.iter().filter(|region| {
            let protection = region.protection();
            let is_private = knows_images && region.memory_type() == MemoryType::PRIVATE;
            is_private || protection.contains(MemoryProtection::GUARD) || protection.allows_write()
        });
        let written = written.filter_map(|region| source.target.interval(region.base(), region.size()));
        Self(union(written))
    }

    /// Returns what may be taken of an image: its unwritten parts and, if its headers are there, of these only the
    /// headers and sections that are not writable. `parts` are the intervals of the image, `own` is what its headers
    /// allow, sorted and disjoint.
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

/// The parts of an image that may be taken, sorted and disjoint; `None` if all of it may be taken.
pub(super) struct Allowed(Option<Intervals>);

impl Allowed {
    pub(super) const fn everything() -> Self {
        Self(None)
    }

    /// Returns the parts of an interval that may be taken.
    pub(super) fn parts_of(&self, interval: Interval) -> impl Iterator<Item = Interval> + '_ {
        let whole = self.0.is_none().then_some(interval);
        let parts = self.0.iter().flat_map(move |parts| overlapping(parts, interval));
        whole.into_iter().chain(parts.filter_map(move |part| part.intersection(&interval)))
    }
}
