//! Selects full memory: the options `f`, `a` and `A`.

use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::read::memory::{MemoryInfo, MemoryInfoList};
use crate::read::{Interval, Target};
use crate::redump::report::{MissingMemory, Report};
use crate::redump::source::Source;

/// Returns all memory of the source: a range for each accessible region, the memory without a region, and what is there
/// of regions described as free, reserved, guarded or inaccessible, because their bytes prove that they were readable.
///
/// Where bytes of an accessible region are missing, the others are taken if `go_on` is set.
pub(super) fn full_memory(source: &Source<'_>, go_on: bool, report: &mut Report) -> Result<Vec<Interval>, RedumpError> {
    let regions = Regions::new(source);
    let mut ranges: Vec<Interval> = Vec::new();
    for (bounds, access) in regions.iter() {
        if access == Access::None {
            source.present(bounds).for_each(|part| push(&mut ranges, part));
        } else if source.holds(bounds) {
            push(&mut ranges, bounds);
        } else {
            let available = source.present(bounds).map(|run| run.size()).sum();
            let missing = MissingMemory { address: source.written(bounds.start), size: bounds.size(), available };
            if !go_on {
                let MissingMemory { address, size: needed, available } = missing;
                return Err(RedumpError::MissingMemory { address, needed, available });
            }
            report.missing_memory.push(missing);
            source.present(bounds).for_each(|part| push(&mut ranges, part));
        }
    }
    undescribed(source, &regions, &mut ranges);
    ranges.sort_unstable();
    Ok(ranges)
}

/// Adds a range, growing the vector in small steps so that a million ranges waste little memory.
fn push(ranges: &mut Vec<Interval>, range: Interval) {
    if ranges.len() == ranges.capacity() {
        ranges.reserve_exact(ranges.len() / 16 + 16);
    }
    ranges.push(range);
}

/// The memory information entries by address, made disjoint, with their access.
///
/// An entry that overlaps an earlier one counts from where that ends.
struct Regions<'r> {
    rows: Option<MemoryInfoList<'r>>,
    target: Target,
    /// `None` if they are already disjoint and sorted in the file.
    settled: Option<Vec<(Interval, Access)>>,
}

impl<'r> Regions<'r> {
    fn new(source: &'r Source<'_>) -> Self {
        let rows = source.memory_info_list();
        let mut regions = Self { rows, target: source.target, settled: None };
        let mut next_free = Some(0);
        let are_disjoint = regions.iter().all(|(bounds, _)| {
            let is_free = next_free.is_some_and(|free| free <= bounds.start);
            next_free = bounds.next();
            is_free
        });
        if !are_disjoint {
            let mut rows: Vec<(Interval, Access)> = regions.iter().collect();
            rows.sort_by_key(|&(bounds, _)| bounds.start);
            let mut next_free = Some(0);
            rows.retain_mut(|(bounds, _)| {
                let Some(free) = next_free.filter(|&free| free <= bounds.last) else {
                    return false;
                };
                bounds.start = bounds.start.max(free);
                next_free = bounds.next();
                true
            });
            regions.settled = Some(rows);
        }
        regions
    }

    fn iter(&self) -> impl Iterator<Item = (Interval, Access)> + '_ {
        let rows = self.rows.filter(|_| self.settled.is_none()).into_iter().flatten();
        let rows = rows.filter_map(|row| Some((self.target.interval(row.base(), row.size())?, access(&row))));
        self.settled.iter().flatten().copied().chain(rows)
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
fn undescribed(source: &Source<'_>, regions: &Regions<'_>, ranges: &mut Vec<Interval>) {
    let mut regions = regions.iter().map(|(bounds, _)| bounds).peekable();
    for range in source.ranges.iter() {
        let mut start = Some(range.start);
        while let (Some(from), Some(region)) = (start, regions.peek().copied()) {
            if region.start > range.last {
                break;
            }
            if region.start > from {
                push(ranges, Interval { start: from, last: region.start - 1 });
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
            push(ranges, Interval { start, last: range.last });
        }
    }
}
