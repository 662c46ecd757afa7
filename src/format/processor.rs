//! The processor table: one row for each processor architecture, used by all code that depends on the architecture.
//!
//! To add an architecture: add its number to [`ProcessorArchitecture`], a file with the registers of its contexts, and
//! a row here.

use crate::format::context::ContextLayout;
use crate::format::full_user_dump::ImageFileMachine;
use crate::format::system::info::{ArmCpuInfo, OtherCpuInfo, ProcessorArchitecture, X86CpuInfo};

/// The properties of a processor architecture: a row of the table, see [`ProcessorArchitecture::processor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Processor {
    /// Name of the architecture in other tools and crates, in lower case; `None` if there is none.
    pub short_name: Option<&'static str>,
    /// Size of a pointer in bytes, 4 or 8.
    pub pointer_size: u32,
    /// The possible context layouts, largest first; empty for most architectures that are no longer in use.
    pub contexts: &'static [ContextLayout],
    /// The machine types of PE images and full user dumps for the architecture. The first is used for writing; empty if
    /// there are no full user dumps of the architecture.
    pub machines: &'static [ImageFileMachine],
    /// The form of the CPU information in dumps of Windows and Crashpad.
    pub cpu_info: CpuInfoForm,
    /// The form of the CPU information in dumps of Breakpad on other systems.
    pub breakpad_cpu_info: CpuInfoForm,
    /// Number of bytes that the debugger keeps before and after an instruction.
    pub code_window: u64,
    /// Number of bytes below the stack pointer that the debugger treats as part of the stack.
    pub below_stack_pointer: u64,
    /// True if bit 0 of the program counter indicates Thumb code and is not part of the address.
    pub has_thumb: bool,
    /// True if Mach exception codes have the names for ARM processors.
    pub has_arm_mach_codes: bool,
}

/// The structure that [`SystemInfo::cpu`](crate::format::SystemInfo::cpu) contains.
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
    /// Returns the size of the structure in bytes. The bytes of [`SystemInfo::cpu`](crate::format::SystemInfo::cpu)
    /// after it are not used.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::X86 => X86CpuInfo::SIZE,
            Self::Arm => ArmCpuInfo::SIZE,
            Self::Other => OtherCpuInfo::SIZE,
        }
    }

    /// Returns the number of bytes of CPU information that the debugger keeps in a dump of Windows.
    ///
    /// It clears the bytes after them, on x86 including AMD's extended features.
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
    /// The default: a 64-bit processor with no known properties. It is used for values without a name.
    const PLAIN: Self = Self {
        short_name: None,
        pointer_size: 8,
        contexts: &[],
        machines: &[],
        cpu_info: CpuInfoForm::Other,
        breakpad_cpu_info: CpuInfoForm::Other,
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

    /// Returns the Windows layout. It is the largest, and exists if Windows runs on the processor.
    #[cfg(feature = "std")]
    pub(crate) const fn windows_context(&self) -> Option<&'static ContextLayout> {
        self.contexts.first()
    }

    /// Returns the largest layout that fits into a context of `data_size` bytes; `None` if no layout fits.
    #[must_use]
    pub const fn context_of_size(&self, data_size: u32) -> Option<&'static ContextLayout> {
        let mut candidates = self.contexts;
        while let [layout, rest @ ..] = candidates {
            if layout.min_size() <= data_size {
                return Some(layout);
            }
            candidates = rest;
        }
        None
    }
}

/// Declares the rows of all architectures.
macro_rules! processors {
    ($($($architecture:ident)|+ => $row:expr;)+) => {
        impl ProcessorArchitecture {
            /// Returns the properties of the processor. Values without a name have default properties.
            pub const fn processor(self) -> &'static Processor {
                match self {
                    $($(Self::$architecture)|+ => const { &$row },)+
                    _ => const { &Processor::PLAIN },
                }
            }
        }

        // Every architecture must have a row.
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
        breakpad_cpu_info: CpuInfoForm::X86,
        below_stack_pointer: 4,
        ..Processor::PLAIN_32
    };
    AMD64 => Processor {
        short_name: Some("amd64"),
        contexts: &[ContextLayout::AMD64, ContextLayout::AMD64_LLDB],
        machines: &[ImageFileMachine::AMD64],
        breakpad_cpu_info: CpuInfoForm::X86,
        ..Processor::PLAIN
    };
    ARM | ARM32_ON_WIN64 => Processor {
        short_name: Some("arm"),
        contexts: &[ContextLayout::ARM, ContextLayout::ARM_BREAKPAD],
        machines: &[ImageFileMachine::ARMNT, ImageFileMachine::ARM, ImageFileMachine::THUMB],
        breakpad_cpu_info: CpuInfoForm::Arm,
        code_window: 0x100,
        has_thumb: true,
        has_arm_mach_codes: true,
        ..Processor::PLAIN_32
    };
    ARM64 => Processor::ARM64;
    // Only Breakpad and minidump-writer use this value.
    ARM64_OLD => Processor {
        contexts: &[ContextLayout::ARM64_BREAKPAD],
        breakpad_cpu_info: CpuInfoForm::Arm,
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
    // Not processors.
    MSIL | NEUTRAL | UNKNOWN => Processor::PLAIN;
}

impl ProcessorArchitecture {
    /// Returns the pointer size of the target in bytes: 4 or 8; 8 for values without a name.
    #[inline]
    #[must_use]
    pub const fn pointer_size(self) -> u32 {
        self.processor().pointer_size
    }

    /// Returns true if the target has 32-bit pointers.
    #[inline]
    #[must_use]
    pub const fn is_32_bit(self) -> bool {
        self.pointer_size() == 4
    }
}

impl ImageFileMachine {
    /// Returns the processor architecture in minidumps; `None` if minidumps have no value for it.
    #[must_use]
    pub const fn architecture(self) -> Option<ProcessorArchitecture> {
        let mut architectures = ProcessorArchitecture::KNOWN;
        // In ascending order, so that native architectures come before emulated ones.
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

    /// Returns the properties of the processor. Machine types that minidumps have no value for have default properties.
    #[must_use]
    pub const fn processor(self) -> &'static Processor {
        match self.architecture() {
            Some(architecture) => architecture.processor(),
            None => ProcessorArchitecture::UNKNOWN.processor(),
        }
    }

    /// Returns the machine type for a processor architecture; `None` if there are no PE images for it.
    #[must_use]
    pub const fn from_architecture(architecture: ProcessorArchitecture) -> Option<Self> {
        match architecture.processor().machines {
            [machine, ..] => Some(*machine),
            [] => None,
        }
    }
}
