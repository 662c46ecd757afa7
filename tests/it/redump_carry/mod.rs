//! What the re-encoder carries along: comments, streams of other producers with and without file offsets, unknown
//! streams.

mod budget;
mod streams;
mod vendor;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let trials = [streams::trials(), vendor::trials(), budget::trials()];
    trials.into_iter().flatten().collect()
}
