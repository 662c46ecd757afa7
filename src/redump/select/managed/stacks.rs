//! The stacks of all threads, as far as they reach.

use alloc::vec::Vec;

use crate::read::system::wow64::Wow64;
use crate::read::{Dump, Interval, Thread, gaps, united};

use crate::redump::select::presets::Ground;
use crate::redump::select::stacks::reserved;

/// No stack is larger than what a descriptor can name, in bytes.
const LARGEST: u64 = u32::MAX as u64;

/// All stacks, with what is below their stack pointers, and those of threads too that a program leaves out; sorted and apart.
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

    /// The parts of an interval that are not of a stack.
    pub(super) fn outside(&self, interval: Interval) -> impl Iterator<Item = Interval> + '_ {
        gaps(&self.0, interval)
    }
}
