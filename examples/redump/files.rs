//! The output files: the result, a cabinet with the result, or both.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use userdump::RedumpError;
use userdump::redump::{Redump, Report};

use crate::cabinet::{self, Both, Fault};
use crate::opened::Opened;
use crate::target::{Target, Unpublished};
use crate::told::line;

/// The extensions of files that the debugger opens in a cabinet.
const DUMPS: [&str; 3] = ["dmp", "mdmp", "hdmp"];

/// The files that the result is written to.
#[derive(Debug)]
pub struct Files {
    /// `None` if only the cabinet is written.
    dump: Option<Output>,
    cabinet: Option<Output>,
    /// The file name of the dump in the cabinet.
    name: String,
}

/// An output file and its name in messages.
#[derive(Debug)]
pub struct Output {
    pub path: PathBuf,
    pub target: Target,
}

/// Files that are written but do not have their names yet.
#[derive(Debug)]
pub struct Written {
    dump: Option<Unpublished>,
    cabinet: Option<Unpublished>,
}

impl Output {
    fn new(path: PathBuf, overwrite: bool) -> Result<Self, String> {
        let target = Target::new(&path, ("/o", overwrite)).map_err(|error| line(&path, &error))?;
        Ok(Self { path, target })
    }

    fn error(&self, error: &io::Error) -> String {
        line(&self.path, error)
    }
}

impl Files {
    /// Fails if a file must not be replaced.
    ///
    /// With a cabinet, a path that ends in `.cab` is the path of the cabinet, as in the debugger, and only the cabinet
    /// is written. Any other path is that of the dump, and the cabinet is next to it. The packed file has the file name
    /// of this path, with `.dmp` appended if the debugger would not accept it as a dump otherwise.
    pub fn new(path: &Path, with_cabinet: bool, overwrite: bool) -> Result<Self, String> {
        let is_cabinet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("cab"));
        let mut name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let output = |path: &Path| Output::new(path.to_owned(), overwrite).map(Some);
        let (dump, cabinet) = match with_cabinet {
            false => (output(path)?, None),
            true if is_cabinet => (None, output(path)?),
            true => (output(path)?, output(&path.with_extension("cab"))?),
        };
        if !path.extension().is_some_and(|ending| DUMPS.iter().any(|dump| ending.eq_ignore_ascii_case(dump))) {
            name.push_str(".dmp");
        }
        Ok(Self { dump, cabinet, name })
    }

    pub fn each(&self) -> impl Iterator<Item = &Output> {
        self.dump.iter().chain(&self.cabinet)
    }

    /// Returns the name of the dump: its path, or its name in the cabinet.
    pub fn dump(&self) -> &Path {
        self.dump.as_ref().map_or(Path::new(&self.name), |dump| &dump.path)
    }

    /// Returns the path of the output; if there are two files, that of the dump.
    pub fn path(&self) -> &Path {
        self.each().next().map_or(Path::new(""), |output| &output.path)
    }

    /// Fails if the result does not fit into a cabinet, or if the cabinet would replace the source.
    pub fn admit(&self, redump: &Redump<'_>, input: &Path) -> Result<(), String> {
        let Some(cabinet) = &self.cabinet else { return Ok(()) };
        if self.dump.is_some() && cabinet.target.is(input) {
            return Err(cabinet.error(&io::Error::other("this is INPUT, which the cabinet must not replace")));
        }
        // With compressed memory only a bound of the size is known; the cabinet reports when it is full.
        let size = if redump.report().compressed.is_some() { 0 } else { redump.size() };
        cabinet::admit(&self.name, size).map_err(|error| cabinet.error(&error))
    }

    /// Writes everything to files that do not have their names yet.
    pub fn write(
        &self,
        redump: Redump<'_>,
        (input, source): (&Path, &Opened),
        by_whom: impl Fn(RedumpError) -> String,
    ) -> Result<(Report, Written), String> {
        let create = |output: &Option<Output>| {
            let create =
                |output: &Output| output.target.create(input, source.metadata()).map_err(|error| output.error(&error));
            output.as_ref().map(create).transpose()
        };
        let written = Written { dump: create(&self.dump)?, cabinet: create(&self.cabinet)? };
        let report = match (&written.dump, &written.cabinet) {
            (Some(dump), None) => {
                redump.write_to_file(dump.as_file(), source.copy_source().as_slice()).map_err(Fault::File)
            }
            (dump, Some(cabinet)) => cabinet::pack(cabinet.as_file(), &self.name, |file| match dump {
                Some(dump) => redump.write_to(Both(dump.as_file(), file)),
                None => redump.write_to(file),
            }),
            (None, None) => unreachable!("there is a file"),
        };
        let report = report.map_err(|fault| match (fault, &self.cabinet) {
            (Fault::File(error), _) => by_whom(error),
            (Fault::Cabinet(error), Some(cabinet)) => cabinet.error(&error),
            (Fault::Cabinet(error), None) => error.to_string(),
        })?;
        for (output, file) in self.with(&written) {
            output.target.settle(file, input).map_err(|error| output.error(&error))?;
        }
        Ok((report, written))
    }

    /// Returns the summary of the cabinet.
    pub fn summary(&self, written: &Written) -> String {
        let (Some(output), Some(file)) = (&self.cabinet, &written.cabinet) else { return String::new() };
        let size = file.as_file().metadata().map_or(0, |metadata| metadata.len());
        format!("{:<11} {}, {size} bytes\n", "packed", output.path.display().to_string().escape_debug())
    }

    /// Gives the files their names, the dump last. If that fails, a new cabinet is removed again.
    pub fn publish(&self, written: Written) -> Result<(), String> {
        let publish = |output: &Option<Output>, file: Option<Unpublished>| match (output, file) {
            (Some(output), Some(file)) => output.target.publish(file).map_err(|error| output.error(&error)),
            _ => Ok(()),
        };
        publish(&self.cabinet, written.cabinet)?;
        publish(&self.dump, written.dump).inspect_err(|_| {
            if let Some(new) = self.cabinet.as_ref().filter(|cabinet| !cabinet.target.replaces()) {
                let _ = fs::remove_file(&new.path);
            }
        })
    }

    fn with<'f>(&'f self, written: &'f Written) -> impl Iterator<Item = (&'f Output, &'f Unpublished)> {
        let dump = self.dump.iter().zip(&written.dump);
        dump.chain(self.cabinet.iter().zip(&written.cabinet))
    }
}
