//! Re-encodes a dump like the debugger's `.dump /m`; with `/f`, to a full user dump.
//!
//! ```text
//! $ cargo run --release --example redump -- /m tests/fixtures/quick-start.dmp small.dmp
//! written     small.dmp, 38668 bytes, /m
//! ...
//!             memory: 7 ranges, 27040 bytes
//! ...
//! dropped     not requested: ThreadInfoList, UnloadedModuleList, MemoryInfoList
//! ```

mod arguments;
mod cabinet;
mod exceptions;
mod explain;
mod files;
#[path = "../support/help.rs"]
mod help;
#[path = "../support/letters.rs"]
mod letters;
#[path = "../support/opened.rs"]
mod opened;
mod output;
#[path = "../support/printed.rs"]
mod printed;
#[path = "../support/shells.rs"]
mod shells;
mod summary;
#[path = "../support/target.rs"]
mod target;
#[path = "../support/told.rs"]
mod told;
mod unique;

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use userdump::read::system::MiscInfo;
use userdump::redump::{Redump, Report};
use userdump::{AsSource as _, Dump, RedumpError};

use arguments::{Arguments, USAGE};
use explain::explain;
use files::Files;
use opened::Opened;
use output::progress;
use printed::print_summary;
use summary::{flaw, reason, summary, unreadable};
use target::Target;
use told::{line, printable};
use unique::unique;

/// The name of standard output in messages.
const STANDARD_OUTPUT: &str = "standard output";

/// Exit codes: 0, written; 1, failed without output, or the summary cannot be printed; 2, usage error; 3, written, but
/// registers are lost or no debugger opens the result.
fn main() -> ExitCode {
    let arguments = match Arguments::parse(env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return help::print(&arguments::help()),
        Err(fault) => return help::misused(USAGE, &fault),
    };
    match run(&arguments) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(fault)) => {
            say(&format!("redump: {fault}\n"));
            ExitCode::from(3)
        }
        Err(fault) => {
            say(&format!("redump: {fault}\n"));
            ExitCode::from(1)
        }
    }
}

/// Returns what is wrong with a result that was written.
fn run(arguments: &Arguments) -> Result<Option<String>, String> {
    let Arguments { options, input, read, force, .. } = arguments;
    let files = |path: &Path| Files::new(path, arguments.cabinet, arguments.overwrite);
    let files_without_source = arguments.output.as_deref().filter(|_| !arguments.unique).map(files).transpose()?;
    // The error message includes the file name.
    let source = Opened::open(input, *read, None).map_err(|error| printable(&error.to_string()))?;
    let dump = Dump::from_source(source.as_source()).map_err(|error| line(input, &error))?;
    if arguments.find_exception {
        print(&exceptions::found(&dump)).map_err(|error| line(Path::new(STANDARD_OUTPUT), &error))?;
        return Ok(None);
    }
    let named = arguments.output.as_deref().filter(|_| arguments.unique);
    let named = named.map(|path| files(&unique(path, process_id(&dump), SystemTime::now()))).transpose()?;
    let files = named.or(files_without_source);
    let output_name = files.as_ref().map_or(Path::new(STANDARD_OUTPUT), Files::path);
    let by_whom = |error: RedumpError| match error {
        RedumpError::Write(_) => line(output_name, &error),
        _ => line(input, &error),
    };
    let redump = Redump::with_hooks(&dump, options, arguments.hooks()).map_err(by_whom)?;
    for output in files.iter().flat_map(Files::each) {
        if let Some(refusal) = refusal(&output.target, input, redump.report(), *force) {
            return Err(line(&output.path, &io::Error::other(refusal)));
        }
    }
    files.as_ref().map_or(Ok(()), |files| files.admit(&redump, input))?;
    let explanation = match arguments.explain {
        true => explain(&redump, &dump.memory()),
        false => String::new(),
    };
    let redump = match arguments.threads {
        Some(threads) => redump.with_threads(threads),
        None => redump,
    };
    let progress = progress(&redump);
    let redump = redump.with_progress(|done, total| {
        progress.set_length(total);
        progress.set_position(done);
    });

    let report = match &files {
        None => {
            let mut sink = io::stdout().lock();
            let report = redump.write_to(&mut sink).map_err(by_whom)?;
            sink.flush().map_err(|error| line(output_name, &error))?;
            progress.finish_and_clear();
            say(&(explanation + &summary(&report, options, output_name)));
            report
        }
        Some(files) => {
            let (report, written) = files.write(redump, (input, &source), by_whom)?;
            progress.finish_and_clear();
            let told = explanation + &summary(&report, options, files.dump()) + &files.summary(&written);
            // Windows does not replace a file that is mapped.
            drop(source);
            // This step makes the files appear; a failure before it leaves no files.
            files.publish(written)?;
            if let Err(fault) = print_summary(files.path(), &told) {
                // What is lost is in the summary too, which nobody has seen.
                let flaw = flaw(&report).map_or(String::new(), |flaw| format!("; {flaw}"));
                return Err(fault + &flaw);
            }
            report
        }
    };
    Ok(flaw(&report).map(|flaw| line(output_name, &io::Error::other(flaw))))
}

/// Returns the ID of the dumped process; 0 if the dump does not record it.
fn process_id(dump: &Dump<'_>) -> u32 {
    let id = match dump {
        Dump::Minidump(dump) => dump.find::<MiscInfo<'_>>().and_then(|misc| misc.process_id()),
        Dump::FullUserDump(dump) => dump.debug_event().ok().flatten().map(|event| event.process_id),
        _ => None,
    };
    id.unwrap_or(0)
}

/// Returns why an existing file is not replaced by the result.
fn refusal(target: &Target, input: &Path, report: &Report, is_forced: bool) -> Option<String> {
    if !target.replaces() {
        return None;
    }
    let input_name = input.display();
    if report.keeps_nothing() {
        let reason = reason(report);
        return Some(format!("not replaced, because nothing of {input_name} would be kept: {reason}"));
    }
    if is_forced {
        return None;
    }
    if target.is(input) && (report.is_mostly_unreadable() || report.has_unreadable_parts()) {
        let (readable, size) = (report.readable_bytes, report.source_size);
        let unreadable = unreadable(report).map(|what| format!(": {what}")).unwrap_or_default();
        return Some(format!(
            "not replaced, because it is damaged and only {readable} of its {size} bytes could be read{unreadable}; use \
             --force to replace it, or write to another name"
        ));
    }
    let obstacle = report.obstacles.first()?;
    Some(format!("not replaced, because no debugger would open the result: {obstacle}; use --force to replace it"))
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints to standard error. A failure cannot be reported anywhere, so it is ignored.
fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
