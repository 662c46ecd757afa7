//! Images with managed code that no list of modules has: those that the runtime mapped by itself.
//!
//! It maps a file without precompiled code as it is, so that positions of the image have to be looked up in its sections.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::format::memory::MemoryType;
use crate::read::memory::{MemoryRegions, RegionDetail};
use crate::read::module::{Directory, Image, ImageSection};
use crate::read::{Budget, Interval, any_has};
use crate::redump::source::Source;

use crate::redump::select::managed::image::described;

/// What the header of the runtime begins with: its size in bytes.
const HEADER: u32 = 72;

/// The images, by the address at which they were mapped, and what is needed of them.
#[derive(Default)]
pub(super) struct Unlisted {
    pub(super) bases: BTreeSet<u64>,
    pub(super) parts: Vec<Interval>,
}

impl Unlisted {
    pub(super) fn of(source: &Source<'_>, regions: &MemoryRegions<'_>) -> Self {
        let mut found = Self::default();
        // In sound dumps no two images have a header in common.
        let mut budget = Budget::times(source.plain_size, 1);
        for region in regions.iter() {
            let is_first = match region.detail() {
                RegionDetail::MemoryInfo(row) => row.raw().allocation_base == row.base(),
                RegionDetail::LinuxMapping(line) => line.offset == 0,
            };
            let base = source.target.mask(region.base());
            let is_of_file = matches!(region.memory_type(), MemoryType::MAPPED | MemoryType::IMAGE);
            if !is_first || !is_of_file || any_has(source.modules(), base) || found.bases.contains(&base) {
                continue;
            }
            let Some(image) = Image::at(&source.memory, base) else { continue };
            if let Some(parts) = needed(source, &image, &mut budget) {
                found.bases.insert(base);
                found.parts.extend(parts);
            }
        }
        found
    }
}

fn needed(source: &Source<'_>, image: &Image<'_, '_>, budget: &mut Budget) -> Option<Vec<Interval>> {
    let header = image.directory(Directory::CommonLanguageRuntime)?;
    let sections = sections_in_file(image, budget);
    let in_file = |position: u64, size: u64| {
        let holds = |section: &&SectionInFile| (section.position..section.end).contains(&position);
        let section = sections.iter().find(holds)?;
        image.place(section.in_file + (position - section.position), size)
    };
    let is_there = |place: &Interval| source.memory.read_u32(place.start) == Some(HEADER);
    let flat = in_file(header.start.checked_sub(image.base())?, header.size()).filter(is_there);
    match flat {
        Some(header) => Some(described(source, header, in_file).chain(image.headers_place()).collect()),
        None => {
            let header = Some(header).filter(is_there)?;
            let place = |position, size| image.place(position, size);
            Some(described(source, header, place).chain(image.headers_place()).collect())
        }
    }
}

/// Where a section begins and ends in the image, and where it begins in the file.
struct SectionInFile {
    position: u64,
    end: u64,
    in_file: u64,
}

fn sections_in_file(image: &Image<'_, '_>, budget: &mut Budget) -> Vec<SectionInFile> {
    let sections = (0..image.number_of_sections()).map_while(|number| {
        budget.charge("IMAGE_SECTION_HEADER", 0, ImageSection::HEADER_SIZE as u64).ok()?;
        let section = image.section(number)?;
        let (position, size) = (u64::from(section.virtual_address), u64::from(section.virtual_size));
        Some(SectionInFile { position, end: position + size, in_file: image.raw_data_of(number)? })
    });
    sections.collect()
}
