//! Finds threads whose stacks are not in the dump.

use userdump::read::Memory;
use userdump::read::any_format::AnyThread;

/// The memory in which the stacks of threads are looked up.
pub struct Stacks<'m, 'a> {
    memory: &'m Memory<'a>,
}

impl<'m, 'a> Stacks<'m, 'a> {
    pub const fn of(memory: &'m Memory<'a>) -> Self {
        Self { memory }
    }

    /// Returns true if the thread has neither a stack descriptor nor memory at its stack pointer.
    pub fn lack(&self, thread: &AnyThread<'_>) -> bool {
        let pointer = || thread.context().ok().flatten()?.stack_pointer();
        let size = match thread {
            AnyThread::Minidump(thread) => thread.raw().stack.memory.data_size,
            _ => 0,
        };
        size == 0 && pointer().is_none_or(|pointer| self.memory.range_at(pointer).is_none())
    }
}
