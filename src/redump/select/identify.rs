//! Selects what identifies images: [`Options::identify`](crate::redump::Options::identify).
//!
//! For Windows images, this is the headers, the debug directory with its records, and the version resources with the
//! directories that lead to them. For ELF images, it is the headers and the notes, one of which is the build ID. For
//! Mach-O images, it is the header and the load commands, one of which has the UUID. With `r` and `s`, only what the
//! process cannot have written is taken.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::{MinidumpType, StreamType};
use crate::read::module::{ElfImage, Image, MachOImage};
use crate::read::{Budget, Interval, Memory, united};
use crate::redump::report::{OptionName, Report};

use crate::redump::select::ground::Ground;
use crate::redump::select::images::ListedImage;
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

const IDENTIFY: OptionName = OptionName::Preset("identify");

/// Adds what identifies the images: all listed images, or those that stacks point into.
pub(super) fn identify(wanted: &mut Wanted<'_, '_>, ground: &Ground<'_, '_>, report: &mut Report) {
    let hides_folders = ground.options.contain(MinidumpType::FILTER_MODULE_PATHS);
    let (source, list) = (ground.source, ground.images.list());
    let indices: Vec<usize> = if ground.options.identify_preset() {
        wanted.ask(IDENTIFY, "images");
        (0..list.len()).collect()
    } else {
        ground.pointers.by_image(&ground.images).map(|(index, _)| index).collect()
    };
    // In valid dumps, parts of different images do not overlap.
    let mut budget = Budget::times(source.plain_size, 1);
    for (index, &ListedImage { module, base }) in
        indices.into_iter().filter_map(|index| Some((index, list.get(index)?)))
    {
        let image = Image::at(&source.memory, base);
        let mut parts = Vec::new();
        let outcome = match &image {
            Some(image) => image.identity(!hides_folders, &mut budget, &mut parts),
            None => of_other_systems(&source.memory, base, &mut budget, &mut parts),
        };
        let allowed = ground.allowed(index, image.as_ref());
        let parts: Vec<Interval> =
            united(parts).into_iter().flat_map(|part| allowed.parts_of(part).collect::<Vec<_>>()).collect();
        wanted.count_parts(IDENTIFY, &parts);
        parts.into_iter().for_each(|part| wanted.add(part, Reason::ImageIdentity { module }));
        if let Err(error) = outcome {
            report.fault(StreamType::MODULE_LIST, module, "identity of the image", error);
            break;
        }
    }
}

fn of_other_systems(
    memory: &Memory<'_>,
    base: u64,
    budget: &mut Budget,
    parts: &mut Vec<Interval>,
) -> Result<(), ReadError> {
    let of_elf = ElfImage::at(memory, base).map(|image| image.identity(budget, parts));
    of_elf.or_else(|| Some(MachOImage::at(memory, base)?.identity(budget, parts))).unwrap_or(Ok(()))
}
