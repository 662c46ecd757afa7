//! What stopped the process, and why.

pub(crate) mod crash_reason;
pub(crate) mod stream;

pub use crash_reason::{Access, CrashReason, WindowsDetail};
pub use stream::{Exception, Exceptions};
