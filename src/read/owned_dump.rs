//! A dump together with the owner of its bytes.

use core::fmt;

use crate::error::OwnedDumpError;
use crate::read::source::{AsSource, Source};

use crate::read::dump::Dump;

/// A dump and the owner of its bytes: a mapping, a `Vec<u8>`, an `Arc<[u8]>`, a `Bytes` of the crate `bytes`, or anything else
/// that is `AsRef<[u8]>`.
///
/// Every view of this crate borrows the file, so a [`Dump`] and its file cannot be in one structure. This type can: it
/// borrows nothing, can be moved and sent to other threads if its owner can, and lends the dump as often as needed
/// ([`OwnedDump::dump`]). The parsed headers are stored, so lending does not parse again.
///
/// Indexes that take time to build are stored next to it without the bytes, and bound to them for each use:
/// [`MemoryIndex`], [`RegionIndex`], [`ModuleIndex`], [`UnloadedModuleIndex`].
///
/// # Owners that change
///
/// `as_ref` is called each time, and should return the same bytes each time. If it does not, the stored headers are applied
/// to the new bytes: the views return odd content, or report missing bytes as for a damaged file. Nothing panics, and no
/// access leaves the bytes of that call.
///
/// # Examples
///
/// A session of a debugger: everything is built once, and each lookup binds what it needs.
///
/// ```
/// use userdump::OwnedDump;
/// use userdump::read::{memory::MemoryIndex, module::ModuleIndex};
///
/// struct Session {
///     dump: OwnedDump<Vec<u8>>, // or of a MappedFile: OwnedDump::open
///     memory: MemoryIndex,
///     modules: ModuleIndex,
/// }
///
/// impl Session {
///     fn new(dump: OwnedDump<Vec<u8>>) -> Self {
///         let memory = dump.dump().memory().index();
///         let modules = dump.dump().modules_by_address().index();
///         Self { dump, memory, modules }
///     }
///
///     fn pointer(&self, address: u64) -> Option<u64> {
///         self.memory.bind(&self.dump).read_pointer(address)
///     }
///
///     fn place(&self, address: u64) -> Option<String> {
///         Some(self.modules.bind(&self.dump).locate(address)?.to_string())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let name = dump.text("C:\\app.exe");
/// # let module = userdump::format::Module { base_of_image: 0x1_4000_0000, size_of_image: 0x1000, ..Default::default() };
/// # dump.module(module, name, None, None);
/// # let pointer = 0x1_4000_0010u64.to_le_bytes();
/// # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, &pointer));
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let session = Session::new(OwnedDump::new(file)?);
/// let pointer = session.pointer(0x20_0000).expect("it is in memory");
/// assert_eq!(session.place(pointer).as_deref(), Some("app.exe+0x10"));
/// # Ok(())
/// # }
/// ```
///
/// [`MemoryIndex`]: crate::read::memory::MemoryIndex
/// [`RegionIndex`]: crate::read::memory::RegionIndex
/// [`ModuleIndex`]: crate::read::module::ModuleIndex
/// [`UnloadedModuleIndex`]: crate::read::module::UnloadedModuleIndex
#[derive(Clone)]
pub struct OwnedDump<B> {
    bytes: B,
    /// The parsed headers, without the bytes.
    parsed: Dump<'static>,
}

impl<B: AsSource> OwnedDump<B> {
    /// Detects the format by its signature, and stores the bytes: see [`Dump::parse`].
    ///
    /// # Errors
    ///
    /// The error of [`Dump::parse`] together with the bytes: see [`OwnedDumpError::into_bytes`].
    pub fn new(bytes: B) -> Result<Self, OwnedDumpError<B>> {
        match Dump::from_source(bytes.as_source()).map(|dump| dump.rebound(Source::NOTHING)) {
            Ok(parsed) => Ok(Self { bytes, parsed }),
            Err(error) => Err(OwnedDumpError::new(error, bytes)),
        }
    }

    /// Returns the dump. This costs a few copies, regardless of the size of the file.
    pub fn dump(&self) -> Dump<'_> {
        self.parsed.rebound(self.bytes.as_source())
    }
}

impl<B> OwnedDump<B> {
    /// Returns the owner of the bytes.
    pub const fn bytes(&self) -> &B {
        &self.bytes
    }

    /// Returns the owner of the bytes, and drops what was parsed.
    pub fn into_bytes(self) -> B {
        self.bytes
    }
}

/// Returns the bytes of the file, like [`Dump::data`].
impl<B: AsRef<[u8]>> AsRef<[u8]> for OwnedDump<B> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// Prints the format, but no bytes.
impl<B> fmt::Debug for OwnedDump<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = match self.parsed {
            Dump::Minidump(_) => "minidump",
            Dump::FullUserDump(_) => "full user dump",
        };
        f.debug_struct("OwnedDump").field("format", &format).finish_non_exhaustive()
    }
}
