//! Lays out a [`Dump`]: header, directory, streams, the data they refer to, and the bytes of the 64-bit memory list.

use std::collections::BTreeMap;

use super::dump::{Body, Dump, Shape};
use super::kind;
use super::records::*;
use super::{Bytes, Label};

pub(super) struct Encoder {
    pub(super) bytes: Bytes,
    /// The data that is written after the streams, in the order in which it was requested.
    pub(super) parts: Vec<(Label, Deferred)>,
    /// The label and size of each thread's context.
    pub(super) contexts: BTreeMap<u32, (Label, u32)>,
    /// The blocks of the memory lists by stream, with their addresses and sizes.
    blocks: Vec<Vec<(u64, u64, Label)>>,
    /// The bytes of the 64-bit memory lists, each with its label.
    bulk: Vec<(Label, Vec<u8>)>,
    filler: usize,
}

/// Data that a stream refers to.
pub(super) enum Deferred {
    Bytes(Vec<u8>),
    Text(Text),
    /// Object information and the label of the next one.
    Object(ObjectInfo, Option<Label>),
}

/// The labels of a stream.
#[derive(Clone, Copy)]
struct Place<'a> {
    start: Label,
    end: Label,
    shape: &'a Shape,
}

pub(super) fn file(dump: Dump) -> Vec<u8> {
    let entries = dump.entries();
    let bytes = if dump.big_endian { Bytes::big_endian() } else { Bytes::little_endian() };
    let mut encoder = Encoder {
        bytes,
        parts: Vec::new(),
        contexts: BTreeMap::new(),
        blocks: Vec::new(),
        bulk: Vec::new(),
        filler: dump.filler,
    };
    let directory = encoder.header(&dump, entries.len());
    encoder.reserve(&dump);
    let shape = |kind| dump.shapes.get(&kind).cloned().unwrap_or_default();
    let shapes: Vec<Shape> = dump.streams.iter().map(|stream| shape(stream.kind)).collect();
    let mut place = |shape| Place { start: encoder.bytes.label(), end: encoder.bytes.label(), shape };
    let places: Vec<Place<'_>> = shapes.iter().map(&mut place).collect();
    let listed: Vec<_> = entries.iter().map(|(kind, index)| (*kind, index.map(|at| places[at]))).collect();
    if !dump.directory_last {
        encoder.directory(directory, &listed);
    }
    for (index, stream) in dump.streams.into_iter().enumerate() {
        let Place { start, end, shape } = places[index];
        encoder.bytes.filler(encoder.filler + shape.filler).place(start);
        encoder.stream(stream.kind, stream.body, shape, index);
        encoder.bytes.place(end);
    }
    encoder.deferred();
    if dump.directory_last {
        encoder.directory(directory, &listed);
    }
    for (label, bulk) in encoder.bulk {
        encoder.bytes.place(label).raw(bulk);
    }
    encoder.bytes.finish()
}

impl Encoder {
    /// Writes the header; returns the label of the directory.
    fn header(&mut self, dump: &Dump, entries: usize) -> Label {
        let directory = self.bytes.label();
        let version = dump.version.unwrap_or(0xa793);
        self.bytes.u32(0x504D_444D).u32(version).u32(entries as u32).rva(directory);
        self.bytes.u32(0).u32(dump.timestamp).u64(dump.flags);
        directory
    }

    fn directory(&mut self, label: Label, entries: &[(u32, Option<Place<'_>>)]) {
        self.bytes.place(label);
        for (kind, stream) in entries {
            self.bytes.u32(*kind);
            let Some(Place { start, end, shape }) = *stream else {
                self.bytes.zeros(8);
                continue;
            };
            match shape.data_size {
                Some(size) => self.bytes.u32(size),
                None => self.bytes.distance(start, end),
            };
            match shape.rva {
                Some(rva) => self.bytes.u32(rva),
                None => self.bytes.rva(start),
            };
        }
    }

    /// Creates labels for data that several streams refer to.
    fn reserve(&mut self, dump: &Dump) {
        for stream in &dump.streams {
            let blocks = stream.blocks(&mut self.bytes);
            self.blocks.push(blocks);
            let Body::Threads(threads) = &stream.body else { continue };
            for thread in threads {
                if let Part::Bytes(context) = &thread.context {
                    let place = (self.bytes.label(), context.len() as u32);
                    self.contexts.entry(thread.id).or_insert(place);
                }
            }
        }
    }

    fn stream(&mut self, kind: u32, body: Body, shape: &Shape, index: usize) {
        match body {
            Body::Threads(threads) => {
                let extended = kind == kind::THREAD_EX_LIST;
                self.counted(threads, shape, |encoder, thread| encoder.thread(thread, extended));
            }
            Body::Modules(modules) => self.counted(modules, shape, Self::module),
            Body::ThreadNames(names) => self.counted(names, shape, Self::thread_name),
            Body::Memory(ranges) => self.memory(ranges, shape, index),
            Body::Memory64(ranges) => self.memory64(ranges, shape),
            Body::Unloaded(modules) => self.sized(modules, shape, (12, 24), Self::unloaded),
            Body::ThreadInfos(infos) => self.sized(infos, shape, (12, 64), Self::thread_info),
            Body::Handles(handles) => {
                let extended = shape.entry_size.is_none_or(|size| size >= 40);
                let sizes = (16, if extended { 40 } else { 32 });
                self.sized(handles, shape, sizes, |encoder, handle| encoder.handle(handle, extended));
            }
            Body::MemoryInfos(infos) => {
                let header = if shape.header_size == Some(12) { 12 } else { 16 };
                self.sized(infos, shape, (header, 48), Self::memory_info);
            }
            Body::Exception(exception) => self.exception(exception),
            Body::System(info) => self.system_info(info),
            Body::Misc(info) => self.misc_info(&info),
            Body::FunctionTables(tables) => self.function_tables(&tables, shape),
            Body::Tokens(tokens) => self.tokens(&tokens, shape),
            Body::Comment(text) => {
                self.bytes.utf16(&text);
            }
            Body::Raw(raw) => {
                self.bytes.raw(raw);
            }
            Body::Written(write) => write(&mut self.bytes),
        }
    }

    /// A list whose header is only a count.
    fn counted<T>(&mut self, rows: Vec<T>, shape: &Shape, mut row: impl FnMut(&mut Self, T)) {
        self.bytes.u32(shape.count.unwrap_or(rows.len() as u64) as u32);
        self.bytes.filler(if shape.padded { 4 } else { 0 });
        rows.into_iter().for_each(|it| row(self, it));
    }

    /// A list that gives the sizes of its header and its entries; `usual` are the standard sizes.
    fn sized<T>(&mut self, rows: Vec<T>, shape: &Shape, usual: (u32, u32), mut row: impl FnMut(&mut Self, T)) {
        let header = shape.header_size.unwrap_or(usual.0);
        let entry = shape.entry_size.unwrap_or(usual.1);
        let count = shape.count.unwrap_or(rows.len() as u64);
        self.bytes.u32(header).u32(entry);
        match usual {
            (12, _) => self.bytes.u32(count as u32),
            (_, 48) => self.bytes.u64(count),
            _ => self.bytes.u32(count as u32).u32(0),
        };
        self.bytes.filler(header.saturating_sub(usual.0) as usize);
        for it in rows {
            row(self, it);
            self.bytes.filler(entry.saturating_sub(usual.1) as usize);
        }
    }

    pub(super) fn stack(&mut self, stack: Stack) {
        match stack {
            Stack::None => {
                self.bytes.zeros(16);
            }
            Stack::At(address, size, rva) => {
                self.bytes.u64(address).u32(size).u32(rva);
            }
            Stack::Stored(address, data) => {
                self.bytes.u64(address);
                self.part(Part::Bytes(data));
            }
            Stack::Listed(address, size) => {
                let mut blocks = self.blocks.iter().flatten();
                let holds = |block: &&(u64, u64, Label)| address >= block.0 && address - block.0 < block.1;
                let block = *blocks.find(holds).expect("a memory list holds the stack");
                self.bytes.u64(address).u32(size).rva_into(block.2, address - block.0);
            }
        }
    }

    fn memory(&mut self, ranges: Vec<Range>, shape: &Shape, index: usize) {
        let mut labels = std::mem::take(&mut self.blocks[index]).into_iter().map(|block| block.2);
        self.counted(ranges, shape, |encoder, range| match range {
            Range::At(address, size, rva) => {
                encoder.bytes.u64(address).u32(size).u32(rva);
            }
            Range::Stored(address, data) => {
                let label = labels.next().expect("each stored block has a label");
                encoder.bytes.u64(address).u32(data.len() as u32).rva(label);
                encoder.parts.push((label, Deferred::Bytes(data)));
            }
        });
    }

    fn memory64(&mut self, ranges: Vec<Range64>, shape: &Shape) {
        let base = self.bytes.label();
        self.bytes.u64(shape.count.unwrap_or(ranges.len() as u64)).rva64(base);
        let mut bulk = Vec::new();
        for range in ranges {
            self.bytes.u64(range.address).u64(range.size);
            bulk.extend(range.bytes);
        }
        self.bulk.push((base, bulk));
    }

    /// A 32-bit offset of a string.
    pub(super) fn text(&mut self, text: Text) {
        match text {
            Text::None => {
                self.bytes.u32(0);
            }
            Text::At(rva) => {
                self.bytes.u32(rva as u32);
            }
            text => {
                let label = self.bytes.label();
                self.bytes.rva(label);
                self.parts.push((label, Deferred::Text(text)));
            }
        }
    }

    /// A location descriptor.
    pub(super) fn part(&mut self, part: Part) {
        match part {
            Part::None => {
                self.bytes.zeros(8);
            }
            Part::At(size, rva) => {
                self.bytes.u32(size).u32(rva);
            }
            Part::ContextOf(thread) => {
                let (label, size) = self.contexts[&thread];
                self.bytes.u32(size).rva(label);
            }
            Part::Bytes(data) => {
                let label = self.bytes.label();
                self.bytes.u32(data.len() as u32).rva(label);
                self.parts.push((label, Deferred::Bytes(data)));
            }
        }
    }

    fn deferred(&mut self) {
        for (label, deferred) in std::mem::take(&mut self.parts) {
            self.bytes.filler(self.filler).place(label);
            match deferred {
                Deferred::Bytes(data) => {
                    self.bytes.raw(data);
                }
                Deferred::Text(Text::Plain(text)) => {
                    self.bytes.string(&text);
                }
                Deferred::Text(Text::Units(size, units)) => {
                    self.bytes.u32(size).u16s(&units);
                }
                Deferred::Text(Text::None | Text::At(_)) => unreachable!("nothing is written for these"),
                Deferred::Object(object, next) => {
                    match next {
                        Some(next) => self.bytes.rva(next),
                        None => self.bytes.u32(0),
                    };
                    self.bytes.u32(object.kind).u32(object.bytes.len() as u32).raw(object.bytes);
                }
            }
        }
    }
}
