//! Telling the formats apart.

use core::fmt;

use crate::error::ReadError;
use crate::format::{USERDU64_SIGNATURE, USERDUMP_SIGNATURE};

use super::any::{AnyException, AnyModule, AnyThread};
use super::bytes::ByteOrder;
use super::finding::Finding;
use super::full_user_dump::FullUserDump;
use super::index::Memory;
use super::minidump::Minidump;
use super::module::ModuleList;
use super::regions::MemoryRegions;
use super::target::Target;
use super::thread::ThreadList;
use super::thread_ex::ThreadExList;

/// A dump of any format that this crate reads.
///
/// What every format has can be asked of it; the rest of the views of the formats.
///
/// # Examples
///
/// ```no_run
/// use userdump::Dump;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("crash.dmp")?;
/// let dump = Dump::parse(&file)?;
/// for module in dump.modules() {
///     println!("{:#x} {}", module.base(), module.name()?);
/// }
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum Dump<'a> {
    /// A minidump, whatever it holds: one with full memory is a minidump too.
    Minidump(Minidump<'a>),
    /// A full user dump, `USERDUMP` or `USERDU64`.
    FullUserDump(FullUserDump<'a>),
}

impl<'a> Dump<'a> {
    /// Finds the format by the signature and opens the dump.
    ///
    /// # Errors
    ///
    /// [`ReadError::Signature`] if the bytes start like no dump, [`ReadError::Unsupported`] for the formats that are
    /// known but not read (Windows CE and kernel dumps), and those of [`Minidump::parse`] and [`FullUserDump::parse`].
    pub fn parse(data: &'a [u8]) -> Result<Self, ReadError> {
        let found = signature(data);
        let unsupported = |what| Err(ReadError::Unsupported { what });
        match &found {
            &USERDUMP_SIGNATURE | &USERDU64_SIGNATURE => FullUserDump::parse(data).map(Self::FullUserDump),
            b"PAGEDUMP" | b"PAGEDU64" => unsupported("a kernel dump"),
            [b'C', b'E', b'D', b'X' | b'S' | b'C', ..] | [b'X' | b'S' | b'C', b'D', b'E', b'C', ..] => {
                unsupported("a Windows CE dump")
            }
            _ => Minidump::parse(data).map(Self::Minidump),
        }
    }

    /// The file's bytes.
    pub const fn data(&self) -> &'a [u8] {
        match self {
            Self::Minidump(dump) => dump.data(),
            Self::FullUserDump(dump) => dump.data(),
        }
    }

    /// Processor and operating system of the dumped process, as far as the dump says.
    pub const fn target(&self) -> Target {
        match self {
            Self::Minidump(dump) => dump.target(),
            Self::FullUserDump(dump) => dump.target(),
        }
    }

    /// The threads, in the order of the file; of a minidump those of the thread list, or else of the extended one.
    ///
    /// There are none in a list that cannot be read; the stream itself, or [`Dump::check`], tells why. So it is with
    /// modules.
    pub fn threads(&self) -> impl Iterator<Item = AnyThread<'a>> + Clone + use<'a> {
        let (list, user) = match self {
            Self::Minidump(dump) => (dump.stream::<ThreadList<'a>>().ok().flatten(), None),
            Self::FullUserDump(dump) => (None, Some(dump.threads())),
        };
        let extended = match self {
            Self::Minidump(dump) if list.is_none() => dump.stream::<ThreadExList<'a>>().ok().flatten(),
            _ => None,
        };
        let extended = extended.into_iter().flatten().map(|thread| thread.thread());
        let threads = list.into_iter().flatten().chain(extended).map(AnyThread::Minidump);
        threads.chain(user.into_iter().flatten().map(AnyThread::FullUserDump))
    }

    /// The modules, in the order of the file.
    pub fn modules(&self) -> impl Iterator<Item = AnyModule<'a>> + Clone + use<'a> {
        let (list, user) = match self {
            Self::Minidump(dump) => (dump.stream::<ModuleList<'a>>().ok().flatten(), None),
            Self::FullUserDump(dump) => (None, Some(dump.modules())),
        };
        let modules = list.into_iter().flatten().map(AnyModule::Minidump);
        modules.chain(user.into_iter().flatten().map(AnyModule::FullUserDump))
    }

    /// The exceptions: one at most, but for dumps of LLDB, which has one for each stopped thread. Those that cannot be
    /// read are left out.
    pub fn exceptions(&self) -> impl Iterator<Item = AnyException<'a>> + Clone + use<'a> {
        let (exceptions, user) = match self {
            Self::Minidump(dump) => (Some(dump.exceptions()), None),
            Self::FullUserDump(dump) => (None, dump.exception().ok().flatten()),
        };
        let exceptions = exceptions.into_iter().flatten().flatten().map(AnyException::Minidump);
        exceptions.chain(user.map(AnyException::FullUserDump))
    }

    /// The memory of the process by address. Building the index takes time and memory in proportion to the ranges that
    /// are there (32 bytes for each), so keep it.
    pub fn memory(&self) -> Memory<'a> {
        match self {
            Self::Minidump(dump) => dump.memory(),
            Self::FullUserDump(dump) => dump.memory(),
        }
    }

    /// The address space of the process: which addresses were in use, and what access they allowed.
    pub fn regions(&self) -> MemoryRegions<'a> {
        match self {
            Self::Minidump(dump) => dump.regions(),
            Self::FullUserDump(dump) => dump.regions(),
        }
    }

    /// Reads everything there is to read and reports what is wrong with it: see [`Minidump::check`] and
    /// [`FullUserDump::check`].
    pub fn check(&self, found: &mut dyn FnMut(Finding)) {
        match self {
            Self::Minidump(dump) => dump.check(found),
            Self::FullUserDump(dump) => dump.check(found),
        }
    }
}

impl<'a> DumpFile<'a> for Dump<'a> {
    fn data(&self) -> &'a [u8] {
        self.data()
    }

    fn byte_order(&self) -> ByteOrder {
        match self {
            Self::Minidump(dump) => dump.byte_order(),
            Self::FullUserDump(dump) => DumpFile::byte_order(dump),
        }
    }

    fn target(&self) -> Target {
        self.target()
    }
}

/// What a dump of any format has: a file, and a machine that it is of.
pub trait DumpFile<'a>: Copy + fmt::Debug {
    /// The file's bytes.
    fn data(&self) -> &'a [u8];

    /// The order of the bytes of every integer in the file.
    fn byte_order(&self) -> ByteOrder;

    /// Processor and operating system of the dumped process, as far as the dump says.
    fn target(&self) -> Target;
}

impl<'a> DumpFile<'a> for Minidump<'a> {
    fn data(&self) -> &'a [u8] {
        self.data()
    }

    fn byte_order(&self) -> ByteOrder {
        self.byte_order()
    }

    fn target(&self) -> Target {
        self.target()
    }
}

/// The first eight bytes, zeros where there are fewer.
pub(super) fn signature(data: &[u8]) -> [u8; 8] {
    let mut found = [0; 8];
    for (to, from) in found.iter_mut().zip(data) {
        *to = *from;
    }
    found
}
