//! Threads of full user dumps, and the exception.

use crate::error::ReadError;
use crate::format::{self, CrashThread32, CrashThread64, ExceptionDebugEvent64};
use crate::read::bytes::ByteOrder;
use crate::read::context::Context;
use crate::read::exception::parameters;
use crate::read::list::{List, Record};
use crate::read::reason::CrashReason;

use super::FullUserDump;

/// A thread of a [`FullUserDump`].
#[derive(Clone, Copy, Debug)]
pub struct UserThread<'a> {
    raw: CrashThread64,
    /// Its number in the file, which leads to its context.
    index: u64,
    dump: FullUserDump<'a>,
}

/// The threads of a [`FullUserDump`].
pub type UserThreadList<'a> = List<'a, UserThread<'a>, FullUserDump<'a>>;

impl<'a> UserThread<'a> {
    /// The state, that of the 32-bit form widened.
    pub const fn raw(&self) -> &CrashThread64 {
        &self.raw
    }

    /// The thread's number in the system.
    pub const fn id(&self) -> u32 {
        self.raw.thread_id
    }

    /// The address of the thread environment block; 0 where there is none.
    pub const fn teb(&self) -> u64 {
        self.raw.teb
    }

    /// The thread's registers; `None` if the file has no contexts, or ones of a size that nothing tells.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record does not lie in the file whole.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        let bytes = self.dump.context_bytes(self.index)?;
        Ok(bytes.map(|bytes| Context::new(bytes, self.dump.target(), ByteOrder::Little)))
    }
}

impl<'a> Record<'a, FullUserDump<'a>> for UserThread<'a> {
    const LIST: &'static str = "CRASH_THREAD";
    const SIZE: u64 = CrashThread32::SIZE as u64;

    fn decode(dump: &FullUserDump<'a>, offset: u64, size: u64) -> Result<Self, ReadError> {
        let raw = match dump.is_64_bit() {
            true => dump.bytes().read(Self::LIST, offset)?,
            false => dump.bytes().read::<CrashThread32>(Self::LIST, offset)?.into(),
        };
        let index = offset.saturating_sub(dump.header().thread_state_offset) / size.max(1);
        Ok(Self { raw, index, dump: *dump })
    }
}

impl<'a> UserThreadList<'a> {
    /// The first thread of that number.
    pub fn by_id(&self, id: u32) -> Option<UserThread<'a>> {
        self.iter().find(|thread| thread.id() == id)
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
    pub(super) const fn new(event: ExceptionDebugEvent64, dump: FullUserDump<'a>) -> Self {
        Self { event, dump }
    }

    /// The debug event, that of the 32-bit form widened.
    pub const fn event(&self) -> &ExceptionDebugEvent64 {
        &self.event
    }

    /// What happened.
    pub const fn record(&self) -> &format::ExceptionRecord {
        &self.event.exception_record
    }

    /// The process's number in the system.
    pub const fn process_id(&self) -> u32 {
        self.event.process_id
    }

    /// The number of the thread that raised it.
    pub const fn thread_id(&self) -> u32 {
        self.event.thread_id
    }

    /// What was raised, an `NTSTATUS`.
    pub const fn code(&self) -> u32 {
        self.event.exception_record.exception_code
    }

    /// Where it was raised.
    pub const fn address(&self) -> u64 {
        self.event.exception_record.exception_address
    }

    /// The parameters: as many as the record counts, 15 at most.
    pub fn parameters(&self) -> &[u64] {
        parameters(&self.event.exception_record)
    }

    /// True if the process could still have handled it.
    pub const fn is_first_chance(&self) -> bool {
        self.event.first_chance != 0
    }

    /// Why the process stopped.
    pub fn reason(&self) -> CrashReason {
        CrashReason::new(&self.event.exception_record, self.dump.target())
    }

    /// The registers of the thread that raised it: the format has no others.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record does not lie in the file whole.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        self.dump.threads().by_id(self.event.thread_id).map_or(Ok(None), |thread| thread.context())
    }
}
