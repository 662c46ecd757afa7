//! The integration tests, one binary: every module lists its tests in `trials`, and what it does not list is dead code.
//!
//! Tests that read the shared reference files are ignored, by name, unless `USERDUMP_SHARED` names their folder.

mod check;
mod comments;
mod corpus;
mod directory;
mod emit;
mod handles;
mod header;
mod layouts;
mod lists;
mod malformed;
mod memory;
mod modules;
mod options;
mod peers;
mod plan;
mod redump_mini;
mod references;
mod resources;
mod roundtrip;
mod stream_table;
mod strings;
mod support;
mod synth;
mod system;
mod tables;
mod threads;
mod tidy;
mod tools;
mod vendor;
mod widths;

use std::process::ExitCode;

use libtest_mimic::{Arguments, run};

fn main() -> ExitCode {
    let trials = [
        stream_table::trials(),
        vendor::trials(),
        tools::trials(),
        tidy::trials(),
        layouts::trials(),
        redump_mini::trials(),
        header::trials(),
        directory::trials(),
        lists::trials(),
        strings::trials(),
        modules::trials(),
        memory::trials(),
        threads::trials(),
        handles::trials(),
        comments::trials(),
        tables::trials(),
        system::trials(),
        check::trials(),
        malformed::trials(),
        corpus::trials(),
        plan::trials(),
        emit::trials(),
        roundtrip::trials(),
        widths::trials(),
        peers::trials(),
        resources::trials(),
        options::trials(),
        references::trials(),
    ];
    run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}
