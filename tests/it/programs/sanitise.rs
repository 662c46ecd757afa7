//! `sanitise`: the filters of `r` and `R`, and no pattern in the result.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use userdump::format::StreamType;

use super::Folder;
use crate::support::cpu::Cpu;
use crate::support::fixtures::{self, FULL_USER_DUMP, QUICK_START};
use crate::support::trials;
use crate::synth::{Dump, Module, Thread};

#[path = "../../../examples/sanitise/remains.rs"]
mod remains;

pub fn trials() -> Vec<Trial> {
    trials![
        without_patterns_it_is_redump_with_both_letters,
        patterns_are_blank_everywhere,
        the_report_lists_what_was_removed_and_what_remains,
        every_stream_that_remains_is_described,
        unsafe_results_and_wrong_arguments_are_refused,
    ]
}

fn without_patterns_it_is_redump_with_both_letters() {
    let sources = fixtures::all().filter(|(name, _)| !name.contains("-from-")).take(8);
    for (name, bytes) in sources.chain([("user", FULL_USER_DUMP)]) {
        for (letters, same) in [("/m", "/mrR"), ("/mtu", "/mturR"), ("/ms", "/ms")] {
            let folder = Folder::with(&[("in.dmp", bytes)]);
            folder.printed(0, "sanitise", &["--letters", letters, "in.dmp", "clean.dmp"]);
            let ran = folder.run("redump", &[same, "in.dmp", "out.dmp"]);
            assert_eq!(ran.code, 0, "{name} {letters}: {}", ran.err);
            assert!(folder.read("clean.dmp") == folder.read("out.dmp"), "{name} {letters}");
            folder.printed(0, "sanitise", &["--read", "--letters", letters, "in.dmp", "read.dmp"]);
            assert!(folder.read("clean.dmp") == folder.read("read.dmp"), "{name} {letters}");
        }
    }
}

/// Returns the text in UTF-8 and in UTF-16.
fn forms(text: &str) -> [Vec<u8>; 2] {
    [text.as_bytes().to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()]
}

fn has(bytes: &[u8], text: &str) -> bool {
    let lower = bytes.to_ascii_lowercase();
    forms(&text.to_lowercase()).iter().any(|form| lower.windows(form.len()).any(|window| window == form))
}

/// The names occur in both encodings in private memory, also across the border of two ranges, and in the names of a module and
/// a thread.
fn patterns_are_blank_everywhere() {
    let names = ["Jane Doe", "grün-weiß", "0123456789abcdef"];
    let mut memory = vec![b'.'; 0x300];
    for (at, name) in (0x10..).step_by(0x80).zip(names) {
        for (form, at) in forms(name).into_iter().zip([at, at + 0x20]) {
            memory[at..at + form.len()].copy_from_slice(&form);
        }
    }
    memory[0x1f8..0x200].copy_from_slice(b"JANE DOE");
    // At the border of two ranges, and where the redaction hook may get the next piece.
    let border = forms("Jane Doe");
    let mut large = vec![b'.'; 3 << 20];
    for (number, at) in (1..3).map(|it| it << 20).enumerate() {
        let form = &border[number % 2];
        large[at - 5..at - 5 + form.len()].copy_from_slice(form);
    }
    let source = Dump::new()
        .system_info(Cpu::AMD64.windows())
        .thread(Thread::new(7).context(Cpu::AMD64.context(0x1000, 0x2000)));
    let source =
        source.module(Module::new(0x7000_0000, 0x1000, r"C:\Users\jane\jane doe.exe")).thread_name(7, "of Jane Doe");
    let source = source
        .memory(0x1_0000, &memory)
        .memory(0x1_0300, b"Jane")
        .memory(0x1_0304, b" Doe....")
        .memory(0x100_0000, &large);
    let folder =
        Folder::with(&[("in.dmp", &source.build()), ("names.txt", "grün-weiß\r\n\n0123456789ABCDEF\n".as_bytes())]);
    let words = ["--letters", "/mw", "--pattern", "Jane Doe", "--patterns", "names.txt", "in.dmp", "clean.dmp"];
    let told = folder.printed(0, "sanitise", &words);
    let clean = folder.read("clean.dmp");
    for name in names {
        assert!(!has(&clean, name), "{name}");
    }
    let words = [&["--read", "--overwrite"][..], &words].concat();
    assert_eq!(folder.printed(0, "sanitise", &words), told);
    assert!(folder.read("clean.dmp") == clean);
    // Nothing else has changed.
    assert_eq!(folder.run("redump", &["/mwrR", "in.dmp", "out.dmp"]).code, 0);
    let out = folder.read("out.dmp");
    assert_eq!(out.len(), clean.len());
    assert!(names.iter().all(|name| has(&out, name)));
    let changed: Vec<usize> = (0..out.len()).filter(|at| out[*at] != clean[*at]).collect();
    let ascii = |text: &str| text.len();
    let wide = |text: &str| 2 * text.encode_utf16().count();
    // Characters become asterisks and zeros. In UTF-16, every second byte of ASCII characters was already zero.
    assert!(changed.iter().all(|at| clean[*at] == b'*' || clean[*at] == 0));
    let at_most: usize =
        names.iter().map(|name| ascii(name) + wide(name)).sum::<usize>() + 5 * wide(names[0]) + 3 * ascii(names[0]);
    assert!(changed.len() > 60 && changed.len() <= at_most, "{} of {at_most}", changed.len());
    // In memory: both encodings, the other case, at the border of two ranges, and twice in the large range. In names: a module
    // and a thread.
    for line in [
        "blanked     pattern 1: 6 places in memory, 2 in names and other text",
        "            pattern 2: 2 places in memory, 0 in names and other text",
        "            pattern 3: 2 places in memory, 0 in names and other text",
    ] {
        assert!(told.lines().any(|it| it == line), "{line}: {told}");
    }
    assert!(!names.iter().any(|name| told.contains(name)), "{told}");
}

fn the_report_lists_what_was_removed_and_what_remains() {
    let source = Dump::new()
        .system_info(Cpu::AMD64.windows())
        .thread(Thread::new(7).context(Cpu::AMD64.context(0x1000, 0x2000)));
    let source = source.module(Module::new(0x7000_0000, 0x1000, "a.exe")).comment_a("typed").thread_name(7, "worker");
    let source = source.memory(0x1_0000, vec![7; 0x123]).raw(0x1_0001, b"of a program");
    let folder = Folder::with(&[("in.dmp", &source.build())]);
    let words = ["--letters", "/mw", "--drop-stream", "threadnames", "in.dmp", "clean.dmp"];
    let told = folder.printed(0, "sanitise", &words);
    let size = folder.read("clean.dmp").len();
    let unfiltered = format!("{} bytes of unfiltered memory that the letters add: data or code of the program", 0x123);
    for line in [
        format!("written     clean.dmp, {size} bytes, /mwrR"),
        "removed     streams that may contain user input: 0x10001, CommentA".to_owned(),
        "            streams that you left out: ThreadNames".to_owned(),
        format!("            {unfiltered}"),
        "            SystemInfo: processor, system version, service pack".to_owned(),
    ] {
        assert!(told.lines().any(|it| it == line), "{line}: {told}");
    }
    assert!(!told.contains("not described"), "{told}");
    for gone in ["typed", "worker", "of a program"] {
        assert!(!has(&folder.read("clean.dmp"), gone), "{gone}");
    }
}

fn every_stream_that_remains_is_described() {
    let kept: BTreeSet<_> = StreamType::KNOWN.iter().filter(|it| it.row().kept_by_r).copied().collect();
    let described = StreamType::KNOWN.iter().filter(|it| remains::of_stream(**it).is_some()).copied().collect();
    assert_eq!(kept, described);
}

fn unsafe_results_and_wrong_arguments_are_refused() {
    let rows: [(&[&str], i32, &str); 9] = [
        (&["--letters", "/ma", "in.dmp", "out.dmp"], 2, "--letters /ma: full memory overrides r"),
        (&["--letters", "/mf", "in.dmp", "out.dmp"], 2, "--letters /mf: full memory overrides r"),
        (&["--letters", "/f", "in.dmp", "out.dmp"], 2, "--letters /f: a full user dump cannot be filtered"),
        (&["--pattern", "ab", "in.dmp", "out.dmp"], 2, "\"ab\" is too short"),
        (&["--drop-stream", "Nothing", "in.dmp", "out.dmp"], 2, "\"Nothing\" is not a stream type"),
        (&["in.dmp"], 2, "expected INPUT and OUTPUT"),
        (&["--pattern", "MDMP", "in.dmp", "out.dmp"], 1, "in.dmp: \"MDMP\" occurs in the header or directory"),
        (&["in.dmp", "old.dmp"], 1, "old.dmp: file exists; use --overwrite to overwrite it"),
        (&["--overwrite", "in.dmp", "in.dmp"], 1, "in.dmp: this is INPUT"),
    ];
    for (words, code, expected) in rows {
        let folder = Folder::with(&[("in.dmp", QUICK_START), ("old.dmp", b"old")]);
        let before = folder.files();
        let ran = folder.run("sanitise", words);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{words:?}: {}", ran.err);
        assert!(ran.err.starts_with(&format!("sanitise: {expected}")), "{words:?}: {}", ran.err);
        assert!(folder.files() == before, "{words:?}");
    }
}
