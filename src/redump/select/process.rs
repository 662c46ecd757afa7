//! Selects what the system keeps for a process and its threads: the option `p`.

use crate::format::MinidumpType;
use crate::format::process::ProcessLayout;
use crate::read::Thread;
use crate::redump::options::Options;

use crate::redump::select::reason::Reason;
use crate::redump::select::wanted::Wanted;

/// How much of the environment the debugger writes regardless of its size, in bytes.
const ENVIRONMENT: u64 = 0x2000;

/// Adds the thread and process environment blocks and what they refer to, as far as the source has it. `r` leaves out
/// the process parameters with their strings.
///
/// When it re-encodes, the debugger only writes the blocks; for a live process it also writes what they refer to.
pub(super) fn process<'a>(wanted: &mut Wanted<'_, '_>, threads: impl Iterator<Item = Thread<'a>>, options: &Options) {
    let target = wanted.source.target;
    if target.is_windows() {
        let threads = threads.map(|thread| (thread.teb(), thread.id()));
        blocks(wanted, threads, None, ProcessLayout::of_pointer_size(target.pointer_size()), options);
    }
}

/// Adds the environment blocks of one width and what they refer to, given the addresses of the thread environment
/// blocks and the thread IDs. `process_block` is used if they do not lead to a process environment block.
pub(super) fn blocks(
    wanted: &mut Wanted<'_, '_>,
    threads: impl Iterator<Item = (u64, u32)>,
    mut process_block: Option<u64>,
    layout: &ProcessLayout,
    options: &Options,
) {
    let source = wanted.source;
    let target = source.target;
    let filtered = options.contain(MinidumpType::FILTER_MEMORY);
    let width = if layout.pointer_size == 4 { 4 } else { 8 };
    // A pointer of 0 counts as absent.
    let pointer = |block: u64, position: u64| {
        source.memory.read_integer(block.wrapping_add(position), width).filter(|&pointer| target.mask(pointer) != 0)
    };
    for (block, thread) in threads.filter(|(block, _)| *block != 0) {
        wanted.count('p', target.interval(block, layout.teb_size));
        wanted.add_at(block, layout.teb_size, Reason::ThreadEnvironmentBlock { thread });
        let storage = Reason::ThreadStorage { thread };
        if let Some(local) = pointer(block, layout.teb_thread_local_storage_pointer) {
            wanted.add_at(local, layout.pointer_size, storage);
        }
        if let Some(local) = pointer(block, layout.teb_fls_data) {
            wanted.add_at(local, options.engine().fls_data_size(layout), storage);
        }
        process_block = process_block.or_else(|| pointer(block, layout.teb_process_environment_block));
    }
    wanted.count('p', process_block.and_then(|block| target.interval(block, layout.peb_size)));
    let Some(block) = process_block else { return };
    wanted.add_at(block, layout.peb_size, Reason::ProcessEnvironmentBlock);
    if let Some(loader) = pointer(block, layout.peb_ldr) {
        wanted.add_at(loader, layout.ldr_data_size, Reason::LoaderData);
        if let Some(entry) = pointer(loader, layout.ldr_data_in_load_order_module_list) {
            wanted.add_at(entry, layout.ldr_entry_size, Reason::LoaderData);
        }
    }
    // The strings mostly follow the parameters without a gap, and the size of the parameters differs between systems.
    let Some(parameters) = pointer(block, layout.peb_process_parameters).filter(|_| !filtered) else { return };
    wanted.add_at(parameters, layout.parameters_size, Reason::ProcessParameters);
    let strings = [
        layout.parameters_current_directory,
        layout.parameters_image_path_name,
        layout.parameters_command_line,
        layout.parameters_window_title,
    ];
    for string in strings.map(|position| parameters.wrapping_add(position)) {
        let size = source.memory.read_u16(string.wrapping_add(layout.unicode_string_length));
        if let Some((size, text)) = size.zip(pointer(string, layout.unicode_string_buffer)) {
            wanted.add_at(text, size.into(), Reason::ProcessParameters);
        }
    }
    if let Some(environment) = pointer(parameters, layout.parameters_environment) {
        wanted.add_at(environment, ENVIRONMENT, Reason::Environment);
    }
}
