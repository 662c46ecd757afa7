//! Finds out which pages of images are writable, and which have code.

use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::read::{Interval, Intervals, overlapping, union};
use crate::redump::source::Source;

use crate::redump::select::ground::Ground;
use crate::redump::select::managed::sections::Section;

/// What the regions tell about memory.
pub(super) struct Writable {
    /// The writable memory, sorted and disjoint; `None` if there are no regions, so that section flags are used.
    written_to: Option<Intervals>,
    /// The executable memory, and the memory that is only readable; sorted and disjoint.
    pub(super) executable: Intervals,
    pub(super) read_only: Intervals,
}

impl Writable {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let regions = source.regions();
        let committed = |is: fn(MemoryProtection) -> bool| {
            let found =
                regions.iter().filter(|region| region.state() == MemoryState::COMMIT && is(region.protection()));
            union(found.filter_map(|region| source.target.interval(region.base(), region.size())))
        };
        let is_described = !regions.is_empty();
        Self {
            written_to: is_described.then(|| committed(MemoryProtection::allows_write)),
            executable: committed(MemoryProtection::allows_execute),
            read_only: committed(|it| it.allows_read() && !it.allows_write() && !it.allows_execute()),
        }
    }

    /// Returns the writable parts of an image. `sections` are all sections of the image.
    pub(super) fn parts_of<'p>(
        &'p self,
        ground: &'p Ground<'_, '_>,
        index: usize,
        sections: &'p [Section],
    ) -> impl Iterator<Item = Interval> + 'p {
        let flagged = sections.iter().filter(|section| section.is_writable && self.written_to.is_none());
        let of = |all| move |part: Interval| overlapping(all, part).filter_map(move |it| it.intersection(&part));
        let written_to = self.written_to.iter().flat_map(move |all| ground.images.parts(index).flat_map(of(all)));
        flagged.map(|section| section.place).chain(written_to)
    }
}
