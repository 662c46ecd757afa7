//! The programs of `examples/` as processes: what they print, with which code they end, and what they leave behind.

mod cabinet;
mod exceptions;
mod ingest;
mod snapshot;
mod stacks;
mod told;
mod wow64;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

pub fn trials() -> Vec<Trial> {
    [
        cabinet::trials(),
        exceptions::trials(),
        ingest::trials(),
        snapshot::trials(),
        stacks::trials(),
        told::trials(),
        wow64::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A line of words with one blank between them, however many were printed.
pub fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of a table below its title, without the blanks at their starts and between words.
pub fn table(printed: &str, title: &str) -> Vec<String> {
    let below = printed.lines().skip_while(|line| *line != title);
    assert!(below.clone().next().is_some(), "there is no {title:?} in {printed}");
    below.skip(1).take_while(|line| line.starts_with("  ")).map(words).collect()
}

/// A folder that goes away, in which programs run.
pub struct Folder(TempDir);

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Folder {
    /// One with these files.
    pub fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(TempDir::new().expect("there can be a folder"));
        for (name, bytes) in files {
            fs::write(folder.path(name), bytes).expect("it can be written");
        }
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// All files with their bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.0.path()).expect("it can be listed");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("names are Unicode");
        let files = entries.map(|entry| name(entry.expect("it can be listed")));
        files.map(|name| (name.clone(), fs::read(self.path(&name)).unwrap_or_default())).collect()
    }

    /// Runs a program with words, here.
    pub fn run(&self, program: &str, words: &[&str]) -> Ran {
        let path = match program {
            "redump" => env!("CARGO_BIN_EXE_redump"),
            "dumpchk" => env!("CARGO_BIN_EXE_dumpchk"),
            "threads" => env!("CARGO_BIN_EXE_threads"),
            "snapshot" => env!("CARGO_BIN_EXE_snapshot"),
            "write_minimal" => env!("CARGO_BIN_EXE_write_minimal"),
            "ingest" => env!("CARGO_BIN_EXE_ingest"),
            "modules" => env!("CARGO_BIN_EXE_modules"),
            other => panic!("{other} is not built for tests"),
        };
        let ran = Command::new(path).args(words).current_dir(self.0.path()).output().expect("it can be started");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("programs print UTF-8");
        Ran { code: ran.status.code().expect("no signal ends it"), out: text(ran.stdout), err: text(ran.stderr) }
    }

    /// What a program prints, which ends with this code and says nothing on standard error.
    pub fn printed(&self, code: i32, program: &str, words: &[&str]) -> String {
        let ran = self.run(program, words);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{program} {words:?}: {}", ran.out);
        ran.out
    }

    /// Runs `redump`, which succeeds.
    pub fn redump(&self, words: &[&str]) -> String {
        self.printed(0, "redump", words)
    }

    /// Runs `redump` with words that it refuses, and gives what it says first. It leaves everything as it is.
    pub fn refusal(&self, code: i32, words: &[&str]) -> String {
        let before = self.files();
        let ran = self.run("redump", words);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{words:?}: {}", ran.err);
        assert!(self.files() == before, "{words:?} changed files");
        let line = ran.err.lines().next().and_then(|line| line.strip_prefix("redump: "));
        line.unwrap_or_else(|| panic!("{words:?}: {}", ran.err)).to_owned()
    }
}
