//! A variant: creates it, runs both programs on it, and judges the runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::child::{Run, run};
use crate::numbers::Numbers;
use crate::places::Places;
use crate::sources::{Sources, named};
use crate::tally::Tally;
use crate::{options, peer, steps};

/// The data that all variants share.
#[derive(Debug)]
pub struct Setting {
    /// The folder of the programs.
    pub folder: PathBuf,
    pub seed: u64,
    pub sources: Sources,
    /// The folder for variants that cause failures.
    pub failed: PathBuf,
}

impl Setting {
    /// Creates the variant in the folder, runs the programs and counts the results. A shown variant is described and
    /// kept.
    pub fn variant(&self, index: u64, folder: &Path, shown: bool, tally: &mut Tally) -> io::Result<()> {
        let mut numbers = Numbers::new(self.seed, index);
        let (source, mut bytes) = self.sources.pick(&mut numbers)?;
        let places = Places::of(&bytes);
        let (words, full_user_dump) = options::options(&bytes, &places, &mut numbers);
        let steps = steps::damage(&mut bytes, &places, &mut numbers, &self.sources)?;
        let input = folder.join("variant.dmp");
        fs::write(&input, &bytes).map_err(|error| named(&input, &error))?;
        tally.variant();
        let mut kinds: Vec<_> = steps.iter().map(|(kind, _)| kind).collect();
        kinds.dedup();
        kinds.into_iter().for_each(|kind| tally.damage(kind, index));
        if shown {
            println!("source: {}", source.display());
            steps.iter().for_each(|(kind, what)| println!("{kind}: {what}"));
        }

        // Results have a separate folder, in which no other file may be left.
        let results = folder.join("results");
        fs::create_dir(&results).map_err(|error| named(&results, &error))?;
        let output = results.join("result.dmp");
        let mut trial = Trial { setting: self, index, shown, tally, failures: Vec::new() };
        trial.check("dumpchk", &input, index % 2 == 1)?;
        trial.redump(&words, &input, &output, full_user_dump)?;
        let failures = trial.failures;

        let kept = self.failed.join(format!("{}-{index}.dmp", self.seed));
        if shown || !failures.is_empty() {
            fs::copy(&input, &kept)?;
            if output.exists() {
                fs::copy(&output, kept.with_extension("result.dmp"))?;
            }
        }
        for failure in failures {
            let damage: Vec<_> = steps.iter().map(|(kind, _)| *kind).collect();
            let from = format!("{}, {}", source.display(), damage.join(", "));
            tally.fail(index, format!("{failure}\n    {from}: redump {words:?}"));
        }
        fs::remove_dir_all(&results)
    }
}

/// The runs on a variant.
struct Trial<'t> {
    setting: &'t Setting,
    index: u64,
    shown: bool,
    tally: &'t mut Tally,
    failures: Vec<String>,
}

impl Trial<'_> {
    fn run(&mut self, name: &'static str, program: &str, arguments: &[String]) -> io::Result<Run> {
        let run = run(&self.setting.folder.join(program), arguments)?;
        self.tally.run(name, &run, self.index);
        if self.shown {
            println!("{program} {arguments:?}");
            println!("    {}, {:.1} ms: {}", run.status, 1000.0 * run.time.as_secs_f64(), run.stderr.trim_end());
        }
        if let Some(fault) = run.fault() {
            self.fail(format!("{name}: {fault:?}, {}, {:?}: {}", run.status, run.time, run.stderr));
        }
        Ok(run)
    }

    fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    /// Runs `dumpchk`, which prints one line of error if the file is not a dump, and no error otherwise.
    fn check(&mut self, name: &'static str, file: &Path, json: bool) -> io::Result<()> {
        let mut arguments = vec![path(file)];
        if json {
            arguments.push("--json".to_owned());
        }
        let run = self.run(name, "dumpchk", &arguments)?;
        let well_behaved = match run.status.code() {
            Some(0 | 1) => run.stderr.is_empty(),
            // The result of `redump` is a dump.
            Some(2) => name == "dumpchk" && is_one_line(&run.stderr, "dumpchk: "),
            _ => false,
        };
        if !well_behaved && run.fault().is_none() {
            self.fail(format!("{name}: {}: {}", run.status, run.stderr));
        }
        Ok(())
    }

    /// Runs `redump`, and checks the files that it leaves.
    fn redump(&mut self, words: &[String], input: &Path, output: &Path, full_user_dump: bool) -> io::Result<()> {
        let arguments: Vec<_> = words.iter().cloned().chain([path(input), path(output)]).collect();
        let run = self.run("redump", "redump", &arguments)?;
        if run.fault().is_some() {
            return Ok(());
        }
        let folder = output.parent().expect("results have a folder");
        let left = fs::read_dir(folder)?.count();
        match run.status.code() {
            // Exit code 3 means one line about what is wrong with a result.
            Some(status @ (0 | 3)) if left == 1 && output.exists() && is_told(status, &run.stderr) => {
                let result = fs::read(output)?;
                let (tally, index) = (&mut *self.tally, self.index);
                let mut note = |what: &str, class: &str| tally.result(format!("{what}: {class}"), index);
                let judged = peer::judge(&result, full_user_dump, &mut note);
                if let Err(why) = judged {
                    self.fail(why);
                }
                self.check("dumpchk of results", output, self.index % 4 > 1)
            }
            Some(1) if left == 0 && is_one_line(&run.stderr, "redump: ") => Ok(()),
            _ => {
                self.fail(format!("redump: {}, {left} files are left: {}", run.status, run.stderr));
                Ok(())
            }
        }
    }
}

/// A success prints nothing, and an unusable result prints one line.
fn is_told(status: i32, text: &str) -> bool {
    if status == 0 { text.is_empty() } else { is_one_line(text, "redump: ") }
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn is_one_line(text: &str, start: &str) -> bool {
    text.starts_with(start) && text.ends_with('\n') && text.lines().count() == 1
}
