//! Collects the content of a minidump.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::error::Item;
use crate::format::{self, MinidumpType, RvaWidth, StreamType};

use crate::write::added::Added;
use crate::write::encode;
use crate::write::memory_range::{MemoryRange, ShortSource};
use crate::write::part::{Part, PartId, Reference, ReferenceTarget};
use crate::write::part_bytes::PartBytes;
use crate::write::range_list::{ComputedRanges, RangeList};
use crate::write::records::{ComputedMemoryInfos, HandleRow, Lists, ModuleRow};
use crate::write::text::Text;

/// Collects the content of a minidump.
///
/// [`MinidumpBuilder::add`] takes complete records: threads with registers, stack and name, modules with their debug
/// records, and so on. The other methods take raw records of the format.
///
/// File offsets in raw records (`rva` fields) are ignored. What a record refers to is passed separately, as a [`PartId`];
/// several records may refer to the same part. All other fields are written unchanged.
///
/// # Examples
///
/// ```
/// use userdump::format::{self, ProcessorArchitecture};
/// use userdump::write::{MemoryRange, MinidumpBuilder};
/// use userdump::read::{Minidump, ModuleList};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let stack = [0x55; 64];
/// let mut dump = MinidumpBuilder::new();
/// dump.system_info(
///     format::SystemInfo { processor_architecture: ProcessorArchitecture::AMD64, ..Default::default() },
///     None,
/// );
/// let name = dump.text("C:\\app\\app.exe");
/// let module = format::Module { base_of_image: 0x1_4000_0000, size_of_image: 0x5000, ..Default::default() };
/// dump.module(module, name, None, None);
/// dump.memory(MemoryRange::borrowed(0x20_0000, &stack));
///
/// let mut file = Vec::new();
/// let plan = dump.plan()?;
/// assert_eq!(plan.write_to(&mut file)?.size, file.len() as u64);
///
/// let read = Minidump::parse(&file)?;
/// let modules = read.stream::<ModuleList>()?.unwrap();
/// assert_eq!(modules.get(0).unwrap().name()?, "C:\\app\\app.exe");
/// assert_eq!(read.memory().slice(0x20_0010, 4), Some(&[0x55; 4][..]));
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct MinidumpBuilder<'a> {
    pub(super) flags: u64,
    pub(super) time_date_stamp: u32,
    pub(super) short_source: ShortSource,
    pub(super) parts: Vec<Part<'a>>,
    pub(super) references: Vec<Reference>,
    pub(super) lists: Lists<'a>,
    /// Streams in the order in which they were added, with their types.
    pub(super) streams: Vec<(StreamType, PartId)>,
    /// The stream with more bytes than the directory says, and the number of additional bytes.
    pub(super) with_more: Option<(PartId, u64)>,
    pub(super) memory: Option<RangeList<'a>>,
    pub(super) memory64: Option<RangeList<'a>>,
    pub(super) is_compressed: bool,
    /// The bytes of the file that the memory is parallel to.
    pub(super) parallel_to: Option<&'a [u8]>,
    pub(super) added: Added,
}

/// Prints counts, but no contents.
impl fmt::Debug for MinidumpBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut builder = f.debug_struct("MinidumpBuilder");
        builder.field("flags", &self.flags).field("streams", &self.streams.len()).field("parts", &self.parts.len());
        builder.finish_non_exhaustive()
    }
}

impl<'a> MinidumpBuilder<'a> {
    /// Creates a dump without streams.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the header's flags, which say what the dump is meant to contain.
    pub fn flags(&mut self, flags: MinidumpType) -> &mut Self {
        self.flags = flags.bits();
        self
    }

    /// Sets the header's time stamp, in seconds since 1970 UTC.
    pub fn time_date_stamp(&mut self, seconds: u32) -> &mut Self {
        self.time_date_stamp = seconds;
        self
    }

    /// Sets what happens if the reader of a memory range ends early. The default is to stop.
    pub fn short_source(&mut self, short_source: ShortSource) -> &mut Self {
        self.short_source = short_source;
        self
    }

    /// Makes the memory parallel to the bytes of a file: inserts up to 4,095 zeros before it, so that the first run of at least
    /// 64 KiB that is borrowed from `source` (or is in a file) stands at the same offset within 4 KiB as in the source.
    /// [`Plan::write_to_file`](crate::write::Plan::write_to_file) can then share blocks between both files.
    ///
    /// This applies to the ranges of [`MinidumpBuilder::memory64`], unless they are compressed. Nothing is inserted if
    /// there is no such run, for example if `source` is empty. The offset in the source is that in `source`, so this must
    /// begin at a multiple of 4 KiB of its file.
    pub fn parallel_to(&mut self, source: &'a [u8]) -> &mut Self {
        self.parallel_to = Some(source);
        self
    }

    /// Adds bytes that records and other parts can refer to; `name` is used in errors.
    pub fn part(&mut self, name: &'static str, bytes: impl Into<Cow<'a, [u8]>>) -> PartId {
        self.push(name, bytes.into().into(), 8)
    }

    /// Adds text as a `MINIDUMP_STRING`: its size in bytes, the code units, a NUL.
    pub fn text<'t>(&mut self, text: impl Into<Text<'t>>) -> PartId {
        let text = text.into();
        let units = text.as_bytes();
        // `plan` refuses a text whose size does not fit 32 bits, because the part is too large.
        let length = u32::try_from(units.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(units.len() + 6);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(units);
        bytes.extend_from_slice(&[0, 0]);
        self.push("MINIDUMP_STRING", bytes.into(), 4)
    }

    /// Adds bytes that already are a `MINIDUMP_STRING`.
    #[cfg(feature = "std")]
    pub(crate) fn string(&mut self, bytes: impl Into<Cow<'a, [u8]>>) -> PartId {
        self.push("MINIDUMP_STRING", bytes.into().into(), 4)
    }

    pub(super) fn push(&mut self, name: &'static str, bytes: PartBytes<'a>, align: u32) -> PartId {
        let index = self.parts.len();
        self.parts.push(Part { item: Item { name, index: Some(index as u64) }, bytes, align });
        // Four billion parts do not fit into memory.
        PartId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Stores the file offset of the part `to` in the field at offset `position` of the part `from`.
    pub fn reference(&mut self, from: PartId, position: u64, width: RvaWidth, to: PartId) -> &mut Self {
        self.references.push(Reference { from, position, width, target: ReferenceTarget::Part(to) });
        self
    }

    /// Stores the file offset of the `size` bytes of memory at `address` in the 32-bit field at offset `position` of a
    /// part; 0 if no memory list contains them.
    #[cfg(feature = "std")]
    pub(crate) fn memory_position(&mut self, from: PartId, position: u64, address: u64, size: u64) {
        let target = ReferenceTarget::MemoryRange { address, size };
        self.references.push(Reference { from, position, width: RvaWidth::Rva, target });
    }

    /// Adds a stream of any type from its bytes, which may refer to parts: see [`MinidumpBuilder::reference`].
    ///
    /// A stream of a type that has a method of its own is placed where that method would place it; other streams go to the
    /// end of the directory. A type may be added more than once.
    pub fn stream(&mut self, stream_type: StreamType, bytes: impl Into<Cow<'a, [u8]>>) -> PartId {
        self.stream_of(stream_type, bytes.into().into())
    }

    pub(super) fn stream_of(&mut self, stream_type: StreamType, bytes: PartBytes<'a>) -> PartId {
        let part = self.push("stream", bytes, 8);
        if let Some(entry) = self.parts.last_mut() {
            entry.item = Item { name: stream_type.name().unwrap_or("stream"), index: None };
        }
        self.streams.push((stream_type, part));
        part
    }

    /// Writes a list even if nothing is added to it.
    ///
    /// Applies to the thread, module and memory lists, and to the lists of thread names, thread information, unloaded
    /// modules, memory information and handles. Other types are ignored.
    pub fn list(&mut self, stream_type: StreamType) -> &mut Self {
        match stream_type {
            StreamType::MEMORY_LIST => drop(self.memory.get_or_insert_default()),
            StreamType::MEMORY64_LIST => drop(self.memory64.get_or_insert_default()),
            _ => self.lists.declare(stream_type),
        }
        self
    }

    /// Adds a range to the memory list. Its bytes must end up below 4 GiB in the file.
    pub fn memory(&mut self, range: MemoryRange<'a>) -> &mut Self {
        self.memory.get_or_insert_default().push(range);
        self
    }

    /// Adds a range to the Memory64 list, which is meant for dumps with full memory.
    pub fn memory64(&mut self, range: MemoryRange<'a>) -> &mut Self {
        self.memory64.get_or_insert_default().push(range);
        self
    }

    /// Adds ranges that are computed when they are needed to the end of the memory list or the Memory64 list.
    pub(crate) fn computed_memory(&mut self, wide: bool, ranges: Box<dyn ComputedRanges + 'a>) {
        let list = if wide { &mut self.memory64 } else { &mut self.memory };
        list.get_or_insert_default().compute(ranges);
    }

    /// Compresses the memory: the ranges of both lists become a CompressedMemory stream.
    ///
    /// Debuggers have opened such files since version 10.0.29507, and call them full dumps regardless of their content. In the
    /// header's flags, [`MinidumpType::WITH_MEMORY_COMPRESSED`] is set and [`MinidumpType::WITH_FULL_MEMORY`] is cleared.
    /// Stacks have no file offset. Ranges are sorted by address, and must not overlap. If there are no bytes of memory,
    /// which the format cannot express, the lists are written without compression.
    ///
    /// Several threads compress the blocks; the result does not depend on their number. Before that,
    /// [`Plan`](crate::write::Plan) only has an upper bound of the size.
    ///
    /// # Examples
    ///
    /// ```
    /// use userdump::write::{MemoryRange, MinidumpBuilder};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let heap = vec![7; 1 << 20];
    /// let mut dump = MinidumpBuilder::new();
    /// dump.memory64(MemoryRange::borrowed(0x20_0000, &heap)).compressed();
    /// let mut file = std::io::Cursor::new(Vec::new());
    /// let written = dump.plan()?.write_to_seekable(&mut file)?;
    /// assert_eq!(written.compressed.map(|memory| memory.size), Some(1 << 20));
    /// assert!(written.size < 10_000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn compressed(&mut self) -> &mut Self {
        self.is_compressed = true;
        self
    }

    /// Adds a thread.
    ///
    /// The file offset of the stack is derived from its address and size, if a memory list contains all of it, in one range
    /// or in several contiguous ones. Otherwise it is 0, as it is at 4 GiB and beyond and with compressed memory; readers
    /// then find the stack by its address.
    pub fn thread(&mut self, record: format::Thread, context: Option<PartId>) -> &mut Self {
        self.lists.threads.get_or_insert_default().push((record, context));
        self
    }

    /// Adds a thread with a backing store to the extended thread list. File offsets are derived as for other threads.
    pub fn thread_ex(&mut self, record: format::thread::ThreadEx, context: Option<PartId>) -> &mut Self {
        self.lists.threads_ex.get_or_insert_default().push((record, context));
        self
    }

    /// Adds the times, state and start address of a thread.
    pub fn thread_info(&mut self, record: format::thread::ThreadInfo) -> &mut Self {
        self.lists.thread_infos.get_or_insert_default().push(record);
        self
    }

    /// Adds the name of a thread.
    pub fn thread_name(&mut self, thread_id: u32, name: PartId) -> &mut Self {
        self.lists.thread_names.get_or_insert_default().push((thread_id, name));
        self
    }

    /// Adds a module; `code_view` and `misc` are its debug records.
    pub fn module(
        &mut self,
        record: format::Module,
        name: PartId,
        code_view: Option<PartId>,
        misc: Option<PartId>,
    ) -> &mut Self {
        self.lists.modules.get_or_insert_default().push(ModuleRow { record, name: Some(name), code_view, misc });
        self
    }

    /// Adds a module without a known name; the RVA of its name is 0.
    pub fn nameless_module(
        &mut self,
        record: format::Module,
        code_view: Option<PartId>,
        misc: Option<PartId>,
    ) -> &mut Self {
        self.lists.modules.get_or_insert_default().push(ModuleRow { record, name: None, code_view, misc });
        self
    }

    /// Adds an unloaded module; without a name, the RVA of the name is 0.
    pub fn unloaded_module(&mut self, record: format::module::UnloadedModule, name: Option<PartId>) -> &mut Self {
        self.lists.unloaded_modules.get_or_insert_default().push((record, name));
        self
    }

    /// Adds a region to the memory information list.
    pub fn memory_info(&mut self, record: format::MemoryInfo) -> &mut Self {
        self.lists.memory_infos.get_or_insert_default().push(record);
        self
    }

    /// Replaces the rows of the memory information list by `count` rows that are computed when the list is written.
    pub(crate) fn computed_memory_infos(
        &mut self,
        count: usize,
        row: impl Fn(usize) -> format::MemoryInfo + Send + Sync + 'a,
    ) {
        self.lists.computed_memory_infos = Some(ComputedMemoryInfos { count, row: Box::new(row) });
    }

    /// Adds a handle; `information` is the first record of its chain of object information.
    pub fn handle(
        &mut self,
        record: format::handle::HandleDescriptor2,
        type_name: Option<PartId>,
        object_name: Option<PartId>,
        information: Option<PartId>,
    ) -> &mut Self {
        self.lists.handles.get_or_insert_default().push(HandleRow { record, type_name, object_name, information });
        self
    }

    /// Adds an exception stream. A dump may have several.
    pub fn exception(&mut self, record: format::ExceptionStream, context: Option<PartId>) -> &mut Self {
        self.lists.exceptions.push((record, context));
        self
    }

    /// Adds the system information; `csd_version` is the service pack or a text about the build.
    pub fn system_info(&mut self, record: format::SystemInfo, csd_version: Option<PartId>) -> &mut Self {
        self.lists.system_infos.push((record, csd_version));
        self
    }

    /// Writes bytes directly after the first system information, outside any stream, where Wine stores its own version.
    #[cfg(feature = "std")]
    pub(crate) fn after_system_info(&mut self, bytes: Vec<u8>) {
        self.lists.after_system_info = bytes;
    }

    /// Adds the process information in its longest form, and sets its size field; `flags1` says which fields are valid.
    pub fn misc_info(&mut self, mut record: format::system::MiscInfo5) -> &mut Self {
        record.misc_info4.misc_info3.misc_info2.misc_info.size_of_info = format::size32::<format::system::MiscInfo5>();
        self.stream(StreamType::MISC_INFO, encode::encoded(record));
        self
    }

    /// Adds a comment in UTF-16, with a terminating NUL.
    pub fn comment<'t>(&mut self, text: impl Into<Text<'t>>) -> &mut Self {
        let text = text.into();
        let mut bytes = text.as_bytes().to_vec();
        bytes.extend_from_slice(&[0, 0]);
        self.stream(StreamType::COMMENT_W, bytes);
        self
    }
}
