//! The Exception stream, and the structures that describe an exception.

pub use super::flags::ExceptionFlags;
use crate::format::location::LocationDescriptor;

structure! {
    /// An exception, called `MINIDUMP_EXCEPTION` by Microsoft.
    ///
    /// The field descriptions apply to Windows. Other systems store their own values: Linux stores the signal number as
    /// the code and `si_code` as the flags, macOS the type and the first code of a Mach exception.
    ///
    /// ```
    /// use userdump::format::ExceptionRecord;
    ///
    /// let mut record = ExceptionRecord { exception_code: 0xc000_0005, number_parameters: 2, ..Default::default() };
    /// record.exception_information[1] = 0xdead_0000;
    /// assert_eq!(record.parameters(), [0, 0xdead_0000]);
    /// ```
    #[doc(alias = "MINIDUMP_EXCEPTION")]
    pub struct ExceptionRecord {
        /// Exception code, for example `0xc0000005` for an access violation on Windows.
        pub exception_code: u32,
        /// [`ExceptionFlags`] on Windows, the second half of the code on other systems.
        pub exception_flags: u32,
        /// Virtual address of the record of the exception that led to this one; 0 if there is none.
        pub exception_record: u64,
        /// Virtual address of the faulting instruction; dbgeng sign-extends it for 32-bit targets.
        pub exception_address: u64,
        /// Number of valid entries in `exception_information`; a file may claim more than the 15 that exist.
        pub number_parameters: u32,
        /// Padding; not always 0.
        #[doc(alias = "__unusedAlignment")]
        pub alignment: u32,
        /// Parameters whose meaning depends on the code; entries beyond `number_parameters` are unspecified.
        pub exception_information: [u64; 15],
    }
}

impl ExceptionRecord {
    /// Number of entries in `exception_information`.
    #[doc(alias = "EXCEPTION_MAXIMUM_PARAMETERS")]
    pub const MAXIMUM_PARAMETERS: usize = 15;
}

structure! {
    /// The Exception stream: the exception, or another event, that caused the dump.
    ///
    /// A dump made by a debugger may have this stream although nothing crashed. LLDB writes one for each stopped
    /// thread.
    #[doc(alias = "MINIDUMP_EXCEPTION_STREAM")]
    pub struct ExceptionStream {
        /// ID of the thread that raised the exception.
        pub thread_id: u32,
        /// Padding; not always 0.
        #[doc(alias = "__alignment")]
        pub alignment: u32,
        /// The exception.
        pub exception_record: ExceptionRecord,
        /// Location of the thread's context at the time of the exception. It is the same as the location in the thread
        /// list in some files, and empty if the registers are not known.
        pub thread_context: LocationDescriptor,
    }
}

structure! {
    /// The structure that Windows passes to a just-in-time debugger. It is in the memory of the process; the debugger
    /// gets its address from the command line in `AeDebug`.
    ///
    /// The addresses are 64 bits wide in processes of either width.
    #[doc(alias = "JIT_DEBUG_INFO")]
    pub struct JitDebugInfo {
        /// Size of the structure in bytes, 40.
        #[doc(alias = "dwSize")]
        pub size: u32,
        /// Processor architecture, as in the system information.
        #[doc(alias = "dwProcessorArchitecture")]
        pub processor_architecture: u32,
        /// ID of the thread that raised the exception.
        #[doc(alias = "dwThreadID")]
        pub thread_id: u32,
        /// Reserved.
        #[doc(alias = "dwReserved0")]
        pub reserved0: u32,
        /// Virtual address of the faulting instruction.
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
    /// Returns the valid entries of `exception_information`: the first `number_parameters`, at most 15.
    #[must_use]
    pub fn parameters(&self) -> &[u64] {
        let count = usize::try_from(self.number_parameters).unwrap_or(usize::MAX);
        self.exception_information.get(..count).unwrap_or(&self.exception_information)
    }
}
