//! What the small examples share: a file from the command line in, text on standard output out.

use std::env;
use std::error::Error;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use userdump::MappedFile;

/// What an example does with the bytes of the file and the words behind its path.
pub type Task = fn(&[u8], &[String], &mut dyn Write) -> Result<(), Box<dyn Error>>;

/// Runs `task`. `usage` names the program and, in capitals, the words that it wants; the first of them is the file.
///
/// The exit code is 0 if all went well, 1 if the task failed, 2 if the words are not those that were wanted.
pub fn run(usage: &str, task: Task) -> ExitCode {
    let path = env::args_os().nth(1);
    let words: Option<Vec<String>> = env::args_os().skip(2).map(|word| word.into_string().ok()).collect();
    let wanted = usage.split_whitespace().count() - 2;
    let (Some(path), Some(words)) = (path, words.filter(|words| words.len() == wanted)) else {
        eprintln!("usage: {usage}");
        return ExitCode::from(2);
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let work = || -> Result<(), Box<dyn Error>> {
        let file = MappedFile::open(path)?;
        task(&file, &words, &mut out)?;
        Ok(out.flush()?)
    };
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough of it.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // What was found before the fault comes first.
            let _ = out.flush();
            eprintln!("{}: {}", usage.split_whitespace().next().unwrap_or_default(), printable(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Text of the dump without characters that a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
