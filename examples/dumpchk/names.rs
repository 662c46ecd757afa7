//! Short names, as other tools and packages use them; none where the number has no well-known one.

use userdump::Dump;
use userdump::format::{PlatformId, ProcessorArchitecture};

/// The name of the format.
pub const fn format(dump: &Dump<'_>) -> &'static str {
    match dump {
        Dump::Minidump(_) => "minidump",
        Dump::FullUserDump(dump) if dump.is_64_bit() => "userdu64",
        Dump::FullUserDump(_) => "userdump",
        _ => "unknown",
    }
}

/// The name of the processor.
pub const fn architecture(architecture: ProcessorArchitecture) -> Option<&'static str> {
    Some(match architecture {
        ProcessorArchitecture::X86 | ProcessorArchitecture::X86_ON_WIN64 | ProcessorArchitecture::X86_ON_ARM64 => "x86",
        ProcessorArchitecture::AMD64 => "amd64",
        ProcessorArchitecture::ARM | ProcessorArchitecture::ARM32_ON_WIN64 => "arm",
        ProcessorArchitecture::ARM64 | ProcessorArchitecture::ARM64_OLD => "arm64",
        ProcessorArchitecture::IA64 => "ia64",
        ProcessorArchitecture::MIPS => "mips",
        ProcessorArchitecture::MIPS64 => "mips64",
        ProcessorArchitecture::PPC => "ppc",
        ProcessorArchitecture::PPC64 => "ppc64",
        ProcessorArchitecture::SPARC => "sparc",
        ProcessorArchitecture::RISCV32 => "riscv32",
        ProcessorArchitecture::RISCV64 => "riscv64",
        ProcessorArchitecture::ALPHA => "alpha",
        ProcessorArchitecture::ALPHA64 => "alpha64",
        ProcessorArchitecture::SHX => "shx",
        _ => return None,
    })
}

/// The name of the operating system.
pub const fn system(platform: PlatformId) -> Option<&'static str> {
    Some(match platform {
        _ if platform.is_windows() => "windows",
        PlatformId::LINUX => "linux",
        PlatformId::ANDROID => "android",
        PlatformId::MAC_OS => "macos",
        PlatformId::IOS => "ios",
        PlatformId::SOLARIS => "solaris",
        PlatformId::FUCHSIA => "fuchsia",
        PlatformId::NACL => "nacl",
        PlatformId::PS3 => "ps3",
        PlatformId::UNIX => "unix",
        _ => return None,
    })
}
