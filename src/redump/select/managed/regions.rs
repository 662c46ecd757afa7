//! Selects memory outside images.
//!
//! The runtime keeps loader heaps and generated code in mapped memory, which it maps twice, or in private memory;
//! everything else is private. The garbage collector reserves far more memory than it uses at once, and its heap is in
//! that reservation.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::format::MemoryProtection;
use crate::format::memory::{MemoryState, MemoryType};
use crate::read::function_table::FunctionTableList;
use crate::read::memory::{MemoryRegion, RegionDetail};
use crate::read::{Interval, Intervals, Union, gaps, union, without};
use crate::redump::known_memory::address_space::AddressSpace;
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
/// In how many places the sizes of reservations are added up.
const PLACES: usize = 1 << 16;

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
    let mut all = Union::default();
    let mut found: BTreeMap<Kind, Union> = BTreeMap::new();
    for region in regions.iter() {
        let Some(interval) = source.target.interval(region.base(), region.size()) else { continue };
        all.append(interval);
        let is_of_image =
            unlisted.bases.contains(&source.target.mask(base(&region))) && region.protection().allows_write();
        let kind = if is_of_image { Some(Kind::Mapped) } else { reservations.kind(&region, has_code) };
        kind.into_iter().for_each(|kind| found.entry(kind).or_default().append(interval));
    }
    // The intervals are sorted and disjoint.
    let mut add = |intervals: &mut dyn Iterator<Item = Interval>, reason: Reason| {
        let outside = intervals.flat_map(|part| gaps(source.modules(), part));
        let parts = outside.flat_map(|part| stacks.outside(part)).flat_map(|part| source.present(part));
        parts.fold(0u64, |sum, part| {
            wanted.add(part, reason);
            sum.saturating_add(part.size())
        })
    };
    add(&mut union(unlisted.parts).iter(), Reason::RuntimeMappedMemory);
    let all = all.into_intervals();
    let unknown = add(&mut without(source.ranges.iter(), all.consume()), Reason::RuntimePrivateMemory);
    for (kind, intervals) in found {
        let intervals = &mut intervals.into_intervals().consume();
        match kind {
            Kind::Mapped => add(intervals, Reason::RuntimeMappedMemory),
            Kind::Private => add(intervals, Reason::RuntimePrivateMemory),
            Kind::Collectors if detail >= Managed::Heap => add(intervals, Reason::ManagedHeap),
            Kind::Collectors => 0,
        };
    }
    if runtimes.has_mono {
        add(&mut union(generated(source)).iter(), Reason::GeneratedCode);
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
fn generated(source: &Source<'_>) -> impl Iterator<Item = Interval> {
    let tables = source.dump().find::<FunctionTableList<'_>>().into_iter().flatten();
    tables.filter_map(|table| {
        let size = table.descriptor.maximum_address.checked_sub(table.descriptor.minimum_address)?;
        source.target.interval(table.descriptor.minimum_address, size).filter(|_| size < COLLECTORS)
    })
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
    /// The sizes of those that may be large.
    sizes: BTreeMap<u64, u64>,
    with_stacks: BTreeSet<u64>,
    /// LinuxMaps has no reservations; adjacent anonymous mappings without code count as one. Sorted and disjoint.
    runs: Intervals,
}

impl Reservations {
    fn of(source: &Source<'_>, regions: &AddressSpace<'_>, stacks: &WholeStacks) -> Self {
        let mut lines = Union::default();
        // There may be a million reservations, of which few are large. Those whose sizes are added up in the same place
        // are not large together either, so only the others are counted one by one.
        let mut places = alloc::vec![0u64; PLACES];
        for region in regions.iter() {
            match region.detail() {
                RegionDetail::MemoryInfo(_) if region.state() == MemoryState::FREE => {}
                RegionDetail::MemoryInfo(_) => {
                    if let Some(sum) = places.get_mut(place(base(&region))) {
                        *sum = sum.saturating_add(region.size());
                    }
                }
                RegionDetail::LinuxMapping(_) if is_data(&region) => {
                    lines.extend(source.target.interval(region.base(), region.size()));
                }
                RegionDetail::LinuxMapping(_) => {}
            }
        }
        let mut sizes = BTreeMap::new();
        let may_be_large = |region: &MemoryRegion<'_>| {
            let is_of_row = matches!(region.detail(), RegionDetail::MemoryInfo(_));
            is_of_row && places.get(place(base(region))).is_some_and(|&sum| sum >= COLLECTORS)
        };
        for region in regions.iter().filter(|region| region.state() != MemoryState::FREE && may_be_large(region)) {
            let size: &mut u64 = sizes.entry(base(&region)).or_default();
            *size = size.saturating_add(region.size());
        }
        let mut runs = Intervals::default();
        lines.into_intervals().iter().for_each(|line| runs.append(line));
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
            RegionDetail::LinuxMapping(_) => {
                let run = self.runs.from(region.base()).next().filter(|run| run.start <= region.base());
                run.map_or(0, |run| run.size())
            }
        }
    }
}

/// Returns the place in which the sizes of a reservation's regions are added up.
fn place(base: u64) -> usize {
    // The upper bits of the product depend on all bits of the base.
    usize::try_from(base.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2())).unwrap_or(0)
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
