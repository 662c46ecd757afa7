//! The view of a full user dump: its header, its tables, and what must be inferred because the file does not record it.

use crate::error::ReadError;
use crate::format;
use crate::format::PlatformId;
use crate::format::full_user_dump::{
    ExceptionDebugEvent32, ExceptionDebugEvent64, USERDU64_SIGNATURE, USERDUMP_SIGNATURE, UsermodeCrashdumpHeader32,
    UsermodeCrashdumpHeader64,
};
use crate::read::source::Source;

use crate::read::bytes::{ByteOrder, Bytes, signature};
use crate::read::context::registers::Context;
use crate::read::dump_bytes::DumpBytes;
use crate::read::list::entries::{List, Record};
use crate::read::memory::info::MemoryInfoList;
use crate::read::target::Target;

use crate::read::full_user_dump::stored::Stored;

/// A full user dump: a view of the bytes of one file.
///
/// It contains what a debugger needs about a stopped process: threads with their registers; modules with base, size and
/// name; all readable regions with their bytes; and the event that stopped the process. Integers and addresses of the
/// 32-bit format are zero-extended.
///
/// The format does not record the following four things, so they are inferred:
///
/// - The **size of a context** is the one of the processor, unless contexts of that size have the flags of another
///   processor or overlap the next part. In that case, if dividing the space up to the next part by the number of
///   threads gives contexts with correct flags, that size is used.
/// - The **regions that have bytes** are all regions, because current writers list no others. Older writers list guard
///   pages without bytes: if there is too little space for all regions, and exactly enough for the committed regions
///   that are not guard pages, only those have bytes.
/// - The **platform** is Windows.
/// - The **code page** of names is not known, see [`Ansi`](crate::read::text::Ansi).
///
/// # Examples
///
/// ```no_run
/// use userdump::read::FullUserDump;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("full.dmp")?;
/// let dump = FullUserDump::parse(&file)?;
/// for module in dump.modules() {
///     println!("{:#x} {}", module.base(), module.name()?);
/// }
/// if let Some(exception) = dump.exception()? {
///     println!("thread {:#x}: {}", exception.thread_id(), exception.reason());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FullUserDump<'a> {
    dump: DumpBytes<'a>,
    header: UsermodeCrashdumpHeader64,
    is_64_bit: bool,
    /// The size of a context in bytes.
    context_size: u64,
    stored: Stored,
}

impl<'a> FullUserDump<'a> {
    /// Parses the header. Everything else is parsed when it is requested.
    ///
    /// The time is proportional to the number of regions and threads, which are needed for the inferred facts.
    ///
    /// # Errors
    ///
    /// [`ReadError::Signature`] if the file does not start with `USERDUMP` or `USERDU64`, [`ReadError::Truncated`] if
    /// the header is not entirely in the file.
    pub fn parse(data: &'a [u8]) -> Result<Self, ReadError> {
        Self::from_source(data)
    }

    /// Like [`FullUserDump::parse`], for bytes that may be in a `SourceFile`, which is then read
    /// piece by piece.
    ///
    /// # Errors
    ///
    /// The errors of [`FullUserDump::parse`], and `ReadError::Source` if the file cannot be read.
    pub fn from_source(source: impl Into<Source<'a>>) -> Result<Self, ReadError> {
        let bytes = Bytes::new(source.into(), ByteOrder::Little);
        let data = bytes.start(USERDUMP_SIGNATURE.len())?;
        let is_64_bit = data.starts_with(&USERDU64_SIGNATURE);
        let header: UsermodeCrashdumpHeader64 = match is_64_bit {
            true => bytes.read("USERMODE_CRASHDUMP_HEADER64", 0)?,
            false if data.starts_with(&USERDUMP_SIGNATURE) => {
                bytes.read::<UsermodeCrashdumpHeader32>("USERMODE_CRASHDUMP_HEADER32", 0)?.into()
            }
            false => return Err(ReadError::Signature { found: signature(data) }),
        };
        let target =
            Target { architecture: header.machine_image_type.architecture(), platform: Some(PlatformId::WIN32_NT) };
        let dump = DumpBytes::new(bytes, target);
        let mut dump = Self { dump, header, is_64_bit, context_size: 0, stored: Stored::All };
        dump.context_size = dump.infer_context_size();
        dump.stored = Stored::of(&header, bytes.size(), dump.region_list());
        Ok(dump)
    }

    /// Returns the same dump with other bytes, which are not parsed: the header and the inferred facts are kept.
    pub(crate) const fn rebound<'b>(&self, source: Source<'b>) -> FullUserDump<'b> {
        let Self { header, is_64_bit, context_size, stored, .. } = *self;
        FullUserDump { dump: self.dump.rebound(source), header, is_64_bit, context_size, stored }
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

    /// Returns the header; the 32-bit header is zero-extended.
    #[must_use]
    pub const fn header(&self) -> &UsermodeCrashdumpHeader64 {
        &self.header
    }

    /// True for `USERDU64`, false for `USERDUMP`.
    #[must_use]
    pub const fn is_64_bit(&self) -> bool {
        self.is_64_bit
    }

    /// Returns the processor and operating system; the latter is always Windows.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.dump.target()
    }

    /// Returns the build number of the operating system, which the debugger engine stores in the upper half of the
    /// minor version.
    #[must_use]
    pub const fn build_number(&self) -> u32 {
        self.header.minor_version >> 16
    }

    /// Returns the size of each thread's context in bytes; 0 if it cannot be determined.
    #[must_use]
    pub const fn context_size(&self) -> u64 {
        self.context_size
    }

    /// Returns the table of regions, including regions without bytes.
    #[must_use]
    pub fn region_list(&self) -> MemoryInfoList<'a> {
        let size = self.width(format::full_user_dump::MemoryBasicInformation32::SIZE, format::MemoryInfo::SIZE);
        let header = &self.header;
        self.table("MEMORY_BASIC_INFORMATION", header.memory_region_offset, size, header.memory_region_count)
    }

    /// Returns the event that stopped the process; `None` if the file does not have one.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if it is not entirely in the file.
    pub fn debug_event(&self) -> Result<Option<ExceptionDebugEvent64>, ReadError> {
        const WHAT: &str = "DEBUG_EVENT";
        let offset = self.header.debug_event_offset;
        if offset == 0 {
            return Ok(None);
        }
        Ok(Some(match self.is_64_bit {
            true => self.bytes().read(WHAT, offset)?,
            false => self.bytes().read::<ExceptionDebugEvent32>(WHAT, offset)?.into(),
        }))
    }

    /// Returns the process ID from the debug event; `None` if there is no debug event.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.debug_event().ok().flatten().map(|event| event.process_id)
    }

    /// Returns which regions of the table have bytes in the file.
    pub(super) const fn stored(&self) -> Stored {
        self.stored
    }

    /// Returns the file with its byte order and target, which all views are based on.
    #[must_use]
    pub const fn dump_bytes(&self) -> &DumpBytes<'a> {
        &self.dump
    }

    pub(crate) const fn bytes(&self) -> &Bytes<'a> {
        self.dump.bytes()
    }

    /// Returns one of two sizes, depending on the width of the format.
    pub(super) const fn width(&self, narrow: usize, wide: usize) -> u64 {
        (if self.is_64_bit { wide } else { narrow }) as u64
    }

    /// Returns a table of `declared` entries. At position 0 it is empty, because that is the position of the header.
    pub(super) fn table<R: Record<'a>>(
        &self,
        what: &'static str,
        offset: u64,
        entry_size: u64,
        declared: u32,
    ) -> List<'a, R> {
        let size = if offset == 0 { 0 } else { u64::MAX };
        List::at(&self.dump, what, offset, entry_size, declared.into(), size)
    }

    /// Returns the bytes of the context of the thread at `index`.
    pub(super) fn context_bytes(&self, index: u64) -> Result<Option<&'a [u8]>, ReadError> {
        const WHAT: &str = "CONTEXT";
        let start = self.header.thread_offset;
        if start == 0 || self.context_size == 0 {
            return Ok(None);
        }
        let offset = index.checked_mul(self.context_size).and_then(|skip| start.checked_add(skip));
        let offset = offset.ok_or(ReadError::Overflow { what: WHAT, offset: start })?;
        self.bytes().slice(WHAT, offset, self.context_size).map(Some)
    }

    fn infer_context_size(&self) -> u64 {
        let Some(size) = self.target().processor().contexts.first().map(|layout| u64::from(layout.size)) else {
            return self.implied_context_size().unwrap_or(0);
        };
        // Contexts of the processor's size must also not overlap the next part.
        let better = |&implied: &u64| (implied < size || !self.is_context_size(size)) && self.is_context_size(implied);
        self.implied_context_size().filter(better).unwrap_or(size)
    }

    /// Returns the space between the contexts and the part after them, divided by the number of threads. The end of the
    /// file does not count as a part, because the file may be truncated.
    fn implied_context_size(&self) -> Option<u64> {
        let header = &self.header;
        let others = [
            (header.module_offset, header.module_count),
            (header.data_offset, header.memory_region_count),
            (header.memory_region_offset, header.memory_region_count),
            (header.debug_event_offset, 1),
            (header.thread_state_offset, header.thread_count),
            (header.version_info_offset, 1),
        ];
        // If another part that is not empty has the same offset, there are no contexts.
        let others = others.into_iter().filter(|&(_, count)| count > 0).map(|(offset, _)| offset);
        let next = others.filter(|&offset| offset >= header.thread_offset).min()?;
        let (room, threads) = (next - header.thread_offset, u64::from(header.thread_count));
        (threads > 0 && room % threads == 0).then(|| room / threads)
    }

    /// True if all contexts that are in the file are for the processor of the dump when they have this size; there must
    /// be at least one.
    fn is_context_size(&self, context_size: u64) -> bool {
        let dump = Self { context_size, ..*self };
        let contexts = (0..u64::from(self.header.thread_count)).map_while(|index| dump.context_bytes(index).ok()?);
        let mut contexts = contexts.map(|bytes| Context::new(bytes, self.target(), ByteOrder::Little)).peekable();
        contexts.peek().is_some() && contexts.all(|context| context.is_for_its_processor())
    }
}
