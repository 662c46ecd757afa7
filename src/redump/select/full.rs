//! Full memory: the options `f`, `a` and `A`.

use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::format::{MemoryProtection, MemoryState};
use crate::read::{MemoryInfo, MemoryInfoList};

use super::super::report::{MissingMemory, Report};
use super::super::source::{Interval, Source};

/// Everything readable: a range for each accessible region, and the memory that no region describes.
///
/// Where bytes of an accessible region are missing, `go_on` takes those that are there.
pub(super) fn full_memory(
    source: &Source<'_, '_>,
    go_on: bool,
    report: &mut Report,
) -> Result<Vec<Interval>, RedumpError> {
    let regions = regions(source);
    let mut ranges: Vec<Interval> = Vec::new();
    for &(bounds, accessible) in &regions {
        let present = || source.present(bounds).map(|run| run.size()).sum::<u64>();
        if !accessible {
            report.excluded_memory += present();
        } else if source.holds(bounds) {
            ranges.push(bounds);
        } else {
            let missing =
                MissingMemory { address: source.written(bounds.start), size: bounds.size(), available: present() };
            if !go_on {
                let MissingMemory { address, size: needed, available } = missing;
                return Err(RedumpError::MissingMemory { address, needed, available });
            }
            report.missing_memory.push(missing);
            ranges.extend(source.present(bounds));
        }
    }
    undescribed(source, &regions, &mut ranges);
    ranges.sort_unstable();
    Ok(ranges)
}

/// The rows of the memory information by address, apart from each other, and whether they can be read.
///
/// A row that overlaps an earlier one counts from where that ends.
fn regions(source: &Source<'_, '_>) -> Vec<(Interval, bool)> {
    let rows = source.dump.stream::<MemoryInfoList<'_>>().ok().flatten();
    let highest = source.target.last_address();
    let mut rows: Vec<(Interval, bool)> = rows
        .into_iter()
        .flatten()
        .filter_map(|row| {
            let bounds = Interval::new(source.target.mask(row.base()), row.size(), highest)?;
            Some((bounds, is_accessible(&row)))
        })
        .collect();
    rows.sort_by_key(|&(bounds, _)| bounds.start);
    let mut next_free = Some(0);
    rows.retain_mut(|(bounds, _)| {
        let Some(free) = next_free.filter(|&free| free <= bounds.last) else {
            return false;
        };
        bounds.start = bounds.start.max(free);
        next_free = bounds.last.checked_add(1);
        true
    });
    rows
}

fn is_accessible(region: &MemoryInfo) -> bool {
    region.state() == MemoryState::COMMIT
        && region.protection() != MemoryProtection::NO_ACCESS
        && !region.protection().contains(MemoryProtection::GUARD)
}

/// Adds the parts of the source's ranges that lie between the regions.
fn undescribed(source: &Source<'_, '_>, regions: &[(Interval, bool)], ranges: &mut Vec<Interval>) {
    let mut regions = regions.iter().map(|&(bounds, _)| bounds).peekable();
    for range in source.ranges() {
        let mut start = Some(range.start);
        while let (Some(from), Some(region)) = (start, regions.peek().copied()) {
            if region.start > range.last {
                break;
            }
            if region.start > from {
                ranges.push(Interval { start: from, last: region.start - 1 });
            }
            if region.last >= range.last {
                // It may reach into the next range too, so it stays.
                start = None;
            } else {
                start = Some(from.max(region.last + 1));
                regions.next();
            }
        }
        ranges.extend(start.map(|start| Interval { start, last: range.last }));
    }
}

/// Adds what a program asked for though full memory leaves it out: bytes of regions that were not accessible.
///
/// The ranges are sorted and apart, and stay so.
pub(super) fn add(source: &Source<'_, '_>, ranges: &mut Vec<Interval>, asked: &[(u64, u64)]) {
    for &(address, size) in asked {
        let wanted = Interval::new(source.target.mask(address), size, source.target.last_address());
        let mut more: Vec<Interval> = Vec::new();
        for part in wanted.into_iter().flat_map(|wanted| source.present(wanted)) {
            let mut start = Some(part.start);
            let from = ranges.partition_point(|range| range.last < part.start);
            for range in ranges.get(from..).unwrap_or_default().iter().take_while(|range| range.start <= part.last) {
                if let Some(free) = start.filter(|&free| free < range.start) {
                    more.push(Interval { start: free, last: range.start - 1 });
                }
                start = range.last.checked_add(1);
            }
            more.extend(start.filter(|&free| free <= part.last).map(|start| Interval { start, last: part.last }));
        }
        ranges.extend(more);
        ranges.sort_unstable();
    }
}
