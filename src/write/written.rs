//! What is said of a dump while it is written and afterwards.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::io;

/// Is told how much of the work is done, and how much there is.
pub(super) type Progress<'a> = Box<dyn FnMut(u64, u64) + Send + 'a>;

/// What was written.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Written {
    /// The size of the file in bytes.
    pub size: u64,
    /// Runs of zeros in place of memory that could not be read, in the order in which they were written.
    pub shortfalls: Vec<Shortfall>,
    /// The memory, if it was compressed: [`MinidumpBuilder::compressed`](crate::write::MinidumpBuilder::compressed).
    pub compressed: Option<Compressed>,
}

/// A run of zeros in a memory range, in place of bytes that could not be read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Shortfall {
    /// The range's address.
    pub address: u64,
    /// The range's size in bytes.
    pub size: u64,
    /// Where the zeros start, in bytes from the start of the range.
    pub offset: u64,
    /// The number of zeros in bytes.
    pub missing: u64,
    /// The error of the reader; `None` if it ended early. Serialised as its text.
    #[cfg_attr(feature = "serde", serde(serialize_with = "error_as_text"))]
    pub error: Option<io::ErrorKind>,
}

/// Compressed memory of a dump, in numbers.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Compressed {
    /// How many ranges, or parts of ranges, there are.
    pub regions: u64,
    /// How many buckets they are in.
    pub buckets: u64,
    /// The memory in bytes.
    pub size: u64,
    /// The bytes of all buckets; before they are written, the most that these can be.
    pub compressed_size: u64,
}

#[cfg(feature = "serde")]
fn error_as_text<S: serde::Serializer>(error: &Option<io::ErrorKind>, serializer: S) -> Result<S::Ok, S::Error> {
    match error {
        Some(kind) => serializer.collect_str(kind),
        None => serializer.serialize_none(),
    }
}
