//! A file gives what its bytes give.

use std::fmt::Debug;
use std::io::Cursor;
use std::thread;

use libtest_mimic::Trial;
use userdump::read::check::Finding;
use userdump::read::memory::MemoryIndex;
use userdump::redump::{Options, Redump};
use userdump::{Dump, OwnedDump, RedumpError, SourceFile};

use super::{on_disk, options_of};
use crate::owned::dumps;
use crate::programs::Folder;
use crate::support::forms::file_of;
use crate::support::{Shared, golden, shared_trial, trials};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![
        every_kind_of_dump_reads_the_same,
        every_kind_of_dump_is_re_encoded_the_same,
        a_file_of_the_system_is_re_encoded_the_same,
        an_owned_dump_and_kept_indexes_read_the_same,
        threads_can_share_a_file,
        what_is_not_a_dump_is_named_the_same,
        programs_do_the_same,
    ];
    all.push(shared_trial("file_source::equal::the_corpus_reads_and_is_re_encoded_the_same", the_corpus));
    all.push(shared_trial("file_source::equal::the_goldens_are_re_encoded_the_same", the_goldens));
    all
}

/// Everything that can be read from a dump, with the findings of a check.
fn content(dump: &Dump<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let walked = userdump_walk::walk(dump, &mut |value: &dyn Debug| lines.push(format!("{value:x?}")));
    lines.push(format!("{walked:?}"));
    let mut found = Vec::<Finding>::new();
    dump.check(&mut |finding| found.push(finding));
    lines.extend(found.iter().map(|finding| format!("{finding:?}")));
    lines
}

fn read_the_same(name: &str, bytes: &[u8]) {
    let [expected, found] = [Dump::parse(bytes), Dump::from_source(&file_of(bytes))].map(|dump| dump.err());
    assert_eq!(found, expected, "{name}");
    let file = file_of(bytes);
    if let (Ok(borrowed), Ok(dump)) = (Dump::parse(bytes), Dump::from_source(&file)) {
        let (found, expected) = (content(&dump), content(&borrowed));
        if let Some((found, expected)) = found.iter().zip(&expected).find(|(found, expected)| found != expected) {
            panic!("{name}: {found}\ninstead of {expected}");
        }
        assert_eq!(found.len(), expected.len(), "{name}");
        assert_eq!((dump.data(), dump.file_size(), file.fault()), (None, bytes.len() as u64, None), "{name}");
    }
}

fn every_kind_of_dump_reads_the_same() {
    dumps().iter().for_each(|(name, bytes)| read_the_same(name, bytes));
}

/// The result of a re-encoding and its report.
fn result(dump: &Dump<'_>, options: &Options) -> Result<(Vec<u8>, String), RedumpError> {
    let mut bytes = Cursor::new(Vec::new());
    let redump = Redump::new(dump, options)?;
    let report =
        if options.is_compressed() { redump.write_to_seekable(&mut bytes) } else { redump.write_to(&mut bytes) };
    report.map(|report| (bytes.into_inner(), format!("{report:?}")))
}

/// Re-encodes both ways with these words for options.
fn re_encode_the_same(name: &str, bytes: &[u8], file: &SourceFile, words: &str) {
    let options = options_of(words);
    let Ok(borrowed) = Dump::parse(bytes) else { return };
    let dump = Dump::from_source(file).expect("it is a dump");
    let [expected, found] = [&borrowed, &dump].map(|dump| result(dump, &options).map_err(|error| error.to_string()));
    match (found, expected) {
        (Ok(found), Ok(expected)) => {
            assert!(found.0 == expected.0, "{name}, {words}: another result");
            assert_eq!(found.1, expected.1, "{name}, {words}: another report");
        }
        (found, expected) => assert_eq!(found.err(), expected.err(), "{name}, {words}"),
    }
    assert_eq!(file.fault(), None, "{name}, {words}");
}

/// Options of every kind.
fn words() -> Vec<String> {
    let alone = "afFhutcrsRipwdMe".chars().map(|letter| format!("/m{letter}"));
    let others = ["/m", "/mA", "/mFhut", "/mrRs", "/mwpdci", "/f", "/as-is", "--walk /m", "/ma --compress"];
    alone.chain(others.map(str::to_owned)).collect()
}

fn every_kind_of_dump_is_re_encoded_the_same() {
    for (name, bytes) in dumps() {
        let file = file_of(&bytes);
        words().iter().for_each(|words| re_encode_the_same(&name, &bytes, &file, words));
    }
}

fn a_file_of_the_system_is_re_encoded_the_same() {
    for (name, bytes) in dumps() {
        let (_, file) = on_disk(&bytes);
        for words in ["/m", "/ma", "/mr", "/f", "/as-is", "/ma --compress"] {
            re_encode_the_same(&name, &bytes, &file, words);
        }
    }
}

fn an_owned_dump_and_kept_indexes_read_the_same() {
    for (name, bytes) in dumps() {
        let (_, file) = on_disk(&bytes);
        let owned = OwnedDump::new(file).expect("it is a dump");
        let borrowed = Dump::parse(&bytes).expect("it is a dump");
        assert_eq!(content(&owned.dump()), content(&borrowed), "{name}");
        let kept: MemoryIndex = owned.dump().memory().index();
        let (memory, bound) = (borrowed.memory(), kept.bind(owned.bytes()));
        for range in &memory {
            let (mut expected, mut found) = ([0; 999], [0; 999]);
            let count = memory.read(range.address, &mut expected);
            assert_eq!((bound.read(range.address, &mut found), found), (count, expected), "{name}");
        }
    }
}

fn threads_can_share_a_file() {
    let (_, bytes) = dumps().swap_remove(0);
    let (_, file) = on_disk(&bytes);
    let expected = content(&Dump::parse(&bytes).expect("it is a dump"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(content(&Dump::from_source(&file).expect("it is a dump")), expected));
        }
    });
}

fn what_is_not_a_dump_is_named_the_same() {
    let zip = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.dmp";
    for bytes in [&b""[..], b"MDMP", b"MDMP\x93\xa7\0\0", b"USERDUMP", b"PAGEDU64", &[0; 100], &[0; 20], b"x", zip] {
        read_the_same(&format!("{bytes:02x?}"), bytes);
    }
}

fn programs_do_the_same() {
    let mut results = 0;
    for (number, (name, bytes)) in dumps().into_iter().enumerate().step_by(5) {
        let folder = Folder::with(&[("a.dmp", &bytes)]);
        for words in [&["a.dmp"][..], &["a.dmp", "--json"]] {
            let [mapped, read] = [&[][..], &["--read"]].map(|more| folder.run("dumpchk", &[words, more].concat()));
            assert_eq!((mapped.code, mapped.out), (read.code, read.out), "{name} {words:?}");
        }
        for (options, result) in [("/m", "m"), ("/ma", "ma")] {
            let (mapped, read) = (format!("{result}-{number}.dmp"), format!("{result}-{number}-read.dmp"));
            folder.run("redump", &[options, "--force", "a.dmp", &mapped]);
            folder.run("redump", &[options, "--force", "--read", "a.dmp", &read]);
            let files = folder.files();
            assert!(files.get(&mapped) == files.get(&read), "{name} {options}");
            results += usize::from(files.contains_key(&mapped));
        }
    }
    assert!(results > 4, "{results} results");
}

fn the_corpus(shared: &Shared) {
    for row in shared.corpus() {
        let bytes = shared.corpus_file(&row);
        read_the_same(&row.file, &bytes);
        let file = file_of(&bytes);
        if Dump::from_source(&file).is_ok() {
            for words in ["/m", "/ma", "/mrR", "/mFhutsip", "/f", "/as-is"] {
                re_encode_the_same(&row.file, &bytes, &file, words);
            }
        }
    }
}

fn the_goldens(shared: &Shared) {
    for member in &golden::members().into_iter().step_by(12).collect::<Vec<_>>() {
        let bytes = shared.golden(member);
        read_the_same(member, &bytes);
        let file = file_of(&bytes);
        for words in ["/m", "/ma", "/mi", "/mwpdc", "/f", "/as-is", "/ma --compress"] {
            re_encode_the_same(member, &bytes, &file, words);
        }
    }
}
