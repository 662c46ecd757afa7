//! Threads, modules and exceptions of a dump of any format.

use core::fmt;

use crate::error::ReadError;
use crate::format::ExceptionRecord;
use crate::format::serde_forms::serialize_as_text;

use crate::read::context::registers::Context;
use crate::read::exception::crash_reason::CrashReason;
use crate::read::exception::stream::Exception;
use crate::read::full_user_dump::{UserException, UserModule, UserThread};
use crate::read::list::by_address::Addressed;
use crate::read::module::list::Module;
use crate::read::text::ansi::Ansi;
use crate::read::text::utf16::Utf16;
use crate::read::thread::list::Thread;

/// A thread of a dump of any format.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// for thread in dump.threads() {
///     let registers = thread.registers().expect("each thread has registers");
///     println!("{:#x} at {:#x?}", thread.id(), registers.instruction_pointer());
/// }
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum AnyThread<'a> {
    /// A thread of a minidump.
    Minidump(Thread<'a>),
    /// A thread of a full user dump.
    FullUserDump(UserThread<'a>),
}

impl<'a> AnyThread<'a> {
    /// The thread ID.
    #[must_use]
    pub const fn id(&self) -> u32 {
        match self {
            Self::Minidump(thread) => thread.id(),
            Self::FullUserDump(thread) => thread.id(),
        }
    }

    /// The address of the thread environment block (TEB); 0 if the thread has none.
    #[must_use]
    pub const fn teb(&self) -> u64 {
        match self {
            Self::Minidump(thread) => thread.teb(),
            Self::FullUserDump(thread) => thread.teb(),
        }
    }

    /// The thread's registers; `None` if the dump has none for it.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        match self {
            Self::Minidump(thread) => thread.context(),
            Self::FullUserDump(thread) => thread.context(),
        }
    }

    /// The thread's registers, if the dump has them and they can be read; [`Self::context`] returns the error
    /// otherwise.
    #[must_use]
    pub fn registers(&self) -> Option<Context<'a>> {
        self.context().ok().flatten()
    }
}

/// A module of a dump of any format.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let memory = dump.memory();
/// let module = dump.modules().find(|module| module.contains(0x1_4000_179a)).expect("code is in a module");
/// assert_eq!(module.name()?.to_string(), "C:\\victim\\victim.exe");
/// println!("{:?} {:?}", module.code_id(&memory), module.debug_id(&memory));
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum AnyModule<'a> {
    /// A module of a minidump.
    Minidump(Module<'a>),
    /// A module of a full user dump.
    FullUserDump(UserModule<'a>),
}

impl<'a> AnyModule<'a> {
    /// The address of the first byte, as stored in the file.
    #[must_use]
    pub const fn base(&self) -> u64 {
        match self {
            Self::Minidump(module) => module.base(),
            Self::FullUserDump(module) => module.base(),
        }
    }

    /// The size in memory, in bytes.
    #[must_use]
    pub const fn size(&self) -> u32 {
        match self {
            Self::Minidump(module) => module.size(),
            Self::FullUserDump(module) => module.size(),
        }
    }

    /// The file name, usually with its folder.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn name(&self) -> Result<AnyText<'a>, ReadError> {
        match self {
            Self::Minidump(module) => module.name().map(AnyText::Utf16),
            Self::FullUserDump(module) => module.name().map(AnyText::Ansi),
        }
    }

    /// True if the module's addresses include `address`.
    #[must_use]
    pub fn contains(&self, address: u64) -> bool {
        match self {
            Self::Minidump(module) => module.contains(address),
            Self::FullUserDump(module) => module.contains(address),
        }
    }
}

impl Addressed for AnyModule<'_> {
    fn base(&self) -> u64 {
        self.base()
    }

    fn size(&self) -> u64 {
        self.size().into()
    }
}

/// An exception of a dump of any format.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let exception = dump.exceptions().next().expect("the process crashed");
/// assert_eq!(exception.reason().to_string(), "ACCESS_VIOLATION (0xc0000005) writing 0x1234");
/// assert_eq!(exception.instruction_address(), Some(0x1_4000_179a));
/// assert_eq!(exception.accessed_address(), Some(0x1234));
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum AnyException<'a> {
    /// An exception of a minidump.
    Minidump(Exception<'a>),
    /// An exception of a full user dump.
    FullUserDump(UserException<'a>),
}

impl<'a> AnyException<'a> {
    /// The exception record. A 32-bit record of a full user dump is zero-extended.
    #[must_use]
    pub const fn record(&self) -> &ExceptionRecord {
        match self {
            Self::Minidump(exception) => &exception.raw().exception_record,
            Self::FullUserDump(exception) => exception.record(),
        }
    }

    /// The ID of the thread that raised the exception.
    #[must_use]
    pub const fn thread_id(&self) -> u32 {
        match self {
            Self::Minidump(exception) => exception.thread_id(),
            Self::FullUserDump(exception) => exception.thread_id(),
        }
    }

    /// The exception code: an `NTSTATUS` on Windows, a signal or Mach exception on other systems.
    #[must_use]
    pub const fn code(&self) -> u32 {
        self.record().exception_code
    }

    /// The exception address, as stored in the file.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.record().exception_address
    }

    /// The address of the instruction that raised the exception; see [`Exception::instruction_address`].
    #[must_use]
    pub fn instruction_address(&self) -> Option<u64> {
        match self {
            Self::Minidump(exception) => exception.instruction_address(),
            Self::FullUserDump(_) => Some(self.address()),
        }
    }

    /// The address whose access failed; see [`Exception::accessed_address`].
    #[must_use]
    pub fn accessed_address(&self) -> Option<u64> {
        match self {
            Self::Minidump(exception) => exception.accessed_address(),
            Self::FullUserDump(_) => self.reason().accessed_address(self.address(), None),
        }
    }

    /// The address that crash reporters show; see [`Exception::crash_address`].
    #[must_use]
    pub fn crash_address(&self) -> Option<u64> {
        self.accessed_address().or_else(|| self.instruction_address())
    }

    /// The exception parameters: as many as the record declares, at most 15.
    #[must_use]
    pub fn parameters(&self) -> &[u64] {
        self.record().parameters()
    }

    /// Why the process stopped, in the terms of its operating system.
    #[must_use]
    pub fn reason(&self) -> CrashReason {
        match self {
            Self::Minidump(exception) => exception.reason(),
            Self::FullUserDump(exception) => exception.reason(),
        }
    }

    /// The registers at the exception. In a full user dump, they are those of the thread.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        match self {
            Self::Minidump(exception) => exception.context(),
            Self::FullUserDump(exception) => exception.context(),
        }
    }

    /// The registers, if the dump has them and they can be read; [`Self::context`] returns the error otherwise.
    #[must_use]
    pub fn registers(&self) -> Option<Context<'a>> {
        self.context().ok().flatten()
    }
}

/// Text in the encoding of its dump format.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnyText<'a> {
    /// UTF-16, as in minidumps.
    Utf16(Utf16<'a>),
    /// ANSI, as in full user dumps.
    Ansi(Ansi<'a>),
}

serialize_as_text!(['a] AnyText<'a>);

impl fmt::Display for AnyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf16(text) => text.fmt(f),
            Self::Ansi(text) => text.fmt(f),
        }
    }
}

impl PartialEq<str> for AnyText<'_> {
    fn eq(&self, other: &str) -> bool {
        match self {
            Self::Utf16(text) => text == other,
            Self::Ansi(text) => text == other,
        }
    }
}

impl PartialEq<&str> for AnyText<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}
