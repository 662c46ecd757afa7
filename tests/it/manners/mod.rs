//! What Rust users expect of types: traits, conversions between text and numbers, iterators from both ends.

mod errors;
mod lists;
mod types;
mod values;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [errors::trials(), lists::trials(), types::trials(), values::trials()].into_iter().flatten().collect()
}
