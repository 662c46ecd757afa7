//! The results of all variants.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::child::{Fault, Run};

/// Maximum number of failures that are printed.
const PRINTED: usize = 50;

/// The number of occurrences, and the first variant in which something occurred.
type Classes = BTreeMap<String, (u64, u64)>;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    variants: u64,
    /// By the kind of damage.
    damage: Classes,
    /// By the name of the program.
    programs: BTreeMap<&'static str, Program>,
    /// By the peer's description of a result.
    results: Classes,
    failures: Vec<(u64, String)>,
}

/// The runs of a program.
#[derive(Clone, Debug, Default)]
struct Program {
    runs: u64,
    codes: BTreeMap<i32, u64>,
    faults: BTreeMap<Fault, u64>,
    /// The maximum, and its variant.
    time: (Duration, u64),
    peak: (u64, u64),
}

impl Tally {
    pub fn variant(&mut self) {
        self.variants += 1;
    }

    pub fn damage(&mut self, kind: &str, index: u64) {
        count(&mut self.damage, kind.to_owned(), (1, index));
    }

    pub fn result(&mut self, class: String, index: u64) {
        count(&mut self.results, class, (1, index));
    }

    pub fn fail(&mut self, index: u64, why: String) {
        self.failures.push((index, why));
    }

    pub fn failures(&self) -> usize {
        self.failures.len()
    }

    pub fn run(&mut self, program: &'static str, run: &Run, index: u64) {
        let entry = self.programs.entry(program).or_default();
        entry.runs += 1;
        if let Some(code) = run.status.code() {
            *entry.codes.entry(code).or_default() += 1;
        }
        if let Some(fault) = run.fault() {
            *entry.faults.entry(fault).or_default() += 1;
        }
        entry.time = entry.time.max((run.time, index));
        entry.peak = entry.peak.max((run.peak, index));
    }

    /// Adds the counts of another worker.
    pub fn merge(&mut self, other: Self) {
        self.variants += other.variants;
        other.damage.into_iter().for_each(|(name, seen)| count(&mut self.damage, name, seen));
        other.results.into_iter().for_each(|(name, seen)| count(&mut self.results, name, seen));
        for (name, program) in other.programs {
            let entry = self.programs.entry(name).or_default();
            entry.runs += program.runs;
            program.codes.into_iter().for_each(|(code, runs)| *entry.codes.entry(code).or_default() += runs);
            program.faults.into_iter().for_each(|(fault, runs)| *entry.faults.entry(fault).or_default() += runs);
            entry.time = entry.time.max(program.time);
            entry.peak = entry.peak.max(program.peak);
        }
        self.failures.extend(other.failures);
        self.failures.sort();
    }

    pub fn print(&self, time: Duration, own_peak: u64) {
        let rate = self.variants as f64 / time.as_secs_f64();
        println!("{} variants in {:.0} s, {rate:.0} each second", self.variants, time.as_secs_f64());
        println!("\ndamage (in how many variants, the first of them)");
        print_classes(&self.damage);
        for (name, program) in &self.programs {
            println!("\n{name}: {} runs", program.runs);
            program.codes.iter().for_each(|(code, runs)| println!("{runs:>9} ended with code {code}"));
            for (fault, what) in [
                (Fault::Panic, "panics"),
                (Fault::Signal, "signals"),
                (Fault::Time, "over 5 s"),
                (Fault::Memory, "over 512 MiB"),
            ] {
                println!("{:>9} {what}", program.faults.get(&fault).copied().unwrap_or(0));
            }
            println!("          longest: {:.1} ms, variant {}", 1000.0 * program.time.0.as_secs_f64(), program.time.1);
            println!("          largest: {:.1} MiB, variant {}", mebibytes(program.peak.0), program.peak.1);
        }
        println!("\nthis program itself: {:.1} MiB; no peak above is told lower than that", mebibytes(own_peak));
        println!("\nresults (how many, the first of them)");
        print_classes(&self.results);
        println!("\n{} failures", self.failures.len());
        self.failures.iter().take(PRINTED).for_each(|(index, why)| println!("variant {index}: {why}"));
        if self.failures.len() > PRINTED {
            println!("and {} more", self.failures.len() - PRINTED);
        }
    }
}

fn count(classes: &mut Classes, name: String, (times, first): (u64, u64)) {
    let entry = classes.entry(name).or_insert((0, first));
    *entry = (entry.0 + times, entry.1.min(first));
}

fn print_classes(classes: &Classes) {
    classes.iter().for_each(|(name, (times, first))| println!("{times:>9} {first:>7}  {name}"));
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
