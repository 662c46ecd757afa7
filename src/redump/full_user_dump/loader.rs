//! The loader's module list in the memory of the process.
//!
//! In the debugger's own full user dumps, some module names lack their folders. When the debugger re-encodes such a
//! dump, it takes the folders from this list.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;

use crate::format::process::ProcessLayout;
use crate::read::{Budget, FullUserDump, Memory};

/// The addresses of the `UNICODE_STRING` with the path of each module, by the base of the module.
pub(super) struct Loader<'m, 'a> {
    memory: &'m Memory<'a>,
    layout: &'static ProcessLayout,
    names: BTreeMap<u64, u64>,
    /// The budget for reading names. In valid dumps, modules do not share names.
    names_read: Budget,
}

impl<'m, 'a> Loader<'m, 'a> {
    /// Walks the list, visiting at most as many entries as the dump has modules.
    pub(super) fn of(dump: &FullUserDump<'a>, memory: &'m Memory<'a>) -> Self {
        let target = dump.target();
        let layout = ProcessLayout::for_pointer_size(target.pointer_size());
        let pointer = |block: u64, position: u64| {
            let address = memory.read_pointer(block.wrapping_add(position)).map(|address| target.mask(address));
            address.filter(|&address| address != 0)
        };
        let mut threads = dump.threads().into_iter().filter(|thread| thread.teb() != 0);
        let process = threads.find_map(|thread| pointer(thread.teb(), layout.teb_process_environment_block));
        let data = process.and_then(|block| pointer(block, layout.peb_ldr));
        let head = data.map(|data| data.wrapping_add(layout.ldr_data_in_load_order_module_list));
        let mut names = BTreeMap::new();
        let mut entry = head.and_then(|head| pointer(head, 0));
        for _ in dump.modules() {
            let Some(at) = entry.filter(|&at| Some(at) != head) else { break };
            if let Some(base) = pointer(at, layout.ldr_entry_dll_base) {
                names.entry(base).or_insert(at.wrapping_add(layout.ldr_entry_full_dll_name));
            }
            entry = pointer(at, 0);
        }
        Self { memory, layout, names, names_read: Budget::times(dump.file_size(), 1) }
    }

    /// Returns the path of the module at `base`, if its last component is `name`, ignoring case.
    pub(super) fn path(&mut self, base: u64, name: &str) -> Option<String> {
        let text = *self.names.get(&base)?;
        let size = usize::from(self.memory.read_u16(text.wrapping_add(self.layout.unicode_string_length))?);
        let address = self.memory.read_pointer(text.wrapping_add(self.layout.unicode_string_buffer))?;
        self.names_read.charge("name in the loader's list", 0, size as u64).ok()?;
        let mut bytes = vec![0; size];
        if self.memory.read(address, &mut bytes) < size {
            return None;
        }
        let units = bytes.chunks_exact(2).filter_map(|unit| unit.first_chunk()).map(|unit| u16::from_le_bytes(*unit));
        let path: String = char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        let (_, last) = path.rsplit_once('\\')?;
        (!last.is_empty() && last.eq_ignore_ascii_case(name)).then_some(path)
    }
}
