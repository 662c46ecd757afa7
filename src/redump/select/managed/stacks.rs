//! The complete stacks of all threads.

use alloc::vec::Vec;

use crate::read::system::wow64::Wow64;
use crate::read::{Dump, Interval, Thread, gaps, united};

use crate::redump::select::ground::Ground;
use crate::redump::select::stacks::reserved;

/// The largest size of a stack in a descriptor, in bytes.
const LARGEST: u64 = u32::MAX as u64;

/// All stacks, including the memory below the stack pointers and the stacks of threads that the program leaves out;
/// sorted and disjoint.
pub(super) struct WholeStacks(Vec<Interval>);

impl WholeStacks {
    pub(super) fn of(ground: &Ground<'_, '_>) -> Self {
        let source = ground.source;
        let dump = source.dump();
        let wow64 = Wow64::of(&Dump::Minidump(dump), &source.memory);
        let of_thread = |thread: Thread<'_>| {
            let narrow = wow64.as_ref().and_then(|it| it.thread_at(thread.teb(), thread.registers()).stack_bounds());
            let narrow = narrow.and_then(|it| Interval::new(it.start, it.end.saturating_sub(it.start)));
            [source.described(&thread.raw().stack), reserved(source, &thread), narrow]
        };
        let all = dump.threads().flat_map(of_thread).flatten().filter(|stack| stack.size() <= LARGEST);
        Self(united(all.chain(ground.stacks.iter().copied()).collect()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        self.0.iter().copied()
    }

    /// Returns the parts of an interval that are not on a stack.
    pub(super) fn outside(&self, interval: Interval) -> impl Iterator<Item = Interval> + '_ {
        gaps(&self.0, interval)
    }
}
