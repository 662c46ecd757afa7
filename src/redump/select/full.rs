//! Selects full memory: the options `f`, `a` and `A`.

use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::read::frugal;
use crate::read::memory::MemoryInfo;
use crate::read::{Interval, Intervals, Target, Union, sorted_numbers};
use crate::redump::known_memory::address_space::Rows;
use crate::redump::report::{MissingMemory, Report};
use crate::redump::source::Source;

/// Returns all memory of the source: a range for each accessible region, the memory without a region, and what is there
/// of regions described as free, reserved, guarded or inaccessible, because their bytes prove that they were readable.
///
/// Where bytes of an accessible region are missing, the others are taken if `go_on` is set.
pub(super) fn full_memory(source: &Source<'_>, go_on: bool, report: &mut Report) -> Result<Intervals, RedumpError> {
    let regions = Regions::new(source);
    let mut ranges = Union::default();
    let (mut index, mut held) = (0, 0u64);
    for (bounds, access) in regions.iter() {
        index = source.position_from(index, bounds.start);
        if access == Access::None {
            ranges.extend(source.present_from(index, bounds));
        } else if source.holds_from(index, bounds) {
            ranges.add(bounds);
            held = held.saturating_add(bounds.size());
        } else {
            let available = source.present_from(index, bounds).map(|run| run.size()).sum();
            let missing = MissingMemory { address: source.written(bounds.start), size: bounds.size(), available };
            if !go_on {
                let MissingMemory { address, size: needed, available } = missing;
                return Err(RedumpError::MissingMemory { address, needed, available });
            }
            frugal::push(&mut report.missing_memory, missing);
            ranges.extend(source.present_from(index, bounds));
        }
    }
    // Regions are disjoint, so usually all memory is in those that are entirely there.
    if source.ranges.iter().fold(0, |sum: u64, range| sum.saturating_add(range.size())) > held {
        undescribed(source, &regions, &mut ranges);
    }
    Ok(ranges.into_intervals())
}

/// The memory information entries by address, made disjoint, with their access.
///
/// An entry that overlaps an earlier one counts from where that ends.
struct Regions<'r> {
    rows: Option<Rows<'r>>,
    target: Target,
    /// The numbers of the entries by address; `None` if they are sorted in the file.
    order: Option<Vec<u32>>,
}

impl<'r> Regions<'r> {
    fn new(source: &'r Source<'_>) -> Self {
        let rows = source.memory_info_rows();
        let mut regions = Self { rows, target: source.target, order: None };
        if !regions.listed().is_sorted_by_key(|(bounds, _)| bounds.start) {
            let rows = || rows.into_iter().flat_map(Rows::iter);
            let starts = || rows().map(|row| Some(source.target.mask(row.base())));
            regions.order = Some(sorted_numbers(rows().count(), starts, |_| {}));
        }
        regions
    }

    /// Returns all entries that are not empty, in the order of the file.
    fn listed(&self) -> impl Iterator<Item = (Interval, Access)> + '_ {
        self.rows.into_iter().flat_map(Rows::iter).filter_map(|row| self.described(&row))
    }

    fn described(&self, row: &MemoryInfo) -> Option<(Interval, Access)> {
        Some((self.target.interval(row.base(), row.size())?, access(row)))
    }

    fn iter(&self) -> impl Iterator<Item = (Interval, Access)> + '_ {
        let in_order = self.order.is_none().then(|| self.listed()).into_iter().flatten();
        let sorted = self.order.iter().flatten();
        let sorted = sorted.filter_map(|&number| self.described(&self.rows?.get(number.into())?));
        let mut next_free = Some(0);
        in_order.chain(sorted).filter_map(move |(bounds, access)| {
            let free = next_free.filter(|&free| free <= bounds.last)?;
            next_free = bounds.next();
            Some((Interval { start: bounds.start.max(free), ..bounds }, access))
        })
    }
}

/// What an entry tells about the bytes of its region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// The bytes are readable, so none should be missing.
    Readable,
    /// There are no bytes, or they are not readable.
    None,
}

fn access(region: &MemoryInfo) -> Access {
    let protection = region.protection();
    let is_closed = protection == MemoryProtection::NO_ACCESS || protection.contains(MemoryProtection::GUARD);
    if region.state() == MemoryState::COMMIT && !is_closed { Access::Readable } else { Access::None }
}

/// Adds the parts of the source's ranges that are between the regions.
fn undescribed(source: &Source<'_>, regions: &Regions<'_>, ranges: &mut Union) {
    let mut regions = regions.iter().map(|(bounds, _)| bounds).peekable();
    for range in source.ranges.iter() {
        let mut start = Some(range.start);
        while let (Some(from), Some(region)) = (start, regions.peek().copied()) {
            if region.start > range.last {
                break;
            }
            if region.start > from {
                ranges.add(Interval { start: from, last: region.start - 1 });
            }
            if region.last >= range.last {
                // It may extend into the next range too, so it stays.
                start = None;
            } else {
                start = Some(from.max(region.last + 1));
                regions.next();
            }
        }
        if let Some(start) = start {
            ranges.add(Interval { start, last: range.last });
        }
    }
}
