//! The regions of a full user dump with their bytes.

use alloc::rc::Rc;

use crate::format::{self, MemoryProtection};
use crate::read::{FullUserDump, MemoryRegion, RegionDetail};
use crate::redump::changed::{ChangedMemory, Changes};
use crate::redump::report::{MissingMemory, Report};
use crate::redump::source::{Interval, Source};
use crate::redump::transcode::{contents, made_up_region};
use crate::write::{FullUserDumpBuilder, MemoryRange};

/// Adds the selected ranges, each with the row that describes it, or one as the debugger makes it up for memory that it
/// knows nothing else of.
pub(super) fn add<'a>(
    source: &Source<'_, 'a>,
    ranges: &[Interval],
    changes: Option<&Rc<Changes<'a>>>,
    builder: &mut FullUserDumpBuilder<'a>,
    report: &mut Report,
) {
    let regions = source.dump.regions();
    let mut guards = Guards::new(source);
    for &range in ranges {
        let row = match regions.at_address(range.start) {
            Some(region) => {
                let row = row(source, &region);
                format::MemoryInfo { base_address: range.start, region_size: range.size(), ..row }
            }
            None => made_up_region(range.start, range.size()),
        };
        builder.region(guards.cleared(row), changed(changes, range).unwrap_or_else(|| contents(source, range)));
    }
    guards.report(report);
}

/// Carries the regions of a full user dump, as much of them as is there.
pub(super) fn carry<'a>(
    source: &Source<'_, 'a>,
    dump: &FullUserDump<'a>,
    changes: Option<&Rc<Changes<'a>>>,
    builder: &mut FullUserDumpBuilder<'a>,
    report: &mut Report,
) {
    // What the selection found of them by the rules for minidumps.
    report.missing_memory.clear();
    report.excluded_memory = 0;
    let mut guards = Guards::new(source);
    for region in dump.stored_regions() {
        let (address, size, available) = (region.range.address, region.range.size, region.range.bytes.len() as u64);
        if available < size {
            report.missing_memory.push(MissingMemory { address, size, available });
        }
        let Some(range) = Interval::new(source.target.mask(address), available, u64::MAX) else { continue };
        let row = guards.cleared(format::MemoryInfo { region_size: available, ..*region.info.raw() });
        let contents = changed(changes, range).unwrap_or(MemoryRange::borrowed(address, region.range.bytes));
        builder.region(row, contents);
    }
    guards.report(report);
}

/// Guard pages that have bytes.
///
/// Measured: of a `USERDU64` the debugger takes it that a row of guard pages has no bytes in the file, and reads the
/// bytes of all rows behind it at wrong addresses. So such a row loses its guard bit, and keeps its bytes.
struct Guards {
    wide: bool,
    count: u64,
}

impl Guards {
    fn new(source: &Source<'_, '_>) -> Self {
        Self { wide: source.is_64_bit(), count: 0 }
    }

    fn cleared(&mut self, row: format::MemoryInfo) -> format::MemoryInfo {
        let guard = MemoryProtection::GUARD.bits();
        if !self.wide || row.protect & guard == 0 {
            return row;
        }
        self.count += 1;
        format::MemoryInfo { protect: row.protect & !guard, ..row }
    }

    fn report(self, report: &mut Report) {
        report.lose("guard bits of memory regions that have bytes", self.count);
    }
}

fn changed<'a>(changes: Option<&Rc<Changes<'a>>>, range: Interval) -> Option<MemoryRange<'a>> {
    let changes = changes.filter(|changes| changes.touch(range))?;
    Some(MemoryRange::from_reader(range.start, range.size(), ChangedMemory::new(Rc::clone(changes), range)))
}

fn row(source: &Source<'_, '_>, region: &MemoryRegion<'_>) -> format::MemoryInfo {
    match region.detail() {
        RegionDetail::MemoryInfo(info) => {
            let raw = *info.raw();
            format::MemoryInfo { allocation_base: source.target.mask(raw.allocation_base), ..raw }
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
