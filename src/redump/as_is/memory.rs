//! Changes memory in place, so that lists keep their ranges.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::sync::Mutex;

use crate::error::ReadError;
use crate::read::{Budget, Bytes, Interval, Memory, Minidump, Span, position, settle, united};
use crate::write::MemoryRange;

use crate::redump::as_is::inventory::{Inventory, Placed};
use crate::redump::as_is::patches::Patched;
use crate::redump::edits::new_memory::{MemoryEdits, NewMemory, fill};
use crate::redump::edits::piece::{MAX_PIECE, Piece};
use crate::redump::hooks::Redactor;
use crate::redump::select::reason::Reason;

/// The changes, by offset in the source.
pub(super) struct Edits<'a> {
    file: Bytes<'a>,
    patched: Arc<Patched>,
    /// Which range owns each byte of the file: the first one in list order.
    spans: Vec<Span>,
    ranges: Vec<Placed>,
    new: NewMemory<'a>,
    blank: Vec<Interval>,
    redactor: Option<Mutex<Redactor<'a>>>,
    memory: Memory<'a>,
}

impl<'a> Edits<'a> {
    /// Returns `None` if nothing changes.
    pub(super) fn new(
        dump: &Minidump<'a>,
        inventory: &Inventory<'a>,
        edits: MemoryEdits<'a>,
        patched: Arc<Patched>,
    ) -> Result<Option<Self>, ReadError> {
        if edits.is_empty() {
            return Ok(None);
        }
        let ranges: Vec<Placed> = inventory.memory().collect();
        let target = dump.target();
        let blank = edits.blanked(target);
        let mut spans: Vec<Span> = (0..).zip(&ranges).map(|(rank, range)| Span { interval: range.at, rank }).collect();
        settle(&mut spans);
        let mut edits = Self {
            file: *dump.bytes(),
            patched,
            spans,
            ranges,
            new: NewMemory::new(target, edits.replaced),
            blank: Vec::new(),
            redactor: edits.redactor.map(Mutex::new),
            memory: dump.memory(),
        };
        edits.blank = edits.blank_positions(dump, &blank)?;
        Ok(Some(edits))
    }

    /// Returns the file offsets of the blanked addresses, in any range.
    fn blank_positions(&self, dump: &Minidump<'_>, blank: &[Interval]) -> Result<Vec<Interval>, ReadError> {
        let mut budget = Budget::times(dump.file_size(), 2);
        let mut positions = Vec::new();
        for range in self.ranges.iter().filter(|_| !blank.is_empty()) {
            let address = dump.target().mask(range.address);
            let Some(addresses) = Interval::new(address, range.at.size()) else { continue };
            let from = blank.get(position(blank, address)..).unwrap_or_default();
            for part in from.iter().map_while(|part| part.intersection(&addresses)) {
                // Ranges may share bytes, and each of them may be blanked in many places.
                budget.charge("memory range", range.at.start, size_of::<Interval>() as u64)?;
                let start = range.at.start.saturating_add(part.start - address);
                positions.extend(Interval::new(start, part.size()));
            }
        }
        Ok(united(positions))
    }

    /// Returns the number of blanked bytes.
    pub(super) fn blanked(&self) -> u64 {
        self.blank.iter().fold(0, |sum, part| sum.saturating_add(part.size()))
    }

    /// Returns the file offsets of memory that may change, sorted and disjoint.
    pub(super) fn touched(&self) -> Vec<Interval> {
        let replaced = |span: &&Span| {
            self.addresses(span).is_some_and(|(addresses, _)| self.new.within(addresses).next().is_some())
        };
        let is_redacted = self.redactor.is_some();
        let spans = self.spans.iter().filter(|span| is_redacted || replaced(span)).map(|span| span.interval);
        united(spans.chain(self.blank.iter().copied()).collect())
    }

    /// Returns the addresses of an interval of the file, and the range that owns it.
    fn addresses(&self, span: &Span) -> Option<(Interval, &Placed)> {
        let range = self.ranges.get(usize::try_from(span.rank).ok()?)?;
        let address = range.address.wrapping_add(span.interval.start - range.at.start);
        Some((Interval::new(self.memory.target().mask(address), span.interval.size())?, range))
    }

    /// Reads the bytes at an offset, with all changes except those of the redactor.
    fn look_up(&self, at: u64, buffer: &mut [u8]) {
        // If the file cannot be read, the re-encoding fails at its end.
        self.file.copy(at, buffer);
        self.patched.apply(at, buffer);
        let Some(all) = Interval::new(at, buffer.len() as u64) else { return };
        let spans = self.spans.get(position(&self.spans, at)..).unwrap_or_default();
        for span in spans.iter().take_while(|span| span.interval.start <= all.last) {
            let Some(interval) = span.interval.intersection(&all) else { continue };
            let Some((addresses, _)) = self.addresses(&Span { interval, ..*span }) else { continue };
            let range = usize::try_from(interval.start - at).ok().zip(usize::try_from(interval.last - at).ok());
            if let Some(own) = range.and_then(|(from, to)| buffer.get_mut(from..=to)) {
                self.new.apply(addresses.start, own);
            }
        }
        fill(&self.blank, at, buffer, 0);
    }
}

/// Reads memory of the file with the changes applied.
struct Edited<'a> {
    edits: Arc<Edits<'a>>,
    /// The next offset in the source.
    next: u64,
    end: u64,
    /// The piece that was redacted last.
    piece: Piece,
}

/// Returns the memory in an interval of file offsets, with the changes applied.
pub(super) fn edited<'a>(edits: &Arc<Edits<'a>>, interval: Interval) -> MemoryRange<'a> {
    let (next, end) = (interval.start, interval.start.saturating_add(interval.size()));
    let reader = Edited { edits: Arc::clone(edits), next, end, piece: Piece::default() };
    MemoryRange::from_reader(interval.start, interval.size(), reader)
}

impl<'a> Edited<'a> {
    /// Passes the next piece, with the bytes around it by address, to the redactor.
    fn redact(&mut self, redactor: &Mutex<Redactor<'a>>) -> io::Result<()> {
        let edits = Arc::clone(&self.edits);
        let mut redactor = redactor.try_lock().map_err(|error| io::Error::other(error.to_string()))?;
        let span = edits.spans.get(position(&edits.spans, self.next)).filter(|span| span.interval.has(self.next));
        let most = (self.end - self.next).min(MAX_PIECE);
        let at = Interval { start: self.next, last: self.next.saturating_add(most - 1) };
        let known = span.and_then(|span| {
            let interval = span.interval.intersection(&at)?;
            Some((interval, edits.addresses(&Span { interval, ..*span })?.0))
        });
        let Some((interval, addresses)) = known else {
            // Bytes between two ranges have no address.
            let next = edits.spans.get(position(&edits.spans, self.next)).map_or(u64::MAX, |span| span.interval.start);
            let count = most.min(next - self.next);
            self.piece.read_alone(count, |bytes| edits.look_up(self.next, bytes))?;
            self.next += count;
            return Ok(());
        };
        let own = |bytes: &mut [u8]| {
            edits.look_up(interval.start, bytes);
            bytes.len()
        };
        let first = self.piece.read(&edits.memory, (addresses.start, interval.size()), redactor.overlap, own)?;
        (redactor.change)(first, Reason::FullMemory, self.piece.bytes_mut());
        self.next = interval.start.saturating_add(interval.size());
        Ok(())
    }
}

impl io::Read for Edited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let edits = Arc::clone(&self.edits);
        let Some(redactor) = &edits.redactor else {
            let size = usize::try_from(self.end - self.next).unwrap_or(usize::MAX).min(buffer.len());
            let part = buffer.get_mut(..size).unwrap_or_default();
            edits.look_up(self.next, part);
            self.next += size as u64;
            return Ok(size);
        };
        if self.piece.is_empty() && self.next < self.end {
            self.redact(redactor)?;
        }
        Ok(self.piece.take(buffer))
    }
}
