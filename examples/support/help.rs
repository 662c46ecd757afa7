//! Prints the help, and errors in the arguments.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;

/// Returns true for `--help` and `-h`.
pub fn is_asked_for(word: &OsStr) -> bool {
    word == "--help" || word == "-h"
}

/// Prints the help text. It starts with the name of the program and its arguments.
pub fn print(help: &str) -> ExitCode {
    // Fails if the reader has closed the pipe, which is not an error.
    let _ = writeln!(io::stdout(), "usage: {help}");
    ExitCode::SUCCESS
}

/// Prints to standard error what is wrong with the arguments, the synopsis from `help`, and a reference to `--help`.
pub fn misused(help: &str, fault: &str) -> ExitCode {
    let mut lines = help.lines();
    let synopsis = lines.next().unwrap_or_default();
    let name = synopsis.split_whitespace().next().unwrap_or_default();
    let mut text = format!("{name}: {fault}\n");
    // The first line alone is of no use if the synopsis has several lines.
    if lines.next().is_none_or(str::is_empty) {
        text.push_str(&format!("usage: {synopsis}\n"));
    }
    text.push_str(&format!("`{name} --help` explains the arguments\n"));
    // If standard error is closed, the message cannot be printed anywhere.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(2)
}
