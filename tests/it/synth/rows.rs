//! Writes the records of a synthetic dump, field by field.

use super::Label;
use super::dump::Shape;
use super::encode::{Deferred, Encoder};
use super::records::*;

impl Encoder {
    pub(super) fn thread(&mut self, thread: Thread, extended: bool) {
        self.bytes.u32(thread.id).u32(thread.suspend_count).u32(thread.priority_class).u32(thread.priority);
        self.bytes.u64(thread.teb);
        self.stack(thread.stack);
        match (thread.context, self.contexts.get(&thread.id).copied()) {
            (Part::Bytes(context), Some((label, size))) if !self.parts.iter().any(|(it, _)| *it == label) => {
                self.bytes.u32(size).rva(label);
                self.parts.push((label, Deferred::Bytes(context)));
            }
            (context, _) => self.part(context),
        }
        if extended {
            self.stack(thread.backing_store);
        }
    }

    pub(super) fn module(&mut self, module: Module) {
        self.bytes.u64(module.base).u32(module.size).u32(module.checksum).u32(module.timestamp);
        self.text(module.name);
        self.bytes.u32s(&module.version);
        self.part(module.code_view);
        self.part(module.misc);
        self.bytes.u64s(&module.reserved);
    }

    pub(super) fn unloaded(&mut self, module: UnloadedModule) {
        self.bytes.u64(module.base).u32(module.size).u32(module.checksum).u32(module.timestamp);
        self.text(module.name);
    }

    pub(super) fn memory_info(&mut self, info: MemoryInfo) {
        self.bytes.u64(info.base).u64(info.allocation_base).u32(info.allocation_protect).u32(info.alignment[0]);
        self.bytes.u64(info.size).u32(info.state).u32(info.protect).u32(info.kind).u32(info.alignment[1]);
    }

    pub(super) fn thread_info(&mut self, info: ThreadInfo) {
        self.bytes.u32(info.id).u32(info.flags).u32(info.error).u32(info.exit_status);
        self.bytes.u64s(&info.times).u64(info.start_address).u64(info.affinity);
    }

    pub(super) fn thread_name(&mut self, (thread, name): (u32, Text)) {
        self.bytes.u32(thread);
        match name {
            Text::None => {
                self.bytes.u64(0);
            }
            Text::At(rva) => {
                self.bytes.u64(rva);
            }
            name => {
                let label = self.bytes.label();
                self.bytes.rva64(label);
                self.parts.push((label, Deferred::Text(name)));
            }
        }
    }

    pub(super) fn exception(&mut self, exception: Exception) {
        self.bytes.u32(exception.thread).u32(exception.alignment[0]).u32(exception.code).u32(exception.flags);
        self.bytes.u64(exception.record).u64(exception.address).u32(exception.parameters).u32(exception.alignment[1]);
        self.bytes.u64s(&exception.information);
        self.part(exception.context);
    }

    pub(super) fn system_info(&mut self, info: SystemInfo) {
        self.bytes.u16(info.architecture).u16(info.level).u16(info.revision).u8(info.processors).u8(info.product);
        self.bytes.u32(info.major).u32(info.minor).u32(info.build).u32(info.platform);
        self.text(info.service_pack);
        self.bytes.u16(info.suite).u16(info.reserved).raw(info.cpu);
    }

    pub(super) fn misc_info(&mut self, info: &MiscInfo) {
        let end = self.bytes.len() as usize + info.size;
        let zone = &info.time_zone;
        self.bytes.u32(info.size_of_info.unwrap_or(info.size as u32)).u32(info.flags).u32(info.process_id);
        self.bytes.u32s(&info.times).u32s(&info.power).u32s(&info.process).u32(zone.id).i32(zone.bias);
        self.bytes.utf16_field(&zone.standard_name, 32).u16s(&zone.standard_date).i32(zone.standard_bias);
        self.bytes.utf16_field(&zone.daylight_name, 32).u16s(&zone.daylight_date).i32(zone.daylight_bias);
        self.bytes.utf16_field(&info.build, 260).utf16_field(&info.debugger_build, 40);
        self.bytes.u32(528).u32(info.xstate_context_size).u64(info.xstate_features).u32s(info.xstate.as_flattened());
        self.bytes.u32(info.cookie).resize(end);
    }

    pub(super) fn handle(&mut self, handle: Handle, extended: bool) {
        self.bytes.u64(handle.handle);
        self.text(handle.type_name);
        self.text(handle.object_name);
        self.bytes.u32(handle.attributes).u32(handle.access).u32(handle.handles).u32(handle.pointers);
        if extended {
            self.objects(handle.objects, handle.objects_in_a_circle);
            self.bytes.u32(handle.reserved);
        }
    }

    pub(super) fn objects(&mut self, objects: Vec<ObjectInfo>, in_a_circle: bool) {
        let labels: Vec<Label> = objects.iter().map(|_| self.bytes.label()).collect();
        let Some(first) = labels.first().copied() else {
            self.bytes.u32(0);
            return;
        };
        self.bytes.rva(first);
        for (index, object) in objects.into_iter().enumerate() {
            let next = labels.get(index + 1).copied().or(in_a_circle.then_some(first));
            self.parts.push((labels[index], Deferred::Object(object, next)));
        }
    }

    pub(super) fn function_tables(&mut self, tables: &[FunctionTable], shape: &Shape) {
        let native = tables.first().map_or(0, |table| table.native.len());
        let entry = tables.first().map_or(0, |table| table.entry_size);
        let header = shape.header_size.unwrap_or(24);
        let count = shape.count.unwrap_or(tables.len() as u64) as u32;
        let descriptor = shape.entry_size.unwrap_or(32);
        self.bytes.u32s(&[header, descriptor, native as u32, entry as u32, count, header.saturating_sub(24)]);
        self.bytes.filler(header.saturating_sub(24) as usize);
        for table in tables {
            let entries = table.entries.len().checked_div(table.entry_size).unwrap_or_default() as u32;
            self.bytes.u64(table.minimum).u64(table.maximum).u64(table.base).u32(entries).u32(table.padding as u32);
            self.bytes.filler(descriptor.saturating_sub(32) as usize);
            self.bytes.raw(&table.native).raw(&table.entries).filler(table.padding);
        }
    }

    pub(super) fn tokens(&mut self, tokens: &[Token], shape: &Shape) {
        let header = shape.header_size.unwrap_or(16);
        let elements: usize = tokens.iter().map(|token| 16 + token.data.len()).sum();
        let count = shape.count.unwrap_or(tokens.len() as u64) as u32;
        self.bytes.u32s(&[header + elements as u32, count, header, shape.entry_size.unwrap_or(16)]);
        self.bytes.filler(header.saturating_sub(16) as usize);
        for token in tokens {
            self.bytes.u32(16 + token.data.len() as u32).u32(token.id).u64(token.handle).raw(&token.data);
        }
    }
}
