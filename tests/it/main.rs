//! The integration tests, in one binary. Every module lists its tests in `trials`; a test that is not listed is dead
//! code.
//!
//! Tests that read the shared reference files are ignored, by name, unless `USERDUMP_SHARED` names their folder.

mod accounted;
mod as_is;
mod cases;
mod check;
mod claims;
mod comments;
mod compressed;
mod compressing;
mod contexts;
mod contract;
mod corpus;
mod debug;
mod differential;
mod directory;
mod emit;
mod face;
mod file_source;
mod from_nothing;
pub mod full_user_dump;
mod growth;
mod handles;
mod header;
mod identifiers;
mod identify;
mod images;
mod laws;
mod layouts;
mod letter_tables;
mod list_sizes;
mod lists;
mod malformed;
mod manners;
mod mapped_file;
mod mdwd;
mod memory;
mod module_extents;
mod modules;
mod options;
mod other_formats;
mod owned;
mod owners;
mod peers;
mod plan;
mod processors;
mod programs;
mod properties;
mod reasons;
mod redump_carry;
mod redump_corpus;
mod redump_differences;
mod redump_engine;
mod redump_exceptions;
mod redump_filter;
mod redump_folders;
mod redump_hooks;
mod redump_mini;
mod redump_records;
mod redump_redact;
mod redump_report;
mod redump_select;
mod redump_tables;
mod redump_triage;
mod redump_usable;
mod redump_user;
mod references;
mod regressions;
mod resources;
mod roundtrip;
mod sharing;
mod stack_walk;
mod stream_table;
mod strings;
mod support;
mod synth;
mod system;
mod tables;
mod threads;
mod tidy;
mod to_file;
mod tools;
mod twins;
mod vendor;
mod widths;
mod wow64;

use std::process::ExitCode;

use libtest_mimic::{Arguments, run};

fn main() -> ExitCode {
    let trials = [
        accounted::trials(),
        cases::trials(),
        check::trials(),
        claims::trials(),
        comments::trials(),
        compressed::trials(),
        compressing::trials(),
        contexts::trials(),
        corpus::trials(),
        differential::trials(),
        directory::trials(),
        emit::trials(),
        face::trials(),
        file_source::trials(),
        from_nothing::trials(),
        full_user_dump::trials(),
        growth::trials(),
        handles::trials(),
        header::trials(),
        identify::trials(),
        identifiers::trials(),
        images::trials(),
        laws::trials(),
        layouts::trials(),
        letter_tables::trials(),
        list_sizes::trials(),
        lists::trials(),
        malformed::trials(),
        manners::trials(),
        mapped_file::trials(),
        mdwd::trials(),
        memory::trials(),
        module_extents::trials(),
        modules::trials(),
        options::trials(),
        owned::trials(),
        owners::trials(),
        other_formats::trials(),
        peers::trials(),
        plan::trials(),
        processors::trials(),
        programs::trials(),
        properties::trials(),
        reasons::trials(),
        redump_carry::trials(),
        redump_corpus::trials(),
        redump_differences::trials(),
        redump_engine::trials(),
        as_is::trials(),
        redump_hooks::trials(),
        redump_redact::trials(),
        contract::trials(),
        debug::trials(),
        redump_exceptions::trials(),
        redump_filter::trials(),
        redump_folders::trials(),
        redump_mini::trials(),
        redump_records::trials(),
        redump_report::trials(),
        redump_select::trials(),
        redump_tables::trials(),
        redump_triage::trials(),
        redump_usable::trials(),
        redump_user::trials(),
        references::trials(),
        regressions::trials(),
        resources::trials(),
        roundtrip::trials(),
        sharing::trials(),
        stack_walk::trials(),
        stream_table::trials(),
        strings::trials(),
        system::trials(),
        tables::trials(),
        threads::trials(),
        tidy::trials(),
        to_file::trials(),
        tools::trials(),
        twins::trials(),
        vendor::trials(),
        widths::trials(),
        wow64::trials(),
    ];
    run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}
