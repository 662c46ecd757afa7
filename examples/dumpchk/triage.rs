//! Counts the words on the stacks of a triage dump.

use userdump::Dump;
use userdump::read::any_format::AnyThread;
use userdump::read::thread::StackWords;
use userdump::read::{Memory, Minidump};

/// The stacks of a triage dump.
pub struct Triage<'d, 'a> {
    dump: &'d Minidump<'a>,
    memory: &'d Memory<'a>,
    /// The number of stack bytes that may still be read. Many threads of a damaged file can share one stack.
    left: u64,
}

impl<'d, 'a> Triage<'d, 'a> {
    /// Returns `None` if this is not a triage dump.
    pub fn of(dump: &'d Dump<'a>, memory: &'d Memory<'a>) -> Option<Self> {
        let Dump::Minidump(dump) = dump else { return None };
        let left = 2 * dump.file_size();
        dump.is_triage().then_some(Self { dump, memory, left })
    }

    /// Returns the word counts of one thread, or `None` if the limit of stack bytes is reached.
    pub fn words(&mut self, thread: &AnyThread<'_>) -> Option<StackWords> {
        let AnyThread::Minidump(thread) = thread else { return None };
        self.left = self.left.checked_sub(thread.raw().stack.memory.data_size.into())?;
        Some(self.dump.stack_words(self.memory, thread))
    }

    /// Returns the word counts of all threads, up to the limit.
    pub fn total(&mut self, threads: impl Iterator<Item = AnyThread<'a>>) -> StackWords {
        let mut total = StackWords::default();
        for words in threads.filter_map(|thread| self.words(&thread)) {
            total.all += words.all;
            total.filtered += words.filtered;
            total.lost += words.lost;
        }
        total
    }
}
