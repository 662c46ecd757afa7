//! Facts about a module in a dump of either format, from its lists or from the module's image in memory.

use alloc::borrow::Cow;
use alloc::string::ToString;

use crate::error::ReadError;
use crate::format::module::FixedFileInfo;

use crate::read::any_format::AnyModule;
use crate::read::memory::by_address::Memory;
use crate::read::module::code_id::CodeId;
use crate::read::module::code_view_record::CodeViewRecord;
use crate::read::module::debug_id::DebugId;
use crate::read::module::file_version::FileVersion;
use crate::read::module::in_memory::{
    checksum as checksum_in_memory, code_id as code_id_in_memory, code_view as code_view_in_memory,
    time_date_stamp as time_date_stamp_in_memory, version as version_in_memory,
};
use crate::read::module::list::CodeView;
use crate::read::text::utf8::Utf8;

/// Identifiers of a module's binary and symbols, and its version.
///
/// A minidump has them in its module list. A full user dump has them only in the images in memory, and the module list
/// of a minidump may lack the version or the symbols of an image that is in memory. These methods therefore take the
/// memory of the dump, [`Dump::memory`]: build it once, and pass it to all of them. The module list takes precedence.
/// What the list lacks is read from the image on each call, which takes a few memory reads. Windows, ELF and Mach-O
/// images are supported.
///
/// A fact that is not in the dump is `None`. Without the feature `std`, images are not read, so a full user dump has
/// none of these facts.
///
/// [`Dump::memory`]: crate::read::Dump::memory
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("crash.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let memory = dump.memory();
/// for module in dump.modules() {
///     let version = module.file_version(&memory).map(|version| version.to_string());
///     println!("{:#x} {}", module.base(), version.unwrap_or_default());
///     if let (Some(file), Some(id)) = (module.debug_file(&memory), module.debug_id(&memory)) {
///         println!("    symbols {file} {id}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
impl<'a> AnyModule<'a> {
    /// Returns the record that identifies the module's symbols.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the module list refers to a record that is not entirely in the file.
    pub fn code_view<'m>(&self, memory: &'m Memory<'a>) -> Result<Option<CodeViewRecord<'m>>, ReadError> {
        let order = memory.byte_order();
        let listed = match self {
            Self::Minidump(module) => module.code_view_record()?,
            Self::FullUserDump(_) => None,
        };
        let listed = listed.map(|record| CodeViewRecord::new(Cow::Borrowed(record), order));
        Ok(listed.or_else(|| code_view_in_memory(memory, self.base())))
    }

    /// Returns the version resource. To display a version, use [`Self::file_version`].
    #[must_use]
    pub fn version(&self, memory: &Memory<'a>) -> Option<FixedFileInfo> {
        let listed = match self {
            Self::Minidump(module) => module.version().copied(),
            Self::FullUserDump(_) => None,
        };
        listed.or_else(|| version_in_memory(memory, self.base()))
    }

    /// Returns the version of the file, which is displayed as `10.0.19041.1`.
    #[must_use]
    pub fn file_version(&self, memory: &Memory<'a>) -> Option<FileVersion> {
        let listed = match self {
            Self::Minidump(module) => module.file_version(),
            Self::FullUserDump(_) => None,
        };
        listed.or_else(|| version_in_memory(memory, self.base()).map(|version| FileVersion::for_windows(&version)))
    }

    /// Returns the linker's time stamp, by convention in seconds since 1970; reproducible builds have a hash instead.
    /// Producers on systems other than Windows write 0, except that LLDB writes the time of the dump.
    #[must_use]
    pub fn time_date_stamp(&self, memory: &Memory<'a>) -> Option<u32> {
        match self {
            Self::Minidump(module) => Some(module.time_date_stamp()),
            Self::FullUserDump(_) => time_date_stamp_in_memory(memory, self.base()),
        }
    }

    /// Returns the checksum from the header of a Windows image; 0 if there is none.
    #[must_use]
    pub fn checksum(&self, memory: &Memory<'a>) -> Option<u32> {
        match self {
            Self::Minidump(module) => Some(module.checksum()),
            Self::FullUserDump(_) => checksum_in_memory(memory, self.base()),
        }
    }

    /// Returns the identifier of the module's symbols; see [`Module::debug_id`](crate::read::Module::debug_id).
    #[must_use]
    pub fn debug_id(&self, memory: &Memory<'a>) -> Option<DebugId> {
        self.readable_code_view(memory)?.debug_id()
    }

    /// Returns the identifier of the module's binary; see [`Module::code_id`](crate::read::Module::code_id).
    #[must_use]
    pub fn code_id(&self, memory: &Memory<'a>) -> Option<CodeId> {
        let (listed, size) = match self {
            Self::Minidump(module) => match module.code_view_record() {
                Ok(None) => (module.code_id(), module.size()),
                // The kind of the binary follows from the record in the list.
                Ok(Some(_)) | Err(_) => return module.code_id(),
            },
            Self::FullUserDump(module) => (None, module.size()),
        };
        code_id_in_memory(memory, self.base(), size, listed)
    }

    /// Returns the name of the file with the module's symbols; see
    /// [`Module::debug_file`](crate::read::Module::debug_file). For a Mach-O image in memory, it is the name of the
    /// binary.
    #[must_use]
    pub fn debug_file<'m>(&self, memory: &'m Memory<'a>) -> Option<Cow<'m, str>> {
        if let Self::Minidump(module) = self {
            if let Ok(Some(_)) = module.code_view_record() {
                return module.debug_file();
            }
        }
        let record = self.readable_code_view(memory)?;
        let view = record.view();
        match view.pdb_path().filter(|path| !path.is_empty()) {
            Some(path) => Some(path.into_owned().into()),
            None => self.code_file().filter(|_| !matches!(view, CodeView::Unknown(_))),
        }
    }

    /// Returns the name of the binary, usually with its folder. Invalid Unicode is replaced by U+FFFD. `None` if it
    /// cannot be read; [`Self::name`] returns the reason, and the text as it is in the file.
    pub fn code_file(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Minidump(module) => module.code_file(),
            Self::FullUserDump(module) => {
                let name = module.name().ok()?;
                // Other characters depend on a code page.
                let ascii = Utf8::new(name.as_bytes()).to_str().ok().filter(|name| name.is_ascii());
                Some(ascii.map_or_else(|| name.to_string().into(), Cow::Borrowed))
            }
        }
    }

    fn readable_code_view<'m>(&self, memory: &'m Memory<'a>) -> Option<CodeViewRecord<'m>> {
        self.code_view(memory).ok().flatten()
    }
}
