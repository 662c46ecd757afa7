//! An allocator that counts the allocations of the calling thread, so that concurrent trials do not affect each other.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// The allocations of one thread.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    /// Bytes in use. Negative if the thread frees what another one allocated.
    current: isize,
    /// The maximum number of bytes in use since it was last reset.
    peak: isize,
    /// The total size of all allocations.
    total: usize,
    /// The number of allocations.
    calls: usize,
}

thread_local! {
    static COUNTERS: Cell<Counters> = const { Cell::new(Counters { current: 0, peak: 0, total: 0, calls: 0 }) };
}

fn count(freed: usize, taken: usize) {
    // A thread that is about to end no longer has counters.
    let _ = COUNTERS.try_with(|cell| {
        let mut counters = cell.get();
        counters.current = counters.current.wrapping_sub_unsigned(freed).wrapping_add_unsigned(taken);
        counters.peak = counters.peak.max(counters.current);
        counters.total = counters.total.wrapping_add(taken);
        counters.calls += usize::from(taken > 0);
        cell.set(counters);
    });
}

// SAFETY: every call is forwarded to the system allocator unchanged; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller upholds the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller upholds the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller upholds the contract, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), size);
        // SAFETY: the caller upholds the contract, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// The allocations of a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The maximum number of bytes in use, beyond those in use before.
    pub peak: usize,
    /// The total size of all allocations.
    pub total: usize,
    /// The number of allocations.
    pub calls: usize,
}

/// Does some work on this thread and returns what it allocated.
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Spent) {
    let before = COUNTERS.with(|cell| {
        let mut counters = cell.get();
        counters.peak = counters.current;
        cell.set(counters);
        counters
    });
    let result = work();
    let after = COUNTERS.with(Cell::get);
    let peak = usize::try_from(after.peak - before.current).unwrap_or(0);
    (result, Spent { peak, total: after.total.wrapping_sub(before.total), calls: after.calls - before.calls })
}
