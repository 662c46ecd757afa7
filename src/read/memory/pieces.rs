//! Address intervals with the places of their bytes, sorted, with overlaps resolved.

use alloc::vec::Vec;
use core::ops::Deref;

use crate::format;
use crate::read::budget::Budget;
use crate::read::interval::{Interval, Located, Ranked, are_disjoint, position, settle};
use crate::read::memory::buckets::Buckets;
use crate::read::memory::compressed::CompressedMemory;
use crate::read::memory::contents::Contents;
use crate::read::memory::lists::{Memory64List, MemoryList, MemoryRange};
use crate::read::minidump::Minidump;
#[cfg(feature = "std")]
use crate::read::shared::Shared;
use crate::read::target::Target;

/// An address interval whose bytes come from a single range.
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) interval: Interval,
    /// The place of the bytes: see [`Contents`].
    pub(crate) place: u64,
}

/// A piece before overlaps are resolved.
#[derive(Clone, Copy)]
struct RankedPiece {
    piece: Piece,
    /// The index of the range among all ranges, which is also its priority.
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
    /// Returns the addresses of a range whose bytes are in the file; `None` if there are none.
    pub(crate) fn new(target: Target, range: &MemoryRange<'_>) -> Option<Self> {
        let interval = target.interval(range.address, range.available())?;
        Some(Self { interval, place: range.offset })
    }

    /// Returns the place of the byte at `address`, which must be within the piece, if the piece also contains the bytes
    /// after it, `size` in total.
    #[inline]
    pub(crate) const fn holds(&self, address: u64, size: u64) -> Option<u64> {
        let fits = self.interval.last - address >= size.saturating_sub(1);
        if fits { Some(self.place + (address - self.interval.start)) } else { None }
    }

    /// Returns the part of the piece at an interval, which must be within the piece.
    pub(crate) fn part(&self, interval: Interval) -> Self {
        Self { interval, place: self.place + (interval.start - self.interval.start) }
    }
}

/// Resolves overlaps of `count` pieces in favour of the first piece.
fn settled(count: usize, pieces: impl Iterator<Item = Piece>) -> Vec<Piece> {
    let mut ranked: Vec<RankedPiece> = Vec::with_capacity(count);
    ranked.extend((0..).zip(pieces).map(|(rank, piece)| RankedPiece { piece, rank }));
    settle(&mut ranked);
    ranked.into_iter().map(|ranked| ranked.piece).collect()
}

/// Returns the pieces of the lists, without the stacks that are not in a list.
pub(crate) fn listed(dump: &Minidump<'_>, buckets: Option<&Buckets>) -> Disjoint {
    // Lists that cannot be read count as empty; the error is returned when the stream itself is requested.
    let (list, list64) = (dump.list::<MemoryList<'_>>(), dump.list::<Memory64List<'_>>());
    let regions = *dump.list::<CompressedMemory<'_>>().regions();
    disjoint(list.len() + list64.len() + regions.len(), || pieces_in_order(dump, buckets))
}

fn pieces_in_order<'m, B: Deref<Target = Buckets> + 'm>(
    dump: &Minidump<'m>,
    buckets: Option<B>,
) -> impl Iterator<Item = Piece> + use<'m, B> {
    let (list, list64) = (dump.list::<MemoryList<'m>>(), dump.list::<Memory64List<'m>>());
    let regions = *dump.list::<CompressedMemory<'m>>().regions();
    let target = dump.target();
    let plain = list.into_iter().chain(list64).filter_map(move |range| Piece::new(target, &range));
    plain.chain(regions.into_iter().filter_map(move |region| {
        let (place, size) = buckets.as_deref()?.place(&region)?;
        Some(Piece { interval: target.interval(region.address, size)?, place })
    }))
}

/// Returns all ranges that have bytes, including hidden ones, in the order of the file, with the places of their bytes.
#[cfg(feature = "std")]
pub(crate) fn listed_ranges<'a>(
    dump: &Minidump<'a>,
    buckets: Option<Shared<Buckets>>,
) -> impl Iterator<Item = (Interval, u64)> + use<'a> {
    pieces_in_order(dump, buckets).map(|piece| (piece.interval, piece.place))
}

/// Pieces that are sorted and do not overlap.
pub(crate) struct Disjoint {
    pub(crate) pieces: Vec<Piece>,
    /// True if there were no overlaps.
    pub(crate) were_disjoint: bool,
}

/// Sorts the pieces and resolves overlaps. There are at most `count` pieces; each takes 1.5 times as much memory as its
/// descriptor takes in the file.
pub(crate) fn disjoint<I: Iterator<Item = Piece>>(count: u64, in_order: impl Fn() -> I) -> Disjoint {
    let mut pieces = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    in_order().for_each(|piece| pieces.push(piece));
    if !pieces.is_sorted_by_key(|piece| piece.interval.start) {
        pieces.sort_unstable_by_key(|piece| piece.interval.start);
    }
    if are_disjoint(&pieces) {
        return Disjoint { pieces, were_disjoint: true };
    }
    // Only with overlaps does the original order matter.
    let count = pieces.len();
    drop(pieces);
    Disjoint { pieces: settled(count, in_order()), were_disjoint: false }
}

/// True if the pieces contain every address of `range`, as far as a few pieces show.
///
/// A stack is usually in at most three ranges. If it is in more, adding it again does no harm, because all the others
/// take precedence over it.
pub(crate) fn hold(pieces: &[Piece], range: &Piece) -> bool {
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

/// The cost of examining one range.
const DESCRIPTOR_COST: u64 = format::MemoryDescriptor::SIZE as u64;

/// True if the bytes that a thread refers to as its stack are equal to those of `pieces`, as far as they have the same
/// addresses. `pieces` must start at the first address of the stack. Returns false if the comparison exceeds the
/// budget.
pub(crate) fn agrees(contents: &Contents<'_>, pieces: &[Piece], stack: &Piece, compared: &mut Budget) -> bool {
    let overlaps = pieces.iter().map_while(|piece| Some((piece, piece.interval.intersection(&stack.interval)?)));
    overlaps.into_iter().all(|(piece, common)| {
        let (listed, own) = (piece.part(common).place, stack.part(common).place);
        // Usually the thread refers to the same bytes as the list, and no comparison is needed.
        let size = common.size();
        let cost = if listed == own { DESCRIPTOR_COST } else { size.saturating_add(contents.cost(listed)) };
        let is_paid = compared.charge("stack", own, cost).is_ok();
        is_paid && (listed == own || contents.equal(listed, own, size))
    })
}
