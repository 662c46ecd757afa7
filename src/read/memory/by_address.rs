//! Memory by address.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::error::ReadError;
use crate::format;
use crate::format::debug::Hex;
use crate::read::budget::Budget;
use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::dump_bytes::DumpBytes;
use crate::read::interval::{Interval, Located, Ranked, are_apart, position, settle};
use crate::read::memory::lists::{Memory64List, MemoryList, MemoryRange};
use crate::read::memory::search_table::Sorted;
use crate::read::memory::visible::{VisibleRange, VisibleRanges};
use crate::read::minidump::Minidump;
use crate::read::target::Target;
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::ThreadList;
use crate::read::work::worked;

/// The memory of the process by address.
///
/// The index covers the memory list, the Memory64 list (a dump may have both), and the stacks and backing stores that a
/// thread points to but neither list holds. Where a list has other bytes for a part of such a stack, the position in the
/// thread is false, and none of it counts.
///
/// Of a full user dump it covers the regions.
///
/// # Overlaps
///
/// Where ranges overlap, the one that comes first takes precedence: the memory list before the Memory64 list before the
/// stacks of threads before those of extended threads, and within a list the earlier entry. An empty range holds no address. A range that the end of the file cuts
/// holds the bytes that are there; one that runs past the highest address of the target ends at it. No range is
/// dropped: the lists themselves ([`MemoryList`], [`Memory64List`]) still give all of them.
///
/// Addresses of 32-bit targets are compared by their low 32 bits, and those the index gives have no more.
#[derive(Clone)]
pub struct Memory<'a> {
    bytes: Bytes<'a>,
    target: Target,
    /// [`Target::last_address`], which every look-up needs.
    last_address: u64,
    pieces: Sorted<Piece>,
    /// True if two ranges share an address, so that not each is a piece.
    has_overlaps: bool,
}

/// A run of addresses whose bytes one range takes precedence of.
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) interval: Interval,
    /// Where the bytes lie in the file.
    pub(crate) place: u64,
}

/// A piece before overlaps are settled.
#[derive(Clone, Copy)]
struct RankedPiece {
    piece: Piece,
    /// The number of the range among all, which is also its priority.
    rank: u32,
}

impl Located for Piece {
    fn interval(&self) -> Interval {
        self.interval
    }
}

impl Located for RankedPiece {
    fn interval(&self) -> Interval {
        self.piece.interval
    }
}

impl Ranked for RankedPiece {
    fn rank(&self) -> u32 {
        self.rank
    }

    fn part(&self, interval: Interval) -> Self {
        Self { piece: self.piece.part(interval), ..*self }
    }
}

impl Piece {
    /// The addresses of a range whose bytes are there; `None` if there are none.
    fn new(target: Target, range: &MemoryRange<'_>) -> Option<Self> {
        let interval = target.interval(range.address, range.bytes.len() as u64)?;
        Some(Self { interval, place: range.offset })
    }

    /// The part at an interval that is within its own.
    fn part(&self, interval: Interval) -> Self {
        Self { interval, place: self.place + (interval.start - self.interval.start) }
    }
}

impl fmt::Debug for Memory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = self.visible_ranges();
        let (count, _) = ranges.size_hint();
        let first = ranges.map(|range| Hex(range.address)).next();
        f.debug_struct("Memory").field("ranges", &count).field("first", &first).finish()
    }
}

/// Gives every address to the first piece that has it.
fn settled(pieces: impl Iterator<Item = Piece>) -> Vec<Piece> {
    let mut ranked: Vec<RankedPiece> = (0..).zip(pieces).map(|(rank, piece)| RankedPiece { piece, rank }).collect();
    settle(&mut ranked);
    ranked.into_iter().map(|ranked| ranked.piece).collect()
}

/// The pieces of the two lists, without the stacks that neither holds.
fn listed(dump: &Minidump<'_>) -> Apart {
    // A list that cannot be read holds no memory; who asks for the stream itself is told why.
    let (list, list64) = (dump.list::<MemoryList<'_>>(), dump.list::<Memory64List<'_>>());
    let target = dump.target();
    let in_order = || list.into_iter().chain(list64).filter_map(move |range| Piece::new(target, &range));
    apart(list.len() + list64.len(), in_order)
}

/// Pieces that are sorted and apart.
struct Apart {
    pieces: Vec<Piece>,
    /// True if they were so, but for their order.
    were_apart: bool,
}

/// The pieces sorted and apart. Of no more than `count` the descriptors are there, and a piece is half as large again.
fn apart<I: Iterator<Item = Piece>>(count: u64, in_order: impl Fn() -> I) -> Apart {
    let mut pieces = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    in_order().for_each(|piece| pieces.push(piece));
    if !pieces.is_sorted_by_key(|piece| piece.interval.start) {
        pieces.sort_unstable_by_key(|piece| piece.interval.start);
    }
    if are_apart(&pieces) {
        return Apart { pieces, were_apart: true };
    }
    // Only now does it matter which came first.
    drop(pieces);
    Apart { pieces: settled(in_order()), were_apart: false }
}

/// True if pieces hold every address of `range`, as far as a few of them tell.
///
/// A stack lies in one range, or in two or three. If it takes more to hold it, adding it once more does no harm: it has
/// the say of nothing.
fn hold(pieces: &[Piece], range: &Piece) -> bool {
    let Interval { start: mut at, last } = range.interval;
    for piece in pieces.get(position(pieces, at)..).unwrap_or_default().iter().take(8) {
        if piece.interval.start > at {
            break;
        }
        match piece.interval.next() {
            Some(next) if piece.interval.last < last => at = next,
            _ => return true,
        }
    }
    false
}

/// What looking at one range costs.
const DESCRIPTOR: u64 = format::MemoryDescriptor::SIZE as u64;

/// True if the bytes to which a thread points are those that `pieces` have for the same addresses, where they have any.
/// `pieces` are those from its first address on. What is too much to compare does not agree.
fn agrees(bytes: &Bytes<'_>, pieces: &[Piece], stack: &Piece, compared: &mut Budget) -> bool {
    let overlaps = pieces.iter().map_while(|piece| Some((piece, piece.interval.intersection(&stack.interval)?)));
    overlaps.into_iter().all(|(piece, common)| {
        let (listed, own) = (piece.part(common).place, stack.part(common).place);
        // Most point to where the list has it, and there is nothing to compare.
        let (size, cost) = (common.size(), if listed == own { DESCRIPTOR } else { common.size() });
        let is_paid = compared.charge("stack", own, cost).is_ok();
        is_paid && (listed == own || bytes.clipped(listed, size) == bytes.clipped(own, size))
    })
}

impl<'a> Memory<'a> {
    /// The memory of the two lists and of the stacks that neither holds.
    fn new(dump: &Minidump<'a>) -> Self {
        let target = dump.target();
        let mut listed = listed(dump);
        let threads = dump.list::<ThreadList<'a>>().into_iter();
        let extended = dump.list::<ThreadExList<'a>>().into_iter();
        let extended = extended.flat_map(|thread| [thread.raw().thread.stack, thread.raw().backing_store]);
        let stacks = threads.map(|thread| thread.raw().stack).chain(extended);
        let stacks = stacks.filter(|stack| stack.memory.rva != 0);
        let stacks =
            stacks.filter_map(|stack| Piece::new(target, &MemoryRange::from_descriptor(dump.dump_bytes(), &stack)));
        let mut compared = Self::comparisons(dump);
        let unlisted: Vec<Piece> = stacks
            .filter(|stack| {
                let from = position(&listed.pieces, stack.interval.start);
                let pieces = listed.pieces.get(from..).unwrap_or_default();
                !hold(&listed.pieces, stack) && agrees(dump.bytes(), pieces, stack, &mut compared)
            })
            .collect();
        if !unlisted.is_empty() {
            // Listed ones do not overlap any more, so any order among them will do.
            let count = listed.pieces.len() as u64 + unlisted.len() as u64;
            let all = apart(count, || listed.pieces.iter().chain(&unlisted).copied());
            listed = Apart { were_apart: listed.were_apart && all.were_apart, ..all };
        }
        Self::of(dump.dump_bytes(), listed)
    }

    /// The memory of ranges, of which there are `count` at most; where they overlap, the first takes precedence.
    pub(crate) fn of_ranges<I>(dump: &DumpBytes<'a>, count: u64, ranges: impl Fn() -> I) -> Self
    where
        I: Iterator<Item = MemoryRange<'a>>,
    {
        let target = dump.target();
        Self::of(dump, apart(count, || ranges().filter_map(move |range| Piece::new(target, &range))))
    }

    /// How much stacks are compared with what the lists have.
    pub(crate) fn comparisons(dump: &Minidump<'_>) -> Budget {
        Budget::times(dump.bytes().size(), 2)
    }

    /// True if the bytes to which a thread points are those that are here for the same addresses, where there are any.
    pub(crate) fn agrees(&self, stack: &MemoryRange<'_>, compared: &mut Budget) -> bool {
        let stack = Piece::new(self.target, stack);
        stack.is_none_or(|stack| agrees(&self.bytes, self.pieces.from(stack.interval.start), &stack, compared))
    }

    /// The memory of the two lists, without the stacks that neither holds.
    pub(crate) fn listed(dump: &Minidump<'a>) -> Self {
        Self::of(dump.dump_bytes(), listed(dump))
    }

    fn of(dump: &DumpBytes<'a>, apart: Apart) -> Self {
        let target = dump.target();
        Self {
            bytes: *dump.bytes(),
            target,
            last_address: target.last_address(),
            pieces: Sorted::new(apart.pieces),
            has_overlaps: !apart.were_apart,
        }
    }

    #[inline]
    fn mask(&self, address: u64) -> u64 {
        address & self.last_address
    }

    /// The pieces from `address` on as long as each touches the one before; the first is cut to begin there.
    fn run_at(&self, address: u64) -> impl Iterator<Item = Piece> + '_ {
        let at = self.mask(address);
        let mut next = Some(at);
        self.pieces.from(at).iter().map_while(move |piece| {
            worked(1);
            let start = next.filter(|&start| piece.interval.start <= start)?;
            next = piece.interval.next();
            Some(piece.part(Interval { start, ..piece.interval }))
        })
    }

    pub(crate) fn byte_order(&self) -> ByteOrder {
        self.bytes.order()
    }

    pub(crate) const fn target(&self) -> Target {
        self.target
    }

    /// The bytes of a piece.
    pub(crate) fn bytes_of(&self, interval: Interval, place: u64) -> Result<&[u8], ReadError> {
        Ok(self.bytes.clipped(place, interval.size()))
    }

    /// The bytes from `address` on as long as ranges touch, those of one range after those of the other.
    pub(crate) fn chunks_at(&self, address: u64) -> impl Iterator<Item = Cow<'_, [u8]>> + '_ {
        self.run_at(address).map_while(|piece| self.bytes_of(piece.interval, piece.place).ok().map(Cow::Borrowed))
    }

    fn range(&self, piece: &Piece) -> VisibleRange<'_> {
        VisibleRange::new(self, piece.interval, piece.place)
    }

    /// True if ranges share addresses, so that some are visible in part or not at all.
    ///
    /// Ranges of the target's addresses are meant; whether several lie on the same bytes of the file is another question.
    pub const fn has_overlaps(&self) -> bool {
        self.has_overlaps
    }

    /// True if no address has a byte.
    pub fn is_empty(&self) -> bool {
        self.pieces.as_slice().is_empty()
    }

    /// The ranges in the order of their addresses, overlaps settled: every address comes once.
    pub fn visible_ranges(&self) -> VisibleRanges<'_, 'a> {
        VisibleRanges::new(self, self.pieces.as_slice().iter())
    }

    /// The visible ranges that overlap `[start, last]`, cut to it, in the order of their addresses.
    pub fn visible_within(&self, start: u64, last: u64) -> impl Iterator<Item = VisibleRange<'_>> + '_ {
        let wanted = Interval { start: self.mask(start), last: self.mask(last) };
        let parts = self.pieces.from(wanted.start).iter().map_while(move |piece| {
            let part = piece.interval.intersection(&wanted)?;
            Some(piece.part(part))
        });
        parts.map(|part| self.range(&part))
    }

    /// The bytes around `address` that one range takes precedence of; `None` if no range holds it.
    pub fn range_at(&self, address: u64) -> Option<VisibleRange<'_>> {
        self.pieces.get(self.mask(address)).map(|piece| self.range(piece))
    }

    /// Copies bytes from `address` on into `buf`, across ranges that touch, and tells how many there were.
    ///
    /// Fewer than asked for means that the byte behind them is not in the dump; the rest of `buf` is left alone.
    pub fn read(&self, address: u64, buf: &mut [u8]) -> usize {
        let mut done = 0;
        for piece in self.run_at(address) {
            let rest = buf.get_mut(done..).unwrap_or_default();
            let bytes = self.bytes.clipped(piece.place, piece.interval.size());
            let count = bytes.len().min(rest.len());
            worked(count as u64);
            for (to, from) in rest.iter_mut().zip(bytes) {
                *to = *from;
            }
            done += count;
            if done == buf.len() {
                break;
            }
        }
        done
    }

    /// The `N` bytes from `address` on.
    #[inline]
    pub(crate) fn array<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        worked(1);
        let address = self.mask(address);
        let piece = self.pieces.get(address)?;
        // The file has all bytes of a piece.
        let bytes = usize::try_from(piece.place + (address - piece.interval.start)).ok();
        let bytes = bytes.and_then(|start| self.bytes.data().get(start..)?.first_chunk());
        match bytes {
            Some(bytes) if piece.interval.last - address >= N as u64 - 1 => Some(*bytes),
            _ => self.joined(address),
        }
    }

    /// The `N` bytes from `address` on, which go beyond one piece.
    #[cold]
    fn joined<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        let mut array = [0; N];
        (self.read(address, &mut array) == N).then_some(array)
    }

    /// How many bytes from `address` on are in the dump without a gap, at most `limit`.
    pub fn run_len(&self, address: u64, limit: u64) -> u64 {
        let mut total = 0u64;
        for piece in self.run_at(address) {
            total = total.saturating_add(piece.interval.size());
            if total >= limit {
                return limit;
            }
        }
        total
    }

    /// The `size` bytes from `address` on, borrowed, if the dump holds them and they stand together in the file.
    ///
    /// Ranges that touch in the process mostly touch in the file too; where they do not, use [`Memory::read`].
    pub fn slice(&self, address: u64, size: u64) -> Option<&[u8]> {
        let mut run = self.run_at(address);
        let first = run.next()?;
        let mut held = first.interval.size();
        while held < size {
            let piece = run.next().filter(|piece| piece.place == first.place + held)?;
            held += piece.interval.size();
        }
        Some(self.bytes.clipped(first.place, size))
    }
}

/// Visible ranges by their number in the order of addresses.
#[cfg(feature = "std")]
impl Memory<'_> {
    pub(crate) fn count(&self) -> usize {
        self.pieces.as_slice().len()
    }

    pub(crate) fn interval(&self, number: usize) -> Option<Interval> {
        self.pieces.as_slice().get(number).map(|piece| piece.interval)
    }

    /// The one that holds `address`; if none does, the next one.
    pub(crate) fn position(&self, address: u64) -> usize {
        worked(1);
        self.pieces.position(self.mask(address))
    }
}

impl<'a> Minidump<'a> {
    /// The memory of the process by address: an index of both memory lists and of the thread stacks.
    ///
    /// Building it takes time and memory in proportion to the ranges that are there, so keep it: 28 bytes
    /// for each and 7 KiB at most on top, more for the time in which overlaps are settled.
    pub fn memory(&self) -> Memory<'a> {
        Memory::new(self)
    }
}
