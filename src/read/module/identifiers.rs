//! What identifies the binary and the symbols of a module: identifiers and file names.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::format::PlatformId;
use crate::format::module::FixedFileInfo;

use crate::read::bytes::ByteOrder;
use crate::read::module::code_id::CodeId;
use crate::read::module::debug_id::DebugId;
use crate::read::module::file_version::FileVersion;
use crate::read::module::list::{CodeView, Module, UnloadedModule};
use crate::read::target::Target;

impl<'a> CodeView<'a> {
    /// Returns the identifier of the symbols. `order` is the byte order of the dump or of the image that contains the
    /// record; it matters only for build IDs.
    ///
    /// `None` for a GUID or build ID that is all zeros, and for records of an unknown kind.
    #[must_use]
    pub fn debug_id(&self, order: ByteOrder) -> Option<DebugId> {
        match *self {
            Self::Pdb70 { header, .. } => DebugId::from_guid(header.signature, header.age),
            Self::Pdb20 { header, .. } => Some(DebugId::Pdb20 { time_date_stamp: header.signature, age: header.age }),
            Self::ElfBuildId(id) => DebugId::from_build_id(id, order),
            Self::Unknown(_) => None,
        }
    }

    /// Returns the path that the PDB had when the module was linked; it may be empty. Invalid UTF-8 is replaced by
    /// U+FFFD. `None` for other records.
    #[must_use]
    pub fn pdb_path(&self) -> Option<Cow<'a, str>> {
        match *self {
            Self::Pdb70 { path, .. } | Self::Pdb20 { path, .. } => Some(String::from_utf8_lossy(path)),
            Self::ElfBuildId(_) | Self::Unknown(_) => None,
        }
    }
}

/// Returns the identifier of a binary, which depends on the operating system.
fn code_id(record: Option<&CodeView<'_>>, target: Target, stamp: u32, size: u32) -> Option<CodeId> {
    let of_image = Some(CodeId::from_image(stamp, size));
    match (record, target.platform) {
        (Some(CodeView::ElfBuildId(id)), _) => CodeId::from_build_id(id),
        // The GUID field holds the UUID.
        (Some(CodeView::Pdb70 { header, .. }), Some(PlatformId::MAC_OS | PlatformId::IOS)) => {
            CodeId::from_uuid(header.signature)
        }
        (_, Some(platform)) => of_image.filter(|_| platform.is_windows()),
        (Some(CodeView::Pdb70 { .. } | CodeView::Pdb20 { .. }), None) => of_image,
        _ => None,
    }
}

impl<'a> Module<'a> {
    /// Returns the linker's time stamp from the PE header, by convention in seconds since 1970; reproducible builds
    /// have a hash instead. It is 0 for modules of systems other than Windows, except that LLDB writes the time of the
    /// dump.
    #[must_use]
    pub const fn time_date_stamp(&self) -> u32 {
        self.raw().time_date_stamp
    }

    /// Returns the checksum from the PE header; 0 if there is none.
    #[must_use]
    pub const fn checksum(&self) -> u32 {
        self.raw().check_sum
    }

    /// Returns the version of the file; `None` if the producer found none. [`Self::version`] returns the complete
    /// record.
    #[must_use]
    pub fn file_version(&self) -> Option<FileVersion> {
        self.version().map(|info: &FixedFileInfo| FileVersion::new(info, self.dump().target()))
    }

    /// Returns the identifier of the module's symbols: GUID and age of the PDB, the build ID of an ELF file, or the
    /// UUID of a Mach-O file.
    ///
    /// `None` if the record is missing or all zeros, or if it cannot be read; [`Self::code_view`] returns the reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use userdump::Minidump;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut dump = userdump::MinidumpBuilder::new();
    /// # let system = userdump::format::SystemInfo {
    /// #     platform_id: userdump::format::PlatformId::WIN32_NT, ..Default::default()
    /// # };
    /// # dump.system_info(system, None);
    /// # let name = dump.text("C:\\app.exe");
    /// # let mut record = b"RSDS".to_vec();
    /// # record.extend([0x9D, 0xD9, 0x49, 0x32, 0x40, 0x0C, 0x31, 0x49, 0x86, 0x10, 0xF4, 0xE4, 0xFB, 0x0B, 0x69, 0x36]);
    /// # record.extend(*b"\x01\0\0\0C:\\build\\app.pdb\0");
    /// # let code_view = dump.part("CodeView record", record);
    /// # let module = userdump::format::Module {
    /// #     base_of_image: 0x1_4000_0000, size_of_image: 0x5000, time_date_stamp: 0x6543_2100, ..Default::default()
    /// # };
    /// # dump.module(module, name, Some(code_view), None);
    /// # let mut file = Vec::new();
    /// # dump.plan()?.write_to(&mut file)?;
    /// let dump = Minidump::parse(&file)?;
    /// for module in dump.modules() {
    ///     if let (Some(file), Some(id)) = (module.debug_file(), module.debug_id()) {
    ///         println!("{file} {id}"); // C:\build\app.pdb 3249D99D0C4049318610F4E4FB0B69361
    ///         # assert_eq!((&*file, id.to_string()), ("C:\\build\\app.pdb", "3249D99D0C4049318610F4E4FB0B69361".into()));
    ///     }
    ///     if let (Some(file), Some(id)) = (module.code_file(), module.code_id()) {
    ///         println!("{file} {id:#}"); // C:\app.exe 654321005000
    ///         # assert_eq!((&*file, id.to_string()), ("C:\\app.exe", "654321005000".into()));
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn debug_id(&self) -> Option<DebugId> {
        self.readable_code_view()?.debug_id(self.dump().byte_order())
    }

    /// Returns the identifier of the binary: time stamp and size of a Windows image, the build ID of an ELF file, or
    /// the UUID of a Mach-O file.
    ///
    /// On systems other than Windows, `None` if the record is missing or all zeros. On Linux, old versions of Breakpad
    /// wrote only a part of the build ID, in a PDB record: such modules have a [`Self::debug_id`] but no code ID.
    #[must_use]
    pub fn code_id(&self) -> Option<CodeId> {
        let record = self.readable_code_view();
        code_id(record.as_ref(), self.dump().target(), self.time_date_stamp(), self.size())
    }

    /// Returns the name of the file with the symbols. For a Windows module, it is the path that the PDB had when the
    /// module was linked. For an ELF file, which contains its own symbols, it is the path of that file. Invalid Unicode
    /// is replaced by U+FFFD.
    ///
    /// `None` if the record is missing, of an unknown kind, or cannot be read.
    #[must_use]
    pub fn debug_file(&self) -> Option<Cow<'a, str>> {
        match self.readable_code_view()? {
            CodeView::ElfBuildId(_) => self.code_file(),
            record => record.pdb_path(),
        }
    }

    /// Returns the name of the binary, usually with its folder. Invalid Unicode is replaced by U+FFFD. `None` if it
    /// cannot be read; [`Self::name`] returns the reason, and the text as it is in the file.
    #[must_use]
    pub fn code_file(&self) -> Option<Cow<'a, str>> {
        self.name().ok().map(|name| name.to_string_lossy().into())
    }

    fn readable_code_view(&self) -> Option<CodeView<'a>> {
        self.code_view().ok().flatten()
    }
}

/// Dumps record nothing else about unloaded modules; in particular, neither version nor symbols.
impl<'a> UnloadedModule<'a> {
    /// Returns the address of the first byte, as in the file.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.raw().base_of_image
    }

    /// Returns the size in memory, in bytes.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.raw().size_of_image
    }

    /// True if the module contained `address`.
    #[must_use]
    pub fn contains(&self, address: u64) -> bool {
        self.target().has(self.base(), self.size().into(), address)
    }

    /// Returns the linker's time stamp from the PE header, by convention in seconds since 1970.
    #[must_use]
    pub const fn time_date_stamp(&self) -> u32 {
        self.raw().time_date_stamp
    }

    /// Returns the checksum from the PE header; 0 if there is none.
    #[must_use]
    pub const fn checksum(&self) -> u32 {
        self.raw().check_sum
    }

    /// Returns the identifier of the binary, from its time stamp and size; `None` on systems other than Windows.
    #[must_use]
    pub fn code_id(&self) -> Option<CodeId> {
        code_id(None, self.target(), self.time_date_stamp(), self.size())
    }

    /// Returns the name of the binary, usually without a folder. Invalid Unicode is replaced by U+FFFD. `None` if it
    /// cannot be read; [`Self::name`] returns the reason.
    #[must_use]
    pub fn code_file(&self) -> Option<Cow<'a, str>> {
        self.name().ok().map(|name| name.to_string_lossy().into())
    }
}
