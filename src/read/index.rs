//! Memory by address.

use alloc::vec::Vec;
use core::fmt;

use super::bytes::{ByteOrder, Bytes};
use super::extent::{Extent, position, settle};
use super::full_user_dump::FullUserDump;
use super::memory::{Memory64List, MemoryList, MemoryRange};
use super::minidump::Minidump;
use super::target::Target;
use super::thread::ThreadList;
use super::thread_ex::ThreadExList;

/// The memory of the process by address.
///
/// The index covers the memory list, the Memory64 list (a dump may have both), and the stacks and backing stores that a
/// thread points to but neither list holds.
///
/// Of a full user dump it covers the regions.
///
/// # Overlaps
///
/// Where ranges overlap, the one that comes first has the say: the memory list before the Memory64 list before the
/// stacks of threads before those of extended threads, and within a list the earlier entry. An empty range holds no address. A range that the end of the file cuts
/// holds the bytes that are there; one that runs past the highest address of the target ends at it. No range is
/// dropped: the lists themselves ([`MemoryList`], [`Memory64List`]) still give all of them.
///
/// Addresses of 32-bit targets are compared by their low 32 bits, and those the index gives have no more.
#[derive(Clone)]
pub struct Memory<'a> {
    bytes: Bytes<'a>,
    target: Target,
    pieces: Vec<Piece>,
}

/// A run of addresses whose bytes one range has the say of. Pieces are sorted and do not overlap.
#[derive(Clone, Copy)]
struct Piece {
    start: u64,
    /// The address of the last byte: an end could be 2^64.
    last: u64,
    /// Where the bytes lie in the file.
    offset: u64,
    /// The number of the range among all, which is also its priority.
    range: u32,
}

impl Extent for Piece {
    fn start(&self) -> u64 {
        self.start
    }

    fn last(&self) -> u64 {
        self.last
    }

    fn rank(&self) -> u32 {
        self.range
    }

    fn part(&self, start: u64, last: u64) -> Self {
        Self { start, last, offset: self.offset + (start - self.start), range: self.range }
    }
}

impl Piece {
    fn size(&self) -> u64 {
        (self.last - self.start).saturating_add(1)
    }
}

impl fmt::Debug for Memory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.visible_ranges()).finish()
    }
}

impl<'a> Memory<'a> {
    /// The memory of the two lists, without the stacks that neither holds.
    pub(crate) fn listed(dump: &Minidump<'a>) -> Self {
        let mut memory = Self { bytes: *dump.bytes(), target: dump.target(), pieces: Vec::new() };
        // A list that cannot be read holds no memory; who asks for the stream itself is told why.
        let list = dump.stream::<MemoryList<'a>>().ok().flatten();
        let list64 = dump.stream::<Memory64List<'a>>().ok().flatten();
        let count = list.map_or(0, |list| list.len()) + list64.map_or(0, |list| list.len());
        // Descriptors that are there bound the count, and they are half as large as a piece.
        memory.pieces.reserve(usize::try_from(count).unwrap_or(0));
        list.into_iter().flatten().chain(list64.into_iter().flatten()).for_each(|range| memory.add(&range));
        settle(&mut memory.pieces);
        memory
    }

    pub(crate) fn new(dump: &Minidump<'a>) -> Self {
        let mut memory = Self::listed(dump);
        let listed = memory.pieces.len();
        // Behind every listed range that has the say of any address.
        let mut priority = memory.pieces.iter().map(|piece| piece.range).max().map_or(0, |last| last.saturating_add(1));
        let threads = dump.stream::<ThreadList<'a>>().ok().flatten().into_iter().flatten();
        let extended = dump.stream::<ThreadExList<'a>>().ok().flatten().into_iter().flatten();
        let extended = extended.flat_map(|thread| [thread.raw().thread.stack, thread.raw().backing_store]);
        for descriptor in threads.map(|thread| thread.raw().stack).chain(extended) {
            let range = MemoryRange::from_descriptor(dump, &descriptor);
            if descriptor.memory.rva != 0 && !memory.holds(&range, listed) {
                memory.add_as(&range, priority);
                priority = priority.saturating_add(1);
            }
        }
        if memory.pieces.len() > listed {
            settle(&mut memory.pieces);
        }
        memory
    }

    pub(super) fn of_user_dump(dump: &FullUserDump<'a>) -> Self {
        let mut memory = Self { bytes: *dump.bytes(), target: dump.target(), pieces: Vec::new() };
        memory.pieces.reserve(usize::try_from(dump.region_list().len()).unwrap_or(0));
        dump.stored_regions().for_each(|region| memory.add(&region.range));
        settle(&mut memory.pieces);
        memory
    }

    fn add(&mut self, range: &MemoryRange<'a>) {
        let priority = u32::try_from(self.pieces.len()).unwrap_or(u32::MAX);
        self.add_as(range, priority);
    }

    fn add_as(&mut self, range: &MemoryRange<'a>, priority: u32) {
        let start = self.target.mask(range.address);
        if let Some(size) = (range.bytes.len() as u64).checked_sub(1) {
            let last = start.saturating_add(size).min(self.target.last_address());
            self.pieces.push(Piece { start, last, offset: range.offset, range: priority });
        }
    }

    /// True if the first `listed` pieces hold every address of `range`, as far as a few pieces tell.
    ///
    /// A stack lies in one range, or in two or three. If it takes more to hold it, adding it once more does no harm:
    /// it has the say of nothing.
    fn holds(&self, range: &MemoryRange<'a>, listed: usize) -> bool {
        let pieces = self.pieces.get(..listed).unwrap_or_default();
        let mut left = range.bytes.len() as u64;
        let mut at = self.target.mask(range.address);
        let from = pieces.partition_point(|piece| piece.last < at);
        for piece in pieces.get(from..).unwrap_or_default().iter().take(8) {
            if left == 0 || piece.start > at {
                break;
            }
            let held = (piece.last - at).saturating_add(1).min(left);
            left -= held;
            at = at.saturating_add(held);
        }
        left == 0
    }

    /// The pieces from `address` on as long as each touches the one before; the first is cut to begin there.
    fn run_at(&self, address: u64) -> impl Iterator<Item = Piece> + '_ {
        let at = self.target.mask(address);
        let mut next = Some(at);
        self.pieces.get(position(&self.pieces, at)..).unwrap_or_default().iter().map_while(move |piece| {
            let start = next.filter(|&start| piece.start <= start)?;
            next = piece.last.checked_add(1);
            Some(piece.part(start, piece.last))
        })
    }

    pub(super) fn byte_order(&self) -> ByteOrder {
        self.bytes.order()
    }

    pub(super) const fn target(&self) -> Target {
        self.target
    }

    /// The ranges from `address` on as long as each touches the one before; the first is cut to begin there.
    pub(super) fn ranges_at(&self, address: u64) -> impl Iterator<Item = MemoryRange<'a>> + '_ {
        self.run_at(address).map(|piece| self.range(&piece))
    }

    fn range(&self, piece: &Piece) -> MemoryRange<'a> {
        let size = piece.size();
        MemoryRange { address: piece.start, size, offset: piece.offset, bytes: self.bytes.clipped(piece.offset, size) }
    }

    /// True if no address has a byte.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The ranges in the order of their addresses, overlaps settled: every address comes once.
    pub fn visible_ranges(&self) -> VisibleRanges<'_, 'a> {
        VisibleRanges { memory: self, pieces: self.pieces.iter() }
    }

    /// The visible ranges that overlap `[start, last]`, cut to it, in the order of their addresses.
    pub fn visible_within(&self, start: u64, last: u64) -> impl Iterator<Item = MemoryRange<'a>> + '_ {
        let (start, last) = (self.target.mask(start), self.target.mask(last));
        self.pieces
            .get(position(&self.pieces, start)..)
            .unwrap_or_default()
            .iter()
            .take_while(move |piece| piece.start <= last && start <= last)
            .map(move |piece| self.range(&piece.part(piece.start.max(start), piece.last.min(last))))
    }

    /// The bytes around `address` that one range has the say of; `None` if no range holds it.
    pub fn range_at(&self, address: u64) -> Option<MemoryRange<'a>> {
        let address = self.target.mask(address);
        let piece = self.pieces.get(position(&self.pieces, address)).filter(|piece| piece.start <= address)?;
        Some(self.range(piece))
    }

    /// Copies bytes from `address` on into `buf`, across ranges that touch, and tells how many there were.
    ///
    /// Fewer than asked for means that the byte behind them is not in the dump; the rest of `buf` is left alone.
    pub fn read(&self, address: u64, buf: &mut [u8]) -> usize {
        let mut done = 0;
        for piece in self.run_at(address) {
            let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) else {
                break;
            };
            let bytes = self.range(&piece).bytes;
            let count = bytes.len().min(rest.len());
            for (to, from) in rest.iter_mut().zip(bytes) {
                *to = *from;
            }
            done += count;
        }
        done
    }

    /// How many bytes from `address` on are in the dump without a gap, at most `limit`.
    pub fn run_len(&self, address: u64, limit: u64) -> u64 {
        let mut total = 0u64;
        for piece in self.run_at(address) {
            total = total.saturating_add(piece.size());
            if total >= limit {
                return limit;
            }
        }
        total
    }

    /// The `size` bytes from `address` on, borrowed, if the dump holds them and they stand together in the file.
    ///
    /// Ranges that touch in the process mostly touch in the file too; where they do not, use [`Memory::read`].
    pub fn slice(&self, address: u64, size: u64) -> Option<&'a [u8]> {
        let mut run = self.run_at(address);
        let first = run.next()?;
        let mut held = first.size();
        while held < size {
            let piece = run.next().filter(|piece| piece.offset == first.offset + held)?;
            held += piece.size();
        }
        Some(self.bytes.clipped(first.offset, size))
    }
}

/// Iterator over the visible ranges of a [`Memory`], in the order of their addresses.
#[derive(Clone)]
pub struct VisibleRanges<'m, 'a> {
    memory: &'m Memory<'a>,
    pieces: core::slice::Iter<'m, Piece>,
}

impl fmt::Debug for VisibleRanges<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VisibleRanges({} left)", self.pieces.len())
    }
}

impl<'a> Iterator for VisibleRanges<'_, 'a> {
    type Item = MemoryRange<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pieces.next().map(|piece| self.memory.range(piece))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pieces.size_hint()
    }
}

impl ExactSizeIterator for VisibleRanges<'_, '_> {}
