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

#[path = "../support/help.rs"]
mod help;
#[cfg(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64")))]
mod linux;
#[cfg(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64")))]
#[path = "../support/printed.rs"]
mod printed;
#[cfg(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64")))]
#[path = "../support/told.rs"]
mod told;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
snapshot [--cmdline] [--environ] PID OUTPUT

Writes a full dump of the process PID to OUTPUT, replacing any file there. The threads of the process are stopped while the dump
is written. They are resumed afterwards, even if the snapshot fails or is interrupted. Linux only, on x86-64 and ARM64.

Options:
  --cmdline   add the command line as a stream; it may be private
  --environ   add the environment as a stream; it may be private
  -h, --help  print this help and exit

The dump contains all readable memory, including the copies of command line and environment in it, whatever the options are.
To make a dump that can be shared, re-encode it with `redump /mr`.

The kernel may refuse to trace the process: it must belong to the same user, some systems allow only an ancestor
(kernel.yama.ptrace_scope = 1), and many containers do not allow tracing at all.

Example: snapshot 4242 app.dmp

Exit status: 0 if the dump was written, 1 if it was not or the summary cannot be printed, 2 if the arguments are wrong.";

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

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if words.iter().any(|word| help::is_asked_for(word)) {
        return help::print(HELP);
    }
    let arguments = match arguments(words) {
        Ok(arguments) => arguments,
        Err(fault) => return help::misused(HELP, &fault),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the message cannot be printed anywhere.
            let _ = writeln!(io::stderr(), "snapshot: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(words: Vec<OsString>) -> Result<Arguments, String> {
    let (options, words): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|word| word.as_encoded_bytes().starts_with(b"-"));
    let (mut cmdline, mut environ) = (false, false);
    for option in options {
        match option.to_str() {
            Some("--cmdline") => cmdline = true,
            Some("--environ") => environ = true,
            _ => return Err(format!("{option:?} is not an option")),
        }
    }
    let [process_id, output] = <[OsString; 2]>::try_from(words).map_err(|_| "a process ID and a path are needed")?;
    let number = process_id.to_str().and_then(|text| text.parse().ok()).filter(|id| *id > 0);
    let process_id = number.ok_or_else(|| format!("{process_id:?} is not a process ID"))?;
    Ok(Arguments { process_id, output: output.into(), cmdline, environ })
}

#[cfg(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64")))]
fn run(arguments: &Arguments) -> Result<(), String> {
    linux::snapshot(arguments)
}

#[cfg(not(all(target_os = "linux", any(all(target_arch = "x86_64", target_env = "gnu"), target_arch = "aarch64"))))]
fn run(_: &Arguments) -> Result<(), String> {
    Err("this program needs Linux with the GNU C library on x86-64, or Linux on ARM64".to_owned())
}
