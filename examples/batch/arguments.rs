//! The command line.

use std::env;
use std::ffi::{OsStr, OsString};
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use userdump::redump::{Managed, Options, Walk};

use crate::help;
use crate::letters;

/// What `--help` prints.
pub fn help() -> String {
    format!("{HELP}\n\nLETTERS are /m and, in any order:\n{}", letters::lines().trim_end())
}

pub const HELP: &str = "\
batch [OPTIONS] --output FOLDER INPUT...

Re-encodes many dumps at once, as `redump` does one. An INPUT is a dump, or a folder: all files below it whose names end in
.dmp, .mdmp or .hdmp are re-encoded. With INPUT `-`, paths come from standard input, one a line, and each is answered on
standard output by one line of JSON, in the same order and at once.

  --output FOLDER    where the results go, which is created if it is not there; nothing in it is taken for an input
  --letters LETTERS  what the results contain, as for the debugger's .dump: /m (the default), /mFhut, ...; see below
  --identify, --walk[=names], --managed[=heap], --compress
                     as for `redump`
  --base FOLDER      keep the path below FOLDER in the output folder; without it, a dump that is named by itself keeps its
                     file name only (one that is found in a folder keeps its path below that folder)
  --jobs COUNT       re-encode so many dumps at once: as many as the machine has processors, or 1 for INPUT `-`, as
                     whoever writes there starts one process for each processor
  --manifest FILE    write a line of JSON for each dump: paths, sizes, options, result or error, losses
  --overwrite        replace results and a manifest that exist
  --resume           skip dumps whose results exist, and append to the manifest
  --max-size BYTES   refuse larger dumps
  --read             read dumps into memory instead of mapping them: for files that may change or be cut meanwhile, as on a
                     network share; each job then takes as much memory as its dump has bytes
  --exit-zero        exit with 0 if all inputs were answered, whatever the answers are: for Spark and Hadoop, which start a
                     task again if its program fails
  -h, --help         print this and do nothing else

Example: batch --output small --letters /mFhut --manifest small.jsonl dumps

A dump that cannot be re-encoded does not stop the others: it is reported, and leaves no file behind. A result appears when
it is complete. What no debugger would open is not written.

Exit status: 0 if all was written, 1 if a dump failed, 2 if the arguments are wrong or the batch could not go on, 3 if all was
written, but a result lacks registers that its dump has.";

/// What is to be done.
#[derive(Debug)]
pub struct Arguments {
    pub options: Options,
    /// The options as they are written, for the manifest.
    pub words: String,
    pub output: PathBuf,
    pub base: Option<PathBuf>,
    pub jobs: NonZero<usize>,
    pub manifest: Option<PathBuf>,
    pub existing: Existing,
    pub max_size: Option<u64>,
    pub read: bool,
    pub exit_zero: bool,
    /// Where the dumps are; none if standard input says that.
    pub inputs: Vec<PathBuf>,
}

/// What happens if a result is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Fails,
    IsReplaced,
    IsSkipped,
}

impl Arguments {
    /// Sorts the words that follow the program's name; `None` if they ask for help.
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
        let mut options: Options = letters.parse().map_err(|error| format!("--letters {letters}: {error}"))?;
        for preset in &presets {
            options = with_preset(options.clone(), preset).unwrap_or(options);
        }
        if options.is_full_user_dump() && options.is_compressed() {
            return Err("/f and --compress cannot be combined: only minidumps have compressed memory".to_owned());
        }
        let from_lines = inputs.iter().any(|input| input.as_os_str() == "-");
        if inputs.is_empty() || from_lines && inputs.len() > 1 {
            return Err("dumps and folders are needed, or `-` alone for paths from standard input".to_owned());
        }
        if from_lines {
            inputs.clear();
        }
        let processors = || thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Ok(Some(Self {
            words: [options.to_string()].into_iter().chain(presets).collect::<Vec<_>>().join(" "),
            options,
            output: output.ok_or("--output FOLDER is needed")?,
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

/// The options with what one of the words asks for that `redump` has, too.
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
    text(word)?.parse().map_err(|_| format!("{word:?} is not a number that makes sense here"))
}
