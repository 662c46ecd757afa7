//! Loaded and unloaded modules, modules of the host system of Wine, debug records, extents, and images in memory.

pub(crate) mod by_address;
pub(crate) mod code_id;
pub(crate) mod code_view_record;
pub(crate) mod debug_id;
pub(crate) mod debug_misc;
#[cfg(feature = "debugid")]
mod debugid;
#[cfg(feature = "std")]
pub(crate) mod elf;
pub(crate) mod extents;
pub(crate) mod file_version;
#[cfg(feature = "std")]
mod folders;
pub(crate) mod hex;
pub(crate) mod identifiers;
#[cfg(feature = "std")]
pub(crate) mod identity;
#[cfg(feature = "std")]
pub(crate) mod image;
pub(crate) mod in_memory;
pub(crate) mod list;
#[cfg(feature = "std")]
pub(crate) mod mach_o;
pub(crate) mod of_any_format;
pub(crate) mod unloaded_by_address;

pub use by_address::{ModuleIndex, ModuleOffset, ModulesByAddress};
pub use code_id::CodeId;
pub use code_view_record::CodeViewRecord;
pub use debug_id::DebugId;
pub use debug_misc::{DebugMisc, DebugMiscName};
#[cfg(feature = "std")]
pub use elf::ElfImage;
pub use extents::ModuleExtents;
pub use file_version::FileVersion;
#[cfg(feature = "std")]
pub(crate) use image::Directory;
#[cfg(feature = "std")]
pub use image::{Image, ImageSection};
pub use list::{CodeView, HostModuleList, Module, ModuleList, UnloadedModule, UnloadedModuleList};
#[cfg(feature = "std")]
pub use mach_o::MachOImage;
pub use unloaded_by_address::{UnloadedByAddress, UnloadedModuleIndex};
