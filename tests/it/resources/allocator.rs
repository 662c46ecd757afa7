//! An allocator that counts what the calling thread asks for, so that trials side by side do not disturb each other.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// What one thread has allocated.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    /// Bytes in use. Below 0 if the thread frees what another one allocated.
    current: isize,
    /// The most that was in use since it was last set.
    peak: isize,
    /// Bytes of all allocations together.
    total: usize,
    /// How many allocations there were.
    calls: usize,
}

thread_local! {
    static COUNTERS: Cell<Counters> = const { Cell::new(Counters { current: 0, peak: 0, total: 0, calls: 0 }) };
}

fn count(freed: usize, taken: usize) {
    // A thread that is about to end has no counters any more.
    let _ = COUNTERS.try_with(|cell| {
        let mut counters = cell.get();
        counters.current = counters.current.wrapping_sub_unsigned(freed).wrapping_add_unsigned(taken);
        counters.peak = counters.peak.max(counters.current);
        counters.total = counters.total.wrapping_add(taken);
        counters.calls += usize::from(taken > 0);
        cell.set(counters);
    });
}

// SAFETY: every call goes to the system's allocator as it is; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), size);
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What a piece of work allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The most bytes in use at one time, beyond those in use before.
    pub peak: usize,
    /// Bytes of all allocations together.
    pub total: usize,
    /// How many allocations there were.
    pub calls: usize,
}

/// Does some work on this thread and says what it allocated.
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
