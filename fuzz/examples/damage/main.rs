//! Damages dumps, and runs `dumpchk` and `redump` on the results: `damage FOLDER COUNT SEED [--only INDEX] DUMP...`.
//!
//! `FOLDER` contains the two programs. Each of the `COUNT` variants is one of the dumps (preferably a small one) with
//! one to six kinds of damage: truncation, flipped bits, words that are swapped or replaced by extreme values,
//! directory entries that take the type or location of others, streams of other dumps, blocks that are copied, zeroed,
//! removed or duplicated; mostly where headers and lists are. The seed and the index determine a variant, and the
//! options that `redump` gets for it.
//!
//! No program may panic, end by a signal, or exceed 5 s or 512 MiB. A failure prints one line and leaves no file. Every
//! result can be opened by `dumpchk` and by the `minidump` crate, which finds the same threads, modules and ranges as
//! this crate; where it does not, there is a known reason, and all reasons are counted. The exit code is 1 if anything
//! else happens; such variants are kept in a folder whose name is printed. `--only INDEX` shows one variant and keeps
//! it.
//!
//! `bash fuzz/damage.sh` builds the programs and collects the dumps.

mod child;
mod numbers;
mod options;
mod peer;
mod places;
mod sources;
mod steps;
mod tally;
mod variant;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use std::{env, fs, io, panic, process, thread};

use sources::Sources;
use tally::Tally;
use variant::Setting;

const USAGE: &str = "usage: damage FOLDER COUNT SEED [--only INDEX] DUMP...";

struct Arguments {
    folder: PathBuf,
    count: u64,
    seed: u64,
    only: Option<u64>,
    dumps: Vec<PathBuf>,
}

/// Returns 0 if nothing fails, 1 if something does, 2 for wrong usage or if the runs are impossible.
fn main() -> ExitCode {
    let Some(arguments) = parse(env::args().skip(1).collect()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("damage: {error}");
            ExitCode::from(2)
        }
    }
}

fn parse(words: Vec<String>) -> Option<Arguments> {
    let [folder, count, seed, rest @ ..] = words.as_slice() else { return None };
    let (only, dumps) = match rest {
        [option, index, dumps @ ..] if option == "--only" => (Some(index.parse().ok()?), dumps),
        dumps => (None, dumps),
    };
    let dumps = dumps.iter().map(PathBuf::from).collect();
    Some(Arguments { folder: folder.into(), count: count.parse().ok()?, seed: seed.parse().ok()?, only, dumps })
}

/// Returns the number of failures.
fn run(arguments: Arguments) -> io::Result<usize> {
    let Arguments { folder, count, seed, only, dumps } = arguments;
    let scratch = env::temp_dir().join(format!("userdump-damage-{}", process::id()));
    let failed = scratch.join("failed");
    fs::create_dir_all(&failed)?;
    let setting = Setting { folder, seed, sources: Sources::new(dumps.into_iter())?, failed: failed.clone() };
    child::limit()?;
    // The peer may panic on its input, which counts as a rejection.
    panic::set_hook(Box::new(|_| {}));

    let start = Instant::now();
    let tally = match only {
        Some(index) => {
            let mut tally = Tally::default();
            setting.variant(index, &scratch, true, &mut tally)?;
            tally
        }
        None => all(&setting, count, &scratch)?,
    };
    tally.print(start.elapsed(), child::own_peak());
    if only.is_some() || tally.failures() > 0 {
        println!("variants are kept in {}", failed.display());
    } else {
        fs::remove_dir_all(&scratch)?;
    }
    Ok(tally.failures())
}

/// Each worker takes the next variant. A variant does not depend on the worker.
fn all(setting: &Setting, count: u64, scratch: &std::path::Path) -> io::Result<Tally> {
    let next = AtomicU64::new(0);
    let work = |worker: usize| {
        let folder = scratch.join(worker.to_string());
        fs::create_dir(&folder)?;
        let mut tally = Tally::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return fs::remove_dir_all(&folder).map(|()| tally);
            }
            setting.variant(index, &folder, false, &mut tally)?;
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut whole = Tally::default();
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        for thread in threads {
            let tally = thread.join().map_err(|_| io::Error::other("a worker has panicked"))??;
            whole.merge(tally);
        }
        Ok(whole)
    })
}
