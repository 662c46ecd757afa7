//! Options that name an exception by an address in the memory of the process, like the debugger's `/xr`, `/xc`, `/xp`,
//! `/xt` and `/j`.

use crate::redump::options::Options;

/// The location of an exception, and parts that are named separately. All addresses are virtual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NamedException {
    pub(super) record: Option<u64>,
    pub(super) context: Option<u64>,
    pub(super) pointers: Option<u64>,
    pub(super) jit_debug_info: Option<u64>,
    pub(super) thread: Option<u32>,
}

/// Options that name an exception.
///
/// Each method takes the address of a structure in the memory of the dump, or a thread ID. They can be combined; a part
/// that is named directly takes precedence over one that another structure refers to. The structures have the width of
/// the process. In the result, this exception replaces those of the source
/// ([`Outcome::Replaced`](crate::redump::Outcome::Replaced)), and the code around its address is kept. Without a
/// record, it is a breakpoint (`0x80000003`) at address 0. Without a context, it has the registers of its thread.
/// Without a thread ID, it belongs to the thread of the source's exception, or to the first thread.
///
/// This turns the dump of a process that hangs in its crash handler into the dump of a crash:
/// [`Dump::find_exception_pointers`](crate::Dump::find_exception_pointers) finds the address.
///
/// Re-encoding fails with [`RedumpError::NotInMemory`](crate::RedumpError::NotInMemory) if a structure is not entirely
/// in the dump, and with [`RedumpError::NoThread`](crate::RedumpError::NoThread) if the thread is not. A full user dump
/// cannot hold the registers of an exception, so the combination is refused.
impl Options {
    /// Uses the `EXCEPTION_RECORD` at this address, like `/xr`.
    #[must_use]
    pub fn with_exception_record(mut self, address: u64) -> Self {
        self.exception.record = Some(address);
        self
    }

    /// Uses the registers in the `CONTEXT` at this address, like `/xc`; with `y`, also the extended state after it.
    #[must_use]
    pub fn with_exception_context(mut self, address: u64) -> Self {
        self.exception.context = Some(address);
        self
    }

    /// Uses the record and the context that the `EXCEPTION_POINTERS` at this address refer to, like `/xp`.
    #[must_use]
    pub fn with_exception_pointers(mut self, address: u64) -> Self {
        self.exception.pointers = Some(address);
        self
    }

    /// Uses the thread with this ID, like `/xt`. Without a context, the exception has the registers of this thread; in
    /// the debugger, it has those of another thread.
    #[must_use]
    pub fn with_exception_thread(mut self, id: u32) -> Self {
        self.exception.thread = Some(id);
        self
    }

    /// Uses the record, context and thread in the [`JIT_DEBUG_INFO`](crate::format::exception::JitDebugInfo) at this
    /// address, like `/j`.
    #[must_use]
    pub fn with_jit_debug_info(mut self, address: u64) -> Self {
        self.exception.jit_debug_info = Some(address);
        self
    }

    /// True after one of the methods that name an exception, such as [`Options::with_exception_pointers`].
    #[must_use]
    pub fn names_exception(&self) -> bool {
        self.exception != NamedException::default()
    }
}
