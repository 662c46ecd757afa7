//! Turns a panic into an error of the dump that caused it.
//!
//! No dump is known to make the library panic, and its tests and fuzz targets look for such dumps. If one does, a batch of a
//! hundred thousand dumps still continues. Two faults end the process and cannot be caught: a mapped file that is truncated
//! while it is read (`--read` avoids this), and a system that runs out of memory.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// Returns the result of `work`, or its panic message as an error. Data that `work` modified must not be used after a panic.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(format!("panic, please report it: {}", text(&*panic))))
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
