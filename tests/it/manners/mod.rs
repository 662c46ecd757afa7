//! What users of Rust expect of types: traits, text and numbers in both directions, iterators from both ends.

mod errors;
mod lists;
mod types;
mod values;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [errors::trials(), lists::trials(), types::trials(), values::trials()].into_iter().flatten().collect()
}
