//! PowerPC with 32 and 64 bits.

use crate::format::context::layout::ContextLayout;
use crate::format::context::names::NameTable;
use crate::format::context::register::RegisterGroup::{Control, FloatingPoint, Integer, Vector};
use crate::format::context::register::{RegisterGroup, Run, offset_of};

/// Bit of the context flags for PowerPC with 32 bits.
pub const CONTEXT_PPC: u32 = 0x2000_0000;

/// Bit of the context flags for PowerPC with 64 bits.
pub const CONTEXT_PPC64: u32 = 0x100_0000;

/// One flag stands for all that every PowerPC has.
const GROUPS: &[(RegisterGroup, u32)] = &[(Control, 1), (Integer, 1), (FloatingPoint, 8), (Vector, 0x20)];

const PPC: &[Run] = &[
    Run::new(Control, 4, 4, &["srr0", "srr1"]),
    Run::new(Integer, 4, 12, numbered_32!("r")),
    Run::new(Control, 4, 140, &["cr", "xer", "lr", "ctr", "mq", "vrsave"]),
    Run::new(FloatingPoint, 8, 164, numbered_32!("f")),
    Run::new(FloatingPoint, 4, 424, &["fpscr"]),
    Run::new(Vector, 16, 428, numbered_32!("vr")),
    Run::new(Vector, 16, 940, &["vscr"]),
    Run::new(Vector, 4, 972, &["vrvalid"]),
];

const PPC64: &[Run] = &[
    Run::new(Control, 8, 8, &["srr0", "srr1"]),
    Run::new(Integer, 8, 24, numbered_32!("r")),
    Run::new(Control, 8, 280, &["cr", "xer", "lr", "ctr", "vrsave"]),
    Run::new(FloatingPoint, 8, 320, numbered_32!("f")),
    Run::new(FloatingPoint, 4, 580, &["fpscr"]),
    Run::new(Vector, 16, 584, numbered_32!("vr")),
    Run::new(Vector, 16, 1096, &["vscr"]),
    Run::new(Vector, 4, 1128, &["vrvalid"]),
];

const ALIASES: &[(&str, &str)] = &[("pc", "srr0"), ("sp", "r1")];

impl ContextLayout {
    /// PowerPC as Breakpad writes it.
    #[doc(alias = "MDRawContextPPC")]
    pub const PPC: Self = Self {
        name: "PowerPC",
        size: 1004,
        padding: 0,
        flags_offset: 0,
        flags_size: 4,
        cpu_flags: &[CONTEXT_PPC],
        instruction_pointer: offset_of("srr0", PPC),
        stack_pointer: offset_of("r1", PPC),
        frame_pointer: None,
        register_size: 4,
        fxsave: None,
        groups: GROUPS,
        is_extensible: false,
        runs: PPC,
        names: &NameTable::new(PPC, ALIASES),
        aliases: ALIASES,
    };

    /// PowerPC with 64 bits as Breakpad writes it.
    #[doc(alias = "MDRawContextPPC64")]
    pub const PPC64: Self = Self {
        name: "PPC64",
        size: 1160,
        flags_size: 8,
        cpu_flags: &[CONTEXT_PPC64],
        instruction_pointer: offset_of("srr0", PPC64),
        stack_pointer: offset_of("r1", PPC64),
        register_size: 8,
        runs: PPC64,
        names: &NameTable::new(PPC64, ALIASES),
        ..Self::PPC
    };
}
