//! Modules: loaded, unloaded, those of the system beneath Wine, their debug records, how far they reach, and their
//! images in memory.

pub(crate) mod debug_misc;
pub(crate) mod extents;
#[cfg(feature = "std")]
pub(crate) mod image;
pub(crate) mod list;

pub use debug_misc::{DebugMisc, DebugMiscName};
pub use extents::ModuleExtents;
#[cfg(feature = "std")]
pub(crate) use image::Directory;
#[cfg(feature = "std")]
pub use image::{Image, ImageSection};
pub use list::{CodeView, HostModuleList, Module, ModuleList, UnloadedModule, UnloadedModuleList};
