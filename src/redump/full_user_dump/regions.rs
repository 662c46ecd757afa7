//! Writes the regions of a full user dump with their bytes.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::format::{self, MemoryProtection};
use crate::read::full_user_dump::StoredRegion;
use crate::read::memory::{MemoryRegion, MemoryRegions, RegionDetail};
use crate::read::{FullUserDump, Interval, Intervals, Target};
use crate::redump::edits::memory::{Changes, changed_bytes};
use crate::redump::from_file::listed_range;
use crate::redump::known_memory::rows::made_up_region;
use crate::redump::report::{MissingMemory, Report};
use crate::redump::result_memory::{Contents, Regions};
use crate::redump::source::Source;
use crate::write::{ComputedRanges, ComputedRegions, FullUserDumpBuilder, MemoryRange};

/// Adds the selected ranges, each with the entry that describes it, or with the one that the debugger writes for memory
/// about which nothing is known.
pub(super) fn add<'a>(
    source: &Source<'a>,
    regions: MemoryRegions<'a>,
    ranges: &Arc<Intervals>,
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
    guards.report(ranges.iter().map(&row), report);
    report.blanked_memory = changes.iter().flat_map(|it| ranges.iter().map(|range| it.blanked(range))).sum();
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
    for range in dump.stored_regions().map(|region| region.range) {
        let (address, size, available) = (range.address, range.size, range.available());
        if available < size {
            report.missing_memory.push(MissingMemory { address, size, available });
        }
    }
    let carried = Carried::new(dump, source.target, changes, guards);
    report.blanked_memory =
        changes.iter().flat_map(|it| carried.present().map(|(range, _)| it.blanked(range))).sum::<u64>();
    builder.computed_regions(Arc::new(carried));
}

/// The regions of a full user dump that have bytes.
struct Carried<'a> {
    dump: FullUserDump<'a>,
    target: Target,
    changes: Option<Arc<Changes<'a>>>,
    guards: Guards,
    count: usize,
    /// The number of each entry of the table that is carried; `None` if those are the first ones.
    numbers: Option<Vec<u32>>,
    /// How many bytes there are of the last region, which the end of the file may cut.
    last_size: u64,
}

impl<'a> Carried<'a> {
    fn new(dump: &FullUserDump<'a>, target: Target, changes: Option<&Arc<Changes<'a>>>, guards: Guards) -> Self {
        let (dump, changes) = (*dump, changes.map(Arc::clone));
        let mut carried = Self { dump, target, changes, guards, count: 0, numbers: None, last_size: 0 };
        carried.count = carried.present().count();
        carried.last_size = carried.present().last().map_or(0, |(_, region)| region.range.available());
        let is_next = |(number, entry): (u64, StoredRegion<'_>)| dump.region_list().get(number) == Some(entry.info);
        if !(0..).zip(carried.present().map(|(_, region)| region)).all(is_next) {
            let mut numbers = Vec::with_capacity(carried.count);
            let mut present = carried.present().map(|(_, region)| region.info).peekable();
            for (entry, number) in dump.region_list().into_iter().zip(0u32..) {
                if present.next_if_eq(&entry).is_some() {
                    numbers.push(number);
                }
            }
            carried.numbers = Some(numbers);
        }
        carried
    }

    /// Returns the regions with their addresses.
    fn present(&self) -> impl Iterator<Item = (Interval, StoredRegion<'a>)> + use<'a> {
        let target = self.target;
        self.dump.stored_regions().filter_map(move |region| {
            let available = region.range.available();
            Some((Interval::new(target.mask(region.range.address), available)?, region))
        })
    }
}

impl fmt::Debug for Carried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Carried({} ranges)", self.count)
    }
}

impl ComputedRanges for Carried<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn bounds(&self) -> Box<dyn Iterator<Item = (u64, u64)> + '_> {
        Box::new(self.present().map(|(range, region)| (region.range.address, range.size())))
    }

    fn ranges(&self) -> Box<dyn Iterator<Item = MemoryRange<'_>> + '_> {
        Box::new(self.present().map(|(range, region)| {
            let contents = changed_bytes(self.changes.as_ref(), range, region.range);
            contents.unwrap_or_else(|| listed_range(&region.range))
        }))
    }
}

impl ComputedRegions for Carried<'_> {
    fn row(&self, index: usize) -> format::MemoryInfo {
        let number = self.numbers.as_ref().map_or(Some(index as u64), |it| it.get(index).copied().map(u64::from));
        let row = number.and_then(|number| self.dump.region_list().get(number));
        let row = row.map(|row| *row.raw()).unwrap_or_default();
        let region_size = if index + 1 == self.count { self.last_size } else { row.region_size };
        self.guards.cleared(format::MemoryInfo { region_size, ..row })
    }

    fn rows(&self) -> Box<dyn Iterator<Item = format::MemoryInfo> + '_> {
        Box::new(self.present().map(|(range, region)| {
            self.guards.cleared(format::MemoryInfo { region_size: range.size(), ..*region.info.raw() })
        }))
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
