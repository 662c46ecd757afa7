//! Layouts of the CPU contexts: where the three registers are that a stack trace begins with.
//!
//! The register files themselves are not declared here.

use super::ProcessorArchitecture;

/// Bit of the context flags for AMD64.
pub const CONTEXT_AMD64: u32 = 0x10_0000;

/// Bit of the context flags for x86.
#[doc(alias = "CONTEXT_i386")]
pub const CONTEXT_X86: u32 = 0x1_0000;

/// Bit of the context flags for ARM as Windows lays it out; Breakpad and Crashpad have another one.
pub const CONTEXT_ARM: u32 = 0x20_0000;

/// Bit of the context flags for ARM64 as Windows and Crashpad lay it out.
pub const CONTEXT_ARM64: u32 = 0x40_0000;

/// Bit of the context flags of x86 and AMD64: extended registers may follow the fixed part.
///
/// dbgeng was observed to set it on records that end with the fixed part.
pub const CONTEXT_XSTATE: u32 = 0x40;

/// Bit of the context flags of ARM64: extended registers may follow the fixed part.
pub const CONTEXT_ARM64_XSTATE: u32 = 0x20;

/// Fixed facts about one layout of CPU context.
///
/// Offsets are in bytes from the start of the record. A record may be longer than the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextLayout {
    /// What the layout is called here.
    pub name: &'static str,
    /// Size of the fixed part in bytes.
    pub size: u32,
    /// Where the context flags are.
    pub flags_offset: u32,
    /// Size of the context flags in bytes, 4 or 8.
    pub flags_size: u32,
    /// Where the instruction pointer is.
    pub instruction_pointer: u32,
    /// Where the stack pointer is.
    pub stack_pointer: u32,
    /// Where the frame pointer is by convention; `None` if there is no such register.
    pub frame_pointer: Option<u32>,
    /// Size of these registers in bytes, 4 or 8.
    pub register_size: u32,
}

impl ContextLayout {
    /// x86, on all systems.
    #[doc(alias = "WOW64_CONTEXT")]
    pub const X86: Self = Self {
        name: "x86",
        size: 716,
        flags_offset: 0,
        flags_size: 4,
        instruction_pointer: 184,
        stack_pointer: 196,
        frame_pointer: Some(180),
        register_size: 4,
    };

    /// AMD64, on all systems.
    #[doc(alias = "CONTEXT")]
    pub const AMD64: Self = Self {
        name: "AMD64",
        size: 1232,
        flags_offset: 48,
        flags_size: 4,
        instruction_pointer: 248,
        stack_pointer: 152,
        frame_pointer: Some(160),
        register_size: 8,
    };

    /// AMD64 as LLDB writes it, without the floating-point area.
    pub const AMD64_LLDB: Self = Self { name: "AMD64 (LLDB)", size: 736, ..Self::AMD64 };

    /// ARM as Breakpad and Crashpad write it; the frame pointer is r11.
    #[doc(alias = "MDRawContextARM")]
    pub const ARM_BREAKPAD: Self = Self { name: "ARM (Breakpad)", size: 368, ..Self::ARM };

    /// ARM as Windows writes it; the frame pointer is r11.
    pub const ARM: Self = Self {
        name: "ARM",
        size: 416,
        flags_offset: 0,
        flags_size: 4,
        instruction_pointer: 64,
        stack_pointer: 56,
        frame_pointer: Some(48),
        register_size: 4,
    };

    /// ARM64 as Windows and Crashpad write it.
    #[doc(alias = "ARM64_NT_CONTEXT")]
    pub const ARM64: Self = Self {
        name: "ARM64",
        size: 912,
        flags_offset: 0,
        flags_size: 4,
        instruction_pointer: 264,
        stack_pointer: 256,
        frame_pointer: Some(240),
        register_size: 8,
    };

    /// ARM64 as LLDB writes it: Breakpad's layout and 4 bytes of padding.
    pub const ARM64_LLDB: Self = Self { name: "ARM64 (LLDB)", size: 800, flags_size: 8, ..Self::ARM64 };

    /// ARM64 as Breakpad on Linux and macOS and minidump-writer write it.
    #[doc(alias = "MDRawContextARM64_Old")]
    pub const ARM64_BREAKPAD: Self = Self { name: "ARM64 (Breakpad)", size: 796, flags_size: 8, ..Self::ARM64 };

    /// MIPS and MIPS64 as Breakpad writes them; even 32-bit registers take 8 bytes.
    #[doc(alias = "MDRawContextMIPS")]
    pub const MIPS: Self = Self {
        name: "MIPS",
        size: 600,
        flags_offset: 0,
        flags_size: 4,
        instruction_pointer: 312,
        stack_pointer: 240,
        frame_pointer: Some(248),
        register_size: 8,
    };

    /// MIPS64 as Crashpad declares it; no file with it was observed.
    pub const MIPS64_CRASHPAD: Self = Self {
        name: "MIPS64 (Crashpad)",
        size: 640,
        flags_offset: 0,
        flags_size: 8,
        instruction_pointer: 336,
        stack_pointer: 240,
        frame_pointer: Some(248),
        register_size: 8,
    };

    /// PowerPC as Breakpad writes it.
    #[doc(alias = "MDRawContextPPC")]
    pub const PPC: Self = Self {
        name: "PowerPC",
        size: 1004,
        flags_offset: 0,
        flags_size: 4,
        instruction_pointer: 4,
        stack_pointer: 16,
        frame_pointer: None,
        register_size: 4,
    };

    /// PowerPC with 64 bits as Breakpad writes it.
    #[doc(alias = "MDRawContextPPC64")]
    pub const PPC64: Self = Self {
        name: "PPC64",
        size: 1160,
        flags_offset: 0,
        flags_size: 8,
        instruction_pointer: 8,
        stack_pointer: 32,
        frame_pointer: None,
        register_size: 8,
    };

    /// SPARC as Breakpad writes it.
    #[doc(alias = "MDRawContextSPARC")]
    pub const SPARC: Self = Self {
        name: "SPARC",
        size: 584,
        flags_offset: 0,
        flags_size: 4,
        instruction_pointer: 272,
        stack_pointer: 120,
        frame_pointer: Some(248),
        register_size: 8,
    };

    /// RISC-V with 32 bits as Breakpad writes it.
    #[doc(alias = "MDRawContextRISCV")]
    pub const RISCV32: Self = Self {
        name: "RISC-V 32",
        size: 268,
        flags_offset: 0,
        flags_size: 4,
        instruction_pointer: 8,
        stack_pointer: 16,
        frame_pointer: Some(40),
        register_size: 4,
    };

    /// RISC-V with 64 bits as Breakpad and Crashpad write it.
    ///
    /// The last 4 bytes are padding, which a record may lack.
    #[doc(alias = "MDRawContextRISCV64")]
    pub const RISCV64: Self = Self {
        name: "RISC-V 64",
        size: 528,
        flags_offset: 0,
        flags_size: 4,
        instruction_pointer: 8,
        stack_pointer: 24,
        frame_pointer: Some(72),
        register_size: 8,
    };

    /// The largest layout of an architecture that fits a record of `data_size` bytes, `None` if none does.
    ///
    /// A RISC-V 64 record may lack the 4 bytes of padding at its end.
    pub const fn for_architecture(architecture: ProcessorArchitecture, data_size: u32) -> Option<&'static Self> {
        const RISCV64_UNPADDED: u32 = 524;

        // Largest first.
        let mut candidates: &'static [Self] = match architecture {
            ProcessorArchitecture::X86 | ProcessorArchitecture::X86_ON_WIN64 | ProcessorArchitecture::X86_ON_ARM64 => {
                &[Self::X86]
            }
            ProcessorArchitecture::AMD64 => &[Self::AMD64, Self::AMD64_LLDB],
            ProcessorArchitecture::ARM | ProcessorArchitecture::ARM32_ON_WIN64 => &[Self::ARM, Self::ARM_BREAKPAD],
            ProcessorArchitecture::ARM64 => &[Self::ARM64, Self::ARM64_LLDB],
            ProcessorArchitecture::ARM64_OLD => &[Self::ARM64_BREAKPAD],
            ProcessorArchitecture::MIPS => &[Self::MIPS],
            ProcessorArchitecture::MIPS64 => &[Self::MIPS64_CRASHPAD, Self::MIPS],
            ProcessorArchitecture::PPC => &[Self::PPC],
            ProcessorArchitecture::PPC64 => &[Self::PPC64],
            ProcessorArchitecture::SPARC => &[Self::SPARC],
            ProcessorArchitecture::RISCV32 => &[Self::RISCV32],
            ProcessorArchitecture::RISCV64 if data_size >= RISCV64_UNPADDED => return Some(&Self::RISCV64),
            _ => &[],
        };
        while let [layout, rest @ ..] = candidates {
            if layout.size <= data_size {
                return Some(layout);
            }
            candidates = rest;
        }
        None
    }
}
