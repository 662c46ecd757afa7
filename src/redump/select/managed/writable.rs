//! Which pages of images can be written to, and which hold code.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::format::module::SectionCharacteristics;
use crate::read::module::{Image, ImageSection};
use crate::read::{Budget, Interval, overlapping, united};
use crate::redump::source::Source;

use crate::redump::select::presets::Ground;

/// What regions say of memory.
pub(super) struct Writable {
    /// What can be written to, sorted and apart; `None` if nothing describes regions, so that sections have to tell.
    written_to: Option<Vec<Interval>>,
    /// What can be executed, sorted and apart.
    pub(super) executable: Vec<Interval>,
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
        }
    }

    /// The parts of an image that can be written to. `sections` are all that it has.
    pub(super) fn parts_of(
        &self,
        ground: &Ground<'_, '_>,
        index: usize,
        sections: &[(ImageSection, Interval)],
    ) -> Vec<Interval> {
        let Some(written_to) = &self.written_to else {
            let is_writable = |it: &ImageSection| it.characteristics.contains(SectionCharacteristics::WRITE);
            return sections.iter().filter(|(section, _)| is_writable(section)).map(|&(_, place)| place).collect();
        };
        let parts = ground.images.parts(index);
        let parts = parts.flat_map(|part| overlapping(written_to, part).filter_map(move |it| it.intersection(&part)));
        parts.collect()
    }
}

/// The sections of an image and where they are, up to the first of which the header is missing.
///
/// # Errors
///
/// [`ReadError::BudgetSpent`] if their headers cost more than the budget has.
pub(super) fn sections(image: &Image<'_, '_>, budget: &mut Budget) -> Result<Vec<(ImageSection, Interval)>, ReadError> {
    let mut found = Vec::new();
    for number in 0..image.number_of_sections() {
        budget.charge("IMAGE_SECTION_HEADER", 0, ImageSection::HEADER_SIZE as u64)?;
        let Some(section) = image.section(number) else { break };
        let place = image.place(section.virtual_address.into(), section.virtual_size.into());
        found.extend(place.map(|place| (section, place)));
    }
    Ok(found)
}
