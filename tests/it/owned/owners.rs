//! A dump reads the same regardless of what owns the bytes.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Debug;
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use libtest_mimic::Trial;
use userdump::error::OwnedDumpError;
use userdump::{Dump, MappedFile, OwnedDump, ReadError};

use super::dumps;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        every_owner_gives_what_a_borrowed_dump_gives,
        the_owner_is_given_back,
        what_is_not_a_dump_is_given_back,
        a_file_is_opened_by_its_path,
        files_that_are_not_dumps_are_named,
    ]
}

/// A slice of shared bytes, like `bytes::Bytes`.
#[derive(Clone)]
struct Part {
    all: Arc<[u8]>,
    part: Range<usize>,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.all[self.part.clone()]
    }
}

/// Everything that can be read from a dump.
fn content(dump: &Dump<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let walked = userdump_walk::walk(dump, &mut |value: &dyn Debug| lines.push(format!("{value:x?}")));
    lines.push(format!("{walked:?}"));
    lines
}

fn every_owner_gives_what_a_borrowed_dump_gives() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    for (name, bytes) in dumps() {
        let borrowed = Dump::parse(&bytes).expect("it is a dump");
        let expected = content(&borrowed);
        assert!(expected.len() > 2, "{name}");
        let check = |what: &str, dump: Dump<'_>| {
            assert!(content(&dump) == expected, "{name} as {what}");
            assert_eq!(
                (dump.data().unwrap(), dump.byte_order()),
                (bytes.as_slice(), borrowed.byte_order()),
                "{name} as {what}"
            );
            assert_eq!(dump.target(), borrowed.target(), "{name} as {what}");
        };
        check("vector", OwnedDump::new(bytes.clone()).expect("a dump").dump());
        check("box", OwnedDump::new(bytes.clone().into_boxed_slice()).expect("a dump").dump());
        check("shared", OwnedDump::new(Arc::<[u8]>::from(bytes.as_slice())).expect("a dump").dump());
        check("shared by one thread", OwnedDump::new(Rc::<[u8]>::from(bytes.as_slice())).expect("a dump").dump());
        check("borrowed", OwnedDump::new(bytes.as_slice()).expect("a dump").dump());
        check("either", OwnedDump::new(Cow::Borrowed(bytes.as_slice())).expect("a dump").dump());
        let all: Arc<[u8]> = [b"before".as_slice(), &bytes, b"behind"].concat().into();
        let part = Part { all, part: 6..6 + bytes.len() };
        check("part", OwnedDump::new(part).expect("a dump").dump());
        std::fs::write(file.path(), &bytes).expect("it can be written");
        check("mapping", OwnedDump::open(file.path()).expect("a dump").dump());
        let read = MappedFile::read(file.path()).expect("it can be read");
        check("file in memory", OwnedDump::new(read).expect("a dump").dump());
    }
}

fn the_owner_is_given_back() {
    for (name, bytes) in dumps() {
        let at = bytes.as_ptr();
        let owned = OwnedDump::new(bytes).expect("it is a dump");
        assert_eq!(owned.bytes().as_ptr(), at, "{name}");
        assert_eq!((owned.as_ref().as_ptr(), owned.dump().data().unwrap().as_ptr()), (at, at), "{name}");
        let bytes = owned.into_bytes();
        assert_eq!(bytes.as_ptr(), at, "{name}");
    }
}

fn what_is_not_a_dump_is_given_back() {
    let mut damaged = dumps().swap_remove(0).1;
    damaged[4] ^= 1;
    for bytes in [vec![], b"MDMP".to_vec(), b"PAGEDU64".to_vec(), b"neither".to_vec(), damaged] {
        let expected = Dump::parse(&bytes).expect_err("it is not a dump");
        let at = bytes.as_ptr();
        let error: OwnedDumpError<Vec<u8>> = OwnedDump::new(bytes.clone()).expect_err("it is not a dump");
        assert_eq!((error.error(), error.to_string()), (expected, expected.to_string()));
        assert!(error.source().is_none(), "the message says it all");
        assert_eq!(ReadError::from(error.clone()), expected);
        assert_eq!(error.into_bytes(), bytes);
        let error = OwnedDump::new(bytes).expect_err("it is not a dump");
        let bytes = error.into_bytes();
        assert_eq!(bytes.as_ptr(), at, "it is not copied");
    }
}

fn a_file_is_opened_by_its_path() {
    let (_, bytes) = dumps().swap_remove(0);
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&bytes).expect("it can be written");
    let owned = OwnedDump::open(file.path()).expect("it is a dump");
    assert_eq!(owned.as_ref(), bytes);
    assert_eq!(owned.bytes().metadata().len(), bytes.len() as u64);
}

fn files_that_are_not_dumps_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("some.txt");
    std::fs::write(&path, b"some text, and not a dump").expect("it can be written");
    let reason = Dump::parse(b"some text, and not a dump").expect_err("it is not a dump");
    let error = OwnedDump::open(&path).expect_err("it is not a dump");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(error.to_string(), format!("{}: {reason}", path.display()));
    let absent = folder.path().join("absent.dmp");
    let error = OwnedDump::open(&absent).expect_err("it is not there");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with(&absent.display().to_string()), "{error}");
}
