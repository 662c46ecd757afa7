//! The result for one dump: as a line of text, and as a line of JSON.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use userdump::redump::{Outcome, Report};

use crate::told::printable;

/// The maximum number of faults that are listed, because a damaged dump can have any number. The count includes all of them.
const LISTED: usize = 12;

#[derive(Debug)]
pub struct Answer {
    pub input: PathBuf,
    /// The path of the result; `None` if it cannot be determined.
    pub output: Option<PathBuf>,
    /// The size of the input in bytes; `None` if there is no such file.
    pub source_size: Option<u64>,
    pub elapsed: Duration,
    pub result: Result<Done, String>,
}

#[derive(Debug)]
pub enum Done {
    /// The result was written. The string tells what is wrong with it, if anything.
    Written(Option<String>, Box<Report>),
    /// The result already existed.
    Skipped,
}

impl Answer {
    pub fn is_failure(&self) -> bool {
        self.result.is_err()
    }

    pub fn is_flawed(&self) -> bool {
        matches!(self.result, Ok(Done::Written(Some(_), _)))
    }

    /// Returns the line of text.
    pub fn line(&self) -> String {
        let name = printable(&self.input.to_string_lossy());
        match &self.result {
            Ok(Done::Written(flaw, report)) => {
                let lost = report.losses.iter().fold(0u64, |sum, loss| sum.saturating_add(loss.count));
                let lost = if lost == 0 { String::new() } else { format!(", {lost} lost") };
                let faults = unreadable(report).count();
                let faults = if faults == 0 { String::new() } else { format!(", {faults} unreadable") };
                let word = if flaw.is_some() { "flawed" } else { "written" };
                let flaw = flaw.as_ref().map_or(String::new(), |flaw| format!(": {flaw}"));
                format!("{word:<8} {name}  {} -> {} bytes{lost}{faults}{flaw}", report.source_size, report.size)
            }
            Ok(Done::Skipped) => format!("{:<8} {name}  the result exists", "skipped"),
            // The error message includes the file name.
            Err(fault) => format!("{:<8} {fault}", "failed"),
        }
    }

    /// Returns the line of JSON. Invalid Unicode in paths becomes replacement characters.
    pub fn json(&self, options: &str) -> String {
        let report = match &self.result {
            Ok(Done::Written(_, report)) => Some(report),
            _ => None,
        };
        let (word, error) = match &self.result {
            Ok(Done::Written(None, _)) => ("written", None),
            Ok(Done::Written(Some(flaw), _)) => ("flawed", Some(flaw)),
            Ok(Done::Skipped) => ("skipped", None),
            Err(fault) => ("failed", Some(fault)),
        };
        json!({
            "input": self.input.to_string_lossy(),
            "output": self.output.as_ref().map(|path| path.to_string_lossy()),
            "options": options,
            "result": word,
            "error": error,
            "milliseconds": u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
            "source_size": self.source_size,
            "size": report.map(|report| report.size),
            "memory_ranges": report.map(|report| report.memory_ranges),
            "memory_bytes": report.map(|report| report.memory_bytes),
            "losses": report.map(|report| losses(report)),
            "unavailable": report.map(|report| listed(report.unavailable.iter().map(ToString::to_string))),
            "unreadable": report.map(|report| listed(unreadable(report))),
        })
        .to_string()
    }
}

fn losses(report: &Report) -> Value {
    report.losses.iter().map(|loss| json!({ "what": loss.what, "count": loss.count })).collect()
}

/// Returns a message for each part of the source that could not be read.
fn unreadable(report: &Report) -> impl Iterator<Item = String> + '_ {
    let tables = report.truncated_tables.iter().map(ToString::to_string);
    let streams = report.streams.iter().filter_map(|stream| match stream.outcome {
        Outcome::Unreadable(error) => Some(format!("{}: {error}", stream.stream_type)),
        _ => None,
    });
    let faults = report.faults.iter();
    let faults = faults.map(|fault| format!("{} {}, {}: {}", fault.stream_type, fault.item, fault.part, fault.error));
    tables.chain(streams).chain(faults)
}

/// Returns the number of messages, and the first [`LISTED`] of them.
fn listed(mut texts: impl Iterator<Item = String>) -> Value {
    let first: Vec<String> = texts.by_ref().take(LISTED).collect();
    json!({ "count": first.len() + texts.count(), "first": first })
}
