//! Checks each stream. There is a method for each kind of view, which the table of streams refers to.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::handle::HandleObjectInformation;
use crate::format::{LocationDescriptor, StreamType, typed_streams};
use crate::read::check::finding::FindingCode;
use crate::read::context::registers::Context;
use crate::read::exception::stream::Exception;
use crate::read::function_table::FunctionTableList;
use crate::read::handle::{Handle, HandleData};
use crate::read::list::entries::{List, Record};
use crate::read::memory::by_address::Memory;
use crate::read::memory::lists::{MemoryList, MemoryRange};
use crate::read::minidump::Minidump;
use crate::read::module::list::{HostModuleList, Module, ModuleList, UnloadedModuleList};
use crate::read::raw_stream::RawStream;
use crate::read::references::parts;
use crate::read::streams::Stream;
use crate::read::system::info::SystemInfo;
use crate::read::system::misc::MiscInfo;
use crate::read::system::token::TokenInfoList;
use crate::read::text::utf16::Utf16;
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::{Thread, ThreadList, ThreadNames};

use crate::read::check::state::{Check, Place};

/// Generates the dispatch from a view to its method in the table of streams.
macro_rules! checks {
    ($(
        $constant:ident = $number:literal, $name:literal, $variant:ident($view:ty),
        check $check:ident, rewrite [$($rewrite:ident)?], refers [$($refers:ident)?], paths [$($paths:ident)?],
        used [$($used:ident)?];
    )*) => {
        impl<'a> Check<'a, '_> {
            /// Checks one stream.
            pub(crate) fn stream(&mut self, stream: &RawStream<'a>, decoded: &Stream<'a>) {
                match decoded {
                    Stream::Unused | Stream::Raw(_) => {}
                    $(Stream::$variant(view) => self.$check(stream, view),)*
                }
            }
        }
    };
}

typed_streams!(checks);

impl<'a> Check<'a, '_> {
    /// For streams that may have any content.
    fn nothing<T>(&mut self, _: &RawStream<'a>, _: &T) {}

    /// For streams whose view does not follow their references.
    fn references<T>(&mut self, stream: &RawStream<'a>, _: &T) {
        let place = Place::stream(stream);
        match parts(stream) {
            Ok(found) => {
                for part in found.parts.iter().skip(1) {
                    self.refuse_memory(place, "part of a stream", part.offset, part.bytes.len() as u64);
                }
                for fault in found.faults {
                    self.report(FindingCode::ReferenceOutsideFile, place, fault);
                }
            }
            Err(error) => self.report(FindingCode::ReferencesExceedFile, place, error),
        }
    }

    fn threads(&mut self, stream: &RawStream<'a>, list: &ThreadList<'a>) {
        self.list(stream, list, Self::thread);
        self.thread_ids(stream, list, Thread::id);
    }

    fn threads_ex(&mut self, stream: &RawStream<'a>, list: &ThreadExList<'a>) {
        self.list(stream, list, |check, place, thread| {
            check.thread(place, thread.thread());
            let store = thread.backing_store().filter(|store| store.offset != 0);
            check.range(place, store.as_ref());
        });
        self.thread_ids(stream, list, |thread| thread.thread().id());
    }

    fn host_modules(&mut self, stream: &RawStream<'a>, list: &HostModuleList<'a>) {
        self.modules(stream, list.modules());
    }

    fn memory(&mut self, stream: &RawStream<'a>, list: &MemoryList<'a>) {
        self.list(stream, list, |check, place, range| check.range(place, Some(&range)));
    }

    fn system_info(&mut self, stream: &RawStream<'a>, system: &SystemInfo<'a>) {
        self.name(Place::stream(stream), system.raw().csd_version_rva.into(), || system.csd_version());
        self.plausible_system(Place::stream(stream), system);
    }

    fn unloaded_modules(&mut self, stream: &RawStream<'a>, list: &UnloadedModuleList<'a>) {
        self.list(stream, list, |check, place, module| {
            check.name(place, module.raw().module_name_rva.into(), || module.name().map(Some));
        });
    }

    fn thread_names(&mut self, stream: &RawStream<'a>, list: &ThreadNames<'a>) {
        self.list(stream, list, |check, place, thread| {
            check.name(place, thread.raw().rva_of_thread_name, || thread.name().map(Some));
        });
    }

    fn handles(&mut self, stream: &RawStream<'a>, list: &HandleData<'a>) {
        self.list(stream, list, |check, place, handle| check.handle(place, &handle));
    }

    fn function_tables(&mut self, stream: &RawStream<'a>, list: &FunctionTableList<'a>) {
        /// The size that Windows reserves to align the header and each of the tables; how much of it is used is not
        /// recorded.
        const ALIGNMENT: u64 = 4;
        self.truncated(stream, list.fault());
        let room = (u64::from(list.declared_len()) + 1).saturating_mul(ALIGNMENT);
        let size = stream.declared_size();
        if let Some(proven) = list.proven_size().filter(|proven| !(*proven..=proven + room).contains(&size)) {
            self.wrong_size(Place::stream(stream), "MINIDUMP_FUNCTION_TABLE_STREAM", "DataSize", (size, proven));
        }
    }

    fn tokens(&mut self, stream: &RawStream<'a>, list: &TokenInfoList<'a>) {
        const WHAT: &str = "MINIDUMP_TOKEN_INFO_LIST";
        self.truncated(stream, list.fault());
        let size = stream.declared_size();
        match list.proven_size() {
            Some(proven) if proven != size => self.wrong_size(Place::stream(stream), WHAT, "DataSize", (size, proven)),
            _ => {
                let declared = u64::from(list.raw().token_list_size);
                if declared != size {
                    self.wrong_size(Place::stream(stream), WHAT, "TokenListSize", (declared, size));
                }
            }
        }
    }

    /// Compares the number of entries with the size of the stream.
    pub(crate) fn entries<R: Record<'a>>(&mut self, stream: &RawStream<'a>, list: &List<'a, R>) {
        self.truncated(stream, list.fault());
        let end = list.entry_offset(list.declared_len());
        let room = stream.offset().saturating_add(stream.declared_size()).saturating_sub(end);
        // Wine includes the names of its host modules in the stream, and other writers may do so elsewhere.
        if room > 0 && room % list.entry_size() == 0 {
            self.report(FindingCode::ListSmallerThanStream, Place::stream(stream), None);
            return;
        }
        let proven = list.proven_end().map(|end| end.saturating_sub(stream.offset()));
        if let Some(needed) = proven.filter(|needed| is_read_by_debugger(stream) && *needed != stream.declared_size()) {
            self.wrong_size(Place::stream(stream), R::LIST, "DataSize", (stream.declared_size(), needed));
        }
    }

    fn misc_info(&mut self, stream: &RawStream<'a>, misc: &MiscInfo<'a>) {
        let sizes =
            (u64::from(misc.raw().misc_info4.misc_info3.misc_info2.misc_info.size_of_info), stream.declared_size());
        if sizes.0 != sizes.1 {
            self.wrong_size(Place::stream(stream), "MINIDUMP_MISC_INFO", "SizeOfInfo", sizes);
        }
    }

    /// Reports a size that is not the proven one.
    fn wrong_size(&mut self, place: Place, what: &'static str, field: &'static str, (found, proven): (u64, u64)) {
        let error = ReadError::SizeDiffers { what, offset: place.offset, field, found, proven };
        self.report(FindingCode::StreamSizeWrong, place, error);
    }

    /// Reports a list that is cut short, unless its stream is: that has already been reported.
    fn truncated(&mut self, stream: &RawStream<'a>, fault: Option<ReadError>) {
        if let Some(fault) = fault.filter(|_| stream.fault().is_none()) {
            self.report(FindingCode::ListTruncated, Place::stream(stream), fault);
        }
    }

    fn list<R: Record<'a>>(
        &mut self,
        stream: &RawStream<'a>,
        list: &List<'a, R>,
        mut each: impl FnMut(&mut Self, Place, R),
    ) {
        self.entries(stream, list);
        for (index, entry) in (0..).zip(list) {
            let place = Place { entry: Some(index), offset: list.entry_offset(index), ..Place::stream(stream) };
            each(self, place, entry);
        }
    }

    fn process_modules(&mut self, stream: &RawStream<'a>, list: &ModuleList<'a>) {
        self.modules(stream, list);
        self.plausible_modules(stream, list);
    }

    fn modules(&mut self, stream: &RawStream<'a>, list: &ModuleList<'a>) {
        self.list(stream, list, |check, place, module: Module<'a>| {
            check.name(place, module.raw().module_name_rva.into(), || module.name().map(Some));
            // The record is not decoded, because the paths of many modules may be the same long record.
            if let Err(error) = module.code_view_record() {
                check.report(FindingCode::CodeViewUnreadable, place, error);
            }
            if let Err(error) = module.misc_record() {
                check.report(FindingCode::MiscRecordUnreadable, place, error);
            }
            let raw = module.raw();
            let records = [("CodeView record", raw.cv_record), ("IMAGE_DEBUG_MISC", raw.misc_record)];
            // A position of 0 means that there is no record.
            for (what, location) in records.into_iter().filter(|(_, location)| location.rva != 0) {
                check.refuse_memory(place, what, location.rva.into(), location.data_size.into());
            }
        });
    }

    fn thread(&mut self, place: Place, thread: Thread<'a>) {
        self.context(place, thread.raw().thread_context, thread.context());
        let stack = &thread.raw().stack;
        match (stack.memory.data_size, stack.memory.rva) {
            (0, _) => {}
            (_, 0) => {
                let memory = self.memory.get_or_insert_with(|| Memory::listed(&self.dump));
                if memory.range_at(stack.start_of_memory_range).is_none() {
                    self.report(FindingCode::StackWithoutBytes, place, None);
                }
            }
            _ => {
                let range = MemoryRange::from_descriptor(self.dump.dump_bytes(), stack);
                self.range(place, Some(&range));
                let memory = self.memory.get_or_insert_with(|| Memory::listed(&self.dump));
                let last = range.available().checked_sub(1).map(|size| range.address.saturating_add(size));
                if last.is_some_and(|last| memory.visible_within(range.address, last).next().is_none()) {
                    self.report(FindingCode::StackNotListed, place, None);
                } else if !memory.agrees(&range, &mut self.looked_at) && !self.looked_at.is_spent() {
                    self.report(FindingCode::StackDisagrees, place, None);
                }
            }
        }
    }

    fn context(&mut self, place: Place, location: LocationDescriptor, context: Result<Option<Context<'a>>, ReadError>) {
        if location.rva != 0 {
            self.refuse_memory(place, "CONTEXT", location.rva.into(), location.data_size.into());
        }
        // For some processors no layout is known; that is not a fault of the dump.
        match context {
            Err(error) => self.report(FindingCode::ContextOutsideFile, place, error),
            Ok(context) if !context.is_some_and(|context| context.is_truncated()) => {
                self.plausible_context(place, location, context.as_ref());
            }
            Ok(Some(context)) if context.is_truncated() => self.report(FindingCode::ContextUnknownSize, place, None),
            Ok(_) => {}
        }
    }

    pub(crate) fn range(&mut self, place: Place, range: Option<&MemoryRange<'a>>) {
        let Some((range, fault)) = range.and_then(|range| Some((range, range.fault()?))) else { return };
        match self.dump.dump_bytes().is_in_tables(range.offset, range.size) && range.offset != 0 {
            true => self.report(FindingCode::MemoryInTables, place, None),
            false => self.report(FindingCode::MemoryTruncated, place, fault),
        }
    }

    fn exception(&mut self, stream: &RawStream<'a>, exception: &Exception<'a>) {
        let place = Place::stream(stream);
        self.context(place, exception.raw().thread_context, exception.context());
        self.plausible_exception(place, exception);
        let threads = self.threads.get_or_insert_with(|| thread_ids(&self.dump));
        // A dump without threads is reported separately.
        if !threads.is_empty() && threads.binary_search(&exception.thread_id()).is_err() {
            self.report(FindingCode::ExceptionThreadMissing, place, None);
        }
    }

    fn handle(&mut self, place: Place, handle: &Handle<'a>) {
        let raw = handle.raw().descriptor;
        self.name(place, raw.type_name_rva.into(), || handle.type_name());
        self.name(place, raw.object_name_rva.into(), || handle.object_name());
        for object in handle.object_information() {
            const WHAT: &str = "MINIDUMP_HANDLE_OBJECT_INFORMATION";
            if !self.may_read(place, WHAT, HandleObjectInformation::SIZE as u64) {
                return;
            }
            // It is not known whether the size includes the header, so up to 12 missing bytes are accepted.
            let slack = HandleObjectInformation::SIZE as u64;
            let short = |fault: &ReadError| match *fault {
                ReadError::Truncated { needed, available, .. } => available + slack < needed,
                _ => true,
            };
            if let Ok(object) = &object {
                self.refuse_memory(place, WHAT, object.offset, slack.saturating_add(object.bytes.len() as u64));
            }
            if let Some(error) = object.map_or_else(Some, |object| object.fault().filter(short)) {
                self.report(FindingCode::HandleChainBroken, place, error);
            }
        }
    }

    /// Checks the name that `name` reads. Finding its end takes time proportional to its length, so names are no longer
    /// read after the budget is exhausted.
    fn name(&mut self, place: Place, rva: u64, name: impl FnOnce() -> Result<Option<Utf16<'a>>, ReadError>) {
        const WHAT: &str = "MINIDUMP_STRING";
        if self.looked_at.is_spent() {
            return;
        }
        match name() {
            Err(error) => self.report(FindingCode::NameUnreadable, place, error),
            Ok(Some(name)) => {
                let may_look = self.may_read(place, WHAT, name.as_bytes().len() as u64);
                if may_look && !name.is_valid() {
                    self.report(FindingCode::NameNotUtf16, place, None);
                }
                // Many producers include the terminating NUL in the size.
                let size = self.dump.bytes().read::<u32>(WHAT, rva).map_or(0, u64::from);
                if size > (name.as_bytes().len() as u64).saturating_add(2) {
                    let error = self.positions.refuse(WHAT, rva, size.saturating_add(4)).err();
                    self.report(FindingCode::NameTooLong, place, error);
                } else {
                    self.refuse_memory(place, WHAT, rva, size.saturating_add(4));
                }
            }
            Ok(None) => {}
        }
    }
}

/// True for lists that today's debugger reads.
fn is_read_by_debugger(stream: &RawStream<'_>) -> bool {
    stream.stream_type() != StreamType::WINE_HOST_MODULE_LIST
}

/// Returns the IDs of all threads, in ascending order.
fn thread_ids(dump: &Minidump<'_>) -> Vec<u32> {
    let mut ids: Vec<u32> = dump.threads().map(|thread| thread.id()).collect();
    ids.sort_unstable();
    ids
}
