//! The fixture with a full user dump, for the examples.

use libtest_mimic::Trial;

use super::sound;
use crate::support::{fixtures, trials};

pub fn trials() -> Vec<Trial> {
    trials![the_fixture_is_what_the_assembler_makes]
}

fn the_fixture_is_what_the_assembler_makes() {
    let made = sound(true).build();
    assert!(made == fixtures::FULL_USER_DUMP, "{} bytes differ from those that are generated", made.len());
}
