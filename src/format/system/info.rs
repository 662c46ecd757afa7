//! The SystemInfo stream: processor and operating system.

use crate::format::location::Rva;

structure! {
    /// The SystemInfo stream: processor and operating system.
    ///
    /// LLDB sets the architecture, the platform and an empty service pack, and leaves uninitialized memory in the other
    /// fields.
    ///
    /// ```
    /// use userdump::format::{PlatformId, ProcessorArchitecture, SystemInfo};
    ///
    /// let system = SystemInfo {
    ///     processor_architecture: ProcessorArchitecture::AMD64,
    ///     platform_id: PlatformId::WIN32_NT,
    ///     ..Default::default()
    /// };
    /// assert!(system.platform_id.is_windows());
    /// ```
    #[doc(alias = "MINIDUMP_SYSTEM_INFO")]
    pub struct SystemInfo {
        /// Processor architecture; 0 is x86, not "unknown".
        pub processor_architecture: ProcessorArchitecture,
        /// Family of an x86 processor; architecture version of an ARM processor.
        pub processor_level: u16,
        /// On x86, the model in the high byte and the stepping in the low byte.
        pub processor_revision: u16,
        /// Number of logical processors, modulo 256.
        pub number_of_processors: u8,
        /// Product type of Windows: 1 workstation, 2 domain controller, 3 server; 0 if unknown.
        pub product_type: u8,
        /// Major version of the operating system.
        pub major_version: u32,
        /// Minor version of the operating system.
        pub minor_version: u32,
        /// Build number of the operating system; on systems other than Windows often the third part of the version.
        pub build_number: u32,
        /// Operating system; 0 is Win32s, not "unknown".
        pub platform_id: PlatformId,
        /// RVA of the service pack or of a longer version string, a `MINIDUMP_STRING`; 0 if there is none.
        #[doc(alias = "CSDVersionRva")]
        pub csd_version_rva: Rva,
        /// Product suites of Windows, as `VER_SUITE_*` bits; 0 if there are none.
        pub suite_mask: u16,
        /// Reserved; its meaning is not documented.
        pub reserved2: u16,
        /// A union: an [`X86CpuInfo`], an [`ArmCpuInfo`] or an [`OtherCpuInfo`], as bytes.
        ///
        /// The architecture alone does not select the form: for AMD64, Breakpad on Linux uses [`X86CpuInfo`], Windows
        /// uses [`OtherCpuInfo`].
        pub cpu: [u8; 24],
    }
}

structure! {
    /// The `CPUID` information of an x86 processor.
    #[doc(alias = "CPU_INFORMATION")]
    pub struct X86CpuInfo {
        /// Vendor name in 12 ASCII characters: registers EBX, EDX and ECX of leaf 0, in this order.
        pub vendor_id: [u32; 3],
        /// Family, model and stepping: register EAX of leaf 1.
        pub version_information: u32,
        /// Processor features: register EDX of leaf 1.
        pub feature_information: u32,
        /// AMD processor features: register EDX of leaf `0x80000001`; 0 for other vendors.
        pub amd_extended_cpu_features: u32,
    }
}

structure! {
    /// Breakpad's information about an ARM processor, at the start of the union.
    pub struct ArmCpuInfo {
        /// The main ID register (MIDR); 0 if unknown.
        pub cpuid: u32,
        /// Processor features as reported by the Linux kernel in `AT_HWCAP`; 0 if unknown.
        pub elf_hwcaps: u32,
    }
}

structure! {
    /// The information of Windows and Crashpad about any other processor, including AMD64, at the start of the union.
    #[doc(alias = "CPU_INFORMATION")]
    pub struct OtherCpuInfo {
        /// Processor features: bit n is the result of `IsProcessorFeaturePresent` for the `PF_*` constant with the
        /// value n.
        pub processor_features: [u64; 2],
    }
}

named_values! {
    /// A processor architecture.
    ///
    /// Values below `0x8000` are from `winnt.h`; values from `0x8001` on are from Breakpad.
    ///
    /// ```
    /// use userdump::format::ProcessorArchitecture;
    ///
    /// let architecture = ProcessorArchitecture(9);
    /// assert_eq!((architecture.to_string().as_str(), architecture.pointer_size()), ("AMD64", 8));
    /// ```
    #[doc(alias = "PROCESSOR_ARCHITECTURE")]
    pub struct ProcessorArchitecture(u16);

    /// 32-bit x86, also for WOW64 processes on AMD64.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_INTEL")]
    X86 = 0 => "x86",
    /// 32-bit MIPS.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_MIPS")]
    MIPS = 1 => "MIPS",
    /// Alpha with 32-bit pointers.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ALPHA")]
    ALPHA = 2 => "Alpha",
    /// 32-bit PowerPC.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_PPC")]
    PPC = 3 => "PowerPC",
    /// SuperH.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_SHX")]
    SHX = 4 => "SHx",
    /// 32-bit ARM.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ARM")]
    ARM = 5 => "ARM",
    /// Itanium.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_IA64")]
    IA64 = 6 => "IA-64",
    /// Alpha with 64-bit pointers.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ALPHA64")]
    ALPHA64 = 7 => "Alpha64",
    /// .NET bytecode.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_MSIL")]
    MSIL = 8 => "MSIL",
    /// 64-bit x86.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_AMD64")]
    #[doc(alias = "x86_64")]
    AMD64 = 9 => "AMD64",
    /// 32-bit x86 on an Itanium host.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_IA32_ON_WIN64")]
    X86_ON_WIN64 = 10 => "x86 on Win64",
    /// No specific processor.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_NEUTRAL")]
    NEUTRAL = 11 => "neutral",
    /// 64-bit ARM.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ARM64")]
    ARM64 = 12 => "ARM64",
    /// 32-bit ARM on a 64-bit host.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_ARM32_ON_WIN64")]
    ARM32_ON_WIN64 = 13 => "ARM32 on Win64",
    /// 32-bit x86 on an ARM64 host.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_IA32_ON_ARM64")]
    X86_ON_ARM64 = 14 => "x86 on ARM64",
    /// Breakpad: SPARC with 64-bit registers.
    #[doc(alias = "MD_CPU_ARCHITECTURE_SPARC")]
    SPARC = 0x8001 => "SPARC",
    /// Breakpad: 64-bit PowerPC.
    #[doc(alias = "MD_CPU_ARCHITECTURE_PPC64")]
    PPC64 = 0x8002 => "PPC64",
    /// Breakpad and minidump-writer: 64-bit ARM with contexts in Breakpad's old layout.
    #[doc(alias = "MD_CPU_ARCHITECTURE_ARM64_OLD")]
    ARM64_OLD = 0x8003 => "ARM64 (old)",
    /// Breakpad: 64-bit MIPS.
    #[doc(alias = "MD_CPU_ARCHITECTURE_MIPS64")]
    MIPS64 = 0x8004 => "MIPS64",
    /// Breakpad: 32-bit RISC-V.
    #[doc(alias = "MD_CPU_ARCHITECTURE_RISCV")]
    RISCV32 = 0x8005 => "RISC-V 32",
    /// Breakpad: 64-bit RISC-V.
    #[doc(alias = "MD_CPU_ARCHITECTURE_RISCV64")]
    RISCV64 = 0x8006 => "RISC-V 64",
    /// Chromium's port of Crashpad: 64-bit LoongArch.
    #[doc(alias = "MD_CPU_ARCHITECTURE_LOONGARCH64")]
    LOONGARCH64 = 0x8007 => "LoongArch64",
    /// Unknown to the producer.
    #[doc(alias = "PROCESSOR_ARCHITECTURE_UNKNOWN")]
    UNKNOWN = 0xFFFF => "unknown",
}

named_values! {
    /// An operating system.
    ///
    /// Values from 0 to 3 are from `winnt.h` and Windows CE; values from `0x8000` on are from Breakpad.
    #[doc(alias = "VER_PLATFORM")]
    pub struct PlatformId(u32);

    /// Win32s on Windows 3.1.
    #[doc(alias = "VER_PLATFORM_WIN32s")]
    WIN32S = 0 => "Win32s",
    /// Windows 95, 98 and ME.
    #[doc(alias = "VER_PLATFORM_WIN32_WINDOWS")]
    WIN32_WINDOWS = 1 => "Windows 9x",
    /// Windows NT and all later versions.
    #[doc(alias = "VER_PLATFORM_WIN32_NT")]
    WIN32_NT = 2 => "Windows NT",
    /// Windows CE.
    #[doc(alias = "VER_PLATFORM_WIN32_CE")]
    WIN32_CE = 3 => "Windows CE",
    /// Another Unix.
    #[doc(alias = "MD_OS_UNIX")]
    UNIX = 0x8000 => "Unix",
    /// macOS.
    #[doc(alias = "MD_OS_MAC_OS_X")]
    MAC_OS = 0x8101 => "macOS",
    /// iOS.
    #[doc(alias = "MD_OS_IOS")]
    IOS = 0x8102 => "iOS",
    /// Linux, except Android, which has its own value.
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
    /// Fuchsia according to Breakpad and Crashpad; LLVM uses the same value for OpenHarmony.
    #[doc(alias = "MD_OS_FUCHSIA")]
    FUCHSIA = 0x8206 => "Fuchsia",
    /// Unknown to the producer; written by Crashpad.
    UNKNOWN = 0xFFFF_FFFF => "unknown",
}

impl PlatformId {
    /// Returns true for all versions of Windows, including Windows CE.
    #[must_use]
    pub const fn is_windows(self) -> bool {
        matches!(self, Self::WIN32S | Self::WIN32_WINDOWS | Self::WIN32_NT | Self::WIN32_CE)
    }
}
