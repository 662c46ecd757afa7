//! Removes folders, and the names that a program gave its memory, from `/proc/self/maps`.

use alloc::vec::Vec;

use crate::read::linux::LinuxMaps;

use crate::redump::unused_bytes::narrow_size;

/// The prefix of the path of shared memory; its name follows.
pub(in crate::redump) const SHARED_MEMORY: &[u8] = b"/memfd:";
/// The suffix of the path of a deleted file.
pub(in crate::redump) const DELETED: &[u8] = b" (deleted)";
/// Folders of shared memory files, which are named by the program.
const FOLDERS_OF_MEMORY: [&[u8]; 2] = [b"/dev/shm/", b"/dev/ashmem/"];
/// The prefixes of the names of anonymous memory.
const ANONYMOUS: [&[u8]; 2] = [b"[anon:", b"[anon_shmem:"];

/// True if the name of a file ends like the names that the kernel makes up.
fn needs_slash(name: &[u8]) -> bool {
    let name = name.trim_ascii_end();
    name.strip_suffix(DELETED).unwrap_or(name).ends_with(b"]")
}

/// Returns the text with base names instead of paths, and asterisks instead of the names of memory.
pub(in crate::redump) fn maps_without_folders(maps: &LinuxMaps<'_>) -> Vec<u8> {
    let text = maps.text().as_bytes();
    // What follows a NUL is not text.
    let text = text.get(..narrow_size(text)).unwrap_or_default();
    let mut shorter = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        // The five columns before the path have neither slashes nor brackets.
        let start = line.iter().position(|&byte| matches!(byte, b'/' | b'[')).unwrap_or(line.len());
        let (before, path) = line.split_at_checked(start).unwrap_or((line, &[]));
        shorter.extend_from_slice(before);
        let name = ANONYMOUS.iter().chain(&FOLDERS_OF_MEMORY).chain([&SHARED_MEMORY]).find_map(|prefix| {
            // The prefix of a name tells the kind of memory and stays; a folder goes.
            let name = path.strip_prefix(*prefix)?;
            Some((if FOLDERS_OF_MEMORY.contains(prefix) { &[][..] } else { prefix.trim_ascii_start() }, name))
        });
        if let Some((kind, name)) = name {
            shorter.extend_from_slice(kind.strip_prefix(b"/").unwrap_or(kind));
            shorter.extend(hidden_name(name));
            continue;
        }
        // A backslash in the path is part of a name.
        let base = path.iter().rposition(|&byte| byte == b'/').and_then(|last| path.get(last + 1..));
        if base.is_some_and(needs_slash) && path.starts_with(b"/") {
            // Without a slash, it would look like a name that the kernel made up.
            shorter.push(b'/');
        }
        shorter.extend_from_slice(base.unwrap_or(path));
    }
    shorter
}

/// Replaces a name with asterisks, except a bracket or deletion mark at the end.
pub(in crate::redump) fn hidden_name(name: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let text = name.trim_ascii_end();
    let kept = [DELETED, b"]"].into_iter().find(|end| text.ends_with(end)).map_or(0, <[u8]>::len);
    let hidden = text.len() - kept;
    name.iter().enumerate().map(move |(at, &byte)| if at < hidden { b'*' } else { byte })
}
