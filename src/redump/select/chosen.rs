//! The selected memory with its reasons, in the order in which it was found.

use alloc::vec::Vec;

use crate::read::{Interval, put_number, take_number};

use crate::redump::select::reason::{Reason, SelectedMemory};

/// Selected memory in a few bytes for each item: a million pointers or regions are nothing unusual.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// For each item the distance of its start from the one before, its size less one,
    /// relative to the one before, and, for a pointer, the distance
    /// of the word that points to it from the one before.
    bytes: Vec<u8>,
    /// How many items in succession have a reason. Pointers count as one reason.
    runs: Vec<(Reason, u64)>,
    last: Last,
}

/// What the next item is relative to.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    start: u64,
    size: u64,
    at: u64,
}

/// Returns the distance between two numbers, with those near zero on either side as small numbers.
fn distance(from: u64, to: u64) -> u64 {
    let ahead = to.wrapping_sub(from);
    if ahead >> 63 == 0 { ahead << 1 } else { !(ahead << 1) }
}

/// Returns the number at such a distance.
fn at_distance(from: u64, distance: u64) -> u64 {
    let ahead = distance >> 1;
    from.wrapping_add(if distance & 1 == 0 { ahead } else { !ahead })
}

impl Chosen {
    pub(super) fn push(&mut self, interval: Interval, reason: Reason) {
        put_number(&mut self.bytes, distance(self.last.start, interval.start));
        let size = interval.last - interval.start;
        put_number(&mut self.bytes, distance(self.last.size, size));
        (self.last.start, self.last.size) = (interval.start, size);
        let reason = match reason {
            Reason::Pointer { at } => {
                put_number(&mut self.bytes, distance(self.last.at, at));
                self.last.at = at;
                Reason::Pointer { at: 0 }
            }
            _ => reason,
        };
        match self.runs.last_mut().filter(|(before, _)| *before == reason) {
            Some((_, count)) => *count += 1,
            None => self.runs.push((reason, 1)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = SelectedMemory> + '_ {
        let (mut bytes, mut last) = (self.bytes.as_slice(), Last::default());
        let reasons = self.runs.iter().flat_map(|&(reason, count)| (0..count).map(move |_| reason));
        reasons.map_while(move |reason| {
            last.start = at_distance(last.start, take_number(&mut bytes)?);
            last.size = at_distance(last.size, take_number(&mut bytes)?);
            let reason = match reason {
                Reason::Pointer { .. } => {
                    last.at = at_distance(last.at, take_number(&mut bytes)?);
                    Reason::Pointer { at: last.at }
                }
                _ => reason,
            };
            Some(SelectedMemory { address: last.start, size: last.size.saturating_add(1), reason })
        })
    }
}
