//! What is in the source: its streams, what they refer to, and every field that holds a position.

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

/// A field that holds a position in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Where it is in the source.
    pub(super) at: u64,
    pub(super) width: RvaWidth,
    /// What it holds.
    pub(super) value: u64,
    /// The bytes that it refers to; of memory and of what is not in the file it does not matter.
    pub(super) target: Option<Interval>,
    /// True if nobody needs it, for what it refers to is found by address, too.
    pub(super) is_optional: bool,
}

/// A stream of the source. Entries of the directory that say the same are one.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) stream: RawStream<'a>,
    /// How many bytes it takes: those of its entries, whatever its size says.
    pub(super) own: u64,
    /// The entries that hold positions, if it has some.
    pub(super) records: Option<Records>,
    /// What it refers to, memory aside.
    pub(super) parts: Vec<Interval>,
    pub(super) fields: Vec<Field>,
    /// The number of ranges, if it is a list of memory, and their bytes.
    pub(super) listed: (u64, u64),
    /// What keeps its fields from being found.
    pub(super) error: Option<ReadError>,
}

/// Memory by its place in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Positions in the source.
    pub(super) at: Interval,
    /// The address of the first byte.
    pub(super) address: u64,
    /// The number of the stream that tells of it.
    pub(super) of: usize,
    /// False for what a record alone refers to.
    pub(super) is_listed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Inventory<'a> {
    pub(super) held: Vec<Held<'a>>,
    /// The entries of the directory, each with the number of its stream.
    pub(super) entries: Vec<(DirectoryEntry, usize)>,
    /// The ranges of memory lists in their order, and behind them stacks that no list may have.
    pub(super) memory: Vec<Placed>,
}

impl<'a> Inventory<'a> {
    pub(super) fn new(dump: &Minidump<'a>, report: &mut Report) -> Self {
        let mut inventory = Self::default();
        let mut known: BTreeMap<(StreamType, u64, u64), usize> = BTreeMap::new();
        // What is looked at, of streams that are on the same bytes: once for what they hold, once for what they refer to.
        let mut looked = Budget::times(dump.data().len() as u64, 2);
        let mut followed = Budget::times(dump.data().len() as u64, 2);
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
        let own = decoded.as_ref().map_or(stream.bytes().len() as u64, |decoded| decoded.size_in_file(&stream));
        let whole = stream.grown(own);
        let mut held =
            Held { stream, own, records: None, parts: Vec::new(), fields: Vec::new(), listed: (0, 0), error: None };
        if stream.stream_type() == StreamType::UNUSED {
            return held;
        }
        let parts = looked
            .charge("stream", stream.offset(), whole.bytes().len() as u64)
            .and(decoded)
            .and_then(|decoded| Ok((decoded, all_parts_within(&whole, followed)?)));
        let (decoded, (parts, faults)) = match parts {
            Ok(parts) => parts,
            Err(error) => {
                held.error = Some(error);
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

    /// The positions of memory.
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

/// Where the bytes of a range are, if the file has some.
fn placed(range: &MemoryRange<'_>, of: usize, is_listed: bool) -> Option<Placed> {
    let at = Interval::new(range.offset, range.bytes.len() as u64)?;
    Some(Placed { at, address: range.address, of, is_listed })
}

impl<'a> Held<'a> {
    /// Notes the field of each entry.
    fn each<R: Record<'a>, S>(&mut self, list: &List<'a, R>, field: FieldOffset<S, Rva>, is_optional: bool) {
        for index in 0..list.len() {
            self.field(list.entry_offset(index) + field.get() as u64, RvaWidth::Rva, None, is_optional);
        }
    }

    /// Notes a field, unless it refers to nothing.
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

    /// The bytes that are its own.
    pub(super) fn interval(&self) -> Option<Interval> {
        Interval::new(self.stream.offset(), self.own)
    }

    /// The bytes that its size claims as well.
    pub(super) fn claimed(&self) -> Option<Interval> {
        Interval::new(self.stream.offset(), self.own.max(self.stream.bytes().len() as u64))
    }
}
