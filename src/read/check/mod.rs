//! Looking for everything that a sound dump does not have.

mod memory;

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::{DirectoryEntry, HandleObjectInformation, StreamType};

use crate::read::context::Context;
use crate::read::exception::Exception;
use crate::read::finding::{Finding, FindingCode};
use crate::read::handle::Handle;
use crate::read::index::Memory;
use crate::read::list::{List, Record};
use crate::read::memory::MemoryRange;
use crate::read::minidump::Minidump;
use crate::read::module::{Module, ModuleList};
use crate::read::references::parts;
use crate::read::stream::RawStream;
use crate::read::stream_table::Stream;
use crate::read::string::Utf16;
use crate::read::system::SystemInfo;
use crate::read::thread::{Thread, ThreadList};
use crate::read::thread_ex::ThreadExList;

impl<'a> Minidump<'a> {
    /// Reads everything there is to read and reports what is wrong with it, in no particular order.
    ///
    /// Where a type comes more than once in the directory, only the first stream is looked into, for that is the one
    /// that [`Minidump::stream`] gives; of exceptions and comments, which may be many, all are.
    ///
    /// This takes time in proportion to the size of the file (n log n for directory, memory and threads), however the
    /// file is made. It allocates for the entries of the directory, and for memory and threads where something refers
    /// to them by address or number.
    pub fn check(&self, found: &mut dyn FnMut(Finding)) {
        let effort = self.bytes().size().saturating_mul(Check::EFFORT);
        Check { dump: *self, memory: None, threads: None, effort: Some(effort), found }.run();
    }
}

/// A check at work.
struct Check<'a, 'f> {
    dump: Minidump<'a>,
    /// Built for the first stack that has no position.
    memory: Option<Memory<'a>>,
    /// The numbers of the threads in ascending order, collected for the first exception.
    threads: Option<Vec<u32>>,
    /// How many bytes behind references may still be looked at; `None` once they were too many.
    effort: Option<u64>,
    found: &'f mut dyn FnMut(Finding),
}

/// What a finding is about.
#[derive(Clone, Copy)]
struct Place {
    stream: Option<StreamType>,
    entry: Option<u64>,
    offset: u64,
}

impl Place {
    const DUMP: Self = Self { stream: None, entry: None, offset: 0 };

    fn stream(stream: &RawStream<'_>) -> Self {
        Self { stream: Some(stream.stream_type()), entry: None, offset: stream.offset() }
    }

    fn directory(dump: &Minidump<'_>, index: u32, entry: &DirectoryEntry) -> Self {
        let offset = dump.directory().entry_offset(index);
        Self { stream: Some(entry.stream_type), entry: None, offset }
    }
}

impl<'a> Check<'a, '_> {
    /// How often, on average, each byte of the file may be looked at through references.
    ///
    /// Handles share names of types, but such a name is hardly larger than the entry that refers to it.
    const EFFORT: u64 = 4;

    fn run(&mut self) {
        let dump = self.dump;
        if let Some(fault) = dump.directory().fault() {
            self.report(FindingCode::DirectoryTruncated, Place::DUMP, fault);
        }
        let repeated = self.directory();
        let mut repeated = repeated.into_iter().peekable();
        for (stream, decoded) in dump.streams() {
            let fault = stream.fault().filter(|_| stream.stream_type() != StreamType::UNUSED);
            let place = Place::directory(&dump, stream.index(), &stream.entry());
            match (fault, &decoded) {
                (Some(fault), _) => self.report(FindingCode::StreamOutsideFile, place, fault),
                (None, Err(error)) => self.report(FindingCode::StreamUnreadable, place, *error),
                (None, Ok(_)) => {}
            }
            if repeated.next_if(|&index| index == stream.index()).is_none() {
                if let Ok(decoded) = decoded {
                    self.stream(&stream, &decoded);
                }
            }
        }
        self.absences();
        self.flags();
        self.overlaps();
    }

    fn report(&mut self, code: FindingCode, place: Place, error: impl Into<Option<ReadError>>) {
        let Place { stream, entry, offset } = place;
        (self.found)(Finding { code, stream, entry, offset, error: error.into() });
    }

    /// Compares the entries of the directory with each other; gives those that repeat a type, in their order.
    fn directory(&mut self) -> Vec<u32> {
        let dump = self.dump;
        let used = (0..).zip(dump.directory()).filter(|(_, entry)| entry.stream_type != StreamType::UNUSED);
        let mut entries: Vec<(u32, DirectoryEntry)> = used.collect();

        entries.sort_unstable_by_key(|(index, entry)| (entry.location.rva, *index));
        let mut end = 0;
        for (index, entry) in entries.iter().filter(|(_, entry)| entry.location.data_size > 0) {
            let start = u64::from(entry.location.rva);
            if start < end {
                self.report(FindingCode::StreamsOverlap, Place::directory(&dump, *index, entry), None);
            }
            end = end.max(start + u64::from(entry.location.data_size));
        }

        entries.sort_unstable_by_key(|(index, entry)| (entry.stream_type, *index));
        let mut repeated = Vec::new();
        for (_, (index, entry)) in entries.iter().zip(entries.iter().skip(1)).filter(|((_, before), (_, entry))| {
            before.stream_type == entry.stream_type && !may_repeat(entry.stream_type)
        }) {
            self.report(FindingCode::DuplicateStream, Place::directory(&dump, *index, entry), None);
            repeated.push(*index);
        }
        repeated.sort_unstable();
        repeated
    }

    fn stream(&mut self, stream: &RawStream<'a>, decoded: &Stream<'a>) {
        let place = Place::stream(stream);
        match decoded {
            Stream::ThreadList(list) => self.list(stream, list, Self::thread),
            Stream::ThreadExList(list) => self.list(stream, list, |check, place, thread| {
                check.thread(place, thread.thread());
                let store = thread.backing_store().filter(|store| store.offset != 0);
                check.range(place, store.as_ref());
            }),
            Stream::ModuleList(list) => self.modules(stream, list),
            Stream::HostModuleList(list) => self.modules(stream, list.modules()),
            Stream::MemoryList(list) => self.list(stream, list, |check, place, range| check.range(place, Some(&range))),
            Stream::Memory64List(list) => self.memory64(stream, list),
            Stream::Exception(exception) => self.exception(place, exception),
            Stream::SystemInfo(system) => self.name(place, system.csd_version()),
            Stream::UnloadedModuleList(list) => {
                self.list(stream, list, |check, place, module| check.name(place, module.name().map(Some)));
            }
            Stream::ThreadNames(list) => {
                self.list(stream, list, |check, place, thread| check.name(place, thread.name().map(Some)));
            }
            Stream::HandleData(list) => self.list(stream, list, |check, place, handle| check.handle(place, &handle)),
            Stream::HandleOperationList(list) => self.list_fault(stream, list),
            Stream::MemoryInfoList(list) => self.list_fault(stream, list),
            Stream::ThreadInfoList(list) => self.list_fault(stream, list),
            Stream::FunctionTable(list) => self.truncated(stream, list.fault()),
            Stream::Token(list) => self.truncated(stream, list.fault()),
            Stream::CrashpadInfo(_)
            | Stream::LinuxDsoDebug(_)
            | Stream::MozMacCrashInfo(_)
            | Stream::MozMacBootArgs(_) => match parts(stream) {
                Ok(found) => {
                    found.faults.into_iter().for_each(|fault| {
                        self.report(FindingCode::ReferenceOutsideFile, place, fault);
                    });
                }
                Err(error) => self.report(FindingCode::ReferencesExceedFile, place, error),
            },
            Stream::Unused
            | Stream::CommentA(_)
            | Stream::CommentW(_)
            | Stream::MiscInfo(_)
            | Stream::SystemMemoryInfo(_)
            | Stream::ProcessVmCounters(_)
            | Stream::JavaScriptData(_)
            | Stream::IptTrace(_)
            | Stream::BreakpadInfo(_)
            | Stream::AssertionInfo(_)
            | Stream::LinuxCpuInfo(_)
            | Stream::LinuxProcStatus(_)
            | Stream::LinuxLsbRelease(_)
            | Stream::LinuxCmdLine(_)
            | Stream::LinuxEnviron(_)
            | Stream::LinuxAuxv(_)
            | Stream::LinuxMaps(_)
            | Stream::LinuxProcStat(_)
            | Stream::LinuxProcUptime(_)
            | Stream::LinuxProcFd(_)
            | Stream::MozLinuxLimits(_)
            | Stream::MozSoftErrors(_)
            | Stream::Raw(_) => {}
        }
    }

    /// Compares the number of entries with the size of the stream.
    fn list_fault<R: Record<'a>>(&mut self, stream: &RawStream<'a>, list: &List<'a, R>) {
        self.truncated(stream, list.fault());
        let end = list.entry_offset(list.declared_len());
        let room = stream.offset().saturating_add(stream.declared_size()).saturating_sub(end);
        // Wine counts the names of its host modules to the stream, and others may do so elsewhere.
        if room > 0 && room % list.entry_size() == 0 {
            self.report(FindingCode::ListSmallerThanStream, Place::stream(stream), None);
        }
    }

    /// A stream that is cut short has been reported already, and its list is short because of that.
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
        self.list_fault(stream, list);
        for (index, entry) in (0..).zip(list) {
            let place = Place { entry: Some(index), offset: list.entry_offset(index), ..Place::stream(stream) };
            each(self, place, entry);
        }
    }

    fn modules(&mut self, stream: &RawStream<'a>, list: &ModuleList<'a>) {
        self.list(stream, list, |check, place, module: Module<'a>| {
            check.name(place, module.name().map(Some));
            // Not decoded: the paths of many modules may be one long record.
            if let Err(error) = module.code_view_record() {
                check.report(FindingCode::CodeViewUnreadable, place, error);
            }
            if let Err(error) = module.misc_record() {
                check.report(FindingCode::MiscRecordUnreadable, place, error);
            }
        });
    }

    fn thread(&mut self, place: Place, thread: Thread<'a>) {
        self.context(place, thread.context());
        let stack = &thread.raw().stack;
        match (stack.memory.data_size, stack.memory.rva) {
            (0, _) => {}
            (_, 0) => {
                let memory = self.memory.get_or_insert_with(|| Memory::listed(&self.dump));
                if memory.range_at(stack.start_of_memory_range).is_none() {
                    self.report(FindingCode::StackWithoutBytes, place, None);
                }
            }
            _ => self.range(place, Some(&MemoryRange::from_descriptor(self.dump.dump_bytes(), stack))),
        }
    }

    fn context(&mut self, place: Place, context: Result<Option<Context<'a>>, ReadError>) {
        // Of some processors no layout is known at all; that is no fault of the dump.
        match context {
            Err(error) => self.report(FindingCode::ContextOutsideFile, place, error),
            Ok(Some(context)) if context.is_truncated() => self.report(FindingCode::ContextUnknownSize, place, None),
            Ok(_) => {}
        }
    }

    fn range(&mut self, place: Place, range: Option<&MemoryRange<'a>>) {
        if let Some(fault) = range.and_then(MemoryRange::fault) {
            self.report(FindingCode::MemoryTruncated, place, fault);
        }
    }

    fn exception(&mut self, place: Place, exception: &Exception<'a>) {
        self.context(place, exception.context());
        let threads = self.threads.get_or_insert_with(|| thread_ids(&self.dump));
        // A dump without threads has a finding of its own.
        if !threads.is_empty() && threads.binary_search(&exception.thread_id()).is_err() {
            self.report(FindingCode::ExceptionThreadMissing, place, None);
        }
    }

    fn handle(&mut self, place: Place, handle: &Handle<'a>) {
        self.name(place, handle.type_name());
        self.name(place, handle.object_name());
        for object in handle.object_information() {
            if !self.may_look_at(place, HandleObjectInformation::SIZE as u64) {
                return;
            }
            // Whether its size counts the head is not known: 12 bytes that are missing may be none.
            let slack = HandleObjectInformation::SIZE as u64;
            let short = |fault: &ReadError| match *fault {
                ReadError::Truncated { needed, available, .. } => available + slack < needed,
                _ => true,
            };
            if let Some(error) = object.map_or_else(Some, |object| object.fault().filter(short)) {
                self.report(FindingCode::HandleChainBroken, place, error);
            }
        }
    }

    fn name(&mut self, place: Place, name: Result<Option<Utf16<'a>>, ReadError>) {
        match name {
            Err(error) => self.report(FindingCode::NameUnreadable, place, error),
            Ok(Some(name)) if self.may_look_at(place, name.as_bytes().len() as u64) && !name.is_valid() => {
                self.report(FindingCode::NameNotUtf16, place, None);
            }
            Ok(_) => {}
        }
    }

    /// Counts bytes behind a reference; false once there were too many, which is reported the first time.
    fn may_look_at(&mut self, place: Place, size: u64) -> bool {
        let Some(effort) = self.effort else { return false };
        self.effort = effort.checked_sub(size);
        if self.effort.is_none() {
            self.report(FindingCode::ReferencesExceedFile, place, None);
        }
        self.effort.is_some()
    }

    fn absences(&mut self) {
        if matches!(self.dump.stream::<SystemInfo<'a>>(), Ok(None)) {
            self.report(FindingCode::NoSystemInfo, Place::DUMP, None);
        }
        let threads = self.dump.stream::<ThreadList<'a>>().map(|list| list.is_some_and(|list| list.declared_len() > 0));
        let more = self.dump.stream::<ThreadExList<'a>>().map(|list| list.is_some_and(|list| list.declared_len() > 0));
        // A list that cannot be read has been reported.
        if matches!((threads, more), (Ok(false), Ok(false))) {
            self.report(FindingCode::NoThreads, Place::DUMP, None);
        }
    }
}

/// True for streams of which a dump may well have several.
const fn may_repeat(stream_type: StreamType) -> bool {
    matches!(stream_type, StreamType::EXCEPTION | StreamType::COMMENT_A | StreamType::COMMENT_W)
}

/// The numbers of all threads, in ascending order.
fn thread_ids(dump: &Minidump<'_>) -> Vec<u32> {
    let mut ids: Vec<u32> = dump.threads().map(|thread| thread.id()).collect();
    ids.sort_unstable();
    ids
}
