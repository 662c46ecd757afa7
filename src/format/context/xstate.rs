//! What the processor's manual says about extended registers.

/// Bit of the second mask of an `XSAVE` header: the area is compacted.
pub const XSTATE_COMPACTED: u64 = 1 << 63;

/// A group of extended registers of x86 and AMD64, as the processor's manual numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
