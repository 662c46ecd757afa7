//! Modules: loaded, unloaded, those of the system beneath Wine, their debug records, how far they reach, and their
//! images in memory.

pub(crate) mod debug_misc;
#[cfg(feature = "std")]
pub(crate) mod elf;
pub(crate) mod extents;
#[cfg(feature = "std")]
mod folders;
#[cfg(feature = "std")]
pub(crate) mod identity;
#[cfg(feature = "std")]
pub(crate) mod image;
pub(crate) mod list;
#[cfg(feature = "std")]
pub(crate) mod mach_o;

pub use debug_misc::{DebugMisc, DebugMiscName};
#[cfg(feature = "std")]
pub use elf::ElfImage;
pub use extents::ModuleExtents;
#[cfg(feature = "std")]
pub(crate) use image::Directory;
#[cfg(feature = "std")]
pub use image::{Image, ImageSection};
pub use list::{CodeView, HostModuleList, Module, ModuleList, UnloadedModule, UnloadedModuleList};
#[cfg(feature = "std")]
pub use mach_o::MachOImage;
