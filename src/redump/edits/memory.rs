//! Changes memory while it is copied from the source to the result.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::sync::Mutex;

use crate::read::{Interval, Memory, MemoryRange as ListedRange, Span, overlapping, position, settle};
use crate::write::MemoryRange;

use crate::redump::edits::new_memory::{MemoryEdits, NewMemory, fill};
use crate::redump::edits::piece::{MAX_PIECE, Piece};
use crate::redump::filter::StackFilter;
use crate::redump::filter::triage::Triage;
use crate::redump::from_file::failed;
use crate::redump::hooks::Redactor;
use crate::redump::select::reason::Reason;
use crate::redump::select::selected::Selection;
use crate::redump::source::Source;

/// The changes to memory.
pub(in crate::redump) struct Changes<'a> {
    memory: Arc<Memory<'a>>,
    /// One filter for each stack width.
    filters: Vec<StackFilter>,
    /// Bytes of the program that replace those of the source.
    new: NewMemory<'a>,
    /// What the program blanks, sorted and disjoint.
    blank: Vec<Interval>,
    /// The intervals that the options overwrite, sorted and disjoint, each with the byte that is written. Where they
    /// overlap, the last one applies.
    replaced: [(Vec<Interval>, u8); 3],
    /// Called for each piece in turn.
    redactor: Option<Mutex<Redactor<'a>>>,
    /// Why each address is selected; the rank is the index in the selection.
    spans: Vec<Span>,
    reasons: Vec<Reason>,
}

impl<'a> Changes<'a> {
    /// Returns `None` if nothing changes.
    pub(in crate::redump) fn new(
        source: &Source<'a>,
        filters: Vec<StackFilter>,
        edits: MemoryEdits<'a>,
        selection: &Selection,
    ) -> Option<Self> {
        let Selection { selected, hidden, patterned, folders, .. } = selection;
        let is_changed = [hidden, patterned, folders].iter().any(|parts| !parts.is_empty());
        if filters.is_empty() && edits.is_empty() && !is_changed {
            return None;
        }
        let blank = edits.blanked(source.target);
        let MemoryEdits { replaced: new, redactor, .. } = edits;
        // Only a redactor needs the reasons.
        let selected = || selected.iter().filter(|_| redactor.is_some());
        let mut spans: Vec<Span> = (0..)
            .zip(selected())
            .filter_map(|(rank, memory)| Some(Span { interval: memory.interval()?, rank }))
            .collect();
        settle(&mut spans);
        let reasons = selected().map(|memory| memory.reason).collect();
        let redactor = redactor.map(Mutex::new);
        Some(Self {
            memory: Arc::clone(&source.memory),
            filters,
            new: NewMemory::new(source.target, new),
            blank,
            replaced: [(folders.clone(), b'*'), (patterned.clone(), Triage::PATTERN), (hidden.clone(), 0)],
            redactor,
            spans,
            reasons,
        })
    }

    /// Returns how many bytes of an interval are blanked at the program's request.
    pub(in crate::redump) fn blanked(&self, interval: Interval) -> u64 {
        let parts = overlapping(&self.blank, interval).filter_map(|blank| blank.intersection(&interval));
        parts.fold(0, |sum, part| sum.saturating_add(part.size()))
    }

    /// True if anything in the interval may change.
    fn touch(&self, interval: Interval) -> bool {
        self.redactor.is_some()
            || overlapping(&self.blank, interval).next().is_some()
            || self.new.within(interval).next().is_some()
            || self.replaced.iter().any(|(parts, _)| overlapping(parts, interval).next().is_some())
            || self.filters.iter().any(|filter| !filter.leaves_alone(interval))
    }

    /// Applies the changes that do not depend on the surrounding bytes.
    fn filter(&self, address: u64, bytes: &mut [u8]) {
        for filter in &self.filters {
            filter.filter(&self.memory, address, bytes);
        }
        self.new.apply(address, bytes);
        for (parts, filling) in &self.replaced {
            fill(parts, address, bytes, *filling);
        }
        fill(&self.blank, address, bytes, 0);
    }

    /// Returns why the byte at an address is there, and how many bytes from it on, at most `limit`, have the same
    /// reason.
    fn reason(&self, at: u64, limit: u64) -> (Reason, u64) {
        let next = position(&self.spans, at);
        // A gap ends where the next span begins.
        let (span, next_start) = match self.spans.get(next) {
            Some(span) if span.interval.has(at) => (Some(span), span.interval.next()),
            following => (
                next.checked_sub(1).and_then(|before| self.spans.get(before)),
                following.map(|span| span.interval.start),
            ),
        };
        let reason = span.and_then(|span| self.reasons.get(usize::try_from(span.rank).ok()?));
        (
            reason.copied().unwrap_or(Reason::Requested),
            next_start.map_or(limit, |next_start| limit.min(next_start - at)),
        )
    }
}

/// Returns the range of an interval whose bytes are changed as they are read, or `None` if none of them change.
/// `address` is its address in the result.
pub(in crate::redump) fn changed<'a>(
    changes: Option<&Arc<Changes<'a>>>,
    interval: Interval,
    address: u64,
) -> Option<MemoryRange<'a>> {
    let changes = changes.filter(|changes| changes.touch(interval))?;
    let memory = ChangedMemory::new(changes, interval.start, interval.size(), None);
    let range = MemoryRange::from_reader(address, interval.size(), memory);
    // A redactor is called once for each byte, and could act differently the next time.
    Some(if changes.redactor.is_none() { range.repeatable() } else { range })
}

/// Like [`changed`], for given bytes that begin at the start of an interval. They may extend beyond the highest
/// address, and other ranges may take precedence at their addresses.
pub(in crate::redump) fn changed_bytes<'a>(
    changes: Option<&Arc<Changes<'a>>>,
    interval: Interval,
    bytes: ListedRange<'a>,
) -> Option<MemoryRange<'a>> {
    let changes = changes.filter(|changes| changes.touch(interval))?;
    let size = bytes.available();
    Some(MemoryRange::from_reader(interval.start, size, ChangedMemory::new(changes, interval.start, size, Some(bytes))))
}

/// Reads bytes with the changes applied.
struct ChangedMemory<'a> {
    changes: Arc<Changes<'a>>,
    /// The bytes, if they differ from those that the source has at the addresses.
    own: Option<ListedRange<'a>>,
    start: u64,
    size: u64,
    /// The number of bytes read from the source so far.
    done: u64,
    /// The piece that was redacted last.
    piece: Piece,
}

impl<'a> ChangedMemory<'a> {
    fn new(changes: &Arc<Changes<'a>>, start: u64, size: u64, own: Option<ListedRange<'a>>) -> Self {
        Self { changes: Arc::clone(changes), own, start, size, done: 0, piece: Piece::default() }
    }

    /// Reads the next bytes, and returns their number.
    fn look_up(&mut self, bytes: &mut [u8]) -> usize {
        let count = match self.own {
            None => self.changes.memory.read_uncached(self.start.wrapping_add(self.done), bytes),
            Some(own) => own.read(self.done, bytes),
        };
        self.done += count as u64;
        count
    }

    /// Reads the next piece with the bytes around it, and passes it to the redactor.
    fn redact(&mut self, redactor: &Mutex<Redactor<'a>>) -> io::Result<()> {
        let mut redactor = redactor.try_lock().map_err(|error| io::Error::other(error.to_string()))?;
        let at = self.start.wrapping_add(self.done);
        // Bytes beyond the highest address have the same reason as the byte at it.
        let (reason, count) =
            self.changes.reason(self.start.saturating_add(self.done), MAX_PIECE.min(self.size - self.done));
        let changes = Arc::clone(&self.changes);
        let mut piece = core::mem::take(&mut self.piece);
        let first = piece.read(&changes.memory, (at, count), redactor.overlap, |own| self.look_up(own))?;
        changes.filter(first, piece.bytes_mut());
        (redactor.change)(first, reason, piece.bytes_mut());
        self.piece = piece;
        Ok(())
    }
}

impl io::Read for ChangedMemory<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let changes = Arc::clone(&self.changes);
        let Some(redactor) = &changes.redactor else {
            let wanted = usize::try_from(self.size - self.done).unwrap_or(usize::MAX).min(buf.len());
            let part = buf.get_mut(..wanted).unwrap_or_default();
            let address = self.start.wrapping_add(self.done);
            let count = self.look_up(part);
            changes.filter(address, part.get_mut(..count).unwrap_or_default());
            return if count == 0 && wanted > 0 { failed(changes.memory.file()) } else { Ok(count) };
        };
        if self.piece.is_empty() && self.done < self.size {
            self.redact(redactor)?;
        }
        Ok(self.piece.take(buf))
    }
}
