//! Dumps in files that are read piece by piece: they read and re-encode like mapped ones, and what cannot be read is an
//! error and never other bytes.
//!
//! Every test that re-encodes by `Redumped` or walks by `support::walk` compares both ways as well.

mod cost;
mod equal;
mod faults;

use std::fs::File;
use std::io::Write;

use libtest_mimic::Trial;
use userdump::SourceFile;
use userdump::redump::Options;

use crate::support::redumped::parsed;

pub fn trials() -> Vec<Trial> {
    [cost::trials(), equal::trials(), faults::trials()].into_iter().flatten().collect()
}

/// Options by words; `--compress` compresses the memory.
fn options_of(words: &str) -> Options {
    match words.strip_suffix(" --compress") {
        Some(words) => parsed(words).compressed(),
        None => parsed(words),
    }
}

/// A file of the system with these bytes.
fn on_disk(bytes: &[u8]) -> (File, SourceFile) {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("it can be written");
    let source = SourceFile::new(file.try_clone().expect("a second handle")).expect("it is a regular file");
    (file, source)
}
