//! Windows images in memory.
//!
//! The structures and numbers are those of `winnt.h`. The start of the version resource, which has no declaration in
//! the headers, is documented at `VS_VERSIONINFO`. All of them are little-endian, regardless of the byte order of the
//! dump. The structures come from the crate `object`, a dependency of the feature `std`.

use alloc::borrow::Cow;
use alloc::vec;
use core::fmt;
use core::mem::offset_of;
use core::ops::Range;

use object::pod::{self, Pod};
use object::{LittleEndian as LE, U16, U32, pe};

use crate::format::full_user_dump::ImageFileMachine;
use crate::format::module::{FixedFileInfo, SectionCharacteristics};
use crate::read::source::Source;

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::interval::Interval;
use crate::read::memory::by_address::Memory;

/// The size of a page. The headers of an image take at most one page.
pub(super) const PAGE: u64 = 0x1000;
/// Resource type IDs are in ascending order, so type 16 is among the first 17.
const TYPES: u16 = pe::RT_VERSION + 1;
/// The maximum number of debug directory entries. Linkers write about one entry for each of about twenty types.
pub(super) const MAX_DEBUG_ENTRIES: u64 = 64;
/// The maximum size of a record that names a file. A path has at most 32,767 characters.
pub(super) const MAX_RECORD_SIZE: u32 = 0x2_0000;
/// The offset of the optional header from the signature `PE`, for both widths.
const OPTIONAL_HEADER: u64 = offset_of!(pe::ImageNtHeaders32, optional_header) as u64;
/// The size of `VS_VERSIONINFO` before its value: three 16-bit integers, `VS_VERSION_INFO` in UTF-16 with its NUL,
/// padding.
const VERSION_HEADER_SIZE: usize = 40;

/// A Windows image (a program or library) in the memory of a dump.
///
/// An image contains most of what a module list records about a module. In a full user dump, most of it is only in the
/// image. Each part is read when it is requested, across adjacent ranges. A part is `None` if the image does not have
/// it or if any byte of it is missing from the dump.
///
/// Positions in an image are offsets from its base, like relative virtual addresses. Addresses do not wrap around:
/// anything above the highest address is missing. Nothing in the image is trusted: a lookup reads a small, bounded
/// number of headers, regardless of the counts and sizes in them.
///
/// Only available with the feature `std`.
///
/// ```
/// use userdump::read::{ByteOrder, Minidump, ModuleList};
/// use userdump::read::module::{CodeView, Image};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut headers = vec![0; 0x1000];
/// # headers[..2].copy_from_slice(b"MZ");
/// # headers[0x3c] = 0x40;
/// # headers[0x40..0x46].copy_from_slice(b"PE\0\0\x64\x86");
/// # headers[0x48..0x4c].copy_from_slice(&0x5f5e_0ff1_u32.to_le_bytes());
/// # headers[0x58..0x5a].copy_from_slice(&[0x0b, 0x02]);
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let name = dump.text("C:\\app.exe");
/// # dump.module(userdump::format::Module { base_of_image: 0x1_4000_0000, ..Default::default() }, name, None, None);
/// # dump.memory(userdump::write::MemoryRange::borrowed(0x1_4000_0000, &headers));
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = Minidump::parse(&file)?;
/// let memory = dump.memory();
/// for module in dump.stream::<ModuleList>()?.into_iter().flatten() {
///     let Some(image) = Image::at(&memory, module.base()) else {
///         continue;
///     };
///     println!("{} for {}, linked at {:#x}", module.name()?, image.machine(), image.time_date_stamp());
///     # assert_eq!((image.machine().name(), image.time_date_stamp()), (Some("AMD64"), 0x5f5e_0ff1));
///     if let Some(record) = image.code_view_record() {
///         println!("its symbols: {:?}", CodeView::new(&record, ByteOrder::Little));
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Image<'m, 'a> {
    memory: &'m Memory<'a>,
    base: u64,
    /// The position of the signature `PE`.
    signature: u64,
    file: pe::ImageFileHeader,
    is_64_bit: bool,
}

/// The entries of the data directory that are used individually.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Directory {
    Exports = pe::IMAGE_DIRECTORY_ENTRY_EXPORT as isize,
    Resources = pe::IMAGE_DIRECTORY_ENTRY_RESOURCE as isize,
    Exceptions = pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION as isize,
    Debug = pe::IMAGE_DIRECTORY_ENTRY_DEBUG as isize,
    /// The header of the common language runtime, in images with managed code.
    CommonLanguageRuntime = pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR as isize,
}

/// A section of an [`Image`], from its section header.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageSection {
    /// The name, padded with NULs; a name of eight characters has no terminating NUL.
    pub name: [u8; 8],
    /// The start of the section, as an offset from the base of the image in bytes.
    pub virtual_address: u32,
    /// The size in memory, in bytes, not rounded to pages.
    pub virtual_size: u32,
    /// The contents and the access rights of the section.
    pub characteristics: SectionCharacteristics,
}

impl ImageSection {
    /// The size of a section header in bytes.
    pub const HEADER_SIZE: usize = pe::IMAGE_SIZEOF_SECTION_HEADER;
}

impl fmt::Debug for Image<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} at {:#x})", self.machine(), self.base)
    }
}

impl<'m, 'a> Image<'m, 'a> {
    /// Returns the image at `base`. `None` unless there is a DOS header that leads to the signature `PE`, a file
    /// header, and the magic number of an optional header for 32 or 64 bits.
    ///
    /// Neither the machine nor the width has to match the dump.
    #[must_use]
    pub fn at(memory: &'m Memory<'a>, base: u64) -> Option<Self> {
        let base = memory.target().mask(base);
        let dos: pe::ImageDosHeader = read(memory, base, 0)?;
        if dos.e_magic.get(LE) != pe::IMAGE_DOS_SIGNATURE {
            return None;
        }
        let signature = u64::from(dos.e_lfanew.get(LE));
        let letters: U32<LE> = read(memory, base, signature)?;
        if letters.get(LE) != pe::IMAGE_NT_SIGNATURE {
            return None;
        }
        let file = read(memory, base, signature + offset_of!(pe::ImageNtHeaders32, file_header) as u64)?;
        let magic: U16<LE> = read(memory, base, signature + OPTIONAL_HEADER)?;
        let is_64_bit = match magic.get(LE) {
            pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => false,
            pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => true,
            _ => return None,
        };
        Some(Self { memory, base, signature, file, is_64_bit })
    }

    pub(crate) const fn memory(&self) -> &'m Memory<'a> {
        self.memory
    }

    /// Returns the address of the first byte, without the upper half on 32-bit targets.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// Returns the processor that the image is built for.
    #[must_use]
    pub fn machine(&self) -> ImageFileMachine {
        ImageFileMachine(self.file.machine.get(LE).0.into())
    }

    /// True if the optional header is the one for 64 bits (`PE32+`).
    #[must_use]
    pub const fn is_64_bit(&self) -> bool {
        self.is_64_bit
    }

    /// Returns the linker's time stamp, by convention in seconds since 1970; reproducible builds have a hash instead.
    #[must_use]
    pub fn time_date_stamp(&self) -> u32 {
        self.file.time_date_stamp.get(LE)
    }

    /// Returns the checksum; 0 if the linker did not compute one. `None` if the optional header is too short for it.
    #[must_use]
    pub fn checksum(&self) -> Option<u32> {
        // The checksum and the size have the same offsets in both widths.
        self.optional_number(offset_of!(pe::ImageOptionalHeader64, check_sum))
    }

    /// Returns the size in memory, in bytes; `None` if the optional header is too short for it.
    #[must_use]
    pub fn size_of_image(&self) -> Option<u32> {
        self.optional_number(offset_of!(pe::ImageOptionalHeader64, size_of_image))
    }

    /// Returns the sections in the order of their headers, up to the first incomplete header.
    ///
    /// Sections may overlap, and may extend beyond the size of the image.
    pub fn sections(&self) -> impl Iterator<Item = ImageSection> + use<'m, 'a> {
        let image = *self;
        (0..self.number_of_sections()).map_while(move |number| image.section(number))
    }

    /// Returns the number of section headers that the file header declares.
    pub(crate) fn number_of_sections(&self) -> u64 {
        self.file.number_of_sections.get(LE).into()
    }

    /// Returns the section with this index; `None` if its header is incomplete.
    pub(crate) fn section(&self, number: u64) -> Option<ImageSection> {
        let header: pe::ImageSectionHeader = self.read(self.section_header(number))?;
        Some(ImageSection {
            name: header.name,
            virtual_address: header.virtual_address.get(LE),
            virtual_size: header.virtual_size.get(LE),
            characteristics: SectionCharacteristics::from_bits_retain(header.characteristics.get(LE).0),
        })
    }

    /// Returns the file offset of the contents of the section with this index.
    pub(crate) fn raw_data_of(&self, number: u64) -> Option<u64> {
        let header: pe::ImageSectionHeader = self.read(self.section_header(number))?;
        Some(header.pointer_to_raw_data.get(LE).into())
    }

    /// True if the image exports the name. Names are sorted, so this is a binary search.
    pub(crate) fn exports(&self, name: &[u8]) -> bool {
        self.has_export(name).unwrap_or(false)
    }

    fn has_export(&self, name: &[u8]) -> Option<bool> {
        let (position, _) = self.data_directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT)?;
        let directory: pe::ImageExportDirectory = self.read(position)?;
        let names = u64::from(directory.address_of_names.get(LE));
        let (mut from, mut to) = (0, u64::from(directory.number_of_names.get(LE)));
        // The name and its NUL.
        let mut found = vec![0; name.len() + 1];
        while from < to {
            let middle = from + (to - from) / 2;
            let at: U32<LE> = self.read(names + middle * size_of::<u32>() as u64)?;
            let address = self.memory.target().above(self.base, at.get(LE).into())?;
            let there = self.memory.read(address, &mut found);
            let text = found.get(..there)?.split(|&byte| byte == 0).next()?;
            match text.cmp(name) {
                core::cmp::Ordering::Less => from = middle + 1,
                core::cmp::Ordering::Equal => return Some(true),
                core::cmp::Ordering::Greater => to = middle,
            }
        }
        Some(false)
    }

    /// Returns the positions of the headers, from the signature `PE` to the end of the first `sections` section
    /// headers.
    pub(crate) fn headers(&self, sections: u64) -> Range<u64> {
        self.signature..self.section_header(sections)
    }

    /// Returns the fixed part of the version resource: the first resource of that type, in its first language.
    ///
    /// A resource without the signature [`FixedFileInfo::SIGNATURE`] is ignored.
    #[doc(alias = "RT_VERSION")]
    #[doc(alias = "VS_VERSIONINFO")]
    #[must_use]
    pub fn version(&self) -> Option<FixedFileInfo> {
        let (root, _) = self.data_directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE)?;
        // There are three levels (type, name and language), even if entries form a cycle.
        let by_type = self.resource_entries(root)?;
        let versions = by_type.ids().find(|entry| entry.name_or_id.get(LE) == pe::RT_VERSION.into())?;
        let by_name = self.resource_entries(root + subdirectory(&versions)?)?;
        let by_language = self.resource_entries(root + subdirectory(&by_name.first()?)?)?;
        let leaf = by_language.first()?.offset_to_data_or_directory.get(LE);
        if leaf & pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY != 0 {
            return None;
        }
        let data: pe::ImageResourceDataEntry = self.read(root + u64::from(leaf))?;
        let mut resource = [0; VERSION_HEADER_SIZE + FixedFileInfo::SIZE];
        if u64::from(data.size.get(LE)) < resource.len() as u64 {
            return None;
        }
        fill(self.memory, self.base, data.offset_to_data.get(LE).into(), &mut resource)?;
        let resource = Bytes::new(Source::Bytes(&resource), ByteOrder::Little);
        let info: FixedFileInfo = resource.read("VS_FIXEDFILEINFO", VERSION_HEADER_SIZE as u64).ok()?;
        (info.signature == FixedFileInfo::SIGNATURE).then_some(info)
    }

    /// Returns the bytes of the CodeView record, which [`CodeView::new`](crate::read::module::CodeView::new) decodes.
    ///
    /// If several records are in memory, the first one is returned. The bytes are borrowed if they are contiguous in
    /// the file. Records above 128 KiB are ignored, because no path needs that much.
    #[doc(alias = "IMAGE_DEBUG_TYPE_CODEVIEW")]
    #[must_use]
    pub fn code_view_record(&self) -> Option<Cow<'m, [u8]>> {
        self.bytes_at(self.code_view_place()?)
    }

    /// Returns the bytes of the miscellaneous debug record ([`ImageDebugMisc`](crate::format::module::ImageDebugMisc)),
    /// under the same conditions as [`Self::code_view_record`].
    #[doc(alias = "IMAGE_DEBUG_TYPE_MISC")]
    #[must_use]
    pub fn misc_record(&self) -> Option<Cow<'m, [u8]>> {
        self.bytes_at(self.misc_place()?)
    }

    /// Returns the place of [`Self::code_view_record`], for callers that need its size before they read it.
    pub(crate) fn code_view_place(&self) -> Option<Interval> {
        self.debug_record(pe::IMAGE_DEBUG_TYPE_CODEVIEW)
    }

    /// Returns the place of [`Self::misc_record`].
    pub(crate) fn misc_place(&self) -> Option<Interval> {
        self.debug_record(pe::IMAGE_DEBUG_TYPE_MISC)
    }

    /// Returns the places of the headers, of everything in the data directory except the certificates, which are not
    /// loaded into memory, and of the debug records.
    pub(crate) fn described_parts(&self) -> impl Iterator<Item = Interval> + use<'m, 'a> {
        let (image, target) = (*self, self.memory.target());
        let part = move |(position, size): (u64, u64)| Interval::new(target.above(image.base, position)?, size);
        // The debugger adds the size of the headers to the position of the signature.
        let headers = self.optional_number(offset_of!(pe::ImageOptionalHeader64, size_of_headers));
        let headers = headers.map(|size| (0, image.signature + u64::from(size)));
        let directories = (0..pe::IMAGE_NUMBEROF_DIRECTORY_ENTRIES)
            .filter(|&index| index != pe::IMAGE_DIRECTORY_ENTRY_SECURITY)
            .filter_map(move |index| image.data_directory(index))
            .map(|(position, size)| (position, u64::from(size)));
        let records = [self.code_view_place(), self.misc_place()].into_iter().flatten();
        headers.into_iter().chain(directories).filter_map(part).chain(records)
    }

    /// Returns the place of the headers, according to their size field; at most a page.
    pub(crate) fn headers_place(&self) -> Option<Interval> {
        let size = self.optional_number(offset_of!(pe::ImageOptionalHeader64, size_of_headers));
        let size = size.filter(|&size| size != 0).map_or(PAGE, |size| u64::from(size).min(PAGE));
        self.place(0, size)
    }

    /// Returns the place of a directory, limited to the address space.
    pub(crate) fn directory(&self, directory: Directory) -> Option<Interval> {
        let (position, size) = self.data_directory(directory as usize)?;
        self.place(position, size.into())
    }

    /// Returns `size` bytes from a position in the image, limited to the address space.
    pub(crate) fn place(&self, position: u64, size: u64) -> Option<Interval> {
        let target = self.memory.target();
        target.interval(target.above(self.base, position)?, size)
    }

    fn debug_record(&self, kind: pe::DebugType) -> Option<Interval> {
        let (start, size) = self.data_directory(pe::IMAGE_DIRECTORY_ENTRY_DEBUG)?;
        let step = size_of::<pe::ImageDebugDirectory>() as u64;
        let entries = 0..(u64::from(size) / step).min(MAX_DEBUG_ENTRIES);
        let mut entries = entries.map_while(|number| self.read::<pe::ImageDebugDirectory>(start + number * step));
        // The address is 0 if the record is not loaded into memory.
        let entry = entries.find(|entry| entry.typ.get(LE) == kind && entry.address_of_raw_data.get(LE) != 0)?;
        let size = Some(entry.size_of_data.get(LE)).filter(|size| (1..=MAX_RECORD_SIZE).contains(size))?;
        Interval::new(self.memory.target().above(self.base, entry.address_of_raw_data.get(LE).into())?, size.into())
    }

    /// Returns the bytes of a record, if all of them are in the dump.
    pub(crate) fn bytes_at(&self, place: Interval) -> Option<Cow<'m, [u8]>> {
        let (start, size) = (place.start, place.size());
        let borrowed = if self.memory.file().is_none() { self.memory.slice(start, size) } else { None };
        if let Some(bytes) = borrowed {
            return Some(Cow::Borrowed(bytes));
        }
        if self.memory.run_len(start, size) < size {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(size).ok()?];
        self.memory.read(start, &mut bytes);
        Some(Cow::Owned(bytes))
    }

    /// Returns the resource directory at a position.
    fn resource_entries(&self, position: u64) -> Option<ResourceEntries<'m, 'a>> {
        let directory: pe::ImageResourceDirectory = self.read(position)?;
        Some(ResourceEntries {
            image: *self,
            first: position + size_of_val(&directory) as u64,
            named: directory.number_of_named_entries.get(LE),
            ids: directory.number_of_id_entries.get(LE),
        })
    }

    /// Returns the position and size in an entry of the data directory, unless it is missing or empty.
    pub(super) fn data_directory(&self, index: usize) -> Option<(u64, u32)> {
        let first = if self.is_64_bit {
            size_of::<pe::ImageOptionalHeader64>()
        } else {
            size_of::<pe::ImageOptionalHeader32>()
        };
        let count = self.optional_number(first - size_of::<u32>())?;
        let at = first + index * size_of::<pe::ImageDataDirectory>();
        let [position, size] = [self.optional_number(at)?, self.optional_number(at + size_of::<u32>())?];
        (index < usize::try_from(count).unwrap_or(usize::MAX) && position != 0).then_some((position.into(), size))
    }

    /// Returns an integer of the optional header, if the header is long enough.
    fn optional_number(&self, offset: usize) -> Option<u32> {
        let end = offset + size_of::<u32>();
        if end > self.file.size_of_optional_header.get(LE).into() {
            return None;
        }
        let number: U32<LE> = self.read(self.signature + OPTIONAL_HEADER + offset as u64)?;
        Some(number.get(LE))
    }

    fn section_header(&self, number: u64) -> u64 {
        let first = self.signature + OPTIONAL_HEADER + u64::from(self.file.size_of_optional_header.get(LE));
        first + number * ImageSection::HEADER_SIZE as u64
    }

    pub(super) fn read<T: Pod>(&self, position: u64) -> Option<T> {
        read(self.memory, self.base, position)
    }
}

/// A resource directory: entries with names, followed by entries with IDs.
struct ResourceEntries<'m, 'a> {
    image: Image<'m, 'a>,
    first: u64,
    named: u16,
    ids: u16,
}

impl ResourceEntries<'_, '_> {
    fn get(&self, number: u64) -> Option<pe::ImageResourceDirectoryEntry> {
        self.image.read(self.first + number * size_of::<pe::ImageResourceDirectoryEntry>() as u64)
    }

    fn first(&self) -> Option<pe::ImageResourceDirectoryEntry> {
        (self.named > 0 || self.ids > 0).then(|| self.get(0))?
    }

    /// Returns the first entries with IDs.
    fn ids(&self) -> impl Iterator<Item = pe::ImageResourceDirectoryEntry> + '_ {
        (0..self.ids.min(TYPES)).map_while(|number| self.get(u64::from(self.named) + u64::from(number)))
    }
}

/// Returns the position of the subdirectory of an entry, as an offset from the root.
pub(super) fn subdirectory(entry: &pe::ImageResourceDirectoryEntry) -> Option<u64> {
    let offset = entry.offset_to_data_or_directory.get(LE);
    let is_directory = offset & pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY != 0;
    is_directory.then_some((offset & !pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY).into())
}

fn fill(memory: &Memory<'_>, base: u64, position: u64, bytes: &mut [u8]) -> Option<()> {
    let address = memory.target().above(base, position)?;
    (memory.read(address, bytes) == bytes.len()).then_some(())
}

fn read<T: Pod>(memory: &Memory<'_>, base: u64, position: u64) -> Option<T> {
    // This is the largest of the headers.
    let mut buffer = [0; size_of::<pe::ImageDosHeader>()];
    let bytes = buffer.get_mut(..size_of::<T>())?;
    fill(memory, base, position, bytes)?;
    let (header, _) = pod::from_bytes(bytes).ok()?;
    Some(*header)
}
