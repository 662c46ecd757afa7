//! x86 and AMD64.

use crate::format::context::layout::ContextLayout;
use crate::format::context::names::NameTable;
use crate::format::context::register::RegisterGroup::{
    Control, Debug, Extended, FloatingPoint, Integer, Segments, Vector, XState,
};
use crate::format::context::register::{RegisterGroup, Run, offset_of};

/// Bit of the context flags for x86.
#[doc(alias = "CONTEXT_i386")]
pub const CONTEXT_X86: u32 = 0x1_0000;

/// Bit of the context flags for AMD64.
pub const CONTEXT_AMD64: u32 = 0x10_0000;

/// Bit of the context flags of x86 and AMD64: extended registers may follow the fixed part.
///
/// dbgeng was observed to set it on records that end with the fixed part.
pub const CONTEXT_XSTATE: u32 = 0x40;

const X86_GROUPS: &[(RegisterGroup, u32)] = &[
    (Control, 1),
    (Integer, 2),
    (Segments, 4),
    (FloatingPoint, 8),
    (Debug, 0x10),
    (Extended, 0x20),
    (XState, CONTEXT_XSTATE),
];

const X86: &[Run] = &[
    Run::new(Debug, 4, 4, &["dr0", "dr1", "dr2", "dr3", "dr6", "dr7"]),
    Run::new(FloatingPoint, 4, 28, &["fpcw", "fpsw", "fptw", "fpip", "fpipsel", "fpdp", "fpdpsel"]),
    Run::new(FloatingPoint, 10, 56, numbered!("st", 0 1 2 3 4 5 6 7)).stored_by_cpu(10),
    Run::new(FloatingPoint, 4, 136, &["cr0_npx_state"]),
    Run::new(Segments, 4, 140, &["gs", "fs", "es", "ds"]),
    Run::new(Integer, 4, 156, &["edi", "esi", "ebx", "edx", "ecx", "eax"]),
    Run::new(Control, 4, 180, &["ebp", "eip", "cs", "eflags", "esp", "ss"]),
    Run::new(Extended, 2, 204, &["fx_fpcw", "fx_fpsw"]).stored_by_cpu(2),
    Run::new(Extended, 1, 208, &["fx_fptw"]).stored_by_cpu(1),
    Run::new(Extended, 2, 210, &["fx_fpop"]).stored_by_cpu(2),
    Run::new(Extended, 4, 212, &["fx_fpip"]).stored_by_cpu(4),
    Run::new(Extended, 2, 216, &["fx_fpipsel"]).stored_by_cpu(2),
    Run::new(Extended, 4, 220, &["fx_fpdp"]).stored_by_cpu(4),
    Run::new(Extended, 2, 224, &["fx_fpdpsel"]).stored_by_cpu(2),
    Run::new(Extended, 4, 228, &["mxcsr", "mxcsr_mask"]).stored_by_cpu(4),
    Run::new(Extended, 10, 236, numbered!("fx_st", 0 1 2 3 4 5 6 7)).stored_by_cpu(16),
    Run::new(Extended, 16, 364, numbered!("xmm", 0 1 2 3 4 5 6 7)).stored_by_cpu(16),
];

/// No flag stands for the vector registers, which nobody is known to fill.
const AMD64_GROUPS: &[(RegisterGroup, u32)] =
    &[(Control, 1), (Integer, 2), (Segments, 4), (FloatingPoint, 8), (Debug, 0x10), (XState, CONTEXT_XSTATE)];

const AMD64: &[Run] = &[
    MXCSR,
    CS,
    SEGMENTS,
    SS,
    EFLAGS,
    DEBUG,
    RAX_TO_RBX,
    RSP,
    RBP_TO_R15,
    RIP,
    Run::new(FloatingPoint, 2, 256, &["fpcw", "fpsw"]).stored_by_cpu(2),
    Run::new(FloatingPoint, 1, 260, &["fptw"]).stored_by_cpu(1),
    Run::new(FloatingPoint, 2, 262, &["fpop"]).stored_by_cpu(2),
    Run::new(FloatingPoint, 4, 264, &["fpip"]).stored_by_cpu(4),
    Run::new(FloatingPoint, 2, 268, &["fpipsel"]).stored_by_cpu(2),
    Run::new(FloatingPoint, 4, 272, &["fpdp"]).stored_by_cpu(4),
    Run::new(FloatingPoint, 2, 276, &["fpdpsel"]).stored_by_cpu(2),
    Run::new(FloatingPoint, 4, 280, &["fx_mxcsr", "mxcsr_mask"]).stored_by_cpu(4),
    Run::new(FloatingPoint, 10, 288, numbered!("st", 0 1 2 3 4 5 6 7)).stored_by_cpu(16),
    Run::new(FloatingPoint, 16, 416, numbered!("xmm", 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)).stored_by_cpu(16),
    Run::new(Vector, 16, 768, VECTOR_NAMES),
    Run::new(Vector, 8, 1184, &["vector_control"]),
    Run::new(Debug, 8, 1192, BRANCH_NAMES),
];

const AMD64_LLDB: &[Run] = &[
    MXCSR,
    CS,
    SEGMENTS,
    SS,
    EFLAGS,
    DEBUG,
    RAX_TO_RBX,
    RSP,
    RBP_TO_R15,
    RIP,
    Run::new(Vector, 16, 256, VECTOR_NAMES),
    Run::new(Vector, 8, 672, &["vector_control"]),
    Run::new(Debug, 8, 680, BRANCH_NAMES),
    Run::new(Segments, 8, 720, &["fs_base", "gs_base"]),
];

// What both have.
const MXCSR: Run = Run::new(FloatingPoint, 4, 52, &["mxcsr"]);
const CS: Run = Run::new(Control, 2, 56, &["cs"]);
const SEGMENTS: Run = Run::new(Segments, 2, 58, &["ds", "es", "fs", "gs"]);
const SS: Run = Run::new(Control, 2, 66, &["ss"]);
const EFLAGS: Run = Run::new(Control, 4, 68, &["eflags"]);
const DEBUG: Run = Run::new(Debug, 8, 72, &["dr0", "dr1", "dr2", "dr3", "dr6", "dr7"]);
const RAX_TO_RBX: Run = Run::new(Integer, 8, 120, &["rax", "rcx", "rdx", "rbx"]);
const RSP: Run = Run::new(Control, 8, 152, &["rsp"]);
const RBP_TO_R15: Run =
    Run::new(Integer, 8, 160, &["rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"]);
const RIP: Run = Run::new(Control, 8, 248, &["rip"]);

const VECTOR_NAMES: &[&str] = numbered!("v", 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25);
const BRANCH_NAMES: &[&str] = &[
    "debug_control",
    "last_branch_to_rip",
    "last_branch_from_rip",
    "last_exception_to_rip",
    "last_exception_from_rip",
];

impl ContextLayout {
    /// x86, on all systems.
    #[doc(alias = "WOW64_CONTEXT")]
    pub const X86: Self = Self {
        name: "x86",
        size: 716,
        padding: 0,
        flags_offset: 0,
        flags_size: 4,
        cpu_flags: &[CONTEXT_X86],
        instruction_pointer: offset_of("eip", X86),
        stack_pointer: offset_of("esp", X86),
        frame_pointer: Some(offset_of("ebp", X86)),
        register_size: 4,
        fxsave: Some(204),
        groups: X86_GROUPS,
        is_extensible: true,
        runs: X86,
        names: &NameTable::new(X86, &[]),
        aliases: &[],
    };

    /// AMD64, on all systems.
    #[doc(alias = "CONTEXT")]
    pub const AMD64: Self = Self {
        name: "AMD64",
        size: 1232,
        padding: 0,
        flags_offset: 48,
        flags_size: 4,
        cpu_flags: &[CONTEXT_AMD64],
        instruction_pointer: offset_of("rip", AMD64),
        stack_pointer: offset_of("rsp", AMD64),
        frame_pointer: Some(offset_of("rbp", AMD64)),
        register_size: 8,
        fxsave: Some(256),
        groups: AMD64_GROUPS,
        is_extensible: true,
        runs: AMD64,
        names: &NameTable::new(AMD64, &[]),
        aliases: &[],
    };

    /// AMD64 as LLDB writes it, without the floating-point area.
    ///
    /// Its last 16 bytes are younger than the rest, so that records of 720 bytes are conceivable.
    pub const AMD64_LLDB: Self = Self {
        name: "AMD64 (LLDB)",
        size: 736,
        fxsave: None,
        is_extensible: false,
        runs: AMD64_LLDB,
        names: &NameTable::new(AMD64_LLDB, &[]),
        ..Self::AMD64
    };
}
