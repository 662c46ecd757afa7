//! The manifest: a file with one line for each dump.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::arguments::Existing;

/// The bytes that each line starts with.
const START: &[u8] = b"{\"";

pub struct Manifest(File);

impl Manifest {
    /// Creates a manifest, or opens an existing one to replace or continue it. Fails if the existing file is not a manifest.
    pub fn open(path: &Path, existing: Existing) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        if existing == Existing::Fails {
            return Ok(Self(options.write(true).create_new(true).open(path)?));
        }
        let mut file = options.read(true).append(true).create(true).open(path)?;
        let mut start = Vec::new();
        Read::by_ref(&mut file).take(START.len() as u64).read_to_end(&mut start)?;
        if !start.is_empty() && start != START {
            return Err(io::Error::other("file exists and is not a manifest; it was not changed"));
        }
        if existing == Existing::IsReplaced {
            file.set_len(0)?;
        }
        Ok(Self(file))
    }

    /// Appends a line in one write, so that a batch that is killed leaves only complete lines.
    pub fn add(&mut self, line: &str) -> io::Result<()> {
        self.0.write_all(format!("{line}\n").as_bytes())
    }
}
