//! Re-encoding to minidumps, compared with what the debugger engine wrote from the same sources.

use libtest_mimic::Trial;
use userdump::read::Memory;
use userdump::redump::Options;
use userdump::{Dump, RedumpError, redump};

use crate::support::{Shared, engine, fixtures, golden, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let fixtures = fixtures::redumps().map(|redump| {
        let name = format!("redump_mini::engine::{}", redump.result);
        Trial::test(name, move || {
            compare(redump.source_bytes(), &redump.options, redump.expected());
            Ok(())
        })
    });
    let golden = golden::from_ma().map(|(set, name)| {
        let result = format!("{set}-from-ma/{name}.dmp");
        shared_trial(format!("redump_mini::golden::{result}"), move |shared| {
            let (source, expected) = (shared.golden(&format!("{set}/ma.dmp")), shared.golden(&result));
            compare(&source, &fixtures::options(&format!("{name}.dmp")), &expected);
        })
    });
    let today = golden::minidumps_of_2026().map(|(source, result, name)| {
        shared_trial(format!("redump_mini::today::{result}"), move |shared| {
            let (source, expected) = (shared.golden(&source), shared.golden(&result));
            compare(&source, &fixtures::options(&format!("{name}.dmp")), &expected);
        })
    });
    let live = golden::live().filter(|(_, name)| *name != "ma").map(|(set, name)| {
        let result = format!("{set}/{name}.dmp");
        shared_trial(format!("redump_mini::live::{result}"), move |shared| {
            let (source, live) = (shared.golden(&format!("{set}/ma.dmp")), shared.golden(&result));
            holds_what_was_written_live(&source, &fixtures::options(&format!("{name}.dmp")), &live);
        })
    });
    let mut all = trials![every_fixture_is_compared, every_corpus_dump_is_re_encoded_or_refused];
    all.extend(fixtures);
    all.extend(golden);
    all.extend(today);
    all.extend(live);
    all
}

/// Re-encodes `source` like the engine that wrote the expected result, including generated records, and compares. A
/// second pass must change nothing.
fn compare(source: &[u8], options: &str, expected: &[u8]) {
    let redumped = |source: &[u8], options: &str| {
        re_encoded(source, &Options::parse_as(engine::of(expected), options)?.with_made_up_records())
    };
    let ours = redumped(source, options).unwrap_or_else(|error| panic!("{error}"));
    let faults = engine::faults(source, expected, &ours);
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
    let again = redumped(&ours, options).unwrap_or_else(|error| panic!("second pass: {error}"));
    assert!(again == ours, "a second pass changes the dump");
}

/// The number of bytes that are compared at once.
const SOME: usize = 256;

/// The dump that the debugger wrote of the running process, as far as its later dump of full memory contains it.
fn holds_what_was_written_live(source: &[u8], options: &str, live: &[u8]) {
    let ours = redumped(source, options).unwrap_or_else(|error| panic!("{error}"));
    let [source, live, ours] = [source, live, &ours].map(|bytes| userdump::Minidump::parse(bytes).unwrap().memory());
    let mut compared = 0;
    for range in live.visible_ranges() {
        let bytes = range.bytes().expect("it is in the file");
        for part in source.visible_within(range.address, range.address + (range.size - 1)) {
            let written = &bytes[(part.address - range.address) as usize..][..part.size as usize];
            let in_source = part.bytes().expect("it is in the file");
            let pairs = written.chunks(SOME).zip(in_source.chunks(SOME));
            let chunks = (part.address..).step_by(SOME).zip(pairs);
            compared += chunks.map(|(at, (written, in_source))| same(&ours, at, written, in_source)).sum::<usize>();
        }
    }
    assert!(compared > 10_000, "{compared} bytes");
}

/// The number of bytes that are the same in both dumps of the debugger; ours must have these.
fn same(ours: &Memory<'_>, address: u64, written: &[u8], in_source: &[u8]) -> usize {
    // Nearly always all of them, so compare these at once.
    if written == in_source && ours.slice(address, written.len() as u64) == Some(written) {
        return written.len();
    }
    let pairs = (address..).zip(written.iter().zip(in_source));
    let same = pairs.filter(|(_, (written, in_source))| written == in_source);
    same.inspect(|(at, (byte, _))| assert_eq!(ours.read_u8(*at), Some(**byte), "{at:#x}")).count()
}

fn redumped(source: &[u8], options: &str) -> Result<Vec<u8>, RedumpError> {
    re_encoded(source, &options.parse()?)
}

fn re_encoded(source: &[u8], options: &Options) -> Result<Vec<u8>, RedumpError> {
    let mut out = Vec::new();
    let report = redump(&Dump::parse(source)?, options, &mut out)?;
    assert_eq!(report.size, out.len() as u64, "the size in the report");
    Ok(out)
}

/// The trials above are generated from the contents of the archive, so an empty archive would generate none.
fn every_fixture_is_compared() {
    let count = fixtures::redumps().count();
    // Fifteen options of fifteen sources; for one (`synth32/high_stack`) the engine only managed `/ma`.
    assert_eq!(count, 15 * 14 + 1, "re-encodings by the engine");
    let golden = golden::from_ma().count();
    assert_eq!(golden, 4 * 33 + 2, "re-encodings of whole processes");
    let today = golden::minidumps_of_2026().count();
    assert_eq!(today, 6 * 20 + 1 + 2 * 21 + 14 * 15 + 1, "re-encodings by the engine of 2026");
    println!("{} of {} re-encodings by the engine are compared", count + golden, 211 + 134);
}

/// The reason why a dump of the corpus cannot be re-encoded, if there is one.
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
