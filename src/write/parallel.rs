//! Places memory so that it stands at the same offsets within blocks as in the file that it is borrowed from.

use crate::write::copy_source::offset_in;
use crate::write::kernel::{BLOCK, Origin, whole_blocks};
use crate::write::memory_range::{Contents, MemoryRange};
use crate::write::range_list::RangeList;
use crate::write::source::Reader;

/// The largest number of bytes that are inserted.
pub(crate) const MOST_PADDING: u64 = BLOCK - 1;

/// Returns how many bytes to insert at `base`, before the bytes of `ranges`, so that the first run of them that is worth a
/// call of the kernel is parallel to its source; 0 if there is none. The end of the memory must not move beyond `limit`.
pub(super) fn padding(ranges: &RangeList<'_>, source: Option<&[u8]>, base: u64, limit: u64) -> u64 {
    let Some(source) = source else { return 0 };
    let Some((from, at)) = first_run(ranges, source) else { return 0 };
    let padding = from.wrapping_sub(base.wrapping_add(at)) % BLOCK;
    let end = base.checked_add(ranges.size()).and_then(|end| end.checked_add(padding));
    if end.is_some_and(|end| end <= limit) { padding } else { 0 }
}

/// Returns how many bytes to insert before a run that is at `from` in its source, and would be at `to` otherwise; 0 if the run
/// is not worth a call of the kernel.
pub(crate) fn padding_of_run(from: u64, size: u64, to: u64) -> u64 {
    whole_blocks(from, size).map_or(0, |_| from.wrapping_sub(to) % BLOCK)
}

/// Returns the offset of the first long run in its source, and in the memory.
fn first_run(ranges: &RangeList<'_>, source: &[u8]) -> Option<(u64, u64)> {
    let mut search = Search { run: None, at: 0 };
    ranges.each(|range| search.range(range, source)).map(|run| (run.from, run.at))
}

struct Run<'b> {
    origin: Origin<'b>,
    from: u64,
    at: u64,
    size: u64,
}

struct Search<'b> {
    run: Option<Run<'b>>,
    /// The number of bytes of memory so far.
    at: u64,
}

impl<'b> Search<'b> {
    /// Adds a range, and returns the run that has become long enough.
    fn range(&mut self, range: &MemoryRange<'b>, source: &[u8]) -> Option<Run<'b>> {
        let borrowed = |bytes: &[u8]| Some((Origin::Source(0), offset_in(source, bytes)?));
        if let Some(offset) = range.place() {
            return self.bytes(Some((Origin::Source(0), offset)), range.size());
        }
        match range.contents() {
            Contents::Borrowed(bytes) => self.bytes(borrowed(bytes), bytes.len() as u64),
            Contents::Reader(Reader::InFile(place)) => {
                self.bytes(Some((Origin::File(place.file), place.offset)), range.size())
            }
            // A range in pieces is a reader if its source is a file, and the padding must not depend on that.
            Contents::Pieces(_) | Contents::Reader(_) => self.bytes(None, range.size()),
        }
    }

    fn bytes(&mut self, place: Option<(Origin<'b>, u64)>, size: u64) -> Option<Run<'b>> {
        if size == 0 {
            return None;
        }
        let at = self.at;
        self.at = at.saturating_add(size);
        let run = self.run.take();
        let (origin, from) = place?;
        let follows = |run: &Run<'_>| run.origin.is(origin) && run.from.checked_add(run.size) == Some(from);
        let run = match run.filter(follows) {
            Some(run) => Run { size: run.size.saturating_add(size), ..run },
            None => Run { origin, from, at, size },
        };
        if whole_blocks(run.from, run.size).is_some() {
            return Some(run);
        }
        self.run = Some(run);
        None
    }
}
