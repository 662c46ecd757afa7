//! Which pages of images can be written to, and which hold code.

use alloc::vec::Vec;

use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::read::{Interval, overlapping, united};
use crate::redump::source::Source;

use crate::redump::select::ground::Ground;
use crate::redump::select::managed::sections::Section;

/// What regions say of memory.
pub(super) struct Writable {
    /// What can be written to, sorted and apart; `None` if nothing describes regions, so that sections have to tell.
    written_to: Option<Vec<Interval>>,
    /// What can be executed, and what can be read and nothing else; sorted and apart.
    pub(super) executable: Vec<Interval>,
    pub(super) read_only: Vec<Interval>,
}

impl Writable {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let regions = source.regions();
        let committed = |is: fn(MemoryProtection) -> bool| {
            let found =
                regions.iter().filter(|region| region.state() == MemoryState::COMMIT && is(region.protection()));
            united(found.filter_map(|region| source.target.interval(region.base(), region.size())).collect())
        };
        let is_described = !regions.is_empty();
        Self {
            written_to: is_described.then(|| committed(MemoryProtection::allows_write)),
            executable: committed(MemoryProtection::allows_execute),
            read_only: committed(|it| it.allows_read() && !it.allows_write() && !it.allows_execute()),
        }
    }

    /// The parts of an image that can be written to. `sections` are all that it has.
    pub(super) fn parts_of(&self, ground: &Ground<'_, '_>, index: usize, sections: &[Section]) -> Vec<Interval> {
        let Some(written_to) = &self.written_to else {
            return sections.iter().filter(|section| section.is_writable).map(|section| section.place).collect();
        };
        let parts = ground.images.parts(index);
        let parts = parts.flat_map(|part| overlapping(written_to, part).filter_map(move |it| it.intersection(&part)));
        parts.collect()
    }
}
