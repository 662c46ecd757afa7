//! Threads: the thread list, thread times and states, and thread names.

use crate::error::ReadError;
use crate::format;
use crate::format::StreamType;
use crate::format::thread::ThreadInfoFlags;

use crate::read::context::registers::Context;
use crate::read::dump_bytes::DumpBytes;
use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::utf16::Utf16;

/// A thread of the process.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # dump.thread(userdump::format::Thread { thread_id: 0x1a4c, teb: 0x7ffd_e000, ..Default::default() }, None);
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = userdump::Minidump::parse(&file)?;
/// for thread in dump.threads() {
///     let start = thread.registers().and_then(|registers| registers.instruction_pointer());
///     println!("thread {:#x} at {start:x?}, TEB {:#x}", thread.id(), thread.teb());
///     # assert_eq!((thread.id(), thread.teb(), start), (0x1a4c, 0x7ffd_e000, None));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Thread<'a> {
    raw: format::Thread,
    dump: DumpBytes<'a>,
}

/// The thread list.
pub type ThreadList<'a> = List<'a, Thread<'a>>;

impl<'a> Thread<'a> {
    pub(crate) const fn new(raw: format::Thread, dump: DumpBytes<'a>) -> Self {
        Self { raw, dump }
    }

    /// The entry as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::Thread {
        &self.raw
    }

    /// The thread ID.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.raw.thread_id
    }

    /// The address of the thread environment block (TEB); 0 if the thread has none.
    #[must_use]
    pub const fn teb(&self) -> u64 {
        self.raw.teb
    }

    /// The thread's registers; `None` if the producer wrote none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        context(&self.dump, self.raw.thread_context)
    }

    /// The thread's registers, if the dump has them and they can be read; [`Self::context`] returns the error
    /// otherwise.
    #[must_use]
    pub fn registers(&self) -> Option<Context<'a>> {
        self.context().ok().flatten()
    }
}

/// The context that a location descriptor refers to; `None` if its size or RVA is 0.
pub(crate) fn context<'a>(
    dump: &DumpBytes<'a>,
    location: format::LocationDescriptor,
) -> Result<Option<Context<'a>>, ReadError> {
    let bytes = dump.optional_location("CONTEXT", location)?;
    Ok(bytes.map(|bytes| Context::new(bytes, dump.target(), dump.byte_order())))
}

impl<'a> Record<'a> for Thread<'a> {
    const LIST: &'static str = "MINIDUMP_THREAD_LIST";
    const SIZE: u64 = format::Thread::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }

    /// True if the registers are those of the dump's processor, or if the thread has an ID and a stack but no
    /// registers.
    fn is_plausible(&self, _: &DumpBytes<'a>) -> bool {
        let (context, stack) = (self.raw.thread_context, self.raw.stack.memory);
        if context != format::LocationDescriptor::default() {
            return self.raw.thread_id != 0 && self.registers().is_some_and(|context| context.is_recognised());
        }
        let has_stack = self.raw.stack.start_of_memory_range != 0 || self.raw.teb != 0;
        self.raw.thread_id != 0
            && has_stack
            && (stack.rva == 0 || self.dump.bytes().present("stack", stack.rva.into(), stack.data_size.into()).is_ok())
    }
}

impl<'a> ThreadList<'a> {
    /// The first thread with this ID.
    #[must_use]
    pub fn by_id(&self, id: u32) -> Option<Thread<'a>> {
        self.iter().find(|thread| thread.id() == id)
    }
}

impl<'a> FromStream<'a> for ThreadList<'a> {
    const STREAM_TYPE: StreamType = StreamType::THREAD_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::counted(stream)
    }
}

/// The times, start address and state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadInfo {
    raw: format::thread::ThreadInfo,
}

/// The thread information list.
pub type ThreadInfoList<'a> = List<'a, ThreadInfo>;

impl ThreadInfo {
    /// The entry as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::thread::ThreadInfo {
        &self.raw
    }

    /// The thread ID.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.raw.thread_id
    }

    /// The state of the thread, and which parts of the entry are not valid.
    #[must_use]
    pub const fn flags(&self) -> ThreadInfoFlags {
        ThreadInfoFlags::from_bits_retain(self.raw.dump_flags)
    }
}

impl<'a> Record<'a> for ThreadInfo {
    const LIST: &'static str = "MINIDUMP_THREAD_INFO_LIST";
    const SIZE: u64 = format::thread::ThreadInfo::SIZE as u64;

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(<Self as Record>::LIST, offset)? })
    }

    /// True if the entry has an ID, only known flags, and a plausible creation time.
    fn is_plausible(&self, _: &DumpBytes<'a>) -> bool {
        // The years 1980 to 2100, in units of 100 ns since 1601.
        const THIS_AGE: core::ops::Range<u64> = 0x01a8_e79f_e1d5_8000..0x0230_e7e8_5b4e_0000;
        let is_known = ThreadInfoFlags::from_bits(self.raw.dump_flags).is_some();
        self.raw.thread_id != 0 && is_known && THIS_AGE.contains(&self.raw.create_time)
    }
}

impl<'a> FromStream<'a> for ThreadInfoList<'a> {
    const STREAM_TYPE: StreamType = StreamType::THREAD_INFO_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::headed(stream, |header: &format::thread::ThreadInfoListHeader| {
            (header.size_of_header, header.size_of_entry, header.number_of_entries)
        })
    }
}

/// The name of a thread.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let name = dump.text("render worker");
/// # dump.thread_name(0x1a4c, name);
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::thread::ThreadNames;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// let names: ThreadNames = dump.list();
/// let name = names.by_id(0x1a4c).expect("the thread has a name");
/// assert_eq!(name.name()?, "render worker");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ThreadName<'a> {
    raw: format::thread::ThreadName,
    dump: DumpBytes<'a>,
}

/// The list of thread names.
pub type ThreadNames<'a> = List<'a, ThreadName<'a>>;

impl<'a> ThreadName<'a> {
    /// The entry as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::thread::ThreadName {
        &self.raw
    }

    /// The ID of the thread with this name.
    #[must_use]
    pub const fn thread_id(&self) -> u32 {
        self.raw.thread_id
    }

    /// The name.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string is not entirely in the file.
    #[inline]
    pub fn name(&self) -> Result<Utf16<'a>, ReadError> {
        self.dump.string(self.raw.rva_of_thread_name)
    }
}

impl<'a> Record<'a> for ThreadName<'a> {
    const LIST: &'static str = "MINIDUMP_THREAD_NAME_LIST";
    const SIZE: u64 = format::thread::ThreadName::SIZE as u64;
    const ALIGNED_SIZE: Option<u64> = Some(16);

    #[inline]
    fn decode(dump: &DumpBytes<'a>, offset: u64, size: u64) -> Result<Self, ReadError> {
        let mut raw: format::thread::ThreadName = dump.bytes().read(Self::LIST, offset)?;
        if Some(size) == Self::ALIGNED_SIZE {
            raw.rva_of_thread_name = dump.bytes().read(Self::LIST, offset.saturating_add(8))?;
        }
        Ok(Self { raw, dump: *dump })
    }

    fn is_plausible(&self, dump: &DumpBytes<'a>) -> bool {
        self.raw.thread_id != 0 && dump.has_name(self.raw.rva_of_thread_name)
    }
}

impl<'a> ThreadNames<'a> {
    /// The first readable name of the thread with this ID, which is also what the debugger shows; the first name if
    /// none can be read.
    #[must_use]
    pub fn by_id(&self, id: u32) -> Option<ThreadName<'a>> {
        let mut names = self.iter().filter(|name| name.thread_id() == id);
        let first = names.next()?;
        if first.name().is_ok() { Some(first) } else { names.find(|name| name.name().is_ok()).or(Some(first)) }
    }
}

impl<'a> FromStream<'a> for ThreadNames<'a> {
    const STREAM_TYPE: StreamType = StreamType::THREAD_NAMES;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::counted(stream)
    }
}
