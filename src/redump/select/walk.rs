//! Selects what a debugger needs to walk stacks without the binaries: the preset `walk`.
//!
//! Measured with the engine of 2026, without symbols and binaries: of images that a stack word or an instruction
//! pointer points into, it reads the headers, the exception directory, the unwind data of the functions pointed to
//! (including chained ones), and a few bytes of code on both sides of each pointer: prologs, epilogs and calls. x86
//! images have no such tables; there it uses the code. If only code of images is there, the debugger does not trust
//! return addresses into generated code, so the code around those is taken as well.

use alloc::vec::Vec;

use crate::format::full_user_dump::ImageFileMachine;
use crate::format::{ProcessorArchitecture, StreamType};
use crate::read::module::{Directory, ElfImage};
use crate::read::{Budget, Interval, union, united};
use crate::redump::presets::Walk;
use crate::redump::report::Report;

use crate::redump::select::eh_frame;
use crate::redump::select::exception_directory::ExceptionDirectory;
use crate::redump::select::ground::{Ground, PointedInto};
use crate::redump::select::reason::Reason;
use crate::redump::select::stacks::around;
use crate::redump::select::wanted::Wanted;

/// How much code is taken to either side of a pointer, in bytes, with and without unwind tables.
const WITH_TABLES: u64 = 16;
const WITHOUT_TABLES: u64 = 32;

pub(super) fn walk(wanted: &mut Wanted<'_, '_>, ground: &mut Ground<'_, '_>, report: &mut Report) {
    let Some(detail) = ground.options.walk_preset() else { return };
    let source = ground.source;
    // In valid dumps, tables of different images do not overlap.
    let mut budget = Budget::times(source.plain_size, 1);
    for pointed_into in ground.pointed_into() {
        let PointedInto { listed, image, allowed, pointers } = &pointed_into;
        let module = listed.module;
        let mut take = |interval: Option<Interval>, reason| {
            interval.into_iter().flat_map(|it| allowed.parts_of(it)).for_each(|part| wanted.add(part, reason));
        };
        let is_without_tables = image.is_some_and(|image| image.machine() == ImageFileMachine::I386);
        let reach = if is_without_tables { WITHOUT_TABLES } else { WITH_TABLES };
        pointed_into.code(source, reach).iter().for_each(|code| take(Some(code), Reason::ReferencedCode { module }));
        if let Some(image) = image {
            take(image.headers_place(), Reason::UnwindTables { module });
            if let Some(directory) = ExceptionDirectory::of(&source.memory, image) {
                take(Some(directory.interval()), Reason::UnwindTables { module });
                // A call may be the last instruction of a function; the return address is then in the next function.
                let addresses = pointers.iter().flat_map(|address| [address.saturating_sub(1), address]);
                let functions = directory.entries_for(addresses);
                let mut data = Vec::new();
                if let Err(error) = directory.unwind_data_of(functions, &mut budget, &mut data) {
                    report.fault(StreamType::MODULE_LIST, module, "unwind data", error);
                }
                united(data).into_iter().for_each(|data| take(Some(data), Reason::FunctionUnwindData { module }));
            }
            if detail >= Walk::Names {
                take(image.directory(Directory::Exports), Reason::ExportNames { module });
            }
        }
        let tables =
            ElfImage::at(&source.memory, listed.base).map(|image| eh_frame::of_image(source, &image, &mut budget));
        match tables.transpose() {
            Ok(tables) => tables.into_iter().flatten().for_each(|table| take(table, Reason::UnwindTables { module })),
            Err(error) => report.fault(StreamType::MODULE_LIST, module, "unwind tables", error),
        }
    }
    let is_x86 = source.target.architecture == Some(ProcessorArchitecture::X86);
    let reach = if is_x86 { WITHOUT_TABLES } else { WITH_TABLES };
    let generated = union(ground.pointers.take_generated().iter().filter_map(|it| around(source, it.start, reach)));
    generated.iter().for_each(|code| wanted.add(code, Reason::GeneratedCode));
}
