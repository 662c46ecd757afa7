//! A plan into a sink, in one pass.

use alloc::vec::Vec;
use core::hint::black_box;
use std::io::{self, IoSlice, Read, Write};

use crate::error::{Item, WriteError};
use crate::format::memory::{Memory64List, MemoryDescriptor64};
use crate::format::{LocationDescriptor, MemoryDescriptor};

use crate::write::encode;
use crate::write::memory_range::{Contents, ShortSource};
use crate::write::part_bytes::PartBytes;
use crate::write::plan::{Chunk, MemoryChunk, MemoryForm, Plan};

/// How many runs of bytes go into one call of the sink.
const BATCH: usize = 256;
/// How many bytes go into one call of the sink. The kernel copies from a mapping whose pages it has to bring in first
/// about twice as fast in pieces of this size as in one piece of a gigabyte.
const PIECE: usize = 512 * 1024;
/// The size of the buffer for memory that a reader gives, and for descriptors.
const BUFFER: usize = 64 * 1024;
const ZEROS: &[u8] = &[0; 4096];
/// The smallest page that any system has.
const PAGE: usize = 4096;

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

impl Plan<'_> {
    /// Writes the dump from the first byte to the last.
    ///
    /// The sink is never asked to seek. Borrowed memory contents are handed to it from where they are.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`] if the sink fails, [`WriteError::Source`] if the reader of a memory range does,
    /// [`WriteError::ShortSource`] if one ends early and zeros were not asked for. What was written by then is no dump.
    pub fn write_to(self, sink: impl io::Write) -> Result<Written, WriteError> {
        let Plan { chunks, memory, tail, short_source, .. } = self;
        let mut emitter = Emitter { sink, offset: 0, shortfalls: Vec::new() };
        emitter.chunks(&chunks)?;
        for list in memory {
            emitter.head(&list)?;
            emitter.contents(list, short_source)?;
        }
        emitter.chunks(&tail)?;
        // A sink that keeps bytes back has to pass them on now: who drops it does not learn whether it could.
        let size = emitter.offset;
        emitter.sink.flush().map_err(|source| {
            let item = Item { name: "file", index: None };
            WriteError::Io { item, offset: 0, needed: size, written: size, source }
        })?;
        Ok(Written { size, shortfalls: emitter.shortfalls })
    }
}

/// Brings in the pages of a mapping, several at a time. The kernel copies what is not there yet in vain first: it stops at
/// each such page, clears what it has begun in the target's, and starts it over.
fn touch(bytes: &[u8]) {
    black_box(bytes.iter().step_by(PAGE).fold(0, |all, byte| all ^ byte));
}

/// What bytes belong to, for errors: a whole range or list, though it goes out in several runs.
#[derive(Clone, Copy)]
struct Extent {
    item: Item,
    /// Where it starts in the output.
    offset: u64,
    size: u64,
}

/// Runs of bytes that the next call of the sink gets together.
#[derive(Default)]
struct Batch<'b> {
    runs: Vec<(Extent, &'b [u8])>,
    size: u64,
}

impl<'b> Batch<'b> {
    fn push<W: Write>(&mut self, emitter: &mut Emitter<W>, of: Extent, bytes: &'b [u8]) -> Result<(), WriteError> {
        if bytes.len() > PIECE {
            emitter.write(self)?;
            return bytes.chunks(PIECE).try_for_each(|piece| self.push(emitter, of, piece));
        }
        if !bytes.is_empty() {
            touch(bytes);
            self.runs.push((of, bytes));
            self.size += bytes.len() as u64;
        }
        if self.runs.len() >= BATCH || self.size >= PIECE as u64 { emitter.write(self) } else { Ok(()) }
    }

    fn pad_to<W: Write>(&mut self, emitter: &mut Emitter<W>, offset: u64) -> Result<(), WriteError> {
        let at = emitter.offset + self.size;
        let size = offset.saturating_sub(at);
        let zeros = usize::try_from(size).ok().and_then(|size| ZEROS.get(..size)).unwrap_or(ZEROS);
        self.push(emitter, Extent { item: Item { name: "padding", index: None }, offset: at, size }, zeros)
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
                // It needs no list.
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

    /// The error that names what the sink stopped in.
    fn failed(&self, batch: &Batch<'_>, written: u64, source: io::Error) -> WriteError {
        let stopped = self.offset + written;
        let mut end = self.offset;
        let run = batch.runs.iter().find(|(_, bytes)| {
            end += bytes.len() as u64;
            stopped < end
        });
        let whole = Extent { item: Item { name: "file", index: None }, offset: 0, size: stopped };
        let Extent { item, offset, size } = run.map_or(whole, |&(extent, _)| extent);
        WriteError::Io { item, offset, needed: size, written: stopped - offset, source }
    }

    /// Writes bytes that do not outlive the call.
    fn write_now(&mut self, of: Extent, bytes: &[u8]) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        batch.push(self, of, bytes)?;
        self.write(&mut batch)
    }

    /// Writes what has its place in the plan, with zeros between.
    fn chunks(&mut self, chunks: &[Chunk<'_>]) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        for chunk in chunks {
            batch.pad_to(self, chunk.offset)?;
            let of = Extent { item: chunk.item, offset: chunk.offset, size: chunk.bytes.len() };
            match &chunk.bytes {
                PartBytes::Held(bytes) => batch.push(self, of, bytes)?,
                PartBytes::Rows(rows) => {
                    self.write(&mut batch)?;
                    self.rows(of, rows.head.clone(), 0..rows.count, |out, row| (rows.put)(row, out))?;
                }
            }
        }
        self.write(&mut batch)
    }

    /// Writes what stands in front of the bytes of a list.
    fn head(&mut self, list: &MemoryChunk<'_>) -> Result<(), WriteError> {
        match list.form {
            MemoryForm::List => {
                let mut at = list.base;
                let count = u32::try_from(list.ranges.count()).unwrap_or(u32::MAX);
                self.descriptors(list, encode::encoded(count), |out, (start_of_memory_range, size)| {
                    // The plan has seen that both fit.
                    let rva = u32::try_from(at).unwrap_or(u32::MAX);
                    let data_size = u32::try_from(size).unwrap_or(u32::MAX);
                    at += size;
                    let memory = LocationDescriptor { data_size, rva };
                    encode::put(out, MemoryDescriptor { start_of_memory_range, memory });
                })
            }
            MemoryForm::List64 => {
                let head = Memory64List { number_of_memory_ranges: list.ranges.count(), base_rva: list.base };
                self.descriptors(list, encode::encoded(head), |out, (start_of_memory_range, data_size)| {
                    encode::put(out, MemoryDescriptor64 { start_of_memory_range, data_size });
                })
            }
            MemoryForm::Bare => Ok(()),
        }
    }

    /// Writes a list's header and descriptors, from `list.offset` on, through a small buffer.
    fn descriptors(
        &mut self,
        list: &MemoryChunk<'_>,
        head: Vec<u8>,
        put: impl FnMut(&mut Vec<u8>, (u64, u64)),
    ) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        batch.pad_to(self, list.offset)?;
        self.write(&mut batch)?;
        let item = Item { name: "memory list", index: None };
        let of = Extent { item, offset: list.offset, size: list.base - list.offset };
        self.rows(of, head, list.ranges.bounds(), put)
    }

    /// Writes a header and rows through a small buffer.
    fn rows<T>(
        &mut self,
        of: Extent,
        head: Vec<u8>,
        rows: impl Iterator<Item = T>,
        mut put: impl FnMut(&mut Vec<u8>, T),
    ) -> Result<(), WriteError> {
        let mut buffer = head;
        for row in rows {
            put(&mut buffer, row);
            if buffer.len() >= BUFFER {
                self.write_now(of, &buffer)?;
                buffer.clear();
            }
        }
        self.write_now(of, &buffer)
    }

    /// Writes the bytes of all ranges of a list, which stand back to back.
    fn contents(&mut self, mut list: MemoryChunk<'_>, short_source: ShortSource) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        let mut buffer = Vec::new();
        for (range, index) in list.ranges.drain().zip(0..) {
            let (address, size) = (range.address(), range.size());
            let item = Item { name: "memory range", index: Some(index) };
            let of = Extent { item, offset: self.offset + batch.size, size };
            match range.into_contents() {
                Contents::Borrowed(bytes) => batch.push(self, of, bytes)?,
                Contents::Pieces(pieces) => {
                    pieces.into_iter().try_for_each(|piece| batch.push(self, of, piece))?;
                }
                Contents::Reader(mut reader) => {
                    self.write(&mut batch)?;
                    buffer.resize(BUFFER, 0);
                    self.copy(of, address, &mut *reader, &mut buffer, short_source)?;
                }
            }
        }
        self.write(&mut batch)
    }

    /// Copies just `size` bytes from a reader, whatever it gives.
    fn copy(
        &mut self,
        of: Extent,
        address: u64,
        reader: &mut dyn Read,
        buffer: &mut [u8],
        short_source: ShortSource,
    ) -> Result<(), WriteError> {
        let (index, size) = (of.item.index.unwrap_or(0), of.size);
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
            self.write_now(of, buffer.get(..count).unwrap_or_default())?;
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
            self.write_now(of, zeros)?;
            missing -= zeros.len() as u64;
        }
        Ok(())
    }
}
