//! Names of what stops a process, by operating system.
//!
//! The lists `ntstatus.txt` and `fast_fail.txt` are data: a number in eight hexadecimal digits, a blank, a name without
//! its prefix, in ascending order. They were taken from Microsoft's metadata, as the crate `windows-sys` 0.61 gives it:
//! the warnings and errors of those facilities that exceptions come from, and what debuggers, compilers and crash
//! reporters raise on their own account.

mod mac;
mod unix;

pub use mac::{mac_code_name, mac_exception_name};
pub use unix::{fuchsia_exception_name, linux_code_name, linux_signal_name, solaris_signal_name};

const NTSTATUS: &str = include_str!("ntstatus.txt");
const FAST_FAIL: &str = include_str!("fast_fail.txt");

/// The name of a Windows exception code, without `STATUS_` or `EXCEPTION_`: `ACCESS_VIOLATION`.
pub fn ntstatus_name(code: u32) -> Option<&'static str> {
    find(NTSTATUS, code)
}

/// The name of the first parameter of a fail-fast exception (`0xc0000409`), without `FAST_FAIL_`: `INVALID_ARG`.
pub fn fast_fail_name(code: u32) -> Option<&'static str> {
    find(FAST_FAIL, code)
}

/// Looks a number up by halving the text, at each step moving to the start of the line that the middle falls into.
fn find(list: &'static str, code: u32) -> Option<&'static str> {
    let (mut low, mut high) = (0, list.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = list.get(low..middle)?.rfind('\n').map_or(low, |end| low + end + 1);
        let line = list.get(start..high)?.lines().next()?;
        let (number, name) = line.split_once(' ')?;
        match u32::from_str_radix(number, 16).ok()?.cmp(&code) {
            core::cmp::Ordering::Equal => return Some(name),
            core::cmp::Ordering::Less => low = start + line.len() + 1,
            core::cmp::Ordering::Greater => high = start,
        }
    }
    None
}
