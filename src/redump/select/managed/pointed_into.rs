//! Images that stacks point into. A debugger of .NET unwinds with the tables of all functions, those of precompiled code
//! first of all, and looks at more code around return addresses than other debuggers do.

use alloc::vec::Vec;

use crate::format::StreamType;
use crate::read::module::Image;
use crate::read::{Budget, united};
use crate::redump::report::Report;

use crate::redump::select::exception_directory::ExceptionDirectory;
use crate::redump::select::presets::Ground;
use crate::redump::select::reason::Reason;
use crate::redump::select::stacks::around;
use crate::redump::select::wanted::Wanted;

/// How much code is taken to either side of a pointer, in bytes.
const REACH: u64 = 64;

/// Adds the exception directories of these images, all unwind data that they lead to, and code.
pub(super) fn add(wanted: &mut Wanted<'_, '_>, ground: &Ground<'_, '_>, report: &mut Report) {
    let source = ground.source;
    // An entry and what it leads to take more memory than the entry, and no two images have entries in common.
    let mut budget = Budget::times(source.plain_size, 1);
    for (index, pointers) in ground.pointers.by_image() {
        let Some(listed) = ground.images.list().get(index) else { continue };
        let module = listed.module;
        let image = Image::at(&source.memory, listed.base);
        let allowed = ground.allowed(index, image.as_ref());
        let code = united(pointers.iter().filter_map(|&(_, address)| around(source, address, REACH)).collect());
        for part in code.into_iter().flat_map(|code| allowed.parts_of(code)) {
            wanted.add(part, Reason::PointedCode { module });
        }
        let Some(directory) = image.and_then(|image| ExceptionDirectory::of(&source.memory, &image)) else { continue };
        for part in allowed.parts_of(directory.interval()) {
            wanted.add(part, Reason::UnwindTables { module });
        }
        let mut data = Vec::new();
        if let Err(error) = directory.unwind_data(&mut budget, &mut data) {
            report.fault(StreamType::MODULE_LIST, module, "unwind data", error);
        }
        for part in data.into_iter().flat_map(|data| allowed.parts_of(data)) {
            wanted.add(part, Reason::FunctionUnwindData { module });
        }
    }
}
