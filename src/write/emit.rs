//! A plan into a sink, in one pass.

use alloc::vec::Vec;
use std::io::{self, IoSlice, Read, Write};

use crate::error::{Item, WriteError};
use crate::format::{LocationDescriptor, MemoryDescriptor, MemoryDescriptor64};

use super::encode;
use super::lists::memory64_head;
use super::memory::{Contents, MemoryRange, ShortSource};
use super::plan::{MemoryChunk, Plan};

/// How many runs of bytes go into one call of the sink.
const BATCH: usize = 64;
/// The size of the buffer for memory that a reader gives, and for descriptors.
const BUFFER: usize = 64 * 1024;
const ZEROS: &[u8] = &[0; 4096];

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The size of the file in bytes.
    pub size: u64,
    /// The ranges whose readers ended early and were filled up with zeros.
    pub shortfalls: Vec<Shortfall>,
}

/// A memory range that holds zeros in place of bytes that its reader did not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The range's address.
    pub address: u64,
    /// The range's size in bytes.
    pub size: u64,
    /// How many bytes the reader gave.
    pub available: u64,
}

pub(super) fn emit(plan: Plan<'_>, sink: impl io::Write) -> Result<Written, WriteError> {
    let Plan { chunks, memory, memory64, short_source, .. } = plan;
    let mut emitter = Emitter { sink, offset: 0, shortfalls: Vec::new() };
    let mut batch = Batch::default();
    for chunk in &chunks {
        batch.pad_to(&mut emitter, chunk.offset)?;
        batch.push(&mut emitter, chunk.item, &chunk.bytes)?;
    }
    emitter.write(&mut batch)?;
    if let Some(list) = memory {
        let mut at = list.base;
        let count = u32::try_from(list.ranges.len()).unwrap_or(u32::MAX);
        emitter.descriptors(&list, &encode::bytes(count), |out, range| {
            // The plan has seen that both fit.
            let rva = u32::try_from(at).unwrap_or(u32::MAX);
            let data_size = u32::try_from(range.size()).unwrap_or(u32::MAX);
            at += range.size();
            let memory = LocationDescriptor { data_size, rva };
            encode::put(out, MemoryDescriptor { start_of_memory_range: range.address(), memory });
        })?;
        emitter.contents(list, short_source)?;
    }
    if let Some(list) = memory64 {
        let head = encode::bytes(memory64_head(list.ranges.len() as u64, list.base));
        emitter.descriptors(&list, &head, |out, range| {
            encode::put(out, MemoryDescriptor64 { start_of_memory_range: range.address(), data_size: range.size() });
        })?;
        emitter.contents(list, short_source)?;
    }
    Ok(Written { size: emitter.offset, shortfalls: emitter.shortfalls })
}

/// Runs of bytes that the next call of the sink gets together.
#[derive(Default)]
struct Batch<'b> {
    runs: Vec<(Item, &'b [u8])>,
    size: u64,
}

impl<'b> Batch<'b> {
    fn push<W: Write>(&mut self, emitter: &mut Emitter<W>, item: Item, bytes: &'b [u8]) -> Result<(), WriteError> {
        if !bytes.is_empty() {
            self.runs.push((item, bytes));
            self.size += bytes.len() as u64;
        }
        if self.runs.len() >= BATCH { emitter.write(self) } else { Ok(()) }
    }

    fn pad_to<W: Write>(&mut self, emitter: &mut Emitter<W>, offset: u64) -> Result<(), WriteError> {
        let gap = offset.saturating_sub(emitter.offset + self.size);
        let zeros = usize::try_from(gap).ok().and_then(|gap| ZEROS.get(..gap)).unwrap_or(ZEROS);
        self.push(emitter, Item { name: "padding", index: None }, zeros)
    }
}

/// The sink and how far it is.
struct Emitter<W> {
    sink: W,
    offset: u64,
    shortfalls: Vec<Shortfall>,
}

impl<W: Write> Emitter<W> {
    /// Writes all runs of the batch and empties it.
    fn write(&mut self, batch: &mut Batch<'_>) -> Result<(), WriteError> {
        let mut slices: Vec<IoSlice<'_>> = batch.runs.iter().map(|(_, bytes)| IoSlice::new(bytes)).collect();
        let mut slices = slices.as_mut_slice();
        let mut written = 0u64;
        while !slices.is_empty() {
            let result = match slices {
                // A single run, usually a large one, needs no list.
                [run] => self.sink.write(run),
                _ => self.sink.write_vectored(slices),
            };
            match result {
                Ok(0) => return Err(self.failed(batch, written, io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    // A sink that claims more than it was given must not end in a panic.
                    let count = count.min(slices.iter().map(|slice| slice.len()).sum());
                    written += count as u64;
                    IoSlice::advance_slices(&mut slices, count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(batch, written, error)),
            }
        }
        self.offset += written;
        batch.runs.clear();
        batch.size = 0;
        Ok(())
    }

    /// The error that names the run at which the sink stopped.
    fn failed(&self, batch: &Batch<'_>, mut written: u64, source: io::Error) -> WriteError {
        let mut offset = self.offset;
        for &(item, bytes) in &batch.runs {
            let needed = bytes.len() as u64;
            if written < needed {
                return WriteError::Io { item, offset, needed, written, source };
            }
            written -= needed;
            offset += needed;
        }
        WriteError::Io { item: Item { name: "file", index: None }, offset, needed: 0, written, source }
    }

    /// Writes bytes that do not outlive the call.
    fn write_now(&mut self, item: Item, bytes: &[u8]) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        batch.push(self, item, bytes)?;
        self.write(&mut batch)
    }

    /// Writes a list's head and descriptors, from `list.offset` on, through a small buffer.
    fn descriptors(
        &mut self,
        list: &MemoryChunk<'_>,
        head: &[u8],
        mut put: impl FnMut(&mut Vec<u8>, &MemoryRange<'_>),
    ) -> Result<(), WriteError> {
        let item = Item { name: "memory list", index: None };
        let mut batch = Batch::default();
        batch.pad_to(self, list.offset)?;
        self.write(&mut batch)?;
        let mut buffer = head.to_vec();
        for range in &list.ranges {
            put(&mut buffer, range);
            if buffer.len() >= BUFFER {
                self.write_now(item, &buffer)?;
                buffer.clear();
            }
        }
        self.write_now(item, &buffer)
    }

    /// Writes the bytes of all ranges of a list, which stand back to back.
    fn contents(&mut self, list: MemoryChunk<'_>, short_source: ShortSource) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        let mut buffer = Vec::new();
        for (range, index) in list.ranges.into_iter().zip(0..) {
            let item = Item { name: "memory range", index: Some(index) };
            let (address, size) = (range.address(), range.size());
            match range.into_contents() {
                Contents::Borrowed(bytes) => batch.push(self, item, bytes)?,
                Contents::Pieces(pieces) => {
                    pieces.into_iter().try_for_each(|piece| batch.push(self, item, piece))?;
                }
                Contents::Reader(mut reader) => {
                    self.write(&mut batch)?;
                    buffer.resize(BUFFER, 0);
                    self.copy(item, address, size, &mut *reader, &mut buffer, short_source)?;
                }
            }
        }
        self.write(&mut batch)
    }

    /// Copies just `size` bytes from a reader, whatever it gives.
    fn copy(
        &mut self,
        item: Item,
        address: u64,
        size: u64,
        reader: &mut dyn Read,
        buffer: &mut [u8],
        short_source: ShortSource,
    ) -> Result<(), WriteError> {
        let index = item.index.unwrap_or(0);
        let mut available = 0;
        while available < size {
            let wanted = usize::try_from(size - available).unwrap_or(usize::MAX).min(buffer.len());
            let room = buffer.get_mut(..wanted).unwrap_or_default();
            let count = match reader.read(room) {
                Ok(0) => break,
                Ok(count) => count.min(wanted),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(WriteError::Source { index, address, needed: size, available, source });
                }
            };
            self.write_now(item, buffer.get(..count).unwrap_or_default())?;
            available += count as u64;
        }
        if available == size {
            return Ok(());
        }
        if short_source == ShortSource::Fail {
            return Err(WriteError::ShortSource { index, address, needed: size, available });
        }
        self.shortfalls.push(Shortfall { address, size, available });
        let mut missing = size - available;
        while missing > 0 {
            let zeros = usize::try_from(missing).ok().and_then(|missing| ZEROS.get(..missing)).unwrap_or(ZEROS);
            self.write_now(item, zeros)?;
            missing -= zeros.len() as u64;
        }
        Ok(())
    }
}
