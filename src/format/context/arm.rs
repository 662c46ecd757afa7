//! ARM with 32 and 64 bits.

use crate::format::context::layout::ContextLayout;
use crate::format::context::names::NameTable;
use crate::format::context::register::RegisterGroup::{Control, Debug, FloatingPoint, Integer, XState};
use crate::format::context::register::{RegisterGroup, Run, offset_of};

/// Bit of the context flags for ARM as Windows lays it out; Breakpad and Crashpad have another one.
pub const CONTEXT_ARM: u32 = 0x20_0000;

/// Bit of the context flags for ARM as Breakpad and Crashpad lay it out.
#[doc(alias = "MD_CONTEXT_ARM")]
pub const CONTEXT_ARM_BREAKPAD: u32 = 0x4000_0000;

/// Bit of the context flags for ARM64 as Windows and Crashpad lay it out.
pub const CONTEXT_ARM64: u32 = 0x40_0000;

/// Bit of the context flags for ARM64 as Breakpad and LLDB lay it out.
#[doc(alias = "MD_CONTEXT_ARM64_OLD")]
pub const CONTEXT_ARM64_BREAKPAD: u32 = 0x8000_0000;

/// Bit of the context flags of ARM64: extended registers may follow the fixed part.
pub const CONTEXT_ARM64_XSTATE: u32 = 0x20;

/// Bit of the context flags of ARM64 under Windows: x18, which belongs to the system, is among the integer registers.
pub const CONTEXT_ARM64_X18: u32 = 0x10;

const ARM: &[Run] = &[
    Run::new(Integer, 4, 4, R0_TO_R12),
    Run::new(Control, 4, 56, &["sp", "lr", "pc", "cpsr"]),
    Run::new(FloatingPoint, 4, 72, &["fpscr"]),
    Run::new(FloatingPoint, 8, 80, numbered_32!("d")),
    Run::new(Debug, 4, 336, numbered!("bvr", 0 1 2 3 4 5 6 7)),
    Run::new(Debug, 4, 368, numbered!("bcr", 0 1 2 3 4 5 6 7)),
    Run::new(Debug, 4, 400, &["wvr0", "wcr0"]),
];

/// Breakpad takes 64 bits for `fpscr`, Crashpad 32 and padding: those above are always 0.
const ARM_BREAKPAD: &[Run] = &[
    Run::new(Integer, 4, 4, R0_TO_R12),
    Run::new(Integer, 4, 56, &["sp", "lr", "pc", "cpsr"]),
    Run::new(FloatingPoint, 4, 72, &["fpscr"]),
    Run::new(FloatingPoint, 8, 80, numbered_32!("d")),
    Run::new(FloatingPoint, 4, 336, numbered!("extra", 0 1 2 3 4 5 6 7)),
];

const R0_TO_R12: &[&str] = numbered!("r", 0 1 2 3 4 5 6 7 8 9 10 11 12);
const ARM_ALIASES: &[(&str, &str)] = &[("fp", "r11"), ("ip", "r12"), ("r13", "sp"), ("r14", "lr"), ("r15", "pc")];

const ARM_GROUPS: &[(RegisterGroup, u32)] = &[(Control, 1), (Integer, 2), (FloatingPoint, 4), (Debug, 8)];
const BREAKPAD_GROUPS: &[(RegisterGroup, u32)] = &[(Integer, 2), (FloatingPoint, 4)];
const ARM64_GROUPS: &[(RegisterGroup, u32)] =
    &[(Control, 1), (Integer, 2), (FloatingPoint, 4), (Debug, 8), (XState, CONTEXT_ARM64_XSTATE)];

const ARM64: &[Run] = &[
    Run::new(Control, 4, 4, &["cpsr"]),
    Run::new(Integer, 8, 8, X0_TO_X28),
    Run::new(Control, 8, 240, &["fp", "lr", "sp", "pc"]),
    Run::new(FloatingPoint, 16, 272, numbered_32!("v")),
    Run::new(FloatingPoint, 4, 784, &["fpcr", "fpsr"]),
    Run::new(Debug, 4, 792, numbered!("bcr", 0 1 2 3 4 5 6 7)),
    Run::new(Debug, 8, 824, numbered!("bvr", 0 1 2 3 4 5 6 7)),
    Run::new(Debug, 4, 888, &["wcr0", "wcr1"]),
    Run::new(Debug, 8, 896, &["wvr0", "wvr1"]),
];

const ARM64_BREAKPAD: &[Run] = &[
    Run::new(Integer, 8, 8, X0_TO_X28),
    Run::new(Integer, 8, 240, &["fp", "lr", "sp", "pc"]),
    Run::new(Integer, 4, 272, &["cpsr"]),
    Run::new(FloatingPoint, 4, 276, &["fpsr", "fpcr"]),
    Run::new(FloatingPoint, 16, 284, numbered_32!("v")),
];

const X0_TO_X28: &[&str] = numbered!("x", 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28);
const ARM64_ALIASES: &[(&str, &str)] = &[("x29", "fp"), ("x30", "lr")];

impl ContextLayout {
    /// ARM as Windows writes it; the frame pointer is r11.
    pub const ARM: Self = Self {
        name: "ARM",
        size: 416,
        padding: 0,
        flags_offset: 0,
        flags_size: 4,
        cpu_flags: &[CONTEXT_ARM],
        instruction_pointer: offset_of("pc", ARM),
        stack_pointer: offset_of("sp", ARM),
        frame_pointer: Some(offset_of("r11", ARM)),
        register_size: 4,
        fxsave: None,
        groups: ARM_GROUPS,
        is_extensible: false,
        runs: ARM,
        names: &NameTable::new(ARM, ARM_ALIASES),
        aliases: ARM_ALIASES,
    };

    /// ARM as Breakpad and Crashpad write it; the frame pointer is r11.
    #[doc(alias = "MDRawContextARM")]
    pub const ARM_BREAKPAD: Self = Self {
        name: "ARM (Breakpad)",
        size: 368,
        cpu_flags: &[CONTEXT_ARM_BREAKPAD],
        groups: BREAKPAD_GROUPS,
        runs: ARM_BREAKPAD,
        names: &NameTable::new(ARM_BREAKPAD, ARM_ALIASES),
        ..Self::ARM
    };

    /// ARM64 as Windows and Crashpad write it.
    ///
    /// Under Windows x18 is the address of the thread environment block.
    #[doc(alias = "ARM64_NT_CONTEXT")]
    pub const ARM64: Self = Self {
        name: "ARM64",
        size: 912,
        padding: 0,
        flags_offset: 0,
        flags_size: 4,
        cpu_flags: &[CONTEXT_ARM64],
        instruction_pointer: offset_of("pc", ARM64),
        stack_pointer: offset_of("sp", ARM64),
        frame_pointer: Some(offset_of("fp", ARM64)),
        register_size: 8,
        fxsave: None,
        groups: ARM64_GROUPS,
        is_extensible: true,
        runs: ARM64,
        names: &NameTable::new(ARM64, ARM64_ALIASES),
        aliases: ARM64_ALIASES,
    };

    /// ARM64 as Breakpad on Linux and macOS and minidump-writer write it.
    #[doc(alias = "MDRawContextARM64_Old")]
    pub const ARM64_BREAKPAD: Self = Self {
        name: "ARM64 (Breakpad)",
        size: 796,
        flags_size: 8,
        cpu_flags: &[CONTEXT_ARM64_BREAKPAD],
        groups: BREAKPAD_GROUPS,
        is_extensible: false,
        runs: ARM64_BREAKPAD,
        names: &NameTable::new(ARM64_BREAKPAD, ARM64_ALIASES),
        ..Self::ARM64
    };

    /// ARM64 as LLDB writes it: Breakpad's layout and 4 bytes of padding.
    pub const ARM64_LLDB: Self = Self { name: "ARM64 (LLDB)", size: 800, ..Self::ARM64_BREAKPAD };
}
