//! The rule without a judge: if a change to a byte of the source changes neither the result nor the report, neither
//! contains the byte. Then it must be in a stream that the report lists as left out, or in a field whose loss it names.

use std::ops::Range;

use libtest_mimic::Trial;
use userdump::redump::{Options, Report};
use userdump_walk::accounted::structures::{self, Structure};

use super::{NONSENSE, redumped};
use crate::full_user_dump::sound;
use crate::support::everything::everything;
use crate::support::facts::Facts;
use crate::support::forms::Form;
use crate::support::redumped::parsed;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![minidumps, full_user_dumps, small_dumps_of_the_corpus]
}

const LINUX_MAPS: u32 = 0x4767_0009;

/// The offsets of the bytes that can change without effect.
fn unnoticed(source: &[u8], options: &Options) -> (Vec<usize>, Report) {
    let (result, report) = redumped(source, options).expect("it is re-encoded");
    let said = format!("{report:?}");
    let changes = |at: &usize| {
        let mut changed = source.to_vec();
        changed[*at] ^= 0x55;
        // A refused dump is not a silent loss.
        redumped(&changed, options).map_or(true, |(other, report)| other != result || format!("{report:?}") != said)
    };
    ((0..source.len()).filter(|at| !changes(at)).collect(), report)
}

fn options(letters: &str) -> Options {
    if letters == "/f" { parsed(letters).forced() } else { parsed(letters) }
}

/// Fields of which some or all bytes may be lost, and how the report names the loss.
const NAMED: [(&str, Range<usize>, &str); 15] = [
    ("CodeView record", 0..usize::MAX, "CodeView records"),
    ("miscellaneous record", 0..usize::MAX, "miscellaneous debug records"),
    ("Module", 12..20, "time stamps or checksums"),
    ("Module", 24..76, "versions of modules"),
    ("SystemInfo", 2..8, "processor information"),
    ("SystemInfo", 20..24, "operating system, which is not Windows"),
    ("SystemInfo", 28..30, "edition"),
    ("SystemInfo", 32..56, "processor information"),
    ("SystemInfo", 32..56, "`cpu` of `SystemInfo`"),
    ("context", 0..usize::MAX, "contexts that are not in the Windows layout"),
    ("context", 0..usize::MAX, "context of the exception"),
    ("MemoryInfo", 0..48, "memory regions without bytes"),
    ("mappings", 0..usize::MAX, "names and files of mappings"),
    ("process information", 8..12, "process ID"),
    ("process information", 4..usize::MAX, "process information except"),
];

fn minidumps() {
    let source = everything(Form::USUAL).build();
    for letters in ["/m", "/mA", "/mFhut", "/f"] {
        assert!(hold(&source, letters, "everything"));
    }
}

/// The writers of real dumps leave bytes in unexpected places.
fn small_dumps_of_the_corpus(shared: &Shared) {
    const SMALL: usize = 12_000;
    let mut held = 0;
    for row in shared.corpus() {
        let source = shared.corpus_file(&row);
        if source.len() < SMALL && !Facts::of(&source).big_endian && !NONSENSE.contains(&row.file.as_str()) {
            held += ["/m", "/mA", "/f"].iter().filter(|letters| hold(&source, letters, &row.file)).count();
        }
    }
    assert!(held > 70, "{held} re-encodings checked against the rule");
}

/// Checks the rule for a dump with some letters; returns false if it cannot be re-encoded with them.
fn hold(source: &[u8], letters: &str, what: &str) -> bool {
    if redumped(source, &options(letters)).is_err() {
        return false;
    }
    let facts = Facts::of(source);
    let all = structures::of(&facts);
    let (positions, report) = unnoticed(source, &options(letters));
    // By the index of the directory entry.
    let is_kept =
        |index: usize| report.streams.iter().any(|stream| stream.index as usize == index && stream.outcome.is_kept());
    let entry = |kind: u32, number: usize| {
        let entries = facts.directory.iter().enumerate().filter(|(_, entry)| entry.kind == kind);
        entries.map(|(index, _)| index).nth(number).expect("it is present")
    };
    let is_lost = |words: &str| report.losses.iter().any(|loss| loss.what.contains(words));
    let is_excused = |structure: &Structure, at: usize| {
        let place = structure.place.clone().expect("it is in the file");
        let field = at - place.start;
        let name = if structure.kind == LINUX_MAPS { "mappings" } else { structure.name };
        let mut named = NAMED.iter().filter(|named| named.0 == name && named.1.contains(&field));
        // The structure's own size field.
        let is_size = structure.name == "process information" && field < 4;
        !is_kept(entry(structure.kind, structure.stream))
            || structure.is_reference(at)
            || is_size
            || named.any(|named| is_lost(named.2))
    };
    // Strings have their size in front and a NUL after them; object information of a handle has an RVA.
    let around = |it: &Structure| match (it.name, &it.place) {
        (name, Some(place)) if name.ends_with("name") => place.start - 4..place.end + 2,
        ("object information", Some(place)) => place.start - 4..place.end,
        (_, place) => place.clone().unwrap_or_default(),
    };
    // Memory, and the rows that give its place.
    let rows = [5, 9].into_iter().filter_map(|kind| facts.stream(kind)).map(|it| (it.rva.0, u64::from(it.size)));
    let memory: Vec<_> = facts.ranges().iter().map(|range| (range.at.0, range.size)).chain(rows).collect();
    let lost: Vec<String> = positions
        .into_iter()
        .filter(|&at| {
            // The version of the writer and the flags are those of the result. The time has a separate name.
            let in_header = (6..8).contains(&at) || (24..32).contains(&at);
            let in_header = in_header || letters == "/f" && (20..24).contains(&at) && is_lost("time of the dump");
            // The location in an unused directory entry.
            let directory = facts.header.directory.0 as usize;
            let entry = at.checked_sub(directory).and_then(|at| facts.directory.get(at / 12));
            let is_unused = entry.is_some_and(|entry| entry.kind == 0) && (at - directory) % 12 >= 4;
            let is_memory = memory.iter().any(|(start, size)| (*start..start + size).contains(&(at as u64)));
            // Other tests cover what letters select and which range hides another one; for one cut by the end of the
            // file, the count is reported.
            let is_cut = report.faults.iter().any(|fault| fault.part == "memory range");
            let is_hidden = is_lost("overlapping range") || is_lost("empty ranges") || is_cut;
            let is_named = !["/mA", "/f"].contains(&letters) || is_hidden;
            let not_selected = is_memory && is_named;
            let structure = all.iter().find(|it| it.place.as_ref().is_some_and(|place| place.contains(&at)));
            let beside = all.iter().find(|it| around(it).contains(&at));
            let is_explained = match (structure, beside) {
                (Some(structure), _) => is_excused(structure, at),
                (None, Some(text)) => text.place.is_some(),
                // Outside all streams and what they refer to, nothing gives a byte a meaning.
                (None, None) => facts.directory.iter().enumerate().all(|(index, entry)| {
                    let place = entry.rva.0..entry.rva.0 + u64::from(entry.size);
                    !is_kept(index) || !place.contains(&(at as u64))
                }),
            };
            !in_header && !is_unused && !not_selected && !is_explained
        })
        .map(|at| {
            let structure = all.iter().find(|it| it.place.as_ref().is_some_and(|place| place.contains(&at)));
            format!("{at:#x} {:?}", structure.map(|it| (it.name, it.item, at - it.place.as_ref().unwrap().start)))
        })
        .collect();
    assert_eq!(lost, [""; 0], "{letters} of {what}: {:?}", report.losses);
    true
}

fn full_user_dumps() {
    for wide in [true, false] {
        let source = sound(wide).build();
        let number = |at: usize, size: usize| {
            source[at..at + size].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
        };
        // Modules, data, regions and the debug event, from the offsets that follow 32 bytes of other numbers.
        let width = if wide { 8 } else { 4 };
        let [modules, data, regions, event] = [1, 2, 3, 4].map(|slot| number(32 + width * slot, width));
        let count = |word: usize| number(4 * word, 4);
        // Base, size, size of the name, name.
        let mut sizes = Vec::new();
        let mut at = modules;
        for _ in 0..count(6) {
            sizes.push(at + width + 4..at + width + 8);
            at += width + 8 + number(at + width + 4, 4);
        }
        let row = if wide { 48 } else { 28 };
        let table = regions..regions + row * count(7);
        let first_chance = if wide { event + 168..event + 172 } else { event + 92..event + 96 };
        for letters in ["/m", "/mA", "/f"] {
            let (positions, report) = unnoticed(&source, &options(letters));
            let is_said = report.losses.iter().any(|loss| loss.what.contains("first-chance"));
            let is_excused = |at: usize| {
                // A name ends at its NUL, whatever its size field says.
                sizes.iter().any(|size| size.contains(&at))
                    || is_said && first_chance.contains(&at)
                    || letters == "/m" && (table.contains(&at) || at >= data)
            };
            let lost: Vec<_> = positions.iter().filter(|at| !is_excused(**at)).collect();
            assert!(lost.is_empty(), "{letters}, {width}: {lost:x?} {:?}", report.losses);
            assert_eq!(is_said, letters != "/f");
        }
    }
}
