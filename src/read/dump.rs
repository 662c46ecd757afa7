//! Detects the format of a dump.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::full_user_dump::{USERDU64_SIGNATURE, USERDUMP_SIGNATURE};
use crate::read::source::Source;

use crate::read::any_format::{AnyException, AnyModule, AnyThread};
use crate::read::bytes::{ByteOrder, Bytes, signature};
use crate::read::check::finding::Finding;
use crate::read::dump_bytes::DumpBytes;
use crate::read::full_user_dump::FullUserDump;
use crate::read::list::joined::{Optional, joined};
use crate::read::memory::by_address::Memory;
use crate::read::memory::regions::MemoryRegions;
use crate::read::minidump::Minidump;
use crate::read::other_format::recognise;
use crate::read::target::Target;

/// A dump of any format that this crate reads.
///
/// Provides what all formats have: process, threads, modules, exceptions, memory and address space. Where a format does
/// not have something, the result is `None` or an empty iterator. Everything else is on the types of the formats: see
/// [`Dump::minidump`] and [`Dump::find`].
///
/// Indexes are built only by the methods that say so ([`Dump::memory`], [`Dump::modules_by_address`],
/// [`Dump::unloaded_modules_by_address`]), and are passed to the methods that need them: the version and the
/// identifiers of a module may only be in its image in memory, so their methods take the memory.
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
    /// A minidump with any content, including one with full memory.
    Minidump(Minidump<'a>),
    /// A full user dump, `USERDUMP` or `USERDU64`.
    FullUserDump(FullUserDump<'a>),
}

impl<'a> From<Minidump<'a>> for Dump<'a> {
    fn from(dump: Minidump<'a>) -> Self {
        Self::Minidump(dump)
    }
}

impl<'a> From<FullUserDump<'a>> for Dump<'a> {
    fn from(dump: FullUserDump<'a>) -> Self {
        Self::FullUserDump(dump)
    }
}

impl<'a> Dump<'a> {
    /// Detects the format by the signature and opens the dump.
    ///
    /// # Errors
    ///
    /// [`ReadError::Empty`] if there are no bytes, [`ReadError::OtherFormat`] for kinds of files that are recognised
    /// but not read (see [`OtherFormat::known`](crate::error::OtherFormat::known)), [`ReadError::Signature`] if the
    /// signature is unknown, and the errors of [`Minidump::parse`] and [`FullUserDump::parse`].
    pub fn parse(data: &'a [u8]) -> Result<Self, ReadError> {
        Self::from_source(data)
    }

    /// Like [`Dump::parse`], for bytes that may be in a `SourceFile`, which is then read piece by
    /// piece.
    ///
    /// # Errors
    ///
    /// The errors of [`Dump::parse`], and `ReadError::Source` if the file cannot be read. Of a file larger than 16 MiB
    /// that is not a dump, only the first 64 KiB are examined.
    pub fn from_source(source: impl Into<Source<'a>>) -> Result<Self, ReadError> {
        /// The size up to which other files are examined completely.
        const SMALL: u64 = 16 << 20;
        let source = source.into();
        let bytes = Bytes::new(source, ByteOrder::Little);
        if let USERDUMP_SIGNATURE | USERDU64_SIGNATURE = signature(bytes.start(USERDUMP_SIGNATURE.len())?) {
            return FullUserDump::from_source(source).map(Self::FullUserDump);
        }
        match Minidump::from_source(source) {
            Err(ReadError::Signature { .. }) if source.size() == 0 => Err(ReadError::Empty),
            Err(signature @ ReadError::Signature { .. }) => {
                let all = bytes.data().is_some() || source.size() <= SMALL;
                Err(recognise(bytes.clipped(0, if all { source.size() } else { 1 << 16 })).unwrap_or(signature))
            }
            opened => opened.map(Self::Minidump),
        }
    }

    /// The same dump in other bytes, which are not looked at.
    pub(crate) fn rebound<'b>(&self, source: Source<'b>) -> Dump<'b> {
        match self {
            Self::Minidump(dump) => dump.rebound(source).into(),
            Self::FullUserDump(dump) => dump.rebound(source).into(),
        }
    }

    /// The bytes of the file, if all of them are in memory; `None` if the dump is read from a
    /// `SourceFile`.
    #[must_use]
    pub const fn data(&self) -> Option<&'a [u8]> {
        self.dump_bytes().data()
    }

    /// The size of the file in bytes.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.dump_bytes().file_size()
    }

    /// The byte order of every integer in the file.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.dump_bytes().byte_order()
    }

    /// The file with its byte order and target, which every view is based on.
    #[must_use]
    pub const fn dump_bytes(&self) -> &DumpBytes<'a> {
        match self {
            Self::Minidump(dump) => dump.dump_bytes(),
            Self::FullUserDump(dump) => dump.dump_bytes(),
        }
    }

    /// The processor and operating system of the dumped process, as far as they are recorded.
    #[must_use]
    pub const fn target(&self) -> Target {
        match self {
            Self::Minidump(dump) => dump.target(),
            Self::FullUserDump(dump) => dump.target(),
        }
    }

    /// The threads in file order; in a minidump, those of the thread list, followed by those of the extended thread
    /// list.
    ///
    /// A list that cannot be read has no threads; use the stream itself or [`Dump::check`] to get the error. The same
    /// goes for modules.
    pub fn threads(
        &self,
    ) -> impl ExactSizeIterator<Item = AnyThread<'a>> + DoubleEndedIterator + FusedIterator + Clone + use<'a> {
        let (minidump, user) = self.formats();
        let minidump = Optional(minidump.map(|dump| dump.threads())).map(AnyThread::Minidump);
        let user = Optional(user.map(|dump| dump.threads().iter())).map(AnyThread::FullUserDump);
        joined(minidump, user)
    }

    /// The modules in file order.
    pub fn modules(&self) -> impl FusedIterator<Item = AnyModule<'a>> + Clone + use<'a> {
        let (minidump, user) = self.formats();
        let modules = minidump.into_iter().flat_map(|dump| dump.modules()).map(AnyModule::Minidump);
        modules.chain(user.into_iter().flat_map(|dump| dump.modules()).map(AnyModule::FullUserDump))
    }

    /// The exceptions: at most one, except in LLDB dumps, which have one for each stopped thread. Those that cannot be
    /// read are left out.
    pub fn exceptions(&self) -> impl DoubleEndedIterator<Item = AnyException<'a>> + FusedIterator + Clone + use<'a> {
        let (minidump, user) = self.formats();
        let exceptions = minidump.into_iter().flat_map(|dump| dump.exceptions()).flatten().map(AnyException::Minidump);
        let of_user = user.into_iter().flat_map(|dump| dump.exception().ok().flatten());
        exceptions.chain(of_user.map(AnyException::FullUserDump))
    }

    /// The dump as a minidump and as a full user dump; exactly one of them is `Some`.
    const fn formats(&self) -> (Option<Minidump<'a>>, Option<FullUserDump<'a>>) {
        match self {
            Self::Minidump(dump) => (Some(*dump), None),
            Self::FullUserDump(dump) => (None, Some(*dump)),
        }
    }

    /// The memory of the process by address. Building the index takes time and memory in proportion to the ranges that
    /// are there (28 bytes for each), so keep it: where it cannot borrow the file, as a
    /// [`MemoryIndex`](crate::read::memory::MemoryIndex).
    #[must_use]
    pub fn memory(&self) -> Memory<'a> {
        match self {
            Self::Minidump(dump) => dump.memory(),
            Self::FullUserDump(dump) => dump.memory(),
        }
    }

    /// Like [`Dump::memory`], but with another limit for the decompressed bytes of compressed memory that are kept,
    /// which is 256 MiB for [`Dump::memory`]: see [`Minidump::memory_with_cache`].
    #[must_use]
    pub fn memory_with_cache(&self, limit: u64) -> Memory<'a> {
        match self {
            Self::Minidump(dump) => dump.memory_with_cache(limit),
            Self::FullUserDump(dump) => dump.memory(),
        }
    }

    /// The address space of the process: the addresses that were in use, and their access rights.
    #[must_use]
    pub fn regions(&self) -> MemoryRegions<'a> {
        match self {
            Self::Minidump(dump) => dump.regions(),
            Self::FullUserDump(dump) => dump.regions(),
        }
    }

    /// Reads everything in the dump and reports all errors: see [`Minidump::check`] and [`FullUserDump::check`].
    pub fn check(&self, found: &mut dyn FnMut(Finding)) {
        match self {
            Self::Minidump(dump) => dump.check(found),
            Self::FullUserDump(dump) => dump.check(found),
        }
    }
}
