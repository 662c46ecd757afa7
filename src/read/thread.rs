//! Threads: the list itself, times and states, names.

use crate::error::ReadError;
use crate::format::{self, StreamType, ThreadInfoFlags};

use super::context::Context;
use super::list::{List, Record};
use super::memory::{Memory64List, MemoryList, MemoryRange};
use super::minidump::Minidump;
use super::stream::{FromStream, StreamContext};
use super::string::Utf16;

/// A thread of the process.
#[derive(Clone, Copy, Debug)]
pub struct Thread<'a> {
    raw: format::Thread,
    dump: Minidump<'a>,
}

/// The thread list.
pub type ThreadList<'a> = List<'a, Thread<'a>>;

impl<'a> Thread<'a> {
    pub(super) const fn new(raw: format::Thread, dump: Minidump<'a>) -> Self {
        Self { raw, dump }
    }

    /// The entry as it stands in the file.
    pub const fn raw(&self) -> &format::Thread {
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

    /// The thread's registers; `None` if the producer wrote none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record does not lie in the file whole.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        context(&self.dump, self.raw.thread_context)
    }

    /// The thread's stack, from the lowest address that the producer stored; `None` if it stored none.
    ///
    /// The bytes are taken from where the descriptor points. In a dump with full memory it points nowhere, and the
    /// first range of a memory list that holds the address has them; then they end where that range ends. This
    /// searches the lists from the start: with many threads, ask [`Memory`](super::Memory) instead.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the descriptor points beyond the file, or points nowhere and no list holds the
    /// address; [`ReadError::Truncated::available`] says how many bytes there are.
    pub fn stack(&self) -> Result<Option<MemoryRange<'a>>, ReadError> {
        let descriptor = &self.raw.stack;
        let size = u64::from(descriptor.memory.data_size);
        if size == 0 {
            return Ok(None);
        }
        let range = if descriptor.memory.rva != 0 {
            MemoryRange::from_descriptor(&self.dump, descriptor)
        } else {
            self.listed_stack(descriptor.start_of_memory_range, size).unwrap_or(MemoryRange {
                address: descriptor.start_of_memory_range,
                size,
                offset: 0,
                bytes: &[],
            })
        };
        match range.fault() {
            Some(ReadError::Truncated { offset, needed, available: 0, .. }) => {
                Err(ReadError::Truncated { what: "stack", offset, needed, available: 0 })
            }
            _ => Ok(Some(range)),
        }
    }

    /// The part of a listed range that starts at `address`.
    fn listed_stack(&self, address: u64, size: u64) -> Option<MemoryRange<'a>> {
        let target = self.dump.target();
        let list = self.dump.stream::<MemoryList<'a>>().ok().flatten();
        let list64 = self.dump.stream::<Memory64List<'a>>().ok().flatten();
        list.into_iter().flatten().chain(list64.into_iter().flatten()).find_map(|range| {
            let skip = target.mask(address).checked_sub(target.mask(range.address))?;
            let bytes = range.bytes.get(usize::try_from(skip).ok()?..).filter(|bytes| !bytes.is_empty())?;
            let bytes = usize::try_from(size).ok().and_then(|size| bytes.get(..size)).unwrap_or(bytes);
            Some(MemoryRange { address, size, offset: range.offset + skip, bytes })
        })
    }
}

/// The context that a location descriptor points to; `None` for one of no size or at position 0.
pub(super) fn context<'a>(
    dump: &Minidump<'a>,
    location: format::LocationDescriptor,
) -> Result<Option<Context<'a>>, ReadError> {
    let bytes = dump.optional_location("CONTEXT", location)?;
    Ok(bytes.map(|bytes| Context::new(bytes, dump.target(), dump.byte_order())))
}

impl<'a> Record<'a> for Thread<'a> {
    const LIST: &'static str = "MINIDUMP_THREAD_LIST";
    const SIZE: u64 = format::Thread::SIZE as u64;

    #[inline]
    fn decode(dump: &Minidump<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }
}

impl<'a> ThreadList<'a> {
    /// The first thread of that number.
    pub fn by_id(&self, id: u32) -> Option<Thread<'a>> {
        self.iter().find(|thread| thread.id() == id)
    }
}

impl<'a> FromStream<'a> for ThreadList<'a> {
    const STREAM_TYPE: StreamType = StreamType::THREAD_LIST;

    fn from_stream(stream: &StreamContext<'a>) -> Result<Self, ReadError> {
        Self::counted(stream)
    }
}

/// Times, start address and state of a thread.
#[derive(Clone, Copy, Debug)]
pub struct ThreadInfo {
    raw: format::ThreadInfo,
}

/// The thread information list.
pub type ThreadInfoList<'a> = List<'a, ThreadInfo>;

impl ThreadInfo {
    /// The entry as it stands in the file.
    pub const fn raw(&self) -> &format::ThreadInfo {
        &self.raw
    }

    /// The thread's number in the system.
    pub const fn id(&self) -> u32 {
        self.raw.thread_id
    }

    /// What the producer noted about the entry.
    pub const fn flags(&self) -> ThreadInfoFlags {
        ThreadInfoFlags::from_bits_retain(self.raw.dump_flags)
    }
}

impl<'a> Record<'a> for ThreadInfo {
    const LIST: &'static str = "MINIDUMP_THREAD_INFO_LIST";
    const SIZE: u64 = format::ThreadInfo::SIZE as u64;

    #[inline]
    fn decode(dump: &Minidump<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(<Self as Record>::LIST, offset)? })
    }
}

impl<'a> FromStream<'a> for ThreadInfoList<'a> {
    const STREAM_TYPE: StreamType = StreamType::THREAD_INFO_LIST;

    fn from_stream(stream: &StreamContext<'a>) -> Result<Self, ReadError> {
        let head: format::ThreadInfoListHeader = stream.read(ThreadInfo::LIST, 0)?;
        let least = format::ThreadInfoListHeader::SIZE as u64;
        Self::sized(stream, least, head.size_of_header, head.size_of_entry, head.number_of_entries.into())
    }
}

/// The name of a thread.
#[derive(Clone, Copy, Debug)]
pub struct ThreadName<'a> {
    raw: format::ThreadName,
    dump: Minidump<'a>,
}

/// The list of thread names.
pub type ThreadNames<'a> = List<'a, ThreadName<'a>>;

impl<'a> ThreadName<'a> {
    /// The entry as it stands in the file.
    pub const fn raw(&self) -> &format::ThreadName {
        &self.raw
    }

    /// The number of the thread that has the name.
    pub const fn thread_id(&self) -> u32 {
        self.raw.thread_id
    }

    /// The name.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the string does not lie in the file whole.
    #[inline]
    pub fn name(&self) -> Result<Utf16<'a>, ReadError> {
        self.dump.string(self.raw.rva_of_thread_name)
    }
}

impl<'a> Record<'a> for ThreadName<'a> {
    const LIST: &'static str = "MINIDUMP_THREAD_NAME_LIST";
    const SIZE: u64 = format::ThreadName::SIZE as u64;

    #[inline]
    fn decode(dump: &Minidump<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }
}

impl<'a> ThreadNames<'a> {
    /// The first name of the thread of that number.
    pub fn by_id(&self, id: u32) -> Option<ThreadName<'a>> {
        self.iter().find(|name| name.thread_id() == id)
    }
}

impl<'a> FromStream<'a> for ThreadNames<'a> {
    const STREAM_TYPE: StreamType = StreamType::THREAD_NAMES;

    fn from_stream(stream: &StreamContext<'a>) -> Result<Self, ReadError> {
        Self::counted(stream)
    }
}
