//! The fields that contain file offsets in the records of typed streams, except those that refer to memory.
#![cfg_attr(not(feature = "std"), expect(dead_code, reason = "only the re-encoder asks for records"))]

use crate::error::ReadError;
use crate::format::handle::{HandleDescriptor, HandleDescriptor2, HandleObjectInformation};
use crate::format::module::UnloadedModule;
use crate::format::thread::{ThreadEx, ThreadName};
use crate::format::{
    ExceptionStream, FieldOffset, LocationDescriptor, Module, Rva, Rva64, RvaWidth, StreamType, SystemInfo, Thread,
};

use crate::read::handle::HandleData;
use crate::read::list::entries::{List, Record};
use crate::read::module::list::{ModuleList, UnloadedModuleList};
use crate::read::raw_stream::RawStream;
use crate::read::references::Kind;
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::{ThreadList, ThreadNames};

/// A field that contains a file offset, and the kind of its target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// The offset of the field in its entry.
    pub(super) position: u64,
    pub(super) width: RvaWidth,
    /// The offset of the target's size in the entry, and the unit of that size in bytes.
    pub(super) extent: Option<(u64, u64)>,
    pub(super) target: Kind,
}

impl Field {
    /// A 4-byte RVA to a target that contains its own size.
    pub(super) const fn rva<S>(field: FieldOffset<S, Rva>, target: Kind) -> Self {
        Self { position: field.get() as u64, width: RvaWidth::Rva, extent: None, target }
    }

    /// An 8-byte RVA to a target that contains its own size.
    pub(super) const fn rva64<S>(field: FieldOffset<S, Rva64>, target: Kind) -> Self {
        Self { position: field.get() as u64, width: RvaWidth::Rva64, extent: None, target }
    }

    /// An RVA together with the size of its target, in units of `unit` bytes.
    pub(super) const fn counted<S>(
        field: FieldOffset<S, Rva>,
        count: FieldOffset<S, u32>,
        unit: usize,
        target: Kind,
    ) -> Self {
        Self { extent: Some((count.get() as u64, unit as u64)), ..Self::rva(field, target) }
    }

    pub(super) const fn location<S>(field: FieldOffset<S, LocationDescriptor>, target: Kind) -> Self {
        let (rva, size) = (LocationDescriptor::OFFSETS.rva, LocationDescriptor::OFFSETS.data_size);
        Self::counted(field.then(rva), field.then(size), 1, target)
    }
}

/// The location of the fields of a part: the same offsets in each of its entries.
pub(super) struct Layout {
    pub(super) first: u64,
    pub(super) entries: u64,
    pub(super) size: u64,
    pub(super) fields: &'static [Field],
}

pub(super) const MODULE: &[Field] = &[
    Field::rva(Module::OFFSETS.module_name_rva, Kind::Utf16),
    Field::location(Module::OFFSETS.cv_record, Kind::Plain("CodeView record")),
    Field::location(Module::OFFSETS.misc_record, Kind::Plain("IMAGE_DEBUG_MISC")),
];
/// The next record about the same object.
pub(super) const OBJECT: &[Field] = &[Field::rva(HandleObjectInformation::OFFSETS.next_info_rva, Kind::Object)];

/// The entries of a stream with a view, or its only record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Records {
    of: RecordType,
    /// The offset of the first entry in the stream, in bytes.
    pub(crate) first: u64,
    pub(crate) entries: u64,
    /// The distance from one entry to the next, in bytes.
    pub(crate) size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RecordType {
    Thread,
    ThreadEx,
    ThreadName,
    Module,
    UnloadedModule,
    Handle,
    Exception,
    SystemInfo,
}

const THREAD: &[Field] = &[Field::location(Thread::OFFSETS.thread_context, Kind::Plain("context"))];
const THREAD_EX: &[Field] =
    &[Field::location(ThreadEx::OFFSETS.thread.then(Thread::OFFSETS.thread_context), Kind::Plain("context"))];
const THREAD_NAME: &[Field] = &[Field::rva64(ThreadName::OFFSETS.rva_of_thread_name, Kind::Utf16)];
const UNLOADED_MODULE: &[Field] = &[Field::rva(UnloadedModule::OFFSETS.module_name_rva, Kind::Utf16)];
const HANDLE: &[Field] = &[
    Field::rva(HandleDescriptor::OFFSETS.type_name_rva, Kind::Utf16),
    Field::rva(HandleDescriptor::OFFSETS.object_name_rva, Kind::Utf16),
];
const HANDLE2: &[Field] = &[
    Field::rva(HandleDescriptor::OFFSETS.type_name_rva, Kind::Utf16),
    Field::rva(HandleDescriptor::OFFSETS.object_name_rva, Kind::Utf16),
    Field::rva(HandleDescriptor2::OFFSETS.object_info_rva, Kind::Object),
];
const EXCEPTION: &[Field] = &[Field::location(ExceptionStream::OFFSETS.thread_context, Kind::Plain("context"))];
const SYSTEM_INFO: &[Field] = &[Field::rva(SystemInfo::OFFSETS.csd_version_rva, Kind::Utf16)];
impl Records {
    /// Returns the records of a stream; `None` if records of its type contain no file offsets except those of memory.
    pub(crate) fn of(stream: &RawStream<'_>) -> Result<Option<Self>, ReadError> {
        let one = |of| Ok(Some(Self { of, first: 0, entries: 1, size: stream.available() }));
        match stream.stream_type() {
            StreamType::THREAD_LIST => list(stream.view::<ThreadList<'_>>()?, stream, RecordType::Thread),
            StreamType::THREAD_EX_LIST => list(stream.view::<ThreadExList<'_>>()?, stream, RecordType::ThreadEx),
            StreamType::THREAD_NAMES => list(stream.view::<ThreadNames<'_>>()?, stream, RecordType::ThreadName),
            StreamType::MODULE_LIST => list(stream.view::<ModuleList<'_>>()?, stream, RecordType::Module),
            StreamType::UNLOADED_MODULE_LIST => {
                list(stream.view::<UnloadedModuleList<'_>>()?, stream, RecordType::UnloadedModule)
            }
            StreamType::HANDLE_DATA => list(stream.view::<HandleData<'_>>()?, stream, RecordType::Handle),
            StreamType::EXCEPTION => one(RecordType::Exception),
            StreamType::SYSTEM_INFO => one(RecordType::SystemInfo),
            _ => Ok(None),
        }
    }

    /// Returns the layout of their fields.
    pub(super) const fn layout(self) -> Layout {
        let fields = match self.of {
            RecordType::Thread => THREAD,
            RecordType::ThreadEx => THREAD_EX,
            RecordType::ThreadName => THREAD_NAME,
            RecordType::Module => MODULE,
            RecordType::UnloadedModule => UNLOADED_MODULE,
            RecordType::Handle if self.size < HandleDescriptor2::SIZE as u64 => HANDLE,
            RecordType::Handle => HANDLE2,
            RecordType::Exception => EXCEPTION,
            RecordType::SystemInfo => SYSTEM_INFO,
        };
        Layout { first: self.first, entries: self.entries, size: self.size, fields }
    }
}

/// Returns the entries of a list as its view finds them.
fn list<'a, R: Record<'a>>(
    list: List<'a, R>,
    stream: &RawStream<'a>,
    of: RecordType,
) -> Result<Option<Records>, ReadError> {
    let first = list.entry_offset(0).saturating_sub(stream.offset());
    Ok(Some(Records { of, first, entries: list.len(), size: list.entry_size() }))
}
