//! One variant: made, put through both programs, judged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::child::{Run, run};
use crate::numbers::Numbers;
use crate::places::Places;
use crate::sources::{Sources, named};
use crate::tally::Tally;
use crate::{options, peer, steps};

/// What all variants have in common.
#[derive(Debug)]
pub struct Setting {
    /// Where the programs are.
    pub folder: PathBuf,
    pub seed: u64,
    pub sources: Sources,
    /// Where variants go that something fails on.
    pub failed: PathBuf,
}

impl Setting {
    /// Makes the variant in the folder, runs the programs, counts. A shown one is told about and kept.
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

        // Folders of its own for results: nothing else may be left there.
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

/// The runs on one variant.
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

    /// Runs `dumpchk`, which prints one line of error if the file is no dump, and else none.
    fn check(&mut self, name: &'static str, file: &Path, json: bool) -> io::Result<()> {
        let mut arguments = vec![path(file)];
        if json {
            arguments.push("--json".to_owned());
        }
        let run = self.run(name, "dumpchk", &arguments)?;
        let well_behaved = match run.status.code() {
            Some(0 | 1) => run.stderr.is_empty(),
            // What `redump` has written is a dump.
            Some(2) => name == "dumpchk" && is_one_line(&run.stderr, "dumpchk: "),
            _ => false,
        };
        if !well_behaved && run.fault().is_none() {
            self.fail(format!("{name}: {}: {}", run.status, run.stderr));
        }
        Ok(())
    }

    /// Runs `redump`, and looks at what it leaves behind.
    fn redump(&mut self, words: &[String], input: &Path, output: &Path, full_user_dump: bool) -> io::Result<()> {
        let arguments: Vec<_> = words.iter().cloned().chain([path(input), path(output)]).collect();
        let run = self.run("redump", "redump", &arguments)?;
        if run.fault().is_some() {
            return Ok(());
        }
        let folder = output.parent().expect("results have a folder");
        let left = fs::read_dir(folder)?.count();
        match run.status.code() {
            // 3 says what is wrong with a result in one line.
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

/// Nothing is said of a success, and one line of a result that is none.
fn is_told(status: i32, text: &str) -> bool {
    if status == 0 { text.is_empty() } else { is_one_line(text, "redump: ") }
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn is_one_line(text: &str, start: &str) -> bool {
    text.starts_with(start) && text.ends_with('\n') && text.lines().count() == 1
}
