//! What is unpacked of compressed memory: buckets that are kept, and one for each thread that reads beyond the limit.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use crate::error::BucketFault;

/// Where buckets come from.
pub(crate) trait Packed {
    /// The size of a bucket unpacked, or what its entry shows to be wrong.
    fn size(&self, index: usize) -> Result<usize, BucketFault>;
    /// Unpacks a bucket into room of its size.
    fn unpack(&self, index: usize, into: &mut [u8]) -> Result<(), BucketFault>;
}

/// Buckets that are unpacked. Nothing that is kept goes before the cache does, so that it can be lent.
pub(crate) struct Cache {
    slots: Vec<OnceLock<Result<Box<[u8]>, BucketFault>>>,
    /// So many bytes are kept at most.
    limit: u64,
    kept: AtomicUsize,
    passing: Mutex<Vec<Passing>>,
}

/// A bucket that is not kept, and the thread that has read it.
struct Passing {
    owner: ThreadId,
    index: Option<usize>,
    bytes: Vec<u8>,
}

/// Threads that are gone leave theirs behind: no more than this.
const MOST_PASSING: usize = 64;

impl Cache {
    pub(crate) fn new(count: usize, limit: u64) -> Self {
        let mut slots = Vec::with_capacity(count);
        slots.resize_with(count, OnceLock::new);
        Self { slots, limit, kept: AtomicUsize::new(0), passing: Mutex::new(Vec::new()) }
    }

    /// The bucket, if it is kept.
    #[inline]
    pub(crate) fn found(&self, index: usize) -> Option<&[u8]> {
        self.slots.get(index)?.get()?.as_deref().ok()
    }

    /// The bucket, or why it is not kept, if one is known.
    pub(crate) fn found_or_fault(&self, index: usize) -> Option<Result<&[u8], BucketFault>> {
        let found = self.slots.get(index)?.get()?;
        Some(found.as_deref().map_err(|fault| *fault))
    }

    /// Why the bucket is not kept, as far as is known.
    pub(crate) fn fault(&self, index: usize) -> Option<BucketFault> {
        self.found_or_fault(index)?.err()
    }

    /// The bucket, which is unpacked and kept if it is not yet.
    ///
    /// # Errors
    ///
    /// [`BucketFault::CacheFull`] if there is no room to keep it, and why it cannot be unpacked, which is found out in
    /// either case.
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
            // Once is enough to know whether it is sound, and whoever wanted it mostly reads it next.
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

    /// Shows a bucket that is not kept. The thread has it until it reads another one.
    pub(crate) fn passing<T>(
        &self,
        index: usize,
        packed: &impl Packed,
        show: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, BucketFault> {
        let shown = self.pass(index, packed, show);
        if let (Err(fault), Some(slot)) = (&shown, self.slots.get(index)) {
            // Another thread may have found out, too.
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

    /// The bucket if a thread has left it, or else the room of the one that this thread has left.
    fn taken(&self, index: usize, owner: ThreadId) -> Passing {
        let mut all = self.all_passing();
        let place = all.iter().position(|it| it.index == Some(index));
        let place = place.or_else(|| all.iter().position(|it| it.owner == owner));
        place.map_or_else(|| Passing { owner, index: None, bytes: Vec::new() }, |place| all.swap_remove(place))
    }

    fn put_back(&self, passing: Passing) {
        let mut all = self.all_passing();
        // It has one at most.
        all.retain(|it| it.owner != passing.owner);
        if all.len() >= MOST_PASSING {
            all.swap_remove(0);
        }
        all.push(passing);
    }

    fn all_passing(&self) -> MutexGuard<'_, Vec<Passing>> {
        // What a thread was about to do when it panicked is whole at every moment.
        self.passing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
