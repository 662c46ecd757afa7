//! What is said of a dump while it is written and afterwards.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Is told how much of the work is done, and how much there is.
pub(super) type Progress<'a> = Box<dyn FnMut(u64, u64) + Send + 'a>;

/// What was written.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Written {
    /// The size of the file in bytes.
    pub size: u64,
    /// The ranges whose readers ended early and were filled up with zeros.
    pub shortfalls: Vec<Shortfall>,
    /// The memory, if it was compressed: [`MinidumpBuilder::compressed`](crate::write::MinidumpBuilder::compressed).
    pub compressed: Option<Compressed>,
}

/// A memory range that holds zeros in place of bytes that its reader did not give.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Shortfall {
    /// The range's address.
    pub address: u64,
    /// The range's size in bytes.
    pub size: u64,
    /// How many bytes the reader gave.
    pub available: u64,
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
