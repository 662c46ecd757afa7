//! Copies streams of a dump into the builder of another one.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::error::{ReadError, RedumpError};
use crate::format::thread::ThreadEx;
use crate::format::{LocationDescriptor, MemoryDescriptor, StreamType, Thread};
use crate::read::memory::{Memory64List, MemoryList};
use crate::read::references::{Kind, all_parts_within};
use crate::read::{
    Budget, ByteOrder, Interval, MemoryRange as ListedRange, Minidump, RawStream, Stream, ThreadList, gaps, united,
};
use crate::write::{MinidumpBuilder, PartId};

use crate::redump::carried_streams::without_dead_references;
use crate::redump::from_file::listed_range;

impl<'a> MinidumpBuilder<'a> {
    /// Adds a stream of any type, together with everything it refers to: names, registers, debug records, chains of
    /// records. Memory lists are copied with their ranges in order. File offsets of stacks are derived from their
    /// addresses, except those that are 0.
    ///
    /// Returns the faults of references that point outside the file; such references and the sizes beside them become 0.
    /// Streams with unknown contents are copied unchanged, including any file offsets.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unsupported`] for a stream of a big-endian dump and for compressed memory, [`ReadError::Truncated`] if
    /// no byte of the stream is in the file, [`ReadError::BudgetSpent`] if the stream and what it refers to are more than
    /// twice as large as the file.
    ///
    /// # Examples
    ///
    /// ```
    /// use userdump::{Minidump, MinidumpBuilder};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut file = [0; 32];
    /// # file[..8].copy_from_slice(b"MDMP\x93\xa7\0\0");
    /// let dump = Minidump::parse(&file)?;
    /// let mut builder = MinidumpBuilder::new();
    /// for stream in dump.raw_streams() {
    ///     let faults = builder.carry(&stream)?;
    ///     assert!(faults.is_empty());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn carry(&mut self, stream: &RawStream<'a>) -> Result<Vec<ReadError>, ReadError> {
        if stream.dump().byte_order() == ByteOrder::Big {
            return Err(ReadError::Unsupported { what: "a stream of a big-endian dump" });
        }
        let mut budget = Budget::times(stream.dump().bytes().size(), 2);
        let decoded = Stream::decode(stream);
        let mut faults = Vec::new();
        let stream_type = stream.stream_type();
        match &decoded {
            Ok(Stream::Unused) => return Ok(faults),
            Ok(Stream::CompressedMemory(_)) => return Err(ReadError::Unsupported { what: "compressed memory" }),
            Ok(Stream::MemoryList(list)) => {
                self.list(stream_type);
                faults.extend(list.fault());
                for range in list.iter() {
                    budget.charge("memory range", range.offset, range.available())?;
                    faults.extend(range.fault());
                    self.memory(listed_range(&range));
                }
                return Ok(faults);
            }
            Ok(Stream::Memory64List(list)) => {
                self.list(stream_type);
                faults.extend(list.fault());
                for range in list.iter() {
                    faults.extend(range.fault());
                    self.memory64(listed_range(&range));
                }
                return Ok(faults);
            }
            _ => {}
        }
        let whole = decoded.as_ref().map_or(*stream, |decoded| stream.grown(decoded.size_in_file(stream)));
        let (parts, found) = all_parts_within(&whole, &mut budget)?;
        faults.extend(found);
        let mut ids = Vec::with_capacity(parts.len());
        for (number, (kind, part)) in parts.iter().enumerate() {
            let bytes = without_dead_references(part);
            ids.push(match number {
                0 => self.stream(stream_type, bytes),
                _ if *kind == Kind::Utf16 => self.string(bytes),
                _ => self.part(kind.name(), bytes),
            });
        }
        for ((_, part), &from) in parts.iter().zip(&ids) {
            for reference in &part.references {
                if let Some(&to) = reference.target.and_then(|target| ids.get(target)) {
                    self.reference(from, reference.position, reference.width, to);
                }
            }
        }
        if let (Ok(decoded), Some(&list)) = (&decoded, ids.first()) {
            self.stacks(decoded, stream.offset(), list);
        }
        Ok(faults)
    }

    /// Derives the file offsets of stacks from their addresses.
    fn stacks(&mut self, decoded: &Stream<'a>, start: u64, list: PartId) {
        let mut described: BTreeMap<u64, MemoryDescriptor> = BTreeMap::new();
        match decoded {
            Stream::ThreadList(threads) => {
                for (thread, index) in threads.iter().zip(0..) {
                    let at = threads.entry_offset(index) + Thread::OFFSETS.stack.get() as u64;
                    described.insert(at, thread.raw().stack);
                }
            }
            Stream::ThreadExList(threads) => {
                for (thread, index) in threads.iter().zip(0..) {
                    let (at, fields) = (threads.entry_offset(index), ThreadEx::OFFSETS);
                    let stack = at + fields.thread.then(Thread::OFFSETS.stack).get() as u64;
                    described.insert(stack, thread.raw().thread.stack);
                    described.insert(at + fields.backing_store.get() as u64, thread.raw().backing_store);
                }
            }
            _ => {}
        }
        let rva = MemoryDescriptor::OFFSETS.memory.then(LocationDescriptor::OFFSETS.rva).get() as u64;
        for (at, descriptor) in described.into_iter().filter(|(_, it)| it.memory.rva != 0) {
            let size = descriptor.memory.data_size.into();
            self.memory_position(list, (at + rva).saturating_sub(start), descriptor.start_of_memory_range, size);
        }
    }
}

impl<'a> Minidump<'a> {
    /// Returns a builder with everything in the dump, to which more can be added, and the faults of references and streams;
    /// streams that cannot be copied are left out.
    ///
    /// The builder assigns new file offsets, with full memory [parallel](MinidumpBuilder::parallel_to) to that of the dump,
    /// and uses its own order of the directory. Stacks that are in no memory list are
    /// added to one. To change or remove parts and keep the rest in place, use
    /// [`Options::as_is`](crate::redump::Options::as_is) and [`Hooks`](crate::redump::Hooks).
    ///
    /// # Errors
    ///
    /// [`RedumpError::Unsupported`] for a big-endian dump, and [`RedumpError::Read`] if a
    /// [`SourceFile`](crate::SourceFile) cannot be read.
    pub fn to_builder(&self) -> Result<(MinidumpBuilder<'a>, Vec<ReadError>), RedumpError> {
        if self.byte_order() == ByteOrder::Big {
            return Err(RedumpError::Unsupported { what: "a big-endian dump" });
        }
        let mut builder = MinidumpBuilder::new();
        builder.flags(self.flags()).time_date_stamp(self.header().time_date_stamp).parallel_to(self.bytes().resident());
        let mut faults = Vec::new();
        let mut room = Budget::times(self.file_size(), 2);
        for stream in self.raw_streams().filter(|stream| stream.stream_type() != StreamType::UNUSED) {
            let size = stream.available();
            match room.charge("stream", stream.offset(), size).and_then(|()| builder.carry(&stream)) {
                Ok(found) => faults.extend(found),
                Err(error) => faults.push(error),
            }
        }
        self.stacks_in_no_list(&mut builder);
        self.bytes().fault().map_or(Ok((builder, faults)), |fault| Err(fault.into()))
    }

    /// Adds the stacks that are in the file but in no list, so that they are found by address.
    fn stacks_in_no_list(&self, builder: &mut MinidumpBuilder<'a>) {
        let interval = |range: &ListedRange<'a>| Interval::new(range.address, range.available());
        let plain = self.list::<MemoryList<'a>>();
        let lists = plain.iter().chain(self.list::<Memory64List<'a>>());
        let listed = united(lists.filter_map(|range| interval(&range)).collect());
        let mut met = BTreeSet::new();
        for thread in &self.list::<ThreadList<'a>>() {
            let stack = ListedRange::from_descriptor(self.dump_bytes(), &thread.raw().stack);
            let is_in_no_list = interval(&stack).is_some_and(|own| gaps(&listed, own).next().is_some());
            // Threads may share a stack.
            if is_in_no_list && met.insert((stack.address, stack.offset, stack.size)) {
                builder.memory(listed_range(&stack));
            }
        }
    }
}
