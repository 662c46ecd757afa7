//! The encoder of LZ4 blocks; it does nothing without the feature `lz4`.

/// True if the feature is enabled.
pub(super) const IS_THERE: bool = cfg!(feature = "lz4");

/// Returns the maximum size of the block for `size` bytes: literals without matches.
pub(super) const fn largest_block(size: u64) -> u64 {
    size + size / 255 + 16
}

/// Returns the buffer size that the encoder requires for `size` bytes.
pub(super) fn room(size: usize) -> usize {
    #[cfg(feature = "lz4")]
    return lz4_flex::block::get_maximum_output_size(size);
    #[cfg(not(feature = "lz4"))]
    size
}

/// An encoder that is reused for several blocks. Earlier blocks do not affect later ones.
#[derive(Default)]
pub(super) struct Encoder {
    #[cfg(feature = "lz4")]
    table: lz4_flex::block::CompressTable,
}

impl Encoder {
    /// Compresses the bytes to the start of `block` and returns the size of the block; `None` if `block` is smaller than
    /// [`room`].
    pub(super) fn encode(&mut self, bytes: &[u8], block: &mut [u8]) -> Option<usize> {
        #[cfg(feature = "lz4")]
        return lz4_flex::block::compress_into_with_table(bytes, block, &mut self.table).ok();
        #[cfg(not(feature = "lz4"))]
        {
            let _ = (bytes, block);
            None
        }
    }
}
