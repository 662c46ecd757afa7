//! The loader's list of modules, in the memory of the process.
//!
//! The debugger's own full user dumps have some names of modules without their folders. When it re-encodes one of
//! them, it takes the folders from here.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;

use crate::format::process::ProcessLayout;
use crate::read::{Budget, FullUserDump, Memory};

/// Where the list has the path of each module: the address of a `UNICODE_STRING`, by the base of the module.
pub(super) struct Loader<'m, 'a> {
    memory: &'m Memory<'a>,
    layout: &'static ProcessLayout,
    names: BTreeMap<u64, u64>,
    /// The names that are read. In sound dumps no two modules have one in common.
    names_read: Budget,
}

impl<'m, 'a> Loader<'m, 'a> {
    /// Walks the list, over at most as many entries as the dump has modules.
    pub(super) fn of(dump: &FullUserDump<'a>, memory: &'m Memory<'a>) -> Self {
        let target = dump.target();
        let layout = ProcessLayout::of_pointer_size(target.pointer_size());
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
        Self { memory, layout, names, names_read: Budget::times(dump.data().len() as u64, 1) }
    }

    /// The path of the module at `base`, if its last part is `name`, whatever the case.
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
