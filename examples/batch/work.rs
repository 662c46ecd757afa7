//! Re-encodes one dump.

use std::fs;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Instant;

use userdump::redump::{Redump, Report};
use userdump::{AsSource as _, Dump, RedumpError};

use crate::answer::{Answer, Done};
use crate::arguments::{Arguments, Existing};
use crate::guard::guarded;
use crate::inputs::Input;
use crate::opened::Opened;
use crate::target::Target;
use crate::told::{line, printable};

/// What is done to each dump.
pub struct Batch<'a> {
    pub arguments: &'a Arguments,
    /// The canonical path of the output folder. No input is in it, so no result can replace an input.
    pub output: PathBuf,
}

impl Batch<'_> {
    /// Re-encodes a dump. The answer reports success and failure.
    pub fn answer(&self, input: Input) -> Answer {
        let start = Instant::now();
        let source_size = fs::metadata(&input.path).ok().filter(|found| found.is_file()).map(|found| found.len());
        let output = input.below.as_ref().ok().map(|below| self.output.join(below));
        let result = match (&input.below, &output) {
            (Ok(_), Some(output)) => guarded(|| self.re_encode(&input.path, output)),
            (Err(fault), _) => Err(format!("{}: {fault}", printable(&input.path.to_string_lossy()))),
            (Ok(_), None) => Err("no path for the result".to_owned()),
        };
        Answer { input: input.path, output, source_size, elapsed: start.elapsed(), result }
    }

    fn re_encode(&self, input: &Path, output: &Path) -> Result<Done, String> {
        let Arguments { options, existing, max_size, read, .. } = self.arguments;
        let of_input = |error: io::Error| line(input, &error);
        let of_output = |error: io::Error| line(output, &error);
        let refused = |path, reason: &str| Err(line(path, &io::Error::other(reason)));

        // Pipes and devices may be endless.
        let metadata = fs::metadata(input).map_err(of_input)?;
        if !metadata.is_file() {
            return refused(input, "not a regular file");
        }
        if fs::canonicalize(input).map_err(of_input)?.starts_with(&self.output) {
            return refused(input, "this file is in the output folder");
        }
        if let Some(limit) = max_size.filter(|limit| metadata.len() > *limit) {
            return refused(input, &format!("{} bytes exceed --max-size {limit}", metadata.len()));
        }
        if *existing == Existing::IsSkipped && fs::symlink_metadata(output).is_ok() {
            return Ok(Done::Skipped);
        }

        // The error messages include the file name.
        let source = Opened::open(input, *read, *max_size).map_err(|error| printable(&error.to_string()))?;
        let dump = Dump::from_source(source.as_source()).map_err(|error| line(input, &error))?;
        let of_either = |error: RedumpError| match error {
            RedumpError::Write(_) => line(output, &error),
            _ => line(input, &error),
        };
        let redump = Redump::new(&dump, options).map_err(of_either)?;
        if let Some(obstacle) = redump.report().obstacles.first() {
            return refused(input, &format!("no debugger would open the result: {obstacle}"));
        }

        self.make_folder_of(output).map_err(of_output)?;
        let target = Target::new(output, ("--overwrite", *existing == Existing::IsReplaced)).map_err(of_output)?;
        if !target.path().starts_with(&self.output) {
            return refused(output, "a link leads out of the output folder");
        }
        let file = target.create(input, source.metadata()).map_err(of_output)?;
        // One thread is enough, because other dumps use the other processors.
        let redump = redump.with_threads(NonZero::<usize>::MIN);
        let report = redump.write_to_file(file.as_file(), source.copy_source().as_slice()).map_err(of_either)?;
        target.settle(&file, input).map_err(of_output)?;
        target.publish(file).map_err(of_output)?;
        Ok(Done::Written(flaw(&report), Box::new(report)))
    }

    /// Creates the parent folders of a result. Fails if one of them is a link that leads out of the output folder.
    fn make_folder_of(&self, output: &Path) -> io::Result<()> {
        let folder = output.parent().unwrap_or(&self.output);
        fs::create_dir_all(folder)?;
        match fs::canonicalize(folder)?.starts_with(&self.output) {
            true => Ok(()),
            false => Err(io::Error::other("a link leads out of the output folder")),
        }
    }
}

/// Returns which registers of the dump the result lacks.
fn flaw(report: &Report) -> Option<String> {
    match report.contexts_lost {
        0 => None,
        1 => Some("the registers of a thread or an exception could not be read".to_owned()),
        lost => Some(format!("the registers of {lost} threads and exceptions could not be read")),
    }
}
