//! What shells and systems make of command lines and files: `redump` on Windows, in Git Bash, and in place.

use libtest_mimic::Trial;

use super::Folder;
use crate::support::fixtures::QUICK_START;
use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![words_that_a_shell_rewrote_are_recognised, a_dump_is_replaced_by_its_own_result]
}

/// Git for Windows puts the folder in which it is installed before a word that starts with a slash; MSYS2 also takes a single
/// letter for a drive.
fn words_that_a_shell_rewrote_are_recognised() {
    let folder = Folder::with(&[("in.dmp", QUICK_START)]);
    for (word, option) in [
        ("C:/Program Files/Git/m", "-m"),
        ("C:/Program Files/Git/mFhut", "-mFhut"),
        ("D:/msys64/o", "-o"),
        ("C:/cygwin64/f", "-f"),
        ("F:/", "-f"),
        ("O:/", "-o"),
    ] {
        let said = folder.refusal(2, &[word, "in.dmp", "out.dmp"]);
        assert!(said.starts_with(&format!("{word:?} seems to be")), "{said}");
        assert!(said.ends_with(&format!("write {option} instead")), "{said}");
    }
    // So are the letters of the other programs.
    for (program, words) in [("batch", &["--output", "out", "in.dmp"][..]), ("sanitise", &["in.dmp", "out.dmp"])] {
        let ran = folder.run(program, &[&["--letters", "C:/Program Files/Git/mtu"][..], words].concat());
        let expected = "--letters \"C:/Program Files/Git/mtu\" seems to be \"/mtu\", ";
        assert!(ran.err.starts_with(&format!("{program}: {expected}")), "{}", ran.err);
        assert!(ran.code == 2 && ran.err.contains("write -mtu instead\n"), "{}", ran.err);
        assert_eq!(folder.files().len(), 1);
    }
    // Two paths are two paths.
    let said = folder.refusal(1, &["C:/Program Files/Git/m", "out.dmp"]);
    assert!(said.starts_with("C:/Program Files/Git/m: "), "{said}");
    let said = folder.refusal(2, &["C:/a/b.dmp", "in.dmp", "out.dmp"]);
    assert!(said.starts_with("INPUT and OUTPUT are required, but 3 paths"), "{said}");
}

/// Windows does not replace a file that is mapped.
fn a_dump_is_replaced_by_its_own_result() {
    let folder = Folder::with(&[("in.dmp", QUICK_START), ("other.dmp", QUICK_START)]);
    assert_eq!(folder.run("redump", &["/m", "in.dmp", "expected.dmp"]).code, 0);
    for (name, more) in [("in.dmp", &[][..]), ("other.dmp", &["--read"])] {
        let ran = folder.run("redump", &[more, &["/o", "/m", name, name]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.starts_with(&format!("written     {name}, ")), "{}", ran.out);
        assert!(folder.read(name) == folder.read("expected.dmp"), "{name}");
    }
}
