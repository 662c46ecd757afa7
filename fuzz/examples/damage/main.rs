//! Damages dumps, and runs `dumpchk` and `redump` on what comes out: `damage FOLDER COUNT SEED [--only INDEX] DUMP...`.
//!
//! `FOLDER` holds the two programs. Each of `COUNT` variants is one of the dumps (small ones more often) with one to
//! six damages: cut, bits flipped, words swapped or replaced by numbers that something may break on, rows of the
//! directory that take type or place of another, streams of other dumps, blocks copied, zeroed, taken out or put in
//! twice; mostly where headers and lists are. What a variant is, and which options `redump` gets for it, follows from
//! seed and index alone.
//!
//! Nothing may panic, end by a signal, take 5 s or 512 MiB. What fails says so in one line and leaves no file. What was
//! written opens with `dumpchk` and in the `minidump` crate, which has as many threads, modules and ranges there as we
//! have; where it has not, there is a reason, and all reasons are counted. Exit code 1 if anything else happens: such
//! variants stay in the folder that is named then. `--only INDEX` shows one variant and keeps it.
//!
//! `bash fuzz/damage.sh` builds the programs and gathers the dumps.

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

/// 0: nothing fails. 1: something does. 2: usage, or the runs cannot be made.
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

/// The number of failures.
fn run(arguments: Arguments) -> io::Result<usize> {
    let Arguments { folder, count, seed, only, dumps } = arguments;
    let scratch = env::temp_dir().join(format!("userdump-damage-{}", process::id()));
    let failed = scratch.join("failed");
    fs::create_dir_all(&failed)?;
    let setting = Setting { folder, seed, sources: Sources::new(dumps.into_iter())?, failed: failed.clone() };
    child::limit()?;
    // The peer may panic on what it reads, which is a refusal.
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

/// Each worker takes the next variant. What a variant is does not depend on who takes it.
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
