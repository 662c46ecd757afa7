//! Makes a full user dump from the source, as `.dump /f` does for a live process.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::RedumpError;
use crate::read::Dump;
use crate::redump::edits::memory::Changes;
use crate::redump::edits::new_memory::MemoryEdits;
use crate::redump::hooks::Hooks;
use crate::redump::options::Options;
use crate::redump::report::Report;
use crate::redump::select::selected::Selection;
use crate::redump::source::Source;
use crate::write::FullUserDumpBuilder;

use crate::redump::full_user_dump::{fields, from_records, from_user_dump, losses, regions};

/// Fills a builder with everything that the format can hold, and reports the rest.
///
/// The content of a full user dump stays as it is. For a source of any other format, its records are used.
pub(in crate::redump) fn transcode<'a>(
    dump: &Dump<'a>,
    source: &Source<'a>,
    options: &Options,
    hooks: Hooks<'a>,
    selection: &Selection,
    report: &mut Report,
) -> Result<FullUserDumpBuilder<'a>, RedumpError> {
    let changes = |hooks: Hooks<'a>| {
        let edits = MemoryEdits { blank: hooks.blank, replaced: hooks.new_memory, redactor: hooks.redactor };
        Changes::new(source, Vec::new(), edits, selection).map(Arc::new)
    };
    if let Dump::FullUserDump(dump) = dump {
        let mut builder = from_user_dump::builder(dump, source, &hooks, selection, report);
        losses::of_streams(source, options, &hooks, report);
        regions::carry(dump, source, changes(hooks).as_ref(), &mut builder, report);
        report.is_partial = !report.missing_memory.is_empty();
        return Ok(builder);
    }
    let mut builder = from_records::builder(source, options, &hooks, selection, report)?;
    losses::of_streams(source, options, &hooks, report);
    losses::of_records(source, &hooks, report);
    fields::compare(source, &hooks, selection, report);
    let ranges = &selection.selected.ranges;
    regions::add(source, dump.regions(), ranges, changes(hooks).as_ref(), &mut builder, report);
    report.is_partial = !report.missing_memory.is_empty() || !source.has_full_memory;
    Ok(builder)
}
