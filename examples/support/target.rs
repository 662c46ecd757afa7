//! The file that the result goes into: it appears whole or not at all, and nobody may read it who may not read the source.
//!
//! On Linux the bytes go into a file without a name, which the system takes away with the process, however that ends. It
//! gets its name when all is written; only if it replaces another file does it have a temporary name first, for the
//! moment between two system calls. Elsewhere, and on file systems that know no such files, it is a temporary file beside
//! the target, `.redump-*.tmp`: errors take it away, a signal that ends the process leaves it there, with the
//! permissions of the result.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// The file to be written.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    /// The option that allows to replace a file, and whether it is given.
    overwrite: (&'static str, bool),
    /// The file that is to be replaced.
    replaced: Option<Metadata>,
}

/// A file on its way to its name. It disappears unless it is published.
#[derive(Debug)]
pub enum Unpublished {
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(NamedTempFile),
}

impl Target {
    /// Refuses what must not be replaced. `overwrite` is the option that allows to replace a file, and whether it is given.
    pub fn new(path: &Path, overwrite: (&'static str, bool)) -> io::Result<Self> {
        let (path, replaced) = match fs::metadata(path) {
            Ok(found) if !found.is_file() => return Err(io::Error::other("not a regular file")),
            Ok(_) if !overwrite.1 => return Err(exists(overwrite.0)),
            Ok(found) if is_read_only(path, &found) => {
                let what = "it is read-only, and not replaced; make it writable or choose another name";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
            }
            // Where a link leads, so that it is the file that gets replaced and not the link.
            Ok(found) => (path.canonicalize()?, Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(path).is_ok() {
                    return Err(io::Error::other("a link that leads nowhere"));
                }
                (path.to_owned(), None)
            }
            Err(error) => return Err(error),
        };
        Ok(Self { path, overwrite, replaced })
    }

    /// True if there is a file to be replaced.
    pub fn replaces(&self) -> bool {
        self.replaced.is_some()
    }

    /// True if it is this file that is to be replaced.
    #[allow(dead_code)] // `batch` has another rule.
    pub fn is(&self, path: &Path) -> bool {
        self.replaces() && path.canonicalize().is_ok_and(|path| path == self.path)
    }

    /// Where the file is going to be; if it replaces another one, without links in the path.
    #[allow(dead_code)] // Only `batch` has a folder that it must stay in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in the same folder, with the permissions that the result is going to have.
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

    /// Waits until the bytes are on the disk if a file is going to be replaced: otherwise, a power failure could take both.
    pub fn settle(&self, file: &Unpublished) -> io::Result<()> {
        if self.replaces() { file.as_file().sync_all() } else { Ok(()) }
    }

    /// Gives the file the name of the target, in one step.
    pub fn publish(&self, file: Unpublished) -> io::Result<()> {
        let named = match file {
            #[cfg(target_os = "linux")]
            Unpublished::Unnamed(file) => match linux::link(&file, &self.path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if !self.overwrite.1 => return Err(exists(self.overwrite.0)),
                // A link replaces nothing, but a renamed file does.
                Err(_) => {
                    let named = temporary_name().make_in(self.folder(), |path| linux::link(&file, path))?;
                    return named.persist(&self.path).map_err(|error| error.error);
                }
                Ok(()) => return Ok(()),
            },
            Unpublished::Named(named) => named,
        };
        let published = if self.overwrite.1 { named.persist(&self.path) } else { named.persist_noclobber(&self.path) };
        published.map(drop).map_err(|error| error.error)
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
    io::Error::new(io::ErrorKind::AlreadyExists, format!("it exists; {option} overwrites it"))
}

fn temporary_name() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".redump-").suffix(".tmp");
    builder
}

/// True if the file says that nobody writes to it, which stops a superuser too, or the system says that we do not.
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

/// Files without a name.
#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

    /// `None` where there can be none, or where it could not get a name later.
    pub fn unnamed(folder: &Path, mode: u32) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = File::from(open(folder, flags, Mode::from_raw_mode(mode)).ok()?);
        fs::metadata(place(&file)).is_ok().then_some(file)
    }

    /// Gives the file a name that nothing has yet.
    pub fn link(file: &File, path: &Path) -> io::Result<()> {
        Ok(linkat(CWD, place(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
    }

    /// A name of the open file that any process may give to `linkat`; its other way needs privileges.
    fn place(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

/// A replaced file keeps its mode and, where that is allowed, its owner. A new one has the mode of the source, without
/// what the user's mask forbids, and is for its owner alone if the source is no file or has a list of who may do what.
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
    /// The mode to create the file with. The system takes off what the mask forbids.
    fn at_first(&self) -> u32 {
        use std::os::unix::fs::MetadataExt;
        match self.replaced {
            None if !self.source.is_file() => 0o600,
            None if self.has_access_list() => self.source.mode() & 0o700,
            None => self.source.mode() & 0o777,
            Some(_) => 0o600,
        }
    }

    /// Sets mode and owner, before a byte is in the file.
    fn settle(&self, file: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let model = self.replaced.unwrap_or(self.source);
        if self.replaced.is_some() && fchown(file, Some(model.uid()), Some(model.gid())).is_err() {
            // Whoever may not give files away may still choose among their own groups.
            let _ = fchown(file, None, Some(model.gid()));
        }
        let own = file.metadata()?;
        let mode = match self.replaced {
            Some(replaced) => replaced.mode() & 0o777,
            None => own.mode() & self.at_first(),
        };
        // In another group, nobody gets more than both the group and all others had.
        let both = mode >> 3 & mode & 0o7;
        let mode = if own.gid() == model.gid() { mode } else { mode & 0o700 | both << 3 | both };
        if own.mode() & 0o777 == mode {
            return Ok(());
        }
        match file.set_permissions(fs::Permissions::from_mode(mode)) {
            // On a file system without permissions, all files have those that it was mounted with.
            Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => {
                Ok(())
            }
            set => set,
        }
    }

    /// With an access control list, the bits of the group are the most that anybody on the list has, and not those of
    /// the group.
    fn has_access_list(&self) -> bool {
        #[cfg(target_os = "linux")]
        {
            use rustix::io::Errno;
            let found = rustix::fs::getxattr(self.input, "system.posix_acl_access", &mut [0u8; 64]);
            matches!(found, Ok(_) | Err(Errno::RANGE))
        }
        #[cfg(not(target_os = "linux"))]
        false
    }
}
