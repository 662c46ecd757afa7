//! Exceptions that the options name by an address in the memory of the dump, and exceptions that are found there.

pub mod finding;
mod golden;
pub mod words;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [golden::trials(), words::trials(), finding::trials()].into_iter().flatten().collect()
}
