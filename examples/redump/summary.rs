//! Formats the report for people.

use std::collections::BTreeMap;
use std::path::Path;

use userdump::format::StreamType;
use userdump::redump::{Managed, Options, Outcome, Report, Undecided, Walk};

/// The most lines printed for each kind, because a damaged dump may have any number of faults.
const LINES: usize = 12;

/// Returns what was written and what happened to the source; empty sections are left out.
pub fn summary(report: &Report, options: &Options, output: &Path) -> String {
    let of_source = |wanted: fn(Outcome) -> bool| {
        names(report.streams.iter().filter(|stream| wanted(stream.outcome)).map(|stream| stream.stream_type))
    };
    let number = |label: &str, count: u64| if count == 0 { String::new() } else { format!("{label}: {count}") };
    let labelled = |label: &str, names: String| if names.is_empty() { names } else { format!("{label}: {names}") };

    let written = [
        format!(
            "{}, {} bytes, {options}{}",
            output.display().to_string().escape_debug(),
            report.size,
            presets(options)
        ),
        labelled("streams", names(report.streams_written.iter().map(|entry| entry.stream_type))),
        labelled("made up", names(report.made_up.iter().copied())),
        format!("memory: {} ranges, {} bytes", report.memory_ranges, report.memory_bytes),
        match report.compressed {
            Some(it) if it.buckets == 1 => format!("compressed: {} bytes in 1 bucket", it.compressed_size),
            Some(it) => format!("compressed: {} bytes in {} buckets", it.compressed_size, it.buckets),
            None if options.is_compressed() => "nothing to compress: no memory is selected".to_owned(),
            None => String::new(),
        },
        match report.bytes_by_kernel {
            0 => String::new(),
            bytes => format!("copied from file to file by the kernel: {bytes} bytes"),
        },
        match report.unfiltered_memory {
            0 => String::new(),
            bytes => format!("not filtered: {bytes} of these bytes, which other options ask for"),
        },
        match report.filter_overruled {
            true => "nothing is filtered: full memory takes precedence over the letter r".to_owned(),
            false => String::new(),
        },
        match report.is_partial {
            true => "incomplete: the source does not have all memory of its process".to_owned(),
            false => String::new(),
        },
    ];
    let kept = [
        of_source(|outcome| outcome.is_kept() && outcome != Outcome::Unexamined),
        labelled("unexamined", of_source(|outcome| outcome == Outcome::Unexamined)),
        if report.keeps_nothing() { "nothing of the source".to_owned() } else { String::new() },
    ];
    let dropped = [
        labelled("not requested", of_source(|outcome| outcome == Outcome::NotRequested)),
        labelled("left out on request", of_source(|outcome| outcome == Outcome::LeftOut)),
        labelled("filtered", of_source(|outcome| outcome == Outcome::Filtered)),
        number("threads", report.threads_left_out),
        number("modules", report.modules_left_out),
        labelled("replaced", of_source(|outcome| outcome == Outcome::Replaced)),
        labelled("not supported by the format", of_source(|outcome| outcome == Outcome::Unsupported)),
        labelled("repeated", of_source(|outcome| outcome == Outcome::Duplicate)),
        labelled("unreadable", of_source(|outcome| matches!(outcome, Outcome::Unreadable(_)))),
    ];
    let missing = report.missing_memory.iter().map(|missing| {
        format!("memory at 0x{:x}: the source has {} of {} bytes", missing.address, missing.available, missing.size)
    });
    let streams = report.streams.iter().filter_map(|stream| match stream.outcome {
        Outcome::Unreadable(error) => Some(format!("{}: {error}", stream.stream_type)),
        _ => None,
    });
    let faults = report.faults.iter();
    let faults = faults.map(|fault| format!("{} {}, {}: {}", fault.stream_type, fault.item, fault.part, fault.error));

    let mut text = String::new();
    section(&mut text, "written", written.into_iter());
    section(&mut text, "kept", kept.into_iter());
    let (absent, undecided): (Vec<Undecided>, Vec<Undecided>) =
        report.undecided.iter().partition(|it| matches!(it, Undecided::NoRuntime));
    let unavailable = report.unavailable.iter().map(|unavailable| unavailable.to_string());
    section(&mut text, "missing", unavailable.chain(absent.iter().map(|it| it.to_string())));
    section(&mut text, "undecided", undecided.iter().map(|it| it.to_string()));
    section(&mut text, "added", report.additions.iter().map(|it| counted(it.what, it.count)));
    section(&mut text, "dropped", dropped.into_iter());
    section(&mut text, "lost", report.losses.iter().map(|loss| counted(loss.what, loss.count)));
    let tables = report.truncated_tables.iter().map(|error| error.to_string());
    section(&mut text, "unreadable", tables.chain(missing).chain(streams).chain(faults));
    text
}

/// Returns the presets among the options, as words to follow the letters.
fn presets(options: &Options) -> String {
    let mut words = String::new();
    if options.identify_preset() && options.managed_preset().is_none() {
        words.push_str(" --identify");
    }
    match options.walk_preset().filter(|walk| options.managed_preset().is_none() || *walk > Walk::Tables) {
        Some(Walk::Names) => words.push_str(" --walk=names"),
        Some(_) => words.push_str(" --walk"),
        None => {}
    }
    match options.managed_preset() {
        Some(Managed::Heap) => words.push_str(" --managed=heap"),
        Some(_) => words.push_str(" --managed"),
        None => {}
    }
    words
}

/// Returns what is wrong with a result that cannot be called a success.
pub fn flaw(report: &Report) -> Option<String> {
    let obstacles: Vec<_> = report.obstacles.iter().map(ToString::to_string).collect();
    match (obstacles.as_slice(), report.contexts_lost) {
        ([], 0) => None,
        ([], 1) => Some("written, but without the registers of a thread or an exception".to_owned()),
        ([], lost) => Some(format!("written, but without the registers of {lost} threads and exceptions")),
        _ => Some(format!("written, but no debugger opens it: {}", obstacles.join(", "))),
    }
}

/// Returns a name with its count, unless that is 1.
fn counted(what: &str, count: u64) -> String {
    if count == 1 { what.to_owned() } else { format!("{what} ({count})") }
}

/// Returns the first thing that could not be read.
pub fn unreadable(report: &Report) -> Option<String> {
    let table = report.truncated_tables.first().map(|error| error.to_string());
    table.or_else(|| {
        report.streams.iter().find_map(|stream| match stream.outcome {
            Outcome::Unreadable(error) => Some(format!("{}: {error}", stream.stream_type)),
            _ => None,
        })
    })
}

/// Returns why nothing of the source is kept.
pub fn reason(report: &Report) -> String {
    match unreadable(report) {
        Some(reason) => reason,
        None if report.streams.is_empty() => "it has no streams".to_owned(),
        None => "the options leave out all its streams".to_owned(),
    }
}

/// Returns the names in order of first appearance, each once with the number of times it appears.
fn names(types: impl Iterator<Item = StreamType>) -> String {
    let mut counts: BTreeMap<StreamType, (usize, usize)> = BTreeMap::new();
    for (position, stream_type) in types.enumerate() {
        counts.entry(stream_type).or_insert((position, 0)).1 += 1;
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_unstable_by_key(|&(_, (position, _))| position);
    let names = sorted.iter().map(|&(stream_type, (_, count))| match count {
        1 => stream_type.to_string(),
        _ => format!("{stream_type} ({count} times)"),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Appends the non-empty lines, the first of them after the title.
fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut title = title;
    let mut count = 0;
    for line in lines.filter(|line| !line.is_empty()) {
        count += 1;
        if count <= LINES {
            text.push_str(&format!("{title:<11} {line}\n"));
        }
        title = "";
    }
    if count > LINES {
        text.push_str(&format!("{title:<11} and {} more\n", count - LINES));
    }
}
