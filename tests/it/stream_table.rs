//! The table of streams in the crate's documentation, compared with the code for each type.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use userdump::format::stream::{Handling, Relocation};
use userdump::format::{MinidumpType, StreamType};
use userdump::read::Stream;
use userdump::redump::Options;

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        the_table_agrees_with_the_code,
        the_test_misses_nothing_that_is_wrong_with_a_table,
        every_variant_has_a_type_of_its_own,
    ]
}

/// Types that are not streams.
const NO_STREAMS: [StreamType; 4] =
    [StreamType::UNUSED, StreamType::RESERVED0, StreamType::RESERVED1, StreamType::LAST_RESERVED];

/// The row for all other types.
const UNNAMED: &str = "types without a name";

fn the_table_agrees_with_the_code() {
    let documentation = include_str!("../../src/lib.rs");
    let faults = faults(documentation);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn the_test_misses_nothing_that_is_wrong_with_a_table() {
    let sound = include_str!("../../src/lib.rs");
    let breaks = |from: &str, to: &str, expected: &[&str]| {
        assert!(sound.contains(from), "the table has no {from}");
        assert_eq!(faults(&sound.replacen(from, to, 1)), expected);
    };
    breaks("//! | Token | typed | bytes | copied | kept |\n", "", &["Token has no row"]);
    breaks("| Token | typed |", "| Tokens | typed |", &["Tokens is not the name of a type", "Token has no row"]);
    breaks("| Token | typed |", "| Token, Token | typed |", &["Token has two rows"]);
    breaks("| Token | typed |", "| Token | bytes |", &["Token is read as bytes, the code says typed"]);
    breaks("| Kasko, ", "| LinuxMaps, Kasko, ", &["LinuxMaps has two rows"]);
    breaks("| Kasko, S", "| S", &["Kasko has no row"]);
    breaks("| copied | kept |", "| copied | left out |", &["FunctionTable is left out with r, the code says kept"]);
    let row = StreamType::WINE_HOST_MODULE_LIST.row();
    let wrong = format!("WineHostModuleList is copied, its row says {row:?}");
    breaks("| bytes | relocated |", "| bytes | copied |", &[&wrong]);
    let row = StreamType::HANDLE_DATA.row();
    let wrong = format!("HandleData is rewritten, with `u`, its row says {row:?}");
    breaks("with `h`", "with `u`", &[&wrong]);
    breaks("| types without a", "| a", &["a name is not the name of a type", "types without a name has no row"]);
}

/// Every row of the table, which has its own section, by the names in its first cell.
fn rows(documentation: &str) -> impl Iterator<Item = (&str, [&str; 3])> {
    let section = documentation.lines().skip_while(|line| *line != "//! # Streams").skip(1);
    let section = section.take_while(|line| !line.starts_with("//! # "));
    let lines = section.filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"));
    let rows = lines.filter_map(|line| match line.split(" | ").collect::<Vec<_>>()[..] {
        [names, read, _, reencoded, with_r] if names != "stream" => Some((names, [read, reencoded, with_r])),
        _ => None,
    });
    rows.flat_map(|(names, cells)| names.split(", ").map(move |name| (name, cells)))
}

/// The errors in the table.
fn faults(documentation: &str) -> Vec<String> {
    let known: BTreeMap<&str, StreamType> =
        StreamType::KNOWN.iter().filter_map(|stream_type| Some((stream_type.name()?, *stream_type))).collect();
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for (name, [read, reencoded, with_r]) in rows(documentation) {
        if seen.contains(&name) {
            faults.push(format!("{name} has two rows"));
            continue;
        }
        seen.push(name);
        match known.get(name) {
            Some(stream_type) => faults.extend(of_row(*stream_type, read, reencoded, with_r)),
            None if name == UNNAMED => {}
            None => faults.push(format!("{name} is not the name of a type")),
        }
    }
    let wanted = known.iter().filter(|(_, stream_type)| !NO_STREAMS.contains(stream_type)).map(|(name, _)| *name);
    let missing = wanted.chain([UNNAMED]).filter(|name| !seen.contains(name));
    faults.extend(missing.map(|name| format!("{name} has no row")));
    faults
}

fn of_row(name: StreamType, read: &str, reencoded: &str, with_r: &str) -> Option<String> {
    let expected = if Stream::TYPED.contains(&name) { "typed" } else { "bytes" };
    if read != expected {
        return Some(format!("{name} is read as {read}, the code says {expected}"));
    }
    let row = name.row();
    let expected = if row.kept_by_r { "kept" } else { "left out" };
    if with_r != expected {
        return Some(format!("{name} is {with_r} with r, the code says {expected}"));
    }
    let agrees = match reencoded {
        "copied" => row.handling == Handling::Carried && row.relocation == Relocation::None,
        "copied, not examined" => matches!(row.relocation, Relocation::Unexamined | Relocation::Unmovable),
        "relocated" => row.relocation == Relocation::Known,
        "by address" | "rewritten" | "rewritten, all of them" => {
            row.handling == Handling::Rewritten && row.required_flags.is_empty()
        }
        // A letter requests it.
        other => {
            other.strip_prefix("rewritten, with `").and_then(|rest| rest.strip_suffix('`')).is_some_and(|letter| {
                let asked: Options = format!("/m{letter}").parse().expect("it is a letter");
                row.handling == Handling::Rewritten
                    && asked.minidump_type() - MinidumpType::WITH_TOKEN_INFORMATION == row.required_flags
            })
        }
    };
    (!agrees).then(|| format!("{name} is {reencoded}, its row says {row:?}"))
}

fn every_variant_has_a_type_of_its_own() {
    let mut types = Stream::TYPED.to_vec();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), Stream::TYPED.len());
    assert!(types.iter().all(|stream_type| stream_type.name().is_some() && !NO_STREAMS.contains(stream_type)));
}
