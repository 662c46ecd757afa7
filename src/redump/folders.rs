//! Folders of modules, which the option `R` keeps out of the result.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use std::collections::{BTreeSet, HashSet};

use crate::format::CvInfoPdb20;
use crate::read::{CodeView, HostModuleList, LinuxMaps, Minidump, Module, ModuleList, UnloadedModuleList, Utf16};

/// A shorter folder says nothing of anybody, and would be found in too many places.
const LEAST: usize = 3;
/// How many comparisons a byte may cost before all that looks like a folder is taken for one.
const LENGTHS: usize = 64;

/// The folders of all modules, in lower case, without the separator at their end.
pub(super) struct Folders {
    /// In 8-bit characters, and in UTF-16.
    known: [HashSet<Vec<u8>>; 2],
    /// The lengths that folders have, in characters.
    lengths: BTreeSet<usize>,
}

impl Folders {
    pub(super) fn of(dump: &Minidump<'_>) -> Self {
        let mut folders = Self { known: Default::default(), lengths: BTreeSet::new() };
        let modules = dump.stream::<ModuleList<'_>>().ok().flatten();
        let hosts = dump.stream::<HostModuleList<'_>>().ok().flatten().map(|hosts| *hosts.modules());
        for module in modules.into_iter().chain(hosts).flatten() {
            folders.add_wide(module.name().ok());
            folders.add_code_view(&module);
        }
        for module in dump.stream::<UnloadedModuleList<'_>>().ok().flatten().into_iter().flatten() {
            folders.add_wide(module.name().ok());
        }
        if let Ok(Some(maps)) = dump.stream::<LinuxMaps<'_>>() {
            maps.iter().filter(|mapping| mapping.is_file()).for_each(|mapping| folders.add(mapping.path.as_bytes()));
        }
        folders
    }

    fn add_wide(&mut self, name: Option<Utf16<'_>>) {
        if let Some(name) = name {
            self.add(name.to_string_lossy().as_bytes());
        }
    }

    fn add_code_view(&mut self, module: &Module<'_>) {
        if let Ok(Some(CodeView::Pdb70 { path, .. } | CodeView::Pdb20 { path, .. })) = module.code_view() {
            self.add(path);
        }
    }

    fn add(&mut self, path: &[u8]) {
        let folder = path.get(..path.len() - base_name(path).len()).unwrap_or_default();
        let folder = folder.strip_suffix(b"/").or(folder.strip_suffix(b"\\")).unwrap_or(folder).to_ascii_lowercase();
        if folder.len() >= LEAST {
            self.lengths.insert(folder.len());
            let [narrow, wide] = &mut self.known;
            wide.insert(folder.iter().flat_map(|&byte| [byte, 0]).collect());
            narrow.insert(folder);
        }
    }

    /// The bytes with an asterisk in place of every character of a folder, wherever one ends with a separator or
    /// before something that no path has.
    pub(super) fn hidden<'a>(&self, bytes: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
        let [narrow, wide] = &self.known;
        self.hidden_in(self.hidden_in(bytes, narrow, 1), wide, 2)
    }

    fn hidden_in<'a>(&self, mut bytes: Cow<'a, [u8]>, known: &HashSet<Vec<u8>>, width: usize) -> Cow<'a, [u8]> {
        if known.is_empty() || bytes.len() < LEAST {
            return bytes;
        }
        let lower = bytes.to_ascii_lowercase();
        for end in LEAST * width..=lower.len() {
            if !lower.get(end..).is_none_or(|rest| ends_folder(rest, width)) {
                continue;
            }
            // The longest first, for a folder may end with another one.
            let starts = self.lengths.iter().rev().take(LENGTHS).filter_map(|length| end.checked_sub(length * width));
            for start in starts {
                if lower.get(start..end).is_some_and(|candidate| known.contains(candidate)) {
                    let found = bytes.to_mut().get_mut(start..end).unwrap_or_default();
                    found.iter_mut().step_by(width).for_each(|byte| *byte = b'*');
                    break;
                }
            }
        }
        bytes
    }
}

/// True if what follows is a separator, or no part of a path.
fn ends_folder(rest: &[u8], width: usize) -> bool {
    let high = if width == 2 { rest.get(1).copied().unwrap_or(0) } else { 0 };
    match rest.first() {
        None => true,
        Some(_) if high != 0 => false,
        Some(byte) => matches!(byte, b'/' | b'\\' | b':' | b';' | b',' | b'"' | b'\'' | b'>' | b')' | 0..=b' '),
    }
}

/// The part behind the last separator.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    let behind = path.iter().rposition(|byte| matches!(byte, b'/' | b'\\')).map_or(0, |separator| separator + 1);
    path.get(behind..).unwrap_or_default()
}

/// The part behind the last separator of a text in UTF-16, little-endian.
pub(super) fn wide_base_name(text: &[u8]) -> &[u8] {
    let is_separator = |unit: &[u8]| matches!(unit, [b'/' | b'\\', 0]);
    let units = text.chunks_exact(2);
    let behind = units.rev().position(is_separator).map(|from_end| text.len() / 2 * 2 - 2 * from_end);
    text.get(behind.unwrap_or(0)..).unwrap_or_default()
}

/// A CodeView record with the base name of the PDB in place of its path; `None` if it has no path.
pub(super) fn code_view_without_folder(record: &[u8], code_view: CodeView<'_>) -> Option<Vec<u8>> {
    let (head, path) = match code_view {
        CodeView::Pdb70 { path, .. } => (crate::format::CvInfoPdb70::SIZE, path),
        CodeView::Pdb20 { path, .. } => (CvInfoPdb20::SIZE, path),
        _ => return None,
    };
    let mut shorter = record.get(..head)?.to_vec();
    shorter.extend_from_slice(base_name(path));
    shorter.push(0);
    Some(shorter)
}

/// `/proc/self/maps` with base names in place of paths.
pub(super) fn maps_without_folders(maps: &LinuxMaps<'_>) -> Vec<u8> {
    let text = maps.text().as_bytes();
    let mut shorter = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        // Five columns without a slash stand before the path.
        match line.iter().position(|&byte| byte == b'/') {
            Some(path) => {
                shorter.extend_from_slice(line.get(..path).unwrap_or_default());
                shorter.extend_from_slice(base_name(line.get(path..).unwrap_or_default()));
            }
            None => shorter.extend_from_slice(line),
        }
    }
    shorter
}
