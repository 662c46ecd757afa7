//! The memory that .NET debuggers need: each clause of the rule separately, other systems and runtimes, and recorded
//! reads.

mod golden;
mod images;
mod process;
mod regions;
mod systems;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let trials = [images::trials(), regions::trials(), systems::trials(), golden::trials()];
    trials.into_iter().flatten().collect()
}
