//! Writes a plan to a sink in one pass.

use alloc::vec::Vec;
use std::fs::File;
use std::io::{self, SeekFrom, Write};

use crate::error::{Item, WriteError};
use crate::format::memory::{Memory64List, MemoryDescriptor64};
use crate::format::{LocationDescriptor, MemoryDescriptor};

use crate::write::compressed::{Seek, Work};
use crate::write::copy_source::CopySource;
use crate::write::emitter::{BUFFER, Batch, Emitter, Extent};
use crate::write::encode;
use crate::write::joined::Part;
use crate::write::kernel::{Kernel, Origin};
use crate::write::memory_range::{Contents, MemoryRange, ShortSource};
use crate::write::part_bytes::PartBytes;
use crate::write::plan::{Chunk, MemoryChunk, MemoryForm, Plan};
use crate::write::source::{Reader, Source};
use crate::write::written::Written;

impl Plan<'_> {
    /// Writes the dump from the first byte to the last.
    ///
    /// Never seeks. Borrowed memory contents are passed to the sink without copying them.
    ///
    /// Compressed memory is compressed twice, because all positions must be known before the first byte is written;
    /// [`Plan::write_to_seekable`] compresses once. Memory that can be read only once is kept in compressed form in
    /// between: ranges from readers, and all ranges of a re-encoding that redacts memory.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`] if the sink fails, [`WriteError::Source`] if the reader of a memory range fails,
    /// [`WriteError::ShortSource`] if a reader ends early and zeros were not asked for, [`WriteError::InvalidInput`] if
    /// compressed memory changes between the two passes. What was written up to the error is not a valid dump.
    pub fn write_to(self, sink: impl io::Write) -> Result<Written, WriteError> {
        self.emit(sink, None, None)
    }

    /// Writes the dump from the current position of the sink, and seeks back once to fill in what depends on the sizes of
    /// compressed memory. Without compressed memory, this is the same as [`Plan::write_to`].
    ///
    /// Afterwards, the sink is positioned at the end of the dump. A file must not be open for appending, because it could
    /// not seek back.
    ///
    /// # Errors
    ///
    /// As for [`Plan::write_to`], and [`WriteError::Io`] if the sink cannot seek.
    pub fn write_to_seekable(self, sink: impl io::Write + io::Seek) -> Result<Written, WriteError> {
        self.emit(sink, Some(io::Seek::seek), None)
    }

    /// Writes the dump to a file from its current position, and lets the kernel copy from other files what the plan has of
    /// them: the bytes that it borrows from `sources`, and ranges [in a file](MemoryRange::from_file). The bytes of the dump
    /// are those that [`Plan::write_to`] writes.
    ///
    /// On Linux, the kernel copies runs of at least 256 KiB that stand at the same offset within a block of 4 KiB in both
    /// files; [`MinidumpBuilder::parallel_to`] sees to that. Copying does not need the bytes to be mapped or read. Some file
    /// systems (XFS, btrfs, bcachefs) do not even copy, but let both files share the blocks; whether they did is something
    /// only the file system knows. Everything else, and everything on other systems, is written as by
    /// [`Plan::write_to_seekable`]. [`Written::bytes_by_kernel`] counts what the kernel copied.
    ///
    /// Afterwards, the file is positioned at the end of the dump. It must not be open for appending. If it is not a regular
    /// file but a pipe, this is the same as [`Plan::write_to`]. The files of the sources are opened once more, so that their
    /// positions stay as they are, and several plans can use the same sources at a time.
    ///
    /// # Errors
    ///
    /// As for [`Plan::write_to_seekable`], and [`WriteError::SourceEnded`] if the file of a source has become shorter.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use userdump::redump::Redump;
    /// use userdump::{Dump, MappedFile};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let source = MappedFile::open("full.dmp")?;
    /// let dump = Dump::parse(&source)?;
    /// let report = Redump::new(&dump, &"/ma".parse()?)?
    ///     .write_to_file(&File::create("other.dmp")?, source.copy_source().as_slice())?;
    /// println!("{} of {} bytes were copied by the kernel", report.bytes_by_kernel, report.size);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`MinidumpBuilder::parallel_to`]: crate::write::MinidumpBuilder::parallel_to
    pub fn write_to_file(self, file: &File, sources: &[CopySource<'_>]) -> Result<Written, WriteError> {
        match file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            true => self.emit(file, Some(io::Seek::seek), Kernel::new(file, sources)),
            false => self.write_to(file),
        }
    }

    fn emit<W: Write>(mut self, sink: W, seek: Seek<W>, kernel: Option<Kernel<'_>>) -> Result<Written, WriteError> {
        let Plan { mut chunks, memory, mut compressed, mut tail, short_source, size: expected, threads, .. } = self;
        // Progress counts the bytes of the file, or of the memory if that is compressed.
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
        let mut emitter = Emitter { sink, offset: 0, shortfalls: Vec::new(), progress: &mut of_file, expected, kernel };
        let start = match (&compressed, seek) {
            (Some(_), Some(seek)) => {
                seek(&mut emitter.sink, SeekFrom::Current(0)).map_err(|error| emitter.unmoved(error))?
            }
            _ => 0,
        };
        emitter.chunks(&mut chunks, short_source)?;
        for list in memory {
            emitter.head(&list)?;
            emitter.pad_to(list.base)?;
            emitter.contents(list, short_source)?;
        }
        match (&mut compressed, sizes, seek) {
            (Some(compressed), Some(sizes), _) => compressed.write_in_order(&mut emitter, sizes, &mut work)?,
            (Some(compressed), None, Some(seek)) => {
                compressed.write_and_go_back(&mut emitter, seek, start, &mut work)?;
            }
            _ => {}
        }
        emitter.chunks(&mut tail, short_source)?;
        // A buffering sink has to flush now: if it is dropped later, the caller does not learn about a failure.
        let size = emitter.offset;
        emitter.sink.flush().map_err(|source| {
            let item = Item { name: "file", index: None };
            WriteError::Io { item, offset: 0, needed: size, written: size, source }
        })?;
        let compressed = compressed.map(|memory| memory.written(size));
        let bytes_by_kernel = emitter.kernel.map_or(0, |kernel| kernel.copied);
        Ok(Written { size, shortfalls: emitter.shortfalls, compressed, bytes_by_kernel })
    }
}

impl<W: Write> Emitter<'_, '_, W> {
    /// Writes the chunks of the plan, with zeros between them.
    fn chunks(&mut self, chunks: &mut [Chunk<'_>], short_source: ShortSource) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        for chunk in chunks {
            batch.pad_to(self, chunk.offset)?;
            let of = Extent { item: chunk.item, offset: chunk.offset, size: chunk.bytes.len() };
            match &mut chunk.bytes {
                PartBytes::Held(bytes) => batch.push(self, of, bytes)?,
                PartBytes::Rows(rows) => {
                    self.write(&mut batch)?;
                    self.rows(of, rows.head.clone(), 0..rows.count, |out, row| (rows.put)(row, out))?;
                }
                PartBytes::Memory(range) => self.range(&mut batch, of, range.lend(), short_source)?,
            }
        }
        self.write(&mut batch)
    }

    /// Writes what precedes the bytes of a list.
    fn head(&mut self, list: &MemoryChunk<'_>) -> Result<(), WriteError> {
        match list.form {
            MemoryForm::List => {
                let mut at = list.base;
                let count = u32::try_from(list.ranges.count()).unwrap_or(u32::MAX);
                self.descriptors(list, encode::encoded(count), |out, (start_of_memory_range, size)| {
                    // The plan has checked that both fit.
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

    /// Writes the header and the descriptors of a list, starting at `list.offset`, through a small buffer.
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
        let of = Extent { item, offset: list.offset, size: list.form.table_size(list.ranges.count()) };
        self.rows(of, head, list.ranges.bounds(), put)
    }

    /// Writes the bytes of all ranges of a list, which are contiguous in the file.
    fn contents(&mut self, mut list: MemoryChunk<'_>, short_source: ShortSource) -> Result<(), WriteError> {
        let mut batch = Batch::default();
        for (range, index) in list.ranges.drain().zip(0..) {
            let item = Item { name: "memory range", index: Some(index) };
            let of = Extent { item, offset: self.offset + batch.len(), size: range.size() };
            self.range(&mut batch, of, range, short_source)?;
        }
        self.write(&mut batch)
    }

    /// Writes the bytes of a range; those from a reader go through a buffer.
    fn range<'r>(
        &mut self,
        batch: &mut Batch<'r>,
        of: Extent,
        range: MemoryRange<'r>,
        short_source: ShortSource,
    ) -> Result<(), WriteError> {
        let (address, short_source) = (range.address(), range.on_short_source(short_source));
        match range.into_contents() {
            Contents::Borrowed(bytes) => batch.push(self, of, bytes),
            Contents::Pieces(pieces) => pieces.into_iter().try_for_each(|piece| batch.push(self, of, piece)),
            Contents::Reader(Reader::InFile(place)) if self.kernel.is_some() && of.size > 0 => {
                let part = Part::InFile { address, size: of.size, place, short_source };
                self.join(batch, of, (Origin::File(place.file), place.offset), part)
            }
            Contents::Reader(reader) => self.copy(batch, of, Source::new(reader, address, of.size, short_source)),
        }
    }

    /// Writes the batch, and then copies exactly as many bytes from a reader as its range has, regardless of how many it
    /// returns.
    pub(super) fn copy(&mut self, batch: &mut Batch<'_>, of: Extent, mut source: Source<'_>) -> Result<(), WriteError> {
        self.write(batch)?;
        let buffer = &mut batch.buffer;
        buffer.resize(BUFFER, 0);
        let index = of.item.index.unwrap_or(0);
        let mut left = source.left();
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let room = buffer.get_mut(..wanted).unwrap_or_default();
            let result = source.fill(index, room, &mut self.shortfalls);
            let filled = result.as_ref().map_or_else(|(filled, _)| *filled, |()| wanted);
            self.write_now(of, buffer.get(..filled).unwrap_or_default())?;
            result.map_err(|(_, error)| error)?;
            left -= wanted as u64;
        }
        source.finish(&mut self.shortfalls);
        Ok(())
    }
}
