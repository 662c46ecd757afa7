//! Runs the programs in `examples/` on the fixtures, as their documentation says.

use std::fs;

use crate::Outcome;
use crate::command::{cargo, of, output, read};

const DUMP: &str = "tests/fixtures/quick-start.dmp";
const USER_DUMP: &str = "tests/fixtures/full-user-dump.dmp";

/// The files whose headers show a command and a part of what it prints, with its exit code. They use the result of the quick start.
/// `snapshot` needs a process, and `handles` a dump with handles.
const DOCUMENTED: [(&str, i32); 12] = [
    ("redump/main.rs", 0),
    ("dumpchk/main.rs", 0),
    ("compare/main.rs", 1),
    ("sanitise/main.rs", 0),
    ("batch/main.rs", 1),
    ("ingest.rs", 0),
    ("write_minimal.rs", 0),
    ("streams.rs", 0),
    ("modules.rs", 0),
    ("threads.rs", 0),
    ("regions.rs", 0),
    ("read_memory.rs", 0),
];

/// What the commands in the documents write.
const WRITTEN: [&str; 5] = ["small.dmp", "clean.dmp", "made-up.dmp", "small.jsonl", "small"];

/// Each program, its arguments, its exit code, and words that it prints.
const RUNS: [(&str, &[&str], i32, &str); 10] = [
    ("dumpchk", &[DUMP], 0, "no findings"),
    ("dumpchk", &["README.md"], 2, ""),
    ("dumpchk", &[USER_DUMP], 0, "ACCESS_VIOLATION (0xc0000005) writing"),
    ("dumpchk", &["--json", USER_DUMP], 0, "\"format\": \"userdu64\""),
    ("modules", &[USER_DUMP], 0, "C:\\a.exe"),
    ("threads", &[USER_DUMP], 0, "thread 0x8 stopped at 0x7ff6a5000010: ACCESS_VIOLATION"),
    ("regions", &[USER_DUMP], 0, "0x00007ff6a5000000           31 commit"),
    ("read_memory", &[USER_DUMP, "0x2000", "16"], 0, "00 01 02 03 04 05 06 07 08"),
    ("streams", &[USER_DUMP], 1, ""),
    ("handles", &[DUMP], 1, ""),
];

pub fn check() -> Outcome {
    if let Some(name) = WRITTEN.iter().find(|name| fs::symlink_metadata(name).is_ok()) {
        return Err(format!("{name} exists, which the examples write: move it away"));
    }
    let result = quick_start().and_then(|()| {
        // The header of `redump` has the first command of the quick start.
        remove(&WRITTEN[..1]);
        DOCUMENTED.into_iter().try_for_each(|(file, code)| as_documented(file, code))
    });
    remove(&WRITTEN);
    result?;
    cargo(&["build", "--quiet", "--release", "--examples", "--features", "serde"])?;
    for (name, arguments, code, words) in RUNS {
        let text = example(name, arguments, code)?;
        if !text.contains(words) {
            return Err(format!("{name} {}: the output lacks {words:?}\n{text}", arguments.join(" ")));
        }
    }
    Ok(())
}

fn remove(names: &[&str]) {
    for name in names {
        let _ = if *name == "small" { fs::remove_dir_all(name) } else { fs::remove_file(name) };
    }
}

/// Runs the commands of the README's quick start, and checks their output.
fn quick_start() -> Outcome {
    let readme = read("README.md")?;
    let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("cargo run --release ")).collect();
    let result = commands.iter().try_for_each(|command| {
        println!("{command}");
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let text = output(of(&words), 0)?;
        let after = readme.lines().skip_while(|line| line != command);
        shows(&text, after.skip_while(|line| *line != "```text").skip(1).take_while(|line| *line != "```"), "README.md")
    });
    if commands.is_empty() { Err("README.md has no quick start".to_owned()) } else { result }
}

/// Runs the command in the header of a program, and checks that it prints the lines that are shown there.
fn as_documented(file: &str, code: i32) -> Outcome {
    let path = format!("examples/{file}");
    let source = read(&path)?;
    let header = source.lines().map_while(|line| line.strip_prefix("//!"));
    let header = header.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let mut shown = header.skip_while(|line| *line != "```text").skip(1);
    let command = shown.next().and_then(|line| line.strip_prefix("$ cargo "));
    let Some(command) = command else { return Err(format!("{path}: its header has no command")) };
    println!("cargo {command}");
    let text = output(of(&command.split(' ').collect::<Vec<_>>()), code)?;
    shows(&text, shown.take_while(|line| *line != "```"), &path)
}

fn example(name: &str, arguments: &[&str], code: i32) -> Result<String, String> {
    let run = ["run", "--quiet", "--release", "--features", "serde", "--example", name, "--"];
    output(of(&[&run, arguments].concat()), code)
}

/// Fails unless the text contains every line, except lines of three dots. Paths may have the separators of Windows.
fn shows<'l>(text: &str, lines: impl Iterator<Item = &'l str>, document: &str) -> Outcome {
    let mut count = 0;
    for line in lines.filter(|line| *line != "...") {
        count += 1;
        if !text.lines().any(|printed| printed.replace('\\', "/") == line.replace('\\', "/")) {
            return Err(format!("{document}: the output lacks this line: {line}\n{text}"));
        }
    }
    if count == 0 { Err(format!("{document}: no output is shown")) } else { Ok(()) }
}
