//! Short names of formats and systems, as other tools use them, and the available size of a stream.

use userdump::format::{DirectoryEntry, PlatformId};
use userdump::read::Target;
use userdump::{Dump, Minidump};

/// Returns the name of the format.
pub const fn format(dump: &Dump<'_>) -> &'static str {
    match dump {
        Dump::Minidump(_) => "minidump",
        Dump::FullUserDump(dump) if dump.is_64_bit() => "userdu64",
        Dump::FullUserDump(_) => "userdump",
        _ => "unknown",
    }
}

/// Returns the name of the operating system, or `None` if the number has no well-known name.
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

/// Returns the number of bytes of a stream that are in the file.
pub fn available(dump: &Minidump<'_>, entry: &DirectoryEntry) -> u64 {
    let rest = dump.file_size().saturating_sub(entry.location.rva.into());
    rest.min(entry.location.data_size.into())
}

/// Returns what the address in an exception record refers to. Only on Windows, it is always an instruction.
pub fn meaning_of_address(target: Target) -> Option<&'static str> {
    match target.platform? {
        PlatformId::MAC_OS | PlatformId::IOS => Some("memory or code"),
        PlatformId::LINUX | PlatformId::ANDROID => Some("memory"),
        platform if platform.is_windows() => Some("instruction"),
        _ => None,
    }
}
