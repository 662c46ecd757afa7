//! An index of memory by address.

use alloc::borrow::Cow;
use core::fmt;

use crate::error::ReadError;
use crate::format::debug::Hex;
use crate::read::budget::Budget;
use crate::read::bytes::{ByteOrder, Bytes, PART_SIZE};
use crate::read::dump_bytes::DumpBytes;
use crate::read::interval::Interval;
use crate::read::memory::buckets::Buckets;
use crate::read::memory::contents::Contents;
use crate::read::memory::lists::MemoryRange;
use crate::read::memory::pieces::{Disjoint, Piece, agrees, disjoint};
use crate::read::memory::search_table::Sorted;
use crate::read::memory::visible::{VisibleRange, VisibleRanges};
use crate::read::minidump::Minidump;
use crate::read::shared::Shared;
use crate::read::source::Source;
#[cfg(feature = "std")]
use crate::read::source::SourceFile;
use crate::read::target::Target;
use crate::read::work::worked;

/// The memory of the process by address.
///
/// For a minidump, the index covers the memory list, the Memory64 list (a dump may have both), compressed memory, and
/// those stacks and backing stores of threads that are in none of these. If a list has different bytes for any part of
/// such a stack, its position in the thread is considered wrong, and the stack is ignored.
///
/// For a full user dump, the index covers the regions.
///
/// # Overlaps
///
/// If ranges overlap, the first one takes precedence, in this order: memory list, Memory64 list, compressed memory,
/// stacks of threads, stacks of extended threads; within a list, the earlier entry. An empty range contains no
/// addresses. A range that is cut off by the end of the file contains the bytes that are in the file. A range that
/// extends beyond the highest address of the target ends at that address. The lists themselves
/// ([`MemoryList`](crate::read::memory::MemoryList), [`Memory64List`](crate::read::memory::Memory64List)) always have
/// all ranges.
///
/// Addresses of 32-bit targets are compared by their low 32 bits. The addresses that the index returns have only those.
///
/// # Compressed memory
///
/// Compressed memory is decompressed when it is read: see [`Minidump::memory_with_cache`]. Its regions are treated like
/// other ranges. Regions are left out if the entry of their bucket shows that the bucket is broken. Other broken
/// buckets are detected when they are read: none of their bytes can be read, and [`Memory::fault_at`] returns the
/// reason. Without the feature `lz4`, this is the case for all buckets.
///
/// # Many addresses
///
/// A read of a random address in a large dump mostly waits for memory. Programs that know many addresses before they
/// read, such as stack scanners and heap walkers, should pass all of them to [`Memory::read_pointers`],
/// [`Memory::read_u64s`], [`Memory::read_arrays`] or [`Memory::read_many`], which wait for many of them together.
///
/// # Cloning and storing
///
/// A clone shares the index and the cache of decompressed memory, so cloning only increments a reference count. Threads
/// can share one `Memory`, or use a clone each. To store the index in a structure that owns the file, see
/// [`Memory::index`].
///
/// # Examples
///
/// ```
/// use userdump::Minidump;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # dump.memory(userdump::write::MemoryRange::borrowed(0x20_0000, &[0x10, 0, 0x20, 0, b'a', b'b', b'c', 0]));
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = Minidump::parse(&file)?;
/// let memory = dump.memory();
/// assert_eq!(memory.read_u32(0x20_0000), Some(0x20_0010));
/// assert_eq!(memory.read_c_string(0x20_0004, 64).as_deref(), Some(b"abc".as_slice()));
/// // The dump ends after two of four bytes.
/// assert_eq!(memory.read(0x20_0006, &mut [0; 4]), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory<'a> {
    bytes: Bytes<'a>,
    index: Shared<Index>,
}

/// The index without the bytes.
#[derive(Default)]
struct Index {
    target: Target,
    /// [`Target::last_address`], which is needed by all lookups.
    last_address: u64,
    pieces: Sorted<Piece>,
    /// True if any two ranges overlap, so that not every range is a single piece.
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
    /// Builds the index of at most `count` ranges. If ranges overlap, the first one takes precedence.
    pub(crate) fn of_ranges<I>(dump: &DumpBytes<'a>, count: u64, ranges: impl Fn() -> I) -> Self
    where
        I: Iterator<Item = MemoryRange<'a>>,
    {
        let target = dump.target();
        let pieces = disjoint(count, || ranges().filter_map(move |range| Piece::new(target, &range)));
        Self::of(target, *dump.bytes(), None, pieces)
    }

    /// Returns the budget for comparing stacks with the lists.
    pub(crate) fn comparisons(dump: &Minidump<'_>) -> Budget {
        Budget::times(dump.bytes().size(), 2)
    }

    /// True if the bytes that a thread refers to as its stack are equal to those in this index, as far as the index has
    /// them.
    pub(crate) fn agrees(&self, stack: &MemoryRange<'_>, compared: &mut Budget) -> bool {
        let stack = Piece::new(self.target(), stack);
        let pieces = |stack: &Piece| self.pieces().from(stack.interval.start);
        stack.is_none_or(|stack| agrees(&self.contents(), pieces(&stack), &stack, compared))
    }

    pub(super) fn of(target: Target, bytes: Bytes<'a>, buckets: Option<Shared<Buckets>>, disjoint: Disjoint) -> Self {
        let index = Index {
            target,
            last_address: target.last_address(),
            pieces: Sorted::new(disjoint.pieces),
            has_overlaps: !disjoint.were_disjoint,
            buckets,
        };
        Self { bytes, index: Shared::new(index) }
    }

    pub(super) fn size(&self) -> u64 {
        self.bytes.size()
    }

    pub(super) fn rebound<'b>(&self, source: Source<'b>) -> Memory<'b> {
        Memory { bytes: self.bytes.rebound(source), index: Shared::clone(&self.index) }
    }

    pub(super) fn emptied(&self) -> Memory<'static> {
        let Index { target, last_address, .. } = *self.index;
        let index = Index { target, last_address, ..Index::default() };
        Memory { bytes: self.bytes.rebound(Source::NOTHING), index: Shared::new(index) }
    }

    #[inline]
    pub(super) fn mask(&self, address: u64) -> u64 {
        address & self.index.last_address
    }

    #[inline]
    pub(super) fn pieces(&self) -> &Sorted<Piece> {
        &self.index.pieces
    }

    /// Returns the contiguous pieces from `address` on. The first one is cut to start at `address`.
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

    /// Returns access to the bytes, in the file or in buckets.
    #[inline]
    pub(crate) fn contents(&self) -> Contents<'_> {
        Contents { bytes: self.bytes, buckets: self.buckets() }
    }

    /// Returns the file, if the memory is read from one.
    #[cfg(feature = "std")]
    pub(crate) const fn file(&self) -> Option<&'a SourceFile> {
        self.bytes.file()
    }

    pub(super) fn buckets(&self) -> Option<&Buckets> {
        self.index.buckets.as_deref()
    }

    /// Returns the buckets, with the cache shared.
    #[cfg(feature = "std")]
    pub(crate) fn shared_buckets(&self) -> Option<Shared<Buckets>> {
        self.index.buckets.clone()
    }

    /// Returns the bytes from `address` to the end of its range. They are empty if they cannot be borrowed, or would have
    /// to be read from a file; `None` if no range contains `address`.
    pub(crate) fn rest_of_range(&self, address: u64) -> Option<&[u8]> {
        let address = self.mask(address);
        let piece = self.pieces().get(address)?;
        let rest = piece.part(Interval { start: address, ..piece.interval });
        Some(self.contents().cheap(rest.place, rest.interval.size()).unwrap_or_default())
    }

    /// Returns the bytes from `address` on, at most `limit`, as far as they are contiguous in the process and in the file.
    pub(super) fn contiguous(&self, address: u64, limit: u64) -> Option<&[u8]> {
        let (place, held) = self.contiguous_at(address, limit)?;
        self.contents().lend(place, held.min(limit)).ok()
    }

    /// Returns the place of the byte at `address`, and how many bytes from it on are contiguous in the process and in the
    /// file. Does not look beyond the piece that reaches `limit`.
    fn contiguous_at(&self, address: u64, limit: u64) -> Option<(u64, u64)> {
        let mut run = self.run_at(address);
        let first = run.next()?;
        let mut held = first.interval.size();
        while held < limit {
            match run.next() {
                Some(piece) if piece.place == first.place + held => held += piece.interval.size(),
                _ => break,
            }
        }
        Some((first.place, held))
    }

    /// Returns the readable contiguous bytes from `address` on, range by range, or in smaller parts if they cannot be
    /// borrowed or would have to be read from a file.
    pub(crate) fn chunks_at(&self, address: u64) -> impl Iterator<Item = Cow<'_, [u8]>> + '_ {
        let mut run = self.run_at(address);
        let mut rest: Option<Piece> = None;
        let mut is_over = false;
        core::iter::from_fn(move || {
            let piece = rest.take().or_else(|| run.next()).filter(|_| !is_over)?;
            let size = piece.interval.size();
            if let Some(bytes) = self.contents().cheap(piece.place, size) {
                return Some(Cow::Borrowed(bytes));
            }
            let mut bytes = alloc::vec![0; usize::try_from(size).map_or(PART_SIZE, |size| size.min(PART_SIZE))];
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

    /// True if any two ranges overlap, so that a range may be visible only in part or not at all.
    ///
    /// This refers to addresses of the process. Whether ranges share bytes of the file does not matter.
    #[must_use]
    pub fn has_overlaps(&self) -> bool {
        self.index.has_overlaps
    }

    /// True if the dump has no memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces().as_slice().is_empty()
    }

    /// Returns the visible ranges, sorted by address. Overlaps are resolved, so each address occurs once.
    #[must_use]
    pub fn visible_ranges(&self) -> VisibleRanges<'_, 'a> {
        VisibleRanges::new(self, self.pieces().as_slice().iter())
    }

    /// Returns the visible ranges that overlap `[start, last]`, cut to it and sorted by address.
    pub fn visible_within(&self, start: u64, last: u64) -> impl Iterator<Item = VisibleRange<'_>> + '_ {
        let wanted = Interval { start: self.mask(start), last: self.mask(last) };
        let parts = self.pieces().from(wanted.start).iter().map_while(move |piece| {
            let part = piece.interval.intersection(&wanted)?;
            Some(piece.part(part))
        });
        parts.map(|part| self.range(&part))
    }

    /// Returns the visible range that contains `address`, or `None` if there is none.
    #[must_use]
    pub fn range_at(&self, address: u64) -> Option<VisibleRange<'_>> {
        self.pieces().get(self.mask(address)).map(|piece| self.range(piece))
    }

    /// Copies bytes from `address` on into `buf`, across adjacent ranges, and returns the number of bytes copied.
    ///
    /// A smaller number than requested means that the next byte is not in the dump or, in compressed memory, that it
    /// cannot be read ([`Memory::fault_at`]). The rest of `buf` is not changed.
    ///
    /// For many addresses that are known beforehand, [`Memory::read_many`] is several times faster.
    #[inline]
    pub fn read(&self, address: u64, buf: &mut [u8]) -> usize {
        worked(1);
        let address = self.mask(address);
        let Some((piece, next)) = self.pieces().at(address) else { return 0 };
        self.read_in(piece, next, address, buf)
    }

    /// Like [`Memory::read`], for callers that read large amounts of memory once: of compressed memory, only the last
    /// bucket that the thread has read is kept.
    pub fn read_uncached(&self, address: u64, buf: &mut [u8]) -> usize {
        worked(1);
        let address = self.mask(address);
        self.pieces().at(address).map_or(0, |(piece, next)| self.copy(piece, next, address, buf, false))
    }

    /// Copies bytes from `address` on, which is in `piece`, into `buf`. `next` are the pieces after it.
    #[inline]
    pub(super) fn read_in(&self, piece: &Piece, next: &[Piece], address: u64, buf: &mut [u8]) -> usize {
        match piece.holds(address, buf.len() as u64).and_then(|place| self.plain(place)?.get(..buf.len())) {
            Some(bytes) => {
                worked(bytes.len() as u64);
                buf.copy_from_slice(bytes);
                buf.len()
            }
            None => self.copy(piece, next, address, buf, true),
        }
    }

    fn copy(&self, piece: &Piece, next: &[Piece], address: u64, buf: &mut [u8], keep: bool) -> usize {
        let contents = self.contents();
        let mut piece = piece.part(Interval { start: address, ..piece.interval });
        let mut next = next.iter();
        let mut done = 0;
        loop {
            let rest = buf.get_mut(done..).unwrap_or_default();
            let wanted = usize::try_from(piece.interval.size()).unwrap_or(usize::MAX).min(rest.len());
            let count = contents.copy(piece.place, rest.get_mut(..wanted).unwrap_or_default(), keep);
            done += count;
            if count < wanted || done == buf.len() {
                return done;
            }
            worked(1);
            match next.next() {
                Some(adjacent) if Some(adjacent.interval.start) == piece.interval.next() => piece = *adjacent,
                _ => return done,
            }
        }
    }

    /// Returns the bytes from a place to the end of the file; `None` if they are compressed or not in memory.
    #[inline]
    pub(super) fn plain(&self, place: u64) -> Option<&'a [u8]> {
        self.bytes.resident().get(usize::try_from(place).ok()?..)
    }

    /// Returns the reason why the byte at `address` cannot be read although a range contains it. `None` if it can be
    /// read, or if no range contains it.
    ///
    /// This occurs only in compressed memory and in a `SourceFile`. The bucket that contains the byte
    /// is decompressed, or the byte is read, to find out.
    #[must_use]
    pub fn fault_at(&self, address: u64) -> Option<ReadError> {
        let address = self.mask(address);
        let piece = self.pieces().get(address)?;
        self.contents().fault(piece.place + (address - piece.interval.start))
    }

    /// Reads `N` bytes from `address` on.
    #[inline]
    pub(crate) fn array<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        worked(1);
        let address = self.mask(address);
        let piece = self.pieces().get(address)?;
        // The file has all bytes of a piece, unless they are compressed.
        match piece.holds(address, N as u64).and_then(|place| self.plain(place)?.first_chunk()) {
            Some(bytes) => Some(*bytes),
            None => self.elsewhere(piece, address),
        }
    }

    /// Reads `N` bytes from `address` on, which are compressed or extend beyond one piece.
    #[cold]
    pub(super) fn elsewhere<const N: usize>(&self, piece: &Piece, address: u64) -> Option<[u8; N]> {
        let kept = piece.holds(address, N as u64).and_then(|place| self.contents().kept(place));
        if let Some(bytes) = kept.and_then(|bytes| bytes.first_chunk()) {
            return Some(*bytes);
        }
        let mut array = [0; N];
        (self.read(address, &mut array) == N).then_some(array)
    }

    /// Returns the number of contiguous bytes in the dump from `address` on, at most `limit`.
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

    /// Returns the `size` bytes from `address` on, borrowed. `None` if the dump does not have all of them, or if they
    /// are not contiguous in the file or in a bucket of compressed memory.
    ///
    /// Ranges that are adjacent in the process are usually adjacent in the file too. If they are not, use
    /// [`Memory::read`]. Also use it for compressed memory that does not fit into the cache; [`Memory::try_slice`]
    /// distinguishes this case from missing memory.
    #[inline]
    #[must_use]
    pub fn slice(&self, address: u64, size: u64) -> Option<&[u8]> {
        let (piece, _) = self.pieces().at(self.mask(address))?;
        let plain = piece.holds(self.mask(address), size).and_then(|place| self.plain(place));
        match plain.zip(usize::try_from(size).ok()).and_then(|(bytes, size)| bytes.get(..size)) {
            Some(bytes) => Some(bytes),
            None => self.try_slice(address, size).ok().flatten(),
        }
    }

    /// Like [`Memory::slice`]: `None` if the dump does not have the bytes, or not contiguously.
    ///
    /// # Errors
    ///
    /// `ReadError::Source` if the bytes are in a `SourceFile` and cannot be read, or there is no room
    /// to keep them. [`ReadError::Bucket`] if they are in a bucket of compressed memory that is not decompressed, with the
    /// reason: it is broken, or the cache is full ([`BucketFault::CacheFull`](crate::error::BucketFault::CacheFull)).
    /// In the latter case, [`Memory::read`] can read them.
    pub fn try_slice(&self, address: u64, size: u64) -> Result<Option<&[u8]>, ReadError> {
        let Some(place) = self.place_of(address, size) else { return Ok(None) };
        self.contents().lend(place, size).map(Some)
    }

    /// Returns the place of the `size` bytes from `address` on; `None` if they are not all there and contiguous.
    pub(crate) fn place_of(&self, address: u64, size: u64) -> Option<u64> {
        let (place, held) = self.contiguous_at(address, size)?;
        (held >= size).then_some(place)
    }
}
