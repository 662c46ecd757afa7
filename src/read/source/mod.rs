//! Where the bytes of a dump come from: a slice, or a file that is read piece by piece.

#[cfg(feature = "std")]
pub(crate) mod block_cache;
#[cfg(feature = "std")]
pub(crate) mod file;
#[cfg(feature = "std")]
pub(crate) mod kept_bytes;
#[cfg(not(feature = "std"))]
pub(crate) mod no_file;

use core::fmt;

#[cfg(feature = "std")]
pub use file::SourceFile;
#[cfg(not(feature = "std"))]
pub(crate) use no_file::SourceFile;

/// The bytes of a dump: in memory, or in a file that is read piece by piece.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// All bytes, from a mapping or from anything else that can be borrowed.
    Bytes(&'a [u8]),
    /// An opened file.
    #[cfg(feature = "std")]
    File(&'a SourceFile),
}

impl Source<'_> {
    /// No bytes.
    pub(crate) const NOTHING: Source<'static> = Source::Bytes(&[]);

    /// Returns the number of bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            #[cfg(feature = "std")]
            Self::File(file) => file.size(),
        }
    }
}

/// Prints the size, not the bytes.
impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            #[cfg(feature = "std")]
            Self::File(file) => write!(f, "File({} bytes)", file.size()),
        }
    }
}

impl<'a> From<&'a [u8]> for Source<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

#[cfg(feature = "std")]
impl<'a> From<&'a SourceFile> for Source<'a> {
    fn from(file: &'a SourceFile) -> Self {
        Self::File(file)
    }
}

/// Anything that owns or borrows the bytes of a dump: everything that is `AsRef<[u8]>`, and
/// `SourceFile`.
pub trait AsSource {
    /// Returns the bytes.
    fn as_source(&self) -> Source<'_>;
}

impl<B: AsRef<[u8]> + ?Sized> AsSource for B {
    fn as_source(&self) -> Source<'_> {
        Source::Bytes(self.as_ref())
    }
}

impl AsSource for Source<'_> {
    fn as_source(&self) -> Source<'_> {
        *self
    }
}

#[cfg(feature = "std")]
impl AsSource for SourceFile {
    fn as_source(&self) -> Source<'_> {
        Source::File(self)
    }
}
