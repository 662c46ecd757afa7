//! Every module of every available dump, compared with the `minidump` crate.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use minidump::{Minidump as Peer, MinidumpModuleList, MinidumpUnloadedModuleList, Module as _};
use userdump::read::module::CodeView;
use userdump::{Dump, MappedFile};

use super::{differences, of_module, of_peer};
use crate::support::{Shared, fixtures, golden, trials};

pub fn trials() -> Vec<Trial> {
    trials![fixtures_have_the_identifiers_of_the_peer, all_dumps_have_the_identifiers_of_the_peer]
}

/// The record that old versions of Breakpad and tests of LLVM wrote on Linux has no build ID, and the list has no time
/// stamp: the peer makes an ID of zeros and the size, which identifies no file on any server.
const MADE_UP: &str = "the peer makes up a code ID from a PDB record outside Windows";
/// The peer decodes the signature as a number in the byte order of the dump; tools write the letters as they are.
const LETTERS: &str = "letters in a big-endian dump are a signature too";

/// According to the peer's source.
const UNLOADED: &str = "time stamp and size only identify Windows binaries, and the peer does not check the system";

#[derive(Default)]
struct Compared {
    modules: usize,
    unloaded: usize,
    decided: BTreeMap<&'static str, usize>,
}

impl Compared {
    fn compare(&mut self, name: &str, bytes: &[u8]) {
        let Ok(Dump::Minidump(dump)) = Dump::parse(bytes) else { return };
        let peer = Peer::read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let list = peer.get_stream::<MinidumpModuleList>().ok();
        let theirs: Vec<_> = list.iter().flat_map(|list| list.iter()).collect();
        assert_eq!(dump.modules().len(), theirs.len() as u64, "modules of {name}");
        for (theirs, ours) in theirs.into_iter().zip(dump.modules()) {
            for (what, theirs, found) in differences(of_peer(theirs), of_module(&ours)) {
                let is_pdb = matches!(ours.code_view(), Ok(Some(CodeView::Pdb70 { .. })));
                let is_unix = dump.target().platform.is_some_and(|it| !it.is_windows());
                let letters = ours.code_view_record().is_ok_and(|it| it.is_some_and(|it| it.starts_with(b"RSDS")));
                let reason = match (what, &theirs, &found) {
                    ("code ID", Some(_), None) if is_pdb && is_unix => MADE_UP,
                    ("debug ID" | "debug file", None, Some(_)) if letters && peer.endian == minidump::Endian::Big => {
                        LETTERS
                    }
                    _ => panic!("{what} of {:?} of {name}: theirs {theirs:?}, ours {found:?}", ours.code_file()),
                };
                *self.decided.entry(reason).or_default() += 1;
            }
            self.modules += 1;
        }
        let list = peer.get_stream::<MinidumpUnloadedModuleList>().ok();
        let theirs = list.iter().flat_map(|list| list.iter());
        for (theirs, ours) in theirs.zip(dump.unloaded_modules()) {
            let code_id = theirs.code_identifier().map(|id| id.to_string());
            if dump.target().is_windows() {
                assert_eq!(ours.code_id().map(|id| id.to_string()), code_id, "{name}");
            } else {
                assert_eq!((ours.code_id(), code_id.is_some()), (None, true), "{name}");
                *self.decided.entry(UNLOADED).or_default() += 1;
            }
            assert_eq!(ours.code_file().as_deref(), Some(&*theirs.code_file()), "{name}");
            assert_eq!((ours.base(), u64::from(ours.size())), (theirs.base_address(), theirs.size()), "{name}");
            let stamps = (theirs.raw.time_date_stamp, theirs.raw.checksum);
            assert_eq!((ours.time_date_stamp(), ours.checksum()), stamps, "{name}");
            self.unloaded += 1;
        }
    }
}

fn fixtures_have_the_identifiers_of_the_peer() {
    let mut compared = Compared::default();
    fixtures::all().for_each(|(name, bytes)| compared.compare(name, bytes));
    compared.compare("quick start", fixtures::QUICK_START);
    assert!(compared.decided.is_empty(), "{:?}", compared.decided);
    assert!(compared.modules > 300 && compared.unloaded > 10, "{} and {}", compared.modules, compared.unloaded);
}

fn all_dumps_have_the_identifiers_of_the_peer(shared: &Shared) {
    let mut compared = Compared::default();
    for row in shared.corpus() {
        compared.compare(&row.file, &shared.corpus_file(&row));
    }
    // 3 dumps of Breakpad with 8 modules each, one with 8, two of LLVM with 1 and 2, and one made by hand.
    assert_eq!(compared.decided.get(MADE_UP), Some(&36), "{:?}", compared.decided);
    assert_eq!(compared.decided.get(LETTERS), Some(&2), "{:?}", compared.decided);
    let decided: usize = compared.decided.values().sum();
    for member in golden::members() {
        let file = MappedFile::open(shared.golden_path(&member)).expect("it can be mapped");
        compared.compare(&member, &file);
    }
    assert_eq!(compared.decided.values().sum::<usize>(), decided, "{:?}", compared.decided);
    println!("{} modules, {} unloaded ones, {:?}", compared.modules, compared.unloaded, compared.decided);
    assert!(compared.modules > 4000 && compared.unloaded > 80, "{} and {}", compared.modules, compared.unloaded);
}
