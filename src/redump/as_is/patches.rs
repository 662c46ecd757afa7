//! Bytes that are overwritten in place.

use alloc::vec::Vec;

use crate::read::{Bytes, Interval, position, union};
use crate::write::Piece;

use crate::read::frugal;
use crate::redump::from_file::passed_on;

/// Patches with gaps of at most this many bytes between them are merged.
const NEAR: u64 = 64;

/// Bytes to be written at offsets in the source.
#[derive(Debug, Default)]
pub(super) struct Patches {
    zeros: Vec<Interval>,
    wide: Vec<(u64, Vec<u8>)>,
    /// Offset and value of integers of 4 and of 8 bytes. There may be a million, one for each memory range.
    narrow_integers: Vec<(u64, u32)>,
    wide_integers: Vec<(u64, u64)>,
    /// Bytes that take precedence over all others.
    tables: Vec<(u64, Vec<u8>)>,
}

/// Intervals of the source with everything that is written over them, sorted and disjoint.
#[derive(Debug, Default)]
pub(super) struct Patched {
    intervals: Vec<Interval>,
    bytes: Vec<Vec<u8>>,
}

impl Patches {
    /// Zeroes an interval. Everything else takes precedence.
    pub(super) fn zero(&mut self, interval: Interval) {
        self.zeros.push(interval);
    }

    pub(super) fn bytes(&mut self, position: u64, bytes: Vec<u8>) {
        self.wide.push((position, bytes));
    }

    /// Overwrites the header or the directory, which take precedence over everything else.
    pub(super) fn table(&mut self, position: u64, bytes: Vec<u8>) {
        self.tables.push((position, bytes));
    }

    /// Overwrites an integer of 4 or 8 bytes.
    pub(super) fn integer(&mut self, position: u64, width: u32, value: u64) {
        let narrow = u32::try_from(value).ok().filter(|_| width == 4);
        match narrow {
            Some(value) => frugal::push(&mut self.narrow_integers, (position, value)),
            None => frugal::push(&mut self.wide_integers, (position, value)),
        }
    }

    /// Applies all patches to copies of the bytes.
    pub(super) fn applied(self, source: &Bytes<'_>) -> Patched {
        let Some(whole) = Interval::new(0, source.size()) else { return Patched::default() };
        let wide =
            self.wide.iter().chain(&self.tables).filter_map(|(at, bytes)| Interval::new(*at, bytes.len() as u64));
        let integers = self.narrow_integers.iter().filter_map(|(at, _)| Interval::new(*at, 4));
        let integers = integers.chain(self.wide_integers.iter().filter_map(|(at, _)| Interval::new(*at, 8)));
        let all = self.zeros.iter().copied().chain(wide).chain(integers);
        let near = all.filter_map(|part| {
            let part = part.intersection(&whole)?;
            Some(Interval { last: part.last.saturating_add(NEAR).min(whole.last), ..part })
        });
        // Joined while they are collected, because most integers are close to each other.
        let intervals: Vec<Interval> = union(near).consume().collect();
        let copied = |interval: &Interval| {
            let mut bytes = alloc::vec![0; usize::try_from(interval.size()).unwrap_or(0)];
            source.copy(interval.start, &mut bytes);
            bytes
        };
        let bytes = intervals.iter().map(copied).collect();
        let mut patched = Patched { intervals, bytes };
        for zero in self.zeros {
            patched.room(zero.start, zero.size()).fill(0);
        }
        for (at, bytes) in self.wide {
            let room = patched.room(at, bytes.len() as u64);
            room.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
        }
        for (at, value) in self.narrow_integers {
            patched.room(at, 4).iter_mut().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        for (at, value) in self.wide_integers {
            patched.room(at, 8).iter_mut().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        for (at, bytes) in self.tables {
            let room = patched.room(at, bytes.len() as u64);
            room.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
        }
        patched
    }
}

impl Patched {
    /// Returns the bytes at an offset, at most `size`, as far as the file has them.
    fn room(&mut self, at: u64, size: u64) -> &mut [u8] {
        let index = position(&self.intervals, at);
        let start = self.intervals.get(index).map_or(0, |interval| interval.start);
        let bytes = self.bytes.get_mut(index).map(Vec::as_mut_slice).unwrap_or_default();
        let from = at.checked_sub(start).and_then(|from| usize::try_from(from).ok()).unwrap_or(usize::MAX);
        let rest = bytes.get_mut(from..).unwrap_or_default();
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
        rest.get_mut(..size).unwrap_or_default()
    }

    /// Returns the bytes of an interval in pieces: unchanged ones as they are in the source, and patched copies.
    pub(super) fn pieces<'a>(&self, source: Bytes<'a>, stretch: Interval) -> Vec<Piece<'a>> {
        let first = position(&self.intervals, stretch.start);
        let parts = self.intervals.iter().zip(&self.bytes).skip(first);
        let mut pieces = Vec::new();
        let mut next = Some(stretch.start);
        for (interval, bytes) in parts.take_while(|(interval, _)| interval.start <= stretch.last) {
            let Some(part) = interval.intersection(&stretch) else { continue };
            let Some(at) = next else { break };
            if let Some(kept) = part.start.checked_sub(at).and_then(|size| Interval::new(at, size)) {
                pieces.push(unchanged(source, kept));
            }
            pieces.push(Piece::Bytes(of(bytes, interval.start, part).to_vec().into()));
            next = part.next();
        }
        let rest = next.and_then(|at| Interval::new(at, stretch.last.checked_sub(at)?.saturating_add(1)));
        pieces.extend(rest.map(|rest| unchanged(source, rest)));
        pieces
    }

    /// Applies the patches to bytes of the source that begin at an offset.
    pub(super) fn apply(&self, at: u64, buffer: &mut [u8]) {
        let Some(all) = Interval::new(at, buffer.len() as u64) else { return };
        let first = position(&self.intervals, at);
        let parts = self.intervals.iter().zip(&self.bytes).skip(first);
        for (interval, bytes) in parts.take_while(|(interval, _)| interval.start <= all.last) {
            let Some(part) = interval.intersection(&all) else { continue };
            let room = usize::try_from(part.start - at).ok().and_then(|from| buffer.get_mut(from..));
            let new = of(bytes, interval.start, part);
            room.unwrap_or_default().iter_mut().zip(new).for_each(|(to, from)| *to = *from);
        }
    }
}

/// Returns the bytes of an interval as they are in the source: borrowed, or to be read from its file.
fn unchanged<'a>(source: Bytes<'a>, interval: Interval) -> Piece<'a> {
    let (start, size) = (interval.start, interval.size());
    match source.file() {
        None => Piece::Bytes(source.clipped(start, size).into()),
        Some(_) => Piece::Memory(passed_on(source, start, start, size)),
    }
}

/// Returns the bytes of an interval from bytes that begin at `start`.
fn of(bytes: &[u8], start: u64, interval: Interval) -> &[u8] {
    let from = interval.start.checked_sub(start).and_then(|from| usize::try_from(from).ok());
    let size = usize::try_from(interval.size()).ok();
    from.zip(size).and_then(|(from, size)| bytes.get(from..)?.get(..size)).unwrap_or_default()
}
