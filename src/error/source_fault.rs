//! Errors of a file that is read piece by piece.

use std::io;

/// The reason why bytes of a [`SourceFile`](crate::SourceFile) could not be read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SourceFault {
    /// The file was truncated after it was opened.
    #[error("the file is shorter than when it was opened")]
    Shrunk,
    /// The file was written to after it was opened.
    #[error("the file was changed after it was opened")]
    Changed,
    /// The limit for bytes of the file that are kept in memory is reached: see
    /// [`SourceFile::with_limit`](crate::SourceFile::with_limit).
    #[error("the limit for bytes of the file that are kept in memory is reached")]
    CacheFull,
    /// The operating system returned an error with this number.
    #[error("{}", io::Error::from_raw_os_error(*.0))]
    System(i32),
    /// The source of the bytes returned an error of this kind.
    #[error("{0}")]
    Other(io::ErrorKind),
}

impl From<io::Error> for SourceFault {
    fn from(error: io::Error) -> Self {
        error.raw_os_error().map_or_else(|| Self::Other(error.kind()), Self::System)
    }
}
