//! Extended registers: where they are in a context, and what the processor's manual says about them.

/// Size of the area that the instruction `FXSAVE` writes, with which that of `XSAVE` begins, in bytes.
pub const FXSAVE_SIZE: u32 = 512;

structure! {
    /// What follows the fixed part of a context that has extended registers: where its parts are.
    #[doc(alias = "CONTEXT_EX")]
    pub struct ContextEx {
        /// The whole record.
        pub all: ContextChunk,
        /// The fixed part.
        pub legacy: ContextChunk,
        /// The area of `XSAVE` without the area of `FXSAVE`, which the fixed part has: an [`XSaveHeader`], then the
        /// registers.
        pub xstate: ContextChunk,
    }
}

structure! {
    /// A part of a context.
    #[doc(alias = "CONTEXT_CHUNK")]
    pub struct ContextChunk {
        /// Where the part begins, in bytes from the start of the [`ContextEx`]; negative for what is before it.
        pub offset: i32,
        /// Size in bytes.
        pub length: u32,
    }
}

structure! {
    /// Which groups of registers an area of `XSAVE` has. The processor stores it, so it is little-endian in every file.
    #[doc(alias = "XSAVE_AREA_HEADER")]
    pub struct XSaveHeader {
        /// The groups that are there, one bit each.
        pub mask: u64,
        /// [`XSTATE_COMPACTED`], if the area is compacted, and the groups that were asked for then.
        pub compaction_mask: u64,
        /// Reserved by the manual.
        pub reserved: [u64; 6],
    }
}

/// Bit of the second mask of an `XSAVE` header: the area is compacted.
pub const XSTATE_COMPACTED: u64 = 1 << 63;

/// A group of extended registers of x86 and AMD64, as the processor's manual numbers them.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct XStateFeatureInfo {
    /// Number, which is also that of its bit in the masks.
    pub number: u32,
    /// What the manual calls it.
    pub name: &'static str,
    /// Size in bytes; 0 if it differs from processor to processor.
    pub size: u32,
    /// True if it begins at a multiple of 64 bytes in a compacted area.
    pub aligned: bool,
}

/// The groups of extended registers that have a name, in ascending order.
///
/// The sizes are those of `CPUID` leaf 13. Dumps have them in the miscellaneous information, but not always: Windows
/// was observed to store CET registers without an entry for their size.
pub const XSTATE_FEATURES: &[XStateFeatureInfo] = &[
    feature(0, "x87", 160),
    feature(1, "SSE", 256),
    feature(2, "AVX", 256),
    feature(3, "BNDREGS", 64),
    feature(4, "BNDCSR", 64),
    feature(5, "opmask", 64),
    feature(6, "ZMM_Hi256", 512),
    feature(7, "Hi16_ZMM", 1024),
    feature(8, "PT", 128),
    feature(9, "PKRU", 8),
    feature(10, "PASID", 8),
    feature(11, "CET_U", 16),
    feature(12, "CET_S", 24),
    feature(13, "HDC", 8),
    feature(14, "UINTR", 48),
    feature(15, "LBR", 0),
    feature(16, "HWP", 8),
    XStateFeatureInfo { aligned: true, ..feature(17, "XTILECFG", 64) },
    XStateFeatureInfo { aligned: true, ..feature(18, "XTILEDATA", 8192) },
    feature(62, "LWP", 0),
];

const fn feature(number: u32, name: &'static str, size: u32) -> XStateFeatureInfo {
    XStateFeatureInfo { number, name, size, aligned: false }
}
