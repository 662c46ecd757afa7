//! What of images no process wrote: all that a filtered result takes of them.

use alloc::vec::Vec;

use crate::format::MemoryProtection;
use crate::format::memory::MemoryType;
use crate::read::{Interval, gaps, overlapping, united};
use crate::redump::source::Source;

/// The protections that allow writing.
const WRITABLE: MemoryProtection = MemoryProtection::READ_WRITE
    .union(MemoryProtection::WRITE_COPY)
    .union(MemoryProtection::EXECUTE_READ_WRITE)
    .union(MemoryProtection::EXECUTE_WRITE_COPY)
    .union(MemoryProtection::GRAPHICS_READ_WRITE)
    .union(MemoryProtection::GRAPHICS_EXECUTE_READ_WRITE);

/// Where the dump says that the process may have written, or that memory is not that of a file.
pub(super) struct Written(Vec<Interval>);

impl Written {
    /// By the rows of the memory information or the lines of LinuxMaps.
    pub(super) fn of(source: &Source<'_>) -> Self {
        let regions = source.regions();
        // No process is without images: whoever wrote rows without one did not know what memory is.
        let knows = |region_type| regions.iter().any(|region| region.memory_type() == region_type);
        let knows_images = knows(MemoryType::IMAGE) || !source.target.is_windows() && knows(MemoryType::MAPPED);
        let is_written = regions.iter().filter(|region| {
            let is_private = knows_images && region.memory_type() == MemoryType::PRIVATE;
            is_private || region.protection().intersects(WRITABLE)
        });
        let written = is_written.filter_map(|region| source.target.interval(region.base(), region.size()));
        Self(united(written.collect()))
    }

    /// What of an interval belongs to an image and was not written: `image` is where the image is, and `own` what it says of
    /// itself. Each of them is sorted and apart.
    pub(super) fn unwritten(&self, wanted: Interval, image: &[Interval], own: &[Interval]) -> Vec<Interval> {
        let in_image = overlapping(image, wanted).filter_map(|part| part.intersection(&wanted));
        let own = in_image.flat_map(|part| overlapping(own, part).filter_map(move |it| it.intersection(&part)));
        own.flat_map(|part| gaps(&self.0, part)).collect()
    }
}
