//! Pseudorandom numbers that are the same for the same seed.

/// SplitMix64 by Steele, Lea and Flood: any seed is suitable, including consecutive ones.
#[derive(Clone, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// Returns the numbers for a variant, which do not depend on those for other variants.
    pub fn new(seed: u64, index: u64) -> Self {
        let mut of_the_seed = Self(seed);
        Self(of_the_seed.next().wrapping_add(index.wrapping_mul(0xd134_2543_de82_ef95)))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below the limit, or 0 if the limit is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let number = self.next();
        usize::try_from((u128::from(number) * limit as u128) >> 64).expect("it is below the limit")
    }

    /// Returns true once in `times` calls on average.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}
