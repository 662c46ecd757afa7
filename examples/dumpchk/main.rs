//! Prints the contents of a dump, and what is wrong with it.
//!
//! ```text
//! $ cargo run --release --features serde --example dumpchk -- small.dmp
//! minidump of 38668 bytes, 2026-11-22 11:47:11 UTC
//! amd64 on windows 6.1.7601 Service Pack 1, process 288
//! flags 0x40000: WITH_TOKEN_INFORMATION
//! streams: 9
//!   ThreadList                      244 bytes at 0xbc0
//!   ModuleList                      436 bytes at 0xcb8
//!   Token                           744 bytes at 0xe70
//!   MemoryList                      116 bytes at 0x2cf8
//!   Exception                       168 bytes at 0x620
//!   SystemInfo                       56 bytes at 0x90
//!   MiscInfo                       1364 bytes at 0xc8
//!   SystemMemoryInfo                492 bytes at 0x1158
//!   ProcessVmCounters               152 bytes at 0x1348
//! threads: 5
//!   0x124    at 0x14000179a        stack 0x11fd90                624 bytes
//!   0x12c    at 0x17000ebe4        stack 0xc7faa8               1368 bytes
//!   0x130    at 0x17000ebe4        stack 0xe8faa8               1368 bytes
//!   0x134    at 0x17000ebe4        stack 0x109faa8              1368 bytes
//!   0x11c    at 0x17000ebe4        stack 0x12aaad8             21800 bytes
//! modules: 4
//!   0x000000007b000000    6180864 bytes C:\windows\system32\kernelbase.dll
//!   0x000000007b600000    1658880 bytes C:\windows\system32\kernel32.dll (10.0.18362.1350)
//!   0x0000000140000000     122880 bytes C:\victim\victim.exe
//!   0x0000000170000000    3543040 bytes C:\windows\system32\ntdll.dll (6.1.7601.24059)
//! memory list: 7 ranges, 27040 bytes
//! exceptions: 1
//!   ACCESS_VIOLATION (0xc0000005) writing 0x1234 in thread 0x124 at 0x14000179a, C:\victim\victim.exe + 0x179a
//! no findings
//! ```
//!
//! An exception is printed with the instruction that raised it and, on systems other than Windows, with the address that could
//! not be accessed: `SIGSEGV (11), SEGV_MAPERR (1) accessing 0x8 in thread 0x2a at 0x4005d0, /usr/bin/app + 0x5d0`. Comments,
//! such as those of ProcDump, follow. `--json` prints the same as one JSON object, and `--read` reads the file without mapping it.
//! At most 1000 findings are listed for each finding code.

mod exceptions;
mod findings;
#[path = "../support/help.rs"]
mod help;
mod json;
mod names;
#[path = "../support/opened.rs"]
mod opened;
mod stacks;
mod text;
mod triage;
mod wow64;

use std::env;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use userdump::{AsSource as _, Dump};

use findings::Findings;
use opened::Opened;

const HELP: &str = "\
dumpchk FILE [--json] [--read]

Prints the contents of a dump of any format, and what is wrong with it.

  --json      print the same as one JSON object
  --read      read FILE piece by piece instead of mapping it; use this for files that may be changed or truncated
              meanwhile, such as on a network share
  -h, --help  print this help and exit

Example: dumpchk --json crash.dmp

Exit status: 0 if nothing is wrong, 1 if there are findings, 2 if FILE is not a dump, the arguments are wrong, or the output
cannot be printed.";

/// Exit codes: 0, nothing is wrong; 1, there are findings; 2, not a dump, wrong arguments, or the output cannot be printed.
fn main() -> ExitCode {
    if env::args_os().skip(1).any(|word| help::is_asked_for(&word)) {
        return help::print(HELP);
    }
    let arguments = match arguments(env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(fault) => return help::misused(HELP, &fault),
    };
    match check(&arguments) {
        Ok(findings) => ExitCode::from(u8::from(findings > 0)),
        Err(fault) => {
            // If standard error is closed, the message cannot be printed anywhere.
            let _ = writeln!(io::stderr(), "dumpchk: {fault}");
            ExitCode::from(2)
        }
    }
}

/// The parsed command line.
struct Arguments {
    path: PathBuf,
    json: bool,
    read: bool,
}

fn arguments(words: impl Iterator<Item = OsString>) -> Result<Arguments, String> {
    let (options, paths): (Vec<_>, Vec<_>) = words.partition(|word| word.as_encoded_bytes().starts_with(b"-"));
    if let Some(option) = options.iter().find(|option| *option != "--json" && *option != "--read") {
        return Err(format!("{option:?} is not an option"));
    }
    match paths.as_slice() {
        [path] => {
            let [json, read] = ["--json", "--read"].map(|name| options.iter().any(|option| option == name));
            Ok(Arguments { path: path.into(), json, read })
        }
        _ => Err(format!("expected one FILE, found {}", paths.len())),
    }
}

/// Prints the contents of the file and the findings; returns the number of findings.
fn check(arguments: &Arguments) -> Result<u64, String> {
    let Arguments { path, json, read } = arguments;
    let named = |fault: &dyn std::fmt::Display| format!("{}: {fault}", text::printable(&path.to_string_lossy()));
    let file = Opened::open(path, *read, None).map_err(|error| text::printable(&error.to_string()))?;
    let dump = Dump::from_source(file.as_source()).map_err(|error| named(&error))?;
    let findings = Findings::count(&dump);
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = if *json { json::print(&mut out, &findings) } else { text::print(&mut out, &findings) };
    printed.and_then(|()| out.flush()).map_err(|error| format!("standard output: {error}"))?;
    Ok(findings.all())
}
