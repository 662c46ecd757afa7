//! What the system keeps of a process and its threads: the option `p`.

use crate::read::Thread;

use super::reason::Reason;
use super::wanted::Wanted;

/// Sizes and positions in bytes, as the debugger was seen to write them or as Microsoft's symbols have them.
struct Layout {
    thread_block: u64,
    thread_local_storage: u64,
    process_block_of_thread: u64,
    fiber_local_storage: u64,
    fiber_local_storage_size: u64,
    process_block: u64,
    loader: u64,
    loader_size: u64,
    loader_first_entry: u64,
    loader_entry_size: u64,
    parameters: u64,
    parameters_size: u64,
    /// Current folder, path of the image, command line, title of the window.
    strings: [u64; 4],
    environment: u64,
}

const LAYOUT64: Layout = Layout {
    thread_block: 0x2000,
    thread_local_storage: 0x58,
    process_block_of_thread: 0x60,
    fiber_local_storage: 0x17c8,
    fiber_local_storage_size: 0x410,
    process_block: 0x1000,
    loader: 0x18,
    loader_size: 0x58,
    loader_first_entry: 0x10,
    loader_entry_size: 0x120,
    parameters: 0x20,
    parameters_size: 0x410,
    strings: [0x38, 0x60, 0x70, 0xb0],
    environment: 0x80,
};

const LAYOUT32: Layout = Layout {
    thread_block: 0x1000,
    thread_local_storage: 0x2c,
    process_block_of_thread: 0x30,
    fiber_local_storage: 0xfb4,
    fiber_local_storage_size: 0x208,
    process_block: 0x1000,
    loader: 0xc,
    loader_size: 0x30,
    loader_first_entry: 0xc,
    loader_entry_size: 0xa8,
    parameters: 0x10,
    parameters_size: 0x2a4,
    strings: [0x24, 0x38, 0x40, 0x70],
    environment: 0x48,
};

/// So much of the environment the debugger writes, whatever its size.
const ENVIRONMENT: u64 = 0x2000;

/// Adds the environment blocks of threads and process and what hangs on them, as far as the source has it; `filtered`
/// leaves out the parameters of the process, texts and all.
///
/// When it re-encodes, the debugger writes the blocks alone; of a running process also what they point to.
pub(super) fn process<'a>(wanted: &mut Wanted<'_, '_>, threads: impl Iterator<Item = Thread<'a>>, filtered: bool) {
    let source = wanted.source;
    let target = source.target;
    if !target.is_windows() {
        return;
    }
    let layout = if target.is_32_bit() { &LAYOUT32 } else { &LAYOUT64 };
    // A pointer of 0 is none.
    let pointer = |block: u64, position: u64| {
        source.memory.read_pointer(block.wrapping_add(position)).filter(|&pointer| target.mask(pointer) != 0)
    };
    let mut process_block = None;
    for thread in threads.filter(|thread| thread.teb() != 0) {
        let (block, thread) = (thread.teb(), thread.id());
        wanted.add_at(block, layout.thread_block, Reason::ThreadEnvironmentBlock { thread });
        let storage = Reason::ThreadStorage { thread };
        if let Some(local) = pointer(block, layout.thread_local_storage) {
            wanted.add_at(local, target.pointer_size().into(), storage);
        }
        if let Some(local) = pointer(block, layout.fiber_local_storage) {
            wanted.add_at(local, layout.fiber_local_storage_size, storage);
        }
        process_block = process_block.or_else(|| pointer(block, layout.process_block_of_thread));
    }
    let Some(block) = process_block else { return };
    wanted.add_at(block, layout.process_block, Reason::ProcessEnvironmentBlock);
    if let Some(loader) = pointer(block, layout.loader) {
        wanted.add_at(loader, layout.loader_size, Reason::LoaderData);
        if let Some(entry) = pointer(loader, layout.loader_first_entry) {
            wanted.add_at(entry, layout.loader_entry_size, Reason::LoaderData);
        }
    }
    // The texts mostly follow the parameters without a gap, and how far these reach differs from system to system.
    let Some(parameters) = pointer(block, layout.parameters).filter(|_| !filtered) else { return };
    wanted.add_at(parameters, layout.parameters_size, Reason::ProcessParameters);
    for string in layout.strings.map(|position| parameters.wrapping_add(position)) {
        let text = pointer(string, target.pointer_size().into());
        if let Some((size, text)) = source.memory.read_u16(string).zip(text) {
            wanted.add_at(text, size.into(), Reason::ProcessParameters);
        }
    }
    if let Some(environment) = pointer(parameters, layout.environment) {
        wanted.add_at(environment, ENVIRONMENT, Reason::Environment);
    }
}
