//! Names of what stops a process, by operating system.
//!
//! The lists are data: a number in eight hexadecimal digits, a blank, a name without its prefix, in ascending order of the
//! numbers.
//!
//! - `ntstatus.txt` has the codes of `ntstatus.h`, taken from Microsoft's metadata as the crate `windows-sys` 0.61 gives it
//!   and, for success codes, information and the facilities of drivers and services, from `minidump-common` 0.27.
//! - `raised.txt` has what compilers, runtimes, debuggers and crash reporters raise on their own account, each from the
//!   source of the program that raises it; a text may follow the name, for what the name does not say.
//! - `fast_fail.txt` has the reasons of `winnt.h` for which a program ends itself.

mod mac;
mod unix;

pub use mac::{mac_code_name, mac_exception_name};
pub use unix::{LLDB_MARK, fuchsia_exception_name, linux_code_name, linux_signal_name, solaris_signal_name};

const NTSTATUS: &str = include_str!("ntstatus.txt");
const RAISED: &str = include_str!("raised.txt");
const FAST_FAIL: &str = include_str!("fast_fail.txt");

/// LuaJIT puts the number of its error into the lowest byte of the code.
const LUAJIT: u32 = 0xe24c_4a00;

/// The name of a Windows exception code, without `STATUS_` or `EXCEPTION_`: `ACCESS_VIOLATION`.
///
/// Codes that compilers, runtimes and crash reporters made up have names too: `UNHANDLED_CPP_EXCEPTION`.
#[must_use]
pub fn ntstatus_name(code: u32) -> Option<&'static str> {
    match raised(code) {
        Some((name, _)) => Some(name),
        None => find(NTSTATUS, code),
    }
}

/// What a Windows exception code means where its name does not say it: `a thread names itself` (`0x406d1388`).
#[must_use]
pub fn exception_meaning(code: u32) -> Option<&'static str> {
    raised(code)?.1
}

/// The name of a code that is raised by something else than Windows, and what it means.
fn raised(code: u32) -> Option<(&'static str, Option<&'static str>)> {
    let found = find(RAISED, code).or_else(|| (code & !0xff == LUAJIT).then(|| find(RAISED, LUAJIT))?)?;
    Some(found.split_once(' ').map_or((found, None), |(name, meaning)| (name, Some(meaning))))
}

/// The name of the first parameter of a fail-fast exception (`0xc0000409`), without `FAST_FAIL_`: `INVALID_ARG`.
#[must_use]
pub fn fast_fail_name(code: u32) -> Option<&'static str> {
    find(FAST_FAIL, code)
}

/// What stands behind a number, looked up by halving the text: at each step it moves to the start of the line that the middle
/// falls into.
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
