//! The last resort: a panic becomes an error of the dump that caused it.
//!
//! The library has no panic that a dump could reach, and its tests and fuzz targets look for one. If there is one all the
//! same, a batch of a hundred thousand dumps goes on. What ends the process at once cannot be caught: a mapped file that is
//! cut while it is read (`--read` avoids it), and memory that the system does not have.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// What `work` gives, or what it said when it panicked. Nothing that it changed may be used afterwards.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(format!("panic, please report it: {}", text(&*panic))))
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
