//! The exception that stopped the process, and its cause.

pub(crate) mod crash_reason;
#[cfg(feature = "std")]
pub(crate) mod in_memory;
#[cfg(feature = "std")]
pub(crate) mod pointers;
pub(crate) mod stream;

pub use crash_reason::{Access, CrashReason, WindowsDetail};
#[cfg(feature = "std")]
pub use pointers::ExceptionPointers;
pub use stream::{Exception, Exceptions};
