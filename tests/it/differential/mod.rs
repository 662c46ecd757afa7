//! Every available dump as we read it, compared with the `minidump` crate: every difference has its reason here.

mod description;
mod explained;
mod ours;
mod theirs;

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use userdump::MappedFile;

use crate::support::forms::open;
use crate::support::{Shared, fixtures, golden, trials};

use description::{Difference, compare};
use theirs::{Peer, Read};

pub fn trials() -> Vec<Trial> {
    trials![the_corpus_is_read_alike, the_fixtures_are_read_alike, the_golden_dumps_are_read_alike]
}

/// The result of the comparison.
#[derive(Debug, Default)]
struct Count {
    /// Files that both readers open.
    files: usize,
    fields: usize,
    /// Differences that have a reason.
    explained: usize,
    /// Differences without a reason, and reasons without a difference.
    wrong: Vec<String>,
}

impl Count {
    fn add(&mut self, file: &str, bytes: &[u8]) {
        let Ok(peer) = Peer::read(bytes) else {
            self.wrong.push(format!("{file}: the peer does not open it"));
            return;
        };
        let (dump, read) = (open(bytes), Read::new(&peer));
        let (mut ours, mut theirs) = (ours::describe(&dump), read.describe());
        let probes = ours::probes(&dump);
        ours::read_memory(&mut ours, &dump, &probes);
        read.read_memory(&mut theirs, &probes);
        let (found, fields) = compare(&ours, &theirs);
        self.files += 1;
        self.fields += fields;
        self.explain(file, found);
    }

    fn explain(&mut self, file: &str, mut found: BTreeMap<Difference, (usize, String)>) {
        for (kind, field, count, why) in explained::of(file) {
            match found.remove(&(kind, field.to_owned())) {
                Some((number, _)) if number == count => self.explained += number,
                Some((number, example)) => {
                    self.wrong.push(format!("{file}: {number} of {kind}, {field}, not {count} ({why}): {example}"));
                }
                None => self.wrong.push(format!("{file}: {kind}, {field} no longer differs ({why})")),
            }
        }
        for ((kind, field), (number, example)) in found {
            self.wrong.push(format!("{file}: {number} of {kind}, {field}: {example}"));
        }
    }

    fn check(self, files: usize, fields: usize, explained: usize) {
        println!("{} files, {} fields, {} differences explained", self.files, self.fields, self.explained);
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        assert_eq!((self.files, self.fields, self.explained), (files, fields, explained));
    }
}

fn the_corpus_is_read_alike(shared: &Shared) {
    let mut count = Count::default();
    for row in shared.corpus() {
        count.add(&row.file, &shared.corpus_file(&row));
    }
    count.check(81, 51_970, 68);
}

fn the_fixtures_are_read_alike() {
    let mut count = Count::default();
    for (name, bytes) in fixtures::all().chain([("quick start", fixtures::QUICK_START)]) {
        count.add(name, bytes);
    }
    count.check(245, 161_199, 376);
}

fn the_golden_dumps_are_read_alike(shared: &Shared) {
    let mut count = Count::default();
    for member in golden::wanted() {
        let file = MappedFile::open(shared.golden_path(&member)).expect("it is unpacked");
        count.add(&member, &file);
    }
    count.check(175, 187_079, 177);
}
