//! The output file: it appears complete or not at all, and only users who may read the source may read it.
//!
//! On Linux, the result is written to an unnamed file, which the system removes when the process ends, however that
//! happens. The file gets its name when everything is written. Only if it replaces another file does it have a
//! temporary name between two system calls. On other systems, and on file systems without unnamed files, the result is
//! written to a temporary file next to the target, `.redump-*.tmp`. Errors remove it; a signal that ends the process
//! leaves it there, with the permissions of the result.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// The file to be written.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    /// The option that allows replacing a file, and whether it is given.
    overwrite: (&'static str, bool),
    /// The file that will be replaced.
    replaced: Option<Metadata>,
}

/// A file that does not have its name yet. It is removed unless it is published.
#[derive(Debug)]
pub enum Unpublished {
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(NamedTempFile),
}

impl Target {
    /// Fails if the file must not be replaced. `overwrite` is the option that allows replacing a file, and whether it is given.
    pub fn new(path: &Path, overwrite: (&'static str, bool)) -> io::Result<Self> {
        let (path, replaced) = match fs::metadata(path) {
            Ok(found) if !found.is_file() => return Err(io::Error::other("not a regular file")),
            Ok(_) if !overwrite.1 => return Err(exists(overwrite.0)),
            Ok(found) if is_read_only(path, &found) => {
                let what = "read-only file, not replaced; make it writable or choose another name";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
            }
            // Follows links, so that the file is replaced and not the link.
            Ok(found) => (followed(path)?, Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(path).is_ok() {
                    return Err(io::Error::other("broken link"));
                }
                (path.to_owned(), None)
            }
            Err(error) => return Err(error),
        };
        Ok(Self { path, overwrite, replaced })
    }

    /// True if a file will be replaced.
    pub fn replaces(&self) -> bool {
        self.replaced.is_some()
    }

    /// True if this is the file that will be replaced.
    pub fn is(&self, path: &Path) -> bool {
        self.replaces() && path.canonicalize().is_ok_and(|path| path == self.path)
    }

    /// The path of the result; if it replaces a file, without links.
    #[allow(dead_code)] // Only `batch` has a folder that it must stay in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates a file in the same folder, with the permissions that the result will have.
    pub fn create(&self, input: &Path, source: &Metadata) -> io::Result<Unpublished> {
        let permissions = Permissions { replaced: self.replaced.as_ref(), source, input };
        #[cfg(target_os = "linux")]
        if let Some(file) = linux::unnamed(self.folder(), permissions.at_first()) {
            permissions.settle(&file)?;
            return Ok(Unpublished::Unnamed(file));
        }
        #[cfg_attr(not(unix), allow(unused_mut))]
        let mut builder = temporary_name();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(permissions.at_first()));
        }
        let file = builder.tempfile_in(self.folder())?;
        permissions.settle(file.as_file())?;
        Ok(Unpublished::Named(file))
    }

    /// Waits until the bytes are on the disk if the source will be replaced; otherwise a power failure could destroy both. From
    /// a source that remains, the result can be made again, so replacing another file does not wait.
    pub fn settle(&self, file: &Unpublished, input: &Path) -> io::Result<()> {
        if self.is(input) { file.as_file().sync_all() } else { Ok(()) }
    }

    /// Gives the file the name of the target, atomically.
    pub fn publish(&self, file: Unpublished) -> io::Result<()> {
        let named = match file {
            #[cfg(target_os = "linux")]
            Unpublished::Unnamed(file) => match linux::link(&file, &self.path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if !self.overwrite.1 => return Err(exists(self.overwrite.0)),
                // A link cannot replace a file, but renaming can.
                Err(_) => {
                    let named = temporary_name().make_in(self.folder(), |path| linux::link(&file, path))?;
                    return named.persist(&self.path).map_err(|error| error.error);
                }
                Ok(()) => return Ok(()),
            },
            Unpublished::Named(named) => named,
        };
        let published = if self.overwrite.1 { named.persist(&self.path) } else { named.persist_noclobber(&self.path) };
        published.map(drop).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists if !self.overwrite.1 => exists(self.overwrite.0),
            _ => error.error,
        })
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

impl Unpublished {
    pub fn as_file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }
}

fn exists(option: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("file exists; use {option} to overwrite it"))
}

fn temporary_name() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".redump-").suffix(".tmp");
    builder
}

/// Follows links. Wine cannot do that if the path is long, and there is nothing to follow if it is that of a file.
fn followed(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize().or_else(|error| match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(path.to_owned()),
        _ => Err(error),
    })
}

/// True if the file is marked read-only, which also protects it from the superuser, or if we are not allowed to write
/// to it.
fn is_read_only(path: &Path, found: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, AtFlags, CWD, accessat};
        use rustix::io::Errno;
        let denied = [Errno::ACCESS, Errno::PERM, Errno::ROFS];
        if accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_err_and(|error| denied.contains(&error)) {
            return true;
        }
    }
    let _ = path;
    found.permissions().readonly()
}

/// Unnamed files.
#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

    /// Creates an unnamed file; returns `None` if that is not possible, or if it could not get a name later.
    pub fn unnamed(folder: &Path, mode: u32) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = File::from(open(folder, flags, Mode::from_raw_mode(mode)).ok()?);
        fs::metadata(place(&file)).is_ok().then_some(file)
    }

    /// Gives the file a name that is not in use.
    pub fn link(file: &File, path: &Path) -> io::Result<()> {
        Ok(linkat(CWD, place(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
    }

    /// Returns a path of the open file that any process may pass to `linkat`; the other method needs privileges.
    fn place(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

/// A replaced file keeps its mode and, if possible, its owner. A new file has the mode of the source without the bits
/// in the user's mask; only its owner may access it if the source is not a file or has an access control list.
#[cfg_attr(not(unix), allow(dead_code))] // Files have the permissions of their folder.
struct Permissions<'a> {
    replaced: Option<&'a Metadata>,
    source: &'a Metadata,
    input: &'a Path,
}

#[cfg(not(unix))]
impl Permissions<'_> {
    fn settle(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
impl Permissions<'_> {
    /// Returns the mode to create the file with. The system applies the mask.
    fn at_first(&self) -> u32 {
        use std::os::unix::fs::MetadataExt;
        match self.replaced {
            None if !self.source.is_file() => 0o600,
            None if self.has_access_list() => self.source.mode() & 0o700,
            None => self.source.mode() & 0o777,
            Some(_) => 0o600,
        }
    }

    /// Sets mode and owner before anything is written to the file.
    fn settle(&self, file: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let model = self.replaced.unwrap_or(self.source);
        if self.replaced.is_some() && fchown(file, Some(model.uid()), Some(model.gid())).is_err() {
            // Users who may not give files away may still choose one of their own groups.
            let _ = fchown(file, None, Some(model.gid()));
        }
        let own = file.metadata()?;
        let mode = match self.replaced {
            Some(replaced) => replaced.mode() & 0o777,
            None => own.mode() & self.at_first(),
        };
        // In another group, no user gets more than both the group and all others had.
        let both = mode >> 3 & mode & 0o7;
        let mode = if own.gid() == model.gid() { mode } else { mode & 0o700 | both << 3 | both };
        if own.mode() & 0o777 == mode {
            return Ok(());
        }
        match file.set_permissions(fs::Permissions::from_mode(mode)) {
            // On a file system without permissions, all files have the permissions of the mount.
            Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => {
                Ok(())
            }
            set => set,
        }
    }

    /// True if the file has an access control list. The group bits are then the most that any entry of the list allows,
    /// not the permissions of the group.
    fn has_access_list(&self) -> bool {
        #[cfg(target_os = "linux")]
        {
            use rustix::io::Errno;
            let found = rustix::fs::getxattr(self.input, "system.posix_acl_access", &mut [0u8; 64]);
            matches!(found, Ok(_) | Err(Errno::RANGE))
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = self.input;
            false
        }
    }
}
