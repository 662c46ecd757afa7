//! Reports the bytes of memory ranges that other ranges hide: the result has one byte for each address.

use crate::read::{Budget, Interval, Intervals, overlapping};
use crate::redump::report::Report;
use crate::redump::source::Source;

/// Reports how many bytes of the source's ranges differ from those that the result has at the same addresses.
///
/// Only overlapping parts are compared, and at most twice the file size.
pub(super) fn report(source: &Source<'_>, selected: &Intervals, report: &mut Report) {
    if !source.memory.has_overlaps() {
        return;
    }
    let mut hidden = Hidden { source, selected, compared: Budget::times(source.plain_size, 2), bytes: 0 };
    hidden.visit((source.listed)());
    report.lose("bytes of memory that differ from those of an overlapping range", hidden.bytes);
    report.lose("memory overlaps that are too many to be compared", u64::from(hidden.compared.is_spent()));
}

struct Hidden<'s, 'a> {
    source: &'s Source<'a>,
    selected: &'s Intervals,
    compared: Budget,
    bytes: u64,
}

impl Hidden<'_, '_> {
    fn visit(&mut self, ranges: impl Iterator<Item = (Interval, u64)>) {
        let contents = self.source.memory.contents();
        for (bounds, start) in ranges {
            for piece in self.source.memory.visible_within(bounds.start, bounds.last) {
                let Some(place) = Interval::new(piece.address, piece.size) else { continue };
                let own = start.saturating_add(place.start.saturating_sub(bounds.start));
                // The visible part of the range itself.
                if piece.place() == own {
                    continue;
                }
                let cost = contents.cost(own).saturating_add(contents.cost(piece.place()));
                let cost = place.size().saturating_add(cost);
                if self.compared.charge("memory range", contents.position(own), cost).is_err() {
                    return;
                }
                for part in overlapping(self.selected, place) {
                    let Some(part) = part.intersection(&place) else { continue };
                    let into = part.start - place.start;
                    self.bytes += contents.differing(own + into, piece.place() + into, part.size());
                }
            }
        }
    }
}
