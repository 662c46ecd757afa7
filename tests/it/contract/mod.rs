//! The contract of the options `r`, `R` and `s`: the table in the documentation of `redump`, tested with a word planted
//! in each place.

mod contexts;
mod minidump;
mod process;
mod producers;
mod wow64;

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use crate::support::cpu::Cpu;
use crate::support::redumped::{Redumped, parsed};
use crate::support::trials;
use userdump_walk::presets;
pub use userdump_walk::words::Pieces;
use userdump_walk::words::{self, planted};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![
        every_source_keeps_what_the_table_says,
        presets_include_nothing_of_the_program,
        every_row_has_its_words_and_all_words_have_a_row,
        the_table_has_nothing_but_rows,
        words_are_found_in_both_encodings,
    ];
    all.extend(contexts::trials());
    all
}

/// A row of the table about a place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    /// The letters and presets that request it, any one of which is enough; empty if it is always included.
    asked_by: Vec<String>,
    /// Whether it stays with `r`, with `R` and with `s`.
    stays: [bool; 3],
}

impl Row {
    fn stays(&self, options: &str) -> bool {
        let letters = presets::letters(options);
        let taken =
            ['r', 'R', 's'].into_iter().zip(self.stays).any(|(option, stays)| letters.contains(option) && !stays);
        let asks = |by: &String| match by.len() {
            1 => letters.contains(by.as_str()),
            _ => options.split(' ').any(|word| word.strip_prefix("--") == Some(by)),
        };
        (self.asked_by.is_empty() || self.asked_by.iter().any(asks)) && !taken
    }
}

const DOCUMENTATION: &str = include_str!("../../../src/redump/mod.rs");

/// The table of the documentation by place, or an error about a line of it.
fn table(documentation: &str) -> Result<BTreeMap<String, Row>, String> {
    let section = documentation.lines().skip_while(|line| *line != "//! # What `r`, `R` and `s` take out").skip(1);
    let lines = section.take_while(|line| !line.starts_with("//! # ")).filter_map(|line| line.strip_prefix("//! | "));
    let mut rows = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.trim_end_matches(" |").split(" | ").collect();
        let [place, letter, r, big_r, s, why] = cells[..] else { return Err(format!("not six cells: {line}")) };
        if place == "place" {
            continue;
        }
        let stays = |cell| match cell {
            "gone" => Ok(false),
            "stays" => Ok(true),
            _ => Err(format!("neither gone nor stays: {line}")),
        };
        let name = |name: &str| name.strip_prefix('`')?.strip_suffix('`').map(str::to_owned);
        let is_known = |by: &String| by.len() == 1 || presets::PRESETS.contains(&format!("--{by}").as_str());
        let asked_by: Option<Vec<String>> =
            if letter == "any" { Some(Vec::new()) } else { letter.split(", ").map(name).collect() };
        let asked_by = asked_by.filter(|all| all.iter().all(is_known)).ok_or(format!("no letter: {line}"))?;
        if why.is_empty() {
            return Err(format!("no reason: {line}"));
        }
        let row = Row { asked_by, stays: [stays(r)?, stays(big_r)?, stays(s)?] };
        if rows.insert(place.to_owned(), row).is_some() {
            return Err(format!("a second row: {line}"));
        }
    }
    Ok(rows)
}

/// A dump with the words planted in it.
pub struct Source {
    pub what: String,
    pub bytes: Vec<u8>,
    pub places: BTreeSet<(String, bool)>,
    /// Letters that are excluded because they include the places of other rows.
    without: &'static str,
}

/// Builds a source for a processor.
type Build = fn(Cpu) -> Vec<u8>;

/// The sources, each with a word in every place that it has.
pub fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let builders: [(&str, Build); 4] = [
        ("minidump", minidump::build),
        ("minidump of LLDB", minidump::of_lldb),
        ("minidump of Wine", minidump::of_wine),
        ("full user dump", process::user_dump),
    ];
    for cpu in [Cpu::X86, Cpu::AMD64] {
        for (format, build) in builders {
            planted();
            let bytes = build(cpu);
            let what = format!("{format} with pointers of {} bytes", cpu.word);
            sources.push(Source { what, bytes, places: planted(), without: "" });
        }
    }
    planted();
    let bytes = wow64::build();
    sources.push(Source { what: "minidump of a 32-bit process".to_owned(), bytes, places: planted(), without: "pw" });
    sources
}

/// What includes places: each letter and preset in turn, and all together.
const LETTERS: [&str; 16] = [
    "",
    "h",
    "u",
    "p",
    "w",
    "i",
    "d",
    "c",
    "t",
    "F",
    "y",
    "e",
    "T",
    "hutFpwidcyeT",
    " --identify",
    "hutFpwidcyeT --identify",
];

fn every_source_keeps_what_the_table_says() {
    let rows = table(DOCUMENTATION).expect("the table is valid");
    for source in sources() {
        let pieces = Pieces::of(&source.places);
        let places: BTreeSet<&String> = source.places.iter().map(|(place, _)| place).collect();
        assert_eq!(pieces.found(&source.bytes).iter().collect::<BTreeSet<_>>(), places, "planted in a {}", source.what);
        let brings_others = |letters: &str| presets::letters(letters).contains(|it| source.without.contains(it));
        for letters in LETTERS.into_iter().filter(|letters| !brings_others(letters)) {
            for filter in ["r", "R", "rR", "s"] {
                // Extended contexts cannot be combined with it.
                let (letters, preset) =
                    letters.split_once(' ').map_or((letters, ""), |(letters, preset)| (letters, preset));
                let letters = if filter == "s" { letters.replace('y', "") } else { letters.to_owned() };
                let options = format!("/m{letters}{filter} {preset}");
                let options = options.trim_end();
                // One pass: without the rows of memory information a second pass cannot select for `w`.
                let out = Redumped::once(&source.bytes, &parsed(options)).bytes;
                let found = pieces.found(&out);
                let expected = places.iter().filter(|place| rows.get(**place).is_some_and(|row| row.stays(options)));
                let expected: BTreeSet<String> = expected.map(|place| (*place).clone()).collect();
                let leaked: Vec<_> = found.difference(&expected).collect();
                let lost: Vec<_> = expected.difference(&found).collect();
                assert!(
                    leaked.is_empty() && lost.is_empty(),
                    "{}, {options}: leaked {leaked:?}, lost {lost:?}",
                    source.what
                );
            }
        }
    }
}

/// Besides identity, they include code and tables of images.
fn presets_include_nothing_of_the_program() {
    for source in sources() {
        let pieces = Pieces::of(&source.places);
        let found = |options: &str| pieces.found(&Redumped::once(&source.bytes, &parsed(options)).bytes);
        if source.places.iter().any(|(place, _)| place == "data section") {
            assert!(found("/m --managed").contains("data section"), "{}", source.what);
        }
        for filter in ["r", "rR", "s"] {
            let expected = found(&format!("/m{filter} --identify"));
            for preset in presets::PRESETS {
                let found = found(&format!("/m{filter} {preset}"));
                let leaked: Vec<_> = found.difference(&expected).collect();
                assert!(leaked.is_empty(), "{}, /m{filter} {preset}: leaked {leaked:?}", source.what);
            }
        }
    }
}

fn every_row_has_its_words_and_all_words_have_a_row() {
    let rows: BTreeSet<String> = table(DOCUMENTATION).expect("the table is valid").into_keys().collect();
    let places: BTreeSet<String> =
        sources().into_iter().flat_map(|source| source.places).map(|(place, _)| place).collect();
    let untested: Vec<_> = rows.difference(&places).collect();
    let undocumented: Vec<_> = places.difference(&rows).collect();
    assert!(
        untested.is_empty() && undocumented.is_empty(),
        "rows without words {untested:?}, words without rows {undocumented:?}"
    );
}

fn the_table_has_nothing_but_rows() {
    let sound = table(DOCUMENTATION).expect("the table is valid");
    assert_eq!(sound.get("heap"), None);
    assert_eq!(sound.get("private memory"), Some(&Row { asked_by: vec!["w".to_owned()], stays: [true; 3] }));
    let row = DOCUMENTATION.lines().find(|line| line.starts_with("//! | script |")).expect("a row");
    for (from, to) in [
        ("gone", "gone?"),
        ("stays", ""),
        ("any", "every"),
        ("any", "`everything`"),
        ("its contents are unknown", ""),
        (" | any", ""),
    ] {
        let broken = row.replacen(from, to, 1);
        assert!(broken != row, "{from}");
        assert!(table(&DOCUMENTATION.replacen(row, &broken, 1)).is_err(), "{broken}");
    }
    assert!(table(&DOCUMENTATION.replacen(row, &format!("{row}\n{row}"), 1)).is_err());
    let other = table(&DOCUMENTATION.replacen(&format!("{row}\n"), "", 1)).expect("it is only shorter");
    assert_eq!(other.len() + 1, sound.len());
}

fn words_are_found_in_both_encodings() {
    planted();
    let (bytes, other) = (words::all("stack"), words::all("heap"));
    let number = words::four("word");
    let pieces = Pieces::of(&planted());
    let found = |bytes: &[u8]| pieces.found(bytes).into_iter().collect::<Vec<_>>();
    // In 8-bit characters, and in UTF-16 at an even and at an odd offset; of each a part of six letters, and one of
    // five.
    for start in [0, 16, 41] {
        let width = if start == 0 { 1 } else { 2 };
        for letter in 0..=6 {
            let at = start + letter * width;
            assert_eq!(found(&[b"...", &bytes[at..at + 6 * width], b"..."].concat()), ["stack"]);
            assert_eq!(found(&[b"...", &bytes[at..at + 5 * width], b"..."].concat()), [""; 0]);
        }
    }
    assert_eq!(found(&[&number.to_le_bytes()[..], &other].concat()), ["heap", "word"]);
}
