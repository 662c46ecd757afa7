//! Changes that a program makes to records and memory.

pub(super) mod memory;
pub(super) mod new_memory;
pub(super) mod piece;
pub(super) mod records;

use alloc::vec::Vec;
use core::fmt;

use crate::format;
use crate::format::debug::Size;
use crate::format::module::UnloadedModule;
use crate::write::Text;

/// What happens to the bytes that a record refers to.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) enum Linked {
    #[default]
    Kept,
    /// Other bytes; for text, its little-endian code units.
    Replaced(Vec<u8>),
    Removed,
}

/// Prints only the number of new bytes.
impl fmt::Debug for Linked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("Kept"),
            Self::Replaced(bytes) => f.debug_tuple("Replaced").field(&Size(bytes.len())).finish(),
            Self::Removed => f.write_str("Removed"),
        }
    }
}

impl Linked {
    fn text<'t>(text: impl Into<Text<'t>>) -> Self {
        Self::Replaced(text.into().as_bytes().to_vec())
    }

    fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        if bytes.is_empty() { Self::Removed } else { Self::Replaced(bytes) }
    }
}

/// A module of the result, for [`Hooks::map_module`](crate::redump::Hooks::map_module).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModuleEdit {
    /// The record. Its RVAs and the sizes beside them are ignored.
    pub record: format::Module,
    pub(super) name: Linked,
    pub(super) code_view: Linked,
}

impl ModuleEdit {
    pub(super) fn new(record: &format::Module) -> Self {
        Self { record: *record, name: Linked::Kept, code_view: Linked::Kept }
    }

    /// Gives the module another name, usually a full path. Its CodeView record, which names the PDB, is kept.
    pub fn rename<'t>(&mut self, name: impl Into<Text<'t>>) -> &mut Self {
        self.name = Linked::text(name);
        self
    }

    /// Replaces the CodeView record, by which symbols are found. If it is empty, the module has none.
    pub fn set_code_view(&mut self, record: impl Into<Vec<u8>>) -> &mut Self {
        self.code_view = Linked::bytes(record);
        self
    }
}

/// An unloaded module of the result, for
/// [`Hooks::map_unloaded_module`](crate::redump::Hooks::map_unloaded_module).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnloadedModuleEdit {
    /// The record. Its RVAs are ignored.
    pub record: UnloadedModule,
    pub(super) name: Linked,
}

impl UnloadedModuleEdit {
    pub(super) fn new(record: &UnloadedModule) -> Self {
        Self { record: *record, name: Linked::Kept }
    }

    /// Gives the module another name.
    pub fn rename<'t>(&mut self, name: impl Into<Text<'t>>) -> &mut Self {
        self.name = Linked::text(name);
        self
    }
}

/// A thread of the result, for [`Hooks::map_thread`](crate::redump::Hooks::map_thread).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThreadEdit {
    /// The record. Its RVAs and the size of the context are ignored.
    pub record: format::Thread,
    pub(super) context: Linked,
}

impl ThreadEdit {
    pub(super) fn new(record: &format::Thread) -> Self {
        Self { record: *record, context: Linked::Kept }
    }

    /// Replaces the registers. If `context` is empty, the thread has no context.
    pub fn set_context(&mut self, context: impl Into<Vec<u8>>) -> &mut Self {
        self.context = Linked::bytes(context);
        self
    }
}

/// An exception of the result, for [`Hooks::map_exception`](crate::redump::Hooks::map_exception).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExceptionEdit {
    /// The thread ID and the record: code, address, parameters. The location of the context is ignored.
    pub record: format::ExceptionStream,
    pub(super) context: Linked,
}

impl ExceptionEdit {
    pub(super) fn new(record: &format::ExceptionStream) -> Self {
        Self { record: *record, context: Linked::Kept }
    }

    /// Replaces the registers. If `context` is empty, the exception has no context.
    pub fn set_context(&mut self, context: impl Into<Vec<u8>>) -> &mut Self {
        self.context = Linked::bytes(context);
        self
    }
}
