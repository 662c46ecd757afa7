//! The house rules for the sources: layers, `unsafe`, byte orders, lengths, lints.
//!
//! Every rule is a function from sources to faults, and is also tested on a source that breaks it.

mod circles;
mod documents;
mod pages;

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::support::{tree, trials};
use circles::circles;
use documents::Names;

pub fn trials() -> Vec<Trial> {
    trials![
        layers_import_downwards_only,
        no_large_circles,
        what_documents_name_is_there,
        every_invariant_is_held,
        no_page_is_crowded,
        the_library_has_no_tests_of_its_own,
        format_and_read_do_no_io,
        unsafe_is_in_one_file,
        byte_order_is_always_named,
        scroll_reads_in_one_file,
        formats_are_known_at_their_doors_only,
        no_file_is_long,
        the_library_denies_what_the_house_denies,
        comments_and_strings_are_not_code,
    ]
}

/// A source file: its path below the crate, with `/`, and its text.
type Source = (String, String);

/// The modules of the crate, and the other modules that each may use.
const LAYERS: [(&str, &[&str]); 7] = [
    ("error", &[]),
    ("format", &["error"]),
    ("read", &["error", "format"]),
    ("write", &["error", "format"]),
    ("redump", &["error", "format", "read", "write"]),
    ("file", &["error", "read", "write"]),
    ("source_file", &["error", "read", "write"]),
];

/// The lints that `lib.rs` must deny.
const LINTS: [&str; 9] = [
    "missing_docs",
    "missing_debug_implementations",
    "unsafe_code",
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::panic",
    "clippy::indexing_slicing",
    "clippy::cast_possible_truncation",
    "clippy::undocumented_unsafe_blocks",
];

fn layers_import_downwards_only() {
    check(&["src"], layering);
    breaks(layering, "src/format/header.rs", "use crate::read::Minidump;");
    breaks(layering, "src/read/mod.rs", "use super::write;");
    breaks(layering, "src/read/memory.rs", "fn f(x: super::super::write::Plan) {}");
    breaks(layering, "src/write/plan.rs", "use crate::{error::WriteError, read::{self, Dump}};");
    breaks(layering, "src/redump/mod.rs", "use crate::file::MappedFile;");
    breaks(layering, "src/write/plan.rs", "use crate::ReadError;");
    breaks(layering, "src/error.rs", "fn f() -> crate::format::Rva { todo!() }");
    keeps(layering, "src/lib.rs", "pub use crate::file::MappedFile; pub use read::Dump;");
    keeps(layering, "src/redump/mod.rs", "use crate::{format, read::{Dump, list}, write::Plan, redump::select};");
    keeps(layering, "src/read/thread.rs", "use super::list::List; use crate::format::thread::Thread; // crate::write");
}

fn no_large_circles() {
    check(&["src"], circles);
    let file = |name: &str, text: &str| (format!("src/read/{name}.rs"), text.to_owned());
    let three = [
        file("a", "use super::b::B;"),
        file("b", "use crate::read::{list::L, c::C};"),
        file("c", "type A = super::a::A;"),
    ];
    assert_eq!(circles(&three).len(), 1);
    assert_eq!(circles(&three[..2]), [""; 0]);
    let two = [file("a", "use super::b::B;"), file("b", "use super::a::A;"), file("c", "use super::a::A;")];
    assert_eq!(circles(&two), [""; 0]);
    let facade =
        [file("mod", "mod a;\nmod b;\npub use a::A;\npub use b::B;"), file("a", "use crate::read::B;"), file("b", "")];
    assert_eq!(circles(&facade), [""; 0]);
    let facade = [facade[0].clone(), facade[1].clone(), file("b", "use crate::read::{A};")];
    assert_eq!(circles(&facade).len(), 1);
    assert_eq!(circles(&[file("a", "// use super::b::B;"), file("b", "use super::a::{self, A};")]), [""; 0]);
}

fn no_page_is_crowded() {
    check(&["src"], pages::crowded);
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let root = file(
        "src/lib.rs",
        "pub mod a;\npub(crate) mod c;\nmod d;\npub use d::{\n    X,\n    Y as Z,\n};\npub use d::W;\n",
    );
    let many: String = (0..41).map(|number| format!("pub struct A{number};\n")).collect();
    let found = pages::pages(&[root.clone(), file("src/a/mod.rs", "pub fn f() {}\nimpl A {\n    pub fn g() {}\n}\n")]);
    let names: Vec<(&str, Vec<&str>)> =
        found.iter().map(|(page, names)| (page.as_str(), names.iter().map(String::as_str).collect())).collect();
    assert_eq!(names, [("src/lib.rs", vec!["W", "X", "Y", "mod a"]), ("src/a/mod.rs", vec!["f"])]);
    assert_eq!(pages::crowded(&[root.clone(), file("src/a.rs", &many)]), ["src/a.rs has 41 names"]);
    assert_eq!(pages::crowded(&[root, file("src/c.rs", &many)]), [""; 0]);
}

fn unsafe_is_in_one_file() {
    let rule = |sources: &[Source]| words_outside(sources, &["unsafe"], &["src/file.rs"], |_| true);
    check(&["src"], rule);
    breaks(rule, "src/read/bytes.rs", "fn f() { unsafe { g() } }");
    keeps(rule, "src/file.rs", "fn f() { unsafe { g() } }");
    keeps(rule, "src/lib.rs", "#![deny(unsafe_code)] // unsafe");
}

/// Cargo would not run them: the tests are a separate package.
fn the_library_has_no_tests_of_its_own() {
    let rule = |sources: &[Source]| {
        words_outside(sources, &["test"], &[], |rest| rest.starts_with(']') || rest.starts_with(')'))
    };
    check(&["src"], rule);
    breaks(rule, "src/read/bytes.rs", "#[test]\nfn f() {}");
    breaks(rule, "src/read/bytes.rs", "#[cfg(test)]\nmod tests {}");
    keeps(rule, "src/read/bytes.rs", "fn test() {} // #[test]");
}

/// Code that uses files or sinks needs `std`.
fn format_and_read_do_no_io() {
    let rule = |sources: &[Source]| {
        let low = sources.iter().filter(|(path, _)| path.starts_with("src/format/") || path.starts_with("src/read/"));
        // The first counts work per thread, for tests alone; the others hold state that threads share.
        let threads = [
            "src/read/work.rs",
            "src/read/memory/bucket_cache.rs",
            "src/read/source/block_cache.rs",
            "src/read/source/file.rs",
            "src/read/source/kept_bytes.rs",
        ];
        words_outside(&low.cloned().collect::<Vec<_>>(), &["std"], &threads, |rest| rest.starts_with("::"))
    };
    check(&["src"], rule);
    breaks(rule, "src/read/bytes.rs", "use std::io::Read;");
    keeps(rule, "src/read/bytes.rs", "use core::fmt; // std::io");
    keeps(rule, "src/write/emit.rs", "use std::io;");
}

/// Without `_with`, scroll uses the native byte order.
fn byte_order_is_always_named() {
    let names = ["pread", "gread", "gread_inout", "pwrite", "gwrite", "cread", "cwrite"];
    let rule = |sources: &[Source]| words_outside(sources, &names, &[], called);
    check(&["src"], rule);
    breaks(rule, "src/write/encode.rs", "bytes.pwrite(value, 0)");
    breaks(rule, "src/read/bytes.rs", "bytes.pread::<u32>(0)");
    keeps(rule, "src/read/bytes.rs", "bytes.pread_with::<u32>(0, LE)");
}

fn scroll_reads_in_one_file() {
    let names = ["pread_with", "gread_with", "gread_inout_with", "cread_with"];
    let rule = |sources: &[Source]| words_outside(sources, &names, &["src/read/bytes.rs"], called);
    check(&["src"], rule);
    breaks(rule, "src/read/thread.rs", "bytes.pread_with::<u32>(0, LE)");
    keeps(rule, "src/read/bytes.rs", "bytes.pread_with::<u32>(0, LE)");
}

/// Once a dump is opened, only the module of its format checks which format it has.
fn formats_are_known_at_their_doors_only() {
    check(&["src"], doors);
    breaks(doors, "src/redump/transcode.rs", "fn f(dump: &Dump<'_>) { if let Dump::FullUserDump(_) = dump {} }");
    breaks(doors, "src/redump/select/full.rs", "use crate::read::{FullUserDump, Memory};");
    breaks(doors, "src/redump/carry.rs", "match records { Records::Made(_) => 1, Records::InFile(_) => 2 }");
    keeps(doors, "src/redump/re_encoding.rs", "match dump { Dump::FullUserDump(dump) => full_user_dump::open(dump)? }");
    keeps(doors, "src/redump/full_user_dump/result.rs", "use crate::read::FullUserDump;");
    keeps(doors, "src/read/dump.rs", "use crate::read::FullUserDump;");
}

fn no_file_is_long() {
    check(&["src", "tests", "examples", "benches"], length);
    breaks(length, "src/read/mod.rs", &"\n".repeat(501));
    keeps(length, "src/read/mod.rs", &"\n".repeat(500));
}

fn the_library_denies_what_the_house_denies() {
    check(&["src"], lints);
    let all = format!("#![deny({})]", LINTS.join(", "));
    keeps(lints, "src/lib.rs", &all);
    for lint in LINTS {
        breaks(lints, "src/lib.rs", &all.replace(lint, "missing"));
        breaks(lints, "src/lib.rs", &all.replace("deny", "warn"));
    }
    breaks(lints, "src/lib.rs", &all.replace("#![deny", "#![allow(missing_docs)]\n// #![deny"));
}

fn comments_and_strings_are_not_code() {
    let first = code(r##"a /* b /* c */ d */ e // f "g" "h\"i" r#"j"k"# 'l' b'"' "m"##);
    assert_eq!(first.split_whitespace().collect::<Vec<_>>(), ["a", "e"]);
    let second = code("x<'a> '\\'' y \"http://z\" w 'u' ");
    assert_eq!(second.split_whitespace().collect::<Vec<_>>(), ["x<'a>", "y", "\"\"", "w"]);
}

fn what_documents_name_is_there() {
    let (root, sources) = (root(), sources(&["src", "tests", "examples", "benches", "fuzz/src", "fuzz/fuzz_targets"]));
    let (documents, names) = (documents::documents(&root), Names::of(&sources));
    assert!(documents.iter().any(|(name, _)| name == "ARCHITECTURE.md"), "the documents are missing");
    let faults: Vec<String> = documents.iter().flat_map(|it| documents::faults(&root, &names, it)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let found = |text: &str| documents::faults(&root, &names, &("benches/x.md".to_owned(), text.to_owned())).len();
    let sound =
        "`src/lib.rs`, `README.md`, `Target::mask`, `Plan::write_to()`, `small.dmp`, `/m`, `String`, `std::io::Write`";
    assert_eq!(found(sound), 0);
    for wrong in
        ["src/library.rs", "read/list.rs", "Target::no_such_method", "Planned", "tests/it/", "cargo run --example none"]
    {
        assert_eq!(found(&format!("`{wrong}`")), usize::from(wrong != "tests/it/"), "{wrong}");
    }
    assert_eq!(found("```sh\ncargo bench --bench none\n```\n[a](../LICENSE-MIT) [b](LICENSE-MIT)"), 2);
}

fn every_invariant_is_held() {
    let (root, sources) = (root(), sources(&["tests"]));
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("it is there");
    let loose = |text: &str| documents::loose_invariants(&sources, &LINTS, &("A.md".to_owned(), text.to_owned()));
    assert_eq!(loose(&text), [""; 0]);
    assert!(text.contains("\n## Invariants\n"), "the list is missing");
    let sound = "## Invariants\n\n- One.\n  `tidy::no_file_is_long`\n- Two: `clippy::panic`.\n\n## Next\n\n- Three";
    assert_eq!(loose(sound), [""; 0]);
    assert_eq!(loose(&sound.replace("no_file", "a_file").replace("clippy::panic", "panic")).len(), 2);
}

/// Checks a rule on the crate's own sources.
fn check(folders: &[&str], rule: impl Fn(&[Source]) -> Vec<String>) {
    let sources = sources(folders);
    assert!(sources.iter().any(|(path, _)| path == "src/lib.rs"), "the sources are missing");
    let faults = rule(&sources);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn root() -> PathBuf {
    tree::path("")
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    folders.iter().for_each(|folder| collect(&root, &root.join(folder), &mut sources));
    sources
}

fn breaks(rule: impl Fn(&[Source]) -> Vec<String>, path: &str, text: &str) {
    assert_ne!(rule(&[(path.to_owned(), text.to_owned())]), [""; 0], "nothing is wrong with {text:.80} in {path}");
}

fn keeps(rule: impl Fn(&[Source]) -> Vec<String>, path: &str, text: &str) {
    assert_eq!(rule(&[(path.to_owned(), text.to_owned())]), [""; 0], "{text:.80} in {path}");
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("folders of the crate can be listed").path();
        if path.is_dir() {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let parts = path.strip_prefix(root).expect("below the crate").iter().map(|part| part.to_string_lossy());
            sources.push((parts.collect::<Vec<_>>().join("/"), text));
        }
    }
}

fn layering(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in sources {
        let modules = module_path(path);
        // The crate root may use every layer.
        let Some((layer, allowed)) = LAYERS.iter().find(|(name, _)| modules.first() == Some(name)) else {
            continue;
        };
        for target in targets(&code(text), modules.len()) {
            if target != *layer && !allowed.contains(&target.as_str()) {
                faults.push(format!("{path} names crate::{target}, which {layer} must not"));
            }
        }
    }
    faults
}

/// `src/read/list.rs` is `[read, list]`, `src/read/mod.rs` is `[read]`, `src/lib.rs` is empty.
fn module_path(path: &str) -> Vec<&str> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.split('/').filter(|name| !["mod", "lib"].contains(name)).collect()
}

/// The top-level modules that the code of a module at this depth names, by `crate::` or by enough `super::`.
fn targets(code: &str, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    let climb = format!("{}::", vec!["super"; depth].join("::"));
    for root in ["crate::", climb.as_str()] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            let part_of_a_longer_path = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
            if !part_of_a_longer_path {
                found.extend(first_names(&code[at + root.len()..]));
            }
        }
    }
    found.retain(|name| name != "super" && !name.is_empty());
    found
}

/// The first name of a path, or of each path of a group in braces.
fn first_names(path: &str) -> Vec<String> {
    let name = |path: &str| path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(group) = path.trim_start().strip_prefix('{') else {
        return vec![name(path)];
    };
    let mut depth = 0_usize;
    let mut starts = vec![0];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    starts.into_iter().map(|start| name(&group[start..])).collect()
}

/// Faults for each of these words outside the allowed files, if the text after the word passes the filter.
fn words_outside(sources: &[Source], words: &[&str], allowed: &[&str], filter: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| !allowed.contains(&path.as_str())) {
        for (number, line) in code(text).lines().enumerate() {
            let is_word = |at: usize, word: &str| {
                let inside = |c: char| c.is_alphanumeric() || c == '_';
                !line[..at].ends_with(inside) && !line[at + word.len()..].starts_with(inside)
            };
            for word in words {
                let mut places = line.match_indices(word).map(|(at, _)| at);
                if places.any(|at| is_word(at, word) && filter(&line[at + word.len()..])) {
                    faults.push(format!("{path}:{}: {word}", number + 1));
                }
            }
        }
    }
    faults
}

fn called(rest: &str) -> bool {
    rest.starts_with('(') || rest.starts_with("::<")
}

fn doors(sources: &[Source]) -> Vec<String> {
    let inside = |path: &str| path.starts_with("src/redump/") && !path.starts_with("src/redump/full_user_dump/");
    let sources: Vec<Source> = sources.iter().filter(|(path, _)| inside(path)).cloned().collect();
    let formats = words_outside(&sources, &["FullUserDump"], &["src/redump/re_encoding.rs"], |_| true);
    let places = ["src/redump/minidump.rs", "src/redump/source.rs"];
    let records = words_outside(&sources, &["InFile", "Made"], &places, |_| true);
    [formats, records].concat()
}

fn length(sources: &[Source]) -> Vec<String> {
    let long = sources.iter().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > 500);
    long.map(|(path, lines)| format!("{path} has {lines} lines, 500 is the limit")).collect()
}

fn lints(sources: &[Source]) -> Vec<String> {
    let library = sources.iter().find(|(path, _)| path == "src/lib.rs").map(|(_, text)| code(text)).unwrap_or_default();
    let attributes = library.split("#![").skip(1).filter_map(|rest| rest.split(']').next());
    let denied: Vec<&str> = attributes
        .filter_map(|attribute| attribute.split_once("deny(").or(attribute.split_once("forbid(")))
        .flat_map(|(_, lints)| lints.split([',', ')']).map(str::trim))
        .collect();
    LINTS.iter().filter(|lint| !denied.contains(*lint)).map(|lint| format!("src/lib.rs does not deny {lint}")).collect()
}

/// The text without comments and without the contents of strings and character literals; line numbers are kept.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = rest.starts_with("r\"") || rest.starts_with("r#");
        let within_a_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let (skipped, kept) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), ""),
            '/' if rest.starts_with("/*") => (block_comment(rest), ""),
            'r' if raw && !within_a_word => (raw_string(rest), "\"\""),
            '"' => (quoted(rest, '"'), "\"\""),
            '\'' if is_character(rest) => (quoted(rest, '\''), ""),
            _ => (first.len_utf8(), &rest[..first.len_utf8()]),
        };
        let (gone, left) = rest.split_at(skipped);
        code.push_str(kept);
        if kept != gone {
            code.extend(gone.chars().filter(|c| *c == '\n'));
        }
        rest = left;
    }
    code
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let step = match text.get(at..at + 2) {
            Some("/*") => {
                depth += 1;
                2
            }
            Some("*/") => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

fn raw_string(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    // `r#name` is an identifier, not a string.
    if !text[1 + hashes..].starts_with('"') {
        return 1;
    }
    text[2 + hashes..].find(&end).map_or(text.len(), |at| 2 + hashes + at + end.len())
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Distinguishes `'a'` and `'\n'` from a lifetime.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    characters.next().is_some_and(|c| c == '\\') || characters.next() == Some('\'')
}
