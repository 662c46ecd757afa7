//! The findings of a dump: a damaged one can have as many as it has bytes, so they are looked for anew each time, and not
//! kept.

use std::collections::BTreeMap;

use userdump::Dump;
use userdump::read::check::{Finding, FindingCode};

/// So many findings of a code are listed.
pub const LISTED: u64 = 1000;

/// How many findings of each code a dump has.
pub struct Findings<'d> {
    pub dump: &'d Dump<'d>,
    counts: BTreeMap<FindingCode, u64>,
}

impl<'d> Findings<'d> {
    pub fn count(dump: &'d Dump<'d>) -> Self {
        let mut counts = BTreeMap::new();
        dump.check(&mut |finding| *counts.entry(finding.code).or_default() += 1);
        Self { dump, counts }
    }

    /// The number of findings.
    pub fn all(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The findings that are listed, until `each` fails.
    pub fn listed<E>(&self, mut each: impl FnMut(Finding) -> Result<(), E>) -> Result<(), E> {
        let mut seen = BTreeMap::new();
        let mut result = Ok(());
        self.dump.check(&mut |finding| {
            let seen: &mut u64 = seen.entry(finding.code).or_default();
            *seen += 1;
            if *seen <= LISTED && result.is_ok() {
                result = each(finding);
            }
        });
        result
    }

    /// How many more there are of each code.
    pub fn more(&self) -> impl Iterator<Item = (FindingCode, u64)> + '_ {
        self.counts
            .iter()
            .filter_map(|(code, count)| Some((*code, count.checked_sub(LISTED).filter(|more| *more > 0)?)))
    }
}
