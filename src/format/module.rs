//! Loaded and unloaded modules, and the records that identify their debug symbols.

pub use super::flags::SectionCharacteristics;
use core::fmt;
use core::str::FromStr;

use crate::error::ParseError;
use crate::format::location::{LocationDescriptor, Rva};
use crate::format::serde_forms::serde_as_text;

/// CodeView signature `RSDS`: the record is a [`CvInfoPdb70`].
pub const CV_SIGNATURE_RSDS: u32 = 0x5344_5352;

/// CodeView signature `NB10`: the record is a [`CvInfoPdb20`].
pub const CV_SIGNATURE_NB10: u32 = 0x3031_424E;

/// CodeView signature `NB09`: embedded symbols in CodeView 4.1 format follow.
pub const CV_SIGNATURE_NB09: u32 = 0x3930_424E;

/// CodeView signature `NB11`: embedded symbols in CodeView 5.0 format follow.
pub const CV_SIGNATURE_NB11: u32 = 0x3131_424E;

/// CodeView signature of Breakpad, Crashpad and LLDB: the rest of the record is the build ID of an ELF file.
///
/// Its bytes in a little-endian file read `LEpB`.
#[doc(alias = "BpEL")]
pub const CV_SIGNATURE_ELF: u32 = 0x4270_454C;

structure! {
    /// A module, that is, a loaded image: an entry of the module list.
    ///
    /// ```
    /// use scroll::{LE, Pwrite};
    /// use userdump::format::Module;
    ///
    /// let module = Module { base_of_image: 0x1_4000_0000, size_of_image: 0x2_0000, ..Default::default() };
    /// let mut bytes = [0; Module::SIZE];
    /// bytes.pwrite_with(module, 0, LE)?;
    /// assert_eq!(bytes[..12], [0, 0, 0, 0x40, 1, 0, 0, 0, 0, 0, 2, 0]);
    /// # Ok::<(), scroll::Error>(())
    /// ```
    #[doc(alias = "MINIDUMP_MODULE")]
    pub struct Module {
        /// Virtual address of the first byte; dbgeng sign-extends it for 32-bit targets.
        pub base_of_image: u64,
        /// Size in memory, in bytes; 0 was observed for ELF modules of Wine and for generated code.
        pub size_of_image: u32,
        /// Checksum from the PE header; 0 if there is none.
        pub check_sum: u32,
        /// Time stamp from the PE header, by convention in seconds since 1970. LLDB stores the time of the dump.
        pub time_date_stamp: u32,
        /// RVA of the path of the file, a `MINIDUMP_STRING`.
        pub module_name_rva: Rva,
        /// Version resource of the file; all fields are zero if there is none.
        pub version_info: FixedFileInfo,
        /// Location of the CodeView record; empty if there is none.
        pub cv_record: LocationDescriptor,
        /// Location of the [`ImageDebugMisc`] record; usually empty because there is none.
        pub misc_record: LocationDescriptor,
        /// Reserved; its meaning is not documented, and it is not a file offset. dbgeng was observed to write 352 in
        /// each module.
        pub reserved0: u64,
        /// Reserved; its meaning is not documented. LLDB leaves uninitialized memory in it.
        pub reserved1: u64,
    }
}

structure! {
    /// The header of the UnloadedModuleList stream. The [`UnloadedModule`] entries begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_UNLOADED_MODULE_LIST")]
    pub struct UnloadedModuleListHeader {
        /// Offset of the first entry in the stream in bytes, 12 or more.
        pub size_of_header: u32,
        /// Size of an entry in bytes, 24 or more.
        pub size_of_entry: u32,
        /// Number of entries in the list.
        pub number_of_entries: u32,
    }
}

impl UnloadedModuleListHeader {
    /// Most entries that today's debugger accepts. It ignores a longer list, and does not re-encode a dump that
    /// contains one.
    pub const MAX_ENTRIES: u64 = 10_000;
}

structure! {
    /// A module that was unloaded before the dump was written.
    #[doc(alias = "MINIDUMP_UNLOADED_MODULE")]
    pub struct UnloadedModule {
        /// Virtual address of the first byte before it was unloaded; other modules may have been loaded there since.
        pub base_of_image: u64,
        /// Size in memory, in bytes.
        pub size_of_image: u32,
        /// Checksum from the PE header; 0 if there is none.
        pub check_sum: u32,
        /// Time stamp from the PE header, by convention in seconds since 1970.
        pub time_date_stamp: u32,
        /// RVA of the file name, a `MINIDUMP_STRING`; dbgeng was observed to store it without a path.
        pub module_name_rva: Rva,
    }
}

structure! {
    /// The fixed part of a Windows version resource.
    #[doc(alias = "VS_FIXEDFILEINFO")]
    pub struct FixedFileInfo {
        /// [`FixedFileInfo::SIGNATURE`]; 0 if the module has no version resource.
        pub signature: u32,
        /// Version of the structure, [`FixedFileInfo::STRUC_VERSION`].
        pub struc_version: u32,
        /// First number of the file version in the high half, second number in the low half.
        pub file_version_ms: u32,
        /// Third number of the file version in the high half, fourth number in the low half.
        pub file_version_ls: u32,
        /// First number of the product version in the high half, second number in the low half.
        pub product_version_ms: u32,
        /// Third number of the product version in the high half, fourth number in the low half.
        pub product_version_ls: u32,
        /// Valid bits of `file_flags`.
        pub file_flags_mask: u32,
        /// Flags: 1 debug, 2 prerelease, 4 patched, 8 private build, `0x10` inferred, `0x20` special build.
        pub file_flags: u32,
        /// Operating system for which the file was built; `0x40004` is the 32-bit Windows API on Windows NT.
        pub file_os: u32,
        /// File type: 0 unknown, 1 application, 2 DLL, 3 driver, 4 font, 5 VxD, 7 static library.
        pub file_type: u32,
        /// Driver or font type; 0 for all other files.
        pub file_subtype: u32,
        /// High half of the file date, in 100 ns units since 1601; 0 in most files.
        pub file_date_ms: u32,
        /// Low half of the file date.
        pub file_date_ls: u32,
    }
}

impl FixedFileInfo {
    /// Value of `signature` if there is a version resource.
    #[doc(alias = "VS_FFI_SIGNATURE")]
    pub const SIGNATURE: u32 = 0xFEEF_04BD;

    /// Value of `struc_version`.
    #[doc(alias = "VS_FFI_STRUCVERSION")]
    pub const STRUC_VERSION: u32 = 0x0001_0000;
}

structure! {
    @serde_by_hand
    /// A globally unique identifier.
    ///
    /// `Display` prints upper-case hexadecimal digits grouped 8-4-4-4-12, without braces; `{:x}` prints lower case. The
    /// conversions from and to `u128` use the number that these 32 digits form.
    ///
    /// ```
    /// use userdump::format::Guid;
    ///
    /// let guid: Guid = "{3f2504e0-4f89-11d3-9a0c-0305e82c3301}".parse()?;
    /// assert_eq!(guid.data1, 0x3f25_04e0);
    /// assert_eq!(guid.to_string(), "3F2504E0-4F89-11D3-9A0C-0305E82C3301");
    /// # Ok::<(), userdump::error::ParseError>(())
    /// ```
    #[doc(alias = "GUID")]
    #[doc(alias = "UUID")]
    #[derive(PartialOrd, Ord)]
    pub struct Guid {
        /// Digits 1 to 8.
        pub data1: u32,
        /// Digits 9 to 12.
        pub data2: u16,
        /// Digits 13 to 16.
        pub data3: u16,
        /// Digits 17 to 32, as bytes. They are the same in either byte order.
        pub data4: [u8; 8],
    }
}

serde_as_text!(Guid);

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::UpperHex::fmt(self, f)
    }
}

impl fmt::UpperHex for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [clock0, clock1, node @ ..] = self.data4;
        write!(f, "{:08X}-{:04X}-{:04X}-{clock0:02X}{clock1:02X}-", self.data1, self.data2, self.data3)?;
        node.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::LowerHex for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [clock0, clock1, node @ ..] = self.data4;
        write!(f, "{:08x}-{:04x}-{:04x}-{clock0:02x}{clock1:02x}-", self.data1, self.data2, self.data3)?;
        node.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Parses 32 hexadecimal digits, ignoring case, with or without hyphens and braces.
///
/// # Errors
///
/// Returns a [`ParseError`] for any other string.
impl FromStr for Guid {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const DIGITS: usize = 32;
        const HYPHENS: [usize; 4] = [8, 13, 18, 23];
        let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let is_hyphen = |at: &usize| bare.len() > DIGITS && HYPHENS.contains(at);
        let (mut number, mut digits) = (0, 0);
        for (at, character) in bare.char_indices() {
            match character.to_digit(16) {
                Some(digit) if !is_hyphen(&at) && digits < DIGITS => {
                    (number, digits) = (number << 4 | u128::from(digit), digits + 1);
                }
                None if character == '-' && is_hyphen(&at) => {}
                _ => return Err(ParseError::GUID),
            }
        }
        if digits == DIGITS { Ok(Self::from(number)) } else { Err(ParseError::GUID) }
    }
}

impl From<u128> for Guid {
    fn from(number: u128) -> Self {
        let [a, b, c, d, e, f, g, h, data4 @ ..] = number.to_be_bytes();
        Self {
            data1: u32::from_be_bytes([a, b, c, d]),
            data2: u16::from_be_bytes([e, f]),
            data3: u16::from_be_bytes([g, h]),
            data4,
        }
    }
}

impl From<Guid> for u128 {
    fn from(guid: Guid) -> Self {
        let front = u128::from(guid.data1) << 96 | u128::from(guid.data2) << 80 | u128::from(guid.data3) << 64;
        front | Self::from(u64::from_be_bytes(guid.data4))
    }
}

structure! {
    /// A CodeView record that identifies a PDB of version 7. The path of the PDB follows, in 8-bit characters.
    ///
    /// It is not declared in the Windows SDK. The path may lack the terminating NUL.
    #[doc(alias = "CV_INFO_PDB70")]
    #[doc(alias = "RSDS")]
    pub struct CvInfoPdb70 {
        /// [`CV_SIGNATURE_RSDS`].
        pub cv_signature: u32,
        /// GUID of the PDB that belongs to the module.
        pub signature: Guid,
        /// Age: the number of times that the PDB had been changed when the module was linked; 0 in old files of
        /// Breakpad on Linux.
        pub age: u32,
    }
}

structure! {
    /// A CodeView record that identifies a PDB of version 2. The path of the PDB follows, in 8-bit characters.
    ///
    /// It is not declared in the Windows SDK. The path may lack the terminating NUL.
    #[doc(alias = "CV_INFO_PDB20")]
    #[doc(alias = "NB10")]
    pub struct CvInfoPdb20 {
        /// [`CV_SIGNATURE_NB10`].
        pub cv_signature: u32,
        /// Offset of embedded symbols; always 0, because the symbols are in the PDB.
        pub cv_offset: u32,
        /// Time at which the PDB was created, in seconds since 1970, which also identifies it.
        pub signature: u32,
        /// Age: the number of times that the PDB had been changed when the module was linked.
        pub age: u32,
    }
}

structure! {
    /// A record that names the file with separate debug symbols. The name follows.
    #[doc(alias = "IMAGE_DEBUG_MISC")]
    pub struct ImageDebugMisc {
        /// Type of the data: 1 for a file name.
        pub data_type: u32,
        /// Size of the record in bytes, including this header and the name.
        pub length: u32,
        /// 0 if the name is in 8-bit characters, not 0 if it is in UTF-16.
        pub unicode: u8,
        /// Padding.
        pub reserved: [u8; 3],
    }
}
