//! Memory: the two lists, the regions, and the index by address.

mod by_address;
mod index;
mod lists;
mod many;
mod naive;
mod overlaps;
mod regions;
mod spread;
mod values;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [
        lists::trials(),
        regions::trials(),
        index::trials(),
        overlaps::trials(),
        naive::trials(),
        many::trials(),
        spread::trials(),
        values::trials(),
        by_address::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A deterministic pseudo-random number generator.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }

    pub fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}
