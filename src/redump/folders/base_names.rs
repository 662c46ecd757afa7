//! Replaces paths with base names.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::format::module::{CvInfoPdb20, CvInfoPdb70};
use crate::read::module::CodeView;

use crate::redump::folders::maps::{SHARED_MEMORY, hidden_name};

/// Returns the part after the last separator.
pub(in crate::redump) fn base_name(path: &[u8]) -> &[u8] {
    let start = path.iter().rposition(|byte| matches!(byte, b'/' | b'\\')).map_or(0, |separator| separator + 1);
    path.get(start..).unwrap_or_default()
}

/// Returns the part after the last separator of a UTF-16 string, little-endian.
fn wide_base_name(text: &[u8]) -> &[u8] {
    let is_separator = |unit: &[u8]| matches!(unit, [b'/' | b'\\', 0]);
    let units = text.chunks_exact(2);
    let start = units.rev().position(is_separator).map(|from_end| text.len() / 2 * 2 - 2 * from_end);
    text.get(start.unwrap_or(0)..).unwrap_or_default()
}

/// Returns what stays of a module path (UTF-16, little-endian): the base name or, for shared memory, the kind of memory
/// and a hidden name.
pub(in crate::redump) fn wide_name_of_module(path: &[u8]) -> Cow<'_, [u8]> {
    let narrow = |unit: &[u8]| match unit {
        [byte, 0] => *byte,
        _ => b'?',
    };
    let units = path.chunks_exact(2).map(narrow);
    if !units.clone().take(SHARED_MEMORY.len()).eq(SHARED_MEMORY.iter().copied()) {
        return wide_base_name(path).into();
    }
    let name: Vec<u8> = units.skip(SHARED_MEMORY.len()).collect();
    let kind = SHARED_MEMORY.iter().copied().filter(|&byte| byte != b'/');
    kind.chain(hidden_name(&name)).flat_map(|byte| [byte, 0]).collect::<Vec<u8>>().into()
}

/// Returns a `MINIDUMP_STRING` with the base name instead of the path.
pub(in crate::redump) fn string_without_folder(string: &[u8]) -> Vec<u8> {
    let (size, text) =
        string.split_first_chunk().map_or((0, &[][..]), |(size, text)| (u32::from_le_bytes(*size), text));
    let text = usize::try_from(size).ok().and_then(|size| text.get(..size)).unwrap_or(text);
    let end = text.chunks_exact(2).position(|unit| unit == [0, 0]).map_or(text.len(), |nul| 2 * nul);
    let name = wide_name_of_module(text.get(..end).unwrap_or_default());
    let size = u32::try_from(name.len()).unwrap_or(u32::MAX);
    [&size.to_le_bytes(), &*name, &[0, 0]].concat()
}

/// Returns a CodeView record with the base name of the PDB instead of its path; `None` if it has no path.
pub(in crate::redump) fn code_view_without_folder(record: &[u8], code_view: CodeView<'_>) -> Option<Vec<u8>> {
    let (header, path) = match code_view {
        CodeView::Pdb70 { path, .. } => (CvInfoPdb70::SIZE, path),
        CodeView::Pdb20 { path, .. } => (CvInfoPdb20::SIZE, path),
        _ => return None,
    };
    let mut shorter = record.get(..header)?.to_vec();
    shorter.extend_from_slice(base_name(path));
    shorter.push(0);
    Some(shorter)
}
