//! Threads: contexts and stacks, times, names.

pub use super::flags::ThreadInfoFlags;
use crate::format::location::{LocationDescriptor, Rva64};
use crate::format::memory::MemoryDescriptor;

structure! {
    /// A thread: an entry of the thread list.
    #[doc(alias = "MINIDUMP_THREAD")]
    pub struct Thread {
        /// Thread ID. Crashpad makes one up if the system's ID has more than 32 bits.
        pub thread_id: u32,
        /// Suspend count; 0 if the thread can run.
        pub suspend_count: u32,
        /// Priority class of the process, for example `0x20` for normal; 0 if unknown.
        pub priority_class: u32,
        /// Priority of the thread within the class.
        pub priority: u32,
        /// Virtual address of the thread environment block (TEB); 0 if unknown.
        pub teb: u64,
        /// The used part of the stack.
        ///
        /// In dumps with full memory, the RVA may be 0 although the size is not; the contents are then in a memory
        /// list.
        pub stack: MemoryDescriptor,
        /// Location of the context (the registers); empty if it is not known, as observed in files of Wine and LLDB.
        pub thread_context: LocationDescriptor,
    }
}

structure! {
    /// An entry of the extended thread list, which was made for IA-64.
    #[doc(alias = "MINIDUMP_THREAD_EX")]
    pub struct ThreadEx {
        /// The fields of the plain thread list.
        pub thread: Thread,
        /// Backing store of the register stack; empty for processors without one.
        pub backing_store: MemoryDescriptor,
    }
}

structure! {
    /// The header of the ThreadInfoList stream. The [`ThreadInfo`] entries begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_THREAD_INFO_LIST")]
    pub struct ThreadInfoListHeader {
        /// Offset of the first entry in the stream in bytes, 12 or more.
        pub size_of_header: u32,
        /// Size of an entry in bytes, 64 or more.
        pub size_of_entry: u32,
        /// Number of entries in the list.
        pub number_of_entries: u32,
    }
}

impl ThreadInfoListHeader {
    /// Most entries that today's debugger accepts. It rejects or ignores a longer list.
    pub const MAX_ENTRIES: u64 = 0x8_0000;
}

structure! {
    /// Times and state of a thread: an entry of the thread information list.
    #[doc(alias = "MINIDUMP_THREAD_INFO")]
    pub struct ThreadInfo {
        /// Thread ID.
        pub thread_id: u32,
        /// State of the thread and validity of the fields, as [`ThreadInfoFlags`].
        pub dump_flags: u32,
        /// `HRESULT` of an error that occurred while the thread was examined; 0 if there was none.
        pub dump_error: u32,
        /// Exit code of the thread; `0x103` while it is running.
        pub exit_status: u32,
        /// Time at which the thread was created, in 100 ns units since 1601 (UTC).
        pub create_time: u64,
        /// Time at which the thread ended, in 100 ns units since 1601 (UTC); 0 while it is running.
        pub exit_time: u64,
        /// CPU time in kernel mode, in 100 ns units.
        pub kernel_time: u64,
        /// CPU time in user mode, in 100 ns units.
        pub user_time: u64,
        /// Virtual address of the thread's start function.
        pub start_address: u64,
        /// Processor affinity mask: the processors on which the thread may run, one bit each.
        pub affinity: u64,
    }
}

structure! {
    /// The name of a thread: an entry of the thread name list.
    #[doc(alias = "MINIDUMP_THREAD_NAME")]
    pub struct ThreadName {
        /// Thread ID.
        pub thread_id: u32,
        /// File offset of the name, a `MINIDUMP_STRING`.
        pub rva_of_thread_name: Rva64,
    }
}
