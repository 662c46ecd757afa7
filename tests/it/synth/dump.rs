//! The builder of minidumps.

use std::collections::BTreeMap;

use super::encode;
use super::kind;
use super::records::*;
use super::{Bytes, Label};

/// A minidump under construction: see the module's example.
#[derive(Default)]
pub struct Dump {
    pub(super) big_endian: bool,
    pub(super) version: Option<u32>,
    pub(super) timestamp: u32,
    pub(super) flags: u64,
    pub(super) streams: Vec<Stream>,
    pub(super) shapes: BTreeMap<u32, Shape>,
    pub(super) order: Option<Vec<u32>>,
    pub(super) directory_last: bool,
    pub(super) filler: usize,
    separated: usize,
}

/// A stream under construction.
pub(super) struct Stream {
    pub kind: u32,
    pub body: Body,
    /// Records are added to the streams that were begun since the last call of [`Dump::separate`].
    group: usize,
}

/// The content of a stream.
pub(super) enum Body {
    Threads(Vec<Thread>),
    Modules(Vec<Module>),
    Unloaded(Vec<UnloadedModule>),
    Memory(Vec<Range>),
    Memory64(Vec<Range64>),
    MemoryInfos(Vec<MemoryInfo>),
    ThreadInfos(Vec<ThreadInfo>),
    ThreadNames(Vec<(u32, Text)>),
    Exception(Exception),
    System(SystemInfo),
    Misc(Box<MiscInfo>),
    Handles(Vec<Handle>),
    FunctionTables(Vec<FunctionTable>),
    Tokens(Vec<Token>),
    Comment(String),
    Raw(Vec<u8>),
    Written(Box<dyn FnOnce(&mut Bytes)>),
}

/// How the stream of a type is laid out, where that differs from the usual layout, and wrong values in its
/// descriptions.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    pub(super) padded: bool,
    pub(super) header_size: Option<u32>,
    pub(super) entry_size: Option<u32>,
    pub(super) count: Option<u64>,
    pub(super) data_size: Option<u32>,
    pub(super) rva: Option<u32>,
    pub(super) filler: usize,
}

impl Shape {
    pub fn usual() -> Self {
        Self::default()
    }

    /// Puts four bytes of padding after the count of a list whose header is only a count.
    pub fn padded(self) -> Self {
        Self { padded: true, ..self }
    }

    /// Sets `SizeOfHeader` of a list that has one. If it is larger than usual, filler follows the header.
    pub fn header_size(self, size: u32) -> Self {
        Self { header_size: Some(size), ..self }
    }

    /// Sets `SizeOfEntry` (handles: `SizeOfDescriptor`; tokens: `ElementHeaderSize`). If it is larger than usual,
    /// filler follows each entry.
    pub fn entry_size(self, size: u32) -> Self {
        Self { entry_size: Some(size), ..self }
    }

    /// Sets the number of entries that the list claims to have.
    pub fn count(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Sets the size in the directory.
    pub fn data_size(self, size: u32) -> Self {
        Self { data_size: Some(size), ..self }
    }

    /// Sets the offset in the directory.
    pub fn rva(self, rva: u32) -> Self {
        Self { rva: Some(rva), ..self }
    }

    /// Puts filler before the stream.
    pub fn filler(self, filler: usize) -> Self {
        Self { filler, ..self }
    }
}

/// A method that adds a record to the list of its kind.
macro_rules! records {
    ($($(#[$doc:meta])* $name:ident($record:ty) -> $body:ident, $kind:ident;)*) => {
        $($(#[$doc])*
        pub fn $name(mut self, record: $record) -> Self {
            match self.list(kind::$kind, || Body::$body(Vec::new())) {
                Body::$body(records) => records.push(record),
                _ => unreachable!("streams of one type that are lists have one kind of body"),
            }
            self
        })*
    };
}

impl Dump {
    pub fn new() -> Self {
        Self { timestamp: 1_600_000_123, ..Self::default() }
    }

    /// Makes the whole file big-endian.
    pub fn big_endian(self) -> Self {
        Self { big_endian: true, ..self }
    }

    /// Sets the version word, which is `0xa793` by default.
    pub fn version(self, version: u32) -> Self {
        Self { version: Some(version), ..self }
    }

    pub fn timestamp(self, timestamp: u32) -> Self {
        Self { timestamp, ..self }
    }

    pub fn flags(self, flags: u64) -> Self {
        Self { flags, ..self }
    }

    records! {
        thread(Thread) -> Threads, THREAD_LIST;
        /// Adds to the extended thread list, which has backing stores.
        thread_ex(Thread) -> Threads, THREAD_EX_LIST;
        module(Module) -> Modules, MODULE_LIST;
        unloaded_module(UnloadedModule) -> Unloaded, UNLOADED_MODULE_LIST;
        memory_range(Range) -> Memory, MEMORY_LIST;
        memory64_range(Range64) -> Memory64, MEMORY64_LIST;
        memory_info(MemoryInfo) -> MemoryInfos, MEMORY_INFO_LIST;
        thread_info(ThreadInfo) -> ThreadInfos, THREAD_INFO_LIST;
        named_thread((u32, Text)) -> ThreadNames, THREAD_NAMES;
        handle(Handle) -> Handles, HANDLE_DATA;
        function_table(FunctionTable) -> FunctionTables, FUNCTION_TABLE;
        token(Token) -> Tokens, TOKEN;
    }

    /// Adds bytes to the memory list.
    pub fn memory(self, address: u64, bytes: impl AsRef<[u8]>) -> Self {
        self.memory_range(Range::Stored(address, bytes.as_ref().to_vec()))
    }

    /// Adds bytes to the 64-bit memory list.
    pub fn memory64(self, address: u64, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        self.memory64_range(Range64 { address, size: bytes.len() as u64, bytes })
    }

    pub fn thread_name(self, thread: u32, name: impl Into<Text>) -> Self {
        self.named_thread((thread, name.into()))
    }

    /// Adds a stream: every exception has its own.
    pub fn exception(self, exception: Exception) -> Self {
        self.stream(kind::EXCEPTION, Body::Exception(exception))
    }

    pub fn system_info(self, info: SystemInfo) -> Self {
        self.stream(kind::SYSTEM_INFO, Body::System(info))
    }

    pub fn misc_info(self, info: MiscInfo) -> Self {
        self.stream(kind::MISC_INFO, Body::Misc(Box::new(info)))
    }

    pub fn comment_a(self, text: &str) -> Self {
        self.raw(kind::COMMENT_A, text)
    }

    /// Adds a comment in UTF-16; a terminator must be part of `text`.
    pub fn comment_w(self, text: &str) -> Self {
        self.stream(kind::COMMENT_W, Body::Comment(text.to_owned()))
    }

    /// Adds a stream of any type and any bytes.
    pub fn raw(self, kind: u32, bytes: impl AsRef<[u8]>) -> Self {
        self.stream(kind, Body::Raw(bytes.as_ref().to_vec()))
    }

    /// Adds a stream that is written by hand, with labels and in the byte order of the file.
    pub fn written(self, kind: u32, write: impl FnOnce(&mut Bytes) + 'static) -> Self {
        self.stream(kind, Body::Written(Box::new(write)))
    }

    /// Adds handles whose object information claims far more than twice the file in total, each up to a different end.
    /// There is no memory after them, for which they would be refused.
    pub fn greedy_handles(self) -> Self {
        const COUNT: u32 = 60;
        self.written(kind::HANDLE_DATA, |bytes| {
            bytes.u32(16).u32(40).u32(COUNT).u32(0);
            let objects: Vec<_> = (0..COUNT).map(|_| bytes.label()).collect();
            for (handle, &object) in (0..).zip(&objects) {
                bytes.u64(handle).zeros(24).rva(object).u32(0);
            }
            for (number, object) in (0u32..).zip(objects) {
                bytes.place(object).u32(0).u32(6).u32(3000 - number);
            }
            bytes.zeros(4000);
        })
    }

    /// Adds unused entries to the directory.
    pub fn unused(self, count: usize) -> Self {
        (0..count).fold(self, |dump, _| dump.raw(0, []))
    }

    /// Starts new lists for the records that are added from here on.
    pub fn separate(mut self) -> Self {
        self.separated += 1;
        self
    }

    /// Sets the directory, by types. A repeated type is that of the next stream of this type, or of the last one again;
    /// 0 is an unused entry. Streams that are left out have no entry.
    pub fn order(self, kinds: &[u32]) -> Self {
        Self { order: Some(kinds.to_vec()), ..self }
    }

    /// Puts the directory after everything else.
    pub fn directory_last(self) -> Self {
        Self { directory_last: true, ..self }
    }

    /// Puts this number of filler bytes before every stream, string, context and so on.
    pub fn filler(self, filler: usize) -> Self {
        Self { filler, ..self }
    }

    /// Sets the layout of all streams of a type.
    pub fn shape(mut self, kind: u32, shape: Shape) -> Self {
        self.shapes.insert(kind, shape);
        self
    }

    /// The bytes of the file.
    pub fn build(self) -> Vec<u8> {
        encode::file(self)
    }

    fn stream(mut self, kind: u32, body: Body) -> Self {
        self.streams.push(Stream { kind, body, group: self.separated });
        self
    }

    fn list(&mut self, kind: u32, new: impl FnOnce() -> Body) -> &mut Body {
        let begun = self.streams.iter().position(|stream| {
            let by_hand = matches!(stream.body, Body::Raw(_) | Body::Written(_));
            stream.kind == kind && stream.group == self.separated && !by_hand
        });
        let index = begun.unwrap_or_else(|| {
            self.streams.push(Stream { kind, body: new(), group: self.separated });
            self.streams.len() - 1
        });
        &mut self.streams[index].body
    }

    /// The directory: types and, unless the entry is unused, the index of the stream.
    pub(super) fn entries(&self) -> Vec<(u32, Option<usize>)> {
        let Some(order) = &self.order else {
            let entry = |(index, stream): (usize, &Stream)| (stream.kind, (stream.kind != 0).then_some(index));
            return self.streams.iter().enumerate().map(entry).collect();
        };
        let mut used = BTreeMap::<u32, usize>::new();
        let mut next = |kind: u32| {
            let of_kind: Vec<usize> = (0..self.streams.len()).filter(|at| self.streams[*at].kind == kind).collect();
            let turn = used.entry(kind).or_default();
            let index = of_kind.get(*turn).or(of_kind.last()).copied();
            *turn += 1;
            index.unwrap_or_else(|| panic!("there is no stream of type {kind}"))
        };
        order.iter().map(|kind| (*kind, (*kind != 0).then(|| next(*kind)))).collect()
    }
}

impl Stream {
    /// The blocks of a memory list: address, size, and a label for the bytes of each.
    pub(super) fn blocks(&self, bytes: &mut Bytes) -> Vec<(u64, u64, Label)> {
        let Body::Memory(ranges) = &self.body else {
            return Vec::new();
        };
        let stored = ranges.iter().filter_map(|range| match range {
            Range::Stored(address, data) => Some((*address, data.len() as u64, bytes.label())),
            Range::At(..) => None,
        });
        stored.collect()
    }
}
