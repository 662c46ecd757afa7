//! What is reported while a dump is written and afterwards.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::io;

/// Called with the amount of work done and the total.
pub(super) type Progress<'a> = Box<dyn FnMut(u64, u64) + Send + 'a>;

/// The result of writing a dump.
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
    /// How many of these bytes the kernel copied from file to file
    /// ([`Plan::write_to_file`](crate::write::Plan::write_to_file)); the others were written. File systems that share blocks
    /// do so within these bytes.
    pub bytes_by_kernel: u64,
}

/// A run of zeros in a memory range, in place of bytes that could not be read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Shortfall {
    /// The address of the range.
    pub address: u64,
    /// The size of the range in bytes.
    pub size: u64,
    /// The offset of the zeros from the start of the range, in bytes.
    pub offset: u64,
    /// The number of missing bytes.
    pub missing: u64,
    /// The error of the reader; `None` if it ended early. Serialised as its text.
    #[cfg_attr(feature = "serde", serde(serialize_with = "error_as_text"))]
    pub error: Option<io::ErrorKind>,
}

/// The figures of compressed memory.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Compressed {
    /// The number of ranges, or parts of ranges.
    pub regions: u64,
    /// The number of buckets.
    pub buckets: u64,
    /// The uncompressed size in bytes.
    pub size: u64,
    /// The size of all buckets in bytes; before they are written, an upper bound.
    pub compressed_size: u64,
}

#[cfg(feature = "serde")]
fn error_as_text<S: serde::Serializer>(error: &Option<io::ErrorKind>, serializer: S) -> Result<S::Ok, S::Error> {
    match error {
        Some(kind) => serializer.collect_str(kind),
        None => serializer.serialize_none(),
    }
}
