//! The event that a full user dump has to name.

use crate::format::ExceptionRecord;
use crate::format::full_user_dump::{EXCEPTION_DEBUG_EVENT, ExceptionDebugEvent64};
use crate::redump::made_up::STATUS_BREAKPOINT;

/// An exception at its first chance: it is what the debugger writes of a process that it stops.
pub(super) fn exception(process_id: u32, thread_id: u32, exception_record: ExceptionRecord) -> ExceptionDebugEvent64 {
    ExceptionDebugEvent64 {
        debug_event_code: EXCEPTION_DEBUG_EVENT,
        process_id,
        thread_id,
        exception_record,
        first_chance: 1,
        ..Default::default()
    }
}

/// The breakpoint that the debugger makes up where there is no exception.
pub(super) fn breakpoint(process_id: u32, thread_id: u32) -> ExceptionDebugEvent64 {
    let record = ExceptionRecord { exception_code: STATUS_BREAKPOINT, ..Default::default() };
    exception(process_id, thread_id, record)
}
