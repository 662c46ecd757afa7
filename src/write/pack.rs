//! Compresses buckets with several threads, and returns them in order.
//!
//! The calling thread collects the bytes of a bucket and passes them to the next idle thread; if it is the only thread, it
//! compresses them itself. Blocks come back in any order and wait for those before them. The memory for this is bounded: a
//! bucket takes a buffer for its block, and a second one if its bytes are not contiguous where they are borrowed from, and
//! there are two buffers for each thread.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::iter::{self, Peekable};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use crate::error::{Item, WriteError};

use crate::write::buckets::{Cut, Totals};
use crate::write::gather::{Gathered, Gatherer, copy_all};
use crate::write::lz4;
use crate::write::memory_range::MemoryRange;

/// A compressed bucket.
pub(super) struct Packed<'p> {
    pub(super) bucket: Bucket,
    /// The block; empty if the bucket is passed on without one.
    pub(super) block: &'p [u8],
}

/// The properties of a bucket that are known before it is compressed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) number: u64,
    /// The size of its uncompressed bytes.
    pub(super) size: u32,
    pub(super) first_region: u64,
    pub(super) regions: u64,
    /// Whether its bytes can be collected again.
    pub(super) is_repeatable: bool,
}

/// A bucket that is being compressed.
struct Job<'b> {
    bucket: Bucket,
    runs: Vec<&'b [u8]>,
    /// A buffer for the bytes, or the bytes if there are no runs.
    bytes: Option<Vec<u8>>,
    block: Vec<u8>,
    /// The size of the block; `None` until there is one.
    size: Option<usize>,
}

impl Job<'_> {
    fn run(&mut self, encoder: &mut lz4::Encoder) {
        let size = usize::try_from(self.bucket.size).unwrap_or(usize::MAX);
        let bytes = match (self.runs.as_slice(), &mut self.bytes) {
            (&[run], _) => run,
            (runs, Some(room)) => {
                copy_all(room, runs);
                room.get(..size).unwrap_or_default()
            }
            (_, None) => &[],
        };
        self.size = encoder.encode(bytes, &mut self.block);
    }
}

/// Compresses the buckets of `regions` and calls `hand_over` for each of them in order. Buckets for which `keeps` is true are
/// passed without a block.
pub(super) fn pack<'b>(
    gatherer: &mut Gatherer<'b>,
    regions: impl Iterator<Item = Cut<MemoryRange<'b>>>,
    totals: &Totals,
    threads: usize,
    keeps: &dyn Fn(u64) -> bool,
    hand_over: &mut dyn FnMut(Packed<'_>) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let threads = threads.min(usize::try_from(totals.buckets).unwrap_or(usize::MAX));
    let mut source = Buckets { gatherer, regions: regions.peekable(), keeps };
    let mut desk = Desk::new(totals, threads, hand_over);
    // A module for browsers cannot start any.
    if threads <= 1 || cfg!(all(target_family = "wasm", target_os = "unknown")) {
        return alone(&mut source, &mut desk);
    }
    let (jobs, queue) = mpsc::channel::<Job<'b>>();
    let (done, results) = mpsc::channel::<Job<'b>>();
    let queue = Mutex::new(queue);
    let at_work = || {
        let done = done.clone();
        let queue = &queue;
        move || {
            let mut encoder = lz4::Encoder::default();
            loop {
                let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(mut job) = job else { break };
                // Even after a panic, the calling thread waits for this bucket.
                if catch_unwind(AssertUnwindSafe(|| job.run(&mut encoder))).is_err() {
                    job.size = None;
                }
                if done.send(job).is_err() {
                    break;
                }
            }
        }
    };
    thread::scope(|scope| {
        // The threads end when the sender is dropped.
        let jobs = jobs;
        let spawned = (0..threads).filter(|_| thread::Builder::new().spawn_scoped(scope, at_work()).is_ok()).count();
        if spawned == 0 {
            return alone(&mut source, &mut desk);
        }
        let mut in_flight = 0usize;
        loop {
            while in_flight > 0 && !desk.has_room() {
                in_flight -= 1;
                desk.take_back(results.recv().ok())?;
            }
            let Some(job) = source.next(&mut desk)? else { break };
            match job.size {
                // No block is needed.
                Some(_) => desk.take_back(Some(job))?,
                None => {
                    in_flight += 1;
                    // Sending fails only if all threads have panicked; then nothing is received either.
                    let _ = jobs.send(job);
                }
            }
            while let Ok(job) = results.try_recv() {
                in_flight -= 1;
                desk.take_back(Some(job))?;
            }
        }
        for _ in 0..in_flight {
            desk.take_back(results.recv().ok())?;
        }
        Ok(())
    })
}

/// Does the same on the calling thread only.
fn alone<'b, I>(source: &mut Buckets<'_, 'b, I>, desk: &mut Desk<'_, 'b>) -> Result<(), WriteError>
where
    I: Iterator<Item = Cut<MemoryRange<'b>>>,
{
    let mut encoder = lz4::Encoder::default();
    while let Some(mut job) = source.next(desk)? {
        if job.size.is_none() {
            job.run(&mut encoder);
        }
        desk.take_back(Some(job))?;
    }
    Ok(())
}

/// The buckets to be compressed.
struct Buckets<'g, 'b, I: Iterator> {
    gatherer: &'g mut Gatherer<'b>,
    regions: Peekable<I>,
    keeps: &'g dyn Fn(u64) -> bool,
}

impl<'b, I: Iterator<Item = Cut<MemoryRange<'b>>>> Buckets<'_, 'b, I> {
    fn next(&mut self, desk: &mut Desk<'_, 'b>) -> Result<Option<Job<'b>>, WriteError> {
        let Some(first) = self.regions.peek().map(|cut| cut.region) else { return Ok(None) };
        let (mut regions, mut size) = (0, 0);
        let mut of_bucket = iter::from_fn(|| {
            let cut = self.regions.next_if(|cut| cut.region.bucket == first.bucket)?;
            regions += 1;
            size += cut.region.size;
            Some(cut)
        });
        let is_kept = (self.keeps)(first.bucket);
        let mut bytes = desk.buffer();
        let (gathered, is_repeatable) = self.gatherer.gather(&mut of_bucket, &mut bytes, is_kept)?;
        let runs = match gathered {
            Gathered::Runs(runs) => runs,
            Gathered::Filled => Vec::new(),
        };
        let bytes = match runs.as_slice() {
            [_] => {
                desk.give_back(bytes);
                None
            }
            _ => Some(bytes),
        };
        let bucket = Bucket { number: first.bucket, size, first_region: first.number, regions, is_repeatable };
        let (block, size) = if is_kept { (Vec::new(), Some(0)) } else { (desk.buffer(), None) };
        Ok(Some(Job { bucket, runs, bytes, block, size }))
    }
}

/// The buffers of the calling thread, and the buckets that have come back too early.
struct Desk<'h, 'b> {
    hand_over: &'h mut dyn FnMut(Packed<'_>) -> Result<(), WriteError>,
    /// The size of a buffer.
    size: usize,
    free: Vec<Vec<u8>>,
    /// How many more buffers may be allocated.
    unmade: usize,
    /// The index of the next bucket to be passed on.
    next: u64,
    /// That bucket and those after it.
    waiting: VecDeque<Option<Job<'b>>>,
}

impl<'h, 'b> Desk<'h, 'b> {
    fn new(
        totals: &Totals,
        threads: usize,
        hand_over: &'h mut dyn FnMut(Packed<'_>) -> Result<(), WriteError>,
    ) -> Self {
        let size = lz4::room(usize::try_from(totals.largest).unwrap_or(usize::MAX));
        // The calling thread has two as well, unless it is the only thread.
        let unmade = if threads <= 1 { 2 } else { 2 * (threads + 1) };
        Self { hand_over, size, free: Vec::new(), unmade, next: 0, waiting: VecDeque::new() }
    }

    /// Returns true if there are two buffers, which a bucket may need.
    fn has_room(&self) -> bool {
        self.free.len() + self.unmade >= 2
    }

    /// Returns a buffer. The system clears its pages on first use, so untouched pages cost nothing.
    fn buffer(&mut self) -> Vec<u8> {
        self.free.pop().unwrap_or_else(|| {
            self.unmade = self.unmade.saturating_sub(1);
            vec![0; self.size]
        })
    }

    fn give_back(&mut self, buffer: Vec<u8>) {
        if !buffer.is_empty() {
            self.free.push(buffer);
        }
    }

    /// Takes a finished bucket, and passes on all buckets that are next.
    fn take_back(&mut self, job: Option<Job<'b>>) -> Result<(), WriteError> {
        let lost = |number| {
            let item = Item { name: "bucket", index: Some(number) };
            WriteError::InvalidInput { item, reason: "it cannot be compressed with LZ4" }
        };
        let mut job = job.ok_or_else(|| lost(self.next))?;
        job.runs = Vec::new();
        if let Some(bytes) = job.bytes.take() {
            self.give_back(bytes);
        }
        let place = usize::try_from(job.bucket.number - self.next).unwrap_or(usize::MAX);
        if self.waiting.len() <= place {
            self.waiting.resize_with(place + 1, || None);
        }
        if let Some(waiting) = self.waiting.get_mut(place) {
            *waiting = Some(job);
        }
        while self.waiting.front().is_some_and(Option::is_some) {
            let Some(job) = self.waiting.pop_front().flatten() else { break };
            let size = job.size.ok_or_else(|| lost(self.next))?;
            let block = job.block.get(..size).unwrap_or_default();
            (self.hand_over)(Packed { bucket: job.bucket, block })?;
            self.next += 1;
            self.give_back(job.block);
        }
        Ok(())
    }
}
