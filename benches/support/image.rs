//! A file system that shares blocks, in an image.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// An image with XFS that is mounted until this is dropped.
pub struct Image(TempDir);

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|ran| ran.status.success())
}

impl Image {
    /// Mounts a new image of this size, which takes no more room than the files in it. `None`, and a line of text, if that
    /// is not possible here: it takes Linux, `mkfs.xfs`, loop devices and root.
    pub fn xfs(size: u64) -> Option<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the scratch folder exists");
        let (file, point) = (folder.path().join("image"), folder.path().join("mounted"));
        fs::create_dir(&point).expect("the scratch folder can be written");
        File::create(&file).and_then(|file| file.set_len(size)).expect("the scratch folder can be written");
        let is_mounted = succeeds(Command::new("mkfs.xfs").arg("-q").arg(&file))
            && succeeds(Command::new("mount").args(["-o", "loop"]).arg(&file).arg(&point));
        if !is_mounted {
            println!("clone: skipped, because an image with XFS cannot be mounted here");
        }
        is_mounted.then_some(Self(folder))
    }

    pub fn folder(&self) -> PathBuf {
        self.0.path().join("mounted")
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        succeeds(Command::new("umount").arg(self.folder()));
    }
}

/// Waits until a file is on the disk, because sharing its blocks waits for that.
pub fn settle(path: &Path) {
    File::open(path).and_then(|file| file.sync_all()).expect("the file can be written");
}
