//! What the programs print for the cases.

use libtest_mimic::Trial;

use crate::programs::{Folder, table};
use crate::support::facts::Facts;
use crate::support::json::Json;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![both_comments_are_printed, memory_that_a_row_calls_free_is_kept, the_first_name_that_can_be_read_counts]
}

fn both_comments_are_printed(shared: &Shared) {
    let bytes = shared.read("cases/procdump-comments.dmp");
    let folder = Folder::with(&[("in.dmp", &bytes)]);
    // ProcDump's is in UTF-16; the other consists of bytes in an unknown code page.
    let expected = [
        "*** procdump -ma -e 1 -f \"\" app.exe c:\\dumps\n*** Unhandled exception: C0000005.ACCESS_VIOLATION",
        "Ïðîöåññ óïàë",
    ];
    let printed = folder.printed(0, "dumpchk", &["in.dmp"]);
    let shown: String = table(&printed, "comments: 2").iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(shown.trim_end(), expected.join("\n"));
    let found = Json::parse(folder.printed(0, "dumpchk", &["--json", "in.dmp"]).as_bytes());
    let found: Vec<_> = found.get("comments").list().iter().map(|it| it.text().replace('\r', "")).collect();
    assert_eq!(found.iter().map(|it| it.trim()).collect::<Vec<_>>(), expected);
}

fn memory_that_a_row_calls_free_is_kept(shared: &Shared) {
    const AT: u64 = 0x2000_0000;
    let source = shared.read("cases/region-says-free.dmp");
    let folder = Folder::with(&[("in.dmp", &source)]);
    let facts = Facts::of(&source);
    let expected = facts.read(AT, 0x1_0000);
    assert_eq!(expected.len(), 0x1_0000);
    for words in [&["/ma"][..], &["/ma", "--keep", "0x20000000+0x10000"], &["/mfF"]] {
        let words: Vec<_> = ["/o"].iter().chain(words).chain(&["in.dmp", "out.dmp"]).copied().collect();
        let printed = folder.redump(&words);
        let out = folder.read("out.dmp");
        assert!(Facts::of(&out).read(AT, 0x1_0000) == expected, "{words:?}");
        assert!(!printed.contains("dropped") && !printed.contains("lost"), "{words:?}: {printed}");
    }
}

/// Like the debugger, which shows the first.
fn the_first_name_that_can_be_read_counts(shared: &Shared) {
    let folder = Folder::with(&[("in.dmp", &shared.read("cases/thread-names-odd.dmp"))]);
    for letters in ["/m", "/ma"] {
        folder.redump(&["/o", letters, "in.dmp", "out.dmp"]);
        for name in ["in.dmp", "out.dmp"] {
            let rows = table(&folder.run("dumpchk", &[name]).out, "threads: 2");
            let first = rows.iter().find(|row| row.starts_with("0x1 ")).expect("it is present");
            assert!(first.ends_with(" bytes Main 😀"), "{letters} {name}: {first}");
            let printed = folder.printed(0, "threads", &[name]);
            assert!(printed.starts_with("thread 0x1 Main 😀, environment block "), "{letters} {name}: {printed}");
        }
    }
}
