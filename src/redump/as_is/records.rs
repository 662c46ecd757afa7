//! Applies the record changes of a program to the streams that contain the records.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use std::collections::HashSet;

use crate::format::module::UnloadedModuleListHeader;
use crate::format::thread::{ThreadEx, ThreadInfoListHeader, ThreadName};
use crate::format::{ExceptionStream, Module, RvaWidth, StreamType, Thread, module};
use crate::read::list::Record;
use crate::read::{List, Minidump, Stream};
use crate::write::encoded;

use crate::redump::as_is::inventory::Held;
use crate::redump::as_is::stream_edit::{Edited, Link, NewPart, StreamEdit, To};
use crate::redump::edits::Linked;
use crate::redump::hooks::Hooks;
use crate::redump::report::Report;

/// The changes to records.
pub(super) struct Records<'r, 'h> {
    pub(super) hooks: &'r Hooks<'h>,
    /// The IDs of the threads that are left out.
    pub(super) left_out: HashSet<u32>,
    /// Names for threads that are not in a list of names yet.
    pub(super) thread_names: BTreeMap<u32, &'r [u8]>,
    pub(super) new: Vec<NewPart>,
}

/// Returns the offset of the first entry, the size of an entry, and the number of entries.
fn entries<'a, R: Record<'a>>(held: &Held<'a>, list: &List<'a, R>) -> (u64, u64, u64) {
    (list.entry_offset(0).saturating_sub(held.stream.offset()), list.entry_size(), list.len())
}

/// Returns a changed record with the locations of the old one.
fn in_place(old: &Thread, changed: Thread) -> Thread {
    let mut record = Thread { thread_context: old.thread_context, ..changed };
    record.stack.memory.rva = old.stack.memory.rva;
    record
}

impl<'r, 'h> Records<'r, 'h> {
    pub(super) fn new(dump: &Minidump<'_>, hooks: &'r Hooks<'h>) -> Self {
        let thread_names = hooks.thread_names.iter().map(|(id, name)| (*id, name.as_slice())).collect();
        Self { hooks, left_out: hooks.threads_left_out(dump), thread_names, new: Vec::new() }
    }

    /// Returns the new contents of a stream, or `None` if they do not change.
    ///
    /// Of streams that share bytes, only as many are processed as fit the size of the file.
    pub(super) fn edited<'a>(&mut self, held: &Held<'a>, report: &mut Report) -> Option<Edited> {
        if held.is_unreadable || !self.hooks.change_records() {
            return None;
        }
        match Stream::decode(&held.stream).ok()? {
            Stream::ThreadList(list) => self.threads(held, &list, report),
            Stream::ThreadExList(list) => {
                let mut edit = StreamEdit::new(held, entries(held, &list), 0);
                for (thread, index) in list.iter().zip(0..) {
                    if self.left_out.contains(&thread.thread().id()) {
                        edit.drop_entry(index);
                        continue;
                    }
                    let change = self.hooks.mapped_thread(&thread.thread());
                    let raw = *thread.raw();
                    let changed = ThreadEx { thread: in_place(&raw.thread, change.record), ..raw };
                    edit.record(index, &encoded(raw), &encoded(changed));
                    let context = ThreadEx::OFFSETS.thread.then(Thread::OFFSETS.thread_context);
                    edit.relocate(index, context, change.context, &mut self.new);
                }
                edit.finish()
            }
            Stream::ThreadInfoList(list) => {
                let count = ThreadInfoListHeader::OFFSETS.number_of_entries.get() as u64;
                let mut edit = StreamEdit::new(held, entries(held, &list), count);
                let left_out = list.iter().zip(0..).filter(|(info, _)| self.left_out.contains(&info.id()));
                left_out.for_each(|(_, index)| edit.drop_entry(index));
                edit.finish()
            }
            Stream::ThreadNames(list) => {
                let mut edit = StreamEdit::new(held, entries(held, &list), 0);
                let mut met = HashSet::new();
                for (name, index) in list.iter().zip(0..) {
                    if self.left_out.contains(&name.thread_id()) {
                        edit.drop_entry(index);
                    } else if let Some(text) = self.thread_names.get(&name.thread_id()) {
                        edit.refer(index, ThreadName::OFFSETS.rva_of_thread_name, RvaWidth::Rva64, self.new.len());
                        self.new.push(NewPart::text(text));
                        met.insert(name.thread_id());
                    }
                }
                self.thread_names.retain(|id, _| !met.contains(id));
                core::mem::take(&mut self.thread_names).into_iter().for_each(|(id, name)| {
                    edit.add_entry(self.thread_name(id, name));
                });
                edit.finish()
            }
            Stream::ModuleList(list) => self.modules(held, &list, report),
            Stream::UnloadedModuleList(list) => {
                let count = UnloadedModuleListHeader::OFFSETS.number_of_entries.get() as u64;
                let mut edit = StreamEdit::new(held, entries(held, &list), count);
                for (unloaded, index) in list.iter().zip(0..) {
                    if !self.hooks.keeps_unloaded_module(&unloaded) {
                        edit.drop_entry(index);
                        continue;
                    }
                    let change = self.hooks.mapped_unloaded_module(&unloaded);
                    let raw = *unloaded.raw();
                    let changed = module::UnloadedModule { module_name_rva: raw.module_name_rva, ..change.record };
                    edit.record(index, &encoded(raw), &encoded(changed));
                    if let Linked::Replaced(name) = change.name {
                        let field = module::UnloadedModule::OFFSETS.module_name_rva;
                        edit.refer(index, field, RvaWidth::Rva, self.new.len());
                        self.new.push(NewPart::text(&name));
                    }
                }
                edit.finish()
            }
            Stream::Exception(exception) => {
                let mut edit = StreamEdit::new(held, (0, held.own, 1), 0);
                let change = self.hooks.mapped_exception(&exception);
                let raw = *exception.raw();
                let changed = ExceptionStream { thread_context: raw.thread_context, ..change.record };
                edit.record(0, &encoded(raw), &encoded(changed));
                edit.relocate(0, ExceptionStream::OFFSETS.thread_context, change.context, &mut self.new);
                edit.finish()
            }
            _ => None,
        }
    }

    fn threads<'a>(
        &mut self,
        held: &Held<'a>,
        list: &crate::read::ThreadList<'a>,
        report: &mut Report,
    ) -> Option<Edited> {
        let mut edit = StreamEdit::new(held, entries(held, list), 0);
        for (thread, index) in list.iter().zip(0..) {
            if self.left_out.contains(&thread.id()) {
                report.threads_left_out += 1;
                edit.drop_entry(index);
                continue;
            }
            let change = self.hooks.mapped_thread(&thread);
            let raw = *thread.raw();
            edit.record(index, &encoded(raw), &encoded(in_place(&raw, change.record)));
            edit.relocate(index, Thread::OFFSETS.thread_context, change.context, &mut self.new);
        }
        edit.finish()
    }

    fn modules<'a>(
        &mut self,
        held: &Held<'a>,
        list: &crate::read::ModuleList<'a>,
        report: &mut Report,
    ) -> Option<Edited> {
        let mut edit = StreamEdit::new(held, entries(held, list), 0);
        for (module, index) in list.iter().zip(0..) {
            if !self.hooks.keeps_module(&module) {
                report.modules_left_out += 1;
                edit.drop_entry(index);
                continue;
            }
            let change = self.hooks.mapped_module(&module);
            let raw = *module.raw();
            let Module { module_name_rva, cv_record, misc_record, .. } = raw;
            let changed = Module { module_name_rva, cv_record, misc_record, ..change.record };
            edit.record(index, &encoded(raw), &encoded(changed));
            if let Linked::Replaced(name) = change.name {
                edit.refer(index, Module::OFFSETS.module_name_rva, RvaWidth::Rva, self.new.len());
                self.new.push(NewPart::text(&name));
            }
            edit.relocate(index, Module::OFFSETS.cv_record, change.code_view, &mut self.new);
        }
        edit.finish()
    }

    /// Returns the entry that names a thread; its text becomes a new part.
    fn thread_name(&mut self, id: u32, name: &[u8]) -> NewPart {
        let mut entry = NewPart::plain(encoded(ThreadName { thread_id: id, rva_of_thread_name: 0 }));
        let field = ThreadName::OFFSETS.rva_of_thread_name.get() as u64;
        entry.links.insert(field, Link { width: RvaWidth::Rva64, to: To::New(self.new.len()) });
        self.new.push(NewPart::text(name));
        entry
    }

    /// Creates a list of the remaining names, if there are any, and returns its part index.
    pub(super) fn new_thread_names(&mut self) -> Option<(StreamType, usize)> {
        let names = core::mem::take(&mut self.thread_names);
        let count = u32::try_from(names.len()).ok().filter(|count| *count > 0)?;
        let mut list = NewPart::plain(count.to_le_bytes());
        for (id, name) in names {
            let entry = self.thread_name(id, name);
            let start = list.bytes.len() as u64;
            list.links.extend(entry.links.into_iter().map(|(at, link)| (start + at, link)));
            list.bytes.extend(entry.bytes);
        }
        self.new.push(list);
        Some((StreamType::THREAD_NAMES, self.new.len() - 1))
    }
}
