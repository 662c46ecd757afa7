//! Collects the bytes of memory ranges, bucket by bucket.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::WriteError;

use crate::write::buckets::Cut;
use crate::write::memory_range::{Contents, MemoryRange, ShortSource};
use crate::write::source::Source;
use crate::write::written::Shortfall;

/// Up to this many runs are left where they are borrowed from. A longer list would take more memory than copying the bytes.
const RUNS: usize = 4096;

/// Location of the uncompressed bytes of a bucket.
pub(super) enum Gathered<'b> {
    /// Borrowed, in consecutive runs.
    Runs(Vec<&'b [u8]>),
    /// At the start of the caller's buffer, because some of them came from a reader or there are too many runs.
    Filled,
}

/// Goes through the ranges once, from the first byte to the last.
pub(super) struct Gatherer<'b> {
    open: Option<Open<'b>>,
    short_source: ShortSource,
    /// Bytes that readers did not return.
    pub(super) shortfalls: Vec<Shortfall>,
}

/// The range that regions are currently taken from.
struct Open<'b> {
    address: u64,
    size: u64,
    bytes: Bytes<'b>,
    is_repeatable: bool,
}

enum Bytes<'b> {
    Runs(&'b [u8], vec::IntoIter<&'b [u8]>),
    Source(Source<'b>),
}

impl<'b> Gatherer<'b> {
    pub(super) const fn new(short_source: ShortSource) -> Self {
        Self { open: None, short_source, shortfalls: Vec::new() }
    }

    /// Collects the bytes of a bucket's regions, which follow those of the previous call. Also returns whether all of them
    /// can be collected again. `room` is as large as a bucket. With `skips`, bytes that cannot be collected again count as
    /// read.
    pub(super) fn gather(
        &mut self,
        regions: &mut dyn Iterator<Item = Cut<MemoryRange<'b>>>,
        room: &mut [u8],
        skips: bool,
    ) -> Result<(Gathered<'b>, bool), WriteError> {
        let mut runs: Vec<&'b [u8]> = Vec::new();
        let (mut filled, mut is_filled, mut is_repeatable) = (0usize, false, true);
        for Cut { region, range } in regions {
            if let Some(range) = range {
                self.open = Some(Open::new(range, self.short_source));
            }
            let Some(open) = &mut self.open else { continue };
            is_repeatable &= open.is_repeatable;
            let size = usize::try_from(region.size).unwrap_or(usize::MAX);
            match &mut open.bytes {
                Bytes::Runs(run, following) => {
                    let mut left = size;
                    while left > 0 {
                        if run.is_empty() {
                            match following.next() {
                                Some(next) => *run = next,
                                None => break,
                            }
                        }
                        let (now, later) = run.split_at(left.min(run.len()));
                        *run = later;
                        left -= now.len();
                        match is_filled {
                            true => filled += copy(room.get_mut(filled..).unwrap_or_default(), now),
                            false if now.is_empty() => {}
                            false => runs.push(now),
                        }
                    }
                    if runs.len() > RUNS {
                        filled += copy_all(room.get_mut(filled..).unwrap_or_default(), &core::mem::take(&mut runs));
                        is_filled = true;
                    }
                    if left > 0 {
                        return Err(short(region.range, open.address, open.size, open.size - left as u64));
                    }
                }
                Bytes::Source(_) if skips && !open.is_repeatable => {}
                Bytes::Source(source) => {
                    filled += copy_all(room.get_mut(filled..).unwrap_or_default(), &core::mem::take(&mut runs));
                    is_filled = true;
                    let part = room.get_mut(filled..).and_then(|room| room.get_mut(..size)).unwrap_or_default();
                    source.fill(region.range, part, &mut self.shortfalls).map_err(|(_, error)| error)?;
                    filled += part.len();
                }
            }
        }
        Ok((if is_filled { Gathered::Filled } else { Gathered::Runs(runs) }, is_repeatable))
    }
}

impl<'b> Open<'b> {
    fn new(range: MemoryRange<'b>, short_source: ShortSource) -> Self {
        let short_source = range.on_short_source(short_source);
        let (address, size, is_repeatable) = (range.address(), range.size(), range.is_repeatable());
        let bytes = match range.into_contents() {
            Contents::Borrowed(bytes) => Bytes::Runs(bytes, Vec::new().into_iter()),
            Contents::Pieces(pieces) => Bytes::Runs(&[], pieces.into_iter()),
            Contents::Reader(reader) => Bytes::Source(Source::new(reader, address, size, short_source)),
        };
        Self { address, size, bytes, is_repeatable }
    }
}

const fn short(index: u64, address: u64, needed: u64, available: u64) -> WriteError {
    WriteError::ShortSource { index, address, needed, available }
}

/// Copies a run to the start of `room`, which is large enough, and returns its size.
fn copy(room: &mut [u8], run: &[u8]) -> usize {
    if let Some(room) = room.get_mut(..run.len()) {
        room.copy_from_slice(run);
    }
    run.len()
}

/// Copies several runs to the start of `room`, and returns their size.
pub(super) fn copy_all(room: &mut [u8], runs: &[&[u8]]) -> usize {
    let mut filled = 0;
    for run in runs {
        filled += copy(room.get_mut(filled..).unwrap_or_default(), run);
    }
    filled
}
