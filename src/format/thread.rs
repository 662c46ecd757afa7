//! Threads: registers and stacks, times, names.

pub use super::flags::ThreadInfoFlags;
use crate::format::location::{LocationDescriptor, Rva64};
use crate::format::memory::MemoryDescriptor;

structure! {
    /// An entry of the thread list.
    #[doc(alias = "MINIDUMP_THREAD")]
    pub struct Thread {
        /// Id given by the system; Crashpad invents one where the native id has more than 32 bits.
        pub thread_id: u32,
        /// How often the thread is suspended; 0 if it may run.
        pub suspend_count: u32,
        /// Priority class of the process, such as `0x20` for normal; 0 if unknown.
        pub priority_class: u32,
        /// Priority of the thread within the class.
        pub priority: u32,
        /// Virtual address of the thread environment block; 0 if unknown.
        pub teb: u64,
        /// The part of the stack in use.
        ///
        /// A position of 0 with a size above 0 occurs in dumps with full memory: the bytes are then in a memory list.
        pub stack: MemoryDescriptor,
        /// The registers; empty if they are not known, observed in files of Wine and LLDB.
        pub thread_context: LocationDescriptor,
    }
}

structure! {
    /// An entry of the extended thread list, meant for IA-64.
    #[doc(alias = "MINIDUMP_THREAD_EX")]
    pub struct ThreadEx {
        /// What the plain thread list would hold.
        pub thread: Thread,
        /// Memory to which the processor spills its register stack; empty where there is no such thing.
        pub backing_store: MemoryDescriptor,
    }
}

structure! {
    /// Head of the ThreadInfoList stream; the [`ThreadInfo`] entries begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_THREAD_INFO_LIST")]
    pub struct ThreadInfoListHeader {
        /// Bytes from the start of the stream to the first entry, 12 or more.
        pub size_of_header: u32,
        /// Bytes from one entry to the next, 64 or more.
        pub size_of_entry: u32,
        /// Entries of the list.
        pub number_of_entries: u32,
    }
}

impl ThreadInfoListHeader {
    /// Today's debugger refuses or ignores a list of more entries.
    pub const MOST_ENTRIES: u64 = 0x8_0000;
}

structure! {
    /// Times and state of a thread.
    #[doc(alias = "MINIDUMP_THREAD_INFO")]
    pub struct ThreadInfo {
        /// Which thread this is about.
        pub thread_id: u32,
        /// State and trust, as [`ThreadInfoFlags`]; 0 if there is nothing to remark.
        pub dump_flags: u32,
        /// `HRESULT` of what went wrong with this thread; 0 if nothing did.
        pub dump_error: u32,
        /// Exit code of the thread; `0x103` while it runs.
        pub exit_status: u32,
        /// When the thread began, in 100 ns ticks since the start of 1601, UTC.
        pub create_time: u64,
        /// When the thread ended, in 100 ns ticks since the start of 1601, UTC; 0 while it runs.
        pub exit_time: u64,
        /// Time spent in the kernel, in 100 ns ticks.
        pub kernel_time: u64,
        /// Time spent in user mode, in 100 ns ticks.
        pub user_time: u64,
        /// Virtual address of the function with which the thread began.
        pub start_address: u64,
        /// Processors on which the thread may run, one bit each.
        pub affinity: u64,
    }
}

structure! {
    /// The place of a thread's name.
    #[doc(alias = "MINIDUMP_THREAD_NAME")]
    pub struct ThreadName {
        /// Which thread this is about.
        pub thread_id: u32,
        /// Where the name is, as a `MINIDUMP_STRING`.
        pub rva_of_thread_name: Rva64,
    }
}
