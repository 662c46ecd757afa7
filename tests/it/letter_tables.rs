//! The tables of option letters, in the README and in the `redump` documentation, compared with what is parsed.

use libtest_mimic::Trial;
use userdump::RedumpError;
use userdump::redump::Options;

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![the_tables_agree_with_the_parser, the_test_misses_nothing_that_is_wrong_with_a_table]
}

const README: &str = include_str!("../../README.md");
const DOCUMENTATION: &str = include_str!("../../src/redump/mod.rs");

/// The flags of every dump except triage dumps.
const BASE: u64 = 0x4_0000;

fn the_tables_agree_with_the_parser() {
    assert_eq!(faults(README, "## Options", added), [""; 0]);
    assert_eq!(faults(DOCUMENTATION, "//! # What the options write", in_header), [""; 0]);
}

fn the_test_misses_nothing_that_is_wrong_with_a_table() {
    let wrong = |from: &str, to: &str| {
        assert!(README.contains(from), "the table has no {from}");
        faults(&README.replacen(from, to, 1), "## Options", added)
    };
    assert_eq!(wrong("| `h` | `0x4` |", "| `h` | `0x8` |"), ["h adds 0x4, the table says 0x8"]);
    assert_eq!(wrong("| `h` | `0x4` |", "| `k` | `0x4` |"), ["k is not a letter", "h has no row"]);
    assert_eq!(wrong("| `h` | `0x4` |", "| `t` | `0x1000` |"), ["t has two rows", "h has no row"]);
    assert_eq!(wrong("| `a`, `A` |", "| `a` |"), ["A has no row"]);
    let other = DOCUMENTATION.replacen("| `h` | `0x40004` |", "| `h` | `0x4` |", 1);
    assert_eq!(faults(&other, "//! # What the options write", in_header), ["h adds 0x40004, the table says 0x4"]);
}

/// The flags that a letter adds to those of every dump.
fn added(letter: char) -> Option<u64> {
    let flags = in_header(letter)?;
    Some(if letter == 'P' { flags } else { flags & !BASE })
}

/// The flags of a dump with this letter alone; for `P`, which needs `A`, the flags that it adds.
fn in_header(letter: char) -> Option<u64> {
    let flags = |words: String| words.parse::<Options>().ok().map(|options| options.minidump_type().bits());
    match letter {
        'P' => Some(flags("/mAP".to_owned())? & !flags("/mA".to_owned())?),
        _ => flags(format!("/m{letter}")),
    }
}

/// The errors in the first table after a heading, whose first cell has letters and whose second has their flags.
fn faults(text: &str, heading: &str, flags: fn(char) -> Option<u64>) -> Vec<String> {
    let section = text.lines().skip_while(|line| *line != heading).skip(1);
    let rows = section.map(|line| line.strip_prefix("//! ").unwrap_or(line)).skip_while(|line| !line.starts_with('|'));
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for row in rows.skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let letters = cells[0].split('`').skip(1).step_by(2);
        let of_table = cells[1].split('`').nth(1).and_then(|digits| digits.strip_prefix("0x"));
        let of_table = of_table.map(|digits| u64::from_str_radix(digits, 16).expect("flags are hexadecimal"));
        // `/f` is not a letter.
        for letter in letters.filter_map(|letter| letter.parse::<char>().ok()) {
            if seen.contains(&letter) {
                faults.push(format!("{letter} has two rows"));
                continue;
            }
            match (flags(letter), of_table) {
                (None, _) => faults.push(format!("{letter} is not a letter")),
                (Some(flags), Some(of_table)) if flags == of_table => seen.push(letter),
                (Some(flags), of_table) => {
                    seen.push(letter);
                    faults
                        .push(format!("{letter} adds {flags:#x}, the table says {:#x}", of_table.unwrap_or_default()));
                }
            }
        }
    }
    let all = ('A'..='Z').chain('a'..='z').filter(|letter| {
        let parsed = format!("/m{letter}").parse::<Options>();
        !matches!(parsed, Err(RedumpError::UnknownLetter { .. }))
    });
    let refused = |letter: &char| flags(*letter).is_none();
    faults.extend(
        all.filter(|letter| !seen.contains(letter) && !refused(letter)).map(|letter| format!("{letter} has no row")),
    );
    faults
}
