//! 64-bit dumps of 32-bit processes (WOW64): reading their 32-bit side, and keeping it when they are re-encoded.

pub mod process;
mod read;
mod redump;
pub mod shared;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [read::trials(), redump::trials(), shared::trials()].into_iter().flatten().collect()
}
