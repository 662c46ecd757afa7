//! The memory that a re-encoding takes: stacks, windows around instructions, unwind data, sections of modules, all
//! memory; and how 32-bit addresses are compared.

mod full;
mod in_use;
mod managed;
mod many;
mod mappings;
mod narrow;
mod rows;
mod sections;
mod stacks;
mod unwind;
mod vdso;
mod walk;
mod windows;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let trials = [
        stacks::trials(),
        in_use::trials(),
        unwind::trials(),
        walk::trials(),
        managed::trials(),
        windows::trials(),
        sections::trials(),
        mappings::trials(),
        full::trials(),
        many::trials(),
        rows::trials(),
        narrow::trials(),
        vdso::trials(),
    ];
    trials.into_iter().flatten().collect()
}
