//! The findings of a dump. A damaged dump can have as many findings as bytes, so the check is repeated instead of storing them.

use std::collections::BTreeMap;

use userdump::Dump;
use userdump::read::check::{Finding, FindingCode};

/// The maximum number of findings that are listed for each code.
pub const LISTED: u64 = 1000;

/// A dump, and its number of findings for each code.
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

    /// Returns the number of findings.
    pub fn all(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Calls `each` for the findings that are listed, until it fails.
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

    /// Returns the number of findings of each code that are not listed.
    pub fn more(&self) -> impl Iterator<Item = (FindingCode, u64)> + '_ {
        self.counts
            .iter()
            .filter_map(|(code, count)| Some((*code, count.checked_sub(LISTED).filter(|more| *more > 0)?)))
    }
}
