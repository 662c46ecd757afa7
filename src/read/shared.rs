//! How indexes are shared.

/// Counts the holders of an index: by atomics, so that threads can share it, where the target has them.
#[cfg(not(target_has_atomic = "ptr"))]
pub(crate) use alloc::rc::Rc as Shared;
#[cfg(target_has_atomic = "ptr")]
pub(crate) use alloc::sync::Arc as Shared;
