//! Errors of buckets of compressed memory.

/// The reason why a bucket of compressed memory cannot be decompressed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BucketFault {
    /// Its contents are not entirely in the file, or overlap the header or the directory.
    #[error("is not entirely in the file")]
    OutsideFile,
    /// Its uncompressed size is more than 255 times the compressed size, which is impossible with LZ4.
    #[error("claims a larger size than its contents can decompress to")]
    Expands,
    /// Its uncompressed size is larger than the cache limit.
    #[error("is larger than the cache limit")]
    AboveLimit,
    /// It overlaps other buckets, which have been decompressed as often as the size of the file allows.
    #[error("overlaps other buckets too often to be decompressed")]
    BytesShared,
    /// Its contents are not a valid LZ4 block.
    #[error("cannot be decompressed")]
    Undecodable,
    /// The decompressed size differs from its uncompressed size field.
    #[error("decompresses to a different size than it claims")]
    OtherSize,
    /// The cache has no room for it, so its contents can be copied but not borrowed.
    #[error("is not kept in memory: the cache limit is reached")]
    CacheFull,
    /// The file that contains it cannot be read.
    #[error("cannot be read from the file")]
    Unreadable,
    /// The crate was built without support for decompression.
    #[error("can be read only with the feature `lz4` of the crate `userdump`")]
    FeatureMissing,
}
