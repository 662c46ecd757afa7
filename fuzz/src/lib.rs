//! What the fuzz targets share: the walk over everything that a dump can be asked for, mutating by meaning, processes to
//! make dumps of, and re-encoding.

pub mod as_is;
mod canary;
mod contract;
mod findings;
mod laws;
mod mutate;
pub mod process;
pub mod random;
pub mod redumped;
mod secret;

use std::hint::black_box;

use userdump::Dump;

pub use mutate::mutate;

/// Asks the dump for everything there is in it. Nothing of it may panic, and no list may give more than it announces.
pub fn walk(dump: &Dump<'_>) {
    userdump_walk::walk(dump, &mut |value| {
        black_box(value);
    });
}
