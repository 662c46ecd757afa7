//! Writes the regions of a full user dump with their bytes.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::format::{self, MemoryProtection};
use crate::read::memory::{MemoryRegion, MemoryRegions, RegionDetail};
use crate::read::{FullUserDump, Interval, Target};
use crate::redump::edits::memory::{Changes, changed_bytes};
use crate::redump::from_file::listed_range;
use crate::redump::made_up::made_up_region;
use crate::redump::report::{MissingMemory, Report};
use crate::redump::result_memory::{Contents, Regions};
use crate::redump::source::Source;
use crate::write::FullUserDumpBuilder;

/// Adds the selected ranges, each with the entry that describes it, or with the one that the debugger writes for memory
/// about which nothing is known.
pub(super) fn add<'a>(
    source: &Source<'a>,
    regions: MemoryRegions<'a>,
    ranges: &Arc<Vec<Interval>>,
    changes: Option<&Arc<Changes<'a>>>,
    builder: &mut FullUserDumpBuilder<'a>,
    report: &mut Report,
) {
    let (target, guards) = (source.target, Guards { wide: !source.target.is_32_bit() });
    let row = move |range: Interval| match regions.at_address(range.start) {
        Some(region) => {
            let row = row(target, &region);
            format::MemoryInfo { base_address: range.start, region_size: range.size(), ..row }
        }
        None => made_up_region(range.start, range.size()),
    };
    guards.report(ranges.iter().map(|&range| row(range)), report);
    report.blanked_memory = changes.iter().flat_map(|it| ranges.iter().map(|&range| it.blanked(range))).sum();
    let row = move |range| guards.cleared(row(range));
    builder.computed_regions(Arc::new(Regions { contents: Contents::new(source, ranges, changes), row }));
}

/// Copies the regions of a full user dump, as far as they are there.
pub(super) fn carry<'a>(
    dump: &FullUserDump<'a>,
    source: &Source<'a>,
    changes: Option<&Arc<Changes<'a>>>,
    builder: &mut FullUserDumpBuilder<'a>,
    report: &mut Report,
) {
    // The selection has added these by the rules for minidumps.
    report.missing_memory.clear();
    let guards = Guards { wide: dump.is_64_bit() };
    guards.report(
        dump.stored_regions().filter(|region| region.range.available() > 0).map(|region| *region.info.raw()),
        report,
    );
    for region in dump.stored_regions() {
        let (address, size, available) = (region.range.address, region.range.size, region.range.available());
        if available < size {
            report.missing_memory.push(MissingMemory { address, size, available });
        }
        let Some(range) = Interval::new(source.target.mask(address), available) else { continue };
        let row = guards.cleared(format::MemoryInfo { region_size: available, ..*region.info.raw() });
        report.blanked_memory += changes.map_or(0, |changes| changes.blanked(range));
        let contents = changed_bytes(changes, range, region.range);
        let contents = contents.unwrap_or_else(|| listed_range(&region.range));
        builder.region(row, contents);
    }
}

/// Guard pages that have bytes.
///
/// Measured: the debugger assumes that the guard pages of a `USERDU64` have no bytes in the file, and then reads the
/// bytes of all later regions at wrong addresses. Such a region therefore loses its guard bit, and keeps its bytes.
#[derive(Clone, Copy)]
struct Guards {
    wide: bool,
}

impl Guards {
    fn cleared(self, row: format::MemoryInfo) -> format::MemoryInfo {
        let guard = if self.wide { MemoryProtection::GUARD.bits() } else { 0 };
        format::MemoryInfo { protect: row.protect & !guard, ..row }
    }

    fn report(self, rows: impl Iterator<Item = format::MemoryInfo>, report: &mut Report) {
        let count = rows.filter(|row| self.cleared(*row).protect != row.protect).count();
        report.lose("guard bits of memory regions that have bytes", count as u64);
    }
}

fn row(target: Target, region: &MemoryRegion<'_>) -> format::MemoryInfo {
    match region.detail() {
        RegionDetail::MemoryInfo(info) => {
            let raw = *info.raw();
            format::MemoryInfo { allocation_base: target.mask(raw.allocation_base), ..raw }
        }
        _ => format::MemoryInfo {
            allocation_base: region.base(),
            allocation_protect: region.protection().bits(),
            state: region.state().bits(),
            protect: region.protection().bits(),
            memory_type: region.memory_type().bits(),
            ..Default::default()
        },
    }
}
