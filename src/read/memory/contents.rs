//! The bytes of memory: in the file as they are, or in buckets that have to be unpacked.

use crate::error::ReadError;

use crate::read::bytes::Bytes;
use crate::read::memory::buckets::{Buckets, IN_BUCKET};
use crate::read::work::worked;

/// Gives the bytes at a place: a position in the file, or a place in a bucket, which has its highest bit set.
///
/// Places of bytes that follow each other do so, too.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'m> {
    pub(crate) bytes: Bytes<'m>,
    pub(crate) buckets: Option<&'m Buckets>,
}

impl<'m> Contents<'m> {
    /// The buckets, if the place is in one of them.
    #[inline]
    const fn bucketed(&self, place: u64) -> Option<&'m Buckets> {
        if place & IN_BUCKET == 0 { None } else { self.buckets }
    }

    /// The bytes from a place on to the end of its bucket, if that is kept.
    #[inline]
    pub(crate) fn kept(&self, place: u64) -> Option<&'m [u8]> {
        self.bucketed(place)?.kept(place)
    }

    /// The bytes at a place.
    #[inline]
    pub(crate) fn lend(&self, place: u64, size: u64) -> Result<&'m [u8], ReadError> {
        match self.bucketed(place) {
            None => Ok(self.bytes.clipped(place, size)),
            Some(buckets) => buckets.lend(self.bytes, place, size),
        }
    }

    /// Copies the bytes at a place, and tells how many there were.
    #[inline]
    pub(crate) fn copy(&self, place: u64, buf: &mut [u8], keep: bool) -> usize {
        if let Some(buckets) = self.bucketed(place) {
            worked(buf.len() as u64);
            return buckets.copy(self.bytes, place, buf, keep);
        }
        let bytes = self.bytes.clipped(place, buf.len() as u64);
        worked(bytes.len() as u64);
        if let Some(to) = buf.get_mut(..bytes.len()) {
            to.copy_from_slice(bytes);
        }
        bytes.len()
    }

    /// What keeps the bytes at a place from being read.
    pub(crate) fn fault(&self, place: u64) -> Option<ReadError> {
        self.bucketed(place)?.verify(self.bytes, Buckets::number(place), true).err()
    }

    /// True if the bytes at two places are the same.
    pub(crate) fn equal(&self, one: u64, other: u64, size: u64) -> bool {
        self.compared(one, other, size).all(|differing| differing == 0)
    }

    /// How many bytes at two places differ.
    #[cfg(feature = "std")]
    pub(crate) fn differing(&self, one: u64, other: u64, size: u64) -> u64 {
        self.compared(one, other, size).sum()
    }

    /// How many bytes differ of one piece after the other. What cannot be read differs from everything.
    fn compared(self, one: u64, other: u64, size: u64) -> impl Iterator<Item = u64> + use<'m> {
        let is_plain = (one | other) & IN_BUCKET == 0;
        let step = if is_plain { size.max(1) } else { PIECE as u64 };
        (0..size.div_ceil(step)).map(move |number| {
            let done = number * step;
            let (count, places) = ((size - done).min(step), [one + done, other + done]);
            if is_plain {
                let [one, other] = places.map(|place| self.bytes.clipped(place, count));
                return differing(one, other);
            }
            let wanted = usize::try_from(count).unwrap_or(PIECE);
            let mut buffers = [[0; PIECE]; 2];
            let mut found = places
                .into_iter()
                .zip(&mut buffers)
                .map(|(place, buffer)| self.copy(place, buffer.get_mut(..wanted).unwrap_or_default(), true));
            if found.any(|found| found < wanted) {
                return count;
            }
            let [one, other] = buffers.each_ref().map(|buffer| buffer.get(..wanted).unwrap_or_default());
            differing(one, other)
        })
    }

    /// What comparing bytes at a place may cost beside the comparison.
    pub(crate) fn cost(&self, place: u64) -> u64 {
        self.bucketed(place).map_or(0, |buckets| buckets.size_at(place))
    }

    /// Where the file has the bytes at a place, or the bucket that they are in.
    #[cfg(feature = "std")]
    pub(crate) fn position(&self, place: u64) -> u64 {
        self.bucketed(place).map_or(place, |buckets| buckets.position(place))
    }
}

/// How much is looked at at once.
pub(crate) const PIECE: usize = 4096;

fn differing(one: &[u8], other: &[u8]) -> u64 {
    if one == other {
        return 0;
    }
    one.iter().zip(other).filter(|(one, other)| one != other).count() as u64
}
