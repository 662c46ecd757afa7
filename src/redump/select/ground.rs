//! The data that all presets use.

use alloc::vec::Vec;

use crate::read::module::{ElfImage, Image, MachOImage};
use crate::read::{Interval, Intervals, union};
use crate::redump::options::Options;
use crate::redump::source::Source;

use crate::redump::select::code_pointers::{CodePointers, PointersInto};
use crate::redump::select::images::{Images, ListedImage};
use crate::redump::select::stacks::around;
use crate::redump::select::unwritten::{Allowed, Written};

/// The data that all presets use.
pub(super) struct Ground<'g, 'a> {
    pub(super) source: &'g Source<'a>,
    pub(super) options: &'g Options,
    pub(super) images: Images,
    /// All stacks that are in use, sorted and disjoint.
    pub(super) stacks: Vec<Interval>,
    pub(super) pointers: CodePointers,
    /// With `r` and `s`, the memory that the process may have written, which is not taken from images.
    pub(super) written: Option<Written>,
}

/// An image that stacks point into.
pub(super) struct PointedInto<'g, 'a> {
    pub(super) listed: ListedImage,
    /// The Windows image, if its headers are there.
    pub(super) image: Option<Image<'g, 'a>>,
    pub(super) allowed: Allowed,
    pub(super) pointers: PointersInto<'g>,
}

impl PointedInto<'_, '_> {
    /// Returns the code around the pointers, `reach` bytes to either side, sorted and disjoint.
    pub(super) fn code(&self, source: &Source<'_>, reach: u64) -> Intervals {
        union(self.pointers.iter().filter_map(|address| around(source, address, reach)))
    }
}

impl<'a> Ground<'_, 'a> {
    /// True with `r` and `s`.
    pub(super) const fn is_filtered(&self) -> bool {
        self.written.is_some()
    }

    /// The images that stacks point into, each with its pointers.
    pub(super) fn pointed_into(&self) -> impl Iterator<Item = PointedInto<'_, 'a>> {
        self.pointers.by_image(&self.images).filter_map(|(index, pointers)| {
            let &listed = self.images.list().get(index)?;
            let image = Image::at(&self.source.memory, listed.base);
            let allowed = self.allowed(index, image.as_ref());
            Some(PointedInto { listed, image, allowed, pointers })
        })
    }

    /// Returns what may be taken of the image with an index in the list. `image` is the image if it is a Windows image.
    pub(super) fn allowed(&self, index: usize, image: Option<&Image<'_, '_>>) -> Allowed {
        let Some(written) = &self.written else { return Allowed::everything() };
        let base = self.images.list().get(index).map(|listed| listed.base);
        let of_elf = || ElfImage::at(&self.source.memory, base?).map(|image| image.unwritten());
        let of_mach_o = || MachOImage::at(&self.source.memory, base?).map(|image| image.unwritten());
        let own = image.map(Image::unwritten).or_else(of_elf).or_else(of_mach_o);
        written.allowed(self.images.parts(index), own.as_deref())
    }
}
