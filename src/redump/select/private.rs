//! Selects private memory: the option `w`.

use crate::format::MemoryProtection;
use crate::format::memory::{MemoryState, MemoryType};
use crate::read::memory::MemoryRegion;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// The protections that are taken: all that allow writing or execution, except `PAGE_EXECUTE_WRITECOPY`.
///
/// Measured: the debugger tests exactly these bits.
const PROTECTIONS: MemoryProtection = MemoryProtection::READ_WRITE
    .union(MemoryProtection::WRITE_COPY)
    .union(MemoryProtection::EXECUTE)
    .union(MemoryProtection::EXECUTE_READ)
    .union(MemoryProtection::EXECUTE_READ_WRITE);

/// Adds the private regions that are writable or executable. If nothing describes regions, every range is taken.
pub(super) fn private(wanted: &mut Wanted<'_, '_>) {
    let source = wanted.source;
    let regions = source.regions();
    if regions.is_empty() {
        wanted.add_all_counted('w', source.ranges.iter().map(Some), Reason::PrivateRegion);
    }
    let private = regions.iter().filter(is_private);
    let private = private.map(|region| source.target.interval(region.base(), region.size()));
    wanted.add_all_counted('w', private, Reason::PrivateRegion);
}

fn is_private(region: &MemoryRegion<'_>) -> bool {
    region.state() == MemoryState::COMMIT
        && region.memory_type() == MemoryType::PRIVATE
        && region.protection().intersects(PROTECTIONS)
}
