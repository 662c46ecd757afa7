//! The names of the parts of a full user dump, for errors.

pub(super) const HEADER: &str = "USERMODE_CRASHDUMP_HEADER";
pub(super) const EVENT: &str = "DEBUG_EVENT";
pub(super) const REGION: &str = "MEMORY_BASIC_INFORMATION";
pub(super) const CONTEXT: &str = "CONTEXT";
pub(super) const THREAD: &str = "CRASH_THREAD";
pub(super) const MODULE: &str = "CRASH_MODULE";
pub(super) const RANGE: &str = "memory range";
pub(super) const VERSION: &str = "version information";
