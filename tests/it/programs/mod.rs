//! The programs of `examples/` as processes: what they print, with which code they end, and what they leave behind.

mod cabinet;
mod exceptions;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

pub fn trials() -> Vec<Trial> {
    [cabinet::trials(), exceptions::trials()].into_iter().flatten().collect()
}

/// A folder that goes away, in which programs run.
struct Folder(TempDir);

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Folder {
    /// One with these files.
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(TempDir::new().expect("there can be a folder"));
        for (name, bytes) in files {
            fs::write(folder.path(name), bytes).expect("it can be written");
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// All files with their bytes.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.0.path()).expect("it can be listed");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("names are Unicode");
        let files = entries.map(|entry| name(entry.expect("it can be listed")));
        files.map(|name| (name.clone(), fs::read(self.path(&name)).unwrap_or_default())).collect()
    }

    /// Runs a program with words, here.
    fn run(&self, program: &str, words: &[&str]) -> Ran {
        let path = match program {
            "redump" => env!("CARGO_BIN_EXE_redump"),
            "dumpchk" => env!("CARGO_BIN_EXE_dumpchk"),
            "threads" => env!("CARGO_BIN_EXE_threads"),
            "modules" => env!("CARGO_BIN_EXE_modules"),
            other => panic!("{other} is not built for tests"),
        };
        let ran = Command::new(path).args(words).current_dir(self.0.path()).output().expect("it can be started");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("programs print UTF-8");
        Ran { code: ran.status.code().expect("no signal ends it"), out: text(ran.stdout), err: text(ran.stderr) }
    }

    /// Runs `redump` with words that it refuses, and gives what it says first. It leaves everything as it is.
    fn refusal(&self, code: i32, words: &[&str]) -> String {
        let before = self.files();
        let ran = self.run("redump", words);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{words:?}: {}", ran.err);
        assert!(self.files() == before, "{words:?} changed files");
        let line = ran.err.lines().next().and_then(|line| line.strip_prefix("redump: "));
        line.unwrap_or_else(|| panic!("{words:?}: {}", ran.err)).to_owned()
    }
}
