//! The exception stream.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format;
use crate::format::StreamType;
use crate::format::code_names::LLDB_SI_CODE;
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
/// Dumps that a debugger wrote of a process that did not crash have one too.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # use userdump::format::{ExceptionRecord, ExceptionStream, PlatformId, ProcessorArchitecture, SystemInfo};
/// # let (processor_architecture, platform_id) = (ProcessorArchitecture::AMD64, PlatformId::WIN32_NT);
/// # dump.system_info(SystemInfo { processor_architecture, platform_id, ..Default::default() }, None);
/// # let record = ExceptionRecord {
/// #     exception_code: 0xc000_0005,
/// #     exception_address: 0x1_4000_12f0,
/// #     number_parameters: 2,
/// #     exception_information: [1, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
/// #     ..Default::default()
/// # };
/// # let exception = ExceptionStream { thread_id: 0x1a4c, exception_record: record, ..Default::default() };
/// # dump.exception(exception, None);
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::Exception;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// let exception: Exception = dump.stream()?.expect("the dump has an exception");
/// assert_eq!(exception.reason().to_string(), "ACCESS_VIOLATION (0xc0000005) writing 0x10");
/// assert_eq!((exception.thread_id(), exception.instruction_address()), (0x1a4c, Some(0x1_4000_12f0)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Exception<'a> {
    raw: format::ExceptionStream,
    dump: DumpBytes<'a>,
    /// The file offset of the stream.
    offset: u64,
}

impl<'a> Exception<'a> {
    /// The stream as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::ExceptionStream {
        &self.raw
    }

    /// The ID of the thread that raised the exception.
    #[must_use]
    pub const fn thread_id(&self) -> u32 {
        self.raw.thread_id
    }

    /// The exception code: an `NTSTATUS` on Windows, a signal or Mach exception on other systems.
    #[must_use]
    pub const fn code(&self) -> u32 {
        self.raw.exception_record.exception_code
    }

    /// The exception flags; `None` in dumps of other systems than Windows, where [`Self::reason`] decodes the field.
    #[must_use]
    pub fn flags(&self) -> Option<ExceptionFlags> {
        let flags = self.raw.exception_record.exception_flags;
        self.dump.target().is_windows().then(|| ExceptionFlags::from_bits_retain(flags))
    }

    /// The address in the record, as stored in the file. Only on Windows is it always that of the instruction. On Linux
    /// and Android it is often the address that could not be accessed (`si_addr`), and in dumps of macOS and iOS it can
    /// also be a code.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.raw.exception_record.exception_address
    }

    /// The address of the instruction that raised the exception: on Windows the address in the record, on other systems
    /// the instruction pointer of the exception's context. `None` if there is no such context. For 32-bit targets,
    /// these are the low 32 bits.
    #[must_use]
    pub fn instruction_address(&self) -> Option<u64> {
        let target = self.dump.target();
        if target.is_windows() {
            return Some(target.mask(self.address()));
        }
        self.registers()?.instruction_pointer()
    }

    /// The address whose access failed: on Windows that in the parameters, on other systems that in the record. `None`
    /// if the exception is not about memory, or if the processor or LLDB did not record the address. For 32-bit
    /// targets, these are the low 32 bits.
    #[must_use]
    pub fn accessed_address(&self) -> Option<u64> {
        let target = self.dump.target();
        self.reason().accessed_address(target.mask(self.address()), self.instruction_address())
    }

    /// The address that crash reporters show: the address whose access failed or, if the exception is not about memory,
    /// that of the instruction. Unlike the address in the record, it has this meaning on every system. `None` if the
    /// dump has neither.
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

    /// LLDB's description of the stop, such as `signal SIGSEGV: address not mapped to object`. LLDB stores
    /// [`LLDB_SI_CODE`] instead of the flags, and the text up to a NUL instead of the parameters. `None` in dumps of other
    /// producers, and if there is no text.
    #[must_use]
    pub fn lldb_description(&self) -> Option<Utf8<'a>> {
        const WHAT: &str = "ExceptionInformation";
        if self.raw.exception_record.exception_flags != LLDB_SI_CODE {
            return None;
        }
        let record = format::ExceptionStream::OFFSETS.exception_record.get() as u64;
        let parameters = format::ExceptionRecord::OFFSETS.exception_information.get() as u64;
        let size = (format::ExceptionRecord::MAXIMUM_PARAMETERS * size_of::<u64>()) as u64;
        let bytes = self.dump.bytes().slice(WHAT, self.offset + record + parameters, size).ok()?;
        let text = until_nul(bytes);
        (!text.is_empty()).then(|| Utf8::new(text))
    }

    /// The exception parameters: as many as the record declares, at most 15.
    #[must_use]
    pub fn parameters(&self) -> &[u64] {
        self.raw.exception_record.parameters()
    }

    /// Why the process stopped, in the terms of its operating system.
    #[must_use]
    pub fn reason(&self) -> CrashReason {
        CrashReason::new(&self.raw.exception_record, self.dump.target())
    }

    /// The thread's registers at the exception; `None` if the producer wrote none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        context(&self.dump, self.raw.thread_context)
    }

    /// The registers, if the dump has them and they can be read; [`Self::context`] returns the error otherwise.
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
    /// All exception streams: at most one in a Windows dump, one for each stopped thread in a dump by LLDB.
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
