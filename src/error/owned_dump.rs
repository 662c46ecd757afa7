//! Why an owner of bytes does not own a dump.

use core::fmt;

use crate::error::ReadError;

/// Why bytes are not a dump, and the bytes.
#[derive(Clone)]
pub struct OwnedDumpError<B> {
    error: ReadError,
    bytes: B,
}

impl<B> OwnedDumpError<B> {
    pub(crate) const fn new(error: ReadError, bytes: B) -> Self {
        Self { error, bytes }
    }

    /// Why the bytes are not a dump.
    pub const fn error(&self) -> ReadError {
        self.error
    }

    /// Gives the owner of the bytes back.
    pub fn into_bytes(self) -> B {
        self.bytes
    }
}

impl<B> From<OwnedDumpError<B>> for ReadError {
    fn from(error: OwnedDumpError<B>) -> Self {
        error.error
    }
}

/// Prints the error, but no bytes.
impl<B> fmt::Debug for OwnedDumpError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedDumpError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<B> fmt::Display for OwnedDumpError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<B> core::error::Error for OwnedDumpError<B> {}
