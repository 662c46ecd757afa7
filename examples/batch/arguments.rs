//! The command line.

use std::env;
use std::ffi::{OsStr, OsString};
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use userdump::redump::{Managed, Options, Walk};

use crate::help;
use crate::letters;
use crate::shells::rewritten;
use crate::told::printable;

/// Returns the text that `--help` prints.
pub fn help() -> String {
    format!("{HELP}\n\nLETTERS are /m and, in any order:\n{}", letters::lines().trim_end())
}

pub const HELP: &str = "\
batch [OPTIONS] --output FOLDER INPUT...

Re-encodes many dumps in parallel, each as `redump` does. An INPUT is a dump or a folder. Of a folder, all files below it whose
names end in .dmp, .mdmp or .hdmp are re-encoded. With INPUT `-`, batch reads paths from standard input, one per line, and
answers each with one line of JSON on standard output, in the same order and without delay.

  --output FOLDER    write the results to this folder, which is created if needed; files in it are never inputs
  --letters LETTERS  what the results contain, as in the debugger's .dump: /m (the default), /mFhut, ...; see below
  --identify, --walk[=names], --managed[=heap], --compress
                     the same as for `redump`
  --base FOLDER      keep the path of each dump relative to FOLDER; without this option, a dump that is an INPUT keeps only its
                     file name, and a dump in an INPUT folder keeps its path relative to that folder
  --jobs COUNT       re-encode this many dumps at once; the default is the number of processors, or 1 for INPUT `-`, because
                     the programs that use it start one process for each processor
  --manifest FILE    write one line of JSON for each dump: paths, sizes, options, result or error, losses
  --overwrite        replace existing results and an existing manifest
  --resume           skip dumps whose results already exist, and append to the manifest
  --max-size BYTES   refuse larger dumps
  --read             read dumps piece by piece instead of mapping them; use this for files that may be changed or truncated
                     meanwhile, such as on a network share
  --exit-zero        exit with 0 if all inputs were answered, even if dumps failed; for Spark and Hadoop, which repeat a task
                     if its program fails
  -h, --help         print this help and exit

Example: batch --output small --letters /mFhut --manifest small.jsonl dumps

A dump that cannot be re-encoded is reported and leaves no file; the others are still processed. A result appears only when it
is complete. A result that no debugger would open is not written.

Exit status: 0 if all results were written, 1 if a dump failed, 2 if the arguments are wrong or the batch cannot continue, 3 if
all results were written, but one of them lacks registers that its dump has.";

/// The parsed command line.
#[derive(Debug)]
pub struct Arguments {
    pub options: Options,
    /// The options as text, for the manifest.
    pub words: String,
    pub output: PathBuf,
    pub base: Option<PathBuf>,
    pub jobs: NonZero<usize>,
    pub manifest: Option<PathBuf>,
    pub existing: Existing,
    pub max_size: Option<u64>,
    pub read: bool,
    pub exit_zero: bool,
    /// The dumps and folders; empty if paths come from standard input.
    pub inputs: Vec<PathBuf>,
}

/// What happens if a result already exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Fails,
    IsReplaced,
    IsSkipped,
}

impl Arguments {
    /// Parses the words after the program's name. Returns `None` if they ask for help.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        let (mut output, mut base, mut manifest) = (None, None, None);
        let (mut letters, mut presets) = ("/m".to_owned(), Vec::new());
        let (mut jobs, mut max_size) = (None, None);
        let (mut overwrite, mut resume, mut read, mut exit_zero) = (false, false, false, false);
        let mut inputs = Vec::new();
        while let Some(word) = words.next() {
            if help::is_asked_for(&word) {
                return Ok(None);
            }
            let mut value = || words.next().ok_or_else(|| format!("{} needs a value", word.to_string_lossy()));
            match word.to_str() {
                Some("--output") => output = Some(PathBuf::from(value()?)),
                Some("--base") => base = Some(PathBuf::from(value()?)),
                Some("--manifest") => manifest = Some(PathBuf::from(value()?)),
                Some("--letters") => letters = text(&value()?)?.to_owned(),
                Some("--jobs") => jobs = Some(number(&value()?)?),
                Some("--max-size") => max_size = Some(number(&value()?)?),
                Some("--overwrite") => overwrite = true,
                Some("--resume") => resume = true,
                Some("--read") => read = true,
                Some("--exit-zero") => exit_zero = true,
                Some(preset) if with_preset(Options::new(), preset).is_some() => presets.push(preset.to_owned()),
                Some("--") => inputs.extend(words.by_ref().map(PathBuf::from)),
                Some(option) if option.starts_with('-') && option != "-" => {
                    return Err(format!("{option:?} is not an option"));
                }
                _ => inputs.push(PathBuf::from(word)),
            }
        }
        let existing = match (overwrite, resume) {
            (false, false) => Existing::Fails,
            (true, false) => Existing::IsReplaced,
            (false, true) => Existing::IsSkipped,
            (true, true) => return Err("--overwrite and --resume cannot be combined".to_owned()),
        };
        let is_letters = |word: &str| word.parse::<Options>().is_ok();
        let of_letters = |error| {
            let message =
                rewritten(&letters, is_letters).unwrap_or_else(|| format!("{}: {error}", printable(&letters)));
            format!("--letters {message}")
        };
        let mut options: Options = letters.parse().map_err(of_letters)?;
        for preset in &presets {
            options = with_preset(options.clone(), preset).unwrap_or(options);
        }
        if options.is_full_user_dump() && options.is_compressed() {
            return Err("/f and --compress cannot be combined: only minidumps have compressed memory".to_owned());
        }
        let from_lines = inputs.iter().any(|input| input.as_os_str() == "-");
        if inputs.is_empty() || from_lines && inputs.len() > 1 {
            return Err("INPUT is required: dumps and folders, or only `-` for paths from standard input".to_owned());
        }
        if from_lines {
            inputs.clear();
        }
        let processors = || thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Ok(Some(Self {
            words: [options.to_string()].into_iter().chain(presets).collect::<Vec<_>>().join(" "),
            options,
            output: output.ok_or("--output FOLDER is required")?,
            base,
            jobs: jobs.unwrap_or_else(|| if from_lines { NonZero::<usize>::MIN } else { processors() }),
            manifest,
            existing,
            max_size,
            read,
            exit_zero,
            inputs,
        }))
    }

    pub fn of_process() -> Result<Option<Self>, String> {
        Self::parse(env::args_os().skip(1))
    }
}

/// Adds one of the long options of `redump` to the options. Returns `None` if the word is not such an option.
fn with_preset(options: Options, word: &str) -> Option<Options> {
    Some(match word {
        "--identify" => options.identify(),
        "--walk" => options.walk(Walk::Tables),
        "--walk=names" => options.walk(Walk::Names),
        "--managed" => options.managed(Managed::Stacks),
        "--managed=heap" => options.managed(Managed::Heap),
        "--compress" => options.compressed(),
        _ => return None,
    })
}

fn text(word: &OsStr) -> Result<&str, String> {
    word.to_str().ok_or_else(|| format!("{word:?} is not Unicode"))
}

fn number<T: std::str::FromStr>(word: &OsStr) -> Result<T, String> {
    text(word)?.parse().map_err(|_| format!("{word:?} is not a valid number"))
}
