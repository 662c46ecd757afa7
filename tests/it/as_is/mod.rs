//! Dumps kept as they are, except for what a program changes.

mod carried;
mod edits;
mod every_dump;
mod memory;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [every_dump::trials(), carried::trials(), edits::trials(), memory::trials()].into_iter().flatten().collect()
}
