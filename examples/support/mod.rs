//! Code that the small examples share: it opens the file named on the command line and prints text to standard output.

mod help;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use userdump::MappedFile;

/// The task of an example. It gets the bytes of the file and the arguments after its path.
pub type Task = fn(&[u8], &[String], &mut dyn Write) -> Result<(), Box<dyn Error>>;

/// The end of each help.
const EXIT_STATUS: &str = "\
Options:
  -h, --help  print this help and exit

Exit status: 0 on success, 1 if the file cannot be read or has no such data, 2 if the arguments are wrong.";

/// Runs `task`, or prints `help` if the arguments contain `--help`. The first line of `help` has the name of the program
/// and, in capitals, its arguments; the first argument is the file.
///
/// The exit code is 0 on success, 1 if the task failed, 2 if the arguments are wrong.
pub fn run(help: &str, task: Task) -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if words.iter().any(|word| help::is_asked_for(word)) {
        return help::print(&format!("{help}\n\n{EXIT_STATUS}"));
    }
    let is_option = |word: &&OsString| word.as_encoded_bytes().starts_with(b"-");
    if let Some(option) = words.iter().find(is_option) {
        return help::misused(help, &format!("{option:?} is not an option"));
    }
    let mut synopsis = help.lines().next().unwrap_or_default().split_whitespace();
    let (name, wanted) = (synopsis.next().unwrap_or_default(), synopsis.count());
    if words.len() != wanted {
        return help::misused(help, &format!("wrong number of arguments: {}, expected {wanted}", words.len()));
    }
    let Some((path, words)) = words.split_first() else { return ExitCode::from(2) };
    let Some(words) = words.iter().map(|word| word.to_str().map(str::to_owned)).collect::<Option<Vec<_>>>() else {
        return help::misused(help, "an argument is not Unicode");
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut work = || -> Result<(), Box<dyn Error>> {
        let file = MappedFile::open(path)?;
        task(&file, &words, &mut out)?;
        Ok(out.flush()?)
    };
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output has closed the pipe.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // Print what was found before the error.
            let _ = out.flush();
            let _ = writeln!(io::stderr(), "{name}: {}", printable(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Replaces control characters, which a terminal would interpret, in text from the dump.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
