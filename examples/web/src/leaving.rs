//! What would be in a result, and what would not: the page shows this before anything is saved.

use std::collections::BTreeMap;

use serde::Serialize;
use userdump::Dump;
use userdump::format::StreamType;
use userdump::redump::{Options, Outcome, Redump, Report, SelectedMemory};

use crate::explain::bytes;
use crate::page::{chain, write};
use crate::privacy::{Matter, matters};
use crate::remains::of_stream;

/// The most lines of each kind, because a damaged dump may have any number of faults.
const LINES: usize = 50;

/// What would leave with a result.
#[derive(Serialize)]
pub struct Leaving {
    size: u64,
    source_size: u64,
    memory_ranges: u64,
    memory_bytes: u64,
    source_memory_bytes: u64,
    /// The memory, compressed.
    compressed_bytes: Option<u64>,
    streams: Vec<Stream>,
    /// Streams that the source lacks.
    made_up: Vec<String>,
    memory: Vec<Part>,
    privacy: Vec<Matter>,
    /// Why the result may be of little use.
    warnings: Vec<String>,
    /// Everything else that is worth knowing.
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Stream {
    name: String,
    size: u64,
    is_kept: bool,
    /// What happens to it.
    outcome: String,
    /// What it holds.
    holds: String,
}

/// Memory that is selected for one kind of reason. A byte with several reasons counts for each.
#[derive(Serialize)]
struct Part {
    kind: &'static str,
    stretches: usize,
    bytes: u64,
}

impl Leaving {
    pub fn of(dump: &Dump<'_>, options: &Options) -> Result<Self, String> {
        let failed = |error| chain(&error);
        let redump = Redump::new(dump, options).map_err(failed)?;
        let memory = dump.memory();
        let mut kinds: BTreeMap<&'static str, Vec<SelectedMemory>> = BTreeMap::new();
        for selected in redump.selected_memory() {
            kinds.entry(selected.reason.kind()).or_default().push(selected);
        }
        let part =
            |(kind, all): (&&'static str, &Vec<_>)| Part { kind, stretches: all.len(), bytes: bytes(all, &memory) };
        let parts: Vec<Part> = kinds.iter().map(part).collect();
        // The size of compressed memory is known only when it is compressed.
        let report = match redump.report().compressed {
            Some(_) => write(redump, &mut std::io::sink())?,
            None => redump.report().clone(),
        };
        Ok(Self {
            size: report.size,
            source_size: report.source_size,
            memory_ranges: report.memory_ranges,
            memory_bytes: report.memory_bytes,
            source_memory_bytes: memory.visible_ranges().fold(0, |sum, range| range.size.saturating_add(sum)),
            compressed_bytes: report.compressed.map(|it| it.compressed_size),
            streams: report
                .streams
                .iter()
                .take(1000)
                .map(|stream| {
                    let is_kept = stream.outcome.is_kept();
                    Stream {
                        name: stream.stream_type.to_string(),
                        size: stream.size,
                        is_kept,
                        outcome: outcome(&stream.outcome),
                        holds: holds(stream.stream_type, options),
                    }
                })
                .collect(),
            made_up: report.made_up.iter().map(ToString::to_string).collect(),
            memory: parts,
            privacy: matters(dump, options, &report, &kinds),
            warnings: warnings(&report),
            notes: notes(&report),
        })
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Rewritten | Outcome::Copied | Outcome::Relocated => "kept".to_owned(),
        Outcome::Unexamined => "kept byte for byte, because its contents are unknown".to_owned(),
        Outcome::NotRequested => "no letter asks for it".to_owned(),
        Outcome::Duplicate => "an earlier stream of this type is used".to_owned(),
        Outcome::Filtered => "removed: it may hold what r and R keep out".to_owned(),
        Outcome::Unsupported => "the format of the result cannot hold it".to_owned(),
        Outcome::Unreadable(error) => format!("cannot be read: {error}"),
        _ => "left out".to_owned(),
    }
}

/// Returns what a stream of the result holds.
fn holds(stream_type: StreamType, options: &Options) -> String {
    let hides = Hides::of(options);
    match stream_type {
        StreamType::MEMORY_LIST | StreamType::MEMORY64_LIST | StreamType::COMPRESSED_MEMORY => {
            "memory; the table below says which".to_owned()
        }
        _ => match of_stream(stream_type) {
            Some(what) if hides.folders => what.to_owned(),
            Some(what) => what.replace("without folders", "with folders"),
            None => "text or data of the program, which r would remove".to_owned(),
        },
    }
}

/// What the options hide.
#[derive(Clone, Copy)]
pub struct Hides {
    /// `r` or `s`: stacks are filtered, and streams that may hold what a user typed are left out.
    pub typed: bool,
    /// `R` or `s`.
    pub folders: bool,
    /// `s`.
    pub registers: bool,
}

impl Hides {
    pub fn of(options: &Options) -> Self {
        use userdump::format::MinidumpType;
        let flags = options.minidump_type();
        let asks = |flag| !options.is_full_user_dump() && flags.contains(flag);
        let registers = options.is_triage();
        Self {
            typed: registers || asks(MinidumpType::FILTER_MEMORY) && !options.filter_is_overruled(),
            folders: registers || asks(MinidumpType::FILTER_MODULE_PATHS),
            registers,
        }
    }
}

fn warnings(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(report.obstacles.iter().map(|obstacle| format!("No debugger would open the result: {obstacle}.")));
    if report.contexts_lost > 0 {
        lines.push(format!("The registers of {} threads or exceptions cannot be read.", report.contexts_lost));
    }
    if report.filter_overruled {
        lines.push(
            "Nothing is filtered: full memory takes precedence over the letter r. The letter s filters it.".to_owned(),
        );
    }
    if report.is_partial {
        lines.push("The dump does not have all memory of its process, so the result does not either.".to_owned());
    }
    if report.is_mostly_unreadable() {
        let (readable, size) = (report.readable_bytes, report.source_size);
        lines.push(format!("The dump is damaged: {readable} of its {size} bytes can be read."));
    }
    lines
}

fn notes(report: &Report) -> Vec<String> {
    let counted = |what: &str, count: u64| if count == 1 { what.to_owned() } else { format!("{what} ({count})") };
    let mut lines: Vec<String> = Vec::new();
    lines.extend(report.unavailable.iter().map(|it| format!("missing: {it}")));
    lines.extend(report.undecided.iter().map(|it| format!("not known: {it}")));
    lines.extend(report.losses.iter().map(|it| format!("lost: {}", counted(it.what, it.count))));
    lines.extend(report.additions.iter().map(|it| format!("added: {}", counted(it.what, it.count))));
    lines.extend(report.truncated_tables.iter().map(|error| format!("cannot be read: {error}")));
    lines.extend(
        report
            .missing_memory
            .iter()
            .map(|it| format!("memory at {:#x}: the dump has {} of {} bytes", it.address, it.available, it.size)),
    );
    lines.extend(
        report
            .faults
            .iter()
            .map(|fault| format!("{} {}, {}: {}", fault.stream_type, fault.item, fault.part, fault.error)),
    );
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
