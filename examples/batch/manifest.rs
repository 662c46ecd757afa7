//! The file with a line for each dump.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::arguments::Existing;

/// What each line starts with.
const START: &[u8] = b"{\"";

pub struct Manifest(File);

impl Manifest {
    /// A new one, or the old one that is replaced or continued. No other file is touched.
    pub fn open(path: &Path, existing: Existing) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        if existing == Existing::Fails {
            return Ok(Self(options.write(true).create_new(true).open(path)?));
        }
        let mut file = options.read(true).append(true).create(true).open(path)?;
        let mut start = Vec::new();
        Read::by_ref(&mut file).take(START.len() as u64).read_to_end(&mut start)?;
        if !start.is_empty() && start != START {
            return Err(io::Error::other("it exists and is not a manifest, so it stays as it is"));
        }
        if existing == Existing::IsReplaced {
            file.set_len(0)?;
        }
        Ok(Self(file))
    }

    /// Adds a line, in one call, so that a batch that is ended leaves whole lines.
    pub fn add(&mut self, line: &str) -> io::Result<()> {
        self.0.write_all(format!("{line}\n").as_bytes())
    }
}
