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
/// Each takes the address of a structure in the memory of the dump, in the width of the process, or a thread; what one of them
/// does not say, another one may. The result has that exception in place of those of the source
/// ([`Outcome::Replaced`](crate::redump::Outcome::Replaced)), with the code at its address. Without a record it is a
/// breakpoint (`0x80000003`) at address 0; without a context it has the registers of its thread; without a thread it is of
/// the one that the source's exception is of, or of the first.
///
/// That makes a crash dump of a dump that was taken of a process in trouble: error reporters and crash handlers have such
/// structures on their stacks, and [`Dump::find_exception_pointers`](crate::Dump::find_exception_pointers) finds them.
///
/// [`RedumpError::NotInMemory`](crate::RedumpError::NotInMemory) is the answer to an address that cannot be read, [`RedumpError::NoThread`](crate::RedumpError::NoThread) to a thread
/// that is not there. A full user dump has no place for the registers, so that naming an exception for one is refused.
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
