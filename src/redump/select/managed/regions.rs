//! Selects memory outside images.
//!
//! The runtime keeps loader heaps and generated code in mapped memory, which it maps twice, or in private memory;
//! everything else is private. The garbage collector reserves far more memory than it uses at once, and its heap is in
//! that reservation.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::format::MemoryProtection;
use crate::format::memory::{MemoryState, MemoryType};
use crate::read::function_table::FunctionTableList;
use crate::read::memory::{MemoryRegion, MemoryRegions, RegionDetail};
use crate::read::{Interval, append, gaps, holder, united};
use crate::redump::presets::Managed;
use crate::redump::report::{Report, Undecided};
use crate::redump::source::Source;

use crate::redump::select::ground::Ground;
use crate::redump::select::managed::runtime::Runtimes;
use crate::redump::select::managed::stacks::WholeStacks;
use crate::redump::select::managed::unlisted::Unlisted;
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// A reservation of at least this size, in bytes, belongs to a garbage collector.
const COLLECTORS: u64 = 1 << 32;

pub(super) fn add(
    wanted: &mut Wanted<'_, '_>,
    ground: &Ground<'_, '_>,
    (detail, runtimes): (Managed, &Runtimes),
    stacks: &WholeStacks,
    report: &mut Report,
) {
    let source = ground.source;
    let regions = source.regions();
    let reservations = Reservations::of(source, &regions, stacks);
    // If nothing is executable, the producer did not know the protections.
    let has_code = regions.iter().any(|region| region.protection().allows_execute());
    let unlisted = Unlisted::of(source, &regions);
    let mut all = Vec::new();
    let mut found: BTreeMap<Kind, Vec<Interval>> = BTreeMap::new();
    for region in regions.iter() {
        let Some(interval) = source.target.interval(region.base(), region.size()) else { continue };
        append(&mut all, interval);
        let is_of_image =
            unlisted.bases.contains(&source.target.mask(base(&region))) && region.protection().allows_write();
        let kind = if is_of_image { Some(Kind::Mapped) } else { reservations.kind(&region, has_code) };
        kind.into_iter().for_each(|kind| append(found.entry(kind).or_default(), interval));
    }
    let mut add = |intervals: Vec<Interval>, reason: Reason| {
        let outside = united(intervals).into_iter().flat_map(|part| gaps(source.modules(), part));
        let parts = outside.flat_map(|part| stacks.outside(part)).flat_map(|part| source.present(part));
        parts.fold(0u64, |sum, part| {
            wanted.add(part, reason);
            sum.saturating_add(part.size())
        })
    };
    add(unlisted.parts, Reason::RuntimeMappedMemory);
    let all = united(all);
    let unknown = add(source.ranges.iter().flat_map(|range| gaps(&all, range)).collect(), Reason::RuntimePrivateMemory);
    for (kind, intervals) in found {
        match kind {
            Kind::Mapped => add(intervals, Reason::RuntimeMappedMemory),
            Kind::Private => add(intervals, Reason::RuntimePrivateMemory),
            Kind::Collectors if detail >= Managed::Heap => add(intervals, Reason::ManagedHeap),
            Kind::Collectors => 0,
        };
    }
    if runtimes.has_mono {
        add(generated(source), Reason::GeneratedCode);
    }
    if unknown > 0 {
        report.undecided.push(Undecided::Undescribed(unknown));
    }
    if !has_code && !regions.is_empty() {
        report.undecided.push(Undecided::Protections);
    }
    let is_of_rows = |region: &MemoryRegion<'_>| matches!(region.detail(), RegionDetail::MemoryInfo(_));
    let mut rows = regions.iter().filter(is_of_rows).peekable();
    if detail < Managed::Heap && rows.peek().is_some() && !rows.any(|row| row.state() == MemoryState::RESERVE) {
        report.undecided.push(Undecided::Reservations);
    }
}

/// Returns the code that function tables cover.
fn generated(source: &Source<'_>) -> Vec<Interval> {
    let tables = source.dump().find::<FunctionTableList<'_>>().into_iter().flatten();
    let covered = tables.filter_map(|table| {
        let size = table.descriptor.maximum_address.checked_sub(table.descriptor.minimum_address)?;
        source.target.interval(table.descriptor.minimum_address, size).filter(|_| size < COLLECTORS)
    });
    covered.collect()
}

/// The use that the runtime makes of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Mapped,
    Private,
    Collectors,
}

/// The reservations, by the allocation base that their regions share.
struct Reservations {
    sizes: BTreeMap<u64, u64>,
    with_stacks: BTreeSet<u64>,
    /// LinuxMaps has no reservations; adjacent anonymous mappings without code count as one. Sorted and disjoint.
    runs: Vec<Interval>,
}

impl Reservations {
    fn of(source: &Source<'_>, regions: &MemoryRegions<'_>, stacks: &WholeStacks) -> Self {
        let (mut sizes, mut lines) = (BTreeMap::new(), Vec::new());
        for region in regions.iter() {
            match region.detail() {
                RegionDetail::MemoryInfo(_) if region.state() == MemoryState::FREE => {}
                RegionDetail::MemoryInfo(_) => {
                    let size: &mut u64 = sizes.entry(base(&region)).or_default();
                    *size = size.saturating_add(region.size());
                }
                RegionDetail::LinuxMapping(_) if is_data(&region) => {
                    lines.extend(source.target.interval(region.base(), region.size()));
                }
                RegionDetail::LinuxMapping(_) => {}
            }
        }
        let mut runs = Vec::new();
        united(lines).into_iter().for_each(|line| append(&mut runs, line));
        let ends = stacks.iter().flat_map(|stack| [stack.start, stack.last]);
        let with_stacks = ends.filter_map(|address| regions.at_address(address)).map(|region| base(&region));
        Self { sizes, with_stacks: with_stacks.collect(), runs }
    }

    /// Returns `None` for regions that the runtime did not allocate.
    fn kind(&self, region: &MemoryRegion<'_>, has_code: bool) -> Option<Kind> {
        let protection = region.protection();
        let is_committed = region.state() == MemoryState::COMMIT;
        if is_committed && (protection == MemoryProtection::NO_ACCESS || protection.contains(MemoryProtection::GUARD)) {
            return None;
        }
        match region.memory_type() {
            MemoryType::IMAGE => None,
            MemoryType::MAPPED => {
                // A region described as reserved may have bytes, if it was committed a moment later.
                let is_of_runtime = protection.allows_write() || protection.allows_execute();
                (is_of_runtime || !is_committed || !has_code).then_some(Kind::Mapped)
            }
            _ if self.with_stacks.contains(&base(region)) => None,
            _ if self.size(region) >= COLLECTORS => Some(Kind::Collectors),
            _ => Some(Kind::Private),
        }
    }

    fn size(&self, region: &MemoryRegion<'_>) -> u64 {
        match region.detail() {
            RegionDetail::MemoryInfo(_) => self.sizes.get(&base(region)).copied().unwrap_or(0),
            RegionDetail::LinuxMapping(_) if !is_data(region) => region.size(),
            RegionDetail::LinuxMapping(_) => holder(&self.runs, region.base()).map_or(0, |run| run.size()),
        }
    }
}

/// Returns what the regions of a reservation share; a region without an allocation base is its own reservation.
fn base(region: &MemoryRegion<'_>) -> u64 {
    match region.detail() {
        RegionDetail::MemoryInfo(row) if row.raw().allocation_base != 0 => row.raw().allocation_base,
        _ => region.base(),
    }
}

/// True for anonymous memory without code.
fn is_data(region: &MemoryRegion<'_>) -> bool {
    region.memory_type() == MemoryType::PRIVATE && !region.protection().allows_execute()
}
