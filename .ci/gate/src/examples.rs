//! Runs the programs in `examples/` on the fixtures, as their documentation says.

use std::fs;

use crate::Outcome;
use crate::command::{cargo, of, output, read};

const DUMP: &str = "tests/fixtures/quick-start.dmp";
const USER_DUMP: &str = "tests/fixtures/full-user-dump.dmp";

/// The programs whose headers show a command and a part of what it prints.
const DOCUMENTED: [&str; 5] = ["streams", "modules", "threads", "regions", "read_memory"];

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
    quick_start()?;
    cargo(&["build", "--quiet", "--release", "--examples", "--features", "serde"])?;
    for (name, arguments, code, words) in RUNS {
        let text = example(name, arguments, code)?;
        if !text.contains(words) {
            return Err(format!("{name} {}: the output lacks {words:?}\n{text}", arguments.join(" ")));
        }
    }
    DOCUMENTED.into_iter().try_for_each(as_documented)
}

/// Runs the commands of the README's quick start, and checks their output.
fn quick_start() -> Outcome {
    let readme = read("README.md")?;
    let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("cargo run --release --example")).collect();
    let result = commands.iter().try_for_each(|command| {
        println!("{command}");
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let text = output(of(&words), 0)?;
        let after = readme.lines().skip_while(|line| line != command);
        shows(&text, after.skip_while(|line| *line != "```text").skip(1).take_while(|line| *line != "```"), "README.md")
    });
    // The first command refuses to replace a file.
    let _ = fs::remove_file("small.dmp");
    if commands.is_empty() { Err("README.md has no quick start".to_owned()) } else { result }
}

/// Runs a program with the command in its header, and checks that it prints the lines that are shown there.
fn as_documented(name: &str) -> Outcome {
    let path = format!("examples/{name}.rs");
    let source = read(&path)?;
    let header: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim_start).collect();
    let command = header.iter().find_map(|line| line.strip_prefix("$ cargo run --example ")?.split_once(" -- "));
    let Some((_, arguments)) = command else { return Err(format!("{path}: its header has no command")) };
    let text = example(name, &arguments.split(' ').collect::<Vec<_>>(), 0)?;
    let shown = source.lines().map_while(|line| line.strip_prefix("//!"));
    let shown = shown.map(|line| line.strip_prefix(' ').unwrap_or(line)).skip_while(|line| *line != "```text").skip(2);
    shows(&text, shown.take_while(|line| *line != "```"), &path)
}

fn example(name: &str, arguments: &[&str], code: i32) -> Result<String, String> {
    let run = ["run", "--quiet", "--release", "--features", "serde", "--example", name, "--"];
    output(of(&[&run, arguments].concat()), code)
}

/// Fails unless the text contains every line, except lines of three dots.
fn shows<'l>(text: &str, lines: impl Iterator<Item = &'l str>, document: &str) -> Outcome {
    let mut count = 0;
    for line in lines.filter(|line| *line != "...") {
        count += 1;
        if !text.lines().any(|printed| printed == line) {
            return Err(format!("{document}: the output lacks this line: {line}\n{text}"));
        }
    }
    if count == 0 { Err(format!("{document}: no output is shown")) } else { Ok(()) }
}
