//! The debug event, which every full user dump has.

use crate::format::ExceptionRecord;
use crate::format::full_user_dump::{EXCEPTION_DEBUG_EVENT, ExceptionDebugEvent64};
use crate::redump::made_up::STATUS_BREAKPOINT;

/// Returns a first-chance exception, which is what the debugger writes for a process that it stops.
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

/// Returns the breakpoint that the debugger makes up if there is no exception.
pub(super) fn breakpoint(process_id: u32, thread_id: u32) -> ExceptionDebugEvent64 {
    let record = ExceptionRecord { exception_code: STATUS_BREAKPOINT, ..Default::default() };
    exception(process_id, thread_id, record)
}
