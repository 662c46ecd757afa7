//! What a triage dump has of its stacks.

use userdump::Dump;
use userdump::read::any_format::AnyThread;
use userdump::read::thread::StackWords;
use userdump::read::{Memory, Minidump};

/// The stacks of a triage dump.
pub struct Triage<'d, 'a> {
    dump: &'d Minidump<'a>,
    memory: &'d Memory<'a>,
    /// How many bytes of stacks are still looked at. A broken file can give any number of threads the same one.
    left: u64,
}

impl<'d, 'a> Triage<'d, 'a> {
    /// `None` if it is no triage dump.
    pub fn of(dump: &'d Dump<'a>, memory: &'d Memory<'a>) -> Option<Self> {
        let Dump::Minidump(dump) = dump else { return None };
        let left = 2 * dump.data().len() as u64;
        dump.is_triage().then_some(Self { dump, memory, left })
    }

    /// Those of one thread; `None` if too much has been looked at.
    pub fn words(&mut self, thread: &AnyThread<'_>) -> Option<StackWords> {
        let AnyThread::Minidump(thread) = thread else { return None };
        self.left = self.left.checked_sub(thread.raw().stack.memory.data_size.into())?;
        Some(self.dump.stack_words(self.memory, thread))
    }

    /// Those of all threads together, as far as they are looked at.
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
