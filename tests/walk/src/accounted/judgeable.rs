//! Which dumps the judge can judge: those of which it is plain what is where.

use std::ops::Range;

use super::structures::{self, rows_fit};
use crate::facts::Facts;

/// True if the dump is a little-endian one whose tables and lists are whole, have the sizes of their entries, and share no
/// bytes with anything else; two references to the very same bytes are no overlap. Never panics.
///
/// Of other dumps it is a matter of opinion what their bytes are.
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
    // Rows lie in their streams. Sizes stand in front of texts, and positions in front of objects.
    let head = |name: &str| if name.ends_with("name") || name == structures::OBJECT { 4 } else { 0 };
    let pieces = all.iter().filter(|it| it.is_piece());
    let pieces =
        pieces.filter_map(|it| Some(it.place.as_ref()?.start.saturating_sub(head(it.name))..it.place.as_ref()?.end));
    let mut pieces: Vec<Range<usize>> = pieces.collect();
    // Thousands of references to the same bytes are not worth the time.
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

/// Header and directory, if they are in the file, and all streams.
fn tables(file: &[u8]) -> Option<Vec<Range<usize>>> {
    let number = |at: usize| file.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    if !file.starts_with(b"MDMP") || file.len() < 32 {
        return None;
    }
    let directory = place(number(12)?.into(), 12 * u64::from(number(8)?));
    let entries = directory.clone().unwrap_or(0..0);
    let is_whole = file.get(entries.clone()).is_some()
        && entries.step_by(12).all(|at| {
            let end = number(at + 4).zip(number(at + 8)).map(|(size, rva)| u64::from(size) + u64::from(rva));
            end.is_some_and(|end| end <= file.len() as u64)
        });
    is_whole.then(|| directory.into_iter().chain(place(0, 32)).collect())
}

/// The bytes of memory, if all of them are in the file, and no range passes the last address.
fn memory(facts: &Facts<'_>) -> Option<Vec<Range<usize>>> {
    let whole = facts.ranges().into_iter().map(|range| {
        let is_whole = range.bytes.len() as u64 == range.size && range.address.checked_add(range.size).is_some();
        is_whole.then(|| place(range.at.0, range.size))
    });
    let places: Option<Vec<_>> = whole.collect();
    Some(places?.into_iter().flatten().collect())
}
