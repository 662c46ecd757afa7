//! The exception that a program names by an address in the memory of the process, as the debugger's words `/xr`, `/xc`,
//! `/xp`, `/xt` and `/j` do.

use crate::redump::options::Options;

/// Where an exception is, and what of it is said apart. Each address is a virtual one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NamedException {
    pub(super) record: Option<u64>,
    pub(super) context: Option<u64>,
    pub(super) pointers: Option<u64>,
    pub(super) jit_debug_info: Option<u64>,
    pub(super) thread: Option<u32>,
}

/// The exception that a program names.
///
/// Each method takes the address of a structure in the memory of the dump, or a thread; they can be combined, and what is named by
/// itself takes precedence over what another structure leads to. Structures have the width of the process. The result has this
/// exception in place of those of the source ([`Outcome::Replaced`](crate::redump::Outcome::Replaced)), and the code around its
/// address.
/// Without a record it is a breakpoint (`0x80000003`) at address 0. Without a context it has the registers of its thread. Without
/// a thread it belongs to that of the source's exception, or to the first thread.
///
/// So a dump of a process that hangs in its crash handler becomes that of a crash:
/// [`Dump::find_exception_pointers`](crate::Dump::find_exception_pointers) finds the address.
///
/// Re-encoding fails with [`RedumpError::NotInMemory`](crate::RedumpError::NotInMemory) if a structure is not entirely in the
/// dump, and with [`RedumpError::NoThread`](crate::RedumpError::NoThread) if the thread is not. A full user dump has no place for
/// the registers of an exception, and is refused.
impl Options {
    /// The `EXCEPTION_RECORD` at this address, as `/xr`.
    #[must_use]
    pub fn with_exception_record(mut self, address: u64) -> Self {
        self.exception.record = Some(address);
        self
    }

    /// The registers in the `CONTEXT` at this address, as `/xc`; with `y` the extended ones behind it as well.
    #[must_use]
    pub fn with_exception_context(mut self, address: u64) -> Self {
        self.exception.context = Some(address);
        self
    }

    /// The record and the registers that the `EXCEPTION_POINTERS` at this address lead to, as `/xp`.
    #[must_use]
    pub fn with_exception_pointers(mut self, address: u64) -> Self {
        self.exception.pointers = Some(address);
        self
    }

    /// The thread with this ID, as `/xt`. Without a context it has the registers of this thread; in the debugger, those of
    /// another one.
    #[must_use]
    pub fn with_exception_thread(mut self, id: u32) -> Self {
        self.exception.thread = Some(id);
        self
    }

    /// Record, registers and thread that the [`JIT_DEBUG_INFO`](crate::format::exception::JitDebugInfo) at this address leads to, as `/j`.
    #[must_use]
    pub fn with_jit_debug_info(mut self, address: u64) -> Self {
        self.exception.jit_debug_info = Some(address);
        self
    }

    /// True after one of the methods that name an exception, as [`Options::with_exception_pointers`].
    pub fn names_exception(&self) -> bool {
        self.exception != NamedException::default()
    }
}
