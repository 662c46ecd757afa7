//! The extended thread list, which has additional data for IA-64.

use crate::error::ReadError;
use crate::format::{self, StreamType};

use crate::read::context::registers::Context;
use crate::read::dump_bytes::DumpBytes;
use crate::read::list::entries::{List, Record};
use crate::read::memory::lists::MemoryRange;
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::thread::list::Thread;

/// A thread and its register backing store.
#[derive(Clone, Copy, Debug)]
pub struct ThreadEx<'a> {
    raw: format::thread::ThreadEx,
    dump: DumpBytes<'a>,
}

/// The extended thread list.
pub type ThreadExList<'a> = List<'a, ThreadEx<'a>>;

impl<'a> ThreadEx<'a> {
    /// The entry as stored in the file.
    #[must_use]
    pub const fn raw(&self) -> &format::thread::ThreadEx {
        &self.raw
    }

    /// The thread as in the plain thread list.
    #[must_use]
    pub const fn thread(&self) -> Thread<'a> {
        Thread::new(self.raw.thread, self.dump)
    }

    /// The thread's registers; `None` if the producer wrote none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the record is not entirely in the file.
    pub fn context(&self) -> Result<Option<Context<'a>>, ReadError> {
        self.thread().context()
    }

    /// The memory that the processor spills its register stack to; `None` if the thread has none.
    ///
    /// The bytes are those that the descriptor refers to, or none if its RVA is 0.
    #[must_use]
    pub fn backing_store(&self) -> Option<MemoryRange<'a>> {
        let descriptor = &self.raw.backing_store;
        (descriptor.memory.data_size > 0).then(|| MemoryRange::from_descriptor(&self.dump, descriptor))
    }
}

impl<'a> Record<'a> for ThreadEx<'a> {
    const LIST: &'static str = "MINIDUMP_THREAD_EX_LIST";
    const SIZE: u64 = format::thread::ThreadEx::SIZE as u64;

    fn decode(dump: &DumpBytes<'a>, offset: u64, _: u64) -> Result<Self, ReadError> {
        Ok(Self { raw: dump.bytes().read(Self::LIST, offset)?, dump: *dump })
    }

    fn is_plausible(&self, dump: &DumpBytes<'a>) -> bool {
        self.thread().is_plausible(dump)
    }
}

impl<'a> FromStream<'a> for ThreadExList<'a> {
    const STREAM_TYPE: StreamType = StreamType::THREAD_EX_LIST;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        Self::counted(stream)
    }
}
