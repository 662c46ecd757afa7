//! Files as mappings: what can be opened, and what is said of the rest.

use std::io::ErrorKind;

use libtest_mimic::Trial;
use userdump::MappedFile;

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![a_file_is_seen_as_its_bytes, an_empty_file_is_no_bytes, what_is_no_file_is_named]
}

fn a_file_is_seen_as_its_bytes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"MDMP and more").unwrap();
    assert_eq!(&*MappedFile::open(file.path()).unwrap(), b"MDMP and more");
}

fn an_empty_file_is_no_bytes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(MappedFile::open(file.path()).unwrap().is_empty());
}

fn what_is_no_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // Windows does not let a program open a folder as a file in the first place.
    let folders = if cfg!(windows) { ErrorKind::PermissionDenied } else { ErrorKind::IsADirectory };
    for (path, kind) in [(folder.path().to_owned(), folders), (folder.path().join("no"), ErrorKind::NotFound)] {
        let error = MappedFile::open(&path).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "{error}");
    }
}
