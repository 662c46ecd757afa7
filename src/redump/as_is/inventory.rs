//! The contents of the source: its streams, what they refer to, and every field that contains a file offset.

use alloc::boxed::Box;
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
use crate::read::memory::{Memory64List, MemoryList};
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
    /// Its memory, if it is a list of that; few streams are, and there may be many streams.
    memory: Option<Box<Listed<'a>>>,
    /// The parts that it refers to, except memory.
    pub(super) parts: Vec<Interval>,
    /// See [`Held::fields`].
    fields: Vec<Field>,
    /// For a memory list, the number of ranges and the number of their bytes.
    pub(super) listed: (u64, u64),
    /// True if it cannot be read, which is reported.
    pub(super) is_unreadable: bool,
}

/// A list of memory, which may have a million ranges.
#[derive(Clone, Copy, Debug)]
enum Listed<'a> {
    List(MemoryList<'a>),
    List64(Memory64List<'a>),
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
    /// Stacks that may be in no list.
    stacks: Vec<Placed>,
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
        inventory.stacks = stacks;
        inventory
    }

    /// Returns the ranges of memory lists in order, followed by stacks that may be in no list.
    pub(super) fn memory(&self) -> impl Iterator<Item = Placed> + '_ {
        let listed = self.held.iter().enumerate();
        let listed = listed.flat_map(|(of, held)| held.ranges().filter_map(move |range| placed(&range, of, true)));
        listed.chain(self.stacks.iter().copied())
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
            memory: None,
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
                held.listed(Listed::List(*list));
            }
            Stream::Memory64List(list) => {
                if !list.is_base_in_tables() {
                    held.field(offset + Memory64Head::OFFSETS.base_rva.get() as u64, RvaWidth::Rva64, None, false);
                }
                held.listed(Listed::List64(*list));
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
        let field = self.field_at(at, width);
        self.fields.extend(field.map(|field| Field { target, is_optional, ..field }));
    }

    /// Returns a field, unless it refers to nothing.
    fn field_at(&self, at: u64, width: RvaWidth) -> Option<Field> {
        let bytes = self.stream.dump().bytes();
        let value = match width {
            RvaWidth::Rva => bytes.read::<u32>("position", at).map(u64::from),
            RvaWidth::Rva64 => bytes.read::<u64>("position", at),
        };
        worked(1);
        let value = value.ok().filter(|value| *value != 0)?;
        Some(Field { at, width, value, target: None, is_optional: false })
    }

    /// Returns all fields that contain file offsets.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        let rva = MemoryDescriptor::OFFSETS.memory.then(LocationDescriptor::OFFSETS.rva).get() as u64;
        let list = match self.memory.as_deref() {
            Some(Listed::List(list)) => Some(*list),
            _ => None,
        };
        let of_list = list.into_iter().flat_map(move |list| {
            (0..list.len()).filter_map(move |index| self.field_at(list.entry_offset(index) + rva, RvaWidth::Rva))
        });
        self.fields.iter().copied().chain(of_list)
    }

    /// Notes a list of memory.
    fn listed(&mut self, list: Listed<'a>) {
        self.memory = Some(Box::new(list));
        let sum = |(count, size): (u64, u64), range: MemoryRange<'_>| (count + 1, size.saturating_add(range.size));
        self.listed = self.ranges().fold((0, 0), sum);
    }

    /// Returns the ranges of its list of memory.
    fn ranges(&self) -> impl Iterator<Item = MemoryRange<'a>> + use<'a> {
        let (list, list64) = match self.memory.as_deref() {
            Some(Listed::List(list)) => (Some(*list), None),
            Some(Listed::List64(list)) => (None, Some(*list)),
            None => (None, None),
        };
        list.into_iter().flatten().chain(list64.into_iter().flatten())
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
