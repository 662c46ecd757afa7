//! Re-encoding to minidumps, compared with what the debugger engine wrote from the same sources.

use libtest_mimic::Trial;
use userdump::redump::Options;
use userdump::{Dump, RedumpError, redump};

use crate::support::{Shared, engine, fixtures, golden, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let fixtures = fixtures::redumps().filter(|redump| is_supported(&redump.options)).map(|redump| {
        let name = format!("redump_mini::engine::{}", redump.result);
        Trial::test(name, move || {
            compare(redump.source_bytes(), &redump.options, redump.expected());
            Ok(())
        })
    });
    let golden = golden::SETS.iter().flat_map(|set| golden::FROM_MA.map(|name| (set, name))).map(|(set, name)| {
        let result = format!("{set}-from-ma/{name}.dmp");
        shared_trial(format!("redump_mini::golden::{result}"), move |shared| {
            let (source, expected) = (shared.golden(&format!("{set}/ma.dmp")), shared.golden(&result));
            compare(&source, &fixtures::options(&format!("{name}.dmp")), &expected);
        })
    });
    let mut all = trials![every_supported_fixture_is_compared, every_corpus_dump_is_re_encoded_or_refused];
    all.extend(fixtures);
    all.extend(golden);
    all
}

/// The letters that this version carries out.
fn is_supported(options: &str) -> bool {
    options.chars().all(|letter| "/maAfFhutdc".contains(letter))
}

/// Re-encodes `source` and compares with the engine's result; a second pass must change nothing.
fn compare(source: &[u8], options: &str, expected: &[u8]) {
    let ours = redumped(source, options).unwrap_or_else(|error| panic!("{error}"));
    let faults = engine::faults(source, expected, &ours);
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
    let again = redumped(&ours, options).unwrap_or_else(|error| panic!("second pass: {error}"));
    assert!(again == ours, "a second pass changes the dump");
}

fn redumped(source: &[u8], options: &str) -> Result<Vec<u8>, RedumpError> {
    let options: Options = options.parse()?;
    let mut out = Vec::new();
    let report = redump(&Dump::parse(source)?, &options, &mut out)?;
    assert_eq!(report.size, out.len() as u64, "the size in the report");
    Ok(out)
}

/// The trials above are made from what is in the archive, so an empty archive would make none.
fn every_supported_fixture_is_compared() {
    let count = fixtures::redumps().filter(|redump| is_supported(&redump.options)).count();
    // Nine options of fifteen sources, but of one (`synth32/high_stack`) the engine managed `/ma` alone.
    assert_eq!(count, 9 * 14 + 1, "re-encodings by the engine with options that we carry out");
}

/// What keeps a dump of the corpus from being re-encoded, if anything does.
fn refusal(file: &str) -> Option<&'static str> {
    file.starts_with("synthetic/synth-be-").then_some("a big-endian dump cannot be re-encoded by this version")
}

fn every_corpus_dump_is_re_encoded_or_refused(shared: &Shared) {
    let rows = shared.corpus();
    for row in &rows {
        let source = shared.corpus_file(row);
        for options in ["/m", "/mcd", "/mA"] {
            match (redumped(&source, options), refusal(&row.file)) {
                (Ok(ours), None) => {
                    let again = redumped(&ours, options).unwrap_or_else(|error| panic!("{}: {error}", row.file));
                    assert!(again == ours, "{} {options}: a second pass changes the dump", row.file);
                }
                (Err(error), Some(reason)) => assert_eq!(error.to_string(), reason, "{}", row.file),
                (Ok(_), Some(reason)) => panic!("{} {options}: {reason}, but it was", row.file),
                (Err(error), None) => panic!("{} {options}: {error}", row.file),
            }
        }
    }
    assert_eq!(rows.len(), 81, "dumps in the corpus");
}
