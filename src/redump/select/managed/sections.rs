//! Sections of images, in memory and in their files.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::module::SectionCharacteristics;
use crate::read::module::{Image, ImageSection};
use crate::read::{Budget, Interval};

/// A section of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub(super) name: [u8; 8],
    pub(super) is_writable: bool,
    /// Where the loader maps it.
    pub(super) place: Interval,
    /// Its first and last RVA.
    positions: (u64, u64),
    /// Its start in the file.
    in_file: u64,
}

/// Returns the sections of an image, up to the first one whose header is missing.
///
/// # Errors
///
/// [`ReadError::BudgetSpent`] if the headers exceed the budget.
pub(super) fn sections(image: &Image<'_, '_>, budget: &mut Budget) -> Result<Vec<Section>, ReadError> {
    let mut found = Vec::new();
    for number in 0..image.number_of_sections() {
        budget.charge("IMAGE_SECTION_HEADER", 0, ImageSection::HEADER_SIZE as u64)?;
        let Some((header, in_file)) = image.section(number).zip(image.raw_data_of(number)) else { break };
        let (position, size) = (u64::from(header.virtual_address), u64::from(header.virtual_size));
        found.extend(image.place(position, size).map(|place| Section {
            name: header.name,
            is_writable: header.characteristics.contains(SectionCharacteristics::WRITE),
            place,
            positions: (position, position + size - 1),
            in_file,
        }));
    }
    Ok(found)
}

/// Converts an RVA to a position in the image file.
pub(super) fn in_file(sections: &[Section], position: u64) -> Option<u64> {
    let section = sections.iter().find(|it| it.positions.0 <= position && position <= it.positions.1)?;
    Some(section.in_file + (position - section.positions.0))
}
