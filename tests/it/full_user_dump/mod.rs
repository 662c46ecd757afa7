//! The older format: full user dumps of 32-bit and 64-bit processes.

mod write;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    write::trials()
}
