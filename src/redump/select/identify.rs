//! What identifies images: [`Options::identify`](crate::redump::Options::identify).
//!
//! Of an image of Windows its headers, the debug directory with its records, and the version resources with the directories
//! on the way to them; of ELF the headers and the notes, of which one is the build ID; of Mach-O the header and the load
//! commands, of which one has the UUID. With `r` and `s` only what the process cannot have written.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::StreamType;
use crate::read::module::{ElfImage, Image, MachOImage};
use crate::read::{Budget, Interval, Memory, united};
use crate::redump::report::{OptionName, Report};

use crate::redump::select::presets::Ground;
use crate::redump::select::reason::Reason;
use crate::redump::select::unwritten::Written;
use crate::redump::select::wanted::Wanted;

const IDENTIFY: OptionName = OptionName::Preset("identify");

/// Adds what identifies the images: all that are listed, or those that stacks point into.
pub(super) fn identify(wanted: &mut Wanted<'_, '_>, ground: &Ground<'_, '_>, report: &mut Report) {
    let (source, images) = (ground.source, &ground.images);
    let list = images.list();
    let indices: Vec<usize> = if ground.options.identifies() {
        wanted.ask(IDENTIFY, "images");
        (0..list.len()).collect()
    } else {
        ground.pointers.by_image().map(|(index, _)| index).collect()
    };
    // In sound dumps no two images have a part in common.
    let mut budget = Budget::times(source.plain_size, 1);
    let written = ground.is_filtered().then(|| Written::of(source));
    for (index, image) in indices.into_iter().filter_map(|index| Some((index, list.get(index)?))) {
        let parts = Parts::of(&source.memory, image.base, written.is_some(), &mut budget);
        let (found, fault) = parts.map_or_else(|error| (Parts::default(), Some(error)), |it| (it, None));
        let mut places = united(found.identity);
        if let Some(written) = &written {
            let of_image: Vec<Interval> = images.parts(index).collect();
            places = places.into_iter().flat_map(|it| written.unwritten(it, &of_image, &found.unwritten)).collect();
        }
        wanted.count_parts(IDENTIFY, &places);
        places.into_iter().for_each(|place| wanted.add(place, Reason::ImageIdentity { module: image.module }));
        if let Some(error) = fault {
            report.fault(StreamType::MODULE_LIST, image.module, "identity of the image", error);
            break;
        }
    }
}

/// Where the parts of an image are.
#[derive(Default)]
struct Parts {
    /// Those that identify it.
    identity: Vec<Interval>,
    /// What the process cannot have written, by the headers; nothing unless it is asked for.
    unwritten: Vec<Interval>,
}

impl Parts {
    /// Nothing if no image of a known format is at the base.
    fn of(memory: &Memory<'_>, base: u64, filters: bool, budget: &mut Budget) -> Result<Self, ReadError> {
        let mut parts = Self::default();
        let found = &mut parts.identity;
        if let Some(image) = Image::at(memory, base) {
            image.identity(budget, found)?;
            parts.unwritten = if filters { image.unwritten(budget)? } else { Vec::new() };
        } else if let Some(image) = ElfImage::at(memory, base) {
            image.identity(budget, found)?;
            parts.unwritten = image.unwritten();
        } else if let Some(image) = MachOImage::at(memory, base) {
            image.identity(budget, found)?;
            parts.unwritten = image.unwritten();
        }
        Ok(parts)
    }
}
