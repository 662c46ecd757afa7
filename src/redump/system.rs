//! Derives the system information of a Windows dump without any from its images and contexts.

use crate::format::process::UserSharedData;
use crate::format::{self, PlatformId};
use crate::read::module::Image;
use crate::read::{Memory, Minidump, SystemInfo};

/// The most images and contexts that are examined.
const MOST_EXAMINED: usize = 64;

/// Returns system information for a dump that has none or whose own cannot be read. Returns `None` if it has some, if
/// no image is in memory, or if images and contexts disagree.
pub(super) fn guessed(dump: &Minidump<'_>) -> Option<format::SystemInfo> {
    if dump.find::<SystemInfo<'_>>().is_some() {
        return None;
    }
    let memory = dump.memory();
    let mut modules = dump.modules().into_iter().take(MOST_EXAMINED);
    let mut machines =
        modules.by_ref().filter_map(|module| Image::at(&memory, module.base())?.machine().architecture());
    let processor_architecture = machines.next()?;
    let platform_id = PlatformId::WIN32_NT;
    let known = dump.with_target(processor_architecture, platform_id);
    let mut contexts = known.threads().take(MOST_EXAMINED).filter_map(|thread| thread.registers());
    let agree = machines.all(|machine| machine == processor_architecture)
        && contexts.all(|context| context.is_for_its_processor() && !context.is_truncated());
    let (major_version, minor_version, build_number) = version(dump, &memory);
    agree.then(|| format::SystemInfo {
        processor_architecture,
        platform_id,
        number_of_processors: 1,
        major_version,
        minor_version,
        build_number,
        ..Default::default()
    })
}

/// Returns the version of Windows (major, minor, build) from the user shared data, or that of `ntdll.dll`; zeros if
/// neither is there.
fn version(dump: &Minidump<'_>, memory: &Memory<'_>) -> (u32, u32, u32) {
    let shared = |address| memory.read_u32(address).filter(|number| *number != 0);
    let numbers = (shared(UserSharedData::NT_MAJOR_VERSION), shared(UserSharedData::NT_BUILD_NUMBER));
    if let (Some(major), Some(build)) = numbers {
        return (major, shared(UserSharedData::NT_MINOR_VERSION).unwrap_or(0), build & 0xffff);
    }
    let is_library =
        |name: &str| name.rsplit(['\\', '/']).next().is_some_and(|it| it.eq_ignore_ascii_case("ntdll.dll"));
    let mut modules = dump.modules().into_iter().take(MOST_EXAMINED);
    let library = modules.find(|module| module.name().is_ok_and(|name| is_library(&name.to_string_lossy())));
    library.and_then(|module| module.version().copied()).map_or((0, 0, 0), |version| {
        (version.file_version_ms >> 16, version.file_version_ms & 0xffff, version.file_version_ls >> 16)
    })
}
