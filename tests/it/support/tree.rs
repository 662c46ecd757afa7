//! Where the sources are: the tests are a package of their own within them.

use std::path::{Path, PathBuf};

/// A path in the repository: `src/format`.
pub fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
