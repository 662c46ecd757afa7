//! Memory that is changed on its way from the source into the result.

use alloc::rc::Rc;
use alloc::vec::Vec;
use std::io;

use crate::read::{Interval, Memory, Span, position, settle};
use crate::write::MemoryRange;

use crate::redump::filter::StackFilter;
use crate::redump::hooks::Redactor;
use crate::redump::select::reason::Reason;
use crate::redump::select::selected::Selected;
use crate::redump::source::Source;

/// What is to be changed.
pub(super) struct Changes<'a> {
    memory: Rc<Memory<'a>>,
    filter: Option<StackFilter>,
    redactor: Option<Redactor<'a>>,
    /// Why each address is selected; the rank is the place in the selection.
    spans: Vec<Span>,
    reasons: Vec<Reason>,
}

impl<'a> Changes<'a> {
    /// `None` if nothing is changed.
    pub(super) fn new(
        source: &Source<'a>,
        filter: Option<StackFilter>,
        redactor: Option<Redactor<'a>>,
        selected: &Selected,
    ) -> Option<Self> {
        if filter.is_none() && redactor.is_none() {
            return None;
        }
        // Only a redactor asks for reasons.
        let selected = || selected.iter().filter(|_| redactor.is_some());
        let mut spans: Vec<Span> = (0..)
            .zip(selected())
            .filter_map(|(rank, memory)| Some(Span { interval: memory.interval()?, rank }))
            .collect();
        settle(&mut spans);
        let reasons = selected().map(|memory| memory.reason).collect();
        Some(Self { memory: Rc::clone(&source.memory), filter, redactor, spans, reasons })
    }

    /// True if something of the interval may be changed.
    fn touch(&self, interval: Interval) -> bool {
        self.redactor.is_some() || self.filter.as_ref().is_some_and(|filter| !filter.leaves_alone(interval))
    }

    fn apply(&self, address: u64, bytes: &mut [u8]) {
        if let Some(filter) = &self.filter {
            filter.filter(&self.memory, address, bytes);
        }
        let Some(redactor) = &self.redactor else { return };
        let (mut at, mut rest) = (address, bytes);
        while !rest.is_empty() {
            let next = position(&self.spans, at);
            // A gap ends where the next stretch begins.
            let (span, behind) = match self.spans.get(next) {
                Some(span) if span.interval.has(at) => (Some(span), span.interval.next()),
                following => (
                    next.checked_sub(1).and_then(|before| self.spans.get(before)),
                    following.map(|span| span.interval.start),
                ),
            };
            let size =
                behind.and_then(|behind| usize::try_from(behind - at).ok()).unwrap_or(rest.len()).min(rest.len());
            let Some((part, others)) = rest.split_at_mut_checked(size) else { return };
            let reason = span.and_then(|span| self.reasons.get(usize::try_from(span.rank).ok()?));
            redactor(at, reason.copied().unwrap_or(Reason::Asked), part);
            at = at.wrapping_add(size as u64);
            rest = others;
        }
    }
}

/// The range of an interval whose bytes are changed as they are read, `address` being the one that the result gives it;
/// `None` if nothing of it is changed.
pub(super) fn changed<'a>(
    changes: Option<&Rc<Changes<'a>>>,
    interval: Interval,
    address: u64,
) -> Option<MemoryRange<'a>> {
    let changes = changes.filter(|changes| changes.touch(interval))?;
    let memory = ChangedMemory { changes: Rc::clone(changes), at: interval.start, left: interval.size() };
    Some(MemoryRange::from_reader(address, interval.size(), memory))
}

/// The bytes of an interval, all of them present, with the changes.
struct ChangedMemory<'a> {
    changes: Rc<Changes<'a>>,
    at: u64,
    left: u64,
}

impl io::Read for ChangedMemory<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let Some(part) = buf.get_mut(..wanted) else { return Ok(0) };
        let count = self.changes.memory.read(self.at, part);
        let part = part.get_mut(..count).unwrap_or_default();
        self.changes.apply(self.at, part);
        self.at = self.at.wrapping_add(count as u64);
        self.left -= count as u64;
        Ok(count)
    }
}
