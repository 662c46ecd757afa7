//! Methods of errors for programs.

use crate::error::{BucketFault, ReadError};

impl ReadError {
    /// Returns true if bytes are missing: the file was truncated, or refers to an offset beyond its end.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        matches!(self, Self::Truncated { .. })
    }

    /// Returns true if the input may be valid but this version cannot read it.
    #[must_use]
    pub const fn is_unsupported(&self) -> bool {
        let is_missing = matches!(self, Self::Bucket { fault: BucketFault::FeatureMissing, .. });
        is_missing || matches!(self, Self::Unsupported { .. } | Self::OtherFormat { .. })
    }

    /// Returns the file offset of the error.
    #[must_use]
    pub const fn offset(&self) -> Option<u64> {
        match *self {
            Self::Truncated { offset, .. }
            | Self::Size { offset, .. }
            | Self::SizeDiffers { offset, .. }
            | Self::Overflow { offset, .. }
            | Self::Cycle { offset, .. }
            | Self::BudgetSpent { offset, .. }
            | Self::MemoryShared { offset, .. }
            | Self::PartShared { offset, .. }
            | Self::NotUtf16 { offset, .. }
            | Self::Bucket { offset, .. } => Some(offset),
            #[cfg(feature = "std")]
            Self::Source { offset, .. } => Some(offset),
            Self::Signature { .. }
            | Self::Version { .. }
            | Self::Empty
            | Self::Zeros { .. }
            | Self::OtherFormat { .. } => Some(0),
            Self::Unsupported { .. } | Self::Compressed { .. } => None,
        }
    }
}
