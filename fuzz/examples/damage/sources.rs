//! The dumps to damage.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use crate::numbers::Numbers;

/// Maximum number of bytes that is used of a file. The memory of this program must stay small, because a child process
/// counts it as its own until it executes its program.
const LARGEST: u64 = 4 << 20;

/// Files by name and size. They are read on demand.
#[derive(Debug)]
pub struct Sources(Vec<(PathBuf, u64)>);

impl Sources {
    pub fn new(paths: impl Iterator<Item = PathBuf>) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            let size = fs::metadata(&path).map_err(|error| named(&path, &error))?.len();
            files.push((path, size));
        }
        if files.is_empty() { Err(io::Error::other("no dump is given")) } else { Ok(Self(files)) }
    }

    /// Returns one of the dumps. Larger ones are chosen less often.
    pub fn pick(&self, numbers: &mut Numbers) -> io::Result<(PathBuf, Vec<u8>)> {
        let seldom = |size: u64| match size {
            0..=0xffff => 1,
            0x1_0000..=0x3_ffff => 8,
            0x4_0000..=0x1f_ffff => 64,
            _ => 512,
        };
        let (path, _) = loop {
            let file = &self.0[numbers.below(self.0.len())];
            if numbers.once_in(seldom(file.1)) {
                break file;
            }
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| named(path, &error))?;
        file.take(LARGEST).read_to_end(&mut bytes).map_err(|error| named(path, &error))?;
        Ok((path.clone(), bytes))
    }
}

pub fn named(path: &std::path::Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
