//! The command line.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use userdump::format::StreamType;
use userdump::redump::Options;

use crate::help;
use crate::patterns::Pattern;
use crate::shells::rewritten;
use crate::told::{line, printable};

pub const HELP: &str = "\
sanitise [OPTIONS] INPUT OUTPUT

Makes a minidump that can be shared. The debugger's letters r and R remove what a user may have typed or named: the parts of
stacks that a stack trace does not need, streams such as comments, command lines and annotations, and folders. Strings that you
specify are blanked everywhere else, in memory and in names. A report lists what was removed, and what remains and may need a
review.

  --pattern TEXT      replace TEXT with asterisks, in UTF-8 and UTF-16, ignoring the case of ASCII letters; can be repeated
  --patterns FILE     the same for each line of FILE
  --letters LETTERS   what else the result contains: /m (the default), /mtu, /ms (a triage dump, which contains even less)
  --drop-stream TYPE  leave out a stream, by the name or the number of its type; can be repeated
  --overwrite         replace OUTPUT if it exists
  --read              read INPUT piece by piece instead of mapping it; use this for files that may be changed or truncated
                      meanwhile, such as on a network share
  -h, --help          print this help and exit

In memory that letters such as i, p or w add, only the patterns are blanked; the report tells its size. Full memory (f, a, A)
would override r and is refused, except together with s. With patterns, the result is kept in memory until it is complete.

Example: sanitise --pattern \"Jane Doe\" --pattern jdoe --drop-stream Token crash.dmp clean.dmp

Exit status: 0 if OUTPUT was written, 1 if it was not or the report cannot be printed, 2 if the arguments are wrong.";

/// The parsed command line.
#[derive(Debug)]
pub struct Arguments {
    pub options: Options,
    pub patterns: Vec<Pattern>,
    pub drop_streams: Vec<StreamType>,
    pub overwrite: bool,
    /// Whether to read the input piece by piece instead of mapping it.
    pub read: bool,
    pub input: PathBuf,
    pub output: PathBuf,
}

impl Arguments {
    /// Parses the words after the program's name. Returns `None` if they ask for help.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        let (mut patterns, mut drop_streams, mut paths) = (Vec::new(), Vec::new(), Vec::new());
        let (mut letters, mut overwrite, mut read) = ("/m".to_owned(), false, false);
        while let Some(word) = words.next() {
            let mut value = || {
                let value = words.next().ok_or_else(|| format!("{} needs a value", word.to_string_lossy()))?;
                value.into_string().map_err(|value| format!("{value:?} is not Unicode"))
            };
            match word.to_str() {
                _ if help::is_asked_for(&word) => return Ok(None),
                Some("--pattern") => patterns.push(Pattern::new(&value()?)?),
                Some("--patterns") => {
                    let path = PathBuf::from(value()?);
                    let text = fs::read_to_string(&path).map_err(|error| line(&path, &error))?;
                    for line in text.lines().filter(|line| !line.is_empty()) {
                        patterns.push(Pattern::new(line)?);
                    }
                }
                Some("--letters") => letters = value()?,
                Some("--drop-stream") => drop_streams.push(stream_type(&value()?)?),
                Some("--overwrite") => overwrite = true,
                Some("--read") => read = true,
                Some("--") => paths.extend(words.by_ref().map(PathBuf::from)),
                Some(option) if option.starts_with('-') => return Err(format!("{option:?} is not an option")),
                _ => paths.push(PathBuf::from(word)),
            }
        }
        let [input, output] = <[_; 2]>::try_from(paths)
            .map_err(|paths: Vec<_>| format!("expected INPUT and OUTPUT, found {} paths", paths.len()))?;
        let of_letters = |error: &dyn std::fmt::Display| format!("--letters {}: {error}", printable(&letters));
        let is_letters = |word: &str| word.parse::<Options>().is_ok();
        let asked: Options = letters.parse().map_err(|error| {
            rewritten(&letters, is_letters).map_or_else(|| of_letters(&error), |message| format!("--letters {message}"))
        })?;
        if asked.is_full_user_dump() {
            return Err(of_letters(&"a full user dump cannot be filtered"));
        }
        // A triage dump contains nothing that `r` or `R` removes.
        let filtered = || format!("{letters} /mrR").parse().map_err(|error| of_letters(&error));
        let options = if asked.is_triage() { asked } else { filtered()? };
        if options.filter_is_overruled() {
            return Err(of_letters(
                &"full memory overrides r; use i, p or w to add parts of memory, or s, which always filters stacks",
            ));
        }
        Ok(Some(Self { options, patterns, drop_streams, overwrite, read, input, output }))
    }
}

fn stream_type(word: &str) -> Result<StreamType, String> {
    let named = StreamType::KNOWN.iter().find(|known| known.name().is_some_and(|name| name.eq_ignore_ascii_case(word)));
    let number = || match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    };
    named.copied().or_else(|| number().map(StreamType)).ok_or_else(|| format!("{word:?} is not a stream type"))
}
