//! The buckets of compressed memory: which of them can be unpacked, and where in them regions are.

use alloc::vec::Vec;

#[cfg(feature = "lz4")]
use lz4_flex::block::{DecompressError, decompress_into};

use crate::error::{BucketFault, ReadError};
use crate::format::compressed_memory::CompressedRegion;

use crate::read::budget::Budget;
use crate::read::bytes::Bytes;
use crate::read::dump_bytes::DumpBytes;
#[cfg(feature = "lz4")]
use crate::read::memory::bucket_cache::{Cache, Packed};
use crate::read::memory::compressed::CompressedMemory;
#[cfg(feature = "lz4")]
use crate::read::work::worked;

/// Marks a place in a bucket: no file is so large that a position in it would have this bit.
pub(crate) const IN_BUCKET: u64 = 1 << 63;

/// A block of LZ4 has at most so many bytes for each of its own.
const EXPANSION: u64 = 255;

/// A bucket by its entry.
#[derive(Clone, Copy)]
struct Bucket {
    /// Where it is in the file.
    offset: u64,
    /// Its size in the file.
    packed: u32,
    /// Its size unpacked.
    plain: u32,
}

/// Refuses what lies on bytes of other buckets, once all that does takes more bytes than the file has. In a sound file no two
/// buckets have one in common; the size of one that is false may take in all others, which are right.
fn refuse_shared(list: &[Bucket], faults: &mut [Option<BucketFault>], file_size: u64) {
    let sound = list.iter().zip(faults).filter(|(_, fault)| fault.is_none());
    let mut places: Vec<_> = sound.map(|(bucket, fault)| (bucket.offset, bucket.packed, fault)).collect();
    places.sort_by_key(|(offset, size, _)| (*offset, *size));
    let mut taken = Budget::times(file_size, 1);
    let mut reached = 0;
    for (offset, size, fault) in places {
        let end = offset.saturating_add(size.into());
        let shared = reached.min(end).saturating_sub(offset);
        if shared > 0 && taken.charge("bucket", offset, shared).is_err() {
            *fault = Some(BucketFault::BytesShared);
        }
        reached = reached.max(end);
    }
}

/// The buckets of a dump, and what was unpacked of them. The file is not part of it: whoever wants something unpacked has it.
pub(crate) struct Buckets {
    /// Those whose entries are there.
    list: Vec<Bucket>,
    /// Of each bucket, what its entry shows to be wrong.
    faults: Vec<Option<BucketFault>>,
    #[cfg(feature = "lz4")]
    cache: Cache,
}

impl Buckets {
    /// Looks at the entries only. No more than `limit` bytes are kept unpacked, and no bucket is unpacked that is larger.
    pub(crate) fn new(dump: &DumpBytes<'_>, memory: &CompressedMemory<'_>, limit: u64) -> Self {
        let entries = memory.buckets();
        let mut list = Vec::with_capacity(usize::try_from(entries.len()).unwrap_or(0));
        list.extend(entries.into_iter().map(|bucket| Bucket {
            offset: bucket.offset,
            packed: bucket.compressed_size,
            plain: bucket.uncompressed_size,
        }));
        let bytes = *dump.bytes();
        let tables = dump.tables();
        let fault = |bucket: &Bucket| {
            let (packed, plain) = (u64::from(bucket.packed), u64::from(bucket.plain));
            let present = bytes.clipped(bucket.offset, packed).len() as u64;
            if present < packed || packed == 0 || tables.hold(bucket.offset, packed) {
                Some(BucketFault::OutsideFile)
            } else if plain > packed.saturating_mul(EXPANSION) {
                Some(BucketFault::Expands)
            } else {
                Some(BucketFault::AboveLimit).filter(|_| plain > limit)
            }
        };
        let mut faults: Vec<_> = list.iter().map(fault).collect();
        refuse_shared(&list, &mut faults, bytes.size());
        Self {
            list,
            #[cfg(feature = "lz4")]
            cache: Cache::new(faults.len(), limit),
            faults,
        }
    }

    /// Where the bytes of a region are, and how many of them: those that its bucket has by its entry. `None` if there are
    /// none, or if the entry shows that the bucket cannot be unpacked.
    pub(crate) fn place(&self, region: &CompressedRegion) -> Option<(u64, u64)> {
        let number = usize::try_from(region.bucket).ok()?;
        let bucket = self.list.get(number).filter(|_| self.faults.get(number) == Some(&None))?;
        if self.broken(number).is_some() {
            return None;
        }
        let room = bucket.plain.checked_sub(region.offset_in_bucket)?;
        // More buckets than there are bits have no file.
        let number =
            region.bucket.checked_shl(32).filter(|place| *place < IN_BUCKET && place >> 32 == region.bucket)?;
        Some((IN_BUCKET | number | u64::from(region.offset_in_bucket), region.size.min(room).into()))
    }

    /// The number of the bucket and the offset in it that a place stands for.
    fn split(place: u64) -> (u64, u64) {
        ((place & !IN_BUCKET) >> 32, place & u64::from(u32::MAX))
    }

    /// The number of the bucket that a place is in.
    pub(crate) fn number(place: u64) -> u64 {
        Self::split(place).0
    }

    fn bucket(&self, number: u64) -> Option<&Bucket> {
        self.list.get(usize::try_from(number).ok()?)
    }

    /// The size of the bucket that a place is in, unpacked.
    pub(crate) fn size_at(&self, place: u64) -> u64 {
        self.bucket(Self::number(place)).map_or(0, |bucket| bucket.plain.into())
    }

    /// Where the file has the bucket that a place is in.
    #[cfg(feature = "std")]
    pub(crate) fn position(&self, place: u64) -> u64 {
        self.bucket(Self::number(place)).map_or(0, |bucket| bucket.offset)
    }

    /// What is known to keep a region from being read whole.
    #[cfg(feature = "std")]
    pub(crate) fn region_fault(&self, region: &CompressedRegion) -> Option<ReadError> {
        const WHAT: &str = "region of compressed memory";
        let size = u64::from(region.size);
        let truncated =
            |available| ReadError::Truncated { what: WHAT, offset: region.address, needed: size, available };
        let index = usize::try_from(region.bucket).unwrap_or(usize::MAX);
        let Some(known) = self.faults.get(index) else { return Some(truncated(0)).filter(|_| size > 0) };
        let fault = known.or_else(|| self.broken(index));
        if let Some(fault) = fault {
            return Some(self.error(region.bucket, fault)).filter(|_| size > 0);
        }
        let available = self.place(region).map_or(0, |(_, size)| size);
        (available < size).then(|| truncated(available))
    }

    fn error(&self, number: u64, fault: BucketFault) -> ReadError {
        ReadError::Bucket { number, offset: self.bucket(number).map_or(0, |bucket| bucket.offset), fault }
    }
}

#[cfg(feature = "lz4")]
impl Buckets {
    /// The buckets and the file that has them.
    const fn in_file<'b>(&'b self, bytes: Bytes<'b>) -> InFile<'b> {
        InFile { bytes, buckets: self }
    }

    /// Why a bucket could not be unpacked, if that was tried.
    fn broken(&self, index: usize) -> Option<BucketFault> {
        self.cache.fault(index).filter(|fault| *fault != BucketFault::CacheFull)
    }

    pub(crate) fn none_known_broken(&self) -> bool {
        // What the entries show is no news.
        let mut all = self.faults.iter().enumerate();
        all.all(|(index, known)| known.is_some() || self.broken(index).is_none())
    }

    /// For each bucket, whether it was asked for.
    pub(crate) fn none_asked(&self) -> Vec<bool> {
        alloc::vec![false; self.faults.len()]
    }

    /// True if a bucket can be unpacked, or was asked for before.
    pub(crate) fn is_sound(&self, bytes: Bytes<'_>, number: u64, asked: &mut [bool], keep: bool) -> bool {
        match usize::try_from(number).ok().and_then(|index| asked.get_mut(index)) {
            Some(asked) if *asked => true,
            Some(asked) => {
                *asked = true;
                self.verify(bytes, number, keep).is_ok()
            }
            None => false,
        }
    }

    /// Unpacks all buckets, one after the other.
    pub(crate) fn verify_all(&self, bytes: Bytes<'_>) {
        for number in (0..).take(self.faults.len()) {
            // What is found out is noted.
            let _ = self.verify(bytes, number, false);
        }
    }

    pub(crate) const fn missing_feature(&self) -> Option<ReadError> {
        None
    }

    /// Finds out what keeps a bucket from being unpacked, by unpacking it. It is kept if `keep` is true and there is room.
    pub(crate) fn verify(&self, bytes: Bytes<'_>, number: u64, keep: bool) -> Result<(), ReadError> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let packed = self.in_file(bytes);
        let known = if keep { Some(self.cache.kept(index, &packed)) } else { self.cache.found_or_fault(index) };
        match known {
            Some(Ok(_)) => Ok(()),
            Some(Err(BucketFault::CacheFull)) if keep => Ok(()),
            Some(Err(BucketFault::CacheFull)) | None => self.cache.passing(index, &packed, |_| ()),
            Some(Err(fault)) => Err(fault),
        }
        .map_err(|fault| self.error(number, fault))
    }

    /// The kept bytes of a bucket from a place on.
    #[inline]
    pub(crate) fn kept(&self, place: u64) -> Option<&[u8]> {
        let (number, offset) = Self::split(place);
        self.cache.found(usize::try_from(number).ok()?)?.get(usize::try_from(offset).ok()?..)
    }

    /// The bytes at a place, of a bucket that is kept from now on.
    pub(crate) fn lend(&self, bytes: Bytes<'_>, place: u64, size: u64) -> Result<&[u8], ReadError> {
        let (number, offset) = Self::split(place);
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let bytes = self.cache.kept(index, &self.in_file(bytes));
        let bytes = bytes.map_err(|fault| self.error(number, fault))?;
        // A place is in its bucket.
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
        Ok(usize::try_from(size).ok().and_then(|size| rest.get(..size)).unwrap_or(rest))
    }

    /// Copies the bytes at a place, all or none. The bucket is kept from now on if `keep` is true and there is room;
    /// otherwise this thread keeps it until it needs another one.
    pub(crate) fn copy(&self, bytes: Bytes<'_>, place: u64, buf: &mut [u8], keep: bool) -> usize {
        let (number, offset) = Self::split(place);
        let (Ok(index), Ok(offset)) = (usize::try_from(number), usize::try_from(offset)) else { return 0 };
        let mut put = |bytes: &[u8]| {
            let bytes = bytes.get(offset..).unwrap_or_default();
            let count = bytes.len().min(buf.len());
            if let Some((to, from)) = buf.get_mut(..count).zip(bytes.get(..count)) {
                to.copy_from_slice(from);
            }
            count
        };
        let packed = self.in_file(bytes);
        let known = if keep { Some(self.cache.kept(index, &packed)) } else { self.cache.found_or_fault(index) };
        match known {
            Some(Ok(bytes)) => put(bytes),
            Some(Err(BucketFault::CacheFull)) | None => self.cache.passing(index, &packed, put).unwrap_or(0),
            Some(Err(_)) => 0,
        }
    }
}

/// Buckets, and the file that has them.
#[cfg(feature = "lz4")]
struct InFile<'b> {
    bytes: Bytes<'b>,
    buckets: &'b Buckets,
}

#[cfg(feature = "lz4")]
impl Packed for InFile<'_> {
    fn size(&self, index: usize) -> Result<usize, BucketFault> {
        if let Some(fault) = self.buckets.faults.get(index).copied().unwrap_or(Some(BucketFault::OutsideFile)) {
            return Err(fault);
        }
        let bucket = self.buckets.list.get(index).ok_or(BucketFault::OutsideFile)?;
        usize::try_from(bucket.plain).map_err(|_| BucketFault::AboveLimit)
    }

    fn unpack(&self, index: usize, into: &mut [u8]) -> Result<(), BucketFault> {
        let bucket = self.buckets.list.get(index).ok_or(BucketFault::OutsideFile)?;
        worked(into.len() as u64);
        match decompress_into(self.bytes.clipped(bucket.offset, bucket.packed.into()), into) {
            Ok(count) if count == into.len() => Ok(()),
            Ok(_) | Err(DecompressError::OutputTooSmall { .. }) => Err(BucketFault::OtherSize),
            Err(_) => Err(BucketFault::Undecodable),
        }
    }
}

/// Without the feature there is no way into a bucket.
#[cfg(not(feature = "lz4"))]
#[expect(clippy::unused_self, reason = "as with the feature")]
impl Buckets {
    fn broken(&self, _: usize) -> Option<BucketFault> {
        None
    }

    #[cfg(feature = "std")]
    pub(crate) fn none_known_broken(&self) -> bool {
        true
    }

    #[cfg(feature = "std")]
    pub(crate) fn none_asked(&self) -> Vec<bool> {
        Vec::new()
    }

    #[cfg(feature = "std")]
    pub(crate) fn is_sound(&self, _: Bytes<'_>, _: u64, _: &mut [bool], _: bool) -> bool {
        true
    }

    #[cfg(feature = "std")]
    pub(crate) fn verify_all(&self, _: Bytes<'_>) {}

    #[cfg(feature = "std")]
    pub(crate) fn missing_feature(&self) -> Option<ReadError> {
        Some(self.missing(IN_BUCKET))
    }

    fn missing(&self, place: u64) -> ReadError {
        self.error(Self::number(place), BucketFault::FeatureMissing)
    }

    pub(crate) fn kept(&self, _: u64) -> Option<&[u8]> {
        None
    }

    pub(crate) fn lend(&self, _: Bytes<'_>, place: u64, _: u64) -> Result<&[u8], ReadError> {
        Err(self.missing(place))
    }

    pub(crate) fn copy(&self, _: Bytes<'_>, _: u64, _: &mut [u8], _: bool) -> usize {
        0
    }

    pub(crate) fn verify(&self, _: Bytes<'_>, number: u64, _: bool) -> Result<(), ReadError> {
        Err(self.error(number, BucketFault::FeatureMissing))
    }
}
