//! A cache of decompressed buckets: buckets that are kept, and one bucket for each thread that reads beyond the limit.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use crate::error::BucketFault;

/// The source of buckets.
pub(crate) trait Packed {
    /// Returns the decompressed size of a bucket, or the fault that is evident from its entry.
    fn size(&self, index: usize) -> Result<usize, BucketFault>;
    /// Decompresses a bucket into a buffer of its size.
    fn unpack(&self, index: usize, into: &mut [u8]) -> Result<(), BucketFault>;
}

/// Decompressed buckets. Kept buckets are dropped only with the cache, so that references to them can be returned.
pub(crate) struct Cache {
    slots: Vec<OnceLock<Result<Box<[u8]>, BucketFault>>>,
    /// The maximum number of bytes to keep.
    limit: u64,
    kept: AtomicUsize,
    passing: Mutex<Vec<Passing>>,
}

/// A bucket that is not kept, and the thread that read it last.
struct Passing {
    owner: ThreadId,
    index: Option<usize>,
    bytes: Vec<u8>,
}

/// The maximum number of passing buckets, because threads that have ended leave theirs in the cache.
const MAX_PASSING: usize = 64;

impl Cache {
    pub(crate) fn new(count: usize, limit: u64) -> Self {
        let mut slots = Vec::with_capacity(count);
        slots.resize_with(count, OnceLock::new);
        Self { slots, limit, kept: AtomicUsize::new(0), passing: Mutex::new(Vec::new()) }
    }

    /// Returns the bucket if it is kept.
    #[inline]
    pub(crate) fn found(&self, index: usize) -> Option<&[u8]> {
        self.slots.get(index)?.get()?.as_deref().ok()
    }

    /// Returns the bucket or the reason why it is not kept, if either is known.
    pub(crate) fn found_or_fault(&self, index: usize) -> Option<Result<&[u8], BucketFault>> {
        let found = self.slots.get(index)?.get()?;
        Some(found.as_deref().map_err(|fault| *fault))
    }

    /// Returns the reason why the bucket is not kept, if it is known.
    pub(crate) fn fault(&self, index: usize) -> Option<BucketFault> {
        self.found_or_fault(index)?.err()
    }

    /// Returns the bucket. If it is not kept yet, it is decompressed and kept.
    ///
    /// # Errors
    ///
    /// [`BucketFault::CacheFull`] if the cache has no room for it, or the reason why it cannot be decompressed, which
    /// is determined in either case.
    pub(crate) fn kept(&self, index: usize, packed: &impl Packed) -> Result<&[u8], BucketFault> {
        let slot = self.slots.get(index).ok_or(BucketFault::OutsideFile)?;
        match slot.get_or_init(|| self.fill(index, packed)) {
            Ok(bytes) => Ok(bytes),
            Err(fault) => Err(*fault),
        }
    }

    fn fill(&self, index: usize, packed: &impl Packed) -> Result<Box<[u8]>, BucketFault> {
        let size = packed.size(index)?;
        let add = |kept: usize| kept.checked_add(size).filter(|kept| *kept as u64 <= self.limit);
        if self.kept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_err() {
            // Decompress it once to check that it is sound. The caller will probably read it next.
            self.pass(index, packed, |_| ())?;
            return Err(BucketFault::CacheFull);
        }
        let mut bytes = alloc::vec![0; size];
        match packed.unpack(index, &mut bytes) {
            Ok(()) => Ok(bytes.into_boxed_slice()),
            Err(fault) => {
                self.kept.fetch_sub(size, Ordering::Relaxed);
                Err(fault)
            }
        }
    }

    /// Passes a bucket that is not kept to `show`. It stays in the cache until the thread reads another one.
    pub(crate) fn passing<T>(
        &self,
        index: usize,
        packed: &impl Packed,
        show: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, BucketFault> {
        let shown = self.pass(index, packed, show);
        if let (Err(fault), Some(slot)) = (&shown, self.slots.get(index)) {
            // Another thread may have found the same fault.
            let _ = slot.set(Err(*fault));
        }
        shown
    }

    fn pass<T>(&self, index: usize, packed: &impl Packed, show: impl FnOnce(&[u8]) -> T) -> Result<T, BucketFault> {
        let owner = thread::current().id();
        let mut passing = self.taken(index, owner);
        if passing.index != Some(index) {
            passing.index = None;
            let unpacked = packed.size(index).and_then(|size| {
                passing.bytes.resize(size, 0);
                packed.unpack(index, &mut passing.bytes)
            });
            if let Err(fault) = unpacked {
                self.put_back(passing);
                return Err(fault);
            }
            passing.index = Some(index);
        }
        let shown = show(&passing.bytes);
        passing.owner = owner;
        self.put_back(passing);
        Ok(shown)
    }

    /// Removes and returns the bucket if any thread has left it in the cache, otherwise the buffer that this thread has
    /// left.
    fn taken(&self, index: usize, owner: ThreadId) -> Passing {
        let mut all = self.all_passing();
        let place = all.iter().position(|it| it.index == Some(index));
        let place = place.or_else(|| all.iter().position(|it| it.owner == owner));
        place.map_or_else(|| Passing { owner, index: None, bytes: Vec::new() }, |place| all.swap_remove(place))
    }

    fn put_back(&self, passing: Passing) {
        let mut all = self.all_passing();
        // Each thread has at most one.
        all.retain(|it| it.owner != passing.owner);
        if all.len() >= MAX_PASSING {
            all.swap_remove(0);
        }
        all.push(passing);
    }

    fn all_passing(&self) -> MutexGuard<'_, Vec<Passing>> {
        // The list is consistent at all times, even if a thread panicked.
        self.passing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
