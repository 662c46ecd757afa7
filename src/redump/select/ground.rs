//! What all presets look at.

use alloc::vec::Vec;

use crate::read::Interval;
use crate::read::module::{ElfImage, Image, MachOImage};
use crate::redump::options::Options;
use crate::redump::source::Source;

use crate::redump::select::code_pointers::CodePointers;
use crate::redump::select::images::Images;
use crate::redump::select::unwritten::{Allowed, Written};

/// What all presets look at.
pub(super) struct Ground<'g, 'a> {
    pub(super) source: &'g Source<'a>,
    pub(super) options: &'g Options,
    pub(super) images: Images,
    /// All stacks that are in use, in the order of addresses and apart.
    pub(super) stacks: Vec<Interval>,
    pub(super) pointers: CodePointers,
    /// With `r` and `s` what the process may have written is not taken of images.
    pub(super) written: Option<Written>,
}

impl Ground<'_, '_> {
    /// True with `r` and `s`.
    pub(super) const fn is_filtered(&self) -> bool {
        self.written.is_some()
    }

    /// What may be taken of the image with an index in the list, which `image` is if it is one of Windows.
    pub(super) fn allowed(&self, index: usize, image: Option<&Image<'_, '_>>) -> Allowed {
        let Some(written) = &self.written else { return Allowed::everything() };
        let base = self.images.list().get(index).map(|listed| listed.base);
        let of_elf = || ElfImage::at(&self.source.memory, base?).map(|image| image.unwritten());
        let of_mach_o = || MachOImage::at(&self.source.memory, base?).map(|image| image.unwritten());
        let own = image.map(Image::unwritten).or_else(of_elf).or_else(of_mach_o);
        written.allowed(self.images.parts(index), own.as_deref())
    }
}
