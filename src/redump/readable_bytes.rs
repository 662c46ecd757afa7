//! Measures how much of the file could be read.

use alloc::vec::Vec;

use crate::format::{DirectoryEntry, Header};
use crate::read::{Interval, united};
use crate::redump::report::{Outcome, Report};
use crate::redump::source::Source;

/// Returns how many bytes of the file belong to something that could be read, including `carried`; each byte counts
/// once.
pub(super) fn readable_bytes(source: &Source<'_>, carried: Vec<Interval>, report: &Report) -> u64 {
    source.readable_bytes.unwrap_or_else(|| of_minidump(source, carried, report))
}

fn of_minidump(source: &Source<'_>, carried: Vec<Interval>, report: &Report) -> u64 {
    let dump = source.dump();
    let directory = dump.directory();
    let mut all = carried;
    all.extend(Interval::new(0, Header::SIZE as u64));
    let table = u64::from(directory.len()) * DirectoryEntry::SIZE as u64;
    all.extend(Interval::new(directory.entry_offset(0), table));
    let outcomes = report.streams.iter().map(|stream| (stream.index, stream.outcome));
    let mut outcomes = outcomes.peekable();
    for stream in dump.raw_streams() {
        let outcome = outcomes.next_if(|(index, _)| *index == stream.index()).map(|(_, outcome)| outcome);
        if outcome.is_some_and(|outcome| !matches!(outcome, Outcome::Unreadable(_))) {
            all.extend(Interval::new(stream.offset(), stream.available()));
        }
    }
    all.extend(dump.threads().filter_map(|thread| {
        let context = thread.raw().thread_context;
        Interval::new(context.rva.into(), context.data_size.into())
    }));
    all.extend(source.positions.intervals());
    let size = dump.file_size();
    let within = |interval: Interval| size.saturating_sub(interval.start).min(interval.size());
    united(all).into_iter().fold(0u64, |sum, interval| sum.saturating_add(within(interval)))
}
