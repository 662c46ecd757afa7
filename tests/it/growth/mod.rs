//! The cost of hostile files, generated: for each type of stream, many entries whose references lead to the same bytes,
//! to nested bytes, and to unreadable bytes, and many directory entries for one stream.
//!
//! A file with four times as many entries costs four times as much, in counted steps (feature `__count`) and in memory,
//! plus at most one eighth for sorting. Its result is at most twice as large.

mod images;
mod kinds;
mod managed;
mod selection;
mod user_dumps;
mod wow64;

use std::cell::Cell;

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::redump::{Options, Redump, redump};
use userdump::{Dump, MappedFile};

use crate::resources::{Count, measure, words};
use crate::support::redumped::parsed;
use crate::support::{Shared, golden, trials};
use userdump_walk::presets::letters;

use kinds::{Places, UNKNOWN, stream};

pub fn trials() -> Vec<Trial> {
    let generated = StreamType::KNOWN.iter().chain([&StreamType(UNKNOWN)]).map(|&stream_type| {
        Trial::test(format!("growth::streams_of_type_{:#x}", stream_type.0), move || {
            streams_of_type(stream_type);
            Ok(())
        })
    });
    generated
        .chain(trials![
            streams_of_all_types,
            results_are_at_most_twice_as_large,
            results_of_real_dumps_are_at_most_twice_as_large
        ])
        .chain(images::trials())
        .chain(managed::trials())
        .chain(selection::trials())
        .chain(user_dumps::trials())
        .chain(wow64::trials())
        .collect()
}

const FEW: u32 = 128;
const WINDOWS: u32 = 2;
const LINUX: u32 = 0x8201;
/// The address of the memory, of the first module, and the TEB address of each thread.
pub const BASE: u32 = 0x1000_0000;
/// The allowance for the smallest dump: what every dump of a Windows process has, and some registers.
const LITTLE: u64 = 0x1_0000;

/// The targets of the references of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum References {
    /// All refer to the same text or record.
    Same,
    /// Each begins one word after the one before, and they share most of their bytes.
    Nested,
    /// The sizes extend past the end of the file.
    Cut,
    /// Odd sizes, so no text is well-formed.
    Odd,
    /// A record that leads to itself again.
    Loop,
    /// The stream that contains the references.
    Own,
    /// The same, and the memory of the process is full of pointers to itself.
    Pointers,
}

/// How the directory refers to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directory {
    Once,
    /// As many directory entries as the stream has entries.
    Same,
    /// The same, with each beginning after the start of the one before.
    Nested,
    /// The same, with sizes that extend past the end of the file.
    Cut,
}

const SHAPES: [(References, Directory); 11] = [
    (References::Pointers, Directory::Once),
    (References::Same, Directory::Once),
    (References::Nested, Directory::Once),
    (References::Cut, Directory::Once),
    (References::Odd, Directory::Once),
    (References::Loop, Directory::Once),
    (References::Own, Directory::Once),
    (References::Same, Directory::Same),
    (References::Cut, Directory::Same),
    (References::Loop, Directory::Nested),
    (References::Nested, Directory::Cut),
];

/// A dump of these streams with `count` entries each; `None` if none of the types is a stream.
fn file(types: &[StreamType], platform: u32, count: u32, shape: (References, Directory)) -> Option<Vec<u8>> {
    let (references, directory) = shape;
    let types: Vec<_> =
        types.iter().filter(|it| stream(**it, 1, &Places { place: &|_| (0, 0), at: 0 }).is_some()).collect();
    let entries = if directory == Directory::Once { 1 } else { count };
    let all = 2 + entries * types.len() as u32;
    // Header, directory, system, memory list, the target, the streams.
    let system = 32 + 12 * all;
    let memory = system + 56;
    let target = memory + 20;
    let (size, room) = (8 * count, 16 * count);
    // A size followed by a text without a NUL, or consecutive sizes.
    let word = |index| match references {
        References::Same | References::Odd if index > 0 => 0x4141_4141,
        References::Same | References::Nested | References::Own => size,
        References::Cut => 0x7fff_0000,
        References::Odd => size - 1,
        References::Loop => target,
        References::Pointers => [BASE, 0][index as usize % 2],
    };
    let mut head = words([0x504d_444d, 0xa793, all, 32, 0, 0, 0, 0, 7, 56, system, 5, 20, memory]);
    let mut rest = words([9, 0, 0, 0, 0, platform, 0, 0, 0, 0, 0, 0, 0, 0]);
    // Code of the first module, and part of a stack.
    rest.extend(words([1, BASE, 0, room / 2, target + room / 2]));
    rest.extend(words((0..room / 4).map(word)));
    for &&stream_type in &types {
        let at = system + rest.len() as u32;
        let own = Cell::new(0);
        let place = |index: u32| match references {
            References::Same | References::Pointers => (size, target),
            References::Nested => (size - 4 * index, target + 4 * index),
            References::Cut => (0x7fff_0000, target + 4 * index),
            References::Odd => (size - 1, target),
            References::Loop => (room, target),
            References::Own => (own.get(), at),
        };
        let places = Places { place: &place, at };
        own.set(stream(stream_type, count, &places)?.len() as u32);
        let bytes = stream(stream_type, count, &places)?;
        head.extend(words((0..entries).flat_map(|index| {
            let (skip, more) = match directory {
                Directory::Once | Directory::Same => (0, 0),
                Directory::Nested => (4 * index, 0),
                Directory::Cut => (0, 0x7fff_0000),
            };
            [stream_type.0, (bytes.len() as u32).saturating_sub(skip) + more, at + skip]
        })));
        rest.extend(bytes);
        rest.resize(rest.len().next_multiple_of(4), 0);
    }
    Some([head, rest].concat()).filter(|_| !types.is_empty())
}

/// The cost of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    steps: u64,
    total: usize,
    peak: usize,
    /// The size of the result in bytes.
    size: u64,
}

/// Measures the cost of an operation that returns the size of its result.
fn cost(work: impl FnOnce() -> u64) -> Cost {
    let before = userdump::__steps();
    let (size, spent) = measure(work);
    Cost { steps: userdump::__steps() - before, total: spent.total, peak: spent.peak, size }
}

/// Every letter, some combinations, the presets, and the older format.
pub const OPTIONS: [&str; 28] = [
    "/m",
    "/mA",
    "/ma",
    "/mf",
    "/mF",
    "/mh",
    "/mu",
    "/mt",
    "/mi",
    "/mp",
    "/mw",
    "/md",
    "/mc",
    "/mr",
    "/mR",
    "/my",
    "/me",
    "/mT",
    "/mrR",
    "/mhutFipwdcyeT",
    "/m --identify",
    "/m --walk",
    "/m --walk=names",
    "/m --managed",
    "/m --managed=heap",
    "/mr --identify --walk=names",
    "/f",
    "as-is",
];

/// The cost of every operation on a dump.
fn costs(bytes: &[u8], options: &[&'static str]) -> Vec<(&'static str, Cost)> {
    let dump = Dump::parse(bytes).expect("the header is valid");
    let mut costs = vec![
        ("memory", cost(|| dump.memory().has_overlaps().into())),
        ("regions", cost(|| dump.regions().iter().next().is_some().into())),
        (
            "check",
            cost(|| {
                dump.check(&mut |_| {});
                0
            }),
        ),
    ];
    for &words in options {
        let options = parsed(words);
        // An inserted stream moves everything after it.
        let options =
            if ["/mr", "as-is"].contains(&words) { options.with_comment("a comment of the program") } else { options };
        costs.push((words, cost(|| redump(&dump, &options, &mut Count::default()).map_or(0, |report| report.size))));
    }
    costs
}

/// Compares the cost of a small file with that of one four times its size; returns what is out of proportion.
pub fn out_of_proportion(what: &str, small: &[u8], large: &[u8], options: &[&'static str]) -> Vec<String> {
    // Some lines have longer numbers.
    assert!(10 * large.len() <= 41 * small.len(), "{what}");
    let mut found = Vec::new();
    for ((part, one), (_, other)) in costs(small, options).into_iter().zip(costs(large, options)) {
        let figures = |cost: Cost| [("steps", cost.steps), ("total", cost.total as u64), ("peak", cost.peak as u64)];
        for ((name, one), (_, other)) in figures(one).into_iter().zip(figures(other)) {
            let slack = if name == "steps" { 0x400 } else { 0x4000 };
            if 2 * other > 9 * one + 2 * slack {
                found.push(format!(
                    "{what}, {part}: {one} {name}, then {other}, of {} and {} bytes",
                    small.len(),
                    large.len()
                ));
            }
        }
        // However often bytes are referred to, the work on them is bounded by the size of the file.
        if other.steps > 64 * large.len() as u64 {
            found.push(format!("{what}, {part}: {} steps for {} bytes", other.steps, large.len()));
        }
        if other.size > 2 * large.len() as u64 + LITTLE {
            found.push(format!("{what}, {part}: {} bytes of {}", other.size, large.len()));
        }
        if other.peak > 32 * large.len() + 0x1_0000 {
            found.push(format!("{what}, {part}: {} bytes in use for {} bytes", other.peak, large.len()));
        }
    }
    found
}

fn streams_of_type(stream_type: StreamType) {
    assert_proportion(&stream_type.to_string(), &[stream_type], WINDOWS, FEW, &SHAPES, &OPTIONS);
}

/// No result is larger than twice its source plus what an option adds by name.
fn results_are_at_most_twice_as_large() {
    for &stream_type in StreamType::KNOWN {
        for shape in SHAPES.into_iter().filter(|(_, directory)| *directory == Directory::Once) {
            let Some(bytes) = file(&[stream_type], WINDOWS, 16 * FEW, shape) else { continue };
            let dump = Dump::parse(&bytes).expect("the header is valid");
            for words in ["/m", "/ma", "/mhut", "/f"] {
                let options: Options = words.parse().expect("the options are known");
                let size = Redump::new(&dump, &options).map_or(0, |redump| redump.size());
                // The format has a row of 48 bytes for each range with bytes, where minidumps have 16.
                let rows = if words == "/f" { 48 * 16 * u64::from(FEW) } else { 0 };
                let most = 2 * bytes.len() as u64 + LITTLE + rows;
                assert!(size <= most, "{stream_type}, {shape:?}, {words}: {size} bytes of {}", bytes.len());
            }
        }
    }
}

/// The same for dumps by real producers.
fn results_of_real_dumps_are_at_most_twice_as_large(shared: &Shared) {
    let check = |what: &str, bytes: &[u8]| {
        let Ok(dump) = Dump::parse(bytes) else { return 0 };
        for words in OPTIONS {
            let options = parsed(words);
            let Ok(redump) = Redump::new(&dump, &options) else { continue };
            // Rows of regions, 48 bytes each: `F` generates them where there are none, and `/f` has them for its
            // memory.
            let rows = if letters(words).contains(['a', 'A', 'F']) || words == "/f" {
                48 * dump.memory().visible_ranges().len()
            } else {
                0
            };
            let most = 2 * bytes.len() + rows + LITTLE as usize;
            assert!(redump.size() <= most as u64, "{what}, {words}: {} bytes of {}", redump.size(), bytes.len());
        }
        1
    };
    let corpus: i32 = shared.corpus().iter().map(|row| check(&row.file, &shared.corpus_file(row))).sum();
    let names = golden::USER_DUMP_SETS.iter().flat_map(|set| ["f", "m", "ma"].map(|it| format!("{set}/{it}.dmp")));
    let files = names.filter_map(|name| Some((MappedFile::open(shared.golden_path(&name)).ok()?, name)));
    let golden: i32 = files.map(|(file, name)| check(&name, &file)).sum();
    assert!(corpus > 70 && golden > 5, "{corpus} and {golden}");
}

/// This includes references from one kind of stream to another.
fn streams_of_all_types() {
    const SHAPES: [(References, Directory); 3] = [
        (References::Same, Directory::Once),
        (References::Loop, Directory::Once),
        (References::Nested, Directory::Same),
    ];
    for platform in [WINDOWS, LINUX] {
        let what = format!("all streams on {platform:#x}");
        assert_proportion(&what, StreamType::KNOWN, platform, 4 * FEW, &SHAPES, &["/m", "/mhutFipwdcy", "/mrR", "/f"]);
    }
}

fn assert_proportion(
    what: &str,
    types: &[StreamType],
    platform: u32,
    few: u32,
    shapes: &[(References, Directory)],
    options: &[&'static str],
) {
    let mut found = Vec::new();
    for &shape in shapes {
        let [small, large] = [few, 4 * few].map(|count| file(types, platform, count, shape));
        if let Some((small, large)) = small.zip(large) {
            found.extend(out_of_proportion(&format!("{what}, {shape:?}"), &small, &large, options));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
