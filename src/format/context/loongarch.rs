//! LoongArch with 64 bits.
//!
//! Neither Breakpad nor Crashpad has it. The facts are those of the port of Chromium, whose Crashpad writes such contexts;
//! what was proposed to Breakpad has the same registers at the same places, and another bit in the flags.

use crate::format::context::layout::ContextLayout;
use crate::format::context::names::NameTable;
use crate::format::context::register::RegisterGroup::{FloatingPoint, Integer};
use crate::format::context::register::{RegisterGroup, Run, offset_of};

/// Bit of the context flags for LoongArch with 64 bits.
pub const CONTEXT_LOONGARCH64: u32 = 0x80_0000;

const GROUPS: &[(RegisterGroup, u32)] = &[(Integer, 2), (FloatingPoint, 4)];

const LOONGARCH64: &[Run] = &[
    Run::new(Integer, 8, 8, numbered_32!("r")),
    Run::new(Integer, 8, 264, &["csr_era"]),
    Run::new(FloatingPoint, 8, 272, numbered_32!("f")),
    Run::new(FloatingPoint, 8, 528, &["fcc"]),
    Run::new(FloatingPoint, 4, 536, &["fcsr"]),
];

const ALIASES: &[(&str, &str)] = &[
    ("ra", "r1"),
    ("tp", "r2"),
    ("sp", "r3"),
    ("a0", "r4"),
    ("a1", "r5"),
    ("a2", "r6"),
    ("a3", "r7"),
    ("a4", "r8"),
    ("a5", "r9"),
    ("a6", "r10"),
    ("a7", "r11"),
    ("t0", "r12"),
    ("t1", "r13"),
    ("t2", "r14"),
    ("t3", "r15"),
    ("t4", "r16"),
    ("t5", "r17"),
    ("t6", "r18"),
    ("t7", "r19"),
    ("t8", "r20"),
    ("fp", "r22"),
    ("s9", "r22"),
    ("s0", "r23"),
    ("s1", "r24"),
    ("s2", "r25"),
    ("s3", "r26"),
    ("s4", "r27"),
    ("s5", "r28"),
    ("s6", "r29"),
    ("s7", "r30"),
    ("s8", "r31"),
    ("pc", "csr_era"),
];

impl ContextLayout {
    /// LoongArch with 64 bits as Chromium's port writes it; the last 4 bytes are padding.
    #[doc(alias = "MinidumpContextLOONG64")]
    #[doc(alias = "MDRawContextLOONGARCH64")]
    pub const LOONGARCH64: Self = Self {
        name: "LoongArch64",
        size: 544,
        padding: 4,
        flags_offset: 0,
        flags_size: 4,
        cpu_flags: &[CONTEXT_LOONGARCH64],
        instruction_pointer: offset_of("csr_era", LOONGARCH64),
        stack_pointer: offset_of("r3", LOONGARCH64),
        frame_pointer: Some(offset_of("r22", LOONGARCH64)),
        register_size: 8,
        fxsave: None,
        groups: GROUPS,
        is_extensible: false,
        runs: LOONGARCH64,
        names: &NameTable::new(LOONGARCH64, ALIASES),
        aliases: ALIASES,
    };
}
