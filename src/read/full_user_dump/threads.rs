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
    /// The index of the thread in the file, which gives the position of its context.
    index: u64,
    dump: FullUserDump<'a>,
}

impl<'a> UserThread<'a> {
    /// Returns the state of the thread; a state of the 32-bit format is zero-extended.
    #[must_use]
    pub const fn raw(&self) -> &CrashThread64 {
        &self.raw
    }

    /// Returns the thread ID.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.raw.thread_id
    }

    /// Returns the address of the thread environment block (TEB); 0 if there is none.
    #[must_use]
    pub const fn teb(&self) -> u64 {
        self.raw.teb
    }

    /// Returns the thread's registers; `None` if the file has no contexts, or if their size cannot be determined.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        let bytes = self.dump.context_bytes(self.index)?;
        Ok(bytes.map(|bytes| Context::new(bytes, self.dump.target(), ByteOrder::Little)))
    }

    /// Returns the thread's registers, if the dump has them and they can be read; [`Self::context`] returns the reason
    /// if they cannot.
    #[must_use]
    pub fn registers(&self) -> Option<Context<'a>> {
        self.context().ok().flatten()
    }
}

/// The state of a thread. Its context is elsewhere in the file.
impl<'a> Record<'a> for CrashThread64 {
    const LIST: &'static str = "CRASH_THREAD";
    const SIZE: u64 = CrashThread64::SIZE as u64;

    /// 32-bit dumps have the narrow form.
    fn decode(dump: &DumpBytes<'a>, offset: u64, size: u64) -> Result<Self, ReadError> {
        const NARROW: u64 = CrashThread32::SIZE as u64;
        match size {
            NARROW => dump.bytes().read::<CrashThread32>(<Self as Record>::LIST, offset).map(Self::from),
            _ => dump.bytes().read(<Self as Record>::LIST, offset),
        }
    }
}

/// The threads of a [`FullUserDump`]: a table of states, and a table of contexts in the same order.
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
    /// Returns the number of threads whose state is entirely in the file.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.states.len()
    }

    /// True if there are no threads.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Returns the number of threads that the header declares.
    #[must_use]
    pub const fn declared_len(&self) -> u64 {
        self.states.declared_len()
    }

    /// Returns the size of a state in bytes.
    #[must_use]
    pub const fn entry_size(&self) -> u64 {
        self.states.entry_size()
    }

    /// Returns the file offset of the state at `index`, in bytes.
    #[must_use]
    pub const fn entry_offset(&self, index: u64) -> u64 {
        self.states.entry_offset(index)
    }

    /// Returns an error if the file has fewer threads than the header declares.
    #[must_use]
    pub fn fault(&self) -> Option<ReadError> {
        self.states.fault()
    }

    /// Returns the thread at `index`, or `None` beyond the end.
    #[must_use]
    pub fn get(&self, index: u64) -> Option<UserThread<'a>> {
        self.states.get(index).map(|raw| UserThread { raw, index, dump: self.dump })
    }

    /// Returns the threads in the order of the file.
    #[must_use]
    pub const fn iter(&self) -> UserThreads<'a> {
        UserThreads { list: *self, next: 0, end: self.states.len() }
    }

    /// Returns the first thread with this ID.
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
    /// The index after the last remaining thread.
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
    /// Returns the threads whose state is entirely in the file.
    #[must_use]
    pub fn threads(&self) -> UserThreadList<'a> {
        let (header, size) = (self.header(), self.width(CrashThread32::SIZE, CrashThread64::SIZE));
        let what = <CrashThread64 as Record>::LIST;
        UserThreadList { dump: *self, states: self.table(what, header.thread_state_offset, size, header.thread_count) }
    }

    /// Returns the exception that stopped the process; `None` if the file has no debug event, or an event of another
    /// kind.
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
/// A debugger that stops a process without a fault also leaves an exception: a breakpoint or
/// `STATUS_WAKE_SYSTEM_DEBUGGER`.
#[derive(Clone, Copy, Debug)]
pub struct UserException<'a> {
    event: ExceptionDebugEvent64,
    dump: FullUserDump<'a>,
}

impl<'a> UserException<'a> {
    /// Returns the debug event; an event of the 32-bit format is zero-extended.
    #[must_use]
    pub const fn event(&self) -> &ExceptionDebugEvent64 {
        &self.event
    }

    /// Returns the exception record.
    #[must_use]
    pub const fn record(&self) -> &format::ExceptionRecord {
        &self.event.exception_record
    }

    /// Returns the process ID.
    #[must_use]
    pub const fn process_id(&self) -> u32 {
        self.event.process_id
    }

    /// Returns the ID of the thread that raised the exception.
    #[must_use]
    pub const fn thread_id(&self) -> u32 {
        self.event.thread_id
    }

    /// Returns the exception code, an `NTSTATUS`.
    #[must_use]
    pub const fn code(&self) -> u32 {
        self.event.exception_record.exception_code
    }

    /// Returns the address at which the exception was raised.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.event.exception_record.exception_address
    }

    /// Returns the parameters: as many as the record declares, but at most 15.
    #[must_use]
    pub fn parameters(&self) -> &[u64] {
        self.event.exception_record.parameters()
    }

    /// True if the process had not yet had the chance to handle the exception.
    #[must_use]
    pub const fn is_first_chance(&self) -> bool {
        self.event.first_chance != 0
    }

    /// Returns the reason why the process stopped.
    #[must_use]
    pub fn reason(&self) -> CrashReason {
        CrashReason::new(&self.event.exception_record, self.dump.target())
    }

    /// Returns the registers of the thread that raised the exception; the format has no separate registers for the
    /// exception.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        self.dump.threads().by_id(self.event.thread_id).map_or(Ok(None), |thread| thread.context())
    }
}
