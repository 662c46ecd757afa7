//! Context flags that do not select registers.

use crate::format::flag_sets::flag_sets;

/// The bits of the context flags that identify the processor, according to Windows.
///
/// Windows uses the bits above for [`ContextState`]; Breakpad uses some of them for other processors.
pub const CONTEXT_CPU_MASK: u32 = 0xff_0000;

flag_sets! {
    /// The state of a thread in a Windows dump: the high bits of its context flags.
    ///
    /// Other systems do not store this state; Breakpad uses some of the bits for processors of other systems.
    pub struct ContextState: u32 {
        /// An exception was being dispatched.
        #[doc(alias = "CONTEXT_EXCEPTION_ACTIVE")]
        const EXCEPTION_ACTIVE = 0x0800_0000;
        /// A system call was being executed.
        #[doc(alias = "CONTEXT_SERVICE_ACTIVE")]
        const SERVICE_ACTIVE = 0x1000_0000;
        /// The context was unwound to a caller, and is that of its call instruction.
        #[doc(alias = "CONTEXT_UNWOUND_TO_CALL")]
        const UNWOUND_TO_CALL = 0x2000_0000;
        /// Reporting of the two bits for exceptions and system calls was requested.
        #[doc(alias = "CONTEXT_EXCEPTION_REQUEST")]
        const EXCEPTION_REQUEST = 0x4000_0000;
        /// The two bits for exceptions and system calls are valid. If this flag is clear, the other two mean nothing.
        #[doc(alias = "CONTEXT_EXCEPTION_REPORTING")]
        const EXCEPTION_REPORTING = 0x8000_0000;
    }
}
