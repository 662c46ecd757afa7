//! Re-encodes many dumps in parallel: those in folders, or those whose paths come from standard input.
//!
//! ```text
//! $ cargo run --release --example batch -- --output small --letters /mFhut --manifest small.jsonl tests/fixtures
//! ...
//! written  tests/fixtures/quick-start.dmp  89938 -> 44500 bytes
//! ...
//! failed   tests/fixtures/regressions/empty.dmp: the file is empty
//! ...
//! ```
//!
//! The regressions among the fixtures are damaged, so some of them fail, and the exit code is 1.

mod answer;
mod arguments;
mod guard;
#[path = "../support/help.rs"]
mod help;
mod inputs;
#[path = "../support/letters.rs"]
mod letters;
mod manifest;
#[path = "../support/opened.rs"]
mod opened;
mod queue;
#[path = "../support/shells.rs"]
mod shells;
#[path = "../support/target.rs"]
mod target;
#[path = "../support/told.rs"]
mod told;
mod work;

use std::fs;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use answer::{Answer, Done};
use arguments::{Arguments, HELP};
use inputs::Input;
use manifest::Manifest;
use told::line;
use work::Batch;

fn main() -> ExitCode {
    let arguments = match Arguments::of_process() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return help::print(&arguments::help()),
        Err(fault) => return help::misused(HELP, &fault),
    };
    match run(&arguments) {
        Ok(_) if arguments.exit_zero => ExitCode::SUCCESS,
        Ok(totals) if totals.failed > 0 => ExitCode::from(1),
        Ok(totals) if totals.flawed > 0 => ExitCode::from(3),
        Ok(_) => ExitCode::SUCCESS,
        Err(fault) => {
            say(&format!("batch: {fault}"));
            ExitCode::from(2)
        }
    }
}

/// The results of all dumps.
#[derive(Default)]
struct Totals {
    written: u64,
    skipped: u64,
    flawed: u64,
    failed: u64,
    source_size: u64,
    size: u64,
    /// One line for each failure, unless every dump is answered with JSON.
    failures: Vec<String>,
}

impl Totals {
    fn count(&mut self, answer: &Answer) {
        match &answer.result {
            Ok(Done::Written(_, report)) => {
                self.written += 1;
                self.source_size = self.source_size.saturating_add(report.source_size);
                self.size = self.size.saturating_add(report.size);
            }
            Ok(Done::Skipped) => self.skipped += 1,
            Err(_) => self.failed += 1,
        }
        self.flawed += u64::from(answer.is_flawed());
    }

    /// Prints the failures and a summary.
    fn print(&self) {
        let Self { written, skipped, flawed, failed, source_size, size, failures } = self;
        if !failures.is_empty() {
            say(&format!("failures:\n  {}", failures.join("\n  ")));
        }
        say(&format!(
            "{written} written ({source_size} -> {size} bytes), {flawed} of them flawed; {skipped} skipped, {failed} failed"
        ));
    }
}

fn run(arguments: &Arguments) -> Result<Totals, String> {
    let named = |path: &Path, error: io::Error| line(path, &error);
    let Arguments { output, base, jobs, .. } = arguments;
    fs::create_dir_all(output).map_err(|error| named(output, error))?;
    let batch = Batch { arguments, output: fs::canonicalize(output).map_err(|error| named(output, error))? };
    for input in &arguments.inputs {
        if fs::canonicalize(input).is_ok_and(|input| input.is_dir() && input.starts_with(&batch.output)) {
            return Err(named(input, io::Error::other("the output folder cannot also be an input")));
        }
    }
    let open = |path| match Manifest::open(path, arguments.existing) {
        Ok(manifest) => Ok((path, manifest)),
        Err(error) => Err(named(path, error)),
    };
    let mut manifest = arguments.manifest.as_deref().map(open).transpose()?;

    let mut totals = Totals::default();
    let is_stream = arguments.inputs.is_empty();
    let found: Vec<Input> =
        arguments.inputs.iter().flat_map(|path| inputs::found(path, base.as_deref(), &batch.output)).collect();
    let bar = progress(found.len(), is_stream);
    let tell = |answer: Answer| {
        let json = answer.json(&arguments.words);
        totals.count(&answer);
        if let Some((path, manifest)) = &mut manifest {
            manifest.add(&json).map_err(|error| io::Error::other(named(path, error)))?;
        }
        if !is_stream && answer.is_failure() {
            totals.failures.push(answer.line().trim_start_matches("failed").trim_start().to_owned());
        }
        bar.suspend(|| print(if is_stream { json } else { answer.line() }))
    };
    let work = |input: Input| {
        let answer = batch.answer(input);
        bar.inc(1);
        answer
    };
    let done = match is_stream {
        true => queue::in_order(*jobs, inputs::lines(io::stdin().lock(), base.as_deref()), work, tell),
        false => queue::in_order(*jobs, found.into_iter().map(Ok), work, tell),
    };
    bar.finish_and_clear();
    done.map_err(|error| error.to_string())?;
    if !is_stream {
        totals.print();
    }
    Ok(totals)
}

/// Returns a progress bar, which is hidden if standard error is not a terminal.
fn progress(count: usize, is_stream: bool) -> ProgressBar {
    if is_stream || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} dumps, {eta} left");
    let bar = ProgressBar::new(count as u64);
    style.map_or(ProgressBar::hidden(), |style| bar.with_style(style))
}

/// Prints a line and flushes it, because the program that asked may be waiting for the answer.
fn print(line: String) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        // The reader of the answers has closed the pipe.
        ErrorKind::BrokenPipe => io::Error::other("standard output was closed"),
        _ => io::Error::other(format!("standard output: {error}")),
    })
}

/// Prints to standard error. If that fails, the message cannot be printed anywhere.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
