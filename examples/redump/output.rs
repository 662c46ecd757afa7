//! Where the result goes: into a file that appears whole or not at all, under the eyes of the user if it takes long.

use std::fs;
use std::io::{self, IoSlice, IsTerminal, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use tempfile::{Builder, NamedTempFile};

/// From this size on, in bytes, writing takes long enough to be watched.
const WATCHED: u64 = 64 << 20;
/// How many bytes are written between two looks at the progress bar.
const STEP: usize = 4 << 20;

/// The file to be written.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    overwrite: bool,
    /// Whether there is a file to be replaced.
    replaces: bool,
}

impl Target {
    /// Refuses what must not be replaced.
    pub fn new(path: &Path, overwrite: bool) -> io::Result<Self> {
        let (path, replaces) = match fs::metadata(path) {
            Ok(found) if !found.is_file() => return Err(io::Error::other("not a regular file")),
            Ok(_) if !overwrite => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists; /o overwrites it"));
            }
            // Where a link leads, so that it is the file that gets replaced and not the link.
            Ok(_) => (path.canonicalize()?, true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(path).is_ok() {
                    return Err(io::Error::other("a link that leads nowhere"));
                }
                (path.to_owned(), false)
            }
            Err(error) => return Err(error),
        };
        Ok(Self { path, overwrite, replaces })
    }

    /// True if there is a file to be replaced.
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// A temporary file in the same folder, which disappears unless it is published. Only a signal that ends the process
    /// leaves it there.
    pub fn create(&self) -> io::Result<NamedTempFile> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = Builder::new();
        builder.prefix(".redump-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As for any new file; the system takes off what the user's mask forbids.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder)
    }

    /// Waits until the bytes are on the disk if a file is going to be replaced: otherwise, a power failure could take both.
    pub fn settle(&self, file: &NamedTempFile) -> io::Result<()> {
        if self.replaces { file.as_file().sync_all() } else { Ok(()) }
    }

    /// Gives the temporary file the name of the target, in one step.
    pub fn publish(&self, file: NamedTempFile) -> io::Result<()> {
        let published = if self.overwrite { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        published.map(drop).map_err(|error| error.error)
    }
}

/// A progress bar for `size` bytes that are going to be written: hidden unless that takes long and somebody watches.
pub fn progress(size: u64) -> ProgressBar {
    if size < WATCHED || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    let bar = ProgressBar::new(size).with_finish(ProgressFinish::AndClear);
    style.map_or(ProgressBar::hidden(), |style| bar.with_style(style))
}

/// A sink that takes no more than a step at once: a large range would let the progress bar stand still.
pub struct Steps<W>(pub W);

impl<W: Write> Write for Steps<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(STEP)])
    }

    fn write_vectored(&mut self, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut size = 0;
        let fits = |run: &&IoSlice<'_>| {
            size += run.len();
            size <= STEP
        };
        match runs.iter().take_while(fits).count() {
            0 => self.write(runs.first().map_or(&[], |run| run)),
            count => self.0.write_vectored(&runs[..count]),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
