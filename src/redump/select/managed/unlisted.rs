//! Finds images with managed code that are not in any module list, because the runtime itself mapped them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::format::memory::MemoryType;
use crate::read::memory::RegionDetail;
use crate::read::module::{Directory, Image};
use crate::read::{Budget, Interval, any_has};
use crate::redump::known_memory::address_space::AddressSpace;
use crate::redump::source::Source;

use crate::redump::select::managed::image::{is_header, needed};
use crate::redump::select::managed::sections::sections;

/// The base addresses of the images, and what is needed of them.
#[derive(Default)]
pub(super) struct Unlisted {
    pub(super) bases: BTreeSet<u64>,
    pub(super) parts: Vec<Interval>,
}

impl Unlisted {
    pub(super) fn of(source: &Source<'_>, regions: &AddressSpace<'_>) -> Self {
        let mut found = Self::default();
        // In valid dumps, headers of different images do not overlap.
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
            if let Some(parts) = of_image(source, &image, &mut budget) {
                found.bases.insert(base);
                found.parts.extend(parts);
            }
        }
        found
    }
}

/// Returns `None` if there is no header of the runtime at its place.
fn of_image(source: &Source<'_>, image: &Image<'_, '_>, budget: &mut Budget) -> Option<Vec<Interval>> {
    let header = image.directory(Directory::CommonLanguageRuntime)?;
    let parts = needed(source, image, header, &sections(image, budget).ok()?);
    let (of_runtime, headers) = (parts.first()?, image.headers_place());
    is_header(source, of_runtime).then(|| parts.iter().copied().chain(headers).collect())
}
