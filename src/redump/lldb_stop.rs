//! Removes private text from LLDB's description of a stop, which is a NUL-terminated string in the parameters of the
//! exception.
//!
//! For signals, the text is LLDB's own, with addresses that are nowhere else in its dumps. Other stops may be described
//! by text of the program: a failed assertion, the message of an exception.

use crate::format::ExceptionRecord;
use crate::format::code_names::{LLDB_MARK, linux_signal_name};

/// LLDB's names of the signal codes.
const MEANINGS: [&[u8]; 34] = [
    b"illegal opcode",
    b"illegal operand",
    b"illegal addressing mode",
    b"illegal trap",
    b"privileged opcode",
    b"privileged register",
    b"coprocessor error",
    b"internal stack error",
    b"illegal alignment",
    b"illegal address",
    b"hardware error",
    b"integer divide by zero",
    b"integer overflow",
    b"floating point divide by zero",
    b"floating point overflow",
    b"floating point underflow",
    b"floating point inexact result",
    b"floating point invalid operation",
    b"subscript out of range",
    b"address not mapped to object",
    b"invalid permissions for mapped object",
    b"failed address bounds checks",
    b"lower bound violation",
    b"upper bound violation",
    b"async tag check fault",
    b"sync tag check fault",
    b"control protection fault",
    b"invalid address",
    b"sent by kill, sigsend or raise",
    b"sent by kernel (SI_KERNEL)",
    b"sent by sigqueue",
    b"sent by timer expiration",
    b"sent by tkill system call",
    b"sent by queued SIGIO",
];
/// The labels of the hexadecimal and decimal numbers that LLDB adds.
const ADDRESSES: [&[u8]; 3] = [b"fault address=0x", b"lower bound=0x", b"upper bound=0x"];
const NUMBERS: [&[u8]; 2] = [b"sender pid=", b"uid="];

/// Zeroes the parameters of a record that LLDB marked: everything after LLDB's own text, or all of them if the text is
/// not its own. Returns false for records of other producers.
pub(super) fn clear_stop(record: &mut ExceptionRecord) -> bool {
    if record.exception_flags != LLDB_MARK {
        return false;
    }
    let bytes = record.exception_information.map(u64::to_le_bytes);
    let text = bytes.as_flattened().split(|&byte| byte == 0).next().unwrap_or_default();
    let kept = if is_own(text, record.exception_code) == Some(true) { text.len() } else { 0 };
    for (start, parameter) in (0..).step_by(size_of::<u64>()).zip(&mut record.exception_information) {
        let mut word = parameter.to_le_bytes();
        word.iter_mut().skip(kept.saturating_sub(start)).for_each(|byte| *byte = 0);
        *parameter = u64::from_le_bytes(word);
    }
    true
}

/// Returns true for LLDB's own description of the signal, such as `signal SIGSEGV: address not mapped to object (fault
/// address=0x1234)`, and `None` or false for any other text.
fn is_own(text: &[u8], signal: u32) -> Option<bool> {
    let rest = text.strip_prefix(b"signal ")?.strip_prefix(linux_signal_name(signal)?.as_bytes())?;
    if rest.is_empty() {
        return Some(true);
    }
    let rest = rest.strip_prefix(b": ")?;
    Some(MEANINGS.into_iter().filter_map(|meaning| rest.strip_prefix(meaning)).any(are_details))
}

/// True for the empty string, and for details in parentheses.
fn are_details(text: &[u8]) -> bool {
    let Some(fields) = text.strip_prefix(b" (").and_then(|text| text.strip_suffix(b")")) else {
        return text.is_empty();
    };
    fields.split(|&byte| byte == b',').enumerate().all(|(number, field)| {
        let field = if number == 0 { Some(field) } else { field.strip_prefix(b" ") };
        let is = |names: &[&[u8]], longest: usize, is_digit: fn(&u8) -> bool| {
            let digits = names.iter().find_map(|name| field?.strip_prefix(*name));
            digits.is_some_and(|digits| (1..=longest).contains(&digits.len()) && digits.iter().all(is_digit))
        };
        is(&ADDRESSES, 16, u8::is_ascii_hexdigit) || is(&NUMBERS, 10, u8::is_ascii_digit)
    })
}
