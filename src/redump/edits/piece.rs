//! The pieces of memory that a redactor gets.

use alloc::vec::Vec;
use core::ops::Range;
use std::io;

use crate::read::Memory;

/// The maximum number of bytes that a redactor may change in one call.
pub(in crate::redump) const MAX_PIECE: u64 = 1 << 20;

/// A piece with the bytes around it. Its own bytes are returned to the reader.
#[derive(Default)]
pub(in crate::redump) struct Piece {
    /// Reused for the next piece.
    bytes: Vec<u8>,
    /// The bytes that have not been returned yet.
    left: Range<usize>,
}

impl Piece {
    /// Reads the next piece and returns the address of its first byte.
    ///
    /// `own` reads the `count` bytes at `address` and returns how many there are. On both sides, at most `overlap` bytes
    /// of `memory` are added, as far as there are any without a gap.
    pub(in crate::redump) fn read(
        &mut self,
        memory: &Memory<'_>,
        (address, count): (u64, u64),
        overlap: usize,
        own: impl FnOnce(&mut [u8]) -> usize,
    ) -> io::Result<u64> {
        let overlap = overlap as u64;
        let before = count_before(memory, address, overlap);
        let after = address.checked_add(count).map_or(0, |next| memory.run_len(next, overlap));
        let first = address.wrapping_sub(before);
        let size = |count: u64| usize::try_from(count).map_err(io::Error::other);
        let (front, middle) = (size(before)?, size(count)?);
        self.bytes.clear();
        self.bytes.resize(front + middle + size(after)?, 0);
        let (around, rest) = self.bytes.split_at_mut(front);
        memory.read_uncached(first, around);
        let (piece, around) = rest.split_at_mut(middle);
        if after > 0 {
            memory.read_uncached(address.wrapping_add(count), around);
        }
        self.left = front..front + own(piece);
        Ok(first)
    }

    /// The bytes of the piece and those around it.
    pub(in crate::redump) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Replaces the piece with `count` bytes that `own` reads, with no bytes around them.
    pub(in crate::redump) fn read_alone(&mut self, count: u64, own: impl FnOnce(&mut [u8])) -> io::Result<()> {
        let size = usize::try_from(count).map_err(io::Error::other)?;
        self.bytes.clear();
        self.bytes.resize(size, 0);
        own(&mut self.bytes);
        self.left = 0..size;
        Ok(())
    }

    /// True if all bytes have been returned.
    pub(in crate::redump) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Copies the next bytes into `buffer`, and returns their number.
    pub(in crate::redump) fn take(&mut self, buffer: &mut [u8]) -> usize {
        let ready = self.bytes.get(self.left.clone()).unwrap_or_default();
        let count = buffer.iter_mut().zip(ready).map(|(to, from)| *to = *from).count();
        self.left.start += count;
        count
    }
}

/// Returns how many bytes right before an address, at most `limit`, the memory has without a gap.
fn count_before(memory: &Memory<'_>, address: u64, limit: u64) -> u64 {
    let mut start = address;
    while let Some(before) = start.checked_sub(1).filter(|_| address - start < limit) {
        let index = memory.position(before);
        let Some(piece) = memory.interval(index).filter(|piece| piece.has(before)) else { break };
        start = piece.start.max(address.saturating_sub(limit));
    }
    address - start
}
