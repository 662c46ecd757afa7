//! Files as mappings: what can be opened, and what is said of the rest.

use std::io::{self, ErrorKind};
use std::path::Path;

use libtest_mimic::Trial;
use userdump::redump::redump;
use userdump::{Dump, MappedFile};

use crate::support::{fixtures, trials};

/// Both ways to open a file, which differ in nothing while it stays as it is.
const WAYS: [fn(&Path) -> io::Result<MappedFile>; 2] = [|path| MappedFile::open(path), |path| MappedFile::read(path)];

pub fn trials() -> Vec<Trial> {
    trials![
        a_file_is_seen_as_its_bytes,
        an_empty_file_is_no_bytes,
        what_cannot_be_mapped_is_read,
        the_metadata_is_that_of_the_file,
        what_is_no_file_is_named,
        what_never_ends_is_refused,
        what_was_read_outlives_the_file,
    ]
}

fn a_file_is_seen_as_its_bytes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"MDMP and more").unwrap();
    for open in WAYS {
        assert_eq!(&*open(file.path()).unwrap(), b"MDMP and more");
    }
}

fn what_never_ends_is_refused() {
    #[cfg(unix)]
    {
        let error = MappedFile::read_at_most("/dev/urandom", 300_000).expect_err("it never ends");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "/dev/urandom: larger than the limit of 300000 bytes");
        let ways = WAYS.map(|open| open(Path::new("/dev/zero")));
        for error in ways.into_iter().chain([MappedFile::read_at_most("/dev/zero", 1 << 40)]) {
            let error = error.expect_err("it never ends");
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert_eq!(error.to_string(), "/dev/zero: all zeros up to 0x10000, so it is not a dump");
        }
        assert!(MappedFile::read_at_most("/dev/null", 0).unwrap().is_empty());
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [7; 1000]).unwrap();
    assert_eq!(MappedFile::read_at_most(file.path(), 999).expect_err("it is longer").kind(), ErrorKind::FileTooLarge);
    for limit in [1000, 1001, u64::MAX] {
        assert_eq!(*MappedFile::read_at_most(file.path(), limit).unwrap(), [7; 1000]);
    }
}

fn an_empty_file_is_no_bytes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for open in WAYS {
        assert!(open(file.path()).unwrap().is_empty());
    }
}

/// Neither a pipe nor a file that the system makes up knows its size. Only Linux gives a pipe a path.
fn what_cannot_be_mapped_is_read() {
    #[cfg(target_os = "linux")]
    for open in WAYS {
        use std::os::fd::AsRawFd;
        let file = std::fs::read("/proc/version").unwrap();
        assert!(!file.is_empty() && *open(Path::new("/proc/version")).unwrap() == *file);
        // More than a pipe holds at once.
        let bytes: Vec<u8> = (0..300_000u32).map(|it| it as u8).collect();
        let source = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(source.path(), &bytes).unwrap();
        let mut cat = std::process::Command::new("cat");
        let mut cat = cat.arg(source.path()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let pipe = cat.stdout.take().unwrap();
        let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
        let read = open(Path::new(&path)).unwrap();
        assert!(*read == *bytes && !read.metadata().is_file());
        assert!(cat.wait().unwrap().success());
    }
}

fn the_metadata_is_that_of_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"MDMP").unwrap();
    let mut permissions = file.as_file().metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(file.path(), permissions.clone()).unwrap();
    for open in WAYS {
        let opened = open(file.path()).unwrap();
        assert_eq!((opened.metadata().len(), opened.metadata().permissions()), (4, permissions.clone()));
    }
    #[allow(clippy::permissions_set_readonly_false)] // Windows does not remove a read-only file.
    permissions.set_readonly(false);
    std::fs::set_permissions(file.path(), permissions).unwrap();
}

fn what_is_no_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // Windows does not let a program open a folder as a file in the first place.
    let folders = if cfg!(windows) { ErrorKind::PermissionDenied } else { ErrorKind::IsADirectory };
    for (path, kind) in [(folder.path().to_owned(), folders), (folder.path().join("no"), ErrorKind::NotFound)] {
        for open in WAYS {
            let error = open(&path).unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "{error}");
        }
    }
}

/// In a mapping, the first look at a byte that is cut off would end the process, and a changed one would be seen.
fn what_was_read_outlives_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), fixtures::QUICK_START).unwrap();
    let source = MappedFile::read(file.path()).unwrap();
    let dump = Dump::parse(&source).unwrap();
    let redump_all = |dump: &Dump<'_>| {
        let mut out = Vec::new();
        redump(dump, &"/mA".parse().unwrap(), &mut out).unwrap();
        out
    };
    let expected = redump_all(&Dump::parse(fixtures::QUICK_START).unwrap());
    for left in [fixtures::QUICK_START.len() / 2, 0] {
        file.as_file().set_len(left as u64).unwrap();
        assert!(redump_all(&dump) == expected, "{left} bytes are left of the file");
    }
    std::fs::write(file.path(), vec![0xff; fixtures::QUICK_START.len()]).unwrap();
    assert!(redump_all(&dump) == expected && *source == *fixtures::QUICK_START);
}
