//! The layout of a minidump: header, directory, streams, the parts that they refer to, memory.

use alloc::vec::Vec;

use crate::error::{Item, WriteError};
use crate::format::header::{SIGNATURE, VERSION};
use crate::format::system::{MiscInfo, MiscInfoFlags};
use crate::format::{DirectoryEntry, Header, LocationDescriptor, MinidumpType, RvaWidth, StreamType};

use crate::write::builder::MinidumpBuilder;
use crate::write::compressed::CompressedChunk;
use crate::write::cursor::{Cursor, rva};
use crate::write::encode::{self, fit32};
use crate::write::parallel::padding;
use crate::write::part::{Part, PartId, Reference, ReferenceTarget};
use crate::write::part_bytes::PartBytes;
use crate::write::plan::{Chunk, MemoryChunk, MemoryForm, Plan};
use crate::write::range_list::RangeList;
use crate::write::range_positions::RangePositions;

/// Rank of a stream, both in the directory and by file offset. Other streams follow in the order in which they were added.
fn rank(stream_type: StreamType) -> u8 {
    stream_type.row().rank.unwrap_or(u8::MAX)
}

/// The streams that are placed first, in this order.
const FIRST: [StreamType; 3] = [StreamType::SYSTEM_INFO, StreamType::MISC_INFO, StreamType::EXCEPTION];

const MEMORY_LIST: Item = Item { name: "MINIDUMP_MEMORY_LIST", index: None };
const MEMORY64_LIST: Item = Item { name: "MINIDUMP_MEMORY64_LIST", index: None };

impl<'a> MinidumpBuilder<'a> {
    /// Assigns a file offset to every part.
    ///
    /// # Errors
    ///
    /// [`WriteError::RvaOverflow`] and [`WriteError::SizeOverflow`] if a value does not fit its field in the format,
    /// [`WriteError::Overflow`] if it does not fit 64 bits, [`WriteError::InvalidInput`] for a reference outside the part
    /// that contains it. Mistakes in records that were [added](MinidumpBuilder::add) are also reported here, including
    /// [`WriteError::UnknownRegister`] for a context with an unknown register name.
    pub fn plan(mut self) -> Result<Plan<'a>, WriteError> {
        self.added.check(&self.lists)?;
        self.encode_lists()?;
        let MinidumpBuilder {
            mut flags,
            time_date_stamp,
            short_source,
            mut parts,
            mut references,
            mut streams,
            with_more,
            ..
        } = self;
        // Compressed memory without any bytes cannot be expressed in the format.
        let has_bytes = |list: &RangeList<'_>| list.bounds().any(|(_, size)| size > 0);
        let is_compressed = self.is_compressed && [&self.memory, &self.memory64].into_iter().flatten().any(has_bytes);
        let to_compress = is_compressed.then(|| {
            flags = MinidumpType::from_bits_retain(flags).compressed().bits();
            let mut ranges = self.memory.take().unwrap_or_default();
            ranges.join(self.memory64.take());
            ranges
        });
        streams.sort_by_key(|&(stream_type, _)| rank(stream_type));

        // The sizes of header and directory depend only on the number of streams.
        let directory_item = Item { name: "MINIDUMP_DIRECTORY", index: None };
        let lists = [self.memory.is_some(), self.memory64.is_some(), to_compress.is_some()];
        let memory_streams = lists.into_iter().filter(|&is_there| is_there).count();
        let number_of_streams = fit32(directory_item, (streams.len() + memory_streams) as u64, "entries")?;
        let mut cursor = Cursor::default();
        cursor.take(Header::SIZE as u64, 1, Item { name: "MINIDUMP_HEADER", index: None })?;
        let directory_size = u64::from(number_of_streams) * DirectoryEntry::SIZE as u64;
        let directory_offset = cursor.take_rva(directory_size, 1, directory_item)?;

        let offsets = place_parts(&mut cursor, &parts, &streams, &mut references)?;
        let memory = self.memory.map(|ranges| place_memory_list(&mut cursor, ranges)).transpose()?;
        let place = |ranges| place_memory64_list(&mut cursor, ranges, self.parallel_to);
        let memory64 = self.memory64.map(place).transpose()?;
        let place = |ranges| CompressedChunk::place(&mut cursor, ranges, time_date_stamp, process_id(&streams, &parts));
        let compressed = to_compress.map(place).transpose()?;

        let stacks = RangePositions::new([&memory, &memory64].into_iter().flatten(), &references);
        for reference in references {
            let value = match reference.target {
                ReferenceTarget::Part(part) => *offsets.get(part.0 as usize).ok_or_else(|| part.foreign())?,
                ReferenceTarget::MemoryRange { address, size } => stacks.find(address, size, reference.width),
            };
            patch(&mut parts, reference.from, reference.position, reference.width, value)?;
        }

        let lists = [
            memory.as_ref().map(|list| list.directory_entry(StreamType::MEMORY_LIST, MEMORY_LIST)),
            memory64.as_ref().map(|list| list.directory_entry(StreamType::MEMORY64_LIST, MEMORY64_LIST)),
            compressed.as_ref().map(CompressedChunk::directory_entry),
        ];
        let directory = directory(&streams, with_more, &parts, &offsets, lists.into_iter().flatten())?;
        let header = Header {
            signature: SIGNATURE,
            version: VERSION,
            number_of_streams,
            stream_directory_rva: rva(directory_offset, directory_item)?,
            check_sum: 0,
            time_date_stamp,
            flags,
        };
        let mut head = encode::encoded(header);
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
        let (tail, size, threads, progress) = (Vec::new(), cursor.at, None, None);
        Ok(Plan { chunks, memory, compressed, tail, short_source, directory, size, threads, progress })
    }
}

/// Returns the process ID, if the MiscInfo stream contains it.
fn process_id(streams: &[(StreamType, PartId)], parts: &[Part<'_>]) -> u32 {
    let misc = streams.iter().find(|(stream_type, _)| *stream_type == StreamType::MISC_INFO);
    let Some(PartBytes::Held(bytes)) = misc.and_then(|(_, part)| parts.get(part.0 as usize)).map(|part| &part.bytes)
    else {
        return 0;
    };
    let fields = MiscInfo::OFFSETS;
    let word = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word));
    let flags = MiscInfoFlags::from_bits_retain(word(fields.flags1.get()));
    if flags.contains(MiscInfoFlags::PROCESS_ID) { word(fields.process_id.get()) } else { 0 }
}

/// Places the streams that every reader reads first at the start, together with what they refer to: the debugger of 2017
/// does not find system information beyond the first MiB of a file. All other streams follow in directory order, and then
/// what they refer to, in breadth-first order. So the order of the calls only matters for streams of the same rank.
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
    let of_type = |wanted| streams.iter().filter(move |(stream_type, _)| *stream_type == wanted);
    let first: Vec<_> = FIRST.into_iter().flat_map(of_type).collect();
    let mut next = 0;
    for group in [first, streams.iter().collect()] {
        group.into_iter().try_for_each(|&(_, part)| place(part.0 as usize, &mut queue))?;
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
    }
    // Parts without references to them are written as well, because the caller added them.
    (0..parts.len()).try_for_each(|index| place(index, &mut queue))?;
    Ok(offsets.into_iter().flatten().collect())
}

fn place_memory_list<'a>(cursor: &mut Cursor, ranges: RangeList<'a>) -> Result<MemoryChunk<'a>, WriteError> {
    let offset = cursor.take_rva(MemoryForm::List.table_size(ranges.count()), 8, MEMORY_LIST)?;
    let mut base = None;
    for ((_, size), index) in ranges.bounds().zip(0..) {
        let at = cursor.take_rva(size, 1, Item { name: "memory range", index: Some(index) })?;
        base.get_or_insert(at);
    }
    Ok(MemoryChunk { form: MemoryForm::List, offset, base: base.unwrap_or(cursor.at), ranges })
}

fn place_memory64_list<'a>(
    cursor: &mut Cursor,
    ranges: RangeList<'a>,
    parallel_to: Option<&[u8]>,
) -> Result<MemoryChunk<'a>, WriteError> {
    let offset = cursor.take_rva(MemoryForm::List64.table_size(ranges.count()), 8, MEMORY64_LIST)?;
    let padding = padding(&ranges, parallel_to, cursor.at, u64::MAX);
    cursor.take(padding, 1, Item { name: "padding", index: None })?;
    let base = cursor.at;
    for ((_, size), index) in ranges.bounds().zip(0..) {
        cursor.take(size, 1, Item { name: "memory range", index: Some(index) })?;
    }
    Ok(MemoryChunk { form: MemoryForm::List64, offset, base, ranges })
}

fn patch(parts: &mut [Part<'_>], from: PartId, position: u64, width: RvaWidth, value: u64) -> Result<(), WriteError> {
    let part = parts.get_mut(from.0 as usize).ok_or_else(|| from.foreign())?;
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    let done = match (&mut part.bytes, width) {
        (PartBytes::Held(bytes), RvaWidth::Rva) => encode::set(bytes.to_mut(), position, rva(value, part.item)?),
        (PartBytes::Held(bytes), RvaWidth::Rva64) => encode::set(bytes.to_mut(), position, value),
        // Computed bytes contain no references.
        (PartBytes::Rows(_) | PartBytes::Memory(_), _) => false,
    };
    let reason = "a reference is beyond its end";
    if done { Ok(()) } else { Err(WriteError::InvalidInput { item: part.item, reason }) }
}

fn directory(
    streams: &[(StreamType, PartId)],
    with_more: Option<(PartId, u64)>,
    parts: &[Part<'_>],
    offsets: &[u64],
    lists: impl Iterator<Item = (StreamType, u64, u64, Item)>,
) -> Result<Vec<DirectoryEntry>, WriteError> {
    let entry = |stream_type, offset, size, item| {
        let location = LocationDescriptor { data_size: fit32(item, size, "bytes")?, rva: rva(offset, item)? };
        Ok(DirectoryEntry { stream_type, location })
    };
    let mut entries = Vec::with_capacity(streams.len() + 3);
    for &(stream_type, id) in streams {
        let index = id.0 as usize;
        if let (Some(part), Some(&offset)) = (parts.get(index), offsets.get(index)) {
            let more = with_more.filter(|&(of, _)| of == id).map_or(0, |(_, more)| more);
            entries.push(entry(stream_type, offset, part.bytes.len().saturating_sub(more), part.item)?);
        }
    }
    for (stream_type, offset, size, item) in lists {
        entries.push(entry(stream_type, offset, size, item)?);
    }
    entries.sort_by_key(|entry| rank(entry.stream_type));
    Ok(entries)
}
