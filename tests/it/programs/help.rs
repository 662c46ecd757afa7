//! `--help` of every example, and the messages about wrong arguments.

use std::collections::BTreeSet;
use std::fs;

use libtest_mimic::Trial;
use userdump::redump::Options;

use super::Folder;
use crate::support::tree;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        every_example_is_in_the_manifest,
        every_example_has_help,
        every_example_refuses_unknown_options,
        every_letter_is_explained,
        help_is_not_printed_for_texts_and_paths,
    ]
}

/// Returns the names of the examples in the manifest of the crate.
fn examples() -> BTreeSet<String> {
    let manifest = fs::read_to_string(tree::path("Cargo.toml")).expect("the manifest can be read");
    let tables = manifest.split("[[example]]").skip(1);
    let name =
        |table: &str| table.lines().find_map(|line| line.strip_prefix("name = ")).map(|name| name.replace('"', ""));
    let names: BTreeSet<String> = tables.map(|table| name(table).expect("the example has a name")).collect();
    assert!(names.len() >= 10, "{names:?}");
    names
}

/// Cargo also finds examples that are not in the manifest, but builds them without the features that they need.
fn every_example_is_in_the_manifest() {
    let folder = fs::read_dir(tree::path("examples")).expect("the folder can be listed");
    let paths = folder.map(|entry| entry.expect("the folder can be listed").path());
    let is_example =
        |path: &std::path::Path| path.join("main.rs").exists() || path.extension().is_some_and(|it| it == "rs");
    let names =
        paths.filter(|path| is_example(path)).map(|path| path.file_stem().expect("the file has a name").to_owned());
    let names: BTreeSet<String> = names.map(|name| name.into_string().expect("the name is Unicode")).collect();
    assert_eq!(names, examples());
}

fn every_example_has_help() {
    let folder = Folder::with(&[]);
    for name in examples() {
        let help = folder.printed(0, &name, &["--help"]);
        assert!(help.starts_with(&format!("usage: {name} ")), "{name}: {help}");
        for part in [format!("Example: {name} "), "Exit status: 0 ".to_owned(), "-h, --help".to_owned()] {
            assert!(help.contains(&part), "{name} does not say {part:?}: {help}");
        }
        let long = help.lines().find(|line| line.chars().count() > 128);
        assert_eq!(long, None, "{name}");
        assert_eq!(folder.printed(0, &name, &["-h"]), help);
        assert_eq!(folder.printed(0, &name, &["in.dmp", "--help"]), help, "{name}");
    }
    assert!(folder.files().is_empty());
}

fn every_example_refuses_unknown_options() {
    let folder = Folder::with(&[]);
    for name in examples() {
        let hint = format!("`{name} --help`");
        for words in [&["--no-such-option"][..], &["--no-such-option", "in.dmp"], &["in.dmp", "--no-such-option"]] {
            let ran = folder.run(&name, words);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name} {words:?}: {}", ran.err);
            let first = ran.err.lines().next().unwrap_or_default();
            let is_told = first.starts_with(&format!("{name}: ")) && first.contains("\"--no-such-option\"");
            assert!(is_told && ran.err.contains(&hint), "{name} {words:?}: {}", ran.err);
        }
        // Every example requires arguments.
        let ran = folder.run(&name, &[]);
        assert!(ran.code == 2 && ran.out.is_empty() && ran.err.contains(&hint), "{name}: {}", ran.err);
    }
    assert!(folder.files().is_empty());
}

/// The letters that the library accepts are those in the first table of the documentation of `redump`.
fn every_letter_is_explained() {
    let accepts =
        |letter: char| [format!("/m{letter}"), format!("/mA{letter}")].iter().any(|it| it.parse::<Options>().is_ok());
    let letters: BTreeSet<char> = ('A'..='z').filter(|letter| accepts(*letter)).collect();
    assert!(letters.len() > 20);
    let text = fs::read_to_string(tree::path("src/redump/mod.rs")).expect("the file can be read");
    let table = text.lines().skip_while(|line| !line.starts_with("//! | letters |")).skip(2);
    let table = table.take_while(|line| line.starts_with("//! |"));
    let cells = table.filter_map(|line| line.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let documented = cells.filter(|cell| cell.len() == 1).flat_map(str::chars).collect();
    assert_eq!(letters, documented);
    let folder = Folder::with(&[]);
    for program in ["redump", "batch"] {
        let help = folder.printed(0, program, &["--help"]);
        let rows = help.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  "));
        let rows: Vec<char> =
            rows.filter(|(letter, _)| letter.len() == 1).flat_map(|(letter, _)| letter.chars()).collect();
        assert_eq!((rows.len(), rows.into_iter().collect()), (letters.len(), letters.clone()), "{program}");
    }
}

/// `--help` is not an option in the text of a comment or in a path after `--`.
fn help_is_not_printed_for_texts_and_paths() {
    let folder = Folder::with(&[("--help", crate::support::fixtures::QUICK_START)]);
    folder.redump(&["/c", "--help", "--", "--help", "out.dmp"]);
    assert_eq!(folder.files().len(), 2);
    let ran = folder.run("batch", &["--output", "out", "--", "--help"]);
    assert_eq!((ran.code, folder.path("out/--help").exists()), (0, true), "{}", ran.err);
    assert!(folder.printed(0, "redump", &["/?"]).starts_with("usage: redump "));
}
