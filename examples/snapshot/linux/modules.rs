//! Modules: mapped files that start with an ELF header, with the build IDs from memory.

use userdump::read::linux::LinuxMapping;
use userdump::write::{CodeView, Module, ReadAt};

/// The name that debuggers use for the vDSO.
const LINUX_GATE: &str = "linux-gate.so";
/// Program headers and notes are smaller than this.
const MOST: u64 = 0x1_0000;
const PT_NOTE: u32 = 4;
const NT_GNU_BUILD_ID: u32 = 3;

/// The modules in ascending order, each with all mappings of its file.
pub fn modules(mappings: &[LinuxMapping<'_>], memory: &dyn ReadAt) -> Vec<Module<'static>> {
    let mut modules = Vec::new();
    let mut rest = mappings;
    while let Some((first, following)) = rest.split_first() {
        rest = following;
        let is_gate = first.path == "[vdso]";
        let Some(image) = Image::at(memory, first.start).filter(|_| is_gate || first.is_file()) else { continue };
        // Anonymous mappings between those of a file belong to it, too: `.bss`, for example.
        let of_file = |mapping: &&LinuxMapping<'_>| mapping.path == first.path && mapping.inode == first.inode;
        let count = rest.iter().take_while(|it| of_file(it) && it.offset > 0 || it.path.is_empty()).count();
        let last = rest.iter().take(count).rev().find(of_file).unwrap_or(first);
        rest = rest.iter().position(|it| it.start >= last.end).map_or(&[], |next| &rest[next..]);
        let size = u32::try_from(last.end - first.start).unwrap_or(u32::MAX);
        let name = if is_gate { LINUX_GATE.into() } else { first.path.to_string_lossy() };
        let module = Module::new(first.start, size, &*name);
        modules.push(match image.build_id() {
            Some(id) => module.code_view(CodeView::elf_build_id(&id)),
            None => module,
        });
    }
    modules
}

/// A little-endian 64-bit ELF image in memory.
struct Image<'m> {
    memory: &'m dyn ReadAt,
    base: u64,
    header: [u8; 64],
}

impl<'m> Image<'m> {
    fn at(memory: &'m dyn ReadAt, base: u64) -> Option<Self> {
        let header: [u8; 64] = read(memory, base, 64)?.try_into().ok()?;
        header.starts_with(b"\x7fELF\x02\x01").then_some(Self { memory, base, header })
    }

    fn build_id(&self) -> Option<Vec<u8>> {
        let (at, size, count) = (word(&self.header, 32, 8)?, word(&self.header, 54, 2)?, word(&self.header, 56, 2)?);
        let headers = read(self.memory, self.base.checked_add(at)?, size.checked_mul(count)?)?;
        let mut headers = headers.chunks_exact(usize::try_from(size).ok().filter(|&size| size >= 56)?);
        // The first segment starts with the header, which gives the load bias of all addresses.
        let first = headers.clone().find(|header| word(header, 0, 4) == Some(1))?;
        let bias = self.base.wrapping_sub(word(first, 16, 8)?.wrapping_sub(word(first, 8, 8)?));
        headers.find_map(|header| {
            if word(header, 0, 4)? != PT_NOTE.into() {
                return None;
            }
            let (address, size, align) = (word(header, 16, 8)?, word(header, 40, 8)?, word(header, 48, 8)?);
            build_id(&read(self.memory, bias.wrapping_add(address), size)?, if align == 8 { 8 } else { 4 })
        })
    }
}

/// Finds the build ID among notes. A note consists of name size, content size, type, name and content; the latter two are padded.
fn build_id(mut notes: &[u8], align: usize) -> Option<Vec<u8>> {
    loop {
        let (name, size, kind) = (word(notes, 0, 4)?, word(notes, 4, 4)?, word(notes, 8, 4)?);
        let (name, size) = (usize::try_from(name).ok()?, usize::try_from(size).ok()?);
        let start = 12 + name.checked_next_multiple_of(align.min(4))?;
        let start = if align == 8 { start.checked_next_multiple_of(8)? } else { start };
        let contents = notes.get(start..)?.get(..size)?;
        if kind == NT_GNU_BUILD_ID.into() && notes.get(12..)?.starts_with(b"GNU\0") {
            return Some(contents.to_vec());
        }
        notes = notes.get(start + size.checked_next_multiple_of(align)?..)?;
    }
}

fn read(memory: &dyn ReadAt, address: u64, size: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size).ok().filter(|_| size <= MOST)?];
    let count = memory.read_at(address, &mut bytes).ok()?;
    (count == bytes.len()).then_some(bytes)
}

fn word(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    bytes.get(at..at + size).map(|bytes| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)))
}
