//! Selects data that the system shares with all processes: on Windows a page with versions, times, processor features
//! and the system folder, on Linux the code of some system calls (vDSO).

use alloc::vec::Vec;

use crate::format::MinidumpType;
use crate::format::linux::LinuxMapFlags;
use crate::format::process::UserSharedData;
use crate::read::Interval;
use crate::read::linux::{LinuxMapping, LinuxMaps};
use crate::redump::options::Options;
use crate::redump::source::Source;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// What `r` keeps of it, as pairs of start and end address: times, time zone, versions with processor features,
/// edition, ticks.
const KEPT: [(u64, u64); 5] = [
    (UserSharedData::ADDRESS, UserSharedData::TIME_ZONE_BIAS + 12),
    (UserSharedData::TIME_ZONE_ID, UserSharedData::TIME_ZONE_ID + 4),
    (UserSharedData::NT_BUILD_NUMBER, UserSharedData::PROCESSOR_FEATURES + UserSharedData::PROCESSOR_FEATURES_SIZE),
    (UserSharedData::SUITE_MASK, UserSharedData::SUITE_MASK + 4),
    (UserSharedData::TICK_COUNT, UserSharedData::TICK_COUNT + 12),
];
const ROOT_END: u64 = UserSharedData::NT_SYSTEM_ROOT + UserSharedData::NT_SYSTEM_ROOT_SIZE;

/// The largest size of the vDSO image, in bytes.
const LARGEST_IMAGE: u64 = 0x1_0000;
const ELF: [u8; 4] = *b"\x7fELF";

/// Adds the part of it that the debugger writes to every dump, or the vDSO image of Linux. Adds nothing if the source
/// does not have it.
pub(super) fn shared_data(wanted: &mut Wanted<'_, '_>, options: &Options) {
    let size = options.engine().shared_data_size();
    if wanted.source.target.is_windows() {
        wanted.add_at(UserSharedData::ADDRESS, size, Reason::SharedData);
    } else if size > 0 {
        wanted.add(vdso_image(wanted.source), Reason::SharedData);
    }
}

/// Returns the vDSO image, which Linux maps into all processes. It is not in any file, and debuggers need it to unwind
/// its frames.
fn vdso_image(source: &Source<'_>) -> Option<Interval> {
    let is_it = |mapping: &LinuxMapping<'_>| {
        mapping.path == "[vdso]"
            && mapping.inode == 0
            && mapping.size() <= LARGEST_IMAGE
            && mapping.flags.contains(LinuxMapFlags::EXECUTE)
            && !mapping.flags.contains(LinuxMapFlags::WRITE)
    };
    let mapping = source.dump().find::<LinuxMaps<'_>>()?.iter().find(is_it)?;
    let magic = source.memory.read_integer(mapping.start, 4)?;
    let is_image = [u32::from_le_bytes(ELF), u32::from_be_bytes(ELF)].contains(&u32::try_from(magic).ok()?);
    source.target.interval(mapping.start, mapping.size()).filter(|_| is_image)
}

/// Returns what of it is zeroed, sorted by address: with `r` everything that debuggers do not need, with `R` the system
/// folder.
pub(super) fn hidden(options: &Options) -> Vec<Interval> {
    let size = options.engine().shared_data_size();
    let filtered = options.contain(MinidumpType::FILTER_MEMORY);
    let gaps = |kept: &[(u64, u64)]| {
        let starts = [UserSharedData::ADDRESS].into_iter().chain(kept.iter().map(|&(_, to)| to));
        let ends = kept.iter().map(|&(from, _)| from).chain([UserSharedData::ADDRESS + size]);
        starts.zip(ends).filter_map(|(from, to)| Interval::new(from, to.checked_sub(from)?)).collect()
    };
    if size == 0 {
        Vec::new()
    } else if filtered {
        gaps(&KEPT)
    } else if options.contain(MinidumpType::FILTER_MODULE_PATHS) {
        gaps(&[(UserSharedData::ADDRESS, UserSharedData::NT_SYSTEM_ROOT), (ROOT_END, UserSharedData::ADDRESS + size)])
    } else {
        Vec::new()
    }
}
