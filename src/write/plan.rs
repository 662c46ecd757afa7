//! Where everything goes: positions and sizes are final, limits are checked.

use alloc::vec::Vec;
use std::io;

use crate::error::{Item, WriteError};
use crate::format::{
    DirectoryEntry, Header, LocationDescriptor, MemoryDescriptor, MemoryDescriptor64, RvaWidth, SIGNATURE, StreamType,
    VERSION,
};

use super::builder::{MinidumpBuilder, Part, PartId, Reference, ReferenceTarget};
use super::emit::{self, Written};
use super::encode::{self, fit32};
use super::lists::memory64_head;
use super::memory::ShortSource;
use super::part_bytes::PartBytes;
use super::ranges::RangeList;

/// The place of a stream in the directory and of its bytes in the file; others follow in the order in which they were
/// added.
fn rank(stream_type: StreamType) -> u8 {
    stream_type.row().rank.unwrap_or(u8::MAX)
}

/// Bytes of the file that are not memory contents, at their final place.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    pub(super) offset: u64,
    pub(super) item: Item,
    pub(super) bytes: PartBytes<'a>,
}

/// The ranges of one list, their descriptors and their bytes.
#[derive(Debug)]
pub(super) struct MemoryChunk<'a> {
    pub(super) form: MemoryForm,
    /// Where the descriptors start, or the bytes if there are none.
    pub(super) offset: u64,
    /// Where the bytes of the first range start.
    pub(super) base: u64,
    pub(super) ranges: RangeList<'a>,
}

/// What stands in front of the bytes of a list's ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoryForm {
    /// The MemoryList stream.
    List,
    /// The Memory64List stream.
    List64,
    /// Nothing that is part of the list.
    Bare,
}

/// A dump whose layout is settled, ready to be written.
#[derive(Debug)]
pub struct Plan<'a> {
    /// In the order of the file: these, the lists of memory, the tail.
    pub(super) chunks: Vec<Chunk<'a>>,
    pub(super) memory: Vec<MemoryChunk<'a>>,
    pub(super) tail: Vec<Chunk<'a>>,
    pub(super) short_source: ShortSource,
    pub(super) directory: Vec<DirectoryEntry>,
    pub(super) size: u64,
}

/// Hands out positions one behind the other.
pub(super) struct Cursor {
    pub(super) at: u64,
}

impl Cursor {
    pub(super) fn take(&mut self, size: u64, align: u32, item: Item) -> Result<u64, WriteError> {
        let offset = self.at.checked_next_multiple_of(align.max(1).into());
        let place = offset.and_then(|offset| Some((offset, offset.checked_add(size)?)));
        let (offset, end) = place.ok_or(WriteError::Overflow { item, offset: self.at, size })?;
        self.at = end;
        Ok(offset)
    }

    /// As [`Cursor::take`], for what is found by a 32-bit position.
    pub(super) fn take_rva(&mut self, size: u64, align: u32, item: Item) -> Result<u64, WriteError> {
        let at = self.at;
        let offset = self.take(size, align, item).map_err(|_| WriteError::RvaOverflow { item, offset: at, size })?;
        if offset > u32::MAX.into() || self.at > u64::from(u32::MAX) + 1 {
            return Err(WriteError::RvaOverflow { item, offset, size });
        }
        Ok(offset)
    }
}

/// A position that has to be one of 32 bits.
pub(super) fn low32(value: u64, item: Item) -> Result<u32, WriteError> {
    u32::try_from(value).map_err(|_| WriteError::RvaOverflow { item, offset: value, size: 0 })
}

const MEMORY_LIST: Item = Item { name: "MINIDUMP_MEMORY_LIST", index: None };
const MEMORY64_LIST: Item = Item { name: "MINIDUMP_MEMORY64_LIST", index: None };

impl<'a> Plan<'a> {
    pub(super) fn new(mut builder: MinidumpBuilder<'a>) -> Result<Self, WriteError> {
        builder.encode_lists()?;
        let MinidumpBuilder { flags, time_date_stamp, short_source, mut parts, mut references, mut streams, .. } =
            builder;
        streams.sort_by_key(|&(stream_type, _)| rank(stream_type));

        // Header and directory, whose size depends on the number of streams alone.
        let memory_streams = usize::from(builder.memory.is_some()) + usize::from(builder.memory64.is_some());
        let number_of_streams = (streams.len() + memory_streams) as u64;
        let number_of_streams = fit32(Item { name: "stream", index: None }, number_of_streams, "entries")?;
        let mut cursor = Cursor { at: 0 };
        cursor.take(Header::SIZE as u64, 1, Item { name: "MINIDUMP_HEADER", index: None })?;
        let directory_item = Item { name: "MINIDUMP_DIRECTORY", index: None };
        let directory_size = u64::from(number_of_streams) * DirectoryEntry::SIZE as u64;
        let directory_offset = cursor.take_rva(directory_size, 1, directory_item)?;

        let offsets = place_parts(&mut cursor, &parts, &streams, &mut references)?;
        let memory = builder.memory.map(|ranges| place_memory_list(&mut cursor, ranges)).transpose()?;
        let memory64 = builder.memory64.map(|ranges| place_memory64_list(&mut cursor, ranges)).transpose()?;

        let mut stacks = RangePositions::new(memory.as_ref(), &references);
        for reference in references {
            let value = match reference.target {
                ReferenceTarget::Part(part) => *offsets.get(part.0 as usize).ok_or_else(|| foreign(part))?,
                ReferenceTarget::MemoryRange { address, size } => stacks.find(address, size),
            };
            patch(&mut parts, reference.from, reference.position, reference.width, value)?;
        }

        let directory = directory(&streams, &parts, &offsets, memory.as_ref(), memory64.as_ref())?;
        let header = Header {
            signature: SIGNATURE,
            version: VERSION,
            number_of_streams,
            stream_directory_rva: low32(directory_offset, directory_item)?,
            check_sum: 0,
            time_date_stamp,
            flags,
        };
        let mut head = encode::bytes(header);
        directory.iter().for_each(|&entry| encode::put(&mut head, entry));
        let item = Item { name: "MINIDUMP_HEADER", index: None };
        let mut chunks = Vec::with_capacity(parts.len() + 1);
        chunks.push(Chunk { offset: 0, item, bytes: head.into() });
        chunks.extend(parts.into_iter().zip(offsets).map(|(part, offset)| Chunk {
            offset,
            item: part.item,
            bytes: part.bytes,
        }));
        chunks.sort_by_key(|chunk| chunk.offset);
        let memory = [memory, memory64].into_iter().flatten().collect();
        Ok(Self { chunks, memory, tail: Vec::new(), short_source, directory, size: cursor.at })
    }

    /// The size of the whole file in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The stream directory as it will stand in the file; empty for a full user dump, which has none.
    pub fn directory(&self) -> &[DirectoryEntry] {
        &self.directory
    }

    /// The number of memory ranges and the sum of their sizes in bytes, both lists of a minidump together.
    pub fn memory(&self) -> (u64, u64) {
        self.memory
            .iter()
            .fold((0, 0), |(ranges, bytes), list| (ranges + list.ranges.count(), bytes + list.ranges.size()))
    }

    /// Writes the dump from the first byte to the last.
    ///
    /// The sink is never asked to seek. Borrowed memory contents are handed to it from where they are.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`] if the sink fails, [`WriteError::Source`] if the reader of a memory range does,
    /// [`WriteError::ShortSource`] if one ends early and zeros were not asked for. What was written by then is no dump.
    pub fn write_to(self, sink: impl io::Write) -> Result<Written, WriteError> {
        emit::emit(self, sink)
    }
}

/// Streams first, in the order of the directory, then what they refer to, in the order in which a walk along the
/// references meets it. So the order in which things were added makes no difference but to streams of one rank.
fn place_parts(
    cursor: &mut Cursor,
    parts: &[Part<'_>],
    streams: &[(StreamType, PartId)],
    references: &mut [Reference],
) -> Result<Vec<u64>, WriteError> {
    if !references.is_sorted_by_key(|reference| (reference.from, reference.position)) {
        references.sort_by_key(|reference| (reference.from, reference.position));
    }
    let mut offsets: Vec<Option<u64>> = Vec::new();
    offsets.resize(parts.len(), None);
    let mut queue: Vec<usize> = Vec::with_capacity(parts.len());
    let mut place = |index: usize, queue: &mut Vec<usize>| {
        if let (Some(part), Some(offset @ None)) = (parts.get(index), offsets.get_mut(index)) {
            *offset = Some(cursor.take_rva(part.bytes.len(), part.align, part.item)?);
            queue.push(index);
        }
        Ok(())
    };
    streams.iter().try_for_each(|&(_, part)| place(part.0 as usize, &mut queue))?;
    let mut next = 0;
    while let Some(&from) = queue.get(next) {
        next += 1;
        let first = references.partition_point(|reference| (reference.from.0 as usize) < from);
        let of_part = references.get(first..).unwrap_or_default().iter();
        for reference in of_part.take_while(|reference| reference.from.0 as usize == from) {
            if let ReferenceTarget::Part(target) = reference.target {
                place(target.0 as usize, &mut queue)?;
            }
        }
    }
    // What nothing refers to was added for some reason.
    (0..parts.len()).try_for_each(|index| place(index, &mut queue))?;
    Ok(offsets.into_iter().flatten().collect())
}

fn place_memory_list<'a>(cursor: &mut Cursor, ranges: RangeList<'a>) -> Result<MemoryChunk<'a>, WriteError> {
    let size = 4 + ranges.count() * MemoryDescriptor::SIZE as u64;
    let offset = cursor.take_rva(size, 8, MEMORY_LIST)?;
    let mut base = None;
    for ((_, size), index) in ranges.bounds().zip(0..) {
        let at = cursor.take_rva(size, 1, Item { name: "memory range", index: Some(index) })?;
        base.get_or_insert(at);
    }
    Ok(MemoryChunk { form: MemoryForm::List, offset, base: base.unwrap_or(cursor.at), ranges })
}

fn place_memory64_list<'a>(cursor: &mut Cursor, ranges: RangeList<'a>) -> Result<MemoryChunk<'a>, WriteError> {
    let head = memory64_head(0, 0);
    let size = encode::bytes(head).len() as u64 + ranges.count() * MemoryDescriptor64::SIZE as u64;
    let offset = cursor.take_rva(size, 8, MEMORY64_LIST)?;
    let base = cursor.at;
    for ((_, size), index) in ranges.bounds().zip(0..) {
        cursor.take(size, 1, Item { name: "memory range", index: Some(index) })?;
    }
    Ok(MemoryChunk { form: MemoryForm::List64, offset, base, ranges })
}

/// The positions of those ranges of the memory list that something refers to.
struct RangePositions {
    /// Address, size, and position, which is 0 if no range has just this address and size.
    sorted: Vec<(u64, u64, u64)>,
}

impl RangePositions {
    fn new(memory: Option<&MemoryChunk<'_>>, references: &[Reference]) -> Self {
        let mut sorted: Vec<_> = references
            .iter()
            .filter_map(|reference| match reference.target {
                ReferenceTarget::MemoryRange { address, size } => Some((address, size, 0)),
                ReferenceTarget::Part(_) => None,
            })
            .collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut positions = Self { sorted };
        let mut at = memory.map_or(0, |memory| memory.base);
        let ranges =
            memory.filter(|_| !positions.sorted.is_empty()).into_iter().flat_map(|memory| memory.ranges.bounds());
        for (address, size) in ranges {
            // The first of several counts.
            if let Some((.., position @ 0)) = positions.row(address, size) {
                *position = at;
            }
            at = at.saturating_add(size);
        }
        positions
    }

    fn row(&mut self, address: u64, size: u64) -> Option<&mut (u64, u64, u64)> {
        let from = self.sorted.partition_point(|&(a, s, _)| (a, s) < (address, size));
        self.sorted.get_mut(from).filter(|(a, s, _)| (*a, *s) == (address, size))
    }

    fn find(&mut self, address: u64, size: u64) -> u64 {
        self.row(address, size).map_or(0, |&mut (_, _, at)| at)
    }
}

fn foreign(part: PartId) -> WriteError {
    let item = Item { name: "part", index: Some(part.0.into()) };
    WriteError::InvalidInput { item, reason: "it belongs to another builder" }
}

fn patch(parts: &mut [Part<'_>], from: PartId, position: u64, width: RvaWidth, value: u64) -> Result<(), WriteError> {
    let part = parts.get_mut(from.0 as usize).ok_or_else(|| foreign(from))?;
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    let done = match (&mut part.bytes, width) {
        (PartBytes::Held(bytes), RvaWidth::Rva) => encode::set(bytes.to_mut(), position, low32(value, part.item)?),
        (PartBytes::Held(bytes), RvaWidth::Rva64) => encode::set(bytes.to_mut(), position, value),
        // Nothing that is worked out refers to anything.
        (PartBytes::Rows(_), _) => false,
    };
    let reason = "a reference lies beyond its end";
    if done { Ok(()) } else { Err(WriteError::InvalidInput { item: part.item, reason }) }
}

fn directory(
    streams: &[(StreamType, PartId)],
    parts: &[Part<'_>],
    offsets: &[u64],
    memory: Option<&MemoryChunk<'_>>,
    memory64: Option<&MemoryChunk<'_>>,
) -> Result<Vec<DirectoryEntry>, WriteError> {
    let entry = |stream_type, offset, size, item| {
        let location = LocationDescriptor { data_size: fit32(item, size, "bytes")?, rva: low32(offset, item)? };
        Ok(DirectoryEntry { stream_type, location })
    };
    let mut entries = Vec::with_capacity(streams.len() + 2);
    for &(stream_type, id) in streams {
        let index = id.0 as usize;
        if let (Some(part), Some(&offset)) = (parts.get(index), offsets.get(index)) {
            entries.push(entry(stream_type, offset, part.bytes.len(), part.item)?);
        }
    }
    for (list, stream_type, head, item) in
        [(memory, StreamType::MEMORY_LIST, 4, MEMORY_LIST), (memory64, StreamType::MEMORY64_LIST, 16, MEMORY64_LIST)]
    {
        if let Some(list) = list {
            entries.push(entry(stream_type, list.offset, head + 16 * list.ranges.count(), item)?);
        }
    }
    entries.sort_by_key(|entry| rank(entry.stream_type));
    Ok(entries)
}
