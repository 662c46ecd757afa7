//! What stopped the process.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format;
use crate::format::StreamType;
use crate::format::code_names::LLDB_MARK;
use crate::format::exception::ExceptionFlags;

use crate::read::context::registers::Context;
use crate::read::dump_bytes::DumpBytes;
use crate::read::exception::crash_reason::CrashReason;
use crate::read::minidump::{Minidump, RawStreams};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::utf8::{Utf8, until_nul};
use crate::read::thread::list::context;

/// An exception and the thread that raised it.
///
/// Dumps that a debugger made of a process that did not crash have one too.
#[derive(Clone, Copy, Debug)]
pub struct Exception<'a> {
    raw: format::ExceptionStream,
    dump: DumpBytes<'a>,
    /// Where the stream starts in the file.
    offset: u64,
}

impl<'a> Exception<'a> {
    /// The stream as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::ExceptionStream {
        &self.raw
    }

    /// The ID of the thread that raised it.
    #[must_use]
    pub const fn thread_id(&self) -> u32 {
        self.raw.thread_id
    }

    /// What was raised: an `NTSTATUS` under Windows, a signal or Mach exception elsewhere.
    #[must_use]
    pub const fn code(&self) -> u32 {
        self.raw.exception_record.exception_code
    }

    /// How it goes on; `None` in dumps of other systems than Windows, where [`Self::reason`] has what is there.
    #[must_use]
    pub fn flags(&self) -> Option<ExceptionFlags> {
        let flags = self.raw.exception_record.exception_flags;
        self.dump.target().is_windows().then(|| ExceptionFlags::from_bits_retain(flags))
    }

    /// The address in the record, as the file has it. Only Windows promises that it is the one of the instruction: on
    /// Linux and Android it is often that of memory which could not be accessed (`si_addr`), in dumps of macOS and iOS
    /// also a code.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.raw.exception_record.exception_address
    }

    /// The address of the instruction that raised it, of a 32-bit target its low 32 bits: under Windows the one in the
    /// record, elsewhere the instruction pointer of its context. `None` without such a context.
    #[must_use]
    pub fn instruction_address(&self) -> Option<u64> {
        let target = self.dump.target();
        if target.is_windows() {
            return Some(target.mask(self.address()));
        }
        self.registers()?.instruction_pointer()
    }

    /// The address that could not be accessed, of a 32-bit target its low 32 bits: under Windows that in the parameters,
    /// elsewhere the one in the record. `None` if this is not about memory, and if the processor or LLDB did not record it.
    #[must_use]
    pub fn accessed_address(&self) -> Option<u64> {
        let target = self.dump.target();
        self.reason().accessed_address(target.mask(self.address()), self.instruction_address())
    }

    /// The address that the crash is about: that of memory which could not be accessed or, if it was not about memory, that of
    /// the instruction. It is what crash reporters show, and right on every system: the address in the record is that of an
    /// instruction only on Windows. `None` if the dump has neither.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = std::fs::read("crash.dmp")?;
    /// let dump = userdump::Dump::parse(&file)?;
    /// for exception in dump.exceptions() {
    ///     println!("{} at {:#x}", exception.reason(), exception.crash_address().unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn crash_address(&self) -> Option<u64> {
        self.accessed_address().or_else(|| self.instruction_address())
    }

    /// What LLDB says of the stop: `signal SIGSEGV: address not mapped to object`. LLDB marks the record with
    /// [`LLDB_MARK`] in place of the flags and has the text in place of the parameters, up to a NUL. `None` in dumps
    /// of others, and if there is no text.
    #[must_use]
    pub fn lldb_description(&self) -> Option<Utf8<'a>> {
        const WHAT: &str = "ExceptionInformation";
        if self.raw.exception_record.exception_flags != LLDB_MARK {
            return None;
        }
        let record = format::ExceptionStream::OFFSETS.exception_record.get() as u64;
        let parameters = format::ExceptionRecord::OFFSETS.exception_information.get() as u64;
        let size = (format::ExceptionRecord::MAXIMUM_PARAMETERS * size_of::<u64>()) as u64;
        let bytes = self.dump.bytes().slice(WHAT, self.offset + record + parameters, size).ok()?;
        let text = until_nul(bytes);
        (!text.is_empty()).then(|| Utf8::new(text))
    }

    /// The parameters: as many as the record counts, 15 at most.
    #[must_use]
    pub fn parameters(&self) -> &[u64] {
        self.raw.exception_record.parameters()
    }

    /// Why the process stopped, in the words of its operating system.
    #[must_use]
    pub fn reason(&self) -> CrashReason {
        CrashReason::new(&self.raw.exception_record, self.dump.target())
    }

    /// The thread's registers when it was raised; `None` if the producer wrote none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        context(&self.dump, self.raw.thread_context)
    }

    /// The registers, if the dump has them and they can be read; [`Self::context`] tells why they cannot.
    #[must_use]
    pub fn registers(&self) -> Option<Context<'a>> {
        self.context().ok().flatten()
    }
}

impl<'a> FromStream<'a> for Exception<'a> {
    const STREAM_TYPE: StreamType = StreamType::EXCEPTION;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Ok(Self { raw: stream.read("MINIDUMP_EXCEPTION_STREAM", 0)?, dump: *stream.dump(), offset: stream.offset() })
    }
}

impl<'a> Minidump<'a> {
    /// Every exception stream: one at most in a Windows dump, one for each stopped thread in a dump by LLDB.
    #[must_use]
    pub const fn exceptions(&self) -> Exceptions<'a> {
        Exceptions { streams: self.raw_streams() }
    }
}

/// Iterator over the exception streams of a [`Minidump`], see [`Minidump::exceptions`].
#[derive(Clone, Debug)]
pub struct Exceptions<'a> {
    streams: RawStreams<'a>,
}

impl<'a> Iterator for Exceptions<'a> {
    type Item = Result<Exception<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.streams.find(|stream| stream.stream_type() == StreamType::EXCEPTION).map(|stream| stream.view())
    }
}

impl DoubleEndedIterator for Exceptions<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.streams.rfind(|stream| stream.stream_type() == StreamType::EXCEPTION).map(|stream| stream.view())
    }
}

impl FusedIterator for Exceptions<'_> {}
