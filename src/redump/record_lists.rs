//! Copies lists of records that refer to other data: threads, modules, handles.

use std::collections::HashSet;

use crate::error::ReadError;
use crate::format::handle::{HandleDataStream, HandleDescriptor2};
use crate::format::module::{UnloadedModule, UnloadedModuleListHeader};
use crate::format::thread::{ThreadEx, ThreadName};
use crate::format::{LocationDescriptor, MemoryDescriptor, Module, StreamType, Thread};
use crate::read::handle::HandleData;
use crate::read::module::UnloadedModuleList;
use crate::read::thread::{ThreadExList, ThreadNames};
use crate::read::{Interval, ModuleList, RawStream, ThreadList};

use crate::redump::accounts::COUNT;
use crate::redump::record_rules::{HANDLE, MODULE, THREAD, THREAD_EX, UNLOADED_MODULE};
use crate::redump::report::Outcome;
use crate::redump::transcode::Transcoder;
use crate::redump::unused_bytes::clear_module;

impl<'s> Transcoder<'s, '_> {
    pub(super) fn threads(&mut self, stream: &RawStream<'s>, list: ThreadList<'s>) -> Outcome {
        const LIST: StreamType = StreamType::THREAD_LIST;
        self.report.list_fault(LIST, &list);
        self.carrier.accounts.list(stream, &list, (COUNT, Thread::SIZE));
        self.carrier.builder.list(LIST);
        for ((thread, stack), item) in list.iter().zip(&self.selection.stacks).zip(0..) {
            if self.threads_left_out.contains(&thread.id()) {
                self.report.threads_left_out += 1;
                continue;
            }
            let edit = self.hooks.mapped_thread(&thread);
            let asked = Thread { thread_context: thread.raw().thread_context, ..edit.record };
            let mut raw = asked;
            let context = self.edited_part("context", edit.context, |this| {
                let context =
                    thread.context().and_then(|context| this.carrier.context(context, raw.thread_context, true));
                this.context_or_fault((LIST, item, "context"), context)
            });
            raw.teb = self.source.written(raw.teb);
            raw.stack = self.memory((LIST, item, "stack"), &raw.stack, *stack);
            self.carrier.accounts.record(&asked, &raw, &THREAD);
            self.carrier.builder.thread(raw, context);
            self.first_thread.get_or_insert((raw.thread_id, context));
        }
        Outcome::Rewritten
    }

    /// Returns the descriptor of a stack. Without bytes it keeps its address, as written by producers that skip a
    /// stack.
    fn memory(
        &mut self,
        (stream_type, item, what): (StreamType, u64, &'static str),
        source: &MemoryDescriptor,
        selected: Option<Interval>,
    ) -> MemoryDescriptor {
        self.carrier.accounts.range_address(source.start_of_memory_range);
        self.carrier.accounts.stack(self.source, source);
        let needed = u64::from(source.memory.data_size);
        if selected.is_none() && needed > 0 && self.source.described(source).is_none() {
            // Neither its own file position nor a memory list led to bytes.
            let error = ReadError::Truncated { what, offset: source.memory.rva.into(), needed, available: 0 };
            self.report.fault(stream_type, item, what, error);
        }
        let (start, size) = selected.map_or((source.start_of_memory_range, 0), |it| (it.start, it.size()));
        MemoryDescriptor {
            start_of_memory_range: self.source.written(start),
            memory: LocationDescriptor { data_size: u32::try_from(size).unwrap_or(u32::MAX), rva: 0 },
        }
    }

    /// Copies the threads of a ThreadExList, each with its backing store.
    pub(super) fn threads_ex(&mut self, stream: &RawStream<'s>, list: ThreadExList<'s>) -> Outcome {
        const LIST: StreamType = StreamType::THREAD_EX_LIST;
        self.report.list_fault(LIST, &list);
        self.carrier.accounts.list(stream, &list, (COUNT, ThreadEx::SIZE));
        for ((thread, [stack, backing_store]), item) in list.iter().zip(&self.selection.extended).zip(0..) {
            if self.threads_left_out.contains(&thread.thread().id()) {
                continue;
            }
            let mut raw = *thread.raw();
            let context =
                thread.context().and_then(|context| self.carrier.context(context, raw.thread.thread_context, false));
            let context = self.context_or_fault((LIST, item, "context"), context);
            raw.thread.teb = self.source.written(raw.thread.teb);
            raw.thread.stack = self.memory((LIST, item, "stack"), &raw.thread.stack, *stack);
            raw.backing_store = self.memory((LIST, item, "backing store"), &raw.backing_store, *backing_store);
            self.carrier.accounts.record(thread.raw(), &raw, &THREAD_EX);
            self.carrier.builder.thread_ex(raw, context);
        }
        Outcome::Rewritten
    }

    pub(super) fn modules(&mut self, stream: &RawStream<'s>, list: ModuleList<'s>) -> Outcome {
        const LIST: StreamType = StreamType::MODULE_LIST;
        let mut empty = None;
        self.report.list_fault(LIST, &list);
        self.carrier.accounts.list(stream, &list, (COUNT, Module::SIZE));
        self.carrier.builder.list(LIST);
        for (module, item) in list.iter().zip(0..) {
            if !self.hooks.keeps_module(&module) {
                self.report.modules_left_out += 1;
                continue;
            }
            let edit = self.hooks.mapped_module(&module);
            let mut raw = edit.record;
            if self.carrier.is_private {
                clear_module(&mut raw);
            }
            raw.base_of_image = self.source.written(raw.base_of_image);
            let name = self.edited_text(edit.name, |this| {
                let name = this.carrier.module_name(module.raw().module_name_rva.into()).map(Some);
                this.or_fault((LIST, item, "name"), name)
            });
            let code_view = self.edited_part("CodeView record", edit.code_view, |this| {
                let code_view = this.carrier.code_view(&module);
                this.or_fault((LIST, item, "CodeView record"), code_view)
            });
            let misc = self.carrier.debug_misc(module.raw().misc_record);
            let misc = self.or_fault((LIST, item, "miscellaneous record"), misc);
            // Many readers reject the whole list if a name position is invalid.
            let name = name.unwrap_or_else(|| *empty.get_or_insert_with(|| self.carrier.builder.text("")));
            self.carrier.accounts.record(&edit.record, &raw, &MODULE);
            self.carrier.builder.module(raw, name, code_view, misc);
        }
        Outcome::Rewritten
    }

    pub(super) fn unloaded_modules(&mut self, stream: &RawStream<'s>, list: UnloadedModuleList<'s>) -> Outcome {
        const LIST: StreamType = StreamType::UNLOADED_MODULE_LIST;
        self.report.list_fault(LIST, &list);
        self.carrier.accounts.list(stream, &list, (UnloadedModuleListHeader::SIZE, UnloadedModule::SIZE));
        self.carrier.builder.list(LIST);
        // Producers append, so the last entries are the newest.
        let too_many = list.len().saturating_sub(self.options.engine().most_unloaded_modules());
        self.carrier
            .accounts
            .lose_many("unloaded modules beyond the newest 10,000, which the debugger does not accept", too_many);
        let skipped = usize::try_from(too_many).unwrap_or(usize::MAX);
        for (module, item) in list.iter().zip(0..).skip(skipped) {
            if !self.hooks.keeps_unloaded_module(&module) {
                continue;
            }
            let edit = self.hooks.mapped_unloaded_module(&module);
            let mut raw = edit.record;
            raw.base_of_image = self.source.written(raw.base_of_image);
            let name = self.edited_text(edit.name, |this| {
                let name = match module.raw().module_name_rva {
                    0 => Ok(None),
                    rva => this.carrier.module_name(rva.into()).map(Some),
                };
                this.or_fault((LIST, item, "name"), name)
            });
            self.carrier.accounts.record(&edit.record, &raw, &UNLOADED_MODULE);
            self.carrier.builder.unloaded_module(raw, name);
        }
        Outcome::Rewritten
    }

    pub(super) fn thread_names(&mut self, stream: &RawStream<'s>, list: ThreadNames<'s>) -> Outcome {
        const LIST: StreamType = StreamType::THREAD_NAMES;
        self.report.list_fault(LIST, &list);
        self.carrier.accounts.list(stream, &list, (COUNT, ThreadName::SIZE));
        self.carrier.builder.list(LIST);
        let renamed: HashSet<u32> = self.hooks.thread_names.iter().map(|(id, _)| *id).collect();
        for (name, item) in list.iter().zip(0..) {
            if self.threads_left_out.contains(&name.thread_id()) || renamed.contains(&name.thread_id()) {
                continue;
            }
            let text = self.carrier.text(name.raw().rva_of_thread_name).map(Some);
            if let Some(text) = self.or_fault((LIST, item, "name"), text) {
                self.carrier.builder.thread_name(name.thread_id(), text);
            }
        }
        Outcome::Rewritten
    }

    pub(super) fn handles(&mut self, stream: &RawStream<'s>, list: HandleData<'s>) -> Outcome {
        const LIST: StreamType = StreamType::HANDLE_DATA;
        self.report.list_fault(LIST, &list);
        // The field after the entry count is reserved, and not kept.
        let known = HandleDataStream::OFFSETS.reserved.get();
        self.carrier.accounts.list(stream, &list, (known, HandleDescriptor2::SIZE));
        self.carrier.builder.list(LIST);
        for (handle, item) in list.iter().zip(0..) {
            let mut raw = *handle.raw();
            if self.carrier.is_private {
                raw.reserved0 = 0;
            }
            let type_name = self.carrier.optional_text(raw.descriptor.type_name_rva);
            let type_name = self.or_fault((LIST, item, "type name"), type_name);
            let object_name = self.carrier.optional_text(raw.descriptor.object_name_rva);
            let object_name = self.or_fault((LIST, item, "object name"), object_name);
            let (information, fault) = self.carrier.objects(handle.object_information());
            if let Some(error) = fault {
                self.report.fault(LIST, item, "object information", error);
            }
            self.carrier.accounts.record(handle.raw(), &raw, &HANDLE);
            self.carrier.builder.handle(raw, type_name, object_name, information);
        }
        Outcome::Rewritten
    }
}
