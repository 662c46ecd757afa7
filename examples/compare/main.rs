//! Prints the differences between two dumps of any format: records, registers, memory and streams.
//!
//! ```text
//! $ cargo run --release --example compare -- tests/fixtures/quick-start.dmp small.dmp
//! system:
//!   ! dump
//!       flags: 0x41964 | 0x40000
//! unloaded modules:
//!   - 0x00000002c7470000 ucrtbase.dll
//! memory:
//!   - 0x0000000067fa0000, 8192 bytes
//! ...
//! streams:
//!   - UnloadedModuleList
//!   - MemoryInfoList
//!   - ThreadInfoList
//! memory: 27040 bytes are the same, 0 differ, 45312 only in the first, 0 only in the second
//! ```

mod difference;
#[path = "../support/help.rs"]
mod help;
mod memory;
#[path = "../support/opened.rs"]
mod opened;
mod records;
mod streams;
#[path = "../support/told.rs"]
mod told;

use std::env;
use std::ffi::OsString;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use userdump::{AsSource as _, Dump};

use difference::Difference;
use memory::Totals;
use opened::Opened;
use records::Side;
use told::{line, printable};

const HELP: &str = "\
compare [--json | --quiet] [--read] [--] FIRST SECOND

Prints the differences between two dumps, which may have different formats: system, modules, unloaded modules, threads and
exceptions with their registers, memory, handles and streams. Offsets in the file are not compared.

  --json      print one JSON object
  --quiet     print nothing; only the exit status tells the result
  --read      read the dumps piece by piece instead of mapping them; use this for files that may be changed or truncated
              meanwhile, such as on a network share
  --          treat all following words as paths, even if they look like options
  -h, --help  print this help and exit

Lines start with - for items that only FIRST has, + for items that only SECOND has, and ! for items that differ, followed by
both values. At most 12 memory ranges of each kind are listed; the last line counts all bytes.

Example: compare before.dmp after.dmp

Exit status: 0 if the dumps are the same, 1 if they differ, 2 if a dump cannot be read or the arguments are wrong.";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    None,
}

fn main() -> ExitCode {
    let arguments = match arguments(env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return help::print(HELP),
        Err(fault) => return help::misused(HELP, &fault),
    };
    match compare(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(fault) => {
            // If standard error is closed, the message cannot be printed anywhere.
            let _ = writeln!(io::stderr(), "compare: {fault}");
            ExitCode::from(2)
        }
    }
}

/// The parsed command line.
struct Arguments {
    form: Form,
    /// Whether to read the dumps piece by piece instead of mapping them.
    read: bool,
    paths: [PathBuf; 2],
}

/// Parses the words after the program's name. Returns `None` if they ask for help.
fn arguments(mut words: impl Iterator<Item = OsString>) -> Result<Option<Arguments>, String> {
    let (mut form, mut read, mut paths) = (Form::Text, false, Vec::new());
    while let Some(word) = words.next() {
        match word.to_str() {
            _ if help::is_asked_for(&word) => return Ok(None),
            Some(option @ ("--json" | "--quiet")) => {
                if form != Form::Text {
                    return Err("--json and --quiet cannot be combined".to_owned());
                }
                form = if option == "--json" { Form::Json } else { Form::None };
            }
            Some("--read") => read = true,
            Some("--") => paths.extend(words.by_ref().map(PathBuf::from)),
            Some(option) if option.starts_with('-') => return Err(format!("{option:?} is not an option")),
            _ => paths.push(PathBuf::from(word)),
        }
    }
    let paths =
        <[_; 2]>::try_from(paths).map_err(|paths: Vec<_>| format!("expected two dumps, found {}", paths.len()))?;
    Ok(Some(Arguments { form, read, paths }))
}

/// Prints the differences; returns true if there are none.
fn compare(arguments: &Arguments) -> Result<bool, String> {
    let Arguments { form, read, paths } = arguments;
    // The error message includes the file name.
    let open = |path: &PathBuf| Opened::open(path, *read, None).map_err(|error| printable(&error.to_string()));
    let files = [open(&paths[0])?, open(&paths[1])?];
    let side = |index: usize| {
        let dump = Dump::from_source(files[index].as_source()).map_err(|error| line(&paths[index], &error))?;
        Ok::<_, String>(Side { memory: dump.memory(), dump })
    };
    let [first, second] = [&side(0)?, &side(1)?];

    let mut found = records::differences([first, second]);
    let (totals, of_memory) = memory::differences([&first.memory, &second.memory]);
    found.extend(of_memory);
    let minidumps = [first, second].map(|side| side.dump.minidump());
    if let [Some(first), Some(second)] = minidumps {
        found.extend(streams::differences([first, second]));
    }
    // What could not be read would look like a difference, or like none.
    for (file, path) in files.iter().zip(paths) {
        file.fault().map_or(Ok(()), |fault| Err(line(path, &fault)))?;
    }
    let is_same = found.is_empty() && totals.unreadable == 0;
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match form {
        Form::Text => text(&mut out, &found, &totals, minidumps.iter().all(Option::is_some)),
        Form::Json => writeln!(out, "{:#}", json(&found, &totals, is_same)),
        Form::None => Ok(()),
    };
    match printed.and_then(|()| out.flush()) {
        // The reader of the output has closed the pipe.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(is_same),
    }
}

fn text(out: &mut dyn Write, found: &[Difference], totals: &Totals, have_streams: bool) -> io::Result<()> {
    let mut section = "";
    for difference in found {
        if difference.section != section {
            section = difference.section;
            writeln!(out, "{section}:")?;
        }
        for line in difference.lines() {
            writeln!(out, "  {line}")?;
        }
    }
    if !have_streams {
        writeln!(out, "streams are not compared: a full user dump has none")?;
    }
    let Totals { same, changed, only_first, only_second, unreadable } = totals;
    write!(out, "memory: {same} bytes are the same, {changed} differ, {only_first} only in the first, ")?;
    write!(out, "{only_second} only in the second")?;
    if *unreadable > 0 {
        write!(out, ", {unreadable} cannot be decompressed")?;
    }
    writeln!(out)
}

fn json(found: &[Difference], totals: &Totals, is_same: bool) -> serde_json::Value {
    json!({
        "same": is_same,
        "differences": found.iter().map(Difference::json).collect::<Vec<_>>(),
        "memory": {
            "same": totals.same,
            "changed": totals.changed,
            "only_first": totals.only_first,
            "only_second": totals.only_second,
            "unreadable": totals.unreadable,
        },
    })
}
