//! Dump files, mapped read-only or read into memory.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use crate::read::owned_dump::OwnedDump;
use crate::write::CopySource;

/// A dump file that is mapped into memory: opening it takes no time, and only the parts that are used are read.
///
/// # Safety of the mapping
///
/// The bytes are those of the file, not a copy. While the mapping exists, no process may modify or truncate the file:
/// if the bytes change, reading them is undefined behaviour in Rust; if the file is truncated, the process is
/// terminated by a signal (`SIGBUS`, or an in-page error on Windows). If this cannot be ruled out, for example for
/// files on a network share or files that an untrusted party can write to, use [`SourceFile`](crate::SourceFile) or
/// [`MappedFile::read`] instead.
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
    bytes: Bytes,
    metadata: Metadata,
}

#[derive(Debug)]
enum Bytes {
    Mapped(Mmap, File),
    /// Files that were read, or cannot be mapped.
    Owned(Vec<u8>),
}

impl MappedFile {
    /// The largest number of bytes, 4 GiB, that is read from a pipe or a device. These have no known size, and some
    /// never end. Save a larger dump as a file first, or read it with [`MappedFile::read_at_most`].
    pub const MAX_PIPE_SIZE: u64 = 1 << 32;

    /// Maps the file at `path`. Anything that cannot be mapped (a pipe, `/dev/stdin`, a device, an empty file) is read
    /// like in [`MappedFile::read`].
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, with the path in front.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let (file, metadata) = open(path)?;
        if size(&metadata).is_none() {
            return Self::from_reader(path, file, metadata, Self::MAX_PIPE_SIZE);
        }
        // SAFETY: the mapping is read-only, and this type gives access to it only as `&[u8]`. That the file does not
        // change in the meantime is a requirement that the documentation of the type passes on to its users; no check
        // can ensure it.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(|error| named(path, &error))?;
        Ok(Self { bytes: Bytes::Mapped(map, file), metadata })
    }

    /// Reads the file at `path` into memory instead of mapping it: for files on a network share, and for files that may
    /// be modified or truncated in the meantime. Pipes and devices are read to the end, up to
    /// [`MappedFile::MAX_PIPE_SIZE`].
    ///
    /// Later changes of the file have no effect. The cost is memory for the entire file and the time to read it, even
    /// if only a small part of it is used. If the file shrinks while it is read, the result has the bytes that were
    /// read; if it grows, the result has its original size. If it is rewritten in the meantime, the result may be a
    /// mixture, which is treated like any damaged dump.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, with the path in front; [`OutOfMemory`](io::ErrorKind::OutOfMemory)
    /// if the file does not fit into memory, [`FileTooLarge`](io::ErrorKind::FileTooLarge) if a pipe exceeds the limit,
    /// and [`InvalidData`](io::ErrorKind::InvalidData) if a pipe or device begins with 64 KiB of zeros, like
    /// `/dev/zero`.
    pub fn read(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let (file, metadata) = open(path)?;
        let limit = size(&metadata).unwrap_or(Self::MAX_PIPE_SIZE);
        Self::from_reader(path, file, metadata, limit)
    }

    /// Reads the file at `path` into memory like [`MappedFile::read`], but at most `limit` bytes, for files as well as
    /// for pipes.
    ///
    /// # Errors
    ///
    /// The same as [`MappedFile::read`]; [`FileTooLarge`](io::ErrorKind::FileTooLarge) also if a file exceeds the
    /// limit.
    pub fn read_at_most(path: impl AsRef<Path>, limit: u64) -> io::Result<Self> {
        let path = path.as_ref();
        let (file, metadata) = open(path)?;
        match size(&metadata) {
            Some(size) if size > limit => Err(too_long(path, limit)),
            known => Self::from_reader(path, file, metadata, known.unwrap_or(limit)),
        }
    }

    /// Reads `limit` bytes of a file with a known size, or everything from a source of unknown size.
    fn from_reader(path: &Path, mut file: File, metadata: Metadata, limit: u64) -> io::Result<Self> {
        let with_path = |error: io::Error| named(path, &error);
        let out_of_memory = || named(path, &io::ErrorKind::OutOfMemory.into());
        let size = size(&metadata);
        let mut bytes = Vec::new();
        let known = usize::try_from(size.unwrap_or(0)).map_err(|_| out_of_memory())?;
        bytes.try_reserve_exact(known).map_err(|_| out_of_memory())?;
        let mut left = limit;
        while left > 0 {
            let step = if size.is_some() { left } else { left.min((bytes.len() as u64).max(1 << 16)) };
            let additional = usize::try_from(step).map_err(|_| out_of_memory())?;
            bytes.try_reserve(additional).map_err(|_| out_of_memory())?;
            let read = file.by_ref().take(step).read_to_end(&mut bytes).map_err(with_path)? as u64;
            if read < step {
                return Ok(Self { bytes: Bytes::Owned(bytes), metadata });
            }
            left = left.saturating_sub(read);
            if size.is_none() && bytes.iter().all(|byte| *byte == 0) {
                let text = format!("{}: all zeros up to 0x{:x}, so it is not a dump", path.display(), bytes.len());
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
        // The size of a file is the one at the time it was opened. For other sources, one more byte exceeds the limit.
        if size.is_none() && file.read(&mut [0]).map_err(with_path)? > 0 {
            return Err(too_long(path, limit));
        }
        Ok(Self { bytes: Bytes::Owned(bytes), metadata })
    }

    /// Returns the metadata of the file at the time it was opened. A dump is as confidential as the process it was made
    /// from, so a program that writes a result should give it the permissions of the source.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns the mapping with its file, from which [`Plan::write_to_file`](crate::write::Plan::write_to_file) copies.
    /// `None` if the bytes were read.
    #[must_use]
    pub fn copy_source(&self) -> Option<CopySource<'_>> {
        match &self.bytes {
            Bytes::Mapped(map, file) => Some(CopySource::new(map, file)),
            Bytes::Owned(_) => None,
        }
    }
}

/// Opens a file, and returns it with its metadata.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let metadata = file.metadata().map_err(|error| named(path, &error))?;
    if metadata.is_dir() {
        // Mapping a directory fails as well, but the error message of the system mentions devices.
        return Err(named(path, &io::ErrorKind::IsADirectory.into()));
    }
    Ok((file, metadata))
}

/// Returns the size in bytes if the system knows it. For pipes and devices the reported size has another meaning, and
/// files that the system generates when they are read, such as those of `/proc`, report 0.
fn size(metadata: &Metadata) -> Option<u64> {
    Some(metadata.len()).filter(|size| *size > 0 && metadata.is_file())
}

fn too_long(path: &Path, limit: u64) -> io::Error {
    let text = format!("{}: larger than the limit of {limit} bytes", path.display());
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map, _) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl OwnedDump<MappedFile> {
    /// Maps the file at `path` with [`MappedFile::open`], whose documentation states a requirement, and parses it with
    /// [`OwnedDump::new`].
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, or [`io::ErrorKind::InvalidData`] if the file is not a dump, with the
    /// path in front. Programs that need the [`ReadError`](crate::ReadError) can call these two functions themselves.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn main() -> std::io::Result<()> {
    /// let dump = userdump::OwnedDump::open("crash.dmp")?;
    /// println!("{} threads", dump.dump().threads().count());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        Self::new(MappedFile::open(path)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))
    }
}
