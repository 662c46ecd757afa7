//! What the image in memory tells about a module, for all kinds of images.
//!
//! Without the feature `std`, images are not read.

use crate::format::module::FixedFileInfo;

use crate::read::memory::by_address::Memory;
use crate::read::module::code_id::CodeId;
use crate::read::module::code_view_record::CodeViewRecord;

#[cfg(feature = "std")]
pub(crate) use images::{checksum, code_id, code_view, time_date_stamp, version};

#[cfg(feature = "std")]
mod images {
    use super::{CodeId, CodeViewRecord, FixedFileInfo, Memory};

    use crate::read::bytes::{ByteOrder, Bytes};
    use crate::read::module::elf::ElfImage;
    use crate::read::module::image::Image;
    use crate::read::module::mach_o::MachOImage;
    use crate::read::source::Source;

    /// Returns the version resource of a Windows image.
    pub(crate) fn version(memory: &Memory<'_>, base: u64) -> Option<FixedFileInfo> {
        Image::at(memory, base)?.version()
    }

    /// Returns the time stamp in the header of a Windows image.
    pub(crate) fn time_date_stamp(memory: &Memory<'_>, base: u64) -> Option<u32> {
        Image::at(memory, base).map(|image| image.time_date_stamp())
    }

    /// Returns the checksum in the header of a Windows image.
    pub(crate) fn checksum(memory: &Memory<'_>, base: u64) -> Option<u32> {
        Image::at(memory, base)?.checksum()
    }

    /// Returns the identifier of the symbols of an image.
    pub(crate) fn code_view<'m>(memory: &'m Memory<'_>, base: u64) -> Option<CodeViewRecord<'m>> {
        if let Some(image) = Image::at(memory, base) {
            return Some(CodeViewRecord::new(image.code_view_record()?, ByteOrder::Little));
        }
        if let Some(image) = ElfImage::at(memory, base) {
            return Some(CodeViewRecord::from_build_id(image.build_id()?, image.byte_order()));
        }
        let uuid = MachOImage::at(memory, base)?.uuid()?;
        Bytes::new(Source::Bytes(&uuid), ByteOrder::Big).read("UUID", 0).ok().map(CodeViewRecord::from_uuid)
    }

    /// Returns the identifier of the binary of an image. For a Windows image, and if there is no image, `listed` takes
    /// precedence if it is present. `size` is the size of the module.
    pub(crate) fn code_id(memory: &Memory<'_>, base: u64, size: u32, listed: Option<CodeId>) -> Option<CodeId> {
        if let Some(image) = Image::at(memory, base) {
            let size = image.size_of_image().unwrap_or(size);
            return listed.or_else(|| Some(CodeId::from_image(image.time_date_stamp(), size)));
        }
        if let Some(image) = ElfImage::at(memory, base) {
            return CodeId::from_build_id(&image.build_id()?);
        }
        let Some(image) = MachOImage::at(memory, base) else { return listed };
        CodeId::from_uuid(Bytes::new(Source::Bytes(&image.uuid()?), ByteOrder::Big).read("UUID", 0).ok()?)
    }
}

#[cfg(not(feature = "std"))]
pub(crate) const fn version(_: &Memory<'_>, _: u64) -> Option<FixedFileInfo> {
    None
}

#[cfg(not(feature = "std"))]
pub(crate) const fn time_date_stamp(_: &Memory<'_>, _: u64) -> Option<u32> {
    None
}

#[cfg(not(feature = "std"))]
pub(crate) const fn checksum(_: &Memory<'_>, _: u64) -> Option<u32> {
    None
}

#[cfg(not(feature = "std"))]
pub(crate) const fn code_view<'m>(_: &'m Memory<'_>, _: u64) -> Option<CodeViewRecord<'m>> {
    None
}

#[cfg(not(feature = "std"))]
pub(crate) const fn code_id(_: &Memory<'_>, _: u64, _: u32, listed: Option<CodeId>) -> Option<CodeId> {
    listed
}
