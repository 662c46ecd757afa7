//! Layouts of the CPU contexts: which register is where, and what the flags say.
//!
//! The facts are those of `winnt.h`, of Breakpad's `minidump_cpu_*.h` and of Crashpad's `minidump_context.h`.

#[macro_use]
mod register;

mod arm;
mod mips;
mod power;
mod riscv;
mod sparc;
mod x86;
mod xstate;

use core::fmt;

use bitflags::bitflags;

use super::ProcessorArchitecture;
use register::Run;

pub use register::{RegisterField, RegisterGroup};
pub use xstate::{XSTATE_COMPACTED, XSTATE_FEATURES, XStateFeatureInfo};

/// Bit of the context flags for AMD64.
pub const CONTEXT_AMD64: u32 = 0x10_0000;

/// Bit of the context flags for x86.
#[doc(alias = "CONTEXT_i386")]
pub const CONTEXT_X86: u32 = 0x1_0000;

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

/// Bit of the context flags for MIPS with 32 bits.
pub const CONTEXT_MIPS: u32 = 0x4_0000;

/// Bit of the context flags for MIPS with 64 bits. Itanium, which has no layout here, has the same.
pub const CONTEXT_MIPS64: u32 = 0x8_0000;

/// Bit of the context flags for PowerPC with 32 bits.
pub const CONTEXT_PPC: u32 = 0x2000_0000;

/// Bit of the context flags for PowerPC with 64 bits.
pub const CONTEXT_PPC64: u32 = 0x100_0000;

/// Bit of the context flags for SPARC.
pub const CONTEXT_SPARC: u32 = 0x1000_0000;

/// Bit of the context flags for RISC-V with 32 bits.
pub const CONTEXT_RISCV32: u32 = 0x80_0000;

/// Bit of the context flags for RISC-V with 64 bits.
pub const CONTEXT_RISCV64: u32 = 0x800_0000;

/// The bits of the context flags for the processor, as Windows divides the flags.
///
/// The bits above say something else under Windows ([`ContextState`]), while Breakpad has more processors there.
pub const CONTEXT_CPU_MASK: u32 = 0xff_0000;

/// Bit of the context flags of x86 and AMD64: extended registers may follow the fixed part.
///
/// dbgeng was observed to set it on records that end with the fixed part.
pub const CONTEXT_XSTATE: u32 = 0x40;

/// Bit of the context flags of ARM64: extended registers may follow the fixed part.
pub const CONTEXT_ARM64_XSTATE: u32 = 0x20;

/// Bit of the context flags of ARM64 under Windows: x18, which belongs to the system, is among the integer registers.
pub const CONTEXT_ARM64_X18: u32 = 0x10;

bitflags! {
    /// What Windows was doing for the thread: the high bits of its context flags.
    ///
    /// Other systems have none of this; some of the bits are Breakpad's for processors there.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct ContextState: u32 {
        /// An exception was being dispatched.
        #[doc(alias = "CONTEXT_EXCEPTION_ACTIVE")]
        const EXCEPTION_ACTIVE = 0x0800_0000;
        /// A system call was running.
        #[doc(alias = "CONTEXT_SERVICE_ACTIVE")]
        const SERVICE_ACTIVE = 0x1000_0000;
        /// The context is that of a caller, at its call.
        #[doc(alias = "CONTEXT_UNWOUND_TO_CALL")]
        const UNWOUND_TO_CALL = 0x2000_0000;
        /// The two bits for exceptions and system calls were asked for.
        #[doc(alias = "CONTEXT_EXCEPTION_REQUEST")]
        const EXCEPTION_REQUEST = 0x4000_0000;
        /// The two bits for exceptions and system calls count: without this one their absence says nothing.
        #[doc(alias = "CONTEXT_EXCEPTION_REPORTING")]
        const EXCEPTION_REPORTING = 0x8000_0000;
    }
}

/// Fixed facts about one layout of CPU context.
///
/// Offsets are in bytes from the start of the record. A record may be longer than the layout.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContextLayout {
    /// What the layout is called here.
    pub name: &'static str,
    /// Size of the fixed part in bytes.
    pub size: u32,
    /// How many bytes at the end of the fixed part are padding, which a record may lack.
    pub padding: u32,
    /// Where the context flags are.
    pub flags_offset: u32,
    /// Size of the context flags in bytes, 4 or 8.
    pub flags_size: u32,
    /// The bits of the flags for the processor; where there are several, any one of them.
    pub cpu_flags: &'static [u32],
    /// Where the instruction pointer is.
    pub instruction_pointer: u32,
    /// Where the stack pointer is.
    pub stack_pointer: u32,
    /// Where the frame pointer is by convention; `None` if there is no such register.
    pub frame_pointer: Option<u32>,
    /// Size of these registers in bytes, 4 or 8.
    pub register_size: u32,
    /// Where the 512 bytes of the `FXSAVE` instruction are; `None` if there are none.
    pub fxsave: Option<u32>,
    /// The groups of registers and the bit of the flags that says that a group is valid.
    ///
    /// Groups may share a bit. A group that the layout has registers of but no bit is not listed.
    pub groups: &'static [(RegisterGroup, u32)],
    runs: &'static [Run],
    aliases: &'static [(&'static str, &'static str)],
}

/// Leaves the registers out, of which there are up to 140.
impl fmt::Debug for ContextLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextLayout").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}

impl ContextLayout {
    /// All layouts.
    pub const ALL: &'static [Self] = &[
        Self::X86,
        Self::AMD64,
        Self::AMD64_LLDB,
        Self::ARM,
        Self::ARM_BREAKPAD,
        Self::ARM64,
        Self::ARM64_LLDB,
        Self::ARM64_BREAKPAD,
        Self::MIPS,
        Self::MIPS64_CRASHPAD,
        Self::PPC,
        Self::PPC64,
        Self::SPARC,
        Self::RISCV32,
        Self::RISCV64,
    ];

    /// The layouts that contexts of an architecture may have, largest first; none for most that are not in use.
    pub const fn of_architecture(architecture: ProcessorArchitecture) -> &'static [Self] {
        match architecture {
            ProcessorArchitecture::X86 | ProcessorArchitecture::X86_ON_WIN64 | ProcessorArchitecture::X86_ON_ARM64 => {
                &[Self::X86]
            }
            ProcessorArchitecture::AMD64 => &[Self::AMD64, Self::AMD64_LLDB],
            ProcessorArchitecture::ARM | ProcessorArchitecture::ARM32_ON_WIN64 => &[Self::ARM, Self::ARM_BREAKPAD],
            ProcessorArchitecture::ARM64 => &[Self::ARM64, Self::ARM64_LLDB, Self::ARM64_BREAKPAD],
            ProcessorArchitecture::ARM64_OLD => &[Self::ARM64_BREAKPAD],
            ProcessorArchitecture::MIPS => &[Self::MIPS],
            ProcessorArchitecture::MIPS64 => &[Self::MIPS64_CRASHPAD, Self::MIPS],
            ProcessorArchitecture::PPC => &[Self::PPC],
            ProcessorArchitecture::PPC64 => &[Self::PPC64],
            ProcessorArchitecture::SPARC => &[Self::SPARC],
            ProcessorArchitecture::RISCV32 => &[Self::RISCV32],
            ProcessorArchitecture::RISCV64 => &[Self::RISCV64],
            _ => &[],
        }
    }

    /// The largest layout of an architecture that fits a record of `data_size` bytes, `None` if none does.
    pub const fn for_architecture(architecture: ProcessorArchitecture, data_size: u32) -> Option<&'static Self> {
        let mut candidates = Self::of_architecture(architecture);
        while let [layout, rest @ ..] = candidates {
            if layout.least_size() <= data_size {
                return Some(layout);
            }
            candidates = rest;
        }
        None
    }

    /// The size in bytes of a record that has everything but padding.
    pub const fn least_size(&self) -> u32 {
        self.size - self.padding
    }

    /// The registers in the order of their places.
    ///
    /// Every name is there once. Homes of parameters, padding and reserved fields are no registers.
    pub fn registers(&self) -> impl Iterator<Item = RegisterField> + Clone + use<> {
        self.runs.iter().flat_map(Run::fields)
    }

    /// The register of a name, or of another name that is in common use for it, such as `x29` for `fp`.
    pub fn register(&self, name: &str) -> Option<RegisterField> {
        let alias = self.aliases.iter().find(|(alias, _)| *alias == name);
        let name = alias.map_or(name, |(_, name)| name);
        self.registers().find(|register| register.name == name)
    }

    /// The bit of the flags that says that a group is valid; `None` if the layout has none for it.
    pub fn group_flag(&self, group: RegisterGroup) -> Option<u32> {
        self.groups.iter().find(|(it, _)| *it == group).map(|(_, flag)| *flag)
    }
}
