//! Memory by address.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::error::ReadError;
#[cfg(feature = "std")]
use crate::format::compressed_memory::CompressedRegion;
use crate::format::debug::Hex;
use crate::read::budget::Budget;
use crate::read::bytes::{ByteOrder, Bytes};
use crate::read::dump_bytes::DumpBytes;
use crate::read::interval::{Interval, position};
use crate::read::memory::buckets::Buckets;
use crate::read::memory::compressed::CompressedMemory;
use crate::read::memory::contents::{Contents, PIECE};
use crate::read::memory::lists::MemoryRange;
use crate::read::memory::pieces::{Apart, Piece, agrees, apart, hold, listed};
use crate::read::memory::search_table::Sorted;
use crate::read::memory::visible::{VisibleRange, VisibleRanges};
use crate::read::minidump::Minidump;
use crate::read::shared::Shared;
use crate::read::target::Target;
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::ThreadList;
use crate::read::work::worked;

/// The memory of the process by address.
///
/// The index covers the memory list, the Memory64 list (a dump may have both), compressed memory, and the stacks and backing
/// stores that a thread points to but none of them holds. Where a list has other bytes for a part of such a stack, the position in the
/// thread is false, and none of it counts.
///
/// Of a full user dump it covers the regions.
///
/// # Overlaps
///
/// Where ranges overlap, the one that comes first takes precedence: the memory list before the Memory64 list
/// before compressed memory before the stacks of threads before those of extended threads, and within a list the earlier entry. An empty range holds no address. A range that the end of the file cuts
/// holds the bytes that are there; one that runs past the highest address of the target ends at it. No range is
/// dropped: the lists themselves ([`MemoryList`](crate::read::memory::MemoryList), [`Memory64List`](crate::read::memory::Memory64List)) still give all of them.
///
/// Addresses of 32-bit targets are compared by their low 32 bits, and those the index gives have no more.
///
/// # Compressed memory
///
/// It is unpacked when it is read: see [`Minidump::memory_with_cache`]. Regions are ranges as others are. Only those whose
/// bucket is shown by its entry to be broken are left out; of another that is broken no byte can be read, and
/// [`Memory::fault_at`] tells why. Without the feature `lz4` this is so for all of them.
///
/// # Clones, and an index to keep
///
/// A clone shares the index and what is unpacked of compressed memory, so it costs a reference count. Threads may read one
/// memory, or a clone each. To keep the index in a structure that owns the file, see [`Memory::index`].
#[derive(Clone)]
pub struct Memory<'a> {
    bytes: Bytes<'a>,
    index: Shared<Index>,
}

/// What is known of memory without its bytes.
#[derive(Default)]
struct Index {
    target: Target,
    /// [`Target::last_address`], which every look-up needs.
    last_address: u64,
    pieces: Sorted<Piece>,
    /// True if two ranges share an address, so that not each is a piece.
    has_overlaps: bool,
    buckets: Option<Shared<Buckets>>,
}

impl fmt::Debug for Memory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = self.visible_ranges();
        let (count, _) = ranges.size_hint();
        let first = ranges.map(|range| Hex(range.address)).next();
        f.debug_struct("Memory").field("ranges", &count).field("first", &first).finish()
    }
}

impl<'a> Memory<'a> {
    /// The memory of the lists and of the stacks that none holds.
    fn of_minidump(dump: &Minidump<'a>, buckets: Option<Shared<Buckets>>) -> Self {
        let target = dump.target();
        let contents = Contents { bytes: *dump.bytes(), buckets: buckets.as_deref() };
        let mut listed = listed(dump, contents.buckets);
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
                !hold(&listed.pieces, stack) && agrees(&contents, pieces, stack, &mut compared)
            })
            .collect();
        if !unlisted.is_empty() {
            // Listed ones do not overlap any more, so any order among them will do.
            let count = listed.pieces.len() as u64 + unlisted.len() as u64;
            let all = apart(count, || listed.pieces.iter().chain(&unlisted).copied());
            listed = Apart { were_apart: listed.were_apart && all.were_apart, ..all };
        }
        Self::of(target, *dump.bytes(), buckets, listed)
    }

    /// The memory of ranges, of which there are `count` at most; where they overlap, the first takes precedence.
    pub(crate) fn of_ranges<I>(dump: &DumpBytes<'a>, count: u64, ranges: impl Fn() -> I) -> Self
    where
        I: Iterator<Item = MemoryRange<'a>>,
    {
        let target = dump.target();
        let pieces = apart(count, || ranges().filter_map(move |range| Piece::new(target, &range)));
        Self::of(target, *dump.bytes(), None, pieces)
    }

    /// How much stacks are compared with what the lists have.
    pub(crate) fn comparisons(dump: &Minidump<'_>) -> Budget {
        Budget::times(dump.bytes().size(), 2)
    }

    /// True if the bytes to which a thread points are those that are here for the same addresses, where there are any.
    pub(crate) fn agrees(&self, stack: &MemoryRange<'_>, compared: &mut Budget) -> bool {
        let stack = Piece::new(self.target(), stack);
        let pieces = |stack: &Piece| self.pieces().from(stack.interval.start);
        stack.is_none_or(|stack| agrees(&self.contents(), pieces(&stack), &stack, compared))
    }

    /// The memory of the lists, without the stacks that none holds.
    pub(crate) fn listed(dump: &Minidump<'a>) -> Self {
        let buckets = buckets(dump, CACHE_LIMIT);
        let listed = listed(dump, buckets.as_deref());
        Self::of(dump.target(), *dump.bytes(), buckets, listed)
    }

    fn of(target: Target, bytes: Bytes<'a>, buckets: Option<Shared<Buckets>>, apart: Apart) -> Self {
        let index = Index {
            target,
            last_address: target.last_address(),
            pieces: Sorted::new(apart.pieces),
            has_overlaps: !apart.were_apart,
            buckets,
        };
        Self { bytes, index: Shared::new(index) }
    }

    pub(super) fn size(&self) -> u64 {
        self.bytes.size()
    }

    pub(super) fn rebound<'b>(&self, data: &'b [u8]) -> Memory<'b> {
        Memory { bytes: self.bytes.rebound(data), index: Shared::clone(&self.index) }
    }

    pub(super) fn emptied(&self) -> Memory<'static> {
        let Index { target, last_address, .. } = *self.index;
        let index = Index { target, last_address, ..Index::default() };
        Memory { bytes: self.bytes.rebound(&[]), index: Shared::new(index) }
    }

    #[inline]
    fn mask(&self, address: u64) -> u64 {
        address & self.index.last_address
    }

    #[inline]
    fn pieces(&self) -> &Sorted<Piece> {
        &self.index.pieces
    }

    /// The pieces from `address` on as long as each touches the one before; the first is cut to begin there.
    fn run_at(&self, address: u64) -> impl Iterator<Item = Piece> + '_ {
        let at = self.mask(address);
        let mut next = Some(at);
        self.pieces().from(at).iter().map_while(move |piece| {
            worked(1);
            let start = next.filter(|&start| piece.interval.start <= start)?;
            next = piece.interval.next();
            Some(piece.part(Interval { start, ..piece.interval }))
        })
    }

    pub(crate) fn byte_order(&self) -> ByteOrder {
        self.bytes.order()
    }

    pub(crate) fn target(&self) -> Target {
        self.index.target
    }

    /// The bytes, wherever they are.
    #[inline]
    pub(crate) fn contents(&self) -> Contents<'_> {
        Contents { bytes: self.bytes, buckets: self.buckets() }
    }

    fn buckets(&self) -> Option<&Buckets> {
        self.index.buckets.as_deref()
    }

    /// What is unpacked is shared with whoever has it.
    #[cfg(feature = "std")]
    pub(crate) fn shared_buckets(&self) -> Option<Shared<Buckets>> {
        self.index.buckets.clone()
    }

    /// The bytes from `address` on in its range: none if they cannot be lent, `None` if no range holds it.
    pub(crate) fn rest_of_range(&self, address: u64) -> Option<&[u8]> {
        let address = self.mask(address);
        let piece = self.pieces().get(address)?;
        let rest = piece.part(Interval { start: address, ..piece.interval });
        Some(self.contents().lend(rest.place, rest.interval.size()).unwrap_or_default())
    }

    /// The bytes from `address` on as long as ranges touch and can be read: those of one range after those of the other,
    /// or pieces of them where they cannot be lent.
    pub(crate) fn chunks_at(&self, address: u64) -> impl Iterator<Item = Cow<'_, [u8]>> + '_ {
        let mut run = self.run_at(address);
        let mut rest: Option<Piece> = None;
        let mut is_over = false;
        core::iter::from_fn(move || {
            let piece = rest.take().or_else(|| run.next()).filter(|_| !is_over)?;
            let size = piece.interval.size();
            if let Ok(bytes) = self.contents().lend(piece.place, size) {
                return Some(Cow::Borrowed(bytes));
            }
            let mut bytes = alloc::vec![0; usize::try_from(size).map_or(PIECE, |size| size.min(PIECE))];
            let count = self.contents().copy(piece.place, &mut bytes, true);
            is_over = count < bytes.len();
            let next = piece.interval.start.checked_add(count as u64).filter(|next| *next <= piece.interval.last);
            rest = next.map(|start| piece.part(Interval { start, ..piece.interval }));
            bytes.truncate(count);
            Some(bytes).filter(|bytes| !bytes.is_empty()).map(Cow::Owned)
        })
    }

    fn range(&self, piece: &Piece) -> VisibleRange<'_> {
        VisibleRange::new(self, piece.interval, piece.place)
    }

    /// True if ranges share addresses, so that some are visible in part or not at all.
    ///
    /// Ranges of the target's addresses are meant; whether several lie on the same bytes of the file is another question.
    #[must_use]
    pub fn has_overlaps(&self) -> bool {
        self.index.has_overlaps
    }

    /// True if no address has a byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces().as_slice().is_empty()
    }

    /// The ranges in the order of their addresses, overlaps settled: every address comes once.
    #[must_use]
    pub fn visible_ranges(&self) -> VisibleRanges<'_, 'a> {
        VisibleRanges::new(self, self.pieces().as_slice().iter())
    }

    /// The visible ranges that overlap `[start, last]`, cut to it, in the order of their addresses.
    pub fn visible_within(&self, start: u64, last: u64) -> impl Iterator<Item = VisibleRange<'_>> + '_ {
        let wanted = Interval { start: self.mask(start), last: self.mask(last) };
        let parts = self.pieces().from(wanted.start).iter().map_while(move |piece| {
            let part = piece.interval.intersection(&wanted)?;
            Some(piece.part(part))
        });
        parts.map(|part| self.range(&part))
    }

    /// The bytes around `address` that one range takes precedence of; `None` if no range holds it.
    #[must_use]
    pub fn range_at(&self, address: u64) -> Option<VisibleRange<'_>> {
        self.pieces().get(self.mask(address)).map(|piece| self.range(piece))
    }

    /// Copies bytes from `address` on into `buf`, across ranges that touch, and tells how many there were.
    ///
    /// Fewer than asked for means that the byte behind them is not in the dump, or, in compressed memory, that it cannot be
    /// read ([`Memory::fault_at`]); the rest of `buf` is left alone.
    pub fn read(&self, address: u64, buf: &mut [u8]) -> usize {
        self.copy(address, buf, true)
    }

    /// As [`Memory::read`], for who goes through much memory once: of compressed memory nothing more is kept than the last
    /// bucket that the thread has read.
    pub fn read_uncached(&self, address: u64, buf: &mut [u8]) -> usize {
        self.copy(address, buf, false)
    }

    fn copy(&self, address: u64, buf: &mut [u8], keep: bool) -> usize {
        let contents = self.contents();
        let mut done = 0;
        for piece in self.run_at(address) {
            let rest = buf.get_mut(done..).unwrap_or_default();
            let wanted = usize::try_from(piece.interval.size()).unwrap_or(usize::MAX).min(rest.len());
            let count = contents.copy(piece.place, rest.get_mut(..wanted).unwrap_or_default(), keep);
            done += count;
            if count < wanted || done == buf.len() {
                break;
            }
        }
        done
    }

    /// What keeps the byte at `address` from being read, though a range has it; `None` if nothing does, or if no range has.
    ///
    /// Only compressed memory has such bytes. The bucket that has the byte is unpacked to find out.
    #[must_use]
    pub fn fault_at(&self, address: u64) -> Option<ReadError> {
        let address = self.mask(address);
        let piece = self.pieces().get(address)?;
        self.contents().fault(piece.place)
    }

    /// The `N` bytes from `address` on.
    #[inline]
    pub(crate) fn array<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        worked(1);
        let address = self.mask(address);
        let piece = self.pieces().get(address)?;
        let place = piece.place + (address - piece.interval.start);
        // The file has all bytes of a piece, unless they are compressed.
        let bytes = usize::try_from(place).ok();
        let bytes = bytes.and_then(|start| self.bytes.data().get(start..)?.first_chunk());
        match bytes {
            Some(bytes) if piece.interval.last - address >= N as u64 - 1 => Some(*bytes),
            _ => self.elsewhere(address, piece.interval.last - address, place),
        }
    }

    /// The `N` bytes from `address` on, which are compressed or go beyond one piece.
    #[cold]
    fn elsewhere<const N: usize>(&self, address: u64, more: u64, place: u64) -> Option<[u8; N]> {
        let kept = self.contents().kept(place).filter(|_| more >= N as u64 - 1);
        if let Some(bytes) = kept.and_then(|bytes| bytes.first_chunk()) {
            return Some(*bytes);
        }
        let mut array = [0; N];
        (self.read(address, &mut array) == N).then_some(array)
    }

    /// How many bytes from `address` on are in the dump without a gap, at most `limit`.
    #[must_use]
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

    /// The `size` bytes from `address` on, borrowed, if the dump holds them and they stand together in the file or in a
    /// bucket of compressed memory.
    ///
    /// Ranges that touch in the process mostly touch in the file too; where they do not, use [`Memory::read`]. So must who
    /// reads compressed memory of which the cache keeps no more ([`Memory::try_slice`] tells it from memory that is not there).
    #[must_use]
    pub fn slice(&self, address: u64, size: u64) -> Option<&[u8]> {
        self.try_slice(address, size).ok().flatten()
    }

    /// As [`Memory::slice`]: `None` if the dump does not hold the bytes, or not together.
    ///
    /// # Errors
    ///
    /// [`ReadError::Bucket`] if they are in a bucket of compressed memory that is not unpacked, with the reason: it is
    /// broken, or the cache is full ([`BucketFault::CacheFull`](crate::error::BucketFault::CacheFull)), and only
    /// [`Memory::read`] can give them.
    pub fn try_slice(&self, address: u64, size: u64) -> Result<Option<&[u8]>, ReadError> {
        let mut run = self.run_at(address);
        let Some(first) = run.next() else { return Ok(None) };
        let mut held = first.interval.size();
        while held < size {
            match run.next() {
                Some(piece) if piece.place == first.place + held => held += piece.interval.size(),
                _ => return Ok(None),
            }
        }
        self.contents().lend(first.place, size).map(Some)
    }
}

/// What the re-encoder asks of compressed memory.
#[cfg(feature = "std")]
impl<'a> Memory<'a> {
    /// True if some bytes of an interval are in buckets.
    pub(crate) fn is_compressed(&self, interval: Interval) -> bool {
        self.buckets().is_some()
            && self.visible_within(interval.start, interval.last).any(|range| range.is_compressed())
    }

    /// True if all buckets can be unpacked of which something is in the ranges or was read. What is unpacked for it is kept
    /// if `keep` is true.
    pub(crate) fn are_sound(&self, ranges: &[Interval], keep: bool) -> bool {
        let Some(buckets) = self.buckets() else { return true };
        let mut asked = buckets.none_asked();
        buckets.none_known_broken()
            && ranges.iter().all(|range| {
                let mut within = self.visible_within(range.start, range.last).filter(VisibleRange::is_compressed);
                within.all(|range| buckets.is_sound(self.bytes, Buckets::number(range.place()), &mut asked, keep))
            })
    }

    /// The same memory without the regions whose buckets cannot be unpacked. All buckets are.
    pub(crate) fn without_broken(&self, dump: &Minidump<'a>) -> Self {
        if let Some(buckets) = self.buckets() {
            buckets.verify_all(self.bytes);
        }
        Self::of_minidump(dump, self.shared_buckets())
    }

    /// What keeps a region from being read, as far as is known.
    pub(crate) fn region_fault(&self, region: &CompressedRegion) -> Option<ReadError> {
        self.buckets()?.region_fault(region)
    }

    /// The error, if memory is compressed and the crate was built without what unpacks it.
    pub(crate) fn missing_feature(&self) -> Option<ReadError> {
        self.buckets()?.missing_feature()
    }
}

/// Visible ranges by their number in the order of addresses.
#[cfg(feature = "std")]
impl Memory<'_> {
    pub(crate) fn count(&self) -> usize {
        self.pieces().as_slice().len()
    }

    pub(crate) fn interval(&self, number: usize) -> Option<Interval> {
        self.pieces().as_slice().get(number).map(|piece| piece.interval)
    }

    /// The one that holds `address`; if none does, the next one.
    pub(crate) fn position(&self, address: u64) -> usize {
        worked(1);
        self.pieces().position(self.mask(address))
    }
}

/// What a dump keeps of compressed memory if nobody says otherwise: 256 MiB.
pub(crate) const CACHE_LIMIT: u64 = 256 << 20;

impl<'a> Minidump<'a> {
    /// The memory of the process by address: an index of the memory lists and of the thread stacks.
    ///
    /// Building it takes time and memory in proportion to the ranges that are there, so keep it: 28 bytes
    /// for each and 7 KiB at most on top, more for the time in which overlaps are settled.
    ///
    /// Of compressed memory it keeps 256 MiB: see [`Minidump::memory_with_cache`].
    #[must_use]
    pub fn memory(&self) -> Memory<'a> {
        self.memory_with_cache(CACHE_LIMIT)
    }

    /// As [`Minidump::memory`]; of compressed memory no more than `limit` bytes are kept unpacked.
    ///
    /// Building the index unpacks nothing. A bucket (4 MiB in the files of the known writer) is unpacked when something of it
    /// is read for the first time, and kept as long as the index and its clones are there, so that its bytes can be lent:
    /// `u64::MAX` keeps all that is read. Beyond the limit nothing is lent any more ([`Memory::try_slice`]), and
    /// [`Memory::read`] goes on with one bucket for each thread that reads, the last one that it has read. A bucket that is
    /// larger than the limit is not read at all. Dumps without compressed memory keep nothing.
    #[must_use]
    pub fn memory_with_cache(&self, limit: u64) -> Memory<'a> {
        Memory::of_minidump(self, buckets(self, limit))
    }
}

fn buckets(dump: &Minidump<'_>, limit: u64) -> Option<Shared<Buckets>> {
    let compressed = dump.find::<CompressedMemory<'_>>();
    compressed.map(|memory| Shared::new(Buckets::new(dump.dump_bytes(), &memory, limit)))
}
