//! Selects what is needed of images that stacks point into. A .NET debugger unwinds with the tables of all functions,
//! especially those of precompiled code, and reads more code around return addresses than other debuggers do.

use alloc::vec::Vec;

use crate::format::StreamType;
use crate::read::Budget;
use crate::read::module::Directory;
use crate::redump::report::Report;

use crate::redump::select::exception_directory::ExceptionDirectory;
use crate::redump::select::ground::{Ground, PointedInto};
use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// How much code is taken to either side of a pointer, in bytes.
const REACH: u64 = 64;

/// The unwind data of a precompiled method is followed by data for the garbage collector, of at most this size in
/// bytes.
const COLLECTOR_DATA: u64 = 0x1000;

/// Adds the exception directories of these images, all unwind data they refer to, and code.
pub(super) fn add(wanted: &mut Wanted<'_, '_>, ground: &Ground<'_, '_>, report: &mut Report) {
    let source = ground.source;
    // An entry and its unwind data take more memory than the entry, and images do not share entries.
    let mut budget = Budget::times(source.plain_size, 1);
    for pointed_into in ground.pointed_into() {
        let PointedInto { listed, image, allowed, .. } = &pointed_into;
        let module = listed.module;
        for part in pointed_into.code(source, REACH).iter().flat_map(|code| allowed.parts_of(code)) {
            wanted.add(part, Reason::ReferencedCode { module });
        }
        let Some(image) = image else { continue };
        let Some(directory) = ExceptionDirectory::of(&source.memory, image) else { continue };
        for part in allowed.parts_of(directory.interval()) {
            wanted.add(part, Reason::UnwindTables { module });
        }
        let is_managed = image.directory(Directory::CommonLanguageRuntime).is_some();
        let between = if is_managed { COLLECTOR_DATA } else { 0 };
        let mut data = Vec::new();
        if let Err(error) = directory.unwind_data(between, &mut budget, &mut data) {
            report.fault(StreamType::MODULE_LIST, module, "unwind data", error);
        }
        for part in data.into_iter().flat_map(|data| allowed.parts_of(data)) {
            wanted.add(part, Reason::FunctionUnwindData { module });
        }
    }
}
