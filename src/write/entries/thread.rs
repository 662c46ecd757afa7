//! Threads.

use crate::error::{Item, WriteError};
use crate::format;
use crate::format::thread::{ThreadEx, ThreadInfo};

use crate::write::builder::MinidumpBuilder;
use crate::write::entries::content::{AddTo, PartContent};
use crate::write::memory_range::MemoryRange;
use crate::write::text::Text;

/// A thread, its registers, stack and name, for [`MinidumpBuilder::add`].
///
/// # Examples
///
/// ```
/// use userdump::write::{MinidumpBuilder, Thread};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut dump = MinidumpBuilder::new();
/// dump.add(Thread::new(7).teb(0x7ffd_e000).name("main"));
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// let name = userdump::Dump::parse(&file)?.thread_name(7).map(|name| name.to_string());
/// assert_eq!(name.as_deref(), Some("main"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Thread<'a> {
    record: format::Thread,
    stack: Option<(u64, u64)>,
    backing_store: Option<(u64, u64)>,
    stack_memory: Option<MemoryRange<'a>>,
    context: Option<PartContent<'a>>,
    name: Option<Text<'a>>,
    info: Option<ThreadInfo>,
}

impl<'a> Thread<'a> {
    /// Creates a thread with this ID.
    #[must_use]
    pub fn new(thread_id: u32) -> Self {
        let record = format::Thread { thread_id, ..Default::default() };
        let (stack, backing_store, stack_memory, context, name, info) = Default::default();
        Self { record, stack, backing_store, stack_memory, context, name, info }
    }

    /// Sets the suspend count.
    #[must_use]
    pub fn suspend_count(mut self, suspend_count: u32) -> Self {
        self.record.suspend_count = suspend_count;
        self
    }

    /// Sets the priority class of the process; `0x20` is normal.
    #[must_use]
    pub fn priority_class(mut self, priority_class: u32) -> Self {
        self.record.priority_class = priority_class;
        self
    }

    /// Sets the priority of the thread; 0 is normal.
    #[must_use]
    pub fn priority(mut self, priority: u32) -> Self {
        self.record.priority = priority;
        self
    }

    /// Sets the address of the thread environment block.
    #[must_use]
    pub fn teb(mut self, teb: u64) -> Self {
        self.record.teb = teb;
        self
    }

    /// Sets the address and the size of the stack in bytes, from its lowest stored address to its base.
    ///
    /// Add its bytes to a memory list separately, or use [`Thread::stack_memory`].
    #[must_use]
    pub fn stack(mut self, address: u64, size: u64) -> Self {
        self.stack = Some((address, size));
        self
    }

    /// Sets the stack and adds its bytes to the memory list.
    #[must_use]
    pub fn stack_memory(mut self, range: MemoryRange<'a>) -> Self {
        self.stack = Some((range.address(), range.size()));
        self.stack_memory = Some(range);
        self
    }

    /// Sets the backing store (Itanium). The thread then goes into the ThreadExList.
    #[must_use]
    pub fn backing_store(mut self, address: u64, size: u64) -> Self {
        self.backing_store = Some((address, size));
        self
    }

    /// Sets the registers, from a [`ContextBuilder`](crate::write::ContextBuilder) or from bytes.
    #[must_use]
    pub fn context(mut self, context: impl Into<PartContent<'a>>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Sets the name, which goes into the ThreadNames stream.
    #[must_use]
    pub fn name(mut self, name: impl Into<Text<'a>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets times, state and start address, which go into the ThreadInfoList. The thread ID in `info` is replaced by the ID
    /// of this thread.
    #[must_use]
    pub fn info(mut self, info: ThreadInfo) -> Self {
        self.info = Some(info);
        self
    }
}

impl<'a> AddTo<'a> for Thread<'a> {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        let mut record = self.record;
        record.stack = descriptor(dump, self.stack, "stack");
        let context = self.context.and_then(|context| context.part(dump, "context"));
        match self.backing_store {
            None => dump.thread(record, context),
            Some(store) => {
                let backing_store = descriptor(dump, Some(store), "backing store");
                dump.thread_ex(ThreadEx { thread: record, backing_store }, context)
            }
        };
        if let Some(name) = self.name {
            let name = dump.text(name);
            dump.thread_name(record.thread_id, name);
        }
        if let Some(info) = self.info {
            dump.thread_info(ThreadInfo { thread_id: record.thread_id, ..info });
        }
        if let Some(range) = self.stack_memory {
            dump.memory(range);
        }
    }
}

/// Returns the descriptor of memory whose file offset the plan will determine.
fn descriptor(
    dump: &mut MinidumpBuilder<'_>,
    place: Option<(u64, u64)>,
    name: &'static str,
) -> format::MemoryDescriptor {
    let Some((start_of_memory_range, size)) = place else { return Default::default() };
    let item = Item { name, index: None };
    let data_size = u32::try_from(size).unwrap_or_else(|_| {
        dump.added.fail(WriteError::SizeOverflow { item, found: size, unit: "bytes", limit: u32::MAX.into() });
        0
    });
    if size.checked_add(start_of_memory_range.saturating_sub(1)).is_none() {
        dump.added.invalid(name, "it extends beyond the highest address");
    }
    let memory = format::LocationDescriptor { data_size, rva: 0 };
    format::MemoryDescriptor { start_of_memory_range, memory }
}
