//! Typed streams to parts: records are encoded, what they point to becomes a reference.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::error::{Item, WriteError};
use crate::format::{
    self, HandleDescriptor2, Memory64List, MemoryDescriptor, MemoryInfo, Module, RvaWidth, StreamType, Thread,
    ThreadEx, ThreadInfo, ThreadName, UnloadedModule,
};

use super::builder::{MinidumpBuilder, PartId, Reference, ReferenceTarget};
use super::encode::{Encode, bytes, fit32, put};
use super::part_bytes::{self, PartBytes};

type Rows<T> = Option<Vec<T>>;

/// The records of the typed streams; a list that is `None` is not written.
#[derive(Debug, Default)]
pub(super) struct Lists<'a> {
    pub(super) threads: Rows<(Thread, Option<PartId>)>,
    pub(super) threads_ex: Rows<(ThreadEx, Option<PartId>)>,
    pub(super) thread_infos: Rows<ThreadInfo>,
    pub(super) thread_names: Rows<(u32, PartId)>,
    pub(super) modules: Rows<ModuleRow>,
    pub(super) unloaded_modules: Rows<(UnloadedModule, Option<PartId>)>,
    pub(super) memory_infos: Rows<MemoryInfo>,
    /// In place of those.
    pub(super) computed_memory_infos: Option<ComputedMemoryInfos<'a>>,
    pub(super) handles: Rows<HandleRow>,
    pub(super) exceptions: Vec<(format::ExceptionStream, Option<PartId>)>,
    pub(super) system_infos: Vec<(format::SystemInfo, Option<PartId>)>,
}

/// Rows of the memory information list that nobody keeps: their number, and what gives each.
pub(super) struct ComputedMemoryInfos<'a> {
    pub(super) count: usize,
    pub(super) row: Box<dyn Fn(usize) -> MemoryInfo + 'a>,
}

impl fmt::Debug for ComputedMemoryInfos<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ComputedMemoryInfos({})", self.count)
    }
}

/// A module and what it points to.
#[derive(Debug)]
pub(super) struct ModuleRow {
    pub(super) record: Module,
    pub(super) name: Option<PartId>,
    pub(super) code_view: Option<PartId>,
    pub(super) misc: Option<PartId>,
}

/// A handle and what it points to.
#[derive(Debug)]
pub(super) struct HandleRow {
    pub(super) record: HandleDescriptor2,
    pub(super) type_name: Option<PartId>,
    pub(super) object_name: Option<PartId>,
    pub(super) information: Option<PartId>,
}

impl Lists<'_> {
    pub(super) fn declare(&mut self, stream_type: StreamType) {
        match stream_type {
            StreamType::THREAD_LIST => drop(self.threads.get_or_insert_default()),
            StreamType::THREAD_INFO_LIST => drop(self.thread_infos.get_or_insert_default()),
            StreamType::THREAD_NAMES => drop(self.thread_names.get_or_insert_default()),
            StreamType::MODULE_LIST => drop(self.modules.get_or_insert_default()),
            StreamType::UNLOADED_MODULE_LIST => drop(self.unloaded_modules.get_or_insert_default()),
            StreamType::MEMORY_INFO_LIST => drop(self.memory_infos.get_or_insert_default()),
            StreamType::HANDLE_DATA => drop(self.handles.get_or_insert_default()),
            _ => {}
        }
    }
}

/// A stream in the making: its bytes, and the fields in them that refer to something.
struct Encoder<'b, 'a> {
    builder: &'b mut MinidumpBuilder<'a>,
    bytes: Vec<u8>,
    references: Vec<(u64, RvaWidth, ReferenceTarget)>,
}

impl<'b, 'a> Encoder<'b, 'a> {
    fn new(builder: &'b mut MinidumpBuilder<'a>) -> Self {
        Self { builder, bytes: Vec::new(), references: Vec::new() }
    }

    fn put(&mut self, value: impl Encode) -> &mut Self {
        put(&mut self.bytes, value);
        self
    }

    /// A 32-bit count or an error that says how many there are.
    fn count(&mut self, name: &'static str, count: usize) -> Result<u32, WriteError> {
        fit32(Item { name, index: None }, count as u64, "entries")
    }

    /// Lets the field that starts `back` bytes before the end hold the position of `target`.
    fn refer(&mut self, back: u64, width: RvaWidth, target: Option<PartId>) -> &mut Self {
        if let Some(part) = target {
            let position = self.bytes.len() as u64 - back;
            self.references.push((position, width, ReferenceTarget::Part(part)));
        }
        self
    }

    /// Lets the descriptor that starts `back` bytes before the end hold the position of the bytes that it describes.
    fn refer_memory(&mut self, back: u64, descriptor: &MemoryDescriptor) {
        let (address, size) = (descriptor.start_of_memory_range, u64::from(descriptor.memory.data_size));
        if size > 0 {
            let position = self.bytes.len() as u64 - back + 12;
            self.references.push((position, RvaWidth::Rva, ReferenceTarget::MemoryRange { address, size }));
        }
    }

    /// The location of a part: its size, and 0 for the position, which a reference will fill in.
    fn location(&self, part: Option<PartId>) -> Result<format::LocationDescriptor, WriteError> {
        let Some(part) = part else {
            return Ok(format::LocationDescriptor::default());
        };
        let data_size = self.builder.part_size(part)?;
        Ok(format::LocationDescriptor { data_size, rva: 0 })
    }

    fn finish(self, stream_type: StreamType) {
        let from = self.builder.stream(stream_type, self.bytes);
        let references = self.references.into_iter();
        self.builder.references.extend(references.map(|(position, width, target)| Reference {
            from,
            position,
            width,
            target,
        }));
    }
}

impl<'a> MinidumpBuilder<'a> {
    fn part_size(&self, part: PartId) -> Result<u32, WriteError> {
        let part = self.parts.get(part.0 as usize).ok_or(WriteError::InvalidInput {
            item: Item { name: "part", index: Some(part.0.into()) },
            reason: "it belongs to another builder",
        })?;
        fit32(part.item, part.bytes.len(), "bytes")
    }

    /// Turns every typed list into a stream of bytes with references.
    pub(super) fn encode_lists(&mut self) -> Result<(), WriteError> {
        let lists = core::mem::take(&mut self.lists);
        for (record, csd_version) in lists.system_infos {
            self.encode_system_info(record, csd_version);
        }
        for (record, context) in lists.exceptions {
            self.encode_exception(record, context)?;
        }
        if let Some(threads) = lists.threads {
            self.encode_threads(&threads)?;
        }
        if let Some(threads) = lists.threads_ex {
            self.encode_threads_ex(&threads)?;
        }
        if let Some(rows) = lists.thread_infos {
            let mut list = Encoder::new(self);
            let number_of_entries = list.count("MINIDUMP_THREAD_INFO_LIST", rows.len())?;
            list.put(format::ThreadInfoListHeader { size_of_header: 12, size_of_entry: 64, number_of_entries });
            for row in rows {
                list.put(row);
            }
            list.finish(StreamType::THREAD_INFO_LIST);
        }
        if let Some(modules) = lists.modules {
            self.encode_modules(&modules)?;
        }
        if let Some(rows) = lists.unloaded_modules {
            let mut list = Encoder::new(self);
            let number_of_entries = list.count("MINIDUMP_UNLOADED_MODULE_LIST", rows.len())?;
            list.put(format::UnloadedModuleListHeader { size_of_header: 12, size_of_entry: 24, number_of_entries });
            for (row, name) in rows {
                list.put(UnloadedModule { module_name_rva: 0, ..row }).refer(4, RvaWidth::Rva, name);
            }
            list.finish(StreamType::UNLOADED_MODULE_LIST);
        }
        if let Some(handles) = lists.handles {
            self.encode_handles(&handles)?;
        }
        let rows = |rows: Vec<MemoryInfo>| ComputedMemoryInfos {
            count: rows.len(),
            row: Box::new(move |index| rows.get(index).copied().unwrap_or_default()),
        };
        if let Some(rows) = lists.computed_memory_infos.or(lists.memory_infos.map(rows)) {
            self.encode_memory_infos(rows);
        }
        if let Some(names) = lists.thread_names {
            let mut list = Encoder::new(self);
            let count = list.count("MINIDUMP_THREAD_NAME_LIST", names.len())?;
            list.put(count);
            for (thread_id, name) in names {
                list.put(ThreadName { thread_id, rva_of_thread_name: 0 }).refer(8, RvaWidth::Rva64, Some(name));
            }
            list.finish(StreamType::THREAD_NAMES);
        }
        Ok(())
    }

    fn encode_memory_infos(&mut self, ComputedMemoryInfos { count, row }: ComputedMemoryInfos<'a>) {
        let (size_of_header, size_of_entry, number_of_entries) = (16, 48, count as u64);
        let head = bytes(format::MemoryInfoListHeader { size_of_header, size_of_entry, number_of_entries });
        let put = Box::new(move |index, out: &mut Vec<u8>| put(out, row(index)));
        let rows = part_bytes::Rows { head, count, row_size: MemoryInfo::SIZE, put };
        self.stream_of(StreamType::MEMORY_INFO_LIST, PartBytes::Rows(Box::new(rows)));
    }

    fn encode_system_info(&mut self, record: format::SystemInfo, csd_version: Option<PartId>) {
        let mut stream = Encoder::new(self);
        // The version text's position stands 32 bytes before the end.
        stream.put(format::SystemInfo { csd_version_rva: 0, ..record }).refer(32, RvaWidth::Rva, csd_version);
        stream.finish(StreamType::SYSTEM_INFO);
    }

    fn encode_exception(&mut self, record: format::ExceptionStream, context: Option<PartId>) -> Result<(), WriteError> {
        let mut stream = Encoder::new(self);
        let thread_context = stream.location(context)?;
        stream.put(format::ExceptionStream { thread_context, ..record }).refer(4, RvaWidth::Rva, context);
        stream.finish(StreamType::EXCEPTION);
        Ok(())
    }

    fn encode_threads(&mut self, threads: &[(Thread, Option<PartId>)]) -> Result<(), WriteError> {
        let mut list = Encoder::new(self);
        let count = list.count("MINIDUMP_THREAD_LIST", threads.len())?;
        list.put(count);
        for &(mut record, context) in threads {
            record.thread_context = list.location(context)?;
            record.stack.memory.rva = 0;
            list.put(record).refer(4, RvaWidth::Rva, context).refer_memory(24, &record.stack);
        }
        list.finish(StreamType::THREAD_LIST);
        Ok(())
    }

    fn encode_threads_ex(&mut self, threads: &[(ThreadEx, Option<PartId>)]) -> Result<(), WriteError> {
        let mut list = Encoder::new(self);
        let count = list.count("MINIDUMP_THREAD_EX_LIST", threads.len())?;
        list.put(count);
        for &(mut record, context) in threads {
            record.thread.thread_context = list.location(context)?;
            record.thread.stack.memory.rva = 0;
            record.backing_store.memory.rva = 0;
            list.put(record).refer(20, RvaWidth::Rva, context);
            list.refer_memory(40, &record.thread.stack);
            list.refer_memory(16, &record.backing_store);
        }
        list.finish(StreamType::THREAD_EX_LIST);
        Ok(())
    }

    fn encode_modules(&mut self, modules: &[ModuleRow]) -> Result<(), WriteError> {
        let mut list = Encoder::new(self);
        let count = list.count("MINIDUMP_MODULE_LIST", modules.len())?;
        list.put(count);
        for &ModuleRow { mut record, name, code_view, misc } in modules {
            record.module_name_rva = 0;
            record.cv_record = list.location(code_view)?;
            record.misc_record = list.location(misc)?;
            list.put(record).refer(108 - 20, RvaWidth::Rva, name).refer(108 - 80, RvaWidth::Rva, code_view).refer(
                108 - 88,
                RvaWidth::Rva,
                misc,
            );
        }
        list.finish(StreamType::MODULE_LIST);
        Ok(())
    }

    fn encode_handles(&mut self, handles: &[HandleRow]) -> Result<(), WriteError> {
        let mut list = Encoder::new(self);
        let number_of_descriptors = list.count("MINIDUMP_HANDLE_DATA_STREAM", handles.len())?;
        list.put(format::HandleDataStream {
            size_of_header: 16,
            size_of_descriptor: 40,
            number_of_descriptors,
            reserved: 0,
        });
        for &HandleRow { mut record, type_name, object_name, information } in handles {
            record.descriptor.type_name_rva = 0;
            record.descriptor.object_name_rva = 0;
            record.object_info_rva = 0;
            list.put(record).refer(40 - 8, RvaWidth::Rva, type_name).refer(40 - 12, RvaWidth::Rva, object_name).refer(
                40 - 32,
                RvaWidth::Rva,
                information,
            );
        }
        list.finish(StreamType::HANDLE_DATA);
        Ok(())
    }
}

/// The head of the Memory64 list.
pub(super) const fn memory64_head(number_of_memory_ranges: u64, base_rva: u64) -> Memory64List {
    Memory64List { number_of_memory_ranges, base_rva }
}
