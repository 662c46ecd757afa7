//! Recently read blocks of a file, for many small reads near each other.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::error::SourceFault;

/// The size of a block. Larger reads bypass the cache.
pub(crate) const BLOCK: u64 = 1 << 14;

/// The number of blocks: 4 MiB in total.
const SLOTS: u64 = 256;

/// The cache. Each block has one slot, by its number.
pub(crate) struct BlockCache {
    slots: OnceLock<Box<[Mutex<Slot>]>>,
}

#[derive(Default)]
struct Slot {
    block: Option<u64>,
    bytes: Vec<u8>,
}

impl BlockCache {
    pub(crate) const fn new() -> Self {
        Self { slots: OnceLock::new() }
    }

    /// Copies bytes at `offset` into `buf`, as many as are in the same block, and returns their number. `offset` must be
    /// below `file_size`. `read` fills a buffer with the bytes at an offset.
    pub(crate) fn copy(
        &self,
        offset: u64,
        buf: &mut [u8],
        file_size: u64,
        read: impl FnOnce(u64, &mut [u8]) -> Result<(), SourceFault>,
    ) -> Result<usize, SourceFault> {
        let (block, skip) = (offset / BLOCK, offset % BLOCK);
        let slots = self.slots.get_or_init(|| (0..SLOTS).map(|_| Mutex::default()).collect());
        let Some(slot) = usize::try_from(block % SLOTS).ok().and_then(|slot| slots.get(slot)) else { return Ok(0) };
        // A slot names its block only while it has the bytes, even if a thread panicked.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.block != Some(block) {
            let start = block * BLOCK;
            let size = file_size.saturating_sub(start).min(BLOCK);
            slot.block = None;
            slot.bytes.resize(usize::try_from(size).unwrap_or(0), 0);
            read(start, &mut slot.bytes)?;
            slot.block = Some(block);
        }
        let found = usize::try_from(skip).ok().and_then(|skip| slot.bytes.get(skip..)).unwrap_or_default();
        let count = found.len().min(buf.len());
        if let Some((to, from)) = buf.get_mut(..count).zip(found.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}
