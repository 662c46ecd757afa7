//! A plan into a sink, in one pass.

use alloc::vec::Vec;
use core::hint::black_box;
use std::io::{self, IoSlice, Read, SeekFrom, Write};

use crate::error::{Item, WriteError};
use crate::format::memory::{Memory64List, MemoryDescriptor64};
use crate::format::{LocationDescriptor, MemoryDescriptor};

use crate::write::compressed::{Compressed, Seek, Work};
use crate::write::encode;
use crate::write::memory_range::{Contents, ShortSource};
use crate::write::part_bytes::PartBytes;
use crate::write::plan::{Chunk, MemoryChunk, MemoryForm, Plan, Progress};

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
    /// The memory, if it was compressed: [`MinidumpBuilder::compressed`](crate::write::MinidumpBuilder::compressed).
    pub compressed: Option<Compressed>,
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
    /// If memory is compressed, that is done twice, for where everything is has to be known before the first byte goes out:
    /// [`Plan::write_to_seekable`] does it once. What can be read only once is kept meanwhile, compressed: ranges from
    /// readers, and in a re-encoding all of them if memory is redacted.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`] if the sink fails, [`WriteError::Source`] if the reader of a memory range does,
    /// [`WriteError::ShortSource`] if one ends early and zeros were not asked for, [`WriteError::InvalidInput`] if memory is
    /// compressed and has changed when it is done a second time. What was written by then is no dump.
    pub fn write_to(self, sink: impl io::Write) -> Result<Written, WriteError> {
        self.emit(sink, None)
    }

    /// Writes the dump from where the sink is, and goes back once for what follows from the sizes of compressed memory. Without
    /// compressed memory this is [`Plan::write_to`].
    ///
    /// At the end, the sink stands behind the dump. A file must not be open for appending: it would not go back.
    ///
    /// # Errors
    ///
    /// As [`Plan::write_to`], and [`WriteError::Io`] if the sink cannot be moved.
    pub fn write_to_seekable(self, sink: impl io::Write + io::Seek) -> Result<Written, WriteError> {
        self.emit(sink, Some(io::Seek::seek))
    }

    fn emit<W: Write>(mut self, sink: W, seek: Seek<W>) -> Result<Written, WriteError> {
        let Plan { chunks, memory, mut compressed, tail, short_source, size: expected, threads, .. } = self;
        // It is told of the file, or of the memory that is compressed.
        let (mut of_file, mut of_memory) = match compressed {
            None => (self.progress.take(), None),
            Some(_) => (None, self.progress.take()),
        };
        let passes = if seek.is_some() { 1 } else { 2 };
        let total = compressed.as_ref().map_or(0, |memory| memory.totals.bytes.saturating_mul(passes));
        let mut work = Work { short_source, threads, progress: &mut of_memory, done: 0, total };
        let sizes = match (&mut compressed, seek) {
            (Some(compressed), None) => Some(compressed.sizes(&mut work)?),
            _ => None,
        };
        let mut emitter = Emitter { sink, offset: 0, shortfalls: Vec::new(), progress: &mut of_file, expected };
        let start = match (&compressed, seek) {
            (Some(_), Some(seek)) => {
                seek(&mut emitter.sink, SeekFrom::Current(0)).map_err(|error| emitter.unmoved(error))?
            }
            _ => 0,
        };
        emitter.chunks(&chunks)?;
        for list in memory {
            emitter.head(&list)?;
            emitter.contents(list, short_source)?;
        }
        match (&mut compressed, sizes, seek) {
            (Some(compressed), Some(sizes), _) => compressed.write_in_order(&mut emitter, sizes, &mut work)?,
            (Some(compressed), None, Some(seek)) => {
                compressed.write_and_go_back(&mut emitter, seek, start, &mut work)?;
            }
            _ => {}
        }
        emitter.chunks(&tail)?;
        // A sink that keeps bytes back has to pass them on now: who drops it does not learn whether it could.
        let size = emitter.offset;
        emitter.sink.flush().map_err(|source| {
            let item = Item { name: "file", index: None };
            WriteError::Io { item, offset: 0, needed: size, written: size, source }
        })?;
        let compressed = compressed.map(|memory| memory.written(size));
        Ok(Written { size, shortfalls: emitter.shortfalls, compressed })
    }
}

/// Brings in the pages of a mapping, several at a time. The kernel copies what is not there yet in vain first: it stops at
/// each such page, clears what it has begun in the target's, and starts it over.
fn touch(bytes: &[u8]) {
    black_box(bytes.iter().step_by(PAGE).fold(0, |all, byte| all ^ byte));
}

/// What bytes belong to, for errors: a whole range or list, though it goes out in several runs.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) item: Item,
    /// Where it starts in the output.
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Runs of bytes that the next call of the sink gets together.
#[derive(Default)]
struct Batch<'b> {
    runs: Vec<(Extent, &'b [u8])>,
    size: u64,
}

impl<'b> Batch<'b> {
    fn push<W: Write>(
        &mut self,
        emitter: &mut Emitter<'_, '_, W>,
        of: Extent,
        bytes: &'b [u8],
    ) -> Result<(), WriteError> {
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

    fn pad_to<W: Write>(&mut self, emitter: &mut Emitter<'_, '_, W>, offset: u64) -> Result<(), WriteError> {
        let at = emitter.offset + self.size;
        let size = offset.saturating_sub(at);
        let zeros = usize::try_from(size).ok().and_then(|size| ZEROS.get(..size)).unwrap_or(ZEROS);
        self.push(emitter, Extent { item: Item { name: "padding", index: None }, offset: at, size }, zeros)
    }
}

/// The sink and how far it is.
pub(super) struct Emitter<'p, 'a, W> {
    sink: W,
    pub(super) offset: u64,
    pub(super) shortfalls: Vec<Shortfall>,
    progress: &'p mut Option<Progress<'a>>,
    /// The size of the file.
    expected: u64,
}

impl<W: Write> Emitter<'_, '_, W> {
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
        if let Some(progress) = self.progress {
            progress(self.offset, self.expected);
        }
        Ok(())
    }

    /// Moves the sink to a position of the dump, which starts at `start`.
    pub(super) fn move_to(
        &mut self,
        seek: fn(&mut W, SeekFrom) -> io::Result<u64>,
        start: u64,
        offset: u64,
    ) -> Result<(), WriteError> {
        seek(&mut self.sink, SeekFrom::Start(start.saturating_add(offset))).map_err(|error| self.unmoved(error))?;
        self.offset = offset;
        Ok(())
    }

    fn unmoved(&self, source: io::Error) -> WriteError {
        let item = Item { name: "file", index: None };
        WriteError::Io { item, offset: 0, needed: self.expected, written: self.offset, source }
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
    pub(super) fn write_now(&mut self, of: Extent, bytes: &[u8]) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        batch.push(self, of, bytes)?;
        self.write(&mut batch)
    }

    pub(super) fn pad_to(&mut self, offset: u64) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        batch.pad_to(self, offset)?;
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
    pub(super) fn rows<T>(
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
