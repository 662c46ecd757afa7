//! The rule of re-encoding: every byte of every structure of the source is in the result, or removed at the request of
//! a letter, or in the report. The judge shares no code with the crate: `law` finds structures by the documented
//! offsets alone.

mod unnoticed;

use std::panic::{AssertUnwindSafe, catch_unwind};

use libtest_mimic::Trial;
use userdump::redump::{Options, Report, redump};
use userdump::{Dump as Source, RedumpError};

use crate::support::everything::everything;
use crate::support::facts::Facts;
use crate::support::forms::Form;
use crate::support::redumped::parsed;
use crate::support::{Shared, fixtures, shared_trial, trials};
use userdump_walk::accounted::{is_judgeable, is_readable, structures, violations};
use userdump_walk::presets;

pub fn trials() -> Vec<Trial> {
    let mut all = trials![
        dumps_of_everything_are_accounted_for,
        fixtures_are_accounted_for,
        golden_dumps_are_accounted_for,
        cases_are_accounted_for,
        no_byte_changes_unnoticed,
        sound_dumps_can_be_read_in_only_one_way,
    ];
    all.extend(unnoticed::trials());
    // In three parts, so that they run in parallel.
    all.extend((0..PARTS).map(|part| {
        shared_trial(format!("accounted::the_corpus_is_accounted_for::{part}"), move |shared| corpus(shared, part))
    }));
    all
}

const PARTS: usize = 3;

/// Each letter alone, combinations that change bytes, letters that imply many others, and the presets.
const LETTERS: [&str; 28] = [
    "/m",
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
    "/my",
    "/mr",
    "/mR",
    "/ma",
    "/mA",
    "/mFhut",
    "/mrRhu",
    "/mAy",
    "/mcdFhiptuwy",
    "/me",
    "/mT",
    "/mMN",
    "/mF --identify",
    "/mF --walk=names",
    "/mF --managed",
    "/mF --managed=heap",
    "/mr --walk",
];

fn redumped(source: &[u8], options: &Options) -> Result<(Vec<u8>, Report), RedumpError> {
    let mut out = Vec::new();
    let report = redump(&Source::parse(source)?, options, &mut out)?;
    Ok((out, report))
}

/// Checks the rule for a dump with some letters; returns false if it cannot be re-encoded with them.
fn hold(source: &[u8], letters: &str, what: &str) -> bool {
    let Ok((result, report)) = redumped(source, &parsed(letters)) else { return false };
    let found = violations(source, &result, &report, &presets::letters(letters));
    assert!(found.is_empty(), "{letters} of {what}:\n{}\n{report:#?}", found.join("\n"));
    true
}

fn dumps_of_everything_are_accounted_for() {
    for form in Form::ALL {
        let source = form.build(everything(form));
        if Facts::of(&source).big_endian {
            continue;
        }
        for letters in LETTERS {
            hold(&source, letters, &format!("{form:?}"));
        }
    }
}

fn fixtures_are_accounted_for() {
    for (name, bytes) in fixtures::all().step_by(5).chain([("quick-start", fixtures::QUICK_START)]) {
        for letters in LETTERS {
            hold(bytes, letters, name);
        }
    }
}

fn corpus(shared: &Shared, part: usize) {
    let mut held = 0;
    for (number, row) in shared.corpus().iter().enumerate().filter(|(number, _)| number % PARTS == part) {
        let source = shared.corpus_file(row);
        if Facts::of(&source).big_endian || NONSENSE.contains(&row.file.as_str()) {
            continue;
        }
        // Every other letter for each dump; two neighbouring dumps cover all letters.
        for letters in LETTERS.iter().skip(number / PARTS % 2).step_by(2) {
            held += usize::from(hold(&source, letters, &row.file));
        }
    }
    assert!(held > 200, "{held} re-encodings checked against the rule");
}

/// Files that the plain reader does not read.
const NONSENSE: [&str; 2] = ["real/invalid-range.dmp", "real/invalid-record-count.dmp"];

fn golden_dumps_are_accounted_for(shared: &Shared) {
    let mut held = 0;
    for (member, letters) in [
        ("live/ma.dmp", ["/ma", "/mrR"].as_slice()),
        ("live/m_p.dmp", &LETTERS),
        ("crash/m.dmp", &LETTERS),
        ("live32/m_i.dmp", &LETTERS),
        ("crash32/m_w.dmp", &["/m", "/mA", "/mFhut", "/mrR"]),
        ("highstack32/m.dmp", &LETTERS),
    ] {
        let source = shared.golden(member);
        held += letters.iter().filter(|letters| hold(&source, letters, member)).count();
    }
    assert!(held > 70, "{held} re-encodings checked against the rule");
}

/// Damaged dumps, as far as the plain reader reads them.
fn cases_are_accounted_for(shared: &Shared) {
    let mut held = 0;
    for name in CASES {
        let source = shared.read(&format!("cases/{name}"));
        let is_read = catch_unwind(AssertUnwindSafe(|| is_readable(&source))).is_ok();
        assert!(is_read, "{name} is not a dump for this test");
        held += LETTERS.iter().filter(|letters| hold(&source, letters, name)).count();
    }
    assert!(held > CASES.len() * 15, "{held} re-encodings checked against the rule");
}

const CASES: [&str; 12] = [
    "arm64-signed-returns.dmp",
    "context-stale-bytes.dmp",
    "exception-cpp.dmp",
    "fiber-stack.dmp",
    "jit-chained.dmp",
    "misc-record-unicode.dmp",
    "modules-odd.dmp",
    "procdump-comments.dmp",
    "region-says-free.dmp",
    "secret-32bit-text.dmp",
    "secret-folders.dmp",
    "wow64-taskmgr-full.dmp",
];

/// The rule is not satisfied by everything: a change of any byte of a structure in the result is detected.
fn no_byte_changes_unnoticed() {
    let source = everything(Form::USUAL).build();
    let (result, report) = redumped(&source, &parsed("/mAuty")).expect("it is re-encoded");
    assert_eq!(violations(&source, &result, &report, "/mAuty"), [""; 0]);
    let mut unnoticed = Vec::new();
    let structures = structures::of(&Facts::of(&result));
    let places = structures.iter().flat_map(|it| it.place.iter().map(move |place| (it, place)));
    let mut changed = 0;
    for (structure, place) in places {
        for at in [place.start, (place.start + place.end) / 2, place.end - 1] {
            if structure.is_reference(at) {
                continue;
            }
            let mut broken = result.clone();
            broken[at] ^= 0x55;
            changed += 1;
            let noticed = catch_unwind(AssertUnwindSafe(|| violations(&source, &broken, &report, "/mAuty")));
            if noticed.is_ok_and(|found| found.is_empty()) {
                unnoticed.push(format!("{at:#x} of {}", structure.name));
            }
        }
    }
    assert!(changed > 130, "{changed} bytes changed");
    assert_eq!(unnoticed, [""; 0]);
}

/// What the fuzz targets apply the rule to: sound dumps of every form, and none whose bytes can be read in two ways.
fn sound_dumps_can_be_read_in_only_one_way() {
    let plain = fixtures::all().filter(|(_, bytes)| is_judgeable(bytes)).count();
    println!("{plain} of {} fixtures", fixtures::all().count());
    let source = everything(Form::USUAL).build();
    assert!(is_judgeable(&source));
    let facts = Facts::of(&source);
    for (number, entry) in facts.directory.iter().enumerate().filter(|(_, entry)| entry.kind != 0 && entry.size > 0) {
        let at = facts.header.directory.0 as usize + 12 * number;
        for (field, value) in [(4, u32::MAX), (8, facts.header.directory.0 as u32), (8, 0), (8, u32::MAX)] {
            let mut broken = source.clone();
            broken[at + field..][..4].copy_from_slice(&value.to_le_bytes());
            assert!(!is_judgeable(&broken), "stream {:#x} with {value:#x} at {field}", entry.kind);
        }
    }
    // Nothing makes it panic: every prefix and every changed word is tried.
    for size in 0..source.len() {
        assert!(!is_judgeable(&source[..size]) || size > source.len() / 2);
    }
    for at in 0..source.len() - 3 {
        for value in [0, 1, 0x7fff_ffff, u32::MAX] {
            let mut broken = source.clone();
            broken[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
            is_judgeable(&broken);
        }
    }
}
