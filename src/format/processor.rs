//! What is known of each kind of processor: one row for each, which everything reads that decides by processor.
//!
//! A new one takes its number in [`ProcessorArchitecture`], a file with the registers of its contexts, and a row here.

use crate::format::context::ContextLayout;
use crate::format::full_user_dump::ImageFileMachine;
use crate::format::system::info::{ArmCpuInfo, OtherCpuInfo, ProcessorArchitecture, X86CpuInfo};

/// What is known of a kind of processor: its row in the table, see [`ProcessorArchitecture::processor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Processor {
    /// The name by which other tools and packages know the processor, in lower case; `None` if there is no such name.
    pub short_name: Option<&'static str>,
    /// Size of a pointer in bytes, 4 or 8.
    pub pointer_size: u32,
    /// The layouts that contexts may have, largest first; none for most processors that are not in use.
    pub contexts: &'static [ContextLayout],
    /// The numbers that images and full user dumps have for the processor, first the one to write; none where there is
    /// no full user dump.
    pub machines: &'static [ImageFileMachine],
    /// The form in which Windows and Crashpad describe the processor.
    pub cpu_info: CpuInfoForm,
    /// The form in which Breakpad does so on other systems.
    pub cpu_info_of_breakpad: CpuInfoForm,
    /// How much memory the debugger keeps on either side of an instruction, in bytes.
    pub code_window: u64,
    /// How much memory below the stack pointer the debugger counts to the stack, in bytes.
    pub below_stack_pointer: u64,
    /// True if bit 0 of the program counter says that the code is Thumb code. It is not part of the address.
    pub has_thumb: bool,
    /// True if the codes of Mach exceptions have the names of ARM processors.
    pub has_arm_mach_codes: bool,
}

/// Which structure describes the processor in [`SystemInfo::cpu`](crate::format::SystemInfo::cpu).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CpuInfoForm {
    /// An [`X86CpuInfo`].
    X86,
    /// An [`ArmCpuInfo`].
    Arm,
    /// An [`OtherCpuInfo`].
    Other,
}

impl CpuInfoForm {
    /// The size of the structure in bytes; what is behind it in [`SystemInfo::cpu`](crate::format::SystemInfo::cpu) says
    /// nothing.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::X86 => X86CpuInfo::SIZE,
            Self::Arm => ArmCpuInfo::SIZE,
            Self::Other => OtherCpuInfo::SIZE,
        }
    }

    /// How many bytes of the processor's description the debugger keeps in a dump of Windows.
    ///
    /// It blanks what is behind them, of x86 AMD's word too.
    #[must_use]
    pub const fn kept_size(self) -> usize {
        match self {
            Self::X86 => X86CpuInfo::OFFSETS.amd_extended_cpu_features.get(),
            Self::Arm => ArmCpuInfo::SIZE,
            Self::Other => OtherCpuInfo::SIZE,
        }
    }
}

impl Processor {
    /// A processor with 64 bits of which nothing else is known. What is said of one without a name.
    const PLAIN: Self = Self {
        short_name: None,
        pointer_size: 8,
        contexts: &[],
        machines: &[],
        cpu_info: CpuInfoForm::Other,
        cpu_info_of_breakpad: CpuInfoForm::Other,
        code_window: 0x80,
        below_stack_pointer: 0,
        has_thumb: false,
        has_arm_mach_codes: false,
    };

    const PLAIN_32: Self = Self { pointer_size: 4, ..Self::PLAIN };

    const ARM64: Self = Self {
        short_name: Some("arm64"),
        contexts: &[ContextLayout::ARM64, ContextLayout::ARM64_LLDB, ContextLayout::ARM64_BREAKPAD],
        machines: &[ImageFileMachine::ARM64],
        code_window: 0x200,
        has_arm_mach_codes: true,
        ..Self::PLAIN
    };

    /// The layout of Windows, which is the largest, where Windows runs on the processor.
    #[cfg(feature = "std")]
    pub(crate) const fn windows_context(&self) -> Option<&'static ContextLayout> {
        self.contexts.first()
    }

    /// The largest layout that fits a context of `data_size` bytes, `None` if none does.
    #[must_use]
    pub const fn context_of_size(&self, data_size: u32) -> Option<&'static ContextLayout> {
        let mut candidates = self.contexts;
        while let [layout, rest @ ..] = candidates {
            if layout.least_size() <= data_size {
                return Some(layout);
            }
            candidates = rest;
        }
        None
    }
}

/// Declares the row of every architecture.
macro_rules! processors {
    ($($($architecture:ident)|+ => $row:expr;)+) => {
        impl ProcessorArchitecture {
            /// What is known of the processor. For numbers without a name that is next to nothing.
            pub const fn processor(self) -> &'static Processor {
                match self {
                    $($(Self::$architecture)|+ => const { &$row },)+
                    _ => const { &Processor::PLAIN },
                }
            }
        }

        // No architecture may lack its row.
        const _: () = {
            let mut architectures = ProcessorArchitecture::KNOWN;
            while let [architecture, rest @ ..] = architectures {
                assert!(matches!(*architecture, $($(ProcessorArchitecture::$architecture)|+)|+));
                architectures = rest;
            }
        };
    };
}

processors! {
    X86 | X86_ON_WIN64 | X86_ON_ARM64 => Processor {
        short_name: Some("x86"),
        contexts: &[ContextLayout::X86],
        machines: &[ImageFileMachine::I386],
        cpu_info: CpuInfoForm::X86,
        cpu_info_of_breakpad: CpuInfoForm::X86,
        below_stack_pointer: 4,
        ..Processor::PLAIN_32
    };
    AMD64 => Processor {
        short_name: Some("amd64"),
        contexts: &[ContextLayout::AMD64, ContextLayout::AMD64_LLDB],
        machines: &[ImageFileMachine::AMD64],
        cpu_info_of_breakpad: CpuInfoForm::X86,
        ..Processor::PLAIN
    };
    ARM | ARM32_ON_WIN64 => Processor {
        short_name: Some("arm"),
        contexts: &[ContextLayout::ARM, ContextLayout::ARM_BREAKPAD],
        machines: &[ImageFileMachine::ARMNT, ImageFileMachine::ARM, ImageFileMachine::THUMB],
        cpu_info_of_breakpad: CpuInfoForm::Arm,
        code_window: 0x100,
        has_thumb: true,
        has_arm_mach_codes: true,
        ..Processor::PLAIN_32
    };
    ARM64 => Processor::ARM64;
    // Only Breakpad and minidump-writer have this number.
    ARM64_OLD => Processor {
        contexts: &[ContextLayout::ARM64_BREAKPAD],
        cpu_info_of_breakpad: CpuInfoForm::Arm,
        ..Processor::ARM64
    };
    MIPS => Processor { short_name: Some("mips"), contexts: &[ContextLayout::MIPS], ..Processor::PLAIN_32 };
    MIPS64 => Processor {
        short_name: Some("mips64"),
        contexts: &[ContextLayout::MIPS64_CRASHPAD, ContextLayout::MIPS],
        ..Processor::PLAIN
    };
    PPC => Processor { short_name: Some("ppc"), contexts: &[ContextLayout::PPC], ..Processor::PLAIN_32 };
    PPC64 => Processor { short_name: Some("ppc64"), contexts: &[ContextLayout::PPC64], ..Processor::PLAIN };
    SPARC => Processor { short_name: Some("sparc"), contexts: &[ContextLayout::SPARC], ..Processor::PLAIN };
    RISCV32 => Processor { short_name: Some("riscv32"), contexts: &[ContextLayout::RISCV32], ..Processor::PLAIN_32 };
    RISCV64 => Processor { short_name: Some("riscv64"), contexts: &[ContextLayout::RISCV64], ..Processor::PLAIN };
    LOONGARCH64 => Processor {
        short_name: Some("loongarch64"),
        contexts: &[ContextLayout::LOONGARCH64],
        ..Processor::PLAIN
    };
    IA64 => Processor { short_name: Some("ia64"), machines: &[ImageFileMachine::IA64], ..Processor::PLAIN };
    ALPHA => Processor { short_name: Some("alpha"), machines: &[ImageFileMachine::ALPHA], ..Processor::PLAIN_32 };
    ALPHA64 => Processor { short_name: Some("alpha64"), machines: &[ImageFileMachine::ALPHA64], ..Processor::PLAIN };
    SHX => Processor { short_name: Some("shx"), ..Processor::PLAIN_32 };
    // No processors.
    MSIL | NEUTRAL | UNKNOWN => Processor::PLAIN;
}

impl ProcessorArchitecture {
    /// Size of a pointer in the target in bytes: 4, or else 8, which is also the answer for values without a name.
    #[inline]
    #[must_use]
    pub const fn pointer_size(self) -> u32 {
        self.processor().pointer_size
    }

    /// True if pointers of the target have 32 bits.
    #[inline]
    #[must_use]
    pub const fn is_32_bit(self) -> bool {
        self.pointer_size() == 4
    }
}

impl ImageFileMachine {
    /// The processor in the numbers of minidumps; `None` for one that minidumps have no number for.
    #[must_use]
    pub const fn architecture(self) -> Option<ProcessorArchitecture> {
        let mut architectures = ProcessorArchitecture::KNOWN;
        // In ascending order, so that the processor itself comes before what others emulate.
        while let [architecture, rest @ ..] = architectures {
            let mut machines = architecture.processor().machines;
            while let [machine, other_machines @ ..] = machines {
                if machine.0 == self.0 {
                    return Some(*architecture);
                }
                machines = other_machines;
            }
            architectures = rest;
        }
        None
    }

    /// What is known of the processor; of one that minidumps have no number for next to nothing.
    #[must_use]
    pub const fn processor(self) -> &'static Processor {
        match self.architecture() {
            Some(architecture) => architecture.processor(),
            None => ProcessorArchitecture::UNKNOWN.processor(),
        }
    }

    /// The number for a processor of a minidump; `None` for those that Windows had no programs for.
    #[must_use]
    pub const fn from_architecture(architecture: ProcessorArchitecture) -> Option<Self> {
        match architecture.processor().machines {
            [machine, ..] => Some(*machine),
            [] => None,
        }
    }
}
