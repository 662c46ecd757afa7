//! Which memory a re-encoding takes: stacks, windows around instructions, everything; and how addresses of 32 bits count.

mod full;
mod narrow;
mod rows;
mod stacks;
mod windows;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let trials = [stacks::trials(), windows::trials(), full::trials(), rows::trials(), narrow::trials()];
    trials.into_iter().flatten().collect()
}
