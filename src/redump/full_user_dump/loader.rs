//! The loader's list of modules, in the memory of the process.
//!
//! The debugger's own full user dumps have some names of modules without their folders. When it re-encodes one of
//! them, it takes the folders from here.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;

use crate::read::{Budget, FullUserDump, Memory};

/// Positions in bytes, as Microsoft's symbols have them.
struct Layout {
    process_block_of_thread: u64,
    loader: u64,
    /// The head of the list in the order of loading, and its first link.
    list: u64,
    base: u64,
    name: u64,
}

const LAYOUT64: Layout = Layout { process_block_of_thread: 0x60, loader: 0x18, list: 0x10, base: 0x30, name: 0x48 };
const LAYOUT32: Layout = Layout { process_block_of_thread: 0x30, loader: 0xc, list: 0xc, base: 0x18, name: 0x24 };

/// Where the list has the path of each module: the address of a counted text, by the base of the module.
pub(super) struct Loader<'m, 'a> {
    memory: &'m Memory<'a>,
    pointer_size: u64,
    names: BTreeMap<u64, u64>,
    /// The names that are read. In sound dumps no two modules have one in common.
    names_read: Budget,
}

impl<'m, 'a> Loader<'m, 'a> {
    /// Walks the list, over at most as many entries as the dump has modules.
    pub(super) fn of(dump: &FullUserDump<'a>, memory: &'m Memory<'a>) -> Self {
        let target = dump.target();
        let layout = if target.is_32_bit() { &LAYOUT32 } else { &LAYOUT64 };
        let pointer = |block: u64, position: u64| {
            let address = memory.read_pointer(block.wrapping_add(position)).map(|address| target.mask(address));
            address.filter(|&address| address != 0)
        };
        let mut threads = dump.threads().into_iter().filter(|thread| thread.teb() != 0);
        let process = threads.find_map(|thread| pointer(thread.teb(), layout.process_block_of_thread));
        let head = process.and_then(|block| pointer(block, layout.loader)).map(|it| it.wrapping_add(layout.list));
        let mut names = BTreeMap::new();
        let mut entry = head.and_then(|head| pointer(head, 0));
        for _ in dump.modules() {
            let Some(at) = entry.filter(|&at| Some(at) != head) else { break };
            if let Some(base) = pointer(at, layout.base) {
                names.entry(base).or_insert(at.wrapping_add(layout.name));
            }
            entry = pointer(at, 0);
        }
        Self {
            memory,
            pointer_size: target.pointer_size().into(),
            names,
            names_read: Budget::times(dump.data().len() as u64, 1),
        }
    }

    /// The path of the module at `base`, if its last part is `name`, whatever the case.
    pub(super) fn path(&mut self, base: u64, name: &str) -> Option<String> {
        let text = *self.names.get(&base)?;
        let size = usize::from(self.memory.read_u16(text)?);
        let address = self.memory.read_pointer(text.wrapping_add(self.pointer_size))?;
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
