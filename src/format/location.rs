//! File offsets (RVAs) and location descriptors.

/// An offset in the dump file, in bytes from the start of the file.
///
/// "RVA" stands for "relative virtual address", but the value is unrelated to addresses in an image.
#[doc(alias = "RVA")]
pub type Rva = u32;

/// An offset in the dump file, in bytes from the start of the file, for files larger than 4 GiB.
#[doc(alias = "RVA64")]
pub type Rva64 = u64;

/// The width of a field that holds a file offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RvaWidth {
    /// 32 bits.
    Rva,
    /// 64 bits.
    Rva64,
}

impl RvaWidth {
    /// Returns the width in bytes.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Rva => 4,
            Self::Rva64 => 8,
        }
    }
}

structure! {
    /// The size and the file offset of a part of the dump.
    #[doc(alias = "MINIDUMP_LOCATION_DESCRIPTOR")]
    pub struct LocationDescriptor {
        /// Size in bytes; 0 if the part is absent or empty.
        pub data_size: u32,
        /// File offset; 0 if the part is not in the file, regardless of its size.
        pub rva: Rva,
    }
}
