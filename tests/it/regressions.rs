//! Inputs found by fuzzing, and hand-made worst cases: walked, checked and re-encoded in every way.

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;
use userdump::format::MinidumpType;
use userdump::redump::{Obstacle, Options, Report, redump};
use userdump::{Dump, RedumpError};

use crate::support::redumped::parsed;
use crate::support::walk::walk_and_print;
use crate::support::{tree, trials};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![the_readme_has_a_line_for_each_file];
    all.extend(files().into_iter().map(|(name, bytes)| {
        Trial::test(format!("regressions::{name}"), move || {
            replay(&name, &bytes);
            Ok(())
        })
    }));
    all
}

const OPTIONS: [&str; 19] = [
    "m",
    "ma",
    "mA",
    "mf",
    "mF",
    "mh",
    "mt",
    "mu",
    "mi",
    "mp",
    "mw",
    "md",
    "mc",
    "mr",
    "mR",
    "my",
    "mcdFhiprRtuwy",
    "mAcdFhipRtuwy",
    "f",
];

fn folder() -> PathBuf {
    tree::path("tests/fixtures/regressions")
}

/// The dumps in the folder, with their names.
fn files() -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder()).expect("the folder exists").map(|entry| entry.expect("it can be read"));
    let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let dumps = named.filter(|(name, _)| name != "README.md");
    let mut files: Vec<_> = dumps.map(|(name, path)| (name, fs::read(path).expect("it can be read"))).collect();
    files.sort();
    files
}

fn the_readme_has_a_line_for_each_file() {
    let readme = fs::read_to_string(folder().join("README.md")).expect("it is present");
    let mut listed: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    listed.sort_unstable();
    let files = files();
    assert_eq!(listed, files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    assert!(listed.len() >= 8);
}

fn redumped(source: &[u8], options: &Options) -> Result<(Vec<u8>, Report), RedumpError> {
    let mut out = Vec::new();
    let report = redump(&Dump::parse(source)?, options, &mut out)?;
    Ok((out, report))
}

fn replay(name: &str, bytes: &[u8]) {
    let opens = walk_and_print(bytes).is_ok();
    assert_eq!(opens, name != "empty.dmp", "{name}");
    for word in OPTIONS {
        let options = parsed(word);
        let Ok((once, report)) = redumped(bytes, &options) else { continue };
        assert!(walk_and_print(&once).is_ok(), "{name}, /{word}: the result opens");
        let has_threads = Dump::parse(&once).is_ok_and(|dump| dump.threads().next().is_some());
        let says_none = report.obstacles.contains(&Obstacle::NoThreads);
        assert_eq!(says_none, !has_threads, "{name}, /{word}: the report says that there are no threads");
        let (twice, _) =
            redumped(&once, &options).unwrap_or_else(|error| panic!("{name}, /{word}, second pass: {error}"));
        // `r` may zero the very bytes that give the bounds of a stack.
        let filtered = options.minidump_type().contains(MinidumpType::FILTER_MEMORY);
        assert!(filtered || once == twice, "{name}, /{word}: a second pass changes the dump");
    }
}
