//! Modules, loaded and unloaded, and the records that lead to their debugging symbols.

pub use super::flags::SectionCharacteristics;
use core::fmt;
use core::str::FromStr;

use crate::error::ParseError;
use crate::format::location::{LocationDescriptor, Rva};
use crate::format::serde_forms::serde_as_text;

/// CodeView signature `RSDS`: a [`CvInfoPdb70`] begins here.
pub const CV_SIGNATURE_RSDS: u32 = 0x5344_5352;

/// CodeView signature `NB10`: a [`CvInfoPdb20`] begins here.
pub const CV_SIGNATURE_NB10: u32 = 0x3031_424E;

/// CodeView signature `NB09`: symbols in CodeView 4.1 form follow, embedded.
pub const CV_SIGNATURE_NB09: u32 = 0x3930_424E;

/// CodeView signature `NB11`: symbols in CodeView 5.0 form follow, embedded.
pub const CV_SIGNATURE_NB11: u32 = 0x3131_424E;

/// CodeView signature of Breakpad, Crashpad and LLDB: the rest of the record is the build id of an ELF file.
///
/// Its bytes in a little-endian file read `LEpB`.
#[doc(alias = "BpEL")]
pub const CV_SIGNATURE_ELF: u32 = 0x4270_454C;

structure! {
    /// A file mapped as code: an entry of the module list.
    #[doc(alias = "MINIDUMP_MODULE")]
    pub struct Module {
        /// Virtual address of the first byte; for 32-bit targets dbgeng extends the sign.
        pub base_of_image: u64,
        /// Size in memory, in bytes; 0 was observed for ELF modules of Wine and for generated code.
        pub size_of_image: u32,
        /// Checksum from the PE header; 0 if there is none.
        pub check_sum: u32,
        /// Time stamp from the PE header, by convention in seconds since 1970; LLDB puts the time of the dump there.
        pub time_date_stamp: u32,
        /// Where the path of the file is, as a `MINIDUMP_STRING`.
        pub module_name_rva: Rva,
        /// Version resource of the file; all zero if there is none.
        pub version_info: FixedFileInfo,
        /// The CodeView record; empty if there is none.
        pub cv_record: LocationDescriptor,
        /// The [`ImageDebugMisc`] record; empty if there is none, which is the rule.
        pub misc_record: LocationDescriptor,
        /// No documented meaning, and not a position; dbgeng was observed to write 352 in each module.
        pub reserved0: u64,
        /// No documented meaning; LLDB leaves whatever was in memory.
        pub reserved1: u64,
    }
}

structure! {
    /// Head of the UnloadedModuleList stream; the [`UnloadedModule`] entries begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_UNLOADED_MODULE_LIST")]
    pub struct UnloadedModuleListHeader {
        /// Bytes from the start of the stream to the first entry, 12 or more.
        pub size_of_header: u32,
        /// Bytes from one entry to the next, 24 or more.
        pub size_of_entry: u32,
        /// Entries of the list.
        pub number_of_entries: u32,
    }
}

impl UnloadedModuleListHeader {
    /// Today's debugger ignores a list of more entries, and writes no dump of the one that has it.
    pub const MOST_ENTRIES: u64 = 10_000;
}

structure! {
    /// A module that had left the process before the dump was written.
    #[doc(alias = "MINIDUMP_UNLOADED_MODULE")]
    pub struct UnloadedModule {
        /// Virtual address at which it had been; other modules may have come to the same place since.
        pub base_of_image: u64,
        /// Size in memory, in bytes.
        pub size_of_image: u32,
        /// Checksum from the PE header; 0 if there is none.
        pub check_sum: u32,
        /// Time stamp from the PE header, by convention in seconds since 1970.
        pub time_date_stamp: u32,
        /// Where the name of the file is, as a `MINIDUMP_STRING`; dbgeng was observed to store no path with it.
        pub module_name_rva: Rva,
    }
}

structure! {
    /// The fixed part of a Windows version resource.
    #[doc(alias = "VS_FIXEDFILEINFO")]
    pub struct FixedFileInfo {
        /// [`FixedFileInfo::SIGNATURE`]; 0 if the module has no version resource.
        pub signature: u32,
        /// Version of this structure, [`FixedFileInfo::STRUC_VERSION`].
        pub struc_version: u32,
        /// First and second number of the file's version, in the high and the low half.
        pub file_version_ms: u32,
        /// Third and fourth number of the file's version, in the high and the low half.
        pub file_version_ls: u32,
        /// First and second number of the product's version, in the high and the low half.
        pub product_version_ms: u32,
        /// Third and fourth number of the product's version, in the high and the low half.
        pub product_version_ls: u32,
        /// Which bits of `file_flags` count.
        pub file_flags_mask: u32,
        /// Bits: 1 debug, 2 prerelease, 4 patched, 8 private build, `0x10` inferred, `0x20` special build.
        pub file_flags: u32,
        /// System for which the file was made; `0x40004` is Windows NT with its 32-bit interface.
        pub file_os: u32,
        /// Kind of file: 0 unknown, 1 application, 2 DLL, 3 driver, 4 font, 5 VxD, 7 static library.
        pub file_type: u32,
        /// Kind of driver or font; 0 for all other files.
        pub file_subtype: u32,
        /// High half of the file's date, in 100 ns ticks since 1601; 0 in most files.
        pub file_date_ms: u32,
        /// Low half of the file's date.
        pub file_date_ls: u32,
    }
}

impl FixedFileInfo {
    /// What `signature` holds if there is a version resource.
    #[doc(alias = "VS_FFI_SIGNATURE")]
    pub const SIGNATURE: u32 = 0xFEEF_04BD;

    /// What `struc_version` holds.
    #[doc(alias = "VS_FFI_STRUCVERSION")]
    pub const STRUC_VERSION: u32 = 0x0001_0000;
}

structure! {
    @serde_by_hand
    /// A globally unique identifier.
    ///
    /// It prints in the usual form of 8-4-4-4-12 upper-case hexadecimal digits, without braces; with `{:x}` in lower case. As a
    /// number, it is that of its 32 digits.
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
        /// Digits 17 to 32, byte by byte and thus the same in either byte order.
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

/// Parses 32 hexadecimal digits in upper or lower case, with or without the hyphens, with or without braces.
///
/// # Errors
///
/// [`ParseError`] for any other text.
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
    /// Head of a CodeView record that points to a PDB of version 7; the path of the PDB follows, in 8-bit characters.
    ///
    /// No header of the Windows SDK declares it. The NUL at the end of the path may be missing.
    #[doc(alias = "CV_INFO_PDB70")]
    #[doc(alias = "RSDS")]
    pub struct CvInfoPdb70 {
        /// [`CV_SIGNATURE_RSDS`].
        pub cv_signature: u32,
        /// Which PDB belongs to the module.
        pub signature: Guid,
        /// How often the PDB had been changed when the module was linked; 0 in old files of Breakpad on Linux.
        pub age: u32,
    }
}

structure! {
    /// Head of a CodeView record that points to a PDB of version 2; the path of the PDB follows, in 8-bit characters.
    ///
    /// No header of the Windows SDK declares it. The NUL at the end of the path may be missing.
    #[doc(alias = "CV_INFO_PDB20")]
    #[doc(alias = "NB10")]
    pub struct CvInfoPdb20 {
        /// [`CV_SIGNATURE_NB10`].
        pub cv_signature: u32,
        /// Offset of embedded symbols, always 0 as they are in the PDB.
        pub cv_offset: u32,
        /// When the PDB was made, in seconds since 1970, which is also what identifies it.
        pub signature: u32,
        /// How often the PDB had been changed when the module was linked.
        pub age: u32,
    }
}

structure! {
    /// Head of the record that names the file of separate debugging symbols; the name follows.
    #[doc(alias = "IMAGE_DEBUG_MISC")]
    pub struct ImageDebugMisc {
        /// What the data is: 1 for the name of a file.
        pub data_type: u32,
        /// Size of the whole record in bytes, this header included.
        pub length: u32,
        /// 0 if the name is in 8-bit characters, another value if it is in UTF-16.
        pub unicode: u8,
        /// Padding.
        pub reserved: [u8; 3],
    }
}
