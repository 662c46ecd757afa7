//! Folders of modules, which the option `R` keeps out of the result.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::{HashMap, HashSet};

use crate::error::ReadError;
use crate::format::module::CvInfoPdb20;
use crate::format::typed_streams;
use crate::read::linux::{LinuxDsoDebug, LinuxMaps};
use crate::read::module::{CodeView, DebugMiscName, HostModuleList, UnloadedModuleList};
use crate::read::text::Utf16;
use crate::read::{Budget, Minidump, Module, ModuleList, Stream};

use crate::redump::unused_bytes::narrow_size;

/// A shorter folder says nothing of anybody, and would be found in too many places.
const LEAST: usize = 3;
/// How many bytes are compared for each byte of the file, and for any file, before the rest of its texts is given up.
const COMPARED: u64 = 12;
const COMPARED_ANYWAY: u64 = 4 << 20;
/// What a look at the first characters costs beside that.
const LOOK: u64 = 40;
/// And what an entry of a list costs, even if it has no name.
const ENTRY: u64 = 64;

/// The folders of all modules.
pub(super) struct Folders {
    narrow: Known,
    wide: Known,
    /// What is compared. No text of a sound dump comes near the limit; a hostile one must not cost the product of its
    /// folders and its texts.
    compared: Budget,
}

/// The folders in one width of characters.
struct Known {
    width: usize,
    /// [`folded`], without the separator at their end.
    folders: HashSet<Vec<u8>>,
    /// The first characters of each.
    heads: HashSet<Vec<u8>>,
    /// The sizes of those that have the same last characters, so that most places are done with after one look.
    sizes: HashMap<Vec<u8>, BTreeSet<usize>>,
}

/// Declares the way from a view to the method that the table names for its paths.
macro_rules! paths {
    (@way $folders:ident, $view:ident) => {{
        let _ = $view;
        Ok(())
    }};
    (@way $folders:ident, $view:ident, $paths:ident) => {
        $folders.$paths($view)
    };
    ($(
        $constant:ident = $number:literal, $name:literal, $variant:ident($view:ty),
        check $check:ident, rewrite [$($rewrite:ident)?], refers [$($refers:ident)?], paths [$($paths:ident)?],
        used [$($used:ident)?];
    )*) => {
        impl Folders {
            /// Learns the folders that a stream names; an error if that would cost too much.
            fn add_stream(&mut self, stream: &Stream<'_>) -> Result<(), ReadError> {
                match stream {
                    Stream::Unused | Stream::Raw(_) => Ok(()),
                    $(Stream::$variant(view) => paths!(@way self, view $(, $paths)?),)*
                }
            }
        }
    };
}

typed_streams!(paths);

impl Folders {
    pub(super) fn of(dump: &Minidump<'_>) -> Self {
        let known = |width| Known { width, folders: HashSet::new(), heads: HashSet::new(), sizes: HashMap::new() };
        let compared = Budget::times(dump.data().len() as u64, COMPARED).plus(COMPARED_ANYWAY);
        let mut folders = Self { narrow: known(1), wide: known(2), compared };
        for (_, stream) in dump.streams() {
            if stream.is_ok_and(|stream| folders.add_stream(&stream).is_err()) {
                // A folder that is not known cannot be hidden, so no text goes into the result any more.
                break;
            }
        }
        folders
    }

    fn charge(&mut self, cost: u64) -> Result<(), ReadError> {
        self.compared.charge("folder", 0, cost)
    }

    fn add_modules(&mut self, list: &ModuleList<'_>) -> Result<(), ReadError> {
        list.iter().try_for_each(|module| self.add_module(&module))
    }

    fn add_host_modules(&mut self, list: &HostModuleList<'_>) -> Result<(), ReadError> {
        self.add_modules(list.modules())
    }

    fn add_unloaded_modules(&mut self, list: &UnloadedModuleList<'_>) -> Result<(), ReadError> {
        list.iter().try_for_each(|module| self.add_name(module.name().ok()))
    }

    fn add_link_maps(&mut self, debug: &LinuxDsoDebug<'_>) -> Result<(), ReadError> {
        debug.link_maps().iter().try_for_each(|map| self.add_name(map.name().ok()))
    }

    fn add_module(&mut self, module: &Module<'_>) -> Result<(), ReadError> {
        self.add_name(module.name().ok())?;
        // Where a path ends has to be looked for, so the whole record is charged for.
        let record = module.code_view_record().ok().flatten().unwrap_or_default();
        self.charge(record.len() as u64)?;
        if let Ok(Some(CodeView::Pdb70 { path, .. } | CodeView::Pdb20 { path, .. })) = module.code_view() {
            self.add(&decoded(path));
        }
        self.charge(module.misc_record().unwrap_or_default().len() as u64)?;
        let misc = module.debug_misc().ok().flatten();
        for name in misc.into_iter().flat_map(|misc| misc.possible_names()) {
            match name {
                DebugMiscName::Ansi(path) => self.add(&decoded(path)),
                DebugMiscName::Wide(path) => self.add(&path.to_string_lossy()),
            }
        }
        Ok(())
    }

    fn add_name(&mut self, name: Option<Utf16<'_>>) -> Result<(), ReadError> {
        self.charge(ENTRY + name.map_or(0, |name| name.as_bytes().len() as u64))?;
        name.into_iter().for_each(|name| self.add(&name.to_string_lossy()));
        Ok(())
    }

    /// The paths of `/proc/self/maps`, in which a backslash is part of a name.
    fn add_mappings(&mut self, maps: &LinuxMaps<'_>) -> Result<(), ReadError> {
        self.charge(maps.text().as_bytes().len() as u64)?;
        for mapping in maps.iter().filter(|mapping| mapping.is_file()) {
            let path = mapping.path.as_bytes();
            self.charge(path.len() as u64)?;
            let folder = path.iter().rposition(|&byte| byte == b'/').and_then(|end| path.get(..end));
            self.add_folder(&decoded(folder.unwrap_or_default()));
        }
        Ok(())
    }

    fn add(&mut self, path: &str) {
        self.add_folder(path.get(..path.len() - base_name(path.as_bytes()).len()).unwrap_or_default());
    }

    fn add_folder(&mut self, folder: &str) {
        let folder = folder.trim_end_matches(['/', '\\']);
        if folder.len() < LEAST {
            return;
        }
        self.narrow.add(folder.as_bytes());
        if !folder.is_ascii() {
            let latin: Option<Vec<u8>> = folder.chars().map(|char| u8::try_from(char).ok()).collect();
            latin.into_iter().for_each(|folder| self.narrow.add(&folder));
        }
        if folder.contains('\\') {
            // As JSON and program text have it.
            self.narrow.add(folder.replace('\\', "\\\\").as_bytes());
        }
        self.wide.add(&folder.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    }

    /// The bytes with an asterisk in place of every character of a folder, wherever no letter or digit goes on from its
    /// end; `place` is what the bytes are and their offset.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if that would cost too much.
    pub(super) fn hidden<'a>(
        &mut self,
        place: (&'static str, u64),
        bytes: Cow<'a, [u8]>,
    ) -> Result<Cow<'a, [u8]>, ReadError> {
        let (what, offset) = place;
        let mut charge = |cost| self.compared.charge(what, offset, cost);
        // Some folders may not be known.
        charge(0)?;
        let bytes = self.narrow.hidden(bytes, &mut charge)?;
        self.wide.hidden(bytes, &mut charge)
    }
}

/// The path in UTF-8, or else in a code page of Windows: most of those used agree with Latin 1 to some extent.
fn decoded(path: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(path) {
        Ok(path) => path.into(),
        Err(_) => path.iter().map(|&byte| char::from(byte)).collect::<String>().into(),
    }
}

impl Known {
    fn add(&mut self, folder: &[u8]) {
        let folder = folded(folder);
        if let Some(end) = folder.len().checked_sub(LEAST * self.width).and_then(|end| folder.get(end..)) {
            self.sizes.entry(end.to_vec()).or_default().insert(folder.len());
            self.heads.insert(folder.iter().copied().take(LEAST * self.width).collect());
            self.folders.insert(folder);
        }
    }

    fn hidden<'a>(
        &self,
        mut bytes: Cow<'a, [u8]>,
        charge: &mut impl FnMut(u64) -> Result<(), ReadError>,
    ) -> Result<Cow<'a, [u8]>, ReadError> {
        let least = LEAST * self.width;
        let text = if self.folders.is_empty() { Vec::new() } else { folded(&bytes) };
        for end in least..=text.len() {
            if text.get(end..).is_some_and(|rest| goes_on(rest, self.width)) {
                continue;
            }
            let sizes = text.get(end - least..end).and_then(|last| self.sizes.get(last));
            // The longest first, for a folder may end with another one.
            for &size in sizes.into_iter().flat_map(|sizes| sizes.range(..=end)).rev() {
                let Some(candidate) = text.get(end - size..end) else { continue };
                charge(LOOK)?;
                if !candidate.get(..least).is_some_and(|head| self.heads.contains(head)) {
                    continue;
                }
                charge(size as u64)?;
                if self.folders.contains(candidate) {
                    let found = bytes.to_mut().get_mut(end - size..end).unwrap_or_default();
                    found.chunks_mut(self.width).for_each(asterisk);
                    break;
                }
            }
        }
        Ok(bytes)
    }
}

fn asterisk(unit: &mut [u8]) {
    unit.fill(0);
    unit.iter_mut().take(1).for_each(|byte| *byte = b'*');
}

/// In lower case, and with one kind of separator: the two may be mixed, and letters of either case mean the same file.
fn folded(text: &[u8]) -> Vec<u8> {
    let fold = |&byte: &u8| if byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() };
    text.iter().map(fold).collect()
}

/// True if the name before goes on with a letter, a digit, an underscore or a hyphen.
fn goes_on(rest: &[u8], width: usize) -> bool {
    match rest {
        [byte, high, ..] if width == 2 => *high == 0 && is_of_name(*byte),
        [byte, ..] if width == 1 => is_of_name(*byte),
        _ => false,
    }
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
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

/// A `MINIDUMP_STRING` with the base name in place of the path.
pub(super) fn string_without_folder(string: &[u8]) -> Vec<u8> {
    let (size, text) =
        string.split_first_chunk().map_or((0, &[][..]), |(size, text)| (u32::from_le_bytes(*size), text));
    let text = usize::try_from(size).ok().and_then(|size| text.get(..size)).unwrap_or(text);
    let end = text.chunks_exact(2).position(|unit| unit == [0, 0]).map_or(text.len(), |nul| 2 * nul);
    let name = wide_base_name(text.get(..end).unwrap_or_default());
    let size = u32::try_from(name.len()).unwrap_or(u32::MAX);
    [&size.to_le_bytes(), name, &[0, 0]].concat()
}

/// A CodeView record with the base name of the PDB in place of its path; `None` if it has no path.
pub(super) fn code_view_without_folder(record: &[u8], code_view: CodeView<'_>) -> Option<Vec<u8>> {
    let (head, path) = match code_view {
        CodeView::Pdb70 { path, .. } => (crate::format::module::CvInfoPdb70::SIZE, path),
        CodeView::Pdb20 { path, .. } => (CvInfoPdb20::SIZE, path),
        _ => return None,
    };
    let mut shorter = record.get(..head)?.to_vec();
    shorter.extend_from_slice(base_name(path));
    shorter.push(0);
    Some(shorter)
}

/// True if the name of a file ends as those do that the kernel makes up.
fn needs_slash(name: &[u8]) -> bool {
    let name = name.trim_ascii_end();
    name.strip_suffix(b" (deleted)").unwrap_or(name).ends_with(b"]")
}

/// `/proc/self/maps` with base names in place of paths.
pub(super) fn maps_without_folders(maps: &LinuxMaps<'_>) -> Vec<u8> {
    let text = maps.text().as_bytes();
    // What follows a NUL is no text.
    let text = text.get(..narrow_size(text)).unwrap_or_default();
    let mut shorter = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        // Five columns without a slash stand before the path. A backslash in it is part of a name.
        let slash = |byte: &u8| *byte == b'/';
        let ends = line.iter().position(slash).zip(line.iter().rposition(slash).map(|last| last + 1));
        let (before, base) = match ends {
            Some((first, last)) => (line.get(..first).unwrap_or_default(), line.get(last..).unwrap_or_default()),
            None => (line, &[][..]),
        };
        shorter.extend_from_slice(before);
        if ends.is_some() && needs_slash(base) {
            // Without a slash it would be taken for a name that the kernel made up.
            shorter.push(b'/');
        }
        shorter.extend_from_slice(base);
    }
    shorter
}
