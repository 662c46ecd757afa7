//! Streams that Breakpad adds on every operating system: which thread wrote the dump, and which assertion failed.

use crate::format::flag_sets::flag_sets;

structure! {
    /// The BreakpadInfo stream.
    #[doc(alias = "MDRawBreakpadInfo")]
    #[doc(alias = "MINIDUMP_BREAKPAD_INFO")]
    pub struct BreakpadInfo {
        /// Says which of the thread IDs are valid, as [`BreakpadInfoFlags`].
        pub validity: u32,
        /// ID of the thread that wrote the dump.
        pub dump_thread_id: u32,
        /// ID of the thread that requested the dump, usually the one that crashed.
        pub requesting_thread_id: u32,
    }
}

flag_sets! {
    /// The valid thread IDs of a [`BreakpadInfo`].
    pub struct BreakpadInfoFlags: u32 {
        /// `dump_thread_id` is valid.
        #[doc(alias = "MD_BREAKPAD_INFO_VALID_DUMP_THREAD_ID")]
        const DUMP_THREAD_ID = 1;
        /// `requesting_thread_id` is valid.
        #[doc(alias = "MD_BREAKPAD_INFO_VALID_REQUESTING_THREAD_ID")]
        const REQUESTING_THREAD_ID = 2;
    }
}

structure! {
    /// The AssertionInfo stream: an assertion that failed.
    ///
    /// The strings are UTF-16. Each ends in a NUL unless it fills its field; the contents after the NUL are
    /// unspecified.
    #[doc(alias = "MDRawAssertionInfo")]
    #[doc(alias = "MINIDUMP_ASSERTION_INFO")]
    pub struct AssertionInfo {
        /// The expression that was false.
        pub expression: [u16; 128],
        /// The function that contains the assertion.
        pub function: [u16; 128],
        /// The source file of the function.
        pub file: [u16; 128],
        /// The line in the source file, counted from 1.
        pub line: u32,
        /// The kind of assertion.
        pub assertion_type: AssertionType,
    }
}

named_values! {
    /// What detected a failed assertion.
    pub struct AssertionType(u32);

    /// Unknown; also used for assertions of the program itself.
    #[doc(alias = "MD_ASSERTION_INFO_TYPE_UNKNOWN")]
    UNKNOWN = 0 => "Unknown",
    /// The C runtime library, which was passed an invalid parameter.
    #[doc(alias = "MD_ASSERTION_INFO_TYPE_INVALID_PARAMETER")]
    INVALID_PARAMETER = 1 => "InvalidParameter",
    /// The C++ runtime library, because a pure virtual function was called.
    #[doc(alias = "MD_ASSERTION_INFO_TYPE_PURE_VIRTUAL_CALL")]
    PURE_VIRTUAL_CALL = 2 => "PureVirtualCall",
}
