//! Runs the checks that need nothing but cargo, on Linux, macOS and Windows:
//!
//! ```text
//! cargo run --manifest-path .ci/gate/Cargo.toml [-- STEP...]
//! ```
//!
//! Without names, all steps run in the order of `STEPS`. `.ci/run` runs this program first, and then the checks that need
//! Linux. `OTHERS` names those.

mod command;
mod examples;
mod no_std;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use command::{cargo, features};

type Outcome = Result<(), String>;
type Step = (&'static str, fn() -> Outcome);

/// The name of each step, and the function that runs it.
const STEPS: [Step; 8] = [
    ("format", format),
    ("lints", lints),
    ("tests", tests),
    ("page", page),
    ("documentation", documentation),
    ("no_std", no_std::check),
    ("examples", examples::check),
    ("benches", benches),
];

/// The checks of `.ci/run` that this program does not have, with what they need.
const OTHERS: [(&str, &str); 9] = [
    ("spelling", "bash, and Python or `cargo install`"),
    ("the oldest compiler", "Debian packages"),
    ("faults of the disk (`.ci/faults`)", "bash, `ulimit`, `/dev/full`"),
    ("fuzz targets", "bash, a nightly toolchain"),
    ("damaged dumps (`fuzz/damage.sh`)", "bash, Unix"),
    ("licences (`.ci/dependencies`)", "bash"),
    ("package (`.ci/package`)", "bash, network access"),
    ("neighbours (`tests/interop`)", "Debian and Python packages"),
    ("other systems (`.ci/systems`)", "Debian packages"),
];

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if let Err(error) = std::env::set_current_dir(&root) {
        eprintln!("{}: {error}", root.display());
        return ExitCode::FAILURE;
    }
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| !STEPS.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        eprintln!("unknown step {unknown:?}: the steps are {}", known.join(", "));
        return ExitCode::from(2);
    }
    let start = Instant::now();
    for (name, run) in STEPS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|word| word == name)) {
        println!("\n=== {name} (after {} s)", start.elapsed().as_secs());
        if let Err(message) = run() {
            eprintln!("{name}: {message}");
            return ExitCode::FAILURE;
        }
    }
    println!("\n=== passed (after {} s)", start.elapsed().as_secs());
    for (name, needs) in OTHERS {
        println!("left to .ci/run: {name}: needs {needs}");
    }
    ExitCode::SUCCESS
}

fn format() -> Outcome {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"])?;
    cargo(&["fmt", "--check", "--manifest-path", ".ci/gate/Cargo.toml"])
}

fn lints() -> Outcome {
    let variants: [&[&str]; 5] = [
        &["--workspace", "--all-targets"],
        // Of the library alone: the tests, which are built with it otherwise, would add their features.
        &["-p", "userdump", "--no-default-features"],
        &["-p", "userdump", "--no-default-features", "--features", "std"],
        &["-p", "userdump", "--no-default-features", "--features", "serde"],
        &["-p", "userdump", "--all-features"],
    ];
    for variant in variants {
        cargo(&[&["clippy", "--quiet"], variant, &["--", "-D", "warnings"]].concat())?;
    }
    cargo(&["clippy", "--quiet", "--manifest-path", ".ci/gate/Cargo.toml", "--", "-D", "warnings"])
}

/// The packages that `cargo test` builds the library for. Where another one is built together with them, the library has the same
/// features, and is not compiled again.
const AS_TESTED: [&str; 4] = ["-p", "userdump-tests", "-p", "userdump-benches"];

/// Runs the tests with the command from the README, exactly as it is written there.
fn tests() -> Outcome {
    let readme = command::read("README.md")?;
    if !readme.lines().any(|line| line == "cargo test") {
        return Err("README.md does not have the line `cargo test`".to_owned());
    }
    if std::env::var_os("USERDUMP_SHARED").is_none() {
        println!("skipped: tests that read the shared reference files: USERDUMP_SHARED is not set");
    }
    cargo(&["test"])
}

/// Tests the code of `examples/web` on this system. WebAssembly is only needed to build the page.
fn page() -> Outcome {
    let page = ["-p", "userdump-web", "--lib", "--bin", "userdump-page"];
    cargo(&[&["test"], &AS_TESTED[..], &page].concat())
}

/// Builds the documentation with each feature alone, and with all of them last, so that this output stays in the folder.
fn documentation() -> Outcome {
    let doc = ["doc", "--quiet", "--no-deps", "-p", "userdump"];
    let build = |more: &[&str]| {
        let mut command = command::of(&[&doc, more].concat());
        command.env("RUSTDOCFLAGS", "-D warnings");
        command::run(command)
    };
    build(&["--no-default-features"])?;
    for feature in features()? {
        build(&["--no-default-features", "--features", &feature])?;
    }
    build(&["--all-features"])
}

fn benches() -> Outcome {
    cargo(&[&["test", "--quiet"], &AS_TESTED[..], &["--bench", "*", "--", "--test"]].concat())
}
