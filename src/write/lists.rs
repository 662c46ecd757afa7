//! Converts typed lists to parts: records are encoded, and what they refer to becomes a reference.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::error::{Item, WriteError};
use crate::format::handle::{HandleDataStream, HandleDescriptor, HandleDescriptor2};
use crate::format::memory::MemoryInfoListHeader;
use crate::format::module::{UnloadedModule, UnloadedModuleListHeader};
use crate::format::thread::{ThreadEx, ThreadInfo, ThreadInfoListHeader, ThreadName};
use crate::format::{
    ExceptionStream, FieldOffset, LocationDescriptor, MemoryDescriptor, MemoryInfo, Module, Rva, Rva64, RvaWidth,
    StreamType, SystemInfo, Thread, size32,
};

use crate::write::builder::MinidumpBuilder;
use crate::write::encode::{self, Encode, fit32};
use crate::write::part::{PartId, Reference, ReferenceTarget};
use crate::write::part_bytes::{PartBytes, Rows};
use crate::write::records::{ComputedMemoryInfos, HandleRow, ModuleRow};

/// A type of fields that contain file offsets.
trait Position {
    const WIDTH: RvaWidth;
}

impl Position for Rva {
    const WIDTH: RvaWidth = RvaWidth::Rva;
}

impl Position for Rva64 {
    const WIDTH: RvaWidth = RvaWidth::Rva64;
}

/// The offset of a record in its stream.
struct Row<S> {
    start: usize,
    record: PhantomData<S>,
}

/// A stream under construction: its bytes, and the fields in them that refer to parts.
struct Encoder<'b, 'a> {
    builder: &'b mut MinidumpBuilder<'a>,
    bytes: Vec<u8>,
    references: Vec<(u64, RvaWidth, ReferenceTarget)>,
}

impl<'b, 'a> Encoder<'b, 'a> {
    fn new(builder: &'b mut MinidumpBuilder<'a>) -> Self {
        Self { builder, bytes: Vec::new(), references: Vec::new() }
    }

    fn put<S: Encode>(&mut self, value: S) -> Row<S> {
        let start = self.bytes.len();
        encode::put(&mut self.bytes, value);
        Row { start, record: PhantomData }
    }

    /// Returns a 32-bit count, or an error with the actual count.
    fn count(&mut self, name: &'static str, count: usize) -> Result<u32, WriteError> {
        fit32(Item { name, index: None }, count as u64, "entries")
    }

    /// Stores the file offset of `target` in a field of a record.
    fn refer<S, P: Position>(&mut self, row: &Row<S>, field: FieldOffset<S, P>, target: Option<PartId>) {
        if let Some(part) = target {
            self.reference(row, field, ReferenceTarget::Part(part));
        }
    }

    /// Stores the file offset of `target` in a location of a record.
    fn locate<S>(&mut self, row: &Row<S>, field: FieldOffset<S, LocationDescriptor>, target: Option<PartId>) {
        self.refer(row, field.then(LocationDescriptor::OFFSETS.rva), target);
    }

    /// Stores the file offset of the described bytes in a memory descriptor of a record.
    fn describe<S>(&mut self, row: &Row<S>, field: FieldOffset<S, MemoryDescriptor>, descriptor: &MemoryDescriptor) {
        let (address, size) = (descriptor.start_of_memory_range, u64::from(descriptor.memory.data_size));
        if size > 0 {
            let field = field.then(MemoryDescriptor::OFFSETS.memory).then(LocationDescriptor::OFFSETS.rva);
            self.reference(row, field, ReferenceTarget::MemoryRange { address, size });
        }
    }

    fn reference<S, P: Position>(&mut self, row: &Row<S>, field: FieldOffset<S, P>, target: ReferenceTarget) {
        self.references.push(((row.start + field.get()) as u64, P::WIDTH, target));
    }

    /// Returns the location of a part: its size, and 0 as the RVA, which a reference will fill in.
    fn location(&self, part: Option<PartId>) -> Result<LocationDescriptor, WriteError> {
        let Some(part) = part else {
            return Ok(LocationDescriptor::default());
        };
        let data_size = self.builder.part_size(part)?;
        Ok(LocationDescriptor { data_size, rva: 0 })
    }

    fn finish(self, stream_type: StreamType) -> PartId {
        let from = self.builder.stream(stream_type, self.bytes);
        let references = self.references.into_iter();
        self.builder.references.extend(references.map(|(position, width, target)| Reference {
            from,
            position,
            width,
            target,
        }));
        from
    }
}

impl<'a> MinidumpBuilder<'a> {
    fn part_size(&self, part: PartId) -> Result<u32, WriteError> {
        let part = self.parts.get(part.0 as usize).ok_or_else(|| part.foreign())?;
        fit32(part.item, part.bytes.len(), "bytes")
    }

    /// Converts every typed list to a stream of bytes with references.
    pub(super) fn encode_lists(&mut self) -> Result<(), WriteError> {
        let lists = core::mem::take(&mut self.lists);
        let mut after = lists.after_system_info;
        for (record, csd_version) in lists.system_infos {
            self.encode_system_info(record, csd_version, core::mem::take(&mut after));
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
            list.put(ThreadInfoListHeader {
                size_of_header: size32::<ThreadInfoListHeader>(),
                size_of_entry: size32::<ThreadInfo>(),
                number_of_entries,
            });
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
            list.put(UnloadedModuleListHeader {
                size_of_header: size32::<UnloadedModuleListHeader>(),
                size_of_entry: size32::<UnloadedModule>(),
                number_of_entries,
            });
            for (record, name) in rows {
                let row = list.put(UnloadedModule { module_name_rva: 0, ..record });
                list.refer(&row, UnloadedModule::OFFSETS.module_name_rva, name);
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
                let row = list.put(ThreadName { thread_id, rva_of_thread_name: 0 });
                list.refer(&row, ThreadName::OFFSETS.rva_of_thread_name, Some(name));
            }
            list.finish(StreamType::THREAD_NAMES);
        }
        Ok(())
    }

    fn encode_memory_infos(&mut self, ComputedMemoryInfos { count, row }: ComputedMemoryInfos<'a>) {
        let head = encode::encoded(MemoryInfoListHeader {
            size_of_header: size32::<MemoryInfoListHeader>(),
            size_of_entry: size32::<MemoryInfo>(),
            number_of_entries: count as u64,
        });
        let put = Box::new(move |index, out: &mut Vec<u8>| encode::put(out, row(index)));
        let rows = Rows { head, count, row_size: MemoryInfo::SIZE, put };
        self.stream_of(StreamType::MEMORY_INFO_LIST, PartBytes::Rows(Box::new(rows)));
    }

    fn encode_system_info(&mut self, record: SystemInfo, csd_version: Option<PartId>, after: Vec<u8>) {
        let more = after.len() as u64;
        let mut stream = Encoder::new(self);
        let row = stream.put(SystemInfo { csd_version_rva: 0, ..record });
        stream.bytes.extend(after);
        stream.refer(&row, SystemInfo::OFFSETS.csd_version_rva, csd_version);
        let part = stream.finish(StreamType::SYSTEM_INFO);
        if more > 0 {
            self.with_more = Some((part, more));
        }
    }

    fn encode_exception(&mut self, record: ExceptionStream, context: Option<PartId>) -> Result<(), WriteError> {
        let mut stream = Encoder::new(self);
        let thread_context = stream.location(context)?;
        let row = stream.put(ExceptionStream { thread_context, ..record });
        stream.locate(&row, ExceptionStream::OFFSETS.thread_context, context);
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
            let row = list.put(record);
            list.locate(&row, Thread::OFFSETS.thread_context, context);
            list.describe(&row, Thread::OFFSETS.stack, &record.stack);
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
            let row = list.put(record);
            list.locate(&row, ThreadEx::OFFSETS.thread.then(Thread::OFFSETS.thread_context), context);
            list.describe(&row, ThreadEx::OFFSETS.thread.then(Thread::OFFSETS.stack), &record.thread.stack);
            list.describe(&row, ThreadEx::OFFSETS.backing_store, &record.backing_store);
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
            let row = list.put(record);
            list.refer(&row, Module::OFFSETS.module_name_rva, name);
            list.locate(&row, Module::OFFSETS.cv_record, code_view);
            list.locate(&row, Module::OFFSETS.misc_record, misc);
        }
        list.finish(StreamType::MODULE_LIST);
        Ok(())
    }

    fn encode_handles(&mut self, handles: &[HandleRow]) -> Result<(), WriteError> {
        let mut list = Encoder::new(self);
        let number_of_descriptors = list.count("MINIDUMP_HANDLE_DATA_STREAM", handles.len())?;
        list.put(HandleDataStream {
            size_of_header: size32::<HandleDataStream>(),
            size_of_descriptor: size32::<HandleDescriptor2>(),
            number_of_descriptors,
            reserved: 0,
        });
        for &HandleRow { mut record, type_name, object_name, information } in handles {
            record.descriptor.type_name_rva = 0;
            record.descriptor.object_name_rva = 0;
            record.object_info_rva = 0;
            let row = list.put(record);
            let descriptor = HandleDescriptor2::OFFSETS.descriptor;
            list.refer(&row, descriptor.then(HandleDescriptor::OFFSETS.type_name_rva), type_name);
            list.refer(&row, descriptor.then(HandleDescriptor::OFFSETS.object_name_rva), object_name);
            list.refer(&row, HandleDescriptor2::OFFSETS.object_info_rva, information);
        }
        list.finish(StreamType::HANDLE_DATA);
        Ok(())
    }
}
