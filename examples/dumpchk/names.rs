//! Short names, as other tools and packages use them; none where the number has no well-known one.

use userdump::Dump;
use userdump::format::PlatformId;

/// The name of the format.
pub const fn format(dump: &Dump<'_>) -> &'static str {
    match dump {
        Dump::Minidump(_) => "minidump",
        Dump::FullUserDump(dump) if dump.is_64_bit() => "userdu64",
        Dump::FullUserDump(_) => "userdump",
        _ => "unknown",
    }
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
