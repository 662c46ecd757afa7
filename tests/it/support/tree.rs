//! The location of the sources: the tests are a separate package in the repository.

use std::path::{Path, PathBuf};

/// A path in the repository: `src/format`.
pub fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
