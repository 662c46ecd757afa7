//! SPARC.

use crate::format::context::layout::ContextLayout;
use crate::format::context::names::NameTable;
use crate::format::context::register::RegisterGroup::{Control, Extra, FloatingPoint, Integer};
use crate::format::context::register::{RegisterGroup, Run, offset_of};

/// Bit of the context flags for SPARC.
pub const CONTEXT_SPARC: u32 = 0x1000_0000;

const GROUPS: &[(RegisterGroup, u32)] = &[(Control, 1), (Integer, 2), (FloatingPoint, 4), (Extra, 8)];

const SPARC: &[Run] = &[
    Run::new(Integer, 8, 8, numbered_32!("g_r")),
    Run::new(Control, 8, 264, &["ccr", "pc", "npc", "y", "asi", "fprs"]),
    Run::new(FloatingPoint, 8, 312, numbered_32!("f")),
    Run::new(FloatingPoint, 8, 576, &["fsr"]),
];

/// Eight globals, outs, locals and ins each.
const ALIASES: &[(&str, &str)] = &[
    ("g0", "g_r0"),
    ("g1", "g_r1"),
    ("g2", "g_r2"),
    ("g3", "g_r3"),
    ("g4", "g_r4"),
    ("g5", "g_r5"),
    ("g6", "g_r6"),
    ("g7", "g_r7"),
    ("o0", "g_r8"),
    ("o1", "g_r9"),
    ("o2", "g_r10"),
    ("o3", "g_r11"),
    ("o4", "g_r12"),
    ("o5", "g_r13"),
    ("o6", "g_r14"),
    ("o7", "g_r15"),
    ("l0", "g_r16"),
    ("l1", "g_r17"),
    ("l2", "g_r18"),
    ("l3", "g_r19"),
    ("l4", "g_r20"),
    ("l5", "g_r21"),
    ("l6", "g_r22"),
    ("l7", "g_r23"),
    ("i0", "g_r24"),
    ("i1", "g_r25"),
    ("i2", "g_r26"),
    ("i3", "g_r27"),
    ("i4", "g_r28"),
    ("i5", "g_r29"),
    ("i6", "g_r30"),
    ("i7", "g_r31"),
    ("sp", "g_r14"),
    ("fp", "g_r30"),
];

impl ContextLayout {
    /// SPARC as Breakpad writes it.
    #[doc(alias = "MDRawContextSPARC")]
    pub const SPARC: Self = Self {
        name: "SPARC",
        size: 584,
        padding: 0,
        flags_offset: 0,
        flags_size: 4,
        cpu_flags: &[CONTEXT_SPARC],
        instruction_pointer: offset_of("pc", SPARC),
        stack_pointer: offset_of("g_r14", SPARC),
        frame_pointer: Some(offset_of("g_r30", SPARC)),
        register_size: 8,
        fxsave: None,
        groups: GROUPS,
        is_extensible: false,
        runs: SPARC,
        names: &NameTable::new(SPARC, ALIASES),
        aliases: ALIASES,
    };
}
