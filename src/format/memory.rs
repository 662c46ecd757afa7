//! Memory: ranges whose bytes are in the dump, and descriptions of the address space.

pub use super::flags::{MemoryProtection, MemoryState, MemoryType};
use crate::format::location::{LocationDescriptor, Rva64};

structure! {
    /// A range of memory with a file position of its own: an entry of the memory list, the stack of a thread.
    #[doc(alias = "MINIDUMP_MEMORY_DESCRIPTOR")]
    pub struct MemoryDescriptor {
        /// Virtual address of the first byte.
        pub start_of_memory_range: u64,
        /// The bytes; a position of 0 means that they are not stored here.
        pub memory: LocationDescriptor,
    }
}

structure! {
    /// A range of memory whose bytes follow those of the entry before it.
    #[doc(alias = "MINIDUMP_MEMORY_DESCRIPTOR64")]
    pub struct MemoryDescriptor64 {
        /// Virtual address of the first byte.
        pub start_of_memory_range: u64,
        /// Size in bytes; 0 occurs and means an empty range.
        pub data_size: u64,
    }
}

structure! {
    /// Head of the Memory64List stream; the [`MemoryDescriptor64`] entries follow it.
    #[doc(alias = "MINIDUMP_MEMORY64_LIST")]
    pub struct Memory64List {
        /// Entries of the list.
        pub number_of_memory_ranges: u64,
        /// Where the bytes of the first range begin; those of the others follow in the order of the list, without gaps.
        pub base_rva: Rva64,
    }
}

structure! {
    /// Head of the MemoryInfoList stream; the [`MemoryInfo`] entries begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_MEMORY_INFO_LIST")]
    pub struct MemoryInfoListHeader {
        /// Bytes from the start of the stream to the first entry, 16 or more.
        pub size_of_header: u32,
        /// Bytes from one entry to the next, 48 or more.
        pub size_of_entry: u32,
        /// Entries of the list.
        pub number_of_entries: u64,
    }
}

structure! {
    /// A memory region: pages in a row that are alike, described but not stored.
    ///
    /// It has the layout of Microsoft's `MEMORY_BASIC_INFORMATION64`, which is what a 64-bit full user dump holds.
    #[doc(alias = "MINIDUMP_MEMORY_INFO")]
    #[doc(alias = "MEMORY_BASIC_INFORMATION64")]
    pub struct MemoryInfo {
        /// Virtual address of the first page.
        pub base_address: u64,
        /// Virtual address of the allocation to which the pages belong; 0 for free pages.
        pub allocation_base: u64,
        /// [`MemoryProtection`] with which the allocation was made; 0 for free pages.
        pub allocation_protect: u32,
        /// Padding, not always 0.
        #[doc(alias = "__alignment1")]
        pub alignment1: u32,
        /// Size in bytes.
        pub region_size: u64,
        /// [`MemoryState`] of the pages.
        pub state: u32,
        /// [`MemoryProtection`] of the pages; 0 where they are reserved only.
        pub protect: u32,
        /// `Type` in C: [`MemoryType`] of the pages; 0 for free pages.
        pub memory_type: u32,
        /// Padding, not always 0: dbgeng was observed to write 1 in full user dumps.
        #[doc(alias = "__alignment2")]
        pub alignment2: u32,
    }
}
