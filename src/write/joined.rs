//! Joins runs that follow one another in a source file as well as in the dump, so that the kernel copies them at once.

use alloc::vec::Vec;
use core::ops::Range;
use std::io::{self, Write};

use crate::error::WriteError;

use crate::write::emitter::{Batch, Emitter, Extent};
use crate::write::kernel::Origin;
use crate::write::memory_range::ShortSource;
use crate::write::source::{InFile, Reader, Source};

/// The number of parts that are joined at most, because each of them takes memory.
const PARTS: usize = 4096;

/// Consecutive parts that are also consecutive in one source file.
pub(super) struct Run<'b> {
    origin: Origin<'b>,
    /// The offset in the source file.
    from: u64,
    /// The offset in the dump.
    to: u64,
    pub(super) size: u64,
    parts: Vec<(Extent, Part<'b>)>,
}

/// The bytes of an item that are in a source file.
#[derive(Clone, Copy)]
pub(super) enum Part<'b> {
    Borrowed(&'b [u8]),
    /// The bytes of a range that is not mapped.
    InFile {
        address: u64,
        size: u64,
        place: InFile<'b>,
        short_source: ShortSource,
    },
}

impl Part<'_> {
    fn size(&self) -> u64 {
        match self {
            Self::Borrowed(bytes) => bytes.len() as u64,
            Self::InFile { size, .. } => *size,
        }
    }
}

impl<W: Write> Emitter<'_, '_, W> {
    /// Adds the next part of the dump, which is at the offset `from` of a source file.
    pub(super) fn join<'b>(
        &mut self,
        batch: &mut Batch<'b>,
        of: Extent,
        (origin, from): (Origin<'b>, u64),
        part: Part<'b>,
    ) -> Result<(), WriteError> {
        let size = part.size();
        let follows = |run: &Run<'_>| {
            run.origin.is(origin) && run.from.checked_add(run.size) == Some(from) && run.parts.len() < PARTS
        };
        if let Some(run) = batch.run.as_mut().filter(|run| follows(run)) {
            run.size = run.size.saturating_add(size);
            run.parts.push((of, part));
            return Ok(());
        }
        self.settle(batch)?;
        let mut parts = core::mem::take(&mut batch.parts);
        parts.push((of, part));
        batch.run = Some(Run { origin, from, to: self.offset + batch.size, size, parts });
        Ok(())
    }

    /// Writes what was joined.
    pub(super) fn settle<'b>(&mut self, batch: &mut Batch<'b>) -> Result<(), WriteError> {
        let Some(run) = batch.run.take() else { return Ok(()) };
        let part = self.kernel.as_ref().and_then(|kernel| kernel.part(run.from, run.to, run.size));
        match part {
            None => self.parts(batch, &run, 0..run.size)?,
            Some(Range { start, end }) => {
                self.parts(batch, &run, 0..start)?;
                self.write(batch)?;
                let done = self.copy_in_kernel(&run, start..end)?;
                self.parts(batch, &run, start + done..run.size)?;
            }
        }
        batch.parts = run.parts;
        batch.parts.clear();
        Ok(())
    }

    /// Writes a part of a run without the help of the kernel.
    fn parts<'b>(&mut self, batch: &mut Batch<'b>, run: &Run<'b>, wanted: Range<u64>) -> Result<(), WriteError> {
        let mut at = 0u64;
        for (of, part) in &run.parts {
            let end = at.saturating_add(part.size());
            let within = wanted.start.max(at)..wanted.end.min(end);
            if within.start < within.end {
                let within = within.start - at..within.end - at;
                match *part {
                    Part::Borrowed(bytes) => {
                        let [start, end] =
                            [within.start, within.end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
                        batch.push_run(self, *of, bytes.get(start..end).unwrap_or_default())?;
                    }
                    Part::InFile { address, size, place, short_source } => {
                        let source = Source::new(Reader::InFile(place), address, size, short_source);
                        self.copy(batch, *of, source.part(within))?;
                    }
                }
            }
            at = end;
        }
        Ok(())
    }

    /// Lets the kernel copy a part of a run, and returns how many bytes were copied. These are fewer if the source file
    /// cannot be opened once more; then the bytes can be written in the usual way. The same goes for a file that is not
    /// mapped: if it ends or an error occurs, the usual way finds out whether the file or the target is the cause, and what to
    /// do then.
    fn copy_in_kernel(&mut self, run: &Run<'_>, part: Range<u64>) -> Result<u64, WriteError> {
        let (size, mut done) = (part.end - part.start, 0);
        while done < size {
            let Some(kernel) = &mut self.kernel else { break };
            let at = part.start + done;
            let Some((copied, result)) = kernel.copy(run.origin, run.from.saturating_add(at), size - done) else {
                break;
            };
            done += copied;
            self.offset += copied;
            match result {
                Ok(()) if copied > 0 => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ if matches!(run.origin, Origin::File(_)) => break,
                Ok(()) => return Err(run.ended(at)),
                Err(error) => return Err(run.stopped(part.start + done, error)),
            }
            if let Some(progress) = self.progress {
                progress(self.offset, self.expected);
            }
        }
        Ok(done)
    }
}

impl Run<'_> {
    /// Returns the item that has the byte at an offset in the run, and how many of its bytes precede that.
    fn item_at(&self, at: u64) -> Option<(Extent, u64)> {
        let mut end = 0u64;
        let found = self.parts.iter().find(|(_, part)| {
            end = end.saturating_add(part.size());
            at < end
        });
        found.map(|&(of, _)| (of, self.to.saturating_add(at).saturating_sub(of.offset)))
    }

    fn ended(&self, at: u64) -> WriteError {
        match self.item_at(at) {
            Some((Extent { item, offset, size }, available)) => {
                WriteError::SourceEnded { item, offset, needed: size, available }
            }
            None => self.stopped(at, io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn stopped(&self, at: u64, source: io::Error) -> WriteError {
        let whole = crate::error::Item { name: "file", index: None };
        let of = Extent { item: whole, offset: 0, size: self.to.saturating_add(self.size) };
        let (Extent { item, offset, size }, written) = self.item_at(at).unwrap_or((of, self.to.saturating_add(at)));
        WriteError::Io { item, offset, needed: size, written, source }
    }
}
