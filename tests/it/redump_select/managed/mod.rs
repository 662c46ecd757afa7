//! What debuggers of .NET need: each clause of the rule by itself, other systems and runtimes, and what was recorded of reads.

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
