//! A file as a read-only mapping, or read into memory where a mapping is too dangerous.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use crate::read::owned_dump::OwnedDump;

/// A dump file, mapped into memory: opening costs nothing, and only what is looked at is read.
///
/// # Safety of the mapping
///
/// The bytes are those of the file, not a copy. While the mapping lives, no process may change or shorten the file:
/// changed bytes make reading them undefined behaviour in Rust's terms, and bytes that are cut off end the process with
/// a signal (`SIGBUS`, or an in-page error under Windows). Where that cannot be ruled out, as with files on a network
/// share or files that an untrusted party can write to, use [`MappedFile::read`] instead. Everything else of this crate
/// takes `&[u8]` and does not care.
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
    Mapped(Mmap),
    /// Also of what cannot be mapped.
    Owned(Vec<u8>),
}

impl MappedFile {
    /// So many bytes, 4 GiB, are read of a pipe or a device, which does not say how many come: some never end. A longer
    /// dump has to be saved as a file first, or read with [`MappedFile::read_at_most`].
    pub const MOST_OF_A_PIPE: u64 = 1 << 32;

    /// Maps the file at `path`. What cannot be mapped (a pipe, `/dev/stdin`, a device, an empty file) is read, as
    /// [`MappedFile::read`] does.
    ///
    /// # Errors
    ///
    /// What the system says, with the path in front.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let (file, metadata) = open(path)?;
        if size(&metadata).is_none() {
            return Self::of_reader(path, file, metadata, Self::MOST_OF_A_PIPE);
        }
        // SAFETY: the mapping is read-only and shared with nobody through this type but as `&[u8]`. That the file does
        // not change meanwhile is the premise which the documentation of the type hands on to its users; no check can
        // establish it.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(|error| named(path, &error))?;
        Ok(Self { bytes: Bytes::Mapped(map), metadata })
    }

    /// Reads the file at `path` into memory in place of mapping it: for files on a network share, and files that somebody
    /// may change or shorten meanwhile. Pipes and devices are read to their end, [`MappedFile::MOST_OF_A_PIPE`] at most.
    ///
    /// What happens to the file afterwards does not matter; the price is memory for all of it, and the time to read all
    /// of it even where little is looked at. A file that shrinks while it is read gives the bytes that were there, one
    /// that grows those that it had at first. One that is rewritten meanwhile may give a mixture, which is read like any
    /// damaged dump.
    ///
    /// # Errors
    ///
    /// What the system says, with the path in front; [`OutOfMemory`](io::ErrorKind::OutOfMemory) for a file that does not
    /// fit, [`FileTooLarge`](io::ErrorKind::FileTooLarge) for a pipe that goes on, and
    /// [`InvalidData`](io::ErrorKind::InvalidData) for one that begins with 64 KiB of zeros, as `/dev/zero` does.
    pub fn read(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let (file, metadata) = open(path)?;
        let limit = size(&metadata).unwrap_or(Self::MOST_OF_A_PIPE);
        Self::of_reader(path, file, metadata, limit)
    }

    /// As [`MappedFile::read`], but refuses more than `limit` bytes, also of a file.
    ///
    /// # Errors
    ///
    /// As there; [`FileTooLarge`](io::ErrorKind::FileTooLarge) also for a file.
    pub fn read_at_most(path: impl AsRef<Path>, limit: u64) -> io::Result<Self> {
        let path = path.as_ref();
        let (file, metadata) = open(path)?;
        match size(&metadata) {
            Some(size) if size > limit => Err(too_long(path, limit)),
            known => Self::of_reader(path, file, metadata, known.unwrap_or(limit)),
        }
    }

    /// Reads `limit` bytes of a file that has so many, or to the end of what does not say how long it is.
    fn of_reader(path: &Path, mut file: File, metadata: Metadata, limit: u64) -> io::Result<Self> {
        let of_path = |error: io::Error| named(path, &error);
        let out_of_memory = || named(path, &io::ErrorKind::OutOfMemory.into());
        let size = size(&metadata);
        let mut bytes = Vec::new();
        let known = usize::try_from(size.unwrap_or(0)).map_err(|_| out_of_memory())?;
        bytes.try_reserve_exact(known).map_err(|_| out_of_memory())?;
        let mut left = limit;
        while left > 0 {
            let step = if size.is_some() { left } else { left.min((bytes.len() as u64).max(1 << 16)) };
            let room = usize::try_from(step).map_err(|_| out_of_memory())?;
            bytes.try_reserve(room).map_err(|_| out_of_memory())?;
            let read = file.by_ref().take(step).read_to_end(&mut bytes).map_err(of_path)? as u64;
            if read < step {
                return Ok(Self { bytes: Bytes::Owned(bytes), metadata });
            }
            left = left.saturating_sub(read);
            if size.is_none() && bytes.iter().all(|byte| *byte == 0) {
                let text = format!("{}: all zeros up to 0x{:x}, so it is not a dump", path.display(), bytes.len());
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
        // The size of a file is what it was when it was opened, of anything else one byte more is too much.
        if size.is_none() && file.read(&mut [0]).map_err(of_path)? > 0 {
            return Err(too_long(path, limit));
        }
        Ok(Self { bytes: Bytes::Owned(bytes), metadata })
    }

    /// What the system said of the file when it was opened. A dump is as secret as the process it was made of, so
    /// whoever writes a result gives it the permissions of its source.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// The file and what the system says of it.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let metadata = file.metadata().map_err(|error| named(path, &error))?;
    if metadata.is_dir() {
        // Mapping it fails too, but the system's words for that are of devices.
        return Err(named(path, &io::ErrorKind::IsADirectory.into()));
    }
    Ok((file, metadata))
}

/// The size in bytes, if the system knows it: a pipe or device reports what is nothing of the kind, and files that the
/// system makes up while they are read, as those of `/proc`, report 0.
fn size(metadata: &Metadata) -> Option<u64> {
    Some(metadata.len()).filter(|size| *size > 0 && metadata.is_file())
}

fn too_long(path: &Path, limit: u64) -> io::Error {
    let text = format!("{}: more than {limit} bytes, which is the limit", path.display());
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
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
    /// Maps the file at `path` and parses it: [`MappedFile::open`], with the premise that its documentation names, and
    /// [`OwnedDump::new`].
    ///
    /// # Errors
    ///
    /// What the system says, or [`io::ErrorKind::InvalidData`] if the file is not a dump, with the path in front. A program
    /// that wants the [`ReadError`](crate::ReadError) calls these two itself.
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
