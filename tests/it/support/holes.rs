//! Files with holes, which take no space on the disk.

use std::fs::File;
use std::io;
use std::path::Path;

/// Creates a file in which bytes that are never written take no space.
pub fn create(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    mark(path)?;
    Ok(file)
}

/// NTFS only leaves holes in files that are marked as sparse.
#[cfg(windows)]
fn mark(path: &Path) -> io::Result<()> {
    let status = std::process::Command::new("fsutil").args(["sparse", "setflag"]).arg(path).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("fsutil: {status}"))) }
}

#[cfg(not(windows))]
fn mark(_: &Path) -> io::Result<()> {
    Ok(())
}

/// True if files in the folder for tests can have holes.
pub fn are_supported() -> bool {
    const SIZE: u64 = 64 << 20;
    let Ok(folder) = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")) else { return false };
    let file = create(&folder.path().join("holes"));
    file.and_then(|file| file.set_len(SIZE).and_then(|()| file.metadata()))
        .is_ok_and(|metadata| takes_less(&metadata, SIZE))
}

#[cfg(unix)]
fn takes_less(metadata: &std::fs::Metadata, size: u64) -> bool {
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512 < size
}

/// The mark is enough.
#[cfg(not(unix))]
const fn takes_less(_: &std::fs::Metadata, _: u64) -> bool {
    true
}
