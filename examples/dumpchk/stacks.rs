//! Threads of which the dump has no stack.

use userdump::read::Memory;
use userdump::read::any_format::AnyThread;

/// Looks for the stacks of threads.
pub struct Stacks<'m, 'a> {
    memory: &'m Memory<'a>,
}

impl<'m, 'a> Stacks<'m, 'a> {
    pub const fn of(memory: &'m Memory<'a>) -> Self {
        Self { memory }
    }

    /// True if no descriptor names a stack, and there is no memory at the stack pointer either.
    pub fn lack(&self, thread: &AnyThread<'_>) -> bool {
        let pointer = || thread.context().ok().flatten()?.stack_pointer();
        let size = match thread {
            AnyThread::Minidump(thread) => thread.raw().stack.memory.data_size,
            _ => 0,
        };
        size == 0 && pointer().is_none_or(|pointer| self.memory.range_at(pointer).is_none())
    }
}
