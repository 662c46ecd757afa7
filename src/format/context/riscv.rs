//! RISC-V with 32 and 64 bits.

use crate::format::context::layout::ContextLayout;
use crate::format::context::names::NameTable;
use crate::format::context::register::RegisterGroup::{FloatingPoint, Integer};
use crate::format::context::register::{RegisterGroup, Run, offset_of};

/// Bit of the context flags for RISC-V with 32 bits.
pub const CONTEXT_RISCV32: u32 = 0x80_0000;

/// Bit of the context flags for RISC-V with 64 bits.
pub const CONTEXT_RISCV64: u32 = 0x800_0000;

const GROUPS: &[(RegisterGroup, u32)] = &[(Integer, 1), (FloatingPoint, 2)];

const RISCV32: &[Run] = &[
    Run::new(Integer, 4, 8, NAMES),
    Run::new(FloatingPoint, 4, 136, numbered_32!("f")),
    Run::new(FloatingPoint, 4, 264, &["fcsr"]),
];

const RISCV64: &[Run] = &[
    Run::new(Integer, 8, 8, NAMES),
    Run::new(FloatingPoint, 8, 264, numbered_32!("f")),
    Run::new(FloatingPoint, 4, 520, &["fcsr"]),
];

/// In the order of the numbers 1 to 31, the program counter in the place of `x0`, which is always 0.
const NAMES: &[&str] = &[
    "pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
    "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];

const ALIASES: &[(&str, &str)] = &[("fp", "s0")];

impl ContextLayout {
    /// RISC-V with 32 bits as Breakpad writes it.
    #[doc(alias = "MDRawContextRISCV")]
    pub const RISCV32: Self = Self {
        name: "RISC-V 32",
        size: 268,
        padding: 0,
        flags_offset: 0,
        flags_size: 4,
        cpu_flags: &[CONTEXT_RISCV32],
        instruction_pointer: offset_of("pc", RISCV32),
        stack_pointer: offset_of("sp", RISCV32),
        frame_pointer: Some(offset_of("s0", RISCV32)),
        register_size: 4,
        fxsave: None,
        groups: GROUPS,
        is_extensible: false,
        runs: RISCV32,
        names: &NameTable::new(RISCV32, ALIASES),
        aliases: ALIASES,
    };

    /// RISC-V with 64 bits as Breakpad and Crashpad write it.
    ///
    /// The last 4 bytes are padding, which a record may lack.
    #[doc(alias = "MDRawContextRISCV64")]
    pub const RISCV64: Self = Self {
        name: "RISC-V 64",
        size: 528,
        padding: 4,
        cpu_flags: &[CONTEXT_RISCV64],
        stack_pointer: offset_of("sp", RISCV64),
        frame_pointer: Some(offset_of("s0", RISCV64)),
        register_size: 8,
        runs: RISCV64,
        names: &NameTable::new(RISCV64, ALIASES),
        ..Self::RISCV32
    };
}
