//! Loaded and unloaded modules, and the records that identify their symbols.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format;
use crate::format::debug::Size;
use crate::format::module::{CvInfoPdb20, CvInfoPdb70, FixedFileInfo};
use crate::format::{PlatformId, StreamType};
use crate::read::source::Source;

use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::dump_bytes::DumpBytes;
use crate::read::list::by_address::Addressed;
use crate::read::list::entries::{List, Record};
use crate::read::minidump::Minidump;
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::target::Target;
use crate::read::text::utf8::until_nul;
use crate::read::text::utf16::Utf16;

/// A module: a program or library in the process.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Minidump::parse(&file)?;
/// for module in dump.modules() {
///     println!("{:#x} {} bytes {}", module.base(), module.size(), module.name()?);
/// }
/// let victim = dump.modules().at_address(0x1_4000_179a).expect("code is in a module");
/// assert_eq!(victim.name()?, "C:\\victim\\victim.exe");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    raw: format::Module,
    dump: DumpBytes<'a>,
}

/// The module list. By convention, the first module is the program.
pub type ModuleList<'a> = List<'a, Module<'a>>;

impl<'a> Module<'a> {
    /// Returns the entry as it is in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::Module {
        &self.raw
    }

    /// Returns the address of the first byte, as in the file.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.raw.base_of_image
    }

    /// Returns the size in memory, in bytes.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.raw.size_of_image
    }

    /// Returns the file name, usually with its folder.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    #[inline]
    pub fn name(&self) -> Result<Utf16<'a>, ReadError> {
        self.dump.string(self.raw.module_name_rva.into())
    }

    /// Returns the end of the file name, for callers that look for a known name: see
    /// [`Bytes::string_end`](crate::read::bytes::Bytes::string_end).
    pub(crate) fn end_of_name(&self, count: u64) -> Option<Utf16<'a>> {
        self.dump.bytes().string_end(self.raw.module_name_rva.into(), count)
    }

    /// Returns the version resource; `None` if the producer found none.
    #[must_use]
    pub fn version(&self) -> Option<&FixedFileInfo> {
        (self.raw.version_info.signature == FixedFileInfo::SIGNATURE).then_some(&self.raw.version_info)
    }

    /// Returns the record that identifies the module's symbols; `None` if its size or RVA is 0.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn code_view(&self) -> Result<Option<CodeView<'a>>, ReadError> {
        Ok(self.code_view_record()?.map(|record| CodeView::new(record, self.dump.byte_order())))
    }

    /// Returns the bytes of the record that identifies the module's symbols; `None` as for [`Self::code_view`].
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn code_view_record(&self) -> Result<Option<&'a [u8]>, ReadError> {
        self.dump.optional_location("CodeView record", self.raw.cv_record)
    }

    /// Returns the bytes of the miscellaneous debug record (`IMAGE_DEBUG_MISC`); empty if its size or RVA is 0. See
    /// also [`Self::debug_misc`].
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn misc_record(&self) -> Result<&'a [u8], ReadError> {
        let bytes = self.dump.optional_location("IMAGE_DEBUG_MISC", self.raw.misc_record)?;
        Ok(bytes.unwrap_or_default())
    }

    pub(crate) const fn dump(&self) -> &DumpBytes<'a> {
        &self.dump
    }

    /// True if the module contains `address`.
    #[must_use]
    pub fn contains(&self, address: u64) -> bool {
        self.dump.target().has(self.base(), self.size().into(), address)
    }
}

impl<'a> Record<'a> for Module<'a> {
    const LIST: &'static str = "MINIDUMP_MODULE_LIST";
    const SIZE: u64 = format::Module::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }

    fn is_plausible(&self, dump: &DumpBytes<'a>) -> bool {
        dump.has_name(self.raw.module_name_rva.into())
    }
}

impl Addressed for Module<'_> {
    fn base(&self) -> u64 {
        self.raw.base_of_image
    }

    fn size(&self) -> u64 {
        self.raw.size_of_image.into()
    }
}

impl<'a> ModuleList<'a> {
    /// Returns the first module in the list that contains `address`. For many lookups, see [`ModuleList::by_address`].
    #[must_use]
    pub fn at_address(&self, address: u64) -> Option<Module<'a>> {
        self.iter().find(|module| module.contains(address))
    }
}

impl<'a> FromStream<'a> for ModuleList<'a> {
    const STREAM_TYPE: StreamType = StreamType::MODULE_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::counted(stream)
    }
}

impl<'a> Minidump<'a> {
    /// Returns the modules; an empty list if the stream is missing or cannot be read.
    #[must_use]
    pub fn modules(&self) -> ModuleList<'a> {
        self.list()
    }
}

/// Modules of the host system of Wine (ELF or Mach-O). Wine lists them in a separate stream of the same format.
#[derive(Clone, Copy, Debug)]
pub struct HostModuleList<'a> {
    modules: ModuleList<'a>,
}

impl<'a> HostModuleList<'a> {
    /// Returns the modules; their names are Unix paths.
    #[must_use]
    pub const fn modules(&self) -> &ModuleList<'a> {
        &self.modules
    }
}

impl<'a> FromStream<'a> for HostModuleList<'a> {
    const STREAM_TYPE: StreamType = StreamType::WINE_HOST_MODULE_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        // The modules are not Windows modules, although the dump names Windows as its platform.
        stream.of_platform(PlatformId::UNIX).view().map(|modules| Self { modules })
    }
}

/// Identifies the symbols of a module.
///
/// # Examples
///
/// ```
/// use userdump::read::ByteOrder;
/// use userdump::read::module::CodeView;
///
/// let record = b"NB10\0\0\0\0\x01\0\0\x3b\x02\0\0\0app.pdb\0";
/// let code_view = CodeView::new(record, ByteOrder::Little);
/// assert_eq!(code_view.pdb_path().as_deref(), Some("app.pdb"));
/// assert_eq!(code_view.debug_id(ByteOrder::Little).map(|id| id.to_string()).as_deref(), Some("3B0000012"));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeView<'a> {
    /// `RSDS`: a PDB of version 7, identified by GUID and age.
    Pdb70 {
        /// The fixed part of the record.
        header: CvInfoPdb70,
        /// The path of the PDB, in UTF-8 or in the code page of the machine on which the module was linked, without its
        /// NUL.
        path: &'a [u8],
    },
    /// `NB10`: a PDB of version 2, identified by time stamp and age.
    Pdb20 {
        /// The fixed part of the record.
        header: CvInfoPdb20,
        /// The path of the PDB, in the code page of the machine on which the module was linked, without its NUL.
        path: &'a [u8],
    },
    /// The build ID of an ELF file; all zeros if the producer found none.
    ElfBuildId(&'a [u8]),
    /// Any other complete record, including one that is too short for its signature.
    Unknown(&'a [u8]),
}

/// Prints the number of bytes, not the bytes.
impl core::fmt::Debug for CodeView<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Pdb70 { header, path } => {
                f.debug_struct("Pdb70").field("header", header).field("path", &Size(path.len())).finish()
            }
            Self::Pdb20 { header, path } => {
                f.debug_struct("Pdb20").field("header", header).field("path", &Size(path.len())).finish()
            }
            Self::ElfBuildId(id) => f.debug_tuple("ElfBuildId").field(&Size(id.len())).finish(),
            Self::Unknown(record) => f.debug_tuple("Unknown").field(&Size(record.len())).finish(),
        }
    }
}

impl<'a> CodeView<'a> {
    /// Decodes a record. Records in images are little-endian; records in dumps have the byte order of the dump.
    pub fn new(record: &'a [u8], order: ByteOrder) -> Self {
        const WHAT: &str = "CodeView record";
        let source = Bytes::new(Source::Bytes(record), order);
        let path = |start| until_nul(record.get(start..).unwrap_or_default());
        let unknown = Self::Unknown(record);
        // In big-endian dumps, the signature may be stored as an integer or as letters.
        let known = |number: &u32| {
            matches!(
                *number,
                format::module::CV_SIGNATURE_RSDS
                    | format::module::CV_SIGNATURE_NB10
                    | format::module::CV_SIGNATURE_ELF
            )
        };
        let letters = record.first_chunk().map(|letters| u32::from_le_bytes(*letters)).filter(known);
        let signature = letters.map_or_else(|| source.read::<u32>(WHAT, 0), Ok);
        match signature {
            Ok(format::module::CV_SIGNATURE_RSDS) => source.read(WHAT, 0).map_or(unknown, |header| {
                let header = CvInfoPdb70 { cv_signature: format::module::CV_SIGNATURE_RSDS, ..header };
                Self::Pdb70 { header, path: path(CvInfoPdb70::SIZE) }
            }),
            Ok(format::module::CV_SIGNATURE_NB10) => source.read(WHAT, 0).map_or(unknown, |header| {
                let header = CvInfoPdb20 { cv_signature: format::module::CV_SIGNATURE_NB10, ..header };
                Self::Pdb20 { header, path: path(CvInfoPdb20::SIZE) }
            }),
            Ok(format::module::CV_SIGNATURE_ELF) => record.get(4..).map_or(unknown, Self::ElfBuildId),
            _ => unknown,
        }
    }
}

/// A module that was unloaded before the dump was taken.
#[derive(Clone, Copy, Debug)]
pub struct UnloadedModule<'a> {
    raw: format::module::UnloadedModule,
    dump: DumpBytes<'a>,
}

/// The list of unloaded modules. Their addresses may overlap with each other and with those of loaded modules.
pub type UnloadedModuleList<'a> = List<'a, UnloadedModule<'a>>;

impl<'a> UnloadedModule<'a> {
    /// Returns the entry as it is in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::module::UnloadedModule {
        &self.raw
    }

    /// Returns the file name, usually without a folder.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    #[inline]
    pub fn name(&self) -> Result<Utf16<'a>, ReadError> {
        self.dump.string(self.raw.module_name_rva.into())
    }

    pub(crate) const fn target(&self) -> Target {
        self.dump.target()
    }
}

impl Addressed for UnloadedModule<'_> {
    fn base(&self) -> u64 {
        self.raw.base_of_image
    }

    fn size(&self) -> u64 {
        self.raw.size_of_image.into()
    }
}

impl<'a> UnloadedModuleList<'a> {
    /// Returns all modules that were loaded at `address`, in the order of the list. The dump does not record when each
    /// of them was loaded.
    #[must_use]
    pub fn at_address(
        &self,
        address: u64,
    ) -> impl DoubleEndedIterator<Item = UnloadedModule<'a>> + FusedIterator + use<'a> {
        let target = self.dump().target();
        self.into_iter().filter(move |module| target.has(Addressed::base(module), Addressed::size(module), address))
    }
}

impl<'a> Record<'a> for UnloadedModule<'a> {
    const LIST: &'static str = "MINIDUMP_UNLOADED_MODULE_LIST";
    const SIZE: u64 = format::module::UnloadedModule::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }

    fn is_plausible(&self, dump: &DumpBytes<'a>) -> bool {
        dump.has_name(self.raw.module_name_rva.into())
    }
}

impl<'a> FromStream<'a> for UnloadedModuleList<'a> {
    const STREAM_TYPE: StreamType = StreamType::UNLOADED_MODULE_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::headed(stream, |header: &format::module::UnloadedModuleListHeader| {
            (header.size_of_header, header.size_of_entry, header.number_of_entries)
        })
    }
}
