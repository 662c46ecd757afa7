//! Describes the differences between two dumps.

use std::collections::HashSet;
use std::fmt::Debug;

use super::Facts;

/// Whether file offsets are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    Matter,
    /// Only compares whether an offset is 0.
    DoNotMatter,
}

/// Returns the facts that only the first dump (`-`) or only the second dump (`+`) has. Empty if the dumps are equal.
pub fn differences(expected: &[u8], actual: &[u8], positions: Positions) -> Vec<String> {
    let expected = Facts::of(expected).lines(positions);
    let actual = Facts::of(actual).lines(positions);
    let only_in = |sign: &str, these: &[String], those: &[String]| {
        let those: HashSet<&String> = those.iter().collect();
        these.iter().filter(|line| !those.contains(line)).map(|line| format!("{sign} {line}")).collect::<Vec<_>>()
    };
    [only_in("-", &expected, &actual), only_in("+", &actual, &expected)].concat()
}

impl Facts<'_> {
    /// Returns all facts about the dump, one per line.
    pub fn lines(&self, positions: Positions) -> Vec<String> {
        let mut lines = vec![format!("{:?}", self.header)];
        add(&mut lines, "entry", &self.directory);
        add(&mut lines, "thread", &self.threads());
        add(&mut lines, "module", &self.modules());
        add(&mut lines, "range", &self.ranges());
        add(&mut lines, "exception", &self.exceptions());
        add(&mut lines, "system", self.system_info().as_slice());
        add(&mut lines, "memory info", &self.memory_infos());
        add(&mut lines, "thread info", &self.thread_infos());
        add(&mut lines, "unloaded", &self.unloaded_modules());
        add(&mut lines, "handle", &self.handles());
        add(&mut lines, "thread name", &self.thread_names());
        let undecoded = self.directory.iter().filter(|entry| !DECODED.contains(&entry.kind));
        let contents: Vec<_> =
            undecoded.map(|entry| (entry.kind, self.blob(entry.rva, u64::from(entry.size)))).collect();
        add(&mut lines, "stream", &contents);
        match positions {
            Positions::Matter => lines,
            Positions::DoNotMatter => lines.iter().map(|line| without_positions(line)).collect(),
        }
    }
}

/// The types of the streams that are decoded above, and of unused entries.
const DECODED: [u32; 12] = [0, 3, 4, 5, 6, 7, 9, 12, 14, 16, 17, 24];

fn add<T: Debug>(lines: &mut Vec<String>, what: &str, rows: &[T]) {
    lines.extend(rows.iter().enumerate().map(|(index, row)| format!("{what} {index}: {row:x?}")));
}

/// Replaces each `@0x1234` with `@`.
fn without_positions(line: &str) -> String {
    let mut parts = line.split("@0x");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push('@');
        kept.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    kept
}
