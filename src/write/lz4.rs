//! The encoder of LZ4 blocks; without the feature `lz4` there is none.

/// True if there is an encoder.
pub(super) const IS_THERE: bool = cfg!(feature = "lz4");

/// The most bytes that a block of so many bytes has, whatever they are: literals without a match.
pub(super) const fn largest_block(size: u64) -> u64 {
    size + size / 255 + 16
}

/// How much room the encoder wants for a block of so many bytes.
pub(super) fn room(size: usize) -> usize {
    #[cfg(feature = "lz4")]
    return lz4_flex::block::get_maximum_output_size(size);
    #[cfg(not(feature = "lz4"))]
    size
}

/// An encoder for one block after the other. What it was used for before makes no difference to a block.
#[derive(Default)]
pub(super) struct Encoder {
    #[cfg(feature = "lz4")]
    table: lz4_flex::block::CompressTable,
}

impl Encoder {
    /// The size of the block of these bytes, which is at the start of `block`; `None` if it has less than [`room`].
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
