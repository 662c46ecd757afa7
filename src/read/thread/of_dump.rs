//! The threads of a dump: both lists, the thread that crashed, and stacks that are only in a memory list.

use core::iter::FusedIterator;

use crate::error::ReadError;

use crate::read::breakpad::BreakpadInfo;
use crate::read::list::joined::joined;
use crate::read::memory::compressed::CompressedMemory;
use crate::read::memory::lists::{Memory64List, MemoryList, MemoryRange};
use crate::read::minidump::Minidump;
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::{Thread, ThreadList};

impl<'a> Minidump<'a> {
    /// All threads: those of the thread list, followed by those of the extended thread list, each in file order.
    ///
    /// No known producer writes both lists. A list that is absent or cannot be read contributes no threads.
    #[must_use]
    pub fn threads(
        &self,
    ) -> impl ExactSizeIterator<Item = Thread<'a>> + DoubleEndedIterator + FusedIterator + Clone + use<'a> {
        let extended = self.list::<ThreadExList<'a>>().into_iter().map(|thread| thread.thread());
        joined(self.list::<ThreadList<'a>>(), extended)
    }

    /// The ID of the thread that crashed, from the first exception. If there is no exception, the ID of the thread that
    /// requested the dump, as recorded by Breakpad.
    #[must_use]
    pub fn crashed_thread_id(&self) -> Option<u32> {
        let exception = self.exceptions().flatten().next().map(|exception| exception.thread_id());
        exception.or_else(|| self.find::<BreakpadInfo>()?.requesting_thread_id())
    }

    /// The thread that crashed, if it is in one of the thread lists.
    ///
    /// For the registers at the crash, use those of the exception if it has any. The registers of the thread are from
    /// the time when the dump was written, which is later if the thread wrote the dump itself.
    #[must_use]
    pub fn crashed_thread(&self) -> Option<Thread<'a>> {
        let id = self.crashed_thread_id()?;
        self.threads().find(|thread| thread.id() == id)
    }

    /// The stack of a thread of this dump, from the lowest address that the producer stored; `None` if it stored none.
    ///
    /// Usually these are the bytes that the thread's descriptor refers to. In a dump with full memory, the RVA of the
    /// descriptor is 0; the bytes are then those of the first range in a memory list that contains the address, up to
    /// the end of that range. The memory lists also take precedence if they have different bytes for a part of the
    /// stack. The bytes are then those of the first range that overlaps the stack, from the start of the overlap. This
    /// searches the lists from the start; for many threads, use [`Minidump::memory`] instead.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`] if the descriptor refers to data beyond the end of the file, or if its RVA is 0 and no
    /// list contains the address; [`ReadError::Truncated::available`] is the number of bytes that are present.
    /// [`ReadError::Compressed`] if the bytes are in compressed memory, which only [`Minidump::memory`] can read.
    pub fn stack(&self, thread: &Thread<'_>) -> Result<Option<MemoryRange<'a>>, ReadError> {
        let descriptor = &thread.raw().stack;
        let size = u64::from(descriptor.memory.data_size);
        if size == 0 {
            return Ok(None);
        }
        let own = MemoryRange::from_descriptor(self.dump_bytes(), descriptor);
        let range = if descriptor.memory.rva != 0 {
            self.contradicted(&own).unwrap_or(own)
        } else {
            let addresses = (descriptor.start_of_memory_range, size);
            self.listed(addresses.0, size).unwrap_or_else(|| MemoryRange::at(*self.bytes(), addresses, 0, 0))
        };
        match range.fault() {
            Some(ReadError::Truncated { available: 0, .. }) if self.is_compressed(range.address) => {
                Err(ReadError::Compressed { what: "stack", address: range.address })
            }
            Some(ReadError::Truncated { offset, needed, available: 0, .. }) => {
                Err(ReadError::Truncated { what: "stack", offset, needed, available: 0 })
            }
            _ => Ok(Some(range)),
        }
    }

    /// True if a region of compressed memory contains the address.
    fn is_compressed(&self, address: u64) -> bool {
        let target = self.target();
        let at = target.mask(address);
        let regions = self.list::<CompressedMemory<'a>>().regions().into_iter();
        let mut regions = regions.filter_map(|region| target.interval(region.address, region.size.into()));
        regions.any(|region| region.has(at))
    }

    /// The part of a stack that a memory list contains, if a list has different bytes for the stack.
    fn contradicted(&self, stack: &MemoryRange<'a>) -> Option<MemoryRange<'a>> {
        let target = self.target();
        let whole = target.interval(stack.address, stack.available())?;
        let ranges = self.list::<MemoryList<'a>>().into_iter().chain(self.list::<Memory64List<'a>>());
        let mut first = None;
        let mut differs = false;
        for range in ranges {
            let listed = target.interval(range.address, range.available());
            let Some((listed, common)) = listed.and_then(|it| Some((it, it.intersection(&whole)?))) else { continue };
            let part = |offset: u64, start: u64| offset.saturating_add(common.start.saturating_sub(start));
            let offset = part(range.offset, listed.start);
            differs = differs || self.bytes().differing(offset, part(stack.offset, whole.start), common.size()) > 0;
            let size = stack.size.saturating_sub(common.start.saturating_sub(whole.start));
            first.get_or_insert_with(|| MemoryRange::at(*self.bytes(), (common.start, size), offset, common.size()));
        }
        first.filter(|_| differs)
    }

    /// The bytes from `address` on, from the first listed range that contains this address.
    fn listed(&self, address: u64, size: u64) -> Option<MemoryRange<'a>> {
        let target = self.target();
        let ranges = self.list::<MemoryList<'a>>().into_iter().chain(self.list::<Memory64List<'a>>());
        ranges.into_iter().find_map(|range| {
            let skip = target.mask(address).checked_sub(target.mask(range.address))?;
            let most = range.available().checked_sub(skip).filter(|most| *most > 0)?;
            Some(MemoryRange::at(*self.bytes(), (address, size), range.offset + skip, most))
        })
    }
}
