//! The option `r`: which words of stacks stay, and that no other user data is kept.

mod canary;
mod planted;
mod returns;
mod words;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [words::trials(), canary::trials(), planted::trials(), returns::trials()].into_iter().flatten().collect()
}
