//! The buckets of compressed memory: which of them can be decompressed, and the positions of regions in them.

#[cfg(feature = "lz4")]
use alloc::borrow::Cow;
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

/// The bit of a place that marks it as a place in a bucket. File offsets are never large enough to have it.
pub(crate) const IN_BUCKET: u64 = 1 << 63;

/// The maximum number of bytes that LZ4 can produce from each compressed byte.
const MAX_EXPANSION: u64 = 255;

/// The entry of a bucket.
#[derive(Clone, Copy)]
struct Bucket {
    /// The file offset of the bucket.
    offset: u64,
    /// The compressed size in bytes.
    packed: u32,
    /// The decompressed size in bytes.
    plain: u32,
}

/// Refuses buckets that overlap earlier ones, once the overlaps exceed the size of the file in total. In a sound file
/// no two buckets overlap. A single bucket with a wrong size, however, may overlap all the others, which are correct.
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

/// The buckets of a dump, and a cache of their decompressed bytes. The file is not included: callers pass it to
/// decompress.
pub(crate) struct Buckets {
    /// The buckets whose entries are in the file.
    list: Vec<Bucket>,
    /// For each bucket, the fault that is evident from its entry.
    faults: Vec<Option<BucketFault>>,
    #[cfg(feature = "lz4")]
    cache: Cache,
}

impl Buckets {
    /// Reads only the entries. At most `limit` bytes are kept decompressed, and larger buckets are never decompressed.
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
            if bytes.available(bucket.offset, packed) < packed || packed == 0 || tables.hold(bucket.offset, packed) {
                Some(BucketFault::OutsideFile)
            } else if plain > packed.saturating_mul(MAX_EXPANSION) {
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

    /// Returns the place and the number of a region's bytes, limited to those in its bucket according to its entry.
    /// `None` if there are none, or if the bucket is known to be broken.
    pub(crate) fn place(&self, region: &CompressedRegion) -> Option<(u64, u64)> {
        let number = usize::try_from(region.bucket).ok()?;
        let bucket = self.list.get(number).filter(|_| self.faults.get(number) == Some(&None))?;
        if self.broken(number).is_some() {
            return None;
        }
        let room = bucket.plain.checked_sub(region.offset_in_bucket)?;
        // Numbers that do not fit into a place do not occur in files.
        let number =
            region.bucket.checked_shl(32).filter(|place| *place < IN_BUCKET && place >> 32 == region.bucket)?;
        Some((IN_BUCKET | number | u64::from(region.offset_in_bucket), region.size.min(room).into()))
    }

    /// Splits a place into the number of its bucket and the offset in the bucket.
    fn split(place: u64) -> (u64, u64) {
        ((place & !IN_BUCKET) >> 32, place & u64::from(u32::MAX))
    }

    /// Returns the number of the bucket that contains a place.
    pub(crate) fn number(place: u64) -> u64 {
        Self::split(place).0
    }

    fn bucket(&self, number: u64) -> Option<&Bucket> {
        self.list.get(usize::try_from(number).ok()?)
    }

    /// Returns the decompressed size of the bucket that contains a place.
    pub(crate) fn size_at(&self, place: u64) -> u64 {
        self.bucket(Self::number(place)).map_or(0, |bucket| bucket.plain.into())
    }

    /// Returns the file offset of the bucket that contains a place.
    #[cfg(feature = "std")]
    pub(crate) fn position(&self, place: u64) -> u64 {
        self.bucket(Self::number(place)).map_or(0, |bucket| bucket.offset)
    }

    /// Returns the known reason why a region cannot be read completely.
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
    /// Combines the buckets with the file that contains them.
    const fn in_file<'b>(&'b self, bytes: Bytes<'b>) -> InFile<'b> {
        InFile { bytes, buckets: self }
    }

    /// Returns the reason why decompressing a bucket has failed, if that was attempted.
    fn broken(&self, index: usize) -> Option<BucketFault> {
        self.cache.fault(index).filter(|fault| *fault != BucketFault::CacheFull)
    }

    pub(crate) fn has_no_known_faults(&self) -> bool {
        // Faults that are evident from the entries do not count.
        let mut all = self.faults.iter().enumerate();
        all.all(|(index, known)| known.is_some() || self.broken(index).is_none())
    }

    /// Returns a list for [`Self::is_sound`] in which each bucket is marked as not yet requested.
    pub(crate) fn none_requested(&self) -> Vec<bool> {
        alloc::vec![false; self.faults.len()]
    }

    /// True if a bucket can be decompressed, or has been requested before.
    pub(crate) fn is_sound(&self, bytes: Bytes<'_>, number: u64, requested: &mut [bool], keep: bool) -> bool {
        match usize::try_from(number).ok().and_then(|index| requested.get_mut(index)) {
            Some(requested) if *requested => true,
            Some(requested) => {
                *requested = true;
                self.verify(bytes, number, keep).is_ok()
            }
            None => false,
        }
    }

    /// Decompresses all buckets one by one.
    pub(crate) fn verify_all(&self, bytes: Bytes<'_>) {
        for number in (0..).take(self.faults.len()) {
            // Faults are recorded in the cache.
            let _ = self.verify(bytes, number, false);
        }
    }

    pub(crate) const fn missing_feature(&self) -> Option<ReadError> {
        None
    }

    /// Decompresses a bucket to find out whether that is possible. It is kept if `keep` is true and there is room.
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

    /// Returns the bytes of a kept bucket from a place to its end.
    #[inline]
    pub(crate) fn kept(&self, place: u64) -> Option<&[u8]> {
        let (number, offset) = Self::split(place);
        self.cache.found(usize::try_from(number).ok()?)?.get(usize::try_from(offset).ok()?..)
    }

    /// Returns the bytes at a place, and keeps their bucket.
    pub(crate) fn lend(&self, bytes: Bytes<'_>, place: u64, size: u64) -> Result<&[u8], ReadError> {
        let (number, offset) = Self::split(place);
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let bytes = self.cache.kept(index, &self.in_file(bytes));
        let bytes = bytes.map_err(|fault| self.error(number, fault))?;
        // Places are always within their bucket.
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
        Ok(usize::try_from(size).ok().and_then(|size| rest.get(..size)).unwrap_or(rest))
    }

    /// Copies the bytes at a place, either all or none. The bucket is kept if `keep` is true and there is room;
    /// otherwise it stays in the cache until this thread reads another one.
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

/// Buckets, and the file that contains them.
#[cfg(feature = "lz4")]
struct InFile<'b> {
    bytes: Bytes<'b>,
    buckets: &'b Buckets,
}

#[cfg(feature = "lz4")]
impl<'b> InFile<'b> {
    /// Returns the compressed contents of a bucket.
    fn packed(&self, bucket: &Bucket) -> Result<Cow<'b, [u8]>, BucketFault> {
        let size = u64::from(bucket.packed);
        if self.bytes.file().is_none() {
            return Ok(self.bytes.clipped(bucket.offset, size).into());
        }
        // A valid block is larger than its contents by at most one byte in 255.
        let most = u64::from(bucket.plain).saturating_add(u64::from(bucket.plain) / 255).saturating_add(1 << 16);
        let size = usize::try_from(size.min(most)).map_err(|_| BucketFault::AboveLimit)?;
        let mut packed = alloc::vec![0; size];
        if self.bytes.copy(bucket.offset, &mut packed) < size {
            Err(BucketFault::Unreadable)
        } else {
            Ok(packed.into())
        }
    }
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
        let packed = self.packed(bucket)?;
        match decompress_into(&packed, into) {
            Ok(count) if count == into.len() => Ok(()),
            Ok(_) | Err(DecompressError::OutputTooSmall { .. }) => Err(BucketFault::OtherSize),
            Err(_) => Err(BucketFault::Undecodable),
        }
    }
}

/// Without the feature, buckets cannot be decompressed.
#[cfg(not(feature = "lz4"))]
#[expect(clippy::unused_self, reason = "as with the feature")]
impl Buckets {
    fn broken(&self, _: usize) -> Option<BucketFault> {
        None
    }

    #[cfg(feature = "std")]
    pub(crate) fn has_no_known_faults(&self) -> bool {
        true
    }

    #[cfg(feature = "std")]
    pub(crate) fn none_requested(&self) -> Vec<bool> {
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
