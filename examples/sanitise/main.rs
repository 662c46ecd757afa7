//! Makes a dump that can be given away: the contract of the letters `r` and `R`, and texts of the user's that are blanked.
//!
//! ```text
//! $ cargo run --release --example sanitise -- --pattern victim tests/fixtures/quick-start.dmp clean.dmp
//! written     clean.dmp, 38524 bytes, /mrR
//! removed     streams that no letter asks for: MemoryInfoList, ThreadInfoList, UnloadedModuleList
//!             memory: 27040 of 72352 bytes are kept, and what a stack trace does not need of stacks is blank
//!             folders in the names of modules, and wherever else these folders are written
//! blanked     pattern 1: at 0 places in memory, at 1 in names and other text
//! remains     ThreadList: general registers of threads
//!             ModuleList: names of executables, libraries and PDBs, without folders: they tell which software is in use
//! ...
//! ```

mod arguments;
#[path = "../support/help.rs"]
mod help;
mod patterns;
mod remains;
mod report;
#[path = "../support/target.rs"]
mod target;
#[path = "../support/told.rs"]
mod told;

use std::collections::HashSet;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use userdump::redump::{Hooks, Redump, Report};
use userdump::{Dump, MappedFile, ReadError, RedumpError};

use arguments::{Arguments, HELP};
use patterns::Pattern;
use target::Target;
use told::{line, printable};

fn main() -> ExitCode {
    let arguments = match Arguments::parse(env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return help::print(HELP),
        Err(fault) => return help::misused(HELP, &fault),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            // If nobody listens there, nothing is left to tell it to.
            let _ = writeln!(io::stderr(), "sanitise: {fault}");
            ExitCode::from(1)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let Arguments { options, patterns, input, output, .. } = arguments;
    let of_output = |error: io::Error| line(output, &error);
    let target = Target::new(output, ("--overwrite", arguments.overwrite)).map_err(of_output)?;
    if target.is(input) {
        return Err(of_output(io::Error::other("it is INPUT, which stays as it is")));
    }
    // Its errors name the file themselves.
    let source = MappedFile::open(input).map_err(|error| printable(&error.to_string()))?;
    let dump = Dump::parse(&source).map_err(|error| line(input, &error))?;

    let mut blanked = vec![Blanked::default(); patterns.len()];
    let overlap = patterns.iter().map(Pattern::size).max().unwrap_or(1) - 1;
    let mut hooks = Hooks::new().keep_streams(|stream| !arguments.drop_streams.contains(&stream.stream_type()));
    if !patterns.is_empty() {
        let of_memory = &mut blanked;
        hooks = hooks.redact_with_overlap(overlap, move |address, _, bytes| {
            for (pattern, blanked) in patterns.iter().zip(of_memory.iter_mut()) {
                // What is near a border is seen twice.
                blanked.memory.extend(pattern.blank(bytes).into_iter().map(|at| address.wrapping_add(at as u64)));
            }
        });
    }
    let by_input = |error: RedumpError| line(input, &error);
    let redump = Redump::with_hooks(&dump, options, hooks).map_err(by_input)?;
    if let Some(obstacle) = redump.report().obstacles.first() {
        return Err(line(input, &io::Error::other(format!("no debugger would open the result: {obstacle}"))));
    }
    // Texts outside of memory can be anywhere, so the result is searched before it is written.
    let mut bytes = Vec::new();
    let report = redump.write_to(&mut bytes).map_err(by_input)?;
    blank_outside_memory(&mut bytes, &report, patterns, &mut blanked)
        .map_err(|fault| line(input, &io::Error::other(fault)))?;

    let file = target.create(input, source.metadata()).map_err(of_output)?;
    file.as_file().write_all(&bytes).map_err(of_output)?;
    target.settle(&file).map_err(of_output)?;
    let text = report::report(&dump, &report, arguments, &blanked);
    io::stdout().write_all(text.as_bytes()).map_err(|error| format!("standard output: {error}"))?;
    target.publish(file).map_err(of_output)
}

/// Where a pattern was.
#[derive(Clone, Debug, Default)]
pub struct Blanked {
    /// Addresses.
    memory: HashSet<u64>,
    /// The number of places in the rest of the file.
    elsewhere: u64,
}

/// Blanks what the redactor does not see: names, and whatever else streams hold. What is left is a dump, or there is none.
fn blank_outside_memory(
    bytes: &mut [u8],
    report: &Report,
    patterns: &[Pattern],
    blanked: &mut [Blanked],
) -> Result<(), String> {
    let before = findings(bytes).map_err(|error| error.to_string())?;
    // The header, and the directory behind it, have no text.
    let tables = 32 + 12 * report.streams_written.len();
    for (pattern, blanked) in patterns.iter().zip(blanked) {
        let Some(rest) = bytes.get_mut(tables..) else { break };
        blanked.elsewhere = pattern.blank(rest).len() as u64;
        match findings(bytes) {
            Ok(after) if after <= before => {}
            _ => {
                return Err(format!(
                    "{:?} is not only text in it: the result would be damaged without it",
                    pattern.text
                ));
            }
        }
    }
    match patterns.iter().find(|pattern| !pattern.places(bytes).is_empty()) {
        Some(pattern) => Err(format!("{:?} is in the tables of the result, and cannot be blanked there", pattern.text)),
        None => Ok(()),
    }
}

/// How much is wrong with a dump.
fn findings(bytes: &[u8]) -> Result<u64, ReadError> {
    let mut count = 0;
    Dump::parse(bytes)?.check(&mut |_| count += 1);
    Ok(count)
}
