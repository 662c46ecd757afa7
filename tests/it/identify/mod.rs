//! The identity of images, kept by `--identify`: hand-made images of each format, and real processes.

pub mod elf;
mod filtered;
mod golden;
pub mod mach_o;
mod windows;

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use userdump::Dump as Source;
use userdump::redump::{Reason, Redump, Report};

use crate::support::redumped::{Redumped, parsed};

pub fn trials() -> Vec<Trial> {
    let trials = [windows::trials(), elf::trials(), mach_o::trials(), filtered::trials(), golden::trials()];
    trials.into_iter().flatten().collect()
}

/// The parts that are kept to identify images, as first and last address, and the report; a second pass is also
/// checked.
fn kept(source: &[u8], options: &str) -> (BTreeSet<(u64, u64)>, Report) {
    let redumped = Redumped::twice(source, &parsed(options));
    let dump = Source::parse(source).expect("it is a dump");
    let redump = Redump::new(&dump, &parsed(options)).expect("it can be re-encoded");
    let memory = redump.selected_memory().filter(|it| matches!(it.reason, Reason::ImageIdentity { .. }));
    (memory.map(|it| (it.address, it.address + it.size - 1)).collect(), redumped.report)
}

/// Converts RVAs and sizes to first and last addresses.
fn places(base: u64, places: &[(u64, u64)]) -> BTreeSet<(u64, u64)> {
    places.iter().map(|(at, size)| (base + at, base + at + size - 1)).collect()
}

/// The messages about missing images.
fn said(report: &Report) -> Vec<String> {
    report.unavailable.iter().map(ToString::to_string).collect()
}
