//! Modules: loaded, unloaded, those of the system beneath Wine, their debug records, and their images in memory.

pub(crate) mod debug_misc;
#[cfg(feature = "std")]
pub(crate) mod image;
pub(crate) mod list;

pub use debug_misc::{DebugMisc, DebugMiscName};
#[cfg(feature = "std")]
pub use image::{Image, ImageSection};
pub use list::{CodeView, HostModuleList, Module, ModuleList, UnloadedModule, UnloadedModuleList};
