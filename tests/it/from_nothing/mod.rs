//! Dumps built from scratch: registers by name, records with everything they refer to, invalid text, unreadable memory.

mod contexts;
mod records;
mod sources;
mod structures;
mod texts;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let all = [contexts::trials(), records::trials(), sources::trials(), structures::trials(), texts::trials()];
    all.into_iter().flatten().collect()
}
