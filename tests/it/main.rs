//! The integration tests, one binary: every module lists its tests in `trials`, and what it does not list is dead code.
//!
//! Tests that read the shared reference files are ignored, by name, unless `USERDUMP_SHARED` names their folder.

mod contexts;
mod directory;
mod header;
mod layouts;
mod redump_mini;
mod support;
mod synth;
mod tidy;
mod tools;

use std::process::ExitCode;

use libtest_mimic::{Arguments, run};

fn main() -> ExitCode {
    let trials = [
        tools::trials(),
        tidy::trials(),
        layouts::trials(),
        redump_mini::trials(),
        header::trials(),
        directory::trials(),
        contexts::trials(),
    ];
    run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}
