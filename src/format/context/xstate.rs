//! Extended registers: their positions in a context, and their names and sizes in the processor manual.

/// Size in bytes of the area that the `FXSAVE` instruction stores, and with which the `XSAVE` area begins.
pub const FXSAVE_SIZE: u32 = 512;

structure! {
    /// The structure after the fixed part of a context with extended registers, which describes the parts of the
    /// context.
    #[doc(alias = "CONTEXT_EX")]
    pub struct ContextEx {
        /// The entire context.
        pub all: ContextChunk,
        /// The fixed part.
        pub legacy: ContextChunk,
        /// The `XSAVE` area without the leading `FXSAVE` area, which is in the fixed part: an [`XSaveHeader`], followed
        /// by the registers.
        pub xstate: ContextChunk,
    }
}

structure! {
    /// The position of a part of a context.
    #[doc(alias = "CONTEXT_CHUNK")]
    pub struct ContextChunk {
        /// Offset from the start of the [`ContextEx`] in bytes; negative for parts before it.
        pub offset: i32,
        /// Size in bytes.
        pub length: u32,
    }
}

structure! {
    /// The header of an `XSAVE` area. The processor stores it, so it is little-endian in every file.
    #[doc(alias = "XSAVE_AREA_HEADER")]
    pub struct XSaveHeader {
        /// The register groups that are present, one bit each.
        pub mask: u64,
        /// If the area is compacted: [`XSTATE_COMPACTED`] and the register groups that were requested.
        pub compaction_mask: u64,
        /// Reserved by the processor manual.
        pub reserved: [u64; 6],
    }
}

/// The bit of an `XSAVE` header's `compaction_mask` that marks the area as compacted.
pub const XSTATE_COMPACTED: u64 = 1 << 63;

/// A group of extended registers of x86 and AMD64, as defined by the processor manual.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct XStateFeatureInfo {
    /// Number of the group and of its bit in the masks.
    pub number: u32,
    /// Name in the processor manual.
    pub name: &'static str,
    /// Size in bytes; 0 if it depends on the processor.
    pub size: u32,
    /// True if the group is aligned to 64 bytes in a compacted area.
    pub aligned: bool,
}

/// All named groups of extended registers, in ascending order.
///
/// The sizes are those of `CPUID` leaf 13. A MiscInfo stream has them as well, but not always: Windows was observed to
/// store CET registers without an entry for their size.
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
