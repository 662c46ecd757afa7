//! Access to the bytes of memory, uncompressed in the file or in compressed buckets.

use crate::error::ReadError;

use crate::read::bytes::{Bytes, PART_SIZE, differing_copies};
use crate::read::memory::buckets::{Buckets, IN_BUCKET};
use crate::read::work::worked;

/// Returns the bytes at a place, which is either a file offset or, if its highest bit is set, a place in a bucket.
///
/// Consecutive bytes have consecutive places.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'m> {
    pub(crate) bytes: Bytes<'m>,
    pub(crate) buckets: Option<&'m Buckets>,
}

impl<'m> Contents<'m> {
    /// Returns the buckets if the place is in one of them.
    #[inline]
    const fn bucketed(&self, place: u64) -> Option<&'m Buckets> {
        if place & IN_BUCKET == 0 { None } else { self.buckets }
    }

    /// Returns the bytes from a place to the end of its bucket, if the bucket is kept.
    #[inline]
    pub(crate) fn kept(&self, place: u64) -> Option<&'m [u8]> {
        self.bucketed(place)?.kept(place)
    }

    /// Returns the bytes at a place.
    #[inline]
    pub(crate) fn lend(&self, place: u64, size: u64) -> Result<&'m [u8], ReadError> {
        match self.bucketed(place) {
            None => self.bytes.lend(place, size),
            Some(buckets) => buckets.lend(self.bytes, place, size),
        }
    }

    /// Returns the bytes at a place if nothing has to be read from a file for them.
    pub(crate) fn cheap(&self, place: u64, size: u64) -> Option<&'m [u8]> {
        if self.bytes.file().is_some() && self.bucketed(place).is_none() { None } else { self.lend(place, size).ok() }
    }

    /// Copies the bytes at a place, and returns the number of bytes copied.
    #[inline]
    pub(crate) fn copy(&self, place: u64, buf: &mut [u8], keep: bool) -> usize {
        if let Some(buckets) = self.bucketed(place) {
            worked(buf.len() as u64);
            return buckets.copy(self.bytes, place, buf, keep);
        }
        let count = self.bytes.copy(place, buf);
        worked(count as u64);
        count
    }

    /// Returns the reason why the bytes at a place cannot be read.
    pub(crate) fn fault(&self, place: u64) -> Option<ReadError> {
        let Some(buckets) = self.bucketed(place) else {
            let is_read = self.bytes.file().is_none() || self.bytes.copy(place, &mut [0]) > 0;
            return self.bytes.fault().filter(|_| !is_read);
        };
        buckets.verify(self.bytes, Buckets::number(place), true).err()
    }

    /// True if the bytes at two places are equal.
    pub(crate) fn equal(&self, one: u64, other: u64, size: u64) -> bool {
        self.compared(one, other, size).all(|differing| differing == 0)
    }

    /// Returns the number of bytes that differ between two places.
    #[cfg(feature = "std")]
    pub(crate) fn differing(&self, one: u64, other: u64, size: u64) -> u64 {
        self.compared(one, other, size).sum()
    }

    /// Returns the number of differing bytes of each successive part. Bytes that cannot be read count as different.
    fn compared(self, one: u64, other: u64, size: u64) -> impl Iterator<Item = u64> + use<'m> {
        let is_plain = (one | other) & IN_BUCKET == 0;
        let step = if is_plain && self.bytes.file().is_none() { size.max(1) } else { PART_SIZE as u64 };
        (0..size.div_ceil(step)).map(move |number| {
            let done = number * step;
            let (count, places) = ((size - done).min(step), [one + done, other + done]);
            if is_plain {
                let [one, other] = places;
                return self.bytes.differing(one, other, count);
            }
            differing_copies(places, count, |place, buf| self.copy(place, buf, true))
        })
    }

    /// Returns the additional cost of comparing bytes at a place, for decompressing their bucket.
    pub(crate) fn cost(&self, place: u64) -> u64 {
        self.bucketed(place).map_or(0, |buckets| buckets.size_at(place))
    }

    /// Returns the file offset of the bytes at a place, or of the bucket that contains them.
    #[cfg(feature = "std")]
    pub(crate) fn position(&self, place: u64) -> u64 {
        self.bucketed(place).map_or(place, |buckets| buckets.position(place))
    }
}
