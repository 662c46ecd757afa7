//! Runs of addresses and where their bytes are: sorted, and apart after overlaps are settled.

use alloc::vec::Vec;
use core::ops::Deref;

use crate::format;
use crate::read::budget::Budget;
use crate::read::interval::{Interval, Located, Ranked, are_apart, position, settle};
use crate::read::memory::buckets::Buckets;
use crate::read::memory::compressed::CompressedMemory;
use crate::read::memory::contents::Contents;
use crate::read::memory::lists::{Memory64List, MemoryList, MemoryRange};
use crate::read::minidump::Minidump;
#[cfg(feature = "std")]
use crate::read::shared::Shared;
use crate::read::target::Target;

/// A run of addresses whose bytes one range takes precedence of.
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) interval: Interval,
    /// Where the bytes are: see [`Contents`].
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
    pub(crate) fn new(target: Target, range: &MemoryRange<'_>) -> Option<Self> {
        let interval = target.interval(range.address, range.bytes.len() as u64)?;
        Some(Self { interval, place: range.offset })
    }

    /// The part at an interval that is within its own.
    pub(crate) fn part(&self, interval: Interval) -> Self {
        Self { interval, place: self.place + (interval.start - self.interval.start) }
    }
}

/// Gives every address to the first piece that has it.
fn settled(pieces: impl Iterator<Item = Piece>) -> Vec<Piece> {
    let mut ranked: Vec<RankedPiece> = (0..).zip(pieces).map(|(rank, piece)| RankedPiece { piece, rank }).collect();
    settle(&mut ranked);
    ranked.into_iter().map(|ranked| ranked.piece).collect()
}

/// The pieces of the lists, without the stacks that none of them holds.
pub(crate) fn listed(dump: &Minidump<'_>, buckets: Option<&Buckets>) -> Apart {
    // A list that cannot be read holds no memory; who asks for the stream itself is told why.
    let (list, list64) = (dump.list::<MemoryList<'_>>(), dump.list::<Memory64List<'_>>());
    let regions = *dump.list::<CompressedMemory<'_>>().regions();
    apart(list.len() + list64.len() + regions.len(), || pieces_in_order(dump, buckets))
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

/// All ranges that have bytes, those too that others hide, in the order of the file, with the places of the bytes.
#[cfg(feature = "std")]
pub(crate) fn listed_ranges<'a>(
    dump: &Minidump<'a>,
    buckets: Option<Shared<Buckets>>,
) -> impl Iterator<Item = (Interval, u64)> + use<'a> {
    pieces_in_order(dump, buckets).map(|piece| (piece.interval, piece.place))
}

/// Pieces that are sorted and apart.
pub(crate) struct Apart {
    pub(crate) pieces: Vec<Piece>,
    /// True if they were so, but for their order.
    pub(crate) were_apart: bool,
}

/// The pieces sorted and apart. Of no more than `count` the descriptors are there, and a piece is half as large again.
pub(crate) fn apart<I: Iterator<Item = Piece>>(count: u64, in_order: impl Fn() -> I) -> Apart {
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

/// What looking at one range costs.
const DESCRIPTOR: u64 = format::MemoryDescriptor::SIZE as u64;

/// True if the bytes to which a thread points are those that `pieces` have for the same addresses, where they have any.
/// `pieces` are those from its first address on. What is too much to compare does not agree.
pub(crate) fn agrees(contents: &Contents<'_>, pieces: &[Piece], stack: &Piece, compared: &mut Budget) -> bool {
    let overlaps = pieces.iter().map_while(|piece| Some((piece, piece.interval.intersection(&stack.interval)?)));
    overlaps.into_iter().all(|(piece, common)| {
        let (listed, own) = (piece.part(common).place, stack.part(common).place);
        // Most point to where the list has it, and there is nothing to compare.
        let size = common.size();
        let cost = if listed == own { DESCRIPTOR } else { size.saturating_add(contents.cost(listed)) };
        let is_paid = compared.charge("stack", own, cost).is_ok();
        is_paid && (listed == own || contents.equal(listed, own, size))
    })
}
