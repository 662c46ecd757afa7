//! The index of the memory of a minidump.

use alloc::vec::Vec;

use crate::read::interval::position;
use crate::read::memory::buckets::Buckets;
use crate::read::memory::by_address::Memory;
use crate::read::memory::compressed::CompressedMemory;
use crate::read::memory::contents::Contents;
use crate::read::memory::lists::MemoryRange;
use crate::read::memory::pieces::{Disjoint, Piece, agrees, disjoint, hold, listed};
use crate::read::minidump::Minidump;
use crate::read::shared::Shared;
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::ThreadList;

/// The default limit for decompressed memory: 256 MiB.
pub(crate) const CACHE_LIMIT: u64 = 256 << 20;

impl<'a> Memory<'a> {
    /// Builds the index of the memory in lists, and of the stacks that are not in a list.
    pub(super) fn of_minidump(dump: &Minidump<'a>, buckets: Option<Shared<Buckets>>) -> Self {
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
            // The listed pieces no longer overlap, so their order does not matter.
            let count = listed.pieces.len() as u64 + unlisted.len() as u64;
            let all = disjoint(count, || listed.pieces.iter().chain(&unlisted).copied());
            listed = Disjoint { were_disjoint: listed.were_disjoint && all.were_disjoint, ..all };
        }
        Self::of(target, *dump.bytes(), buckets, listed)
    }

    /// Builds the index of the memory in lists, without the stacks that are not in a list.
    pub(crate) fn listed(dump: &Minidump<'a>) -> Self {
        let buckets = buckets(dump, CACHE_LIMIT);
        let listed = listed(dump, buckets.as_deref());
        Self::of(dump.target(), *dump.bytes(), buckets, listed)
    }
}

impl<'a> Minidump<'a> {
    /// Builds an index of the process memory by address, from the memory lists and the thread stacks.
    ///
    /// Keep the index, because building it takes time and memory proportional to the number of ranges: 28 bytes each
    /// plus at most 7 KiB, and temporarily more if there are overlaps.
    ///
    /// Of compressed memory, at most 256 MiB are kept decompressed: see [`Minidump::memory_with_cache`].
    #[must_use]
    pub fn memory(&self) -> Memory<'a> {
        self.memory_with_cache(CACHE_LIMIT)
    }

    /// Like [`Minidump::memory`], but at most `limit` bytes of compressed memory are kept decompressed.
    ///
    /// Building the index does not decompress anything. A bucket (4 MiB in the files of the known writer) is
    /// decompressed when any of its bytes are first read, and kept as long as the index or one of its clones exists, so
    /// that its bytes can be borrowed; with `u64::MAX`, everything that is read is kept. Beyond the limit, bytes can no
    /// longer be borrowed ([`Memory::try_slice`]), and [`Memory::read`] keeps one bucket for each reading thread, the
    /// last one that it has read. A bucket larger than the limit cannot be read at all. Without compressed memory,
    /// nothing is kept.
    #[must_use]
    pub fn memory_with_cache(&self, limit: u64) -> Memory<'a> {
        Memory::of_minidump(self, buckets(self, limit))
    }
}

fn buckets(dump: &Minidump<'_>, limit: u64) -> Option<Shared<Buckets>> {
    let compressed = dump.find::<CompressedMemory<'_>>();
    compressed.map(|memory| Shared::new(Buckets::new(dump.dump_bytes(), &memory, limit)))
}
