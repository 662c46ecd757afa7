//! A file whose bytes are read when they are needed.

use alloc::boxed::Box;
#[cfg(any(unix, windows))]
use core::any::Any;
use core::fmt;
use std::sync::OnceLock;

use crate::error::{ReadError, SourceFault};

use crate::read::source::block_cache::{BLOCK, BlockCache};
use crate::read::source::kept_bytes::KeptBytes;

/// Reads bytes of a file at positions, from several threads at once.
pub(crate) trait Positioned: Send + Sync {
    /// Fills the buffer with the bytes at `offset`, or returns the number of bytes that were read and the reason why
    /// there are no more.
    fn fill(&self, offset: u64, buf: &mut [u8]) -> Result<(), (usize, SourceFault)>;

    /// True if the file is known to have been changed since it was opened.
    fn has_changed(&self) -> bool;

    /// Returns the file itself.
    #[cfg(any(unix, windows))]
    fn as_any(&self) -> &dyn Any;
}

/// A dump file that is read piece by piece, without mapping it and without reading all of it.
///
/// Opening it costs one system call. Headers, lists and strings are read in blocks of 64 KiB when a view first needs
/// them, and kept as long as this value exists, because views borrow them. Memory of the process is not kept:
/// [`Memory::read`](crate::read::Memory::read) copies it from the file (small reads go through a cache of 4 MiB), and a
/// re-encoding passes it from one file to the other. Only memory that is borrowed
/// ([`Memory::slice`](crate::read::Memory::slice),
/// [`VisibleRange::bytes`](crate::read::memory::VisibleRange::bytes),
/// [`MemoryRange::bytes`](crate::read::MemoryRange::bytes)) is kept as well.
///
/// # Limits
///
/// Each of the two, the structures and the borrowed memory, takes at most [`SourceFile::DEFAULT_LIMIT`] bytes, or the
/// number given to [`SourceFile::with_limit`]. Beyond that, access fails with [`SourceFault::CacheFull`].
///
/// # Faults
///
/// If the file cannot be read, or has become shorter, methods that return errors return [`ReadError::Source`]. Where a view
/// has no way to return an error, the part is missing as if the file had been cut. In either case the first fault is
/// kept: [`SourceFile::fault`] returns it. A re-encoding fails if there is any fault, or if the file was changed while
/// it was read, and a check reports it. No access terminates the process by a signal, as a mapping would.
///
/// # Examples
///
/// ```no_run
/// use userdump::{Dump, SourceFile};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = SourceFile::open("//server/share/crash.dmp")?;
/// let dump = Dump::from_source(&file)?;
/// for module in dump.modules() {
///     println!("{:#x} {}", module.base(), module.name()?);
/// }
/// if let Some(fault) = file.fault() {
///     return Err(fault.into());
/// }
/// # Ok(())
/// # }
/// ```
pub struct SourceFile {
    reader: Box<dyn Positioned>,
    size: u64,
    /// Structures.
    kept: KeptBytes,
    /// Memory of the process that was borrowed.
    lent: KeptBytes,
    recent: BlockCache,
    fault: OnceLock<ReadError>,
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut file = f.debug_struct("SourceFile");
        file.field("size", &self.size).field("fault", &self.fault()).finish_non_exhaustive()
    }
}

impl SourceFile {
    /// The default limit in bytes for the structures that are kept, and for the memory that is: 256 MiB each.
    pub const DEFAULT_LIMIT: u64 = 256 << 20;

    pub(crate) fn of(reader: Box<dyn Positioned>, size: u64) -> Self {
        let limit = Self::DEFAULT_LIMIT;
        let (kept, lent) = (KeptBytes::new(limit), KeptBytes::new(limit));
        Self { reader, size, kept, lent, recent: BlockCache::new(), fault: OnceLock::new() }
    }

    /// Changes the limits for the structures and the memory that are kept, in bytes each.
    #[must_use]
    pub fn with_limit(self, limit: u64) -> Self {
        Self { kept: KeptBytes::new(limit), lent: KeptBytes::new(limit), ..self }
    }

    /// Returns the size of the file in bytes, at the time it was opened.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the first fault of reading the file; `None` if everything that was needed could be read.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        self.fault.get().copied()
    }

    /// Like [`SourceFile::fault`], but asks the system whether the file was changed since it was opened.
    #[must_use]
    pub fn verify(&self) -> Option<ReadError> {
        if self.fault().is_none() && self.reader.has_changed() {
            let (needed, fault) = (self.size, SourceFault::Changed);
            self.note(ReadError::Source { what: "file", offset: 0, needed, available: 0, fault });
        }
        self.fault()
    }

    /// Returns the file itself.
    #[cfg(any(unix, windows))]
    pub(crate) fn as_any(&self) -> &dyn Any {
        self.reader.as_any()
    }

    /// Keeps the fault, unless there was one before.
    pub(crate) fn note(&self, fault: ReadError) {
        // Another thread may have found one.
        let _ = self.fault.set(fault);
    }

    /// Returns bytes of a structure. They must be within the file.
    pub(crate) fn kept(&self, what: &'static str, offset: u64, size: u64) -> Result<&[u8], ReadError> {
        let bytes = self.kept.get((offset, size), self.size, |offset, buf| self.fill(what, offset, buf));
        bytes.map_err(|fault| self.error(what, (offset, size), fault))
    }

    /// Returns bytes of memory. They must be within the file.
    pub(crate) fn lent(&self, what: &'static str, offset: u64, size: u64) -> Result<&[u8], ReadError> {
        let bytes = self.lent.get((offset, size), self.size, |offset, buf| self.fill(what, offset, buf));
        bytes.map_err(|fault| self.error(what, (offset, size), fault))
    }

    /// Copies bytes, which must be within the file.
    pub(crate) fn copy(&self, what: &'static str, offset: u64, buf: &mut [u8]) -> Result<(), ReadError> {
        let of = (offset, buf.len() as u64);
        if of.1 >= BLOCK {
            return self.fill(what, offset, buf).map_err(|fault| self.error(what, of, fault));
        }
        let (mut at, mut rest) = (offset, buf);
        while !rest.is_empty() && at < self.size {
            let copied = self.recent.copy(at, rest, self.size, |offset, buf| self.fill(what, offset, buf));
            let count = copied.map_err(|fault| self.error(what, of, fault))?;
            at += count as u64;
            rest = rest.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn fill(&self, what: &'static str, offset: u64, buf: &mut [u8]) -> Result<(), SourceFault> {
        self.reader.fill(offset, buf).map_err(|(count, fault)| {
            let (needed, available) = (buf.len() as u64, count as u64);
            self.note(ReadError::Source { what, offset, needed, available, fault });
            fault
        })
    }

    /// Returns the error for bytes that could not be read. What the system says of them has been noted.
    fn error(&self, what: &'static str, (offset, needed): (u64, u64), fault: SourceFault) -> ReadError {
        let noted = self.fault().filter(|_| !matches!(fault, SourceFault::CacheFull));
        let available = match noted {
            // The end of what could be read, if it is in these bytes.
            Some(ReadError::Source { offset: from, available, .. }) => {
                from.saturating_add(available).saturating_sub(offset).min(needed)
            }
            _ => 0,
        };
        ReadError::Source { what, offset, needed, available, fault }
    }
}
