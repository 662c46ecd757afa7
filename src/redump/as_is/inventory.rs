//! The contents of the source: its streams, what they refer to, and every field that contains a file offset.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::compressed_memory::{CompressedBucket, CompressedMemoryHeader};
use crate::format::memory::Memory64List as Memory64Head;
use crate::format::thread::ThreadEx;
use crate::format::{
    DirectoryEntry, FieldOffset, LocationDescriptor, MemoryDescriptor, Rva, RvaWidth, StreamType, Thread,
};
use crate::read::list::Record;
use crate::read::reference_fields::Records;
use crate::read::references::all_parts_within;
use crate::read::work::worked;
use crate::read::{Budget, Interval, List, MemoryRange, Minidump, RawStream, Stream};

use crate::redump::report::Report;

/// A field that contains a file offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// The offset of the field in the source.
    pub(super) at: u64,
    pub(super) width: RvaWidth,
    /// The value of the field.
    pub(super) value: u64,
    /// The bytes that it refers to; irrelevant for memory and for targets outside the file.
    pub(super) target: Option<Interval>,
    /// True if the field may be 0, because what it refers to is also found by address.
    pub(super) is_optional: bool,
}

/// A stream of the source. Identical directory entries share one.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) stream: RawStream<'a>,
    /// The size of its entries in bytes, regardless of its size field.
    pub(super) own: u64,
    /// The records that contain file offsets, if there are any.
    pub(super) records: Option<Records>,
    /// The parts that it refers to, except memory.
    pub(super) parts: Vec<Interval>,
    pub(super) fields: Vec<Field>,
    /// For a memory list, the number of ranges and the number of their bytes.
    pub(super) listed: (u64, u64),
    /// True if it cannot be read, which is reported.
    pub(super) is_unreadable: bool,
}

/// Memory at an offset in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Its offsets in the source.
    pub(super) at: Interval,
    /// The address of the first byte.
    pub(super) address: u64,
    /// The index of the stream that describes it.
    pub(super) of: usize,
    /// False if only a record refers to it.
    pub(super) is_listed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Inventory<'a> {
    pub(super) held: Vec<Held<'a>>,
    /// The directory entries, each with the index of its stream.
    pub(super) entries: Vec<(DirectoryEntry, usize)>,
    /// The ranges of memory lists in order, followed by stacks that may be in no list.
    pub(super) memory: Vec<Placed>,
}

impl<'a> Inventory<'a> {
    pub(super) fn new(dump: &Minidump<'a>, report: &mut Report) -> Self {
        let mut inventory = Self::default();
        let mut known: BTreeMap<(StreamType, u64, u64), usize> = BTreeMap::new();
        // The limit for streams that share bytes: once for their contents, once for what they refer to.
        let mut looked = Budget::times(dump.file_size(), 2);
        let mut followed = Budget::times(dump.file_size(), 2);
        let mut stacks = Vec::new();
        for (stream, decoded) in dump.streams() {
            let key = (stream.stream_type(), stream.offset(), stream.declared_size());
            let number = *known.entry(key).or_insert_with(|| {
                let held = inventory.held(stream, decoded, (&mut looked, &mut followed), &mut stacks, report);
                inventory.held.push(held);
                inventory.held.len() - 1
            });
            inventory.entries.push((stream.entry(), number));
        }
        inventory.memory.append(&mut stacks);
        inventory
    }

    fn held(
        &mut self,
        stream: RawStream<'a>,
        decoded: Result<Stream<'a>, ReadError>,
        (looked, followed): (&mut Budget, &mut Budget),
        stacks: &mut Vec<Placed>,
        report: &mut Report,
    ) -> Held<'a> {
        let own = decoded.as_ref().map_or(stream.available(), |decoded| decoded.size_in_file(&stream));
        let whole = stream.grown(own);
        let mut held = Held {
            stream,
            own,
            records: None,
            parts: Vec::new(),
            fields: Vec::new(),
            listed: (0, 0),
            is_unreadable: false,
        };
        if stream.stream_type() == StreamType::UNUSED {
            return held;
        }
        let parts = looked
            .charge("stream", stream.offset(), whole.available())
            .and(decoded)
            .and_then(|decoded| Ok((decoded, all_parts_within(&whole, followed)?)));
        let (decoded, (parts, faults)) = match parts {
            Ok(parts) => parts,
            Err(error) => {
                held.is_unreadable = true;
                report.fault(stream.stream_type(), 0, "head", error);
                return held;
            }
        };
        held.records = Records::of(&whole).ok().flatten();
        faults.into_iter().for_each(|error| report.fault(stream.stream_type(), 0, "reference", error));
        let interval = |number: usize| {
            let (_, part) = parts.get(number)?;
            Interval::new(part.offset, part.bytes.len() as u64)
        };
        held.parts = (1..parts.len()).filter_map(interval).collect();
        for (_, part) in &parts {
            for reference in &part.references {
                let target = reference.target.and_then(interval);
                held.field(part.offset + reference.position, reference.width, target, false);
            }
        }
        self.memory_of(&mut held, &decoded, stacks);
        held
    }

    /// Collects the file offsets of memory.
    fn memory_of(&mut self, held: &mut Held<'a>, decoded: &Stream<'a>, stacks: &mut Vec<Placed>) {
        let dump = *held.stream.dump();
        let (offset, of) = (held.stream.offset(), self.held.len());
        let rva = MemoryDescriptor::OFFSETS.memory.then(LocationDescriptor::OFFSETS.rva);
        match decoded {
            Stream::ThreadList(list) => {
                let field = Thread::OFFSETS.stack.then(rva);
                held.each(list, field, true);
                for thread in list.iter() {
                    stacks.extend(placed(&MemoryRange::from_descriptor(&dump, &thread.raw().stack), of, false));
                }
            }
            Stream::ThreadExList(list) => {
                held.each(list, ThreadEx::OFFSETS.thread.then(Thread::OFFSETS.stack).then(rva), true);
                held.each(list, ThreadEx::OFFSETS.backing_store.then(rva), true);
                for thread in list.iter() {
                    for descriptor in [thread.raw().thread.stack, thread.raw().backing_store] {
                        stacks.extend(placed(&MemoryRange::from_descriptor(&dump, &descriptor), of, false));
                    }
                }
            }
            Stream::MemoryList(list) => {
                held.each(list, rva, false);
                list.iter().for_each(|range| self.listed(held, &range));
            }
            Stream::Memory64List(list) => {
                if !list.is_base_in_tables() {
                    held.field(offset + Memory64Head::OFFSETS.base_rva.get() as u64, RvaWidth::Rva64, None, false);
                }
                list.iter().for_each(|range| self.listed(held, &range));
            }
            Stream::CompressedMemory(memory) => {
                let fields = CompressedMemoryHeader::OFFSETS;
                for field in [
                    fields.compressed_stream_offset,
                    fields.region_array_offset,
                    fields.bucket_array_offset,
                    fields.bucket_stream_offset,
                ] {
                    held.field(offset + field.get() as u64, RvaWidth::Rva64, None, false);
                }
                let field = CompressedBucket::OFFSETS.offset.get() as u64;
                for index in 0..memory.buckets().len() {
                    held.field(memory.buckets().entry_offset(index) + field, RvaWidth::Rva64, None, false);
                }
                let size = memory.regions().iter().fold(0u64, |sum, region| sum.saturating_add(region.size.into()));
                held.listed = (memory.regions().len(), size);
                let table = |start: u64, size: u64, count: u64| Interval::new(start, size.saturating_mul(count));
                let (regions, buckets) = (memory.regions(), memory.buckets());
                let tables = [
                    table(regions.entry_offset(0), regions.entry_size(), regions.len()),
                    table(buckets.entry_offset(0), buckets.entry_size(), buckets.len()),
                ];
                let blocks = buckets.iter().map(|bucket| Interval::new(bucket.offset, bucket.compressed_size.into()));
                held.parts.extend(tables.into_iter().chain(blocks).flatten());
            }
            _ => {}
        }
    }

    fn listed(&mut self, held: &mut Held<'a>, range: &MemoryRange<'a>) {
        held.listed = (held.listed.0 + 1, held.listed.1.saturating_add(range.size));
        self.memory.extend(placed(range, self.held.len(), true));
    }
}

/// Returns the location of the bytes of a range, if the file contains any.
fn placed(range: &MemoryRange<'_>, of: usize, is_listed: bool) -> Option<Placed> {
    let at = Interval::new(range.offset, range.available())?;
    Some(Placed { at, address: range.address, of, is_listed })
}

impl<'a> Held<'a> {
    /// Collects a field of each entry.
    fn each<R: Record<'a>, S>(&mut self, list: &List<'a, R>, field: FieldOffset<S, Rva>, is_optional: bool) {
        for index in 0..list.len() {
            self.field(list.entry_offset(index) + field.get() as u64, RvaWidth::Rva, None, is_optional);
        }
    }

    /// Collects a field, unless it refers to nothing.
    fn field(&mut self, at: u64, width: RvaWidth, target: Option<Interval>, is_optional: bool) {
        let bytes = self.stream.dump().bytes();
        let value = match width {
            RvaWidth::Rva => bytes.read::<u32>("position", at).map(u64::from),
            RvaWidth::Rva64 => bytes.read::<u64>("position", at),
        };
        worked(1);
        if let Some(value) = value.ok().filter(|value| *value != 0) {
            self.fields.push(Field { at, width, value, target, is_optional });
        }
    }

    /// Returns the bytes of its entries.
    pub(super) fn interval(&self) -> Option<Interval> {
        Interval::new(self.stream.offset(), self.own)
    }

    /// Returns these bytes and any others that its size field claims.
    pub(super) fn claimed(&self) -> Option<Interval> {
        Interval::new(self.stream.offset(), self.own.max(self.stream.available()))
    }
}
