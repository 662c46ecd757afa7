//! Runs the programs of `examples/` and checks their output, their exit codes, and the files that they leave.

mod batch;
mod cabinet;
mod compare;
mod dumpchk;
mod exceptions;
mod help;
mod ingest;
mod printing;
mod sanitise;
mod shells;
mod snapshot;
mod stacks;
mod wow64;

use std::collections::BTreeMap;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use libtest_mimic::Trial;
use tempfile::TempDir;

pub fn trials() -> Vec<Trial> {
    [
        batch::trials(),
        cabinet::trials(),
        compare::trials(),
        dumpchk::trials(),
        exceptions::trials(),
        help::trials(),
        ingest::trials(),
        printing::trials(),
        sanitise::trials(),
        shells::trials(),
        snapshot::trials(),
        stacks::trials(),
        wow64::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Replaces each run of white space with one space.
pub fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the lines of a table below its title, with white space normalised by [`words`].
pub fn table(printed: &str, title: &str) -> Vec<String> {
    let below = printed.lines().skip_while(|line| *line != title);
    assert!(below.clone().next().is_some(), "{title:?} is missing in {printed}");
    below.skip(1).take_while(|line| line.starts_with("  ")).map(words).collect()
}

/// The program that runs the programs of another system, if `USERDUMP_RUNNER` names it: an emulator.
pub fn runner() -> Option<OsString> {
    std::env::var_os("USERDUMP_RUNNER")
}

/// The reason why a test is ignored that lets another program start ours.
pub const IN_AN_EMULATOR: &str = "only this test can start the emulator that USERDUMP_RUNNER names";

/// Returns a command that runs a program of `examples/`.
pub fn command(name: &str) -> Command {
    let program = Folder::program(name);
    match runner() {
        None => Command::new(program),
        Some(runner) => {
            let mut command = Command::new(runner);
            command.arg(program);
            command
        }
    }
}

/// A temporary folder, in which programs run.
pub struct Folder(TempDir);

/// The exit code and the output of a program.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Folder {
    /// Creates a folder with these files.
    pub fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(TempDir::new().expect("a temporary folder can be created"));
        for (name, bytes) in files {
            fs::write(folder.path(name), bytes).expect("the file can be written");
        }
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Returns the names and contents of all files.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.0.path()).expect("the folder can be listed");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("names are Unicode");
        let files = entries.map(|entry| name(entry.expect("the folder can be listed")));
        files.map(|name| (name.clone(), fs::read(self.path(&name)).unwrap_or_default())).collect()
    }

    /// Returns the path of a program of `examples/`, which must be listed in the manifest of the tests. Cargo puts all programs
    /// of this package into one folder.
    pub fn program(name: &str) -> PathBuf {
        let path = Path::new(env!("CARGO_BIN_EXE_redump")).with_file_name(format!("{name}{EXE_SUFFIX}"));
        assert!(path.exists(), "{name} is not among the programs of tests/it/Cargo.toml");
        path
    }

    /// Runs a program in this folder.
    pub fn run(&self, program: &str, words: &[&str]) -> Ran {
        self.run_with(program, words, b"")
    }

    /// Runs a program in this folder, with `input` on standard input.
    pub fn run_with(&self, program: &str, words: &[&str], input: &[u8]) -> Ran {
        let mut command = command(program);
        command.args(words).current_dir(self.0.path()).stdin(Stdio::piped());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        let mut sink = child.stdin.take().expect("standard input is piped");
        let ran = thread::scope(|scope| {
            // Fails if the program ends before it has read everything.
            scope.spawn(move || sink.write_all(input));
            child.wait_with_output().expect("the program ends")
        });
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("programs print UTF-8");
        Ran {
            code: ran.status.code().expect("the program was not killed by a signal"),
            out: text(ran.stdout),
            err: text(ran.stderr),
        }
    }

    /// Runs a program, checks its exit code and that it prints nothing to standard error, and returns its output.
    pub fn printed(&self, code: i32, program: &str, words: &[&str]) -> String {
        let ran = self.run(program, words);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{program} {words:?}: {}", ran.out);
        ran.out
    }

    /// Runs `redump`, which must succeed, and returns its output.
    pub fn redump(&self, words: &[&str]) -> String {
        self.printed(0, "redump", words)
    }

    /// Runs `redump`, which must fail without changing any file, and returns the first line of its message.
    pub fn refusal(&self, code: i32, words: &[&str]) -> String {
        let before = self.files();
        let ran = self.run("redump", words);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{words:?}: {}", ran.err);
        assert!(self.files() == before, "{words:?} changed files");
        let line = ran.err.lines().next().and_then(|line| line.strip_prefix("redump: "));
        line.unwrap_or_else(|| panic!("{words:?}: {}", ran.err)).to_owned()
    }
}
