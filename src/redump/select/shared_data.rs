//! The page that the system shares with all processes: versions, times, features of the processor, and the system's folder.

use alloc::vec::Vec;

use crate::format::MinidumpType;
use crate::format::process::UserSharedData;
use crate::read::Interval;
use crate::redump::options::Options;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// What of it stays with `r`, as addresses from and to: times, time zone, versions with the features of the processor,
/// edition, ticks.
const KEPT: [(u64, u64); 5] = [
    (UserSharedData::ADDRESS, UserSharedData::TIME_ZONE_BIAS + 12),
    (UserSharedData::TIME_ZONE_ID, UserSharedData::TIME_ZONE_ID + 4),
    (UserSharedData::NT_BUILD_NUMBER, UserSharedData::PROCESSOR_FEATURES + UserSharedData::PROCESSOR_FEATURES_SIZE),
    (UserSharedData::SUITE_MASK, UserSharedData::SUITE_MASK + 4),
    (UserSharedData::TICK_COUNT, UserSharedData::TICK_COUNT + 12),
];
const ROOT_END: u64 = UserSharedData::NT_SYSTEM_ROOT + UserSharedData::NT_SYSTEM_ROOT_SIZE;

/// Adds what the debugger writes of it into every dump. Where the source has none of it, there is nothing.
pub(super) fn shared_data(wanted: &mut Wanted<'_, '_>, options: &Options) {
    if wanted.source.target.is_windows() {
        wanted.add_at(UserSharedData::ADDRESS, options.engine().shared_data_size(), Reason::SharedData);
    }
}

/// What of it becomes zero, in the order of addresses: with `r` all that no debugger needs, with `R` the system's folder.
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
