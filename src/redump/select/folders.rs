//! Finds the folders of build machines in images in memory, which the option `R` hides.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::MinidumpType;
use crate::read::module::{Image, MachOImage};
use crate::read::{Budget, Interval, united};
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::source::Source;

use crate::redump::select::images::listed;

/// Returns the locations of folders in debug records and load commands, sorted and disjoint, if the options hide
/// folders and ask for what identifies images.
///
/// # Errors
///
/// [`ReadError::BudgetSpent`] if this costs more than the file size; some folders would then not be hidden.
pub(super) fn in_images(source: &Source<'_>, options: &Options, hooks: &Hooks<'_>) -> Result<Vec<Interval>, ReadError> {
    let asks = options.identify_preset()
        || options.walk_preset().is_some()
        || options.contain(MinidumpType::WITH_MODULE_HEADERS);
    if !asks || !options.contain(MinidumpType::FILTER_MODULE_PATHS) {
        return Ok(Vec::new());
    }
    // In valid dumps, records of different images do not overlap.
    let mut budget = Budget::times(source.plain_size, 1);
    let mut folders = Vec::new();
    for image in listed(source, hooks) {
        match Image::at(&source.memory, image.base) {
            Some(image) => image.folders(&mut budget, &mut folders)?,
            None => {
                if let Some(image) = MachOImage::at(&source.memory, image.base) {
                    image.folders(&mut budget, &mut folders)?;
                }
            }
        }
    }
    Ok(united(folders))
}
