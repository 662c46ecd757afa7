//! Opens files that are read piece by piece.

#[cfg(any(unix, windows))]
use std::any::Any;
#[cfg(any(unix, windows))]
use std::fs::{File, Metadata};
use std::io;
#[cfg(any(unix, windows))]
use std::path::Path;
#[cfg(any(unix, windows))]
use std::time::SystemTime;

use crate::error::SourceFault;
use crate::read::source::SourceFile;
use crate::read::source::file::Positioned;
use crate::write::ReadAt;

impl SourceFile {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, or [`io::ErrorKind::InvalidInput`] if it is not a regular file, with the
    /// path in front. Pipes and devices can be read with `MappedFile::read`.
    #[cfg(any(unix, windows))]
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        File::open(path)
            .and_then(Self::new)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }

    /// Reads an opened file. Its cursor is not used on Unix; on Windows, every read moves it.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, or [`io::ErrorKind::InvalidInput`] if it is not a regular file.
    #[cfg(any(unix, windows))]
    pub fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let reason = "not a regular file, so it has no positions to read from";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let size = metadata.len();
        Ok(Self::of(Box::new(Opened { modified: modified(&metadata), size, file }), size))
    }

    /// Reads `size` bytes of any source that can be read at positions, for example an object in a store. The addresses
    /// that the source is asked for are positions from its start.
    pub fn from_read_at(size: u64, source: impl ReadAt + Send + Sync + 'static) -> Self {
        Self::of(Box::new(Other(source)), size)
    }

    /// Returns the opened file; `None` for other sources.
    #[cfg(any(unix, windows))]
    #[must_use]
    pub fn file(&self) -> Option<&File> {
        self.as_any().downcast_ref()
    }
}

/// A file, and what the system said of it when it was opened.
#[cfg(any(unix, windows))]
struct Opened {
    file: File,
    size: u64,
    modified: Option<SystemTime>,
}

#[cfg(any(unix, windows))]
fn modified(metadata: &Metadata) -> Option<SystemTime> {
    metadata.modified().ok()
}

#[cfg(any(unix, windows))]
impl Positioned for Opened {
    fn fill(&self, offset: u64, buf: &mut [u8]) -> Result<(), (usize, SourceFault)> {
        filled(&self.file, offset, buf)
    }

    fn has_changed(&self) -> bool {
        let metadata = self.file.metadata();
        !metadata.is_ok_and(|metadata| metadata.len() == self.size && modified(&metadata) == self.modified)
    }

    fn as_any(&self) -> &dyn Any {
        &self.file
    }
}

/// A source other than a file.
struct Other<S>(S);

impl<S: ReadAt + Send + Sync + 'static> Positioned for Other<S> {
    fn fill(&self, offset: u64, buf: &mut [u8]) -> Result<(), (usize, SourceFault)> {
        filled(&self.0, offset, buf)
    }

    fn has_changed(&self) -> bool {
        false
    }

    #[cfg(any(unix, windows))]
    fn as_any(&self) -> &dyn Any {
        &()
    }
}

fn filled(source: &(impl ReadAt + ?Sized), offset: u64, buf: &mut [u8]) -> Result<(), (usize, SourceFault)> {
    let mut done = 0;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let room = rest.len();
        match source.read_at(offset.saturating_add(done as u64), rest) {
            Ok(0) => return Err((done, SourceFault::Shrunk)),
            Ok(count) => done += count.min(room),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error.into())),
        }
    }
    Ok(())
}
