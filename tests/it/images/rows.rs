//! Images of real processes, compared with what the debugger or another producer wrote into the module list.

use libtest_mimic::Trial;
use userdump::read::ByteOrder;
use userdump::read::module::{CodeView, Image};
use userdump::{MappedFile, Minidump};

use super::assembler::words;
use crate::support::facts::{Facts, Module};
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![the_debugger_finds_the_same_in_images, other_producers_find_the_same_in_images]
}

/// What both rows and images have, for the images at the bases of a module list, in list order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Agreement {
    modules: usize,
    images: usize,
    /// Names of modules whose row and image have the same version, or CodeView record.
    versions: Vec<String>,
    code_views: Vec<String>,
    /// What rows have and images lack.
    missing: Vec<String>,
}

/// Compares all modules; fails if a part of the image differs from the row.
fn compare(bytes: &[u8], what: &str) -> Agreement {
    let dump = Minidump::parse(bytes).expect("it is a minidump");
    let memory = dump.memory();
    let mut found = Agreement::default();
    for row in Facts::of(bytes).modules() {
        found.modules += 1;
        if let Some(image) = Image::at(&memory, row.base) {
            found.images += 1;
            compare_one(&row, &image, &mut found, what);
        }
    }
    found
}

fn compare_one(row: &Module<'_>, image: &Image<'_, '_>, found: &mut Agreement, what: &str) {
    let path = row.name.text.as_deref().unwrap_or_default();
    let name = path.rsplit('\\').next().unwrap_or_default().to_owned();
    let what = format!("{name} of {what}");
    let numbers = (image.time_date_stamp(), image.checksum(), image.size_of_image());
    assert_eq!(numbers, (row.timestamp, Some(row.checksum), Some(row.size)), "{what}");
    match (row.version[0] != 0, image.version()) {
        (true, Some(version)) => {
            assert_eq!(words(&version), row.version, "{what}");
            found.versions.push(name.clone());
        }
        (true, None) => found.missing.push(format!("{name}: version")),
        (false, version) => assert_eq!(version, None, "{what}"),
    }
    match (row.code_view.0.is_empty(), image.code_view_record()) {
        (false, Some(record)) => {
            assert_eq!(*record, *row.code_view.0, "{what}");
            assert!(matches!(CodeView::new(&record, ByteOrder::Little), CodeView::Pdb70 { .. }), "{what}");
            found.code_views.push(name.clone());
        }
        (false, None) => found.missing.push(format!("{name}: CodeView record")),
        (true, record) => assert_eq!(record, None, "{what}"),
    }
    assert_eq!((image.misc_record(), row.misc.0), (None, [].as_slice()), "{what}");
}

/// The dumps are of processes under Wine, whose own libraries have no debug directories and mostly no version.
fn the_debugger_finds_the_same_in_images(shared: &Shared) {
    let mut totals = [0; 4];
    for set in ["live", "crash", "live32", "crash32", "highstack32"] {
        let file = MappedFile::open(shared.golden_path(&format!("{set}/ma.dmp"))).expect("it is unpacked");
        let found = compare(&file, set);
        let is_narrow = set.ends_with("32");
        let programs = if is_narrow { ["victim.exe", "high.dll"].as_slice() } else { &["victim.exe"] };
        let count = if is_narrow { 5 } else { 4 };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let expected = Agreement {
            modules: count,
            images: count,
            versions: names(&["ntdll.dll", "kernel32.dll"]),
            code_views: names(programs),
            missing: Vec::new(),
        };
        assert_eq!(found, expected, "{set}");
        let counts = [found.modules, found.images, found.versions.len(), found.code_views.len()];
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    assert_eq!(totals, [23, 23, 10, 8], "modules, images, versions, CodeView records");
}

/// One dump of the corpus has the headers of an image; its resources and records are not in the dump.
fn other_producers_find_the_same_in_images(shared: &Shared) {
    let mut seen = Vec::new();
    for row in shared.corpus() {
        let bytes = shared.corpus_file(&row);
        if Minidump::parse(&bytes).is_err() {
            continue;
        }
        let found = compare(&bytes, &row.file);
        if found.images > 0 {
            seen.push((row.file, found));
        }
    }
    let missing = ["electron.exe: version", "electron.exe: CodeView record"].map(str::to_owned).to_vec();
    let expected = Agreement { modules: 42, images: 1, missing, ..Agreement::default() };
    assert_eq!(seen, [("real/stability-report.dmp".to_owned(), expected)]);
}
