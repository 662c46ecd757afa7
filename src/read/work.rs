//! Counts the work that a file causes, for the tests of what it may cost.
//!
//! With the feature `__count`, which nothing but these tests turns on, each access to the file, each step along a text and
//! each look-up is counted, for each thread apart. Without it, [`worked`] is empty.

#[cfg(feature = "__count")]
mod counter {
    use core::cell::Cell;

    std::thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    pub(crate) fn worked(steps: u64) {
        // A thread that is about to end has no counter any more.
        let _ = STEPS.try_with(|cell| cell.set(cell.get().wrapping_add(steps)));
    }

    /// What this thread has done since it began.
    pub fn steps() -> u64 {
        STEPS.with(Cell::get)
    }
}

#[cfg(feature = "__count")]
pub use counter::steps;
#[cfg(feature = "__count")]
pub(crate) use counter::worked;

/// Takes note of so many steps: bytes, characters or entries that were looked at.
#[cfg(not(feature = "__count"))]
#[inline(always)]
pub(crate) const fn worked(_: u64) {}
