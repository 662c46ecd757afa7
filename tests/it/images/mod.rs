//! Images in memory: their headers, version resources, debug records and sections.

pub mod assembler;
mod hostile;
mod parts;
mod records;
mod rows;
mod versions;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let trials = [parts::trials(), versions::trials(), records::trials(), hostile::trials(), rows::trials()];
    trials.into_iter().flatten().collect()
}
