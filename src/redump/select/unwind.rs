//! Selects the unwind data of generated code that function tables refer to; debuggers need it to unwind frames of such
//! code.
//!
//! The debugger writes only the data of each entry; if the data is at the end of a range, it writes none. Here the data
//! of chained functions is taken as well, and truncated data as far as it goes.

use alloc::vec::Vec;

use crate::format::StreamType;
use crate::read::function_table::FunctionTableList;
use crate::read::{Budget, united};
use crate::redump::hooks::Hooks;
use crate::redump::report::Report;

use crate::redump::select::reason::Reason;
use crate::redump::select::unwind_forms::{Form, follow};
use crate::redump::select::wanted::Wanted;

/// Adds the unwind data that the entries of all tables refer to. With `is_filtered`, adds only what has the form of
/// such data.
pub(super) fn unwind_data(wanted: &mut Wanted<'_, '_>, hooks: &Hooks<'_>, is_filtered: bool, report: &mut Report) {
    let source = wanted.source;
    let dump = source.dump();
    let Some(form) = source.target.architecture.and_then(Form::of) else { return };
    if dump.raw_stream(StreamType::FUNCTION_TABLE).is_none_or(|stream| !hooks.keeps_stream(&stream)) {
        return;
    }
    let mut places = Vec::new();
    for table in dump.find::<FunctionTableList<'_>>().into_iter().flatten() {
        let size = usize::try_from(table.entry_size).ok().filter(|&size| size >= form.entry_size());
        let entries = size.map(|size| table.entries.chunks_exact(size)).into_iter().flatten();
        places.extend(entries.filter_map(|entry| form.of_entry(table.descriptor.base_address, entry)));
    }
    // A chained function takes 16 bytes of memory, which functions of a valid dump do not share.
    let mut budget = Budget::times(source.plain_size, 1);
    let mut intervals = Vec::new();
    let found = |interval| intervals.extend(source.hull(interval));
    if let Err(error) = follow(form, &source.memory, places, is_filtered, &mut budget, found) {
        report.fault(StreamType::FUNCTION_TABLE, 0, "chained functions", error);
    }
    united(intervals).into_iter().for_each(|interval| wanted.add(interval, Reason::UnwindData));
}
