//! `--help`, and what is said of wrong arguments.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;

/// True for `--help` and `-h`.
pub fn is_asked_for(word: &OsStr) -> bool {
    word == "--help" || word == "-h"
}

/// Prints the help, which begins with the name and the arguments of the program.
pub fn print(help: &str) -> ExitCode {
    // Nobody minds if the reader has seen enough.
    let _ = writeln!(io::stdout(), "usage: {help}");
    ExitCode::SUCCESS
}

/// Says on standard error what is wrong with the arguments of the program that `help` is of, and where they are explained.
pub fn misused(help: &str, fault: &str) -> ExitCode {
    let mut lines = help.lines();
    let synopsis = lines.next().unwrap_or_default();
    let name = synopsis.split_whitespace().next().unwrap_or_default();
    let mut text = format!("{name}: {fault}\n");
    // One of several lines would be no help.
    if lines.next().is_none_or(str::is_empty) {
        text.push_str(&format!("usage: {synopsis}\n"));
    }
    text.push_str(&format!("`{name} --help` explains the arguments\n"));
    // If nobody listens there, nothing is left to tell it to.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(2)
}
