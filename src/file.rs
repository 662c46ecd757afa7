//! A file as a read-only mapping.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// A dump file, mapped into memory: opening costs nothing, and only what is looked at is read.
///
/// # Safety of the mapping
///
/// The bytes are those of the file, not a copy. While the mapping lives, no process may change or shorten the file:
/// changed bytes make reading them undefined behaviour in Rust's terms, and bytes that are cut off end the process with
/// a signal (`SIGBUS`, or an in-page error under Windows). Where that cannot be ruled out, as with files on a network
/// share or files that an untrusted party can write to, read the file into a `Vec<u8>` instead. Everything else of this
/// crate takes `&[u8]` and does not care.
///
/// # Examples
///
/// ```no_run
/// use userdump::{Dump, MappedFile};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = MappedFile::open("crash.dmp")?;
/// let dump = Dump::parse(&file)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MappedFile {
    /// `None` for an empty file, which cannot be mapped.
    map: Option<Mmap>,
}

impl MappedFile {
    /// Maps the file at `path`.
    ///
    /// # Errors
    ///
    /// What the system says, with the path in front.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = File::open(path).map_err(named)?;
        let metadata = file.metadata().map_err(named)?;
        if metadata.is_dir() {
            // Mapping it fails too, but the system's words for that are of devices.
            return Err(named(io::ErrorKind::IsADirectory.into()));
        }
        if metadata.len() == 0 {
            return Ok(Self { map: None });
        }
        // SAFETY: the mapping is read-only and shared with nobody through this type but as `&[u8]`. That the file does
        // not change meanwhile is the premise which the documentation of the type hands on to its users; no check can
        // establish it.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(named)?;
        Ok(Self { map: Some(map) })
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}
