//! What the option `r` takes out of the result.

use alloc::vec::Vec;

use crate::read::{Interval, Memory, Target, any_has, overlapping, united};

use crate::redump::source::Source;

/// Stacks, which of their words stay, and what between them nobody asked for.
pub(super) struct StackFilter {
    /// Where the modules are, sorted and apart.
    modules: Vec<Interval>,
    /// Likewise.
    stacks: Vec<Interval>,
    /// Likewise, all that was asked for.
    wanted: Vec<Interval>,
    target: Target,
    word: u64,
    width: u32,
}

impl StackFilter {
    pub(super) fn new(source: &Source<'_>, stacks: Vec<Interval>, wanted: Vec<Interval>) -> Self {
        let width = source.target.pointer_size();
        Self {
            modules: source.modules(),
            target: source.target,
            stacks: united(stacks),
            wanted,
            word: width.into(),
            width,
        }
    }

    /// True if nothing of the interval is a stack, and all of it was asked for.
    pub(super) fn leaves_alone(&self, interval: Interval) -> bool {
        overlapping(&self.stacks, interval).next().is_none() && self.gaps_in(interval).next().is_none()
    }

    /// What is in an interval only because it parts two others that became one range.
    fn gaps_in(&self, interval: Interval) -> impl Iterator<Item = Interval> + '_ {
        let mut next = Some(interval.start);
        let behind = interval.next().map(|start| Interval { start, last: u64::MAX });
        overlapping(&self.wanted, interval).chain(behind).filter_map(move |wanted| {
            let start = next?;
            next = wanted.next();
            Some(Interval { start, last: wanted.start.checked_sub(1)? }).filter(|gap| gap.start <= gap.last)
        })
    }

    /// True for what may be a return address or a frame pointer: a pointer into a module or a stack, or to its end.
    fn helps(&self, word: u64) -> bool {
        any_has(&self.stacks, word) || any_has(&self.stacks, word.saturating_sub(1)) || self.in_module(word)
    }

    fn in_module(&self, address: u64) -> bool {
        any_has(&self.modules, self.target.mask(address))
    }

    /// Zeroes what does not help in the bytes at `address` of `memory`.
    pub(super) fn filter(&self, memory: &Memory<'_>, address: u64, bytes: &mut [u8]) {
        let Some(part) = Interval::new(address, bytes.len() as u64) else { return };
        let zero = |bytes: &mut [u8], from: u64, to: u64| {
            let range = usize::try_from(from - address).ok().zip(usize::try_from(to - address).ok());
            let zeroed = range.and_then(|(from, to)| bytes.get_mut(from..=to));
            zeroed.into_iter().flatten().for_each(|byte| *byte = 0);
        };
        for gap in self.gaps_in(part) {
            (gap.start..=gap.last)
                .filter(|&address| !self.in_module(address))
                .for_each(|address| zero(bytes, address, address));
        }
        for stack in overlapping(&self.stacks, part) {
            let Some(cut) = stack.intersection(&part) else { continue };
            let mut word = cut.start - cut.start % self.word;
            loop {
                let last = word.saturating_add(self.word - 1);
                // Of a word that the stack has only in part, nobody can say what it was.
                let is_whole = stack.start <= word && last <= stack.last;
                let value = || value(bytes, word.checked_sub(address)?, self.word);
                // A word may lie across the end of what is at hand.
                let value = || value().or_else(|| memory.read_integer(word, self.width));
                if !(is_whole && value().is_some_and(|value| self.helps(value))) {
                    zero(bytes, word.max(cut.start), last.min(cut.last));
                }
                match last.checked_add(1).filter(|next| *next <= cut.last) {
                    Some(next) => word = next,
                    None => break,
                }
            }
        }
    }
}

/// The little-endian word of 4 or 8 bytes at a position.
fn value(bytes: &[u8], position: u64, width: u64) -> Option<u64> {
    let bytes = bytes.get(usize::try_from(position).ok()?..)?;
    match width {
        4 => bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes).into()),
        _ => bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
    }
}
