//! Learns what the option `R` keeps out of the result: folders of modules, and user names in them.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::typed_streams;
use crate::read::linux::{LinuxDsoDebug, LinuxMaps};
use crate::read::module::{CodeView, DebugMiscName, HostModuleList, UnloadedModuleList};
use crate::read::text::Utf16;
use crate::read::{Budget, Minidump, Module, ModuleList, Stream};

use crate::redump::folders::base_names::base_name;
use crate::redump::folders::maps::{DELETED, SHARED_MEMORY};
use crate::redump::folders::search::{Kind, Known};
use crate::redump::folders::spelling::{Alphabet, Spelling, Units, folded, is_east_asian, is_separator, unknown};

/// The minimum size of a folder. Shorter ones do not identify anyone, and would be found in too many places.
const LEAST: usize = 3;
/// The components that are followed by the name of a user.
const HOMES: [&[u8]; 3] = [b"users", b"documents and settings", b"home"];
/// How many bytes of names are read and kept for each byte of the file.
const LEARNED: u64 = 8;
/// How many bytes are compared with texts for each byte of the file.
const COMPARED: u64 = 16;
/// The budget for either that any file gets.
const ANYWAY: u64 = 1 << 16;
/// The cost of a list entry, even without a name.
const ENTRY: u64 = 32;

/// The folders of all modules.
pub(in crate::redump) struct Folders {
    known: Known,
    /// The budget for comparing. Texts of a valid dump do not come near the limit; for a hostile dump, the cost must
    /// not be the product of folders and texts.
    compared: Budget,
}

/// The folders learned so far.
struct Learned {
    patterns: BTreeMap<Box<[u8]>, Kind>,
    budget: Budget,
}

/// Generates the mapping from a view to the method that the table names for its paths.
macro_rules! paths {
    (@way $learned:ident, $view:ident) => {{
        let _ = $view;
        Ok(())
    }};
    (@way $learned:ident, $view:ident, $paths:ident) => {
        $learned.$paths($view)
    };
    ($(
        $constant:ident = $number:literal, $name:literal, $variant:ident($view:ty),
        check $check:ident, rewrite [$($rewrite:ident)?], refers [$($refers:ident)?], paths [$($paths:ident)?],
        used [$($used:ident)?];
    )*) => {
        impl Learned {
            /// Learns the folders that a stream names; returns an error if that would cost too much.
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
    pub(in crate::redump) fn of(dump: &Minidump<'_>) -> Self {
        let budget = |factor| Budget::times(dump.file_size(), factor).plus(ANYWAY);
        let mut learned = Learned { patterns: BTreeMap::new(), budget: budget(LEARNED) };
        let mut compared = budget(COMPARED);
        for (_, stream) in dump.streams() {
            if stream.is_ok_and(|stream| learned.add_stream(&stream).is_err()) {
                // Unknown folders cannot be hidden, so no further text may go into the result.
                compared = Budget::spent();
                break;
            }
        }
        Self { known: Known::new(learned.patterns.into_iter().collect()), compared }
    }

    /// Returns the bytes with an asterisk for each character of a folder, unless a letter or digit follows the folder.
    /// `place` is the name and the position of the bytes.
    ///
    /// # Errors
    ///
    /// [`ReadError::BudgetSpent`] if that would cost too much.
    pub(in crate::redump) fn hidden<'a>(
        &mut self,
        (what, offset): (&'static str, u64),
        bytes: Cow<'a, [u8]>,
    ) -> Result<Cow<'a, [u8]>, ReadError> {
        let mut charge = |cost| self.compared.charge(what, offset, cost);
        // Fails if some folders could not be learned.
        charge(0)?;
        self.known.hidden(bytes, &mut charge)
    }
}

impl Learned {
    fn charge(&mut self, cost: usize) -> Result<(), ReadError> {
        self.budget.charge("folder", 0, cost as u64)
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
        // All of the record is charged for, because it is searched for the end of the path.
        self.charge(module.code_view_record().ok().flatten().unwrap_or_default().len())?;
        if let Ok(Some(CodeView::Pdb70 { path, .. } | CodeView::Pdb20 { path, .. })) = module.code_view() {
            self.add_path(path)?;
        }
        self.charge(module.misc_record().unwrap_or_default().len())?;
        let misc = module.debug_misc().ok().flatten();
        misc.into_iter().flat_map(|misc| misc.possible_names()).try_for_each(|name| match name {
            DebugMiscName::Ansi(path) => self.add_path(path),
            DebugMiscName::Wide(path) => self.add_path(path.to_string_lossy().as_bytes()),
        })
    }

    fn add_name(&mut self, name: Option<Utf16<'_>>) -> Result<(), ReadError> {
        self.charge(name.map_or(0, |name| name.as_bytes().len()))?;
        self.budget.charge("folder", 0, ENTRY)?;
        name.map_or(Ok(()), |name| self.add_path(name.to_string_lossy().as_bytes()))
    }

    /// Learns the paths of `/proc/self/maps`, in which a backslash is part of a name.
    fn add_mappings(&mut self, maps: &LinuxMaps<'_>) -> Result<(), ReadError> {
        self.charge(maps.text().as_bytes().len())?;
        maps.iter().filter(|mapping| mapping.is_file()).try_for_each(|mapping| {
            let path = mapping.path.as_bytes();
            if path.starts_with(SHARED_MEMORY) {
                return self.add_path(path);
            }
            let folder = path.iter().rposition(|&byte| byte == b'/').and_then(|end| path.get(..end));
            self.add_folder(folder.unwrap_or_default())
        })
    }

    fn add_path(&mut self, path: &[u8]) -> Result<(), ReadError> {
        if path.starts_with(SHARED_MEMORY) {
            // The program chose the name, which may contain slashes.
            return self.add_folder(path.strip_suffix(DELETED).unwrap_or(path));
        }
        self.add_folder(path.get(..path.len() - base_name(path).len()).unwrap_or_default())
    }

    /// Learns a folder in UTF-8 or, if it is not valid UTF-8, in any Windows code page.
    fn add_folder(&mut self, folder: &[u8]) -> Result<(), ReadError> {
        let is_short =
            folder.iter().rposition(|byte| !matches!(byte, b'/' | b'\\')).is_none_or(|last| last + 1 < LEAST);
        if is_short {
            return Ok(());
        }
        let kind = Kind::FOLDER;
        let mut add =
            |alphabet, form, kind| self.add_normal(&normal(folder, Spelling::new(Units::Bytes, alphabet), form), kind);
        let Ok(text) = core::str::from_utf8(folder) else {
            // Code pages differ in which bytes form one character.
            add(Alphabet::OneByte, Form::Exact, kind | Kind::UNKNOWN | Kind::ONE_BYTE)?;
            add(Alphabet::TwoBytes, Form::Exact, kind | Kind::UNKNOWN)?;
            return add(Alphabet::ShiftJis, Form::Exact, kind | Kind::UNKNOWN);
        };
        add(Alphabet::Unicode, Form::Exact, kind)?;
        if !text.is_ascii() {
            let kind = if text.chars().any(is_east_asian) { kind } else { kind | Kind::ONE_BYTE };
            add(Alphabet::Unicode, Form::Bytes, kind)?;
            add(Alphabet::Unicode, Form::Upper, kind)?;
        }
        Ok(())
    }

    /// Learns a folder in its normal form, and the user names in it.
    fn add_normal(&mut self, normal: &[u8], kind: Kind) -> Result<(), ReadError> {
        let (folder, place) = without_root(normal);
        if folder.is_empty() {
            return Ok(());
        }
        let pattern = [if place.contains(Kind::RELATIVE) { &b"/"[..] } else { &[] }, folder].concat();
        let is_alone = pattern.iter().filter(|&&byte| byte == b'/').count() == 1;
        self.add_pattern(&pattern, kind | place | if is_alone { Kind::ALONE } else { Kind::empty() })?;
        let components = folder.split(|&byte| byte == b'/');
        for (home, user) in components.clone().zip(components.skip(1)) {
            if HOMES.contains(&home) {
                self.add_pattern(&[b"/", user].concat(), kind.difference(Kind::FOLDER) | Kind::NAME)?;
            }
        }
        Ok(())
    }

    fn add_pattern(&mut self, pattern: &[u8], kind: Kind) -> Result<(), ReadError> {
        if let Some(known) = self.patterns.get_mut(pattern) {
            *known |= kind;
            return Ok(());
        }
        self.budget.charge("folder", 0, ENTRY)?;
        self.charge(pattern.len())?;
        self.patterns.insert(pattern.into(), kind);
        Ok(())
    }
}

/// How non-ASCII characters are represented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Case-folded.
    Exact,
    /// As a placeholder that matches any other, as in a code page.
    Bytes,
    /// The same, except letters whose upper case is ASCII: the text may be in upper case.
    Upper,
}

/// Returns a case-folded folder with one slash before each component and none at the end.
fn normal(folder: &[u8], spelling: Spelling, form: Form) -> Vec<u8> {
    let (mut normal, mut at) = (Vec::with_capacity(folder.len()), 0);
    let mut put = |char: char| normal.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    let mut was_separator = false;
    while let Some((char, next)) = spelling.char_at(folder, at) {
        let is_after = core::mem::replace(&mut was_separator, is_separator(char));
        match form {
            _ if is_separator(char) => {
                if !is_after {
                    put('/');
                }
            }
            _ if char.is_ascii() => put(char.to_ascii_lowercase()),
            Form::Exact => folded(char).for_each(&mut put),
            Form::Upper if folded(char).all(|char| char.is_ascii()) => folded(char).for_each(&mut put),
            Form::Bytes | Form::Upper => put(unknown(char)),
        }
        at = next;
    }
    if was_separator {
        normal.pop();
    }
    normal
}

/// Returns a folder in its normal form without the drive, which has many names, and the flags that follow from it.
fn without_root(normal: &[u8]) -> (&[u8], Kind) {
    let from = |start: usize| normal.get(start..).unwrap_or_default();
    let is_drive = |&at: &usize| {
        let is_first = at.checked_sub(1).is_none_or(|before| normal.get(before) == Some(&b'/'));
        is_first
            && matches!(from(at), [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() && !matches!(rest, [byte, ..] if *byte != b'/'))
    };
    if let Some(drive) = (0..normal.len()).find(is_drive) {
        return (from(drive + 2), Kind::ON_DRIVE);
    }
    let mut folder = normal;
    for prefix in [&b"/?"[..], b"/??", b"/.", b"/unc", b"/globalroot"] {
        folder = folder.strip_prefix(prefix).filter(|rest| rest.starts_with(b"/")).unwrap_or(folder);
    }
    let volume = folder.strip_prefix(b"/device/").or_else(|| folder.strip_prefix(b"/volume{"));
    if let Some(path) = volume {
        let end = path.iter().position(|&byte| byte == b'/');
        return (end.and_then(|end| path.get(end..)).unwrap_or_default(), Kind::ON_DRIVE);
    }
    if folder.starts_with(b"/") {
        return (folder, Kind::empty());
    }
    let mut relative = folder;
    while let Some(rest) = relative.strip_prefix(b"../").or_else(|| relative.strip_prefix(b"./")) {
        relative = rest;
    }
    let is_parent = matches!(relative, b"." | b"..");
    (if is_parent { &[] } else { relative }, Kind::RELATIVE)
}
