//! What the image of a module in memory tells of the module, whatever kind of image it is.

use crate::format::module::FixedFileInfo;

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::memory::by_address::Memory;
use crate::read::module::code_view_record::CodeViewRecord;
use crate::read::module::elf::ElfImage;
use crate::read::module::image::Image;
use crate::read::module::mach_o::MachOImage;

/// The version resource of a Windows image.
pub(crate) fn version(memory: &Memory<'_>, base: u64) -> Option<FixedFileInfo> {
    Image::at(memory, base)?.version()
}

/// What identifies the symbols of an image.
pub(crate) fn code_view<'m>(memory: &'m Memory<'_>, base: u64) -> Option<CodeViewRecord<'m>> {
    if let Some(image) = Image::at(memory, base) {
        return Some(CodeViewRecord::new(image.code_view_record()?, ByteOrder::Little));
    }
    if let Some(image) = ElfImage::at(memory, base) {
        return Some(CodeViewRecord::of_build_id(image.build_id()?, image.byte_order()));
    }
    let uuid = MachOImage::at(memory, base)?.uuid()?;
    Bytes::new(&uuid, ByteOrder::Big).read("UUID", 0).ok().map(CodeViewRecord::of_uuid)
}
