//! Dumps from nothing: registers by name, records with all that they point to, texts that are in no dump, memory that cannot
//! be read.

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
