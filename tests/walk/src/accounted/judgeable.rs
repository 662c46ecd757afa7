//! Decides which dumps the judge can check: those whose layout is unambiguous.

use std::ops::Range;

use super::structures::{self, rows_fit};
use crate::facts::Facts;

/// Returns true if the dump is little-endian, and its tables and lists are complete, have the sizes of their entries, and do
/// not overlap. Two references to exactly the same bytes are not an overlap. Never panics.
///
/// In other dumps, the meaning of bytes is ambiguous.
pub fn is_judgeable(file: &[u8]) -> bool {
    let Some(mut places) = tables(file) else { return false };
    let facts = Facts::of(file);
    for entry in facts.directory.iter().filter(|entry| entry.kind != 0) {
        if !rows_fit(&facts, entry) {
            return false;
        }
        places.extend(place(entry.rva.0, u64::from(entry.size)));
    }
    let Some(memory) = memory(&facts) else { return false };
    places.extend(memory);
    let all = structures::of(&facts);
    // Entries are in their streams. A string is preceded by its size, and an object by the RVA of the next one.
    let prefix = |name: &str| if name.ends_with("name") || name == structures::OBJECT { 4 } else { 0 };
    let pieces = all.iter().filter(|it| it.is_piece());
    let pieces =
        pieces.filter_map(|it| Some(it.place.as_ref()?.start.saturating_sub(prefix(it.name))..it.place.as_ref()?.end));
    let mut pieces: Vec<Range<usize>> = pieces.collect();
    // Thousands of references to the same bytes would take too long.
    if pieces.iter().map(|it| it.len()).sum::<usize>() > 4 * file.len() {
        return false;
    }
    pieces.sort_by_key(|it| (it.start, it.end));
    pieces.dedup();
    places.extend(pieces);
    places.sort_by_key(|it| (it.start, it.end));
    places.windows(2).all(|pair| pair[0].end <= pair[1].start)
}

fn place(start: u64, size: u64) -> Option<Range<usize>> {
    Some(usize::try_from(start).ok()?..usize::try_from(start.checked_add(size)?).ok()?).filter(|it| !it.is_empty())
}

/// Returns the places of header and directory, if they and all streams are in the file.
fn tables(file: &[u8]) -> Option<Vec<Range<usize>>> {
    let number = |at: usize| file.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    if !file.starts_with(b"MDMP") || file.len() < 32 {
        return None;
    }
    let size = 12 * u64::from(number(8)?);
    let directory = place(number(12)?.into(), size);
    if directory.is_none() && size > 0 {
        // Its end is beyond all addresses of 32 bits.
        return None;
    }
    let entries = directory.clone().unwrap_or(0..0);
    let is_whole = file.get(entries.clone()).is_some()
        && entries.step_by(12).all(|at| {
            let end = number(at + 4).zip(number(at + 8)).map(|(size, rva)| u64::from(size) + u64::from(rva));
            end.is_some_and(|end| end <= file.len() as u64)
        });
    is_whole.then(|| directory.into_iter().chain(place(0, 32)).collect())
}

/// Returns the places of memory, if all of it is in the file and no range exceeds the last address.
fn memory(facts: &Facts<'_>) -> Option<Vec<Range<usize>>> {
    let places = facts.ranges().into_iter().map(|range| {
        let is_complete = range.bytes.len() as u64 == range.size && range.address.checked_add(range.size).is_some();
        is_complete.then(|| place(range.at.0, range.size))
    });
    let places: Option<Vec<_>> = places.collect();
    Some(places?.into_iter().flatten().collect())
}
