//! Tests of the test tools, whose results are only useful if the tools are correct.

mod files;
mod labels;
mod layout;
mod streams;
mod system;

use libtest_mimic::Trial;

use crate::support::facts::Facts;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    [files::trials(), labels::trials(), layout::trials(), streams::trials(), system::trials()]
        .into_iter()
        .flatten()
        .collect()
}

/// Builds a dump in both byte orders, moves its parts to odd positions, and checks each.
fn both(dump: impl Fn() -> Dump, look: impl Fn(&Facts<'_>)) {
    for big_endian in [false, true] {
        for filler in [0, 3] {
            let dump = dump().filler(filler);
            let bytes = if big_endian { dump.big_endian().build() } else { dump.build() };
            look(&Facts::of(&bytes));
        }
    }
}
