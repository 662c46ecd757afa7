//! Writes runs of bytes to a sink, and describes where a failure happened.

use alloc::vec::Vec;
use core::hint::black_box;
use std::io::{self, IoSlice, SeekFrom, Write};

use crate::error::{Item, WriteError};

use crate::write::joined::{Part, Run};
use crate::write::kernel::{Kernel, Origin};
use crate::write::written::{Progress, Shortfall};

/// The number of runs in one call of the sink.
const BATCH: usize = 256;
/// The number of bytes in one call of the sink. From a mapping whose pages are not resident yet, the kernel copies about
/// twice as fast in pieces of this size as in one piece of a gigabyte.
const PIECE: usize = 512 * 1024;
/// The size of the buffer for rows, and for memory from a reader.
pub(super) const BUFFER: usize = 64 * 1024;
pub(super) const ZEROS: &[u8] = &[0; 4096];
/// The smallest page size of any system.
const PAGE: usize = 4096;

/// Makes the pages of a mapping resident, several at a time. Otherwise the kernel stops copying at each page that is not
/// resident, clears the part of the target page that it has written, and starts over.
fn touch(bytes: &[u8]) {
    black_box(bytes.iter().step_by(PAGE).fold(0, |all, byte| all ^ byte));
}

/// The item that bytes belong to, for errors: a whole range or list, even if it is written in several runs.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) item: Item,
    /// Its offset in the output.
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Runs that are passed to the sink in one call, and those after them that the kernel may copy.
#[derive(Default)]
pub(super) struct Batch<'b> {
    runs: Vec<(Extent, &'b [u8])>,
    /// The number of bytes in `runs`.
    pub(super) size: u64,
    pub(super) run: Option<Run<'b>>,
    /// The allocation for the parts of the next run.
    pub(super) parts: Vec<(Extent, Part<'b>)>,
    /// For memory from readers.
    pub(super) buffer: Vec<u8>,
}

impl<'b> Batch<'b> {
    /// Returns the number of bytes that are not written yet.
    pub(super) fn len(&self) -> u64 {
        self.size + self.run.as_ref().map_or(0, |run| run.size)
    }

    pub(super) fn push<W: Write>(
        &mut self,
        emitter: &mut Emitter<'_, '_, W>,
        of: Extent,
        bytes: &'b [u8],
    ) -> Result<(), WriteError> {
        if bytes.is_empty() {
            return Ok(());
        }
        match emitter.kernel.as_mut().and_then(|kernel| kernel.find(bytes)) {
            Some((index, from)) => emitter.join(self, of, (Origin::Source(index), from), Part::Borrowed(bytes)),
            None => {
                emitter.settle(self)?;
                self.push_run(emitter, of, bytes)
            }
        }
    }

    /// Adds bytes that the kernel does not copy.
    pub(super) fn push_run<W: Write>(
        &mut self,
        emitter: &mut Emitter<'_, '_, W>,
        of: Extent,
        bytes: &'b [u8],
    ) -> Result<(), WriteError> {
        if bytes.len() > PIECE {
            emitter.write(self)?;
            return bytes.chunks(PIECE).try_for_each(|piece| self.push_run(emitter, of, piece));
        }
        if !bytes.is_empty() {
            touch(bytes);
            self.runs.push((of, bytes));
            self.size += bytes.len() as u64;
        }
        if self.runs.len() >= BATCH || self.size >= PIECE as u64 { emitter.write(self) } else { Ok(()) }
    }

    pub(super) fn pad_to<W: Write>(&mut self, emitter: &mut Emitter<'_, '_, W>, offset: u64) -> Result<(), WriteError> {
        let at = emitter.offset + self.len();
        let size = offset.saturating_sub(at);
        let zeros = usize::try_from(size).ok().and_then(|size| ZEROS.get(..size)).unwrap_or(ZEROS);
        self.push(emitter, Extent { item: Item { name: "padding", index: None }, offset: at, size }, zeros)
    }
}

/// The sink, and the number of bytes written so far.
pub(super) struct Emitter<'p, 'a, W> {
    pub(super) sink: W,
    pub(super) offset: u64,
    pub(super) shortfalls: Vec<Shortfall>,
    pub(super) progress: &'p mut Option<Progress<'a>>,
    /// The size of the file.
    pub(super) expected: u64,
    /// Set if the sink is a file, and the kernel may copy to it from other files.
    pub(super) kernel: Option<Kernel<'p>>,
}

impl<W: Write> Emitter<'_, '_, W> {
    /// Writes all runs of the batch and empties it.
    pub(super) fn write(&mut self, batch: &mut Batch<'_>) -> Result<(), WriteError> {
        self.settle(batch)?;
        let mut slices: Vec<IoSlice<'_>> = batch.runs.iter().map(|(_, bytes)| IoSlice::new(bytes)).collect();
        let mut slices = slices.as_mut_slice();
        let mut written = 0u64;
        while !slices.is_empty() {
            let result = match slices {
                // A single run does not need a list of slices.
                [run] => self.sink.write(run),
                _ => self.sink.write_vectored(slices),
            };
            match result {
                Ok(0) => return Err(self.failed(batch, written, io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    // A sink that claims to have written more than it was given must not cause a panic.
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

    /// Moves the sink to an offset in the dump, which starts at `start`.
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

    pub(super) fn unmoved(&self, source: io::Error) -> WriteError {
        let item = Item { name: "file", index: None };
        WriteError::Io { item, offset: 0, needed: self.expected, written: self.offset, source }
    }

    /// Returns an error that names the item at which the sink stopped.
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
}
