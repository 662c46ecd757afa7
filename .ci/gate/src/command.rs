//! Runs cargo, and says what failed.

use std::fs;
use std::process::{Command, Stdio};

/// Returns a command that runs cargo with these arguments, and no input.
pub fn of(arguments: &[&str]) -> Command {
    // Cargo sets this variable for the programs that it runs.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs cargo with these arguments; what it prints is passed on.
pub fn cargo(arguments: &[&str]) -> Result<(), String> {
    run(of(arguments))
}

/// Runs a command; what it prints is passed on.
pub fn run(mut command: Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}

/// Runs a command that must exit with `wanted`, and returns its standard output.
pub fn output(mut command: Command, wanted: i32) -> Result<String, String> {
    let output = command.stderr(Stdio::piped()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(wanted) {
        return Ok(text.into_owned());
    }
    Err(format!("{command:?}: {}, expected exit code {wanted}\n{text}{errors}", output.status))
}

/// Reads a text file of the project.
pub fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

/// Returns the names of the features in `Cargo.toml`.
pub fn features() -> Result<Vec<String>, String> {
    let manifest = read("Cargo.toml")?;
    let section = manifest.lines().skip_while(|line| *line != "[features]").skip(1);
    let names = section.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
    Ok(names.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with('#')).collect())
}
