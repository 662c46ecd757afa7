//! Names of exception codes and signals, by operating system.
//!
//! The lists are text files. A line consists of a number in eight hexadecimal digits, a space, and the name without its
//! prefix. Lines are in ascending order of the numbers. In `ntstatus.txt`, the names of up to 15 numbers that follow are on
//! the same line.
//!
//! - `ntstatus.txt` has the codes of `ntstatus.h`. They are from Microsoft's metadata as published in the crate
//!   `windows-sys` 0.61; success codes, informational codes and the facilities of drivers and services are from
//!   `minidump-common` 0.27.
//! - `raised.txt` has the codes that compilers, runtimes, debuggers and crash reporters raise, each from the source of
//!   the program that raises it. A text may follow the name if the name is not clear by itself.
//! - `fast_fail.txt` has the fail-fast codes of `winnt.h`.

mod mac;
mod unix;

pub use mac::{mac_code_name, mac_exception_name};
pub use unix::{LLDB_SI_CODE, fuchsia_exception_name, linux_code_name, linux_signal_name, solaris_signal_name};

const NTSTATUS: &str = include_str!("ntstatus.txt");
const RAISED: &str = include_str!("raised.txt");
const FAST_FAIL: &str = include_str!("fast_fail.txt");

/// LuaJIT stores its error number in the lowest byte of this code.
const LUAJIT: u32 = 0xe24c_4a00;

/// Returns the name of a Windows exception code without `STATUS_` or `EXCEPTION_`, for example `ACCESS_VIOLATION`.
///
/// Codes that compilers, runtimes and crash reporters define have names too, for example `UNHANDLED_CPP_EXCEPTION`.
///
/// ```
/// use userdump::format::code_names::ntstatus_name;
///
/// assert_eq!(ntstatus_name(0xc000_0005), Some("ACCESS_VIOLATION"));
/// assert_eq!(ntstatus_name(0xe06d_7363), Some("UNHANDLED_CPP_EXCEPTION"));
/// ```
#[must_use]
pub fn ntstatus_name(code: u32) -> Option<&'static str> {
    match raised(code) {
        Some((name, _)) => Some(name),
        None => {
            let (first, names) = line_before(NTSTATUS, code)?;
            names.split(' ').nth(usize::try_from(code - first).ok()?)
        }
    }
}

/// Returns the meaning of a Windows exception code whose name is not clear by itself, for example `a thread names
/// itself` for `0x406d1388`.
#[must_use]
pub fn exception_meaning(code: u32) -> Option<&'static str> {
    raised(code)?.1
}

/// Returns the name of a code that is not raised by Windows itself, and its meaning.
fn raised(code: u32) -> Option<(&'static str, Option<&'static str>)> {
    let found = find(RAISED, code).or_else(|| (code & !0xff == LUAJIT).then(|| find(RAISED, LUAJIT))?)?;
    Some(found.split_once(' ').map_or((found, None), |(name, meaning)| (name, Some(meaning))))
}

/// Returns the name of a fail-fast code without `FAST_FAIL_`, for example `INVALID_ARG`. The code is the first
/// parameter of the exception `0xc0000409`.
#[must_use]
pub fn fast_fail_name(code: u32) -> Option<&'static str> {
    find(FAST_FAIL, code)
}

/// Finds the text after a number.
fn find(list: &'static str, code: u32) -> Option<&'static str> {
    line_before(list, code).filter(|(number, _)| *number == code).map(|(_, text)| text)
}

/// Finds the last line whose number is not above `code` by binary search, and splits it. Each step moves from the middle to
/// the start of its line.
fn line_before(list: &'static str, code: u32) -> Option<(u32, &'static str)> {
    let (mut low, mut high, mut found) = (0, list.len(), None);
    while low < high {
        let middle = low + (high - low) / 2;
        let start = list.get(low..middle)?.rfind('\n').map_or(low, |end| low + end + 1);
        let line = list.get(start..high)?.lines().next()?;
        let (number, text) = line.split_once(' ')?;
        let number = u32::from_str_radix(number, 16).ok()?;
        if number <= code {
            found = Some((number, text));
            low = start + line.len() + 1;
        } else {
            high = start;
        }
    }
    found
}
