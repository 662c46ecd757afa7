//! Writes a full dump of a running Linux process.
//!
//! ```text
//! $ cargo run --release --example snapshot -- 4242 app.dmp
//! written     app.dmp, 2546568 bytes
//!             threads: 1, modules: 4, memory: 21 ranges, 2535424 bytes
//! ```
//!
//! Shows how to dump a process from outside: memory read by address through one descriptor, with unreadable pages zero-filled;
//! registers by name; the text files of `/proc` as streams; modules found by their ELF headers in memory.

#[cfg(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64")))]
mod linux;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: snapshot [--cmdline] [--environ] PID OUTPUT";
const HELP: &str = "\
Writes a full dump of the process PID to OUTPUT. The threads of the process are stopped while the dump is written. They are
resumed afterwards, even if the snapshot fails or is interrupted. Linux only, on x86-64 and ARM64.

  --cmdline  add the command line as a stream; it may be private
  --environ  add the environment as a stream; it may be private
  --help     print this help

The dump contains all readable memory, including the copies of command line and environment in it, whatever the options are.
To make a dump that can be sent to somebody, re-encode it with `redump /mr`.

The kernel may refuse to trace the process: it must belong to the same user, some systems allow only an ancestor
(kernel.yama.ptrace_scope = 1), and many containers allow nobody.";

/// The command line.
#[cfg_attr(
    not(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64"))),
    expect(dead_code, reason = "unused on other systems")
)]
struct Arguments {
    process_id: i32,
    output: PathBuf,
    cmdline: bool,
    environ: bool,
}

/// Exit codes: 0 written, 1 failed without output, 2 usage.
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

#[cfg(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64")))]
fn run(arguments: &Arguments) -> Result<(), String> {
    linux::snapshot(arguments)
}

#[cfg(not(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64"))))]
fn run(_: &Arguments) -> Result<(), String> {
    Err("this program needs Linux with the GNU C library on x86-64, or Linux on ARM64".to_owned())
}
