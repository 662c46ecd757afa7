//! Code that the fuzz targets share: the walk over everything that a dump offers, mutation by meaning, processes from
//! which dumps are made, and re-encoding.

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

/// Reads everything in the dump. This must not panic, and no list may return more entries than it announces.
pub fn walk(dump: &Dump<'_>) {
    userdump_walk::walk(dump, &mut |value| {
        black_box(value);
    });
}
