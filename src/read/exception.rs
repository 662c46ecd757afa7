//! What stopped the process.

use crate::error::ReadError;
use crate::format::{self, ExceptionFlags, StreamType};

use super::context::Context;
use super::minidump::Minidump;
use super::reason::CrashReason;
use super::stream::{FromStream, StreamContext};
use super::thread;

/// An exception and the thread that raised it.
///
/// Dumps that a debugger made of a process that did not crash have one too.
#[derive(Clone, Copy, Debug)]
pub struct Exception<'a> {
    raw: format::ExceptionStream,
    dump: Minidump<'a>,
}

impl<'a> Exception<'a> {
    /// The stream as it stands in the file.
    pub const fn raw(&self) -> &format::ExceptionStream {
        &self.raw
    }

    /// The number of the thread that raised it.
    pub const fn thread_id(&self) -> u32 {
        self.raw.thread_id
    }

    /// What was raised: an `NTSTATUS` under Windows, a signal or Mach exception elsewhere.
    pub const fn code(&self) -> u32 {
        self.raw.exception_record.exception_code
    }

    /// How it goes on; `None` in dumps of other systems than Windows, where [`Self::reason`] has what is there.
    pub fn flags(&self) -> Option<ExceptionFlags> {
        let flags = self.raw.exception_record.exception_flags;
        self.dump.target().is_windows().then(|| ExceptionFlags::from_bits_retain(flags))
    }

    /// Where it was raised, as the file has it.
    pub const fn address(&self) -> u64 {
        self.raw.exception_record.exception_address
    }

    /// The parameters: as many as the record counts, 15 at most.
    pub fn parameters(&self) -> &[u64] {
        parameters(&self.raw.exception_record)
    }

    /// Why the process stopped, in the words of its operating system.
    pub fn reason(&self) -> CrashReason {
        CrashReason::new(&self.raw.exception_record, self.dump.target())
    }

    /// The thread's registers when it was raised; `None` if the producer wrote none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record does not lie in the file whole.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        thread::context(&self.dump, self.raw.thread_context)
    }
}

/// As many parameters as the record counts.
pub(super) fn parameters(record: &format::ExceptionRecord) -> &[u64] {
    let count = usize::try_from(record.number_parameters).unwrap_or(usize::MAX);
    record.exception_information.get(..count).unwrap_or(&record.exception_information)
}

impl<'a> FromStream<'a> for Exception<'a> {
    const STREAM_TYPE: StreamType = StreamType::EXCEPTION;

    fn from_stream(stream: &StreamContext<'a>) -> Result<Self, ReadError> {
        Ok(Self { raw: stream.read("MINIDUMP_EXCEPTION_STREAM", 0)?, dump: *stream.dump() })
    }
}
