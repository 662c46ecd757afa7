//! Full memory: the options `f`, `a` and `A`.

use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::MemoryProtection;
use crate::format::memory::MemoryState;
use crate::read::memory::{MemoryInfo, MemoryInfoList};
use crate::read::{Interval, Target};
use crate::redump::report::{MissingMemory, Report};
use crate::redump::source::Source;

/// Everything that is there: a range for each accessible region, the memory that no region describes, and what there is of
/// regions that are called free, reserved, guarded or inaccessible: their bytes prove that they could be read.
///
/// Where bytes of an accessible region are missing, `go_on` takes those that are there.
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

/// Adds a range; of a million, the vector has room for only a few more than there are.
fn push(ranges: &mut Vec<Interval>, range: Interval) {
    if ranges.len() == ranges.capacity() {
        ranges.reserve_exact(ranges.len() / 16 + 16);
    }
    ranges.push(range);
}

/// The rows of the memory information by address, apart from each other, and what it says of their bytes.
///
/// A row that overlaps an earlier one counts from where that ends.
struct Regions<'r> {
    rows: Option<MemoryInfoList<'r>>,
    target: Target,
    /// `None` if they are so in the file.
    settled: Option<Vec<(Interval, Access)>>,
}

impl<'r> Regions<'r> {
    fn new(source: &'r Source<'_>) -> Self {
        let rows = source.memory_info_list();
        let mut regions = Self { rows, target: source.target, settled: None };
        let mut next_free = Some(0);
        let are_apart = regions.iter().all(|(bounds, _)| {
            let is_free = next_free.is_some_and(|free| free <= bounds.start);
            next_free = bounds.next();
            is_free
        });
        if !are_apart {
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

/// What a row says of the bytes of its region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// They can be read, so that none of them should be missing.
    Readable,
    /// There are none, or they cannot be read.
    None,
}

fn access(region: &MemoryInfo) -> Access {
    let protection = region.protection();
    let is_closed = protection == MemoryProtection::NO_ACCESS || protection.contains(MemoryProtection::GUARD);
    if region.state() == MemoryState::COMMIT && !is_closed { Access::Readable } else { Access::None }
}

/// Adds the parts of the source's ranges that lie between the regions.
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
                // It may reach into the next range too, so it stays.
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
