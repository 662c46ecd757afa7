//! The exception, or whatever else was the reason for the dump.

pub use super::flags::ExceptionFlags;
use crate::format::location::LocationDescriptor;

structure! {
    /// What happened; Microsoft calls it `MINIDUMP_EXCEPTION`.
    ///
    /// The terms are those of Windows. Other systems store their own: Linux a signal number as the code and `si_code`
    /// as the flags, macOS the type and the first code of a Mach exception.
    #[doc(alias = "MINIDUMP_EXCEPTION")]
    pub struct ExceptionRecord {
        /// Kind of exception, `0xc0000005` for an access violation on Windows.
        pub exception_code: u32,
        /// Under Windows an [`ExceptionFlags`], elsewhere the second half of the code.
        pub exception_flags: u32,
        /// Virtual address, in the process, of the exception that led to this one; 0 if there is none.
        pub exception_record: u64,
        /// Virtual address of the instruction at fault; for 32-bit targets dbgeng extends the sign.
        pub exception_address: u64,
        /// Valid entries of `exception_information`; a file may claim more than the 15 that exist.
        pub number_parameters: u32,
        /// Padding, not always 0.
        #[doc(alias = "__unusedAlignment")]
        pub alignment: u32,
        /// Details by kind of exception; entries beyond `number_parameters` may hold anything.
        pub exception_information: [u64; 15],
    }
}

impl ExceptionRecord {
    /// Entries of `exception_information`.
    #[doc(alias = "EXCEPTION_MAXIMUM_PARAMETERS")]
    pub const MAXIMUM_PARAMETERS: usize = 15;
}

structure! {
    /// The Exception stream.
    ///
    /// A dump made by a debugger may have one without any crash; LLDB writes one for each stopped thread.
    #[doc(alias = "MINIDUMP_EXCEPTION_STREAM")]
    pub struct ExceptionStream {
        /// Thread in which it happened.
        pub thread_id: u32,
        /// Padding, not always 0.
        #[doc(alias = "__alignment")]
        pub alignment: u32,
        /// What happened.
        pub exception_record: ExceptionRecord,
        /// Registers at that moment, in some files the same bytes as those of the thread; empty if they are not known.
        pub thread_context: LocationDescriptor,
    }
}

structure! {
    /// What Windows hands to a just-in-time debugger, in the memory of the process: `AeDebug` gives its address to the
    /// debugger.
    ///
    /// Its addresses have 64 bits whatever the width of the process.
    #[doc(alias = "JIT_DEBUG_INFO")]
    pub struct JitDebugInfo {
        /// Size of the structure in bytes, 40.
        #[doc(alias = "dwSize")]
        pub size: u32,
        /// Number of the processor, as in the system information.
        #[doc(alias = "dwProcessorArchitecture")]
        pub processor_architecture: u32,
        /// Thread in which it happened.
        #[doc(alias = "dwThreadID")]
        pub thread_id: u32,
        /// Reserved.
        #[doc(alias = "dwReserved0")]
        pub reserved0: u32,
        /// Virtual address of the instruction at fault.
        #[doc(alias = "lpExceptionAddress")]
        pub exception_address: u64,
        /// Virtual address of the `EXCEPTION_RECORD`.
        #[doc(alias = "lpExceptionRecord")]
        pub exception_record: u64,
        /// Virtual address of the `CONTEXT`.
        #[doc(alias = "lpContextRecord")]
        pub context_record: u64,
    }
}

impl ExceptionRecord {
    /// The valid entries of `exception_information`: as many as the record counts, 15 at most.
    #[must_use]
    pub fn parameters(&self) -> &[u64] {
        let count = usize::try_from(self.number_parameters).unwrap_or(usize::MAX);
        self.exception_information.get(..count).unwrap_or(&self.exception_information)
    }
}
