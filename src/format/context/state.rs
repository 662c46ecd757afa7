//! What the flags of a context say beside its registers.

use crate::format::flag_sets::flag_sets;

/// The bits of the context flags for the processor, as Windows divides the flags.
///
/// The bits above say something else under Windows ([`ContextState`]), while Breakpad has more processors there.
pub const CONTEXT_CPU_MASK: u32 = 0xff_0000;

flag_sets! {
    /// What Windows was doing for the thread: the high bits of its context flags.
    ///
    /// Other systems have none of this; some of the bits are Breakpad's for processors there.
    pub struct ContextState: u32 {
        /// An exception was being dispatched.
        #[doc(alias = "CONTEXT_EXCEPTION_ACTIVE")]
        const EXCEPTION_ACTIVE = 0x0800_0000;
        /// A system call was running.
        #[doc(alias = "CONTEXT_SERVICE_ACTIVE")]
        const SERVICE_ACTIVE = 0x1000_0000;
        /// The context is that of a caller, at its call.
        #[doc(alias = "CONTEXT_UNWOUND_TO_CALL")]
        const UNWOUND_TO_CALL = 0x2000_0000;
        /// The two bits for exceptions and system calls were asked for.
        #[doc(alias = "CONTEXT_EXCEPTION_REQUEST")]
        const EXCEPTION_REQUEST = 0x4000_0000;
        /// The two bits for exceptions and system calls count: without this one their absence says nothing.
        #[doc(alias = "CONTEXT_EXCEPTION_REPORTING")]
        const EXCEPTION_REPORTING = 0x8000_0000;
    }
}
