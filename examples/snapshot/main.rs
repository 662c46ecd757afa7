//! Writes a full dump of a running process of Linux, which stands still meanwhile.
//!
//! ```text
//! $ cargo run --release --example snapshot -- 4242 app.dmp
//! written     app.dmp, 9224192 bytes
//!             2 threads, 5 modules, 31 memory ranges of 9199616 bytes
//! ```
//!
//! It shows what takes a process from outside: memory that is read by address through one descriptor and may fail page by
//! page, registers by name, texts of `/proc` as they are, and modules that are found by their headers in memory.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: snapshot [--cmdline] [--environ] PID OUTPUT";
const HELP: &str = "\
Writes a full dump of the process PID to OUTPUT. Its threads stand still meanwhile and go on afterwards, also if the
snapshot fails or is interrupted. Linux only, on x86-64 and ARM64.

  --cmdline  stores the arguments of the process, which may be private
  --environ  stores its environment, which may be private
  --help     prints this

All memory that can be read is stored, and arguments and environment are somewhere in it: what was asked for is only what
readers of dumps show. `redump /mr` makes something of the dump that can be sent.

The kernel may refuse: it lets a process be traced by its own user, with the setting kernel.yama.ptrace_scope = 1 only by
an ancestor, and in many containers by nobody.";

/// What the command line asks for.
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    expect(dead_code, reason = "there is nothing to do elsewhere")
)]
struct Arguments {
    process_id: i32,
    output: PathBuf,
    cmdline: bool,
    environ: bool,
}

/// 0: written. 1: cannot be done, and there is no output. 2: usage.
fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        println!("{USAGE}\n\n{HELP}");
        return ExitCode::SUCCESS;
    }
    let Some(arguments) = arguments(words) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("snapshot: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(words: Vec<OsString>) -> Option<Arguments> {
    let (options, words): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|word| word.as_encoded_bytes().starts_with(b"-"));
    let [process_id, output] = <[OsString; 2]>::try_from(words).ok()?;
    let mut arguments = Arguments {
        process_id: process_id.to_str()?.parse().ok().filter(|id| *id > 0)?,
        output: output.into(),
        cmdline: false,
        environ: false,
    };
    for option in options {
        match option.to_str()? {
            "--cmdline" => arguments.cmdline = true,
            "--environ" => arguments.environ = true,
            _ => return None,
        }
    }
    Some(arguments)
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn run(arguments: &Arguments) -> Result<(), String> {
    linux::snapshot(arguments)
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn run(_: &Arguments) -> Result<(), String> {
    Err("it takes Linux on x86-64 or ARM64".to_owned())
}
