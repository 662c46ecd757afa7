//! Reports what was removed, and what remains.

use std::collections::BTreeSet;

use userdump::Dump;
use userdump::format::StreamType;
use userdump::redump::{Outcome, Report};

use crate::Blanked;
use crate::arguments::Arguments;
use crate::remains::of_stream;
use crate::told::printable;

pub fn report(dump: &Dump<'_>, report: &Report, arguments: &Arguments, blanked: &[Blanked]) -> String {
    let name = printable(&arguments.output.display().to_string());
    let mut text = section("written", [format!("{name}, {} bytes, {}", report.size, arguments.options)]);
    text += &section("removed", removed(dump, report));
    let patterns = arguments.patterns.iter().zip(blanked).zip(1..);
    // The report may be shared too, so it has only the numbers of the patterns.
    let patterns = patterns.map(|((_, blanked), number)| {
        let (memory, elsewhere) = (blanked.memory.len(), blanked.elsewhere);
        format!("pattern {number}: {memory} places in memory, {elsewhere} in names and other text")
    });
    text += &section("blanked", patterns);
    text + &section("remains", remains(report))
}

fn removed(dump: &Dump<'_>, report: &Report) -> Vec<String> {
    let of = |wanted: fn(Outcome) -> bool| {
        let streams = report.streams.iter().filter(|stream| wanted(stream.outcome));
        let names: BTreeSet<String> = streams.map(|stream| stream.stream_type.to_string()).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    };
    let named = |what: &str, names: String| (!names.is_empty()).then(|| format!("{what}: {names}"));
    let before: u64 = dump.memory().visible_ranges().map(|range| range.size).sum();
    let after = report.memory_bytes;
    [
        named("streams that may contain user input", of(|outcome| outcome == Outcome::Filtered)),
        named("streams that no letter asks for", of(|outcome| outcome == Outcome::NotRequested)),
        named("streams that you left out", of(|outcome| outcome == Outcome::LeftOut)),
        named("streams that cannot be read", of(|outcome| matches!(outcome, Outcome::Unreadable(_)))),
        Some(format!(
            "memory: {after} of {before} bytes are kept; stacks are blanked where a stack trace does not need them"
        )),
        Some("folders in module names, and the same folders wherever else they occur".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn remains(report: &Report) -> Vec<String> {
    let types: BTreeSet<StreamType> = report.streams_written.iter().map(|entry| entry.stream_type).collect();
    let streams = types.into_iter().map(|stream_type| {
        let what = of_stream(stream_type).unwrap_or("not described; look at it before you share the dump");
        format!("{stream_type}: {what}")
    });
    let unfiltered = report.unfiltered_memory;
    let unfiltered = (unfiltered > 0)
        .then(|| format!("{unfiltered} bytes of unfiltered memory that the letters add: data or code of the program"));
    streams.chain(unfiltered).collect()
}

/// Returns the lines, the first of them after the title.
fn section(title: &str, lines: impl IntoIterator<Item = String>) -> String {
    let mut title = title;
    let mut text = String::new();
    for line in lines {
        text.push_str(&format!("{title:<11} {line}\n"));
        title = "";
    }
    text
}
