//! Positions in the file, and what is found by them.

/// Position in the dump file, in bytes from its first byte.
///
/// The C name stands for "relative virtual address", but such a value has nothing to do with addresses in an image.
#[doc(alias = "RVA")]
pub type Rva = u32;

/// Position in the dump file, in bytes from its first byte, for files beyond 4 GiB.
#[doc(alias = "RVA64")]
pub type Rva64 = u64;

/// The width of a field that holds a position in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RvaWidth {
    /// Four bytes.
    Rva,
    /// Eight bytes.
    Rva64,
}

impl RvaWidth {
    /// The width in bytes.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Rva => 4,
            Self::Rva64 => 8,
        }
    }
}

structure! {
    /// Size and file position of a piece of the dump.
    #[doc(alias = "MINIDUMP_LOCATION_DESCRIPTOR")]
    pub struct LocationDescriptor {
        /// Size in bytes; 0 for a piece that is absent or empty.
        pub data_size: u32,
        /// Where the piece begins; 0 for a piece that is not in the file, whatever its size says.
        pub rva: Rva,
    }
}
