//! Processor and operating system.

use crate::format::location::Rva;

structure! {
    /// The SystemInfo stream.
    ///
    /// LLDB sets the architecture, the platform and an empty service pack; its other fields hold whatever was in
    /// memory.
    #[doc(alias = "MINIDUMP_SYSTEM_INFO")]
    pub struct SystemInfo {
        /// Kind of processor; 0 is x86, not "unknown".
        pub processor_architecture: ProcessorArchitecture,
        /// Family of an x86 processor, version of the architecture for ARM.
        pub processor_level: u16,
        /// For x86 the model in the high byte and the stepping in the low one.
        pub processor_revision: u16,
        /// Logical processors, modulo 256.
        pub number_of_processors: u8,
        /// Edition of Windows: 1 workstation, 2 domain controller, 3 server; 0 if unknown.
        pub product_type: u8,
        /// First number of the system's version.
        pub major_version: u32,
        /// Second number of the system's version.
        pub minor_version: u32,
        /// Build of the system, on other systems than Windows often the third number of the version.
        pub build_number: u32,
        /// Operating system; 0 is Win32s, not "unknown".
        pub platform_id: PlatformId,
        /// Where the service pack or a longer version text is, as a `MINIDUMP_STRING`; 0 if there is none.
        #[doc(alias = "CSDVersionRva")]
        pub csd_version_rva: Rva,
        /// Product suites of Windows, as `VER_SUITE_*` bits; 0 if there are none.
        pub suite_mask: u16,
        /// No documented meaning.
        pub reserved2: u16,
        /// A union: the bytes of an [`X86CpuInfo`], an [`ArmCpuInfo`] or an [`OtherCpuInfo`].
        ///
        /// The architecture does not settle which: Breakpad on Linux uses the x86 form for AMD64, Windows the other
        /// one.
        pub cpu: [u8; 24],
    }
}

structure! {
    /// What `CPUID` says about an x86 processor.
    #[doc(alias = "CPU_INFORMATION")]
    pub struct X86CpuInfo {
        /// Name of the vendor in 12 ASCII characters: registers EBX, EDX, ECX of leaf 0, in this order.
        pub vendor_id: [u32; 3],
        /// Family, model and stepping: register EAX of leaf 1.
        pub version_information: u32,
        /// Abilities: register EDX of leaf 1.
        pub feature_information: u32,
        /// Abilities of AMD's processors: register EDX of leaf `0x80000001`; 0 for those of others.
        pub amd_extended_cpu_features: u32,
    }
}

structure! {
    /// What Breakpad stores about an ARM processor, at the start of the union.
    pub struct ArmCpuInfo {
        /// The main id register; 0 if unknown.
        pub cpuid: u32,
        /// Abilities as the Linux kernel reports them in `AT_HWCAP`; 0 if unknown.
        pub elf_hwcaps: u32,
    }
}

structure! {
    /// What Windows and Crashpad store about any other processor, AMD64 included, at the start of the union.
    #[doc(alias = "CPU_INFORMATION")]
    pub struct OtherCpuInfo {
        /// Abilities: bit n is the answer of `IsProcessorFeaturePresent` for the `PF_*` constant n.
        pub processor_features: [u64; 2],
    }
}

named_values! {
    /// Kind of processor.
    ///
    /// Numbers below `0x8000` are those of `winnt.h`, those from `0x8001` on are Breakpad's.
    #[doc(alias = "PROCESSOR_ARCHITECTURE")]
    pub struct ProcessorArchitecture(u16);

    /// 32-bit x86, also as a WoW64 process on AMD64.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_INTEL")]
    X86 = 0 => "x86",
    /// MIPS with 32 bits.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_MIPS")]
    MIPS = 1 => "MIPS",
    /// Alpha with 32-bit pointers.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ALPHA")]
    ALPHA = 2 => "Alpha",
    /// PowerPC with 32 bits.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_PPC")]
    PPC = 3 => "PowerPC",
    /// SuperH.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_SHX")]
    SHX = 4 => "SHx",
    /// ARM with 32 bits.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ARM")]
    ARM = 5 => "ARM",
    /// Itanium.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_IA64")]
    IA64 = 6 => "IA-64",
    /// Alpha with 64-bit pointers.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ALPHA64")]
    ALPHA64 = 7 => "Alpha64",
    /// Bytecode of .NET.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_MSIL")]
    MSIL = 8 => "MSIL",
    /// 64-bit x86.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_AMD64")]
    #[doc(alias = "x86_64")]
    AMD64 = 9 => "AMD64",
    /// 32-bit x86 on an Itanium host.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_IA32_ON_WIN64")]
    X86_ON_WIN64 = 10 => "x86 on Win64",
    /// No processor in particular.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_NEUTRAL")]
    NEUTRAL = 11 => "neutral",
    /// ARM with 64 bits.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ARM64")]
    ARM64 = 12 => "ARM64",
    /// 32-bit ARM on a 64-bit host.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ARM32_ON_WIN64")]
    ARM32_ON_WIN64 = 13 => "ARM32 on Win64",
    /// 32-bit x86 on an ARM64 host.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_IA32_ON_ARM64")]
    X86_ON_ARM64 = 14 => "x86 on ARM64",
    /// Breakpad: SPARC, with registers of 64 bits.
    #[doc(alias = "MD_CPU_ARCHITECTURE_SPARC")]
    SPARC = 0x8001 => "SPARC",
    /// Breakpad: PowerPC with 64 bits.
    #[doc(alias = "MD_CPU_ARCHITECTURE_PPC64")]
    PPC64 = 0x8002 => "PPC64",
    /// Breakpad and minidump-writer: ARM with 64 bits, contexts in Breakpad's old layout.
    #[doc(alias = "MD_CPU_ARCHITECTURE_ARM64_OLD")]
    ARM64_OLD = 0x8003 => "ARM64 (old)",
    /// Breakpad: MIPS with 64 bits.
    #[doc(alias = "MD_CPU_ARCHITECTURE_MIPS64")]
    MIPS64 = 0x8004 => "MIPS64",
    /// Breakpad: RISC-V with 32 bits.
    #[doc(alias = "MD_CPU_ARCHITECTURE_RISCV")]
    RISCV32 = 0x8005 => "RISC-V 32",
    /// Breakpad: RISC-V with 64 bits.
    #[doc(alias = "MD_CPU_ARCHITECTURE_RISCV64")]
    RISCV64 = 0x8006 => "RISC-V 64",
    /// Chromium's port of Crashpad: LoongArch with 64 bits.
    #[doc(alias = "MD_CPU_ARCHITECTURE_LOONGARCH64")]
    LOONGARCH64 = 0x8007 => "LoongArch64",
    /// Not known to the producer.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_UNKNOWN")]
    UNKNOWN = 0xFFFF => "unknown",
}

named_values! {
    /// Operating system.
    ///
    /// 0 to 3 are those of `winnt.h` and Windows CE, those from `0x8000` on are Breakpad's.
    #[doc(alias = "VER_PLATFORM")]
    pub struct PlatformId(u32);

    /// The 32-bit interface on Windows 3.1.
    #[doc(alias = "VER_PLATFORM_WIN32s")]
    WIN32S = 0 => "Win32s",
    /// Windows 95, 98 and ME.
    #[doc(alias = "VER_PLATFORM_WIN32_WINDOWS")]
    WIN32_WINDOWS = 1 => "Windows 9x",
    /// Windows as it is today.
    #[doc(alias = "VER_PLATFORM_WIN32_NT")]
    WIN32_NT = 2 => "Windows NT",
    /// Windows CE.
    #[doc(alias = "VER_PLATFORM_WIN32_CE")]
    WIN32_CE = 3 => "Windows CE",
    /// Some Unix.
    #[doc(alias = "MD_OS_UNIX")]
    UNIX = 0x8000 => "Unix",
    /// macOS.
    #[doc(alias = "MD_OS_MAC_OS_X")]
    MAC_OS = 0x8101 => "macOS",
    /// iOS.
    #[doc(alias = "MD_OS_IOS")]
    IOS = 0x8102 => "iOS",
    /// Linux, but Android has a number of its own.
    #[doc(alias = "MD_OS_LINUX")]
    LINUX = 0x8201 => "Linux",
    /// Solaris.
    #[doc(alias = "MD_OS_SOLARIS")]
    SOLARIS = 0x8202 => "Solaris",
    /// Android.
    #[doc(alias = "MD_OS_ANDROID")]
    ANDROID = 0x8203 => "Android",
    /// PlayStation 3.
    #[doc(alias = "MD_OS_PS3")]
    PS3 = 0x8204 => "PS3",
    /// Chromium's Native Client.
    #[doc(alias = "MD_OS_NACL")]
    NACL = 0x8205 => "NaCl",
    /// Fuchsia for Breakpad and Crashpad; LLVM calls the same number OpenHarmony.
    #[doc(alias = "MD_OS_FUCHSIA")]
    FUCHSIA = 0x8206 => "Fuchsia",
    /// Not known to the producer; written by Crashpad.
    UNKNOWN = 0xFFFF_FFFF => "unknown",
}

impl PlatformId {
    /// True for all kinds of Windows, CE included.
    #[must_use]
    pub const fn is_windows(self) -> bool {
        matches!(self, Self::WIN32S | Self::WIN32_WINDOWS | Self::WIN32_NT | Self::WIN32_CE)
    }
}
