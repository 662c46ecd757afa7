//! What Breakpad adds on every system: who wrote the dump, and which assertion failed.

use crate::format::flag_sets::flag_sets;

structure! {
    /// The BreakpadInfo stream.
    #[doc(alias = "MDRawBreakpadInfo")]
    #[doc(alias = "MINIDUMP_BREAKPAD_INFO")]
    pub struct BreakpadInfo {
        /// Which of the ids count, as [`BreakpadInfoFlags`].
        pub validity: u32,
        /// The thread that wrote the dump.
        pub dump_thread_id: u32,
        /// The thread that asked for the dump, usually the one that crashed.
        pub requesting_thread_id: u32,
    }
}

flag_sets! {
    /// Which ids of [`BreakpadInfo`] count.
    pub struct BreakpadInfoFlags: u32 {
        /// The thread that wrote the dump.
        #[doc(alias = "MD_BREAKPAD_INFO_VALID_DUMP_THREAD_ID")]
        const DUMP_THREAD_ID = 1;
        /// The thread that asked for the dump.
        #[doc(alias = "MD_BREAKPAD_INFO_VALID_REQUESTING_THREAD_ID")]
        const REQUESTING_THREAD_ID = 2;
    }
}

structure! {
    /// The AssertionInfo stream.
    ///
    /// Texts are in UTF-16, ended by a NUL unless they fill the field. Behind the NUL anything may stand.
    #[doc(alias = "MDRawAssertionInfo")]
    #[doc(alias = "MINIDUMP_ASSERTION_INFO")]
    pub struct AssertionInfo {
        /// What was not true.
        pub expression: [u16; 128],
        /// The function that looked.
        pub function: [u16; 128],
        /// The source file of the function.
        pub file: [u16; 128],
        /// The line in the source file, from 1.
        pub line: u32,
        /// Who noticed.
        pub assertion_type: AssertionType,
    }
}

named_values! {
    /// Who noticed that an assertion fails.
    pub struct AssertionType(u32);

    /// Not known; also the program itself.
    #[doc(alias = "MD_ASSERTION_INFO_TYPE_UNKNOWN")]
    UNKNOWN = 0 => "Unknown",
    /// The C library, which was handed an invalid parameter.
    #[doc(alias = "MD_ASSERTION_INFO_TYPE_INVALID_PARAMETER")]
    INVALID_PARAMETER = 1 => "InvalidParameter",
    /// The C++ library, when a pure virtual function was called.
    #[doc(alias = "MD_ASSERTION_INFO_TYPE_PURE_VIRTUAL_CALL")]
    PURE_VIRTUAL_CALL = 2 => "PureVirtualCall",
}
