//! Parts of a file that were read and stay in memory, so that references to them can be returned.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

use crate::error::SourceFault;

/// The size of a block. Parts start at blocks and consist of whole blocks, except at the end of the file.
const BLOCK: u64 = 1 << 16;

/// The number of chains that parts are distributed over.
const CHAINS: u64 = 1 << 10;

/// The parts that were read. They are dropped only with all of them.
pub(crate) struct KeptBytes {
    /// The maximum total size of all parts.
    limit: u64,
    taken: AtomicU64,
    /// Chains of parts, by the number of the first block.
    chains: OnceLock<Box<[Link]>>,
}

type Link = OnceLock<Box<Part>>;

struct Part {
    start: u64,
    bytes: Box<[u8]>,
    next: Link,
}

impl KeptBytes {
    pub(crate) const fn new(limit: u64) -> Self {
        Self { limit, taken: AtomicU64::new(0), chains: OnceLock::new() }
    }

    /// Returns the bytes of `[offset, offset + size)`, which must be within the `file_size` bytes of the file. `read`
    /// fills a buffer with the bytes at an offset.
    pub(crate) fn get(
        &self,
        (offset, size): (u64, u64),
        file_size: u64,
        read: impl FnOnce(u64, &mut [u8]) -> Result<(), SourceFault>,
    ) -> Result<&[u8], SourceFault> {
        let end = offset.saturating_add(size);
        let start = offset - offset % BLOCK;
        let whole = end.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX).min(file_size).max(end) - start;
        let within = |part: &Part| -> Option<(usize, usize)> {
            let from = usize::try_from(offset - start).ok()?;
            let to = usize::try_from(end - start).ok()?;
            (part.start == start && part.bytes.len() >= to).then_some((from, to))
        };
        let mut link = self.chain(start / BLOCK)?;
        while let Some(part) = link.get() {
            if let Some((from, to)) = within(part) {
                return Ok(part.bytes.get(from..to).unwrap_or_default());
            }
            link = &part.next;
        }
        let mut new = Box::new(Part { start, bytes: self.read(start, whole, read)?, next: Link::new() });
        loop {
            // Another thread may have appended a part in the meantime.
            let refused = link.set(new);
            let Some(part) = link.get() else { return Err(SourceFault::CacheFull) };
            if let Some((from, to)) = within(part) {
                if let Err(unneeded) = refused {
                    self.taken.fetch_sub(unneeded.bytes.len() as u64, Ordering::Relaxed);
                }
                return Ok(part.bytes.get(from..to).unwrap_or_default());
            }
            new = match refused {
                Err(refused) => refused,
                Ok(()) => return Ok(&[]),
            };
            link = &part.next;
        }
    }

    fn chain(&self, block: u64) -> Result<&Link, SourceFault> {
        let chains = self.chains.get_or_init(|| (0..CHAINS).map(|_| Link::new()).collect());
        // The blocks of a file with a regular structure would otherwise be in a few chains.
        let mixed = block.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let chain = usize::try_from(mixed % CHAINS).ok().and_then(|chain| chains.get(chain));
        chain.ok_or(SourceFault::CacheFull)
    }

    fn read(
        &self,
        start: u64,
        size: u64,
        read: impl FnOnce(u64, &mut [u8]) -> Result<(), SourceFault>,
    ) -> Result<Box<[u8]>, SourceFault> {
        let full = SourceFault::CacheFull;
        let add = |taken: u64| taken.checked_add(size).filter(|taken| *taken <= self.limit);
        let size = usize::try_from(size).map_err(|_| full)?;
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).map_err(|_| full)?;
        let mut bytes = Vec::new();
        let done = match bytes.try_reserve_exact(size) {
            Ok(()) => {
                bytes.resize(size, 0);
                read(start, &mut bytes)
            }
            Err(_) => Err(full),
        };
        match done {
            Ok(()) => Ok(bytes.into_boxed_slice()),
            Err(fault) => {
                self.taken.fetch_sub(size as u64, Ordering::Relaxed);
                Err(fault)
            }
        }
    }
}

/// Drops chains without recursion, however long they are.
impl Drop for KeptBytes {
    fn drop(&mut self) {
        for link in self.chains.take().into_iter().flatten() {
            let mut next = link.into_inner();
            while let Some(mut part) = next {
                next = part.next.take();
            }
        }
    }
}
