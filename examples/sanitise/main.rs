//! Makes a dump that can be shared: the letters `r` and `R` filter it, and the strings that the user specifies are blanked.
//!
//! ```text
//! $ cargo run --release --example sanitise -- --pattern victim tests/fixtures/quick-start.dmp clean.dmp
//! written     clean.dmp, 38524 bytes, /mrR
//! removed     streams that no letter asks for: MemoryInfoList, ThreadInfoList, UnloadedModuleList
//!             memory: 27040 of 72352 bytes are kept; stacks are blanked where a stack trace does not need them
//!             folders in module names, and the same folders wherever else they occur
//! blanked     pattern 1: 0 places in memory, 1 in names and other text
//! remains     ThreadList: general registers of threads
//!             ModuleList: names of executables, libraries and PDBs, without folders; they show which software is in use
//! ...
//! ```

mod arguments;
#[path = "../support/help.rs"]
mod help;
#[path = "../support/opened.rs"]
mod opened;
mod patterns;
#[path = "../support/printed.rs"]
mod printed;
mod remains;
mod report;
#[path = "../support/shells.rs"]
mod shells;
#[path = "../support/target.rs"]
mod target;
#[path = "../support/told.rs"]
mod told;

use std::collections::HashSet;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use userdump::redump::{Hooks, Redump, Report};
use userdump::{AsSource as _, Dump, ReadError, RedumpError};

use arguments::{Arguments, HELP};
use opened::Opened;
use patterns::Pattern;
use printed::print_summary;
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
            // If standard error is closed, the message cannot be printed anywhere.
            let _ = writeln!(io::stderr(), "sanitise: {fault}");
            ExitCode::from(1)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let Arguments { options, patterns, read, input, output, .. } = arguments;
    let of_output = |error: io::Error| line(output, &error);
    let target = Target::new(output, ("--overwrite", arguments.overwrite)).map_err(of_output)?;
    if target.is(input) {
        return Err(of_output(io::Error::other("this is INPUT, which must not be replaced")));
    }
    // The error message includes the file name.
    let source = Opened::open(input, *read, None).map_err(|error| printable(&error.to_string()))?;
    let dump = Dump::from_source(source.as_source()).map_err(|error| line(input, &error))?;

    let mut blanked = vec![Blanked::default(); patterns.len()];
    let overlap = patterns.iter().map(Pattern::size).max().unwrap_or(1) - 1;
    let mut hooks = Hooks::new().keep_streams(|stream| !arguments.drop_streams.contains(&stream.stream_type()));
    if !patterns.is_empty() {
        let of_memory = &mut blanked;
        hooks = hooks.redact_with_overlap(overlap, move |address, _, bytes| {
            for (pattern, blanked) in patterns.iter().zip(of_memory.iter_mut()) {
                // Pieces overlap, so the same place can be found twice.
                blanked.memory.extend(pattern.blank(bytes).into_iter().map(|at| address.wrapping_add(at as u64)));
            }
        });
    }
    let of_input = |error: RedumpError| line(input, &error);
    let redump = Redump::with_hooks(&dump, options, hooks).map_err(of_input)?;
    if let Some(obstacle) = redump.report().obstacles.first() {
        return Err(line(input, &io::Error::other(format!("no debugger would open the result: {obstacle}"))));
    }
    let (report, file) = if patterns.is_empty() {
        let file = target.create(input, source.metadata()).map_err(of_output)?;
        let report = redump.write_to_file(file.as_file(), source.copy_source().as_slice());
        let by_whom = |error: RedumpError| match error {
            RedumpError::Write(_) => line(output, &error),
            _ => line(input, &error),
        };
        (report.map_err(by_whom)?, file)
    } else {
        // Strings outside memory can be anywhere in the file, so the whole result is searched before it is written.
        let mut bytes = Vec::new();
        let report = redump.write_to(&mut bytes).map_err(of_input)?;
        blank_outside_memory(&mut bytes, &report, patterns, &mut blanked)
            .map_err(|fault| line(input, &io::Error::other(fault)))?;
        let file = target.create(input, source.metadata()).map_err(of_output)?;
        file.as_file().write_all(&bytes).map_err(of_output)?;
        (report, file)
    };
    target.settle(&file, input).map_err(of_output)?;
    let text = report::report(&dump, &report, arguments, &blanked);
    target.publish(file).map_err(of_output)?;
    print_summary(output, &text)
}

/// The places where a pattern was found.
#[derive(Clone, Debug, Default)]
pub struct Blanked {
    /// The addresses in memory.
    memory: HashSet<u64>,
    /// The number of places elsewhere in the file.
    elsewhere: u64,
}

/// Blanks the patterns where the redaction hook does not see them: in names and in other contents of streams. Fails if that
/// damages the dump.
fn blank_outside_memory(
    bytes: &mut [u8],
    report: &Report,
    patterns: &[Pattern],
    blanked: &mut [Blanked],
) -> Result<(), String> {
    let before = findings(bytes).map_err(|error| error.to_string())?;
    // The header, and the directory after it, contain no text.
    let tables = 32 + 12 * report.streams_written.len();
    for (pattern, blanked) in patterns.iter().zip(blanked) {
        let Some(rest) = bytes.get_mut(tables..) else { break };
        blanked.elsewhere = pattern.blank(rest).len() as u64;
        match findings(bytes) {
            Ok(after) if after <= before => {}
            _ => {
                return Err(format!(
                    "{:?} also occurs in binary data: blanking it would damage the result",
                    pattern.text
                ));
            }
        }
    }
    match patterns.iter().find(|pattern| !pattern.places(bytes).is_empty()) {
        Some(pattern) => Err(format!(
            "{:?} occurs in the header or directory of the result, where it cannot be blanked",
            pattern.text
        )),
        None => Ok(()),
    }
}

/// Returns the number of findings of a dump.
fn findings(bytes: &[u8]) -> Result<u64, ReadError> {
    let mut count = 0;
    Dump::parse(bytes)?.check(&mut |_| count += 1);
    Ok(count)
}
