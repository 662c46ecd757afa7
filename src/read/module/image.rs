//! Images of Windows as they lie in memory.
//!
//! The structures and numbers are those of `winnt.h`; the start of the version resource, which no header declares, is in
//! Microsoft's description of `VS_VERSIONINFO`. They are little-endian, whatever the order of the dump. The structures
//! come from the crate `object`, which the feature `std` brings.

use alloc::borrow::Cow;
use alloc::vec;
use core::fmt;
use core::mem::offset_of;
use core::ops::Range;

use object::pod::{self, Pod};
use object::{LittleEndian as LE, U16, U32, pe};

use crate::format::full_user_dump::ImageFileMachine;
use crate::format::module::{FixedFileInfo, SectionCharacteristics};

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::interval::Interval;
use crate::read::memory::by_address::Memory;

/// The headers of an image have one page.
pub(super) const PAGE: u64 = 0x1000;
/// The numbers of resource types ascend, so that number 16 is among the first 17.
const TYPES: u16 = pe::RT_VERSION + 1;
/// Linkers write about one entry for each of some twenty types of debug records.
pub(super) const DEBUG_ENTRIES: u64 = 64;
/// A record that names a file is shorter: paths have 32,767 characters at most.
pub(super) const LONGEST_RECORD: u32 = 0x2_0000;
/// The optional header stands behind the signature `PE` and the file header, in both widths.
const OPTIONAL_HEADER: u64 = offset_of!(pe::ImageNtHeaders32, optional_header) as u64;
/// `VS_VERSIONINFO` before its value: three 16-bit numbers, `VS_VERSION_INFO` in UTF-16 with its NUL, padding.
const VERSION_HEAD: usize = 40;

/// An image of Windows, a program or library, as it lies in the memory of a dump.
///
/// What a module list tells of a module can be had from here too, if the dump has the memory: a full user dump has no
/// other place for most of it. Every part is looked up when it is asked for, across ranges that touch, and is `None`
/// if the image has no such part or if the dump lacks a byte of it.
///
/// Positions in an image are distances from its base, as relative virtual addresses are. Addresses do not wrap around:
/// what would lie above the highest one is not there. Nothing is taken on trust: a look-up reads a small fixed number
/// of headers, whatever counts and sizes they give.
///
/// There is no such view without the feature `std`.
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

/// The entries of the data directory that are asked for by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Directory {
    Exports = pe::IMAGE_DIRECTORY_ENTRY_EXPORT as isize,
    Resources = pe::IMAGE_DIRECTORY_ENTRY_RESOURCE as isize,
    Exceptions = pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION as isize,
    Debug = pe::IMAGE_DIRECTORY_ENTRY_DEBUG as isize,
    /// The header of the common language runtime, in images with managed code.
    CommonLanguageRuntime = pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR as isize,
}

/// A section of an [`Image`], as its header has it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageSection {
    /// The name, padded with NULs; one of eight characters has none.
    pub name: [u8; 8],
    /// Where the section begins, in bytes from the base of the image.
    pub virtual_address: u32,
    /// The size in memory, in bytes, not rounded to pages.
    pub virtual_size: u32,
    /// What it holds and what may be done with it.
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
    /// The image at `base`; `None` unless a DOS header is there that leads to the signature `PE`, a file header and the
    /// magic number of an optional header for 32 or 64 bits.
    ///
    /// Neither the machine nor the width need be those of the dump.
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

    /// The address of the first byte; without the upper half on 32-bit targets.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// The kind of processor that it was made for.
    #[must_use]
    pub fn machine(&self) -> ImageFileMachine {
        ImageFileMachine(self.file.machine.get(LE).0.into())
    }

    /// True if its optional header is the one for 64 bits (`PE32+`).
    #[must_use]
    pub const fn is_64_bit(&self) -> bool {
        self.is_64_bit
    }

    /// The time stamp of the linker, by convention in seconds since 1970; reproducible builds put a hash there.
    #[must_use]
    pub fn time_date_stamp(&self) -> u32 {
        self.file.time_date_stamp.get(LE)
    }

    /// The checksum, 0 if the linker made none; `None` if the optional header is too short to have it.
    #[must_use]
    pub fn checksum(&self) -> Option<u32> {
        // At one place in both widths, as is the size.
        self.optional_number(offset_of!(pe::ImageOptionalHeader64, check_sum))
    }

    /// The size in memory, in bytes; `None` if the optional header is too short to have it.
    #[must_use]
    pub fn size_of_image(&self) -> Option<u32> {
        self.optional_number(offset_of!(pe::ImageOptionalHeader64, size_of_image))
    }

    /// The sections in the order of their headers, up to the first header of which bytes are missing.
    ///
    /// They may overlap and lie beyond the size of the image.
    pub fn sections(&self) -> impl Iterator<Item = ImageSection> + use<'m, 'a> {
        let image = *self;
        (0..self.number_of_sections()).map_while(move |number| image.section(number))
    }

    /// How many headers of sections the image announces.
    pub(crate) fn number_of_sections(&self) -> u64 {
        self.file.number_of_sections.get(LE).into()
    }

    /// The section with that number; `None` if bytes of its header are missing.
    pub(crate) fn section(&self, number: u64) -> Option<ImageSection> {
        let header: pe::ImageSectionHeader = self.read(self.section_header(number))?;
        Some(ImageSection {
            name: header.name,
            virtual_address: header.virtual_address.get(LE),
            virtual_size: header.virtual_size.get(LE),
            characteristics: SectionCharacteristics::from_bits_retain(header.characteristics.get(LE).0),
        })
    }

    /// Where the file has the contents of the section with that number.
    pub(crate) fn raw_data_of(&self, number: u64) -> Option<u64> {
        let header: pe::ImageSectionHeader = self.read(self.section_header(number))?;
        Some(header.pointer_to_raw_data.get(LE).into())
    }

    /// True if the image exports that name. Names ascend, so that it is found by halving.
    pub(crate) fn exports(&self, name: &[u8]) -> bool {
        self.has_export(name).unwrap_or(false)
    }

    fn has_export(&self, name: &[u8]) -> Option<bool> {
        let (position, _) = self.data_directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT)?;
        let directory: pe::ImageExportDirectory = self.read(position)?;
        let names = u64::from(directory.address_of_names.get(LE));
        let (mut from, mut to) = (0, u64::from(directory.number_of_names.get(LE)));
        // The name, and the byte that ends it.
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

    /// The positions of the headers, from the signature `PE` to the end of so many section headers.
    pub(crate) fn headers(&self, sections: u64) -> Range<u64> {
        self.signature..self.section_header(sections)
    }

    /// The fixed part of the version resource: of several resources of that type the first, and its first language.
    ///
    /// A resource that lacks the signature [`FixedFileInfo::SIGNATURE`] is none.
    #[doc(alias = "RT_VERSION")]
    #[doc(alias = "VS_VERSIONINFO")]
    #[must_use]
    pub fn version(&self) -> Option<FixedFileInfo> {
        let (root, _) = self.data_directory(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE)?;
        // There are three levels, however the entries go in circles: type, name and language.
        let by_type = self.resource_entries(root)?;
        let versions = by_type.ids().find(|entry| entry.name_or_id.get(LE) == pe::RT_VERSION.into())?;
        let by_name = self.resource_entries(root + subdirectory(&versions)?)?;
        let by_language = self.resource_entries(root + subdirectory(&by_name.first()?)?)?;
        let leaf = by_language.first()?.offset_to_data_or_directory.get(LE);
        if leaf & pe::IMAGE_RESOURCE_DATA_IS_DIRECTORY != 0 {
            return None;
        }
        let data: pe::ImageResourceDataEntry = self.read(root + u64::from(leaf))?;
        let mut resource = [0; VERSION_HEAD + FixedFileInfo::SIZE];
        if u64::from(data.size.get(LE)) < resource.len() as u64 {
            return None;
        }
        fill(self.memory, self.base, data.offset_to_data.get(LE).into(), &mut resource)?;
        let resource = Bytes::new(&resource, ByteOrder::Little);
        let info: FixedFileInfo = resource.read("VS_FIXEDFILEINFO", VERSION_HEAD as u64).ok()?;
        (info.signature == FixedFileInfo::SIGNATURE).then_some(info)
    }

    /// The bytes of the CodeView record, which [`CodeView::new`](crate::read::module::CodeView::new) takes apart.
    ///
    /// Of several records in memory the first counts. The bytes are borrowed if they stand together in the file. A record
    /// above 128 KiB, which no path needs, is taken for none.
    #[doc(alias = "IMAGE_DEBUG_TYPE_CODEVIEW")]
    #[must_use]
    pub fn code_view_record(&self) -> Option<Cow<'m, [u8]>> {
        self.bytes_at(self.code_view_place()?)
    }

    /// The bytes of the miscellaneous debug record ([`ImageDebugMisc`](crate::format::module::ImageDebugMisc)), as of
    /// [`Self::code_view_record`].
    #[doc(alias = "IMAGE_DEBUG_TYPE_MISC")]
    #[must_use]
    pub fn misc_record(&self) -> Option<Cow<'m, [u8]>> {
        self.bytes_at(self.misc_place()?)
    }

    /// Where [`Self::code_view_record`] is, for who has to know its size before it is read.
    pub(crate) fn code_view_place(&self) -> Option<Interval> {
        self.debug_record(pe::IMAGE_DEBUG_TYPE_CODEVIEW)
    }

    /// Where [`Self::misc_record`] is, likewise.
    pub(crate) fn misc_place(&self) -> Option<Interval> {
        self.debug_record(pe::IMAGE_DEBUG_TYPE_MISC)
    }

    /// Where the headers are and what the data directory tells of, in memory: nothing in it stands for itself in the file
    /// but the certificates, which are in no memory. With it come the debug records.
    pub(crate) fn described_parts(&self) -> impl Iterator<Item = Interval> + use<'m, 'a> {
        let (image, target) = (*self, self.memory.target());
        let part = move |(position, size): (u64, u64)| Interval::new(target.above(image.base, position)?, size);
        // The debugger counts the size of the headers from the signature on.
        let headers = self.optional_number(offset_of!(pe::ImageOptionalHeader64, size_of_headers));
        let headers = headers.map(|size| (0, image.signature + u64::from(size)));
        let directories = (0..pe::IMAGE_NUMBEROF_DIRECTORY_ENTRIES)
            .filter(|&index| index != pe::IMAGE_DIRECTORY_ENTRY_SECURITY)
            .filter_map(move |index| image.data_directory(index))
            .map(|(position, size)| (position, u64::from(size)));
        let records = [self.code_view_place(), self.misc_place()].into_iter().flatten();
        headers.into_iter().chain(directories).filter_map(part).chain(records)
    }

    /// Where the headers are, by the size that they give themselves: at most a page, which all have to fit into.
    pub(crate) fn headers_place(&self) -> Option<Interval> {
        let size = self.optional_number(offset_of!(pe::ImageOptionalHeader64, size_of_headers));
        let size = size.filter(|&size| size != 0).map_or(PAGE, |size| u64::from(size).min(PAGE));
        self.place(0, size)
    }

    /// Where a directory is, as far as the address space goes.
    pub(crate) fn directory(&self, directory: Directory) -> Option<Interval> {
        let (position, size) = self.data_directory(directory as usize)?;
        self.place(position, size.into())
    }

    /// `size` bytes from a position of the image on, as far as the address space goes.
    pub(crate) fn place(&self, position: u64, size: u64) -> Option<Interval> {
        let target = self.memory.target();
        target.interval(target.above(self.base, position)?, size)
    }

    fn debug_record(&self, kind: pe::DebugType) -> Option<Interval> {
        let (start, size) = self.data_directory(pe::IMAGE_DIRECTORY_ENTRY_DEBUG)?;
        let step = size_of::<pe::ImageDebugDirectory>() as u64;
        let entries = 0..(u64::from(size) / step).min(DEBUG_ENTRIES);
        let mut entries = entries.map_while(|number| self.read::<pe::ImageDebugDirectory>(start + number * step));
        // The address is 0 if the record is in the file of the image only.
        let entry = entries.find(|entry| entry.typ.get(LE) == kind && entry.address_of_raw_data.get(LE) != 0)?;
        let size = Some(entry.size_of_data.get(LE)).filter(|size| (1..=LONGEST_RECORD).contains(size))?;
        Interval::new(self.memory.target().above(self.base, entry.address_of_raw_data.get(LE).into())?, size.into())
    }

    /// The bytes of a record, if all are in the dump.
    pub(crate) fn bytes_at(&self, place: Interval) -> Option<Cow<'m, [u8]>> {
        let (start, size) = (place.start, place.size());
        if let Some(bytes) = self.memory.slice(start, size) {
            return Some(Cow::Borrowed(bytes));
        }
        if self.memory.run_len(start, size) < size {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(size).ok()?];
        self.memory.read(start, &mut bytes);
        Some(Cow::Owned(bytes))
    }

    /// The directory of resources at a position.
    fn resource_entries(&self, position: u64) -> Option<ResourceEntries<'m, 'a>> {
        let directory: pe::ImageResourceDirectory = self.read(position)?;
        Some(ResourceEntries {
            image: *self,
            first: position + size_of_val(&directory) as u64,
            named: directory.number_of_named_entries.get(LE),
            ids: directory.number_of_id_entries.get(LE),
        })
    }

    /// The position and the size of what an entry of the data directory tells of, if it is there and tells of anything.
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

    /// A number of the optional header, if the header reaches so far.
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

/// A directory of resources: entries with names come first, and then those with numbers.
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

    /// The first entries with numbers.
    fn ids(&self) -> impl Iterator<Item = pe::ImageResourceDirectoryEntry> + '_ {
        (0..self.ids.min(TYPES)).map_while(|number| self.get(u64::from(self.named) + u64::from(number)))
    }
}

/// How far behind the root the directory stands that an entry leads to.
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
    // The largest of the headers.
    let mut buffer = [0; size_of::<pe::ImageDosHeader>()];
    let bytes = buffer.get_mut(..size_of::<T>())?;
    fill(memory, base, position, bytes)?;
    let (header, _) = pod::from_bytes(bytes).ok()?;
    Some(*header)
}
