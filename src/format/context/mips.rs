//! MIPS with 32 and 64 bits.

use crate::format::context::layout::ContextLayout;
use crate::format::context::names::NameTable;
use crate::format::context::register::RegisterGroup::{Dsp, FloatingPoint, Integer};
use crate::format::context::register::{RegisterGroup, Run, offset_of};

/// Bit of the context flags for MIPS with 32 bits.
pub const CONTEXT_MIPS: u32 = 0x4_0000;

/// Bit of the context flags for MIPS with 64 bits. Itanium, which has no layout here, has the same.
pub const CONTEXT_MIPS64: u32 = 0x8_0000;

const GROUPS: &[(RegisterGroup, u32)] = &[(Integer, 2), (FloatingPoint, 4), (Dsp, 8)];

const BREAKPAD: &[Run] = &[
    Run::new(Integer, 8, 8, numbered_32!("r")),
    Run::new(Integer, 8, 264, &["mdhi", "mdlo"]),
    Run::new(Dsp, 4, 280, &["hi1", "hi2", "hi3", "lo1", "lo2", "lo3", "dsp_control"]),
    Run::new(Integer, 8, 312, &["epc", "badvaddr"]),
    Run::new(Integer, 4, 328, &["status", "cause"]),
    Run::new(FloatingPoint, 8, 336, numbered_32!("f")),
    Run::new(FloatingPoint, 4, 592, &["fpcsr", "fir"]),
];

const CRASHPAD64: &[Run] = &[
    Run::new(Integer, 8, 8, numbered_32!("r")),
    Run::new(Integer, 8, 264, &["mdhi", "mdlo"]),
    Run::new(Dsp, 8, 280, &["hi1", "hi2", "hi3", "lo1", "lo2", "lo3", "dsp_control"]),
    Run::new(Integer, 8, 336, &["epc", "badvaddr", "status", "cause"]),
    Run::new(FloatingPoint, 8, 368, numbered_32!("f")),
    Run::new(FloatingPoint, 8, 624, &["fpcsr", "fir"]),
];

/// Those that the calling conventions agree in.
const ALIASES: &[(&str, &str)] = &[
    ("s0", "r16"),
    ("s1", "r17"),
    ("s2", "r18"),
    ("s3", "r19"),
    ("s4", "r20"),
    ("s5", "r21"),
    ("s6", "r22"),
    ("s7", "r23"),
    ("gp", "r28"),
    ("sp", "r29"),
    ("fp", "r30"),
    ("s8", "r30"),
    ("ra", "r31"),
    ("pc", "epc"),
];

impl ContextLayout {
    /// MIPS and MIPS64 as Breakpad writes them; even 32-bit registers take 8 bytes, and may be sign-extended to that.
    ///
    /// The accumulators of the DSP extension are `hi1` and `lo1` to `hi3` and `lo3`; those numbered 0 are `mdhi` and
    /// `mdlo`.
    #[doc(alias = "MDRawContextMIPS")]
    pub const MIPS: Self = Self {
        name: "MIPS",
        size: 600,
        padding: 0,
        flags_offset: 0,
        flags_size: 4,
        cpu_flags: &[CONTEXT_MIPS, CONTEXT_MIPS64],
        instruction_pointer: offset_of("epc", BREAKPAD),
        stack_pointer: offset_of("r29", BREAKPAD),
        frame_pointer: Some(offset_of("r30", BREAKPAD)),
        register_size: 8,
        fxsave: None,
        groups: GROUPS,
        is_extensible: false,
        runs: BREAKPAD,
        names: &NameTable::new(BREAKPAD, ALIASES),
        aliases: ALIASES,
    };

    /// MIPS64 as Crashpad declares it; no file with it was observed.
    pub const MIPS64_CRASHPAD: Self = Self {
        name: "MIPS64 (Crashpad)",
        size: 640,
        flags_size: 8,
        cpu_flags: &[CONTEXT_MIPS64],
        instruction_pointer: offset_of("epc", CRASHPAD64),
        runs: CRASHPAD64,
        names: &NameTable::new(CRASHPAD64, ALIASES),
        ..Self::MIPS
    };
}
