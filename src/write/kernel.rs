//! Lets the kernel copy from file to file. File systems that can do so share the blocks then.

use core::ops::Range;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::write::copy_source::CopySource;

/// Blocks of a file can be shared if they stand at the same offset within this many bytes in both files. It is the block
/// size of nearly all file systems.
pub(super) const BLOCK: u64 = 4096;
/// The smallest number of bytes for which memory is made parallel to its source.
const LEAST: u64 = 64 * 1024;
/// The smallest number of bytes that is worth a call of the kernel. A call takes about as long as copying 128 KiB where blocks
/// are shared, and longer than copying them here where they are not.
const LEAST_OF_CALL: u64 = 256 * 1024;
/// Where the kernel copies, it does so in pieces of this size, the size of its pipes. If each of them begins at a multiple of
/// this in the target, ext4 gets its pages in large units; otherwise it takes 1.3 times as long.
const PIECE: u64 = 64 * 1024;
/// The smallest number of bytes for which that is worth another call.
const LEAST_OF_PIECES: u64 = 1 << 20;
/// Calls end at multiples of this, so that progress is reported from time to time.
const STEP: u64 = 64 << 20;

/// Returns the part of a run that consists of whole blocks, relative to its start, if it is worth making the memory parallel
/// to it. `from` is the file offset of the run in its source.
pub(super) fn whole_blocks(from: u64, size: u64) -> Option<Range<u64>> {
    let end = from.checked_add(size)?;
    let (first, last) = (from.checked_next_multiple_of(BLOCK)?, end - end % BLOCK);
    (first.saturating_add(LEAST) <= last).then(|| first - from..last - from)
}

/// Where a run is.
#[derive(Clone, Copy)]
pub(super) enum Origin<'b> {
    /// The index of a source.
    Source(usize),
    File(&'b File),
}

impl Origin<'_> {
    pub(super) fn is(self, other: Origin<'_>) -> bool {
        match (self, other) {
            (Self::Source(one), Origin::Source(other)) => one == other,
            (Self::File(one), Origin::File(other)) => core::ptr::eq(one, other),
            _ => false,
        }
    }
}

/// The file that is written, and those from which the kernel copies.
pub(super) struct Kernel<'p> {
    target: &'p File,
    /// The offset of the dump in the target.
    start: u64,
    sources: &'p [CopySource<'p>],
    /// The source that was found last.
    last: usize,
    /// A source file, by the address of the caller's, with a position of its own. `None` if it cannot be opened.
    opened: Option<(usize, Option<File>)>,
    /// The number of bytes copied.
    pub(super) copied: u64,
}

impl<'p> Kernel<'p> {
    /// Returns `None` if the kernel does not copy files on this system, or if the target is not a file with positions.
    pub(super) fn new(target: &'p File, sources: &'p [CopySource<'p>]) -> Option<Self> {
        if !cfg!(any(target_os = "linux", target_os = "android")) {
            return None;
        }
        let mut position = target;
        let start = position.stream_position().ok()?;
        Some(Self { target, start, sources, last: 0, opened: None, copied: 0 })
    }

    /// Finds the source and the file offset of borrowed bytes.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<(usize, u64)> {
        let offset = |index: usize| self.sources.get(index).and_then(|source| source.offset_of(bytes));
        let last = offset(self.last).map(|found| (self.last, found));
        let found = last.or_else(|| (0..self.sources.len()).find_map(|index| Some((index, offset(index)?))))?;
        self.last = found.0;
        Some(found)
    }

    /// Returns which part of a run to copy, relative to its start, if it is worth a call of the kernel. `from` is the offset of
    /// the run in the source file, `to` in the dump.
    pub(super) fn part(&self, from: u64, to: u64, size: u64) -> Option<Range<u64>> {
        let is_parallel = from % BLOCK == self.start.checked_add(to)? % BLOCK;
        whole_blocks(from, size).filter(|part| is_parallel && part.end - part.start >= LEAST_OF_CALL)
    }

    /// Copies at most `size` bytes from an offset in a source file to the current position of the target.
    ///
    /// Returns how many bytes were copied, also before an error. Fewer than `size` are copied if the source ends. Returns
    /// `None` if the source file cannot be opened.
    pub(super) fn copy(&mut self, origin: Origin<'_>, from: u64, size: u64) -> Option<(u64, io::Result<()>)> {
        let file = match origin {
            Origin::Source(index) => self.sources.get(index)?.file(),
            Origin::File(file) => file,
        };
        let key = core::ptr::from_ref(file).addr();
        let opened = match self.opened.take() {
            Some((known, opened)) if known == key => opened,
            _ => reopened(file),
        };
        let (_, opened) = self.opened.insert((key, opened));
        let opened = opened.as_mut()?;
        if let Err(error) = opened.seek(SeekFrom::Start(from)) {
            return Some((0, Err(error)));
        }
        let mut target = self.target;
        let before = match target.stream_position() {
            Ok(before) => before,
            Err(error) => return Some((0, Err(error))),
        };
        let step = if before % PIECE == 0 || size < LEAST_OF_PIECES { STEP } else { PIECE };
        let size = size.min(step - before % step);
        let result = io::copy(&mut opened.take(size), &mut target);
        let copied = match &result {
            Ok(copied) => *copied,
            Err(_) => target.stream_position().map_or(0, |after| after.saturating_sub(before).min(size)),
        };
        self.copied += copied;
        Some((copied, result.map(drop)))
    }
}

/// Opens a file once more. The kernel copies from the position of a file, which the caller's has in common with everyone
/// else who uses it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn reopened(file: &File) -> Option<File> {
    use std::os::fd::AsRawFd;
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    is_file.then(|| File::open(std::format!("/proc/self/fd/{}", file.as_raw_fd())).ok()).flatten()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn reopened(_: &File) -> Option<File> {
    None
}
