//! Everything that documents name must exist: paths, items of the crate, programs and benches of commands, the tests
//! that hold the invariants.

use std::collections::HashSet;
use std::path::Path;
use std::{fs, iter};

use super::{Source, code};

/// A document: its path from the root, with `/`, and its text.
pub type Document = (String, String);

/// Every document of the repository.
pub fn documents(root: &Path) -> Vec<Document> {
    let mut found = Vec::new();
    let folders = [
        "",
        "benches",
        "benches/record",
        "fuzz",
        "examples",
        "examples/web",
        "tests",
        "tests/fixtures",
        "tests/fixtures/regressions",
        "tests/interop",
    ];
    for folder in folders {
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten();
        for path in entries.map(|entry| entry.expect("folders can be listed").path()) {
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).expect("documents are UTF-8");
                found.push((if folder.is_empty() { name } else { format!("{folder}/{name}") }, text));
            }
        }
    }
    found.sort();
    found
}

/// The paths and items that a document names and that do not exist.
pub fn faults(root: &Path, names: &Names, (name, text): &Document) -> Vec<String> {
    let own = Path::new(name).parent().unwrap_or(Path::new(""));
    let mut faults = Vec::new();
    for span in spans(text) {
        let fault = if let Some(command) = command(span) {
            command_fault(root, command)
        } else if is_path(span) {
            let places = [root.join(span), root.join(own).join(span)];
            (!places.iter().any(|place| place.exists())).then(|| "there is no such file".to_owned())
        } else if let Some(item) = item(span) {
            let missing = item.iter().find(|part| !names.contain(part));
            missing.map(|part| format!("{part} is not defined"))
        } else {
            None
        };
        faults.extend(fault.map(|fault| format!("{name} names `{span}`: {fault}")));
    }
    for link in links(text) {
        if !root.join(own).join(link).exists() {
            faults.push(format!("{name} links to {link}, which is not there"));
        }
    }
    faults
}

/// Inline code, and the lines of shell code blocks.
fn spans(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut block = None;
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            block = if block.is_some() { None } else { Some(language) };
        } else if let Some(language) = block {
            found.extend((language == "sh").then_some(line.trim()));
        } else {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// The targets of links that stay in the repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|it| it.split('#').next().unwrap_or(it))
}

/// Endings of files that documents name without a folder.
const ENDINGS: [&str; 6] = [".rs", ".md", ".toml", ".sh", ".tar.zst", ".dmp"];
/// The folders of the repository.
const FOLDERS: [&str; 6] = ["src", "tests", "benches", "fuzz", "examples", ".ci"];
/// The files that commands in documents read and write.
const MADE: [&str; 4] = ["in.dmp", "out.dmp", "small.dmp", "crash.dmp"];

/// Files of the reference material, which is not in the repository.
const ELSEWHERE: [&str; 5] = ["capture.sh", "redump.sh", "synth_cases.py", "golden.tar.zst", "golden32.tar.zst"];

fn is_path(span: &str) -> bool {
    let plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let folder = span.split('/').next().is_some_and(|first| FOLDERS.contains(&first)) && span.contains('/');
    let file = ENDINGS.iter().any(|ending| span.ends_with(ending)) && ![&MADE[..], &ELSEWHERE].concat().contains(&span);
    plain && (folder || file)
}

/// The path of an item of the crate: `Target::mask`, `Plan::write_to()`, `StreamRow`.
fn item(span: &str) -> Option<Vec<&str>> {
    let path = span.strip_suffix("()").unwrap_or(span);
    let parts: Vec<&str> = path.split("::").collect();
    let is_name = |part: &&str| {
        part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && part.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    let foreign = ["std", "core", "alloc", "scroll", "clippy"];
    let camel = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.contains(|c: char| c.is_ascii_lowercase())
            && part.len() > 2
    };
    let is_item = parts.len() > 1 || path != span || camel(path);
    (is_item && parts.iter().all(is_name) && !foreign.contains(&parts[0]) && !STANDARD.contains(&path)).then_some(parts)
}

/// Types of the standard library, and names from file formats that look like an item of the crate.
const STANDARD: [&str; 2] = ["String", "Vec"];

/// The names that the sources declare, and those of their modules.
pub struct Names {
    declared: HashSet<String>,
    /// Variants and items that macros declare: the first words of lines.
    rows: HashSet<String>,
}

impl Names {
    pub fn of(sources: &[Source]) -> Self {
        let keywords = ["fn ", "struct ", "enum ", "trait ", "type ", "const ", "mod ", "macro_rules! ", "pub "];
        let (mut declared, mut rows) = (HashSet::new(), HashSet::new());
        for (path, text) in sources {
            declared.extend(path.split('/').skip(1).map(|part| part.strip_suffix(".rs").unwrap_or(part).to_owned()));
            for keyword in keywords {
                declared.extend(text.split(keyword).skip(1).map(|rest| word(rest).to_owned()));
            }
            if path.starts_with("src/") {
                rows.extend(code(text).lines().filter_map(row).map(str::to_owned));
            }
        }
        Self { declared, rows }
    }

    fn contain(&self, name: &str) -> bool {
        let is_type = name.starts_with(|c: char| c.is_ascii_uppercase());
        self.declared.contains(name) || is_type && self.rows.contains(name)
    }
}

/// The letters, digits and underscores at the start of a text.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The first word of a line, if what follows it can follow the name of a variant or of an item.
fn row(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let first = word(line);
    let rest = line[first.len()..].trim_start();
    (rest.is_empty() || rest.starts_with([',', '(', '{', '=', ':', ';'])).then_some(first)
}

/// The words of a shell command, if the span is one.
fn command(span: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> =
        span.split_whitespace().filter(|word| !word.contains('=') || word.starts_with('-')).collect();
    let starts = ["cargo", "bash", "python3"];
    (words.len() > 1 && words.first().is_some_and(|first| starts.contains(first))).then_some(words)
}

/// The error in a command, if any: missing programs, benches, packages and files.
fn command_fault(root: &Path, words: Vec<&str>) -> Option<String> {
    let pairs = words.iter().zip(words.iter().skip(1).chain(iter::repeat(&"")));
    for (word, next) in pairs {
        let next = next.trim_matches('\'');
        let exists = match *word {
            "--example" => ["examples", "fuzz/examples"].iter().any(|folder| {
                root.join(folder).join(format!("{next}.rs")).exists() || root.join(folder).join(next).exists()
            }),
            "--bench" if next == "*" => true,
            "--bench" => ["benches", "benches/benches", "benches/peers/benches"]
                .iter()
                .any(|folder| root.join(folder).join(format!("{next}.rs")).exists()),
            "--manifest-path" | "bash" if !next.starts_with('-') => root.join(next).exists(),
            "-p" | "--package" => ["", "tests/it", "benches", "fuzz", "examples/web"].iter().any(|folder| {
                let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap_or_default();
                manifest.contains(&format!("name = \"{next}\""))
            }),
            _ => true,
        };
        if !exists {
            return Some(format!("there is no {next} for {word}"));
        }
    }
    None
}

/// Invariants that do not name a test or lint that holds them. Each is an item of the list under `## Invariants`.
pub fn loose_invariants(sources: &[Source], lints: &[&str], (name, text): &Document) -> Vec<String> {
    let section = text.lines().skip_while(|line| *line != "## Invariants").skip(1);
    let section: Vec<&str> = section.take_while(|line| !line.starts_with("## ")).collect();
    let joined = section.join("\n");
    let items = joined.split("\n- ").skip(1);
    let holds = |span: &str| {
        lints.contains(&span)
            || span.split_once("::").is_some_and(|(file, test)| {
                let path = |end: &str| format!("tests/it/{file}{end}");
                let in_file = sources.iter().find(|(it, _)| *it == path(".rs") || *it == path("/mod.rs"));
                in_file.is_some_and(|(_, text)| text.contains(&format!("fn {test}()")))
            })
    };
    let loose = items.filter(|item| !spans(item).into_iter().any(holds));
    loose
        .map(|item| format!("{name}: nothing holds the invariant \"{}\"", item.lines().next().unwrap_or(item)))
        .collect()
}
