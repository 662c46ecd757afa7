//! Counts the work that a file causes, for the tests of its cost.
//!
//! With the feature `__count`, which only these tests enable, each access to the file, each step through a text and
//! each lookup is counted per thread. Without it, [`worked`] does nothing.

#[cfg(feature = "__count")]
mod counter {
    use core::cell::Cell;

    std::thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    pub(crate) fn worked(steps: u64) {
        // A thread that is about to end no longer has a counter.
        let _ = STEPS.try_with(|cell| cell.set(cell.get().wrapping_add(steps)));
    }

    /// The number of steps of this thread so far.
    pub fn steps() -> u64 {
        STEPS.with(Cell::get)
    }
}

#[cfg(feature = "__count")]
pub use counter::steps;
#[cfg(feature = "__count")]
pub(crate) use counter::worked;

/// Counts steps: bytes, characters or entries that were examined.
#[cfg(not(feature = "__count"))]
#[inline(always)]
pub(crate) const fn worked(_: u64) {}
