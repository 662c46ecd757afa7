//! The dump that a program reads: mapped, or read piece by piece.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use userdump::write::CopySource;
use userdump::{AsSource, MappedFile, ReadError, Source, SourceFile};

/// An opened file.
#[derive(Debug)]
pub enum Opened {
    /// Mapped, or a pipe or device that was read into memory.
    InMemory(MappedFile),
    /// Read piece by piece.
    File(SourceFile, Metadata),
}

impl Opened {
    /// Opens the file at `path`. With `read`, it is not mapped, and refused if it has more than `limit` bytes. Errors
    /// include the path.
    pub fn open(path: &Path, read: bool, limit: Option<u64>) -> io::Result<Self> {
        if !read {
            return MappedFile::open(path).map(Self::InMemory);
        }
        // Files that the system makes up, such as those of `/proc`, have the size 0.
        if !fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0) {
            let file = limit.map_or_else(|| MappedFile::read(path), |limit| MappedFile::read_at_most(path, limit));
            return file.map(Self::InMemory);
        }
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = SourceFile::open(path)?;
        let metadata = file.file().map_or_else(|| fs::metadata(path), |file| file.metadata()).map_err(named)?;
        if let Some(limit) = limit.filter(|limit| file.size() > *limit) {
            let text = format!("larger than the limit of {limit} bytes");
            return Err(named(io::Error::new(io::ErrorKind::FileTooLarge, text)));
        }
        Ok(Self::File(file, metadata))
    }

    /// The metadata of the file at the time it was opened.
    #[allow(dead_code)] // `dumpchk` and `compare` write no file.
    pub const fn metadata(&self) -> &Metadata {
        match self {
            Self::InMemory(file) => file.metadata(),
            Self::File(_, metadata) => metadata,
        }
    }
}

impl Opened {
    /// The mapping with its file, which the kernel can copy from. A file that is read piece by piece needs none.
    #[allow(dead_code)] // `dumpchk` and `compare` write no file.
    pub fn copy_source(&self) -> Option<CopySource<'_>> {
        match self {
            Self::InMemory(file) => file.copy_source(),
            Self::File(..) => None,
        }
    }
}

impl Opened {
    /// What could not be read, or was changed since the file was opened. A mapping cannot tell.
    #[allow(dead_code)] // Checks and re-encodings report it themselves; only `compare` does neither.
    pub fn fault(&self) -> Option<ReadError> {
        match self {
            Self::InMemory(_) => None,
            Self::File(file, _) => file.verify(),
        }
    }
}

impl AsSource for Opened {
    fn as_source(&self) -> Source<'_> {
        match self {
            Self::InMemory(file) => file.as_source(),
            Self::File(file, _) => file.as_source(),
        }
    }
}
