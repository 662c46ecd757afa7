//! What ranges of memory have that others hide: of each address the result has one byte.

use crate::read::{Budget, Interval, MemoryRange, Target, overlapping};
use crate::redump::report::Report;
use crate::redump::source::Source;

/// Reports how many bytes of the source's ranges differ from the ones that the result has at their addresses.
///
/// Only what overlaps is compared, and no more of it than twice the file.
pub(super) fn report(source: &Source<'_>, selected: &[Interval], report: &mut Report) {
    if !source.memory.has_overlaps() {
        return;
    }
    let mut hidden = Hidden { source, selected, compared: Budget::times(source.file_size, 2), bytes: 0 };
    hidden.look_at(source.target, (source.listed)());
    report.lose("bytes of memory for which an overlapping range has others", hidden.bytes);
    report.lose("overlaps of memory that are too many to be compared", u64::from(hidden.compared.is_spent()));
}

struct Hidden<'s, 'a> {
    source: &'s Source<'a>,
    selected: &'s [Interval],
    compared: Budget,
    bytes: u64,
}

impl Hidden<'_, '_> {
    fn look_at<'r>(&mut self, target: Target, ranges: impl Iterator<Item = MemoryRange<'r>>) {
        for range in ranges {
            let Some(bounds) = target.interval(range.address, range.bytes.len() as u64) else { continue };
            for piece in self.source.memory.visible_within(bounds.start, bounds.last) {
                let Some(place) = target.interval(piece.address, piece.size) else { continue };
                let into = place.start.saturating_sub(bounds.start);
                // What can be seen of the range itself.
                if piece.place() == range.offset.saturating_add(into) {
                    continue;
                }
                if self.compared.charge("memory range", range.offset, place.size()).is_err() {
                    return;
                }
                let Ok(bytes) = piece.bytes() else { continue };
                for part in overlapping(self.selected, place) {
                    let Some(part) = part.intersection(&place).and_then(|part| part.intersection(&bounds)) else {
                        continue;
                    };
                    self.bytes += differing(
                        slice(range.bytes, part.start - bounds.start, part.size()),
                        slice(bytes, part.start - place.start, part.size()),
                    );
                }
            }
        }
    }
}

fn slice(bytes: &[u8], start: u64, size: u64) -> &[u8] {
    let range = usize::try_from(start).ok().zip(usize::try_from(start.saturating_add(size)).ok());
    range.and_then(|(start, end)| bytes.get(start..end)).unwrap_or_default()
}

fn differing(one: &[u8], other: &[u8]) -> u64 {
    if one == other {
        return 0;
    }
    one.iter().zip(other).filter(|(one, other)| one != other).count() as u64
}
