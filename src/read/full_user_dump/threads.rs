//! Threads of full user dumps, and the exception.

use core::fmt;
use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format;
use crate::format::full_user_dump::{CrashThread32, CrashThread64, ExceptionDebugEvent64};
use crate::read::bytes::ByteOrder;
use crate::read::context::registers::Context;
use crate::read::dump_bytes::DumpBytes;
use crate::read::exception::crash_reason::CrashReason;
use crate::read::list::entries::{List, Record};

use crate::read::full_user_dump::dump::FullUserDump;

/// A thread of a [`FullUserDump`].
#[derive(Clone, Copy, Debug)]
pub struct UserThread<'a> {
    raw: CrashThread64,
    /// Its number in the file, which leads to its context.
    index: u64,
    dump: FullUserDump<'a>,
}

impl<'a> UserThread<'a> {
    /// The state, that of the 32-bit form widened.
    #[must_use]
    pub const fn raw(&self) -> &CrashThread64 {
        &self.raw
    }

    /// The thread ID.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.raw.thread_id
    }

    /// The address of the thread environment block; 0 where there is none.
    #[must_use]
    pub const fn teb(&self) -> u64 {
        self.raw.teb
    }

    /// The thread's registers; `None` if the file has no contexts, or ones of a size that nothing tells.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        let bytes = self.dump.context_bytes(self.index)?;
        Ok(bytes.map(|bytes| Context::new(bytes, self.dump.target(), ByteOrder::Little)))
    }

    /// The thread's registers, if the dump has them and they can be read; [`Self::context`] tells why they cannot.
    #[must_use]
    pub fn registers(&self) -> Option<Context<'a>> {
        self.context().ok().flatten()
    }
}

/// The state alone; its context stands elsewhere.
impl<'a> Record<'a> for CrashThread64 {
    const LIST: &'static str = "CRASH_THREAD";
    const SIZE: u64 = CrashThread64::SIZE as u64;

    /// 32-bit processes have the narrow form.
    fn decode(dump: &DumpBytes<'a>, offset: u64, size: u64) -> Result<Self, ReadError> {
        const NARROW: u64 = CrashThread32::SIZE as u64;
        match size {
            NARROW => dump.bytes().read::<CrashThread32>(<Self as Record>::LIST, offset).map(Self::from),
            _ => dump.bytes().read(<Self as Record>::LIST, offset),
        }
    }
}

/// The threads of a [`FullUserDump`]: a table of states, and the contexts in the same order.
#[derive(Clone, Copy)]
pub struct UserThreadList<'a> {
    dump: FullUserDump<'a>,
    states: List<'a, CrashThread64>,
}

impl fmt::Debug for UserThreadList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserThreadList").field("len", &self.len()).finish()
    }
}

impl<'a> UserThreadList<'a> {
    /// The number of threads of whose state the file has all.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.states.len()
    }

    /// True if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The number of threads that the header announces.
    #[must_use]
    pub const fn declared_len(&self) -> u64 {
        self.states.declared_len()
    }

    /// The size of a state in bytes.
    #[must_use]
    pub const fn entry_size(&self) -> u64 {
        self.states.entry_size()
    }

    /// Where the state at `index` is, in bytes from the start of the file.
    #[must_use]
    pub const fn entry_offset(&self, index: u64) -> u64 {
        self.states.entry_offset(index)
    }

    /// What is missing, if the header announces more threads than are there.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        self.states.fault()
    }

    /// The thread at `index`, `None` beyond the end.
    #[must_use]
    pub fn get(&self, index: u64) -> Option<UserThread<'a>> {
        self.states.get(index).map(|raw| UserThread { raw, index, dump: self.dump })
    }

    /// The threads in the order of the file.
    #[must_use]
    pub const fn iter(&self) -> UserThreads<'a> {
        UserThreads { list: *self, next: 0, end: self.states.len() }
    }

    /// The first thread with that ID.
    #[must_use]
    pub fn by_id(&self, id: u32) -> Option<UserThread<'a>> {
        self.iter().find(|thread| thread.id() == id)
    }
}

impl<'a> IntoIterator for UserThreadList<'a> {
    type Item = UserThread<'a>;
    type IntoIter = UserThreads<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &UserThreadList<'a> {
    type Item = UserThread<'a>;
    type IntoIter = UserThreads<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the threads of a [`FullUserDump`].
#[derive(Clone, Debug)]
pub struct UserThreads<'a> {
    list: UserThreadList<'a>,
    next: u64,
    /// Behind the last thread that is left.
    end: u64,
}

impl<'a> Iterator for UserThreads<'a> {
    type Item = UserThread<'a>;

    fn next(&mut self) -> Option<UserThread<'a>> {
        if self.next >= self.end {
            return None;
        }
        let thread = self.list.get(self.next)?;
        self.next += 1;
        Some(thread)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.end - self.next).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl DoubleEndedIterator for UserThreads<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let last = self.end.checked_sub(1).filter(|last| *last >= self.next)?;
        let thread = self.list.get(last)?;
        self.end = last;
        Some(thread)
    }
}

impl ExactSizeIterator for UserThreads<'_> {}
impl FusedIterator for UserThreads<'_> {}

impl<'a> FullUserDump<'a> {
    /// The threads: those of whose state the file has all.
    #[must_use]
    pub fn threads(&self) -> UserThreadList<'a> {
        let (header, size) = (self.header(), self.width(CrashThread32::SIZE, CrashThread64::SIZE));
        let what = <CrashThread64 as Record>::LIST;
        UserThreadList { dump: *self, states: self.table(what, header.thread_state_offset, size, header.thread_count) }
    }

    /// The exception that stopped the process; `None` if the file has no debug event, or one of another kind.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the event is not entirely in the file.
    pub fn exception(&self) -> Result<Option<UserException<'a>>, ReadError> {
        let event = self.debug_event()?;
        let event = event.filter(|event| event.debug_event_code == format::full_user_dump::EXCEPTION_DEBUG_EVENT);
        Ok(event.map(|event| UserException { event, dump: *self }))
    }
}

/// The exception that stopped the process of a [`FullUserDump`].
///
/// A debugger that stops a process which did nothing wrong leaves one too, a breakpoint or `STATUS_WAKE_SYSTEM_DEBUGGER`.
#[derive(Clone, Copy, Debug)]
pub struct UserException<'a> {
    event: ExceptionDebugEvent64,
    dump: FullUserDump<'a>,
}

impl<'a> UserException<'a> {
    /// The debug event, that of the 32-bit form widened.
    #[must_use]
    pub const fn event(&self) -> &ExceptionDebugEvent64 {
        &self.event
    }

    /// What happened.
    #[must_use]
    pub const fn record(&self) -> &format::ExceptionRecord {
        &self.event.exception_record
    }

    /// The process ID.
    #[must_use]
    pub const fn process_id(&self) -> u32 {
        self.event.process_id
    }

    /// The ID of the thread that raised it.
    #[must_use]
    pub const fn thread_id(&self) -> u32 {
        self.event.thread_id
    }

    /// What was raised, an `NTSTATUS`.
    #[must_use]
    pub const fn code(&self) -> u32 {
        self.event.exception_record.exception_code
    }

    /// Where it was raised.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.event.exception_record.exception_address
    }

    /// The parameters: as many as the record counts, 15 at most.
    #[must_use]
    pub fn parameters(&self) -> &[u64] {
        self.event.exception_record.parameters()
    }

    /// True if the process could still have handled it.
    #[must_use]
    pub const fn is_first_chance(&self) -> bool {
        self.event.first_chance != 0
    }

    /// Why the process stopped.
    #[must_use]
    pub fn reason(&self) -> CrashReason {
        CrashReason::new(&self.event.exception_record, self.dump.target())
    }

    /// The registers of the thread that raised it: the format has no others.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        self.dump.threads().by_id(self.event.thread_id).map_or(Ok(None), |thread| thread.context())
    }
}
