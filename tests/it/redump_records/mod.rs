//! The re-encoding of records: contexts, threads, modules, handles, information about system and process.

mod contexts;
mod exceptions;
mod facts;
mod handles;
mod modules;
mod stops;
mod threads;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let trials = [
        contexts::trials(),
        exceptions::trials(),
        facts::trials(),
        handles::trials(),
        modules::trials(),
        stops::trials(),
        threads::trials(),
    ];
    trials.into_iter().flatten().collect()
}
