//! Memory ranges, whose contents are in the dump, and memory regions, which describe the address space.

pub use super::flags::{MemoryProtection, MemoryState, MemoryType};
use crate::format::location::{LocationDescriptor, Rva64};

structure! {
    /// A memory range with its own file offset: an entry of the memory list, or the stack of a thread.
    #[doc(alias = "MINIDUMP_MEMORY_DESCRIPTOR")]
    pub struct MemoryDescriptor {
        /// Virtual address of the first byte.
        pub start_of_memory_range: u64,
        /// Location of the contents; an RVA of 0 means that they are not stored here.
        pub memory: LocationDescriptor,
    }
}

structure! {
    /// A memory range of the Memory64List stream, whose contents follow those of the previous entry.
    #[doc(alias = "MINIDUMP_MEMORY_DESCRIPTOR64")]
    pub struct MemoryDescriptor64 {
        /// Virtual address of the first byte.
        pub start_of_memory_range: u64,
        /// Size in bytes; some files contain empty ranges, of size 0.
        pub data_size: u64,
    }
}

structure! {
    /// The header of the Memory64List stream. The [`MemoryDescriptor64`] entries follow it.
    #[doc(alias = "MINIDUMP_MEMORY64_LIST")]
    pub struct Memory64List {
        /// Number of entries in the list.
        pub number_of_memory_ranges: u64,
        /// File offset of the contents of the first range. The contents of the others follow in the order of the list,
        /// without gaps.
        pub base_rva: Rva64,
    }
}

structure! {
    /// The header of the MemoryInfoList stream. The [`MemoryInfo`] entries begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_MEMORY_INFO_LIST")]
    pub struct MemoryInfoListHeader {
        /// Offset of the first entry in the stream in bytes, 16 or more.
        pub size_of_header: u32,
        /// Size of an entry in bytes, 48 or more.
        pub size_of_entry: u32,
        /// Number of entries in the list.
        pub number_of_entries: u64,
    }
}

structure! {
    /// A memory region: consecutive pages with the same attributes, described but not stored.
    ///
    /// The layout is that of Microsoft's `MEMORY_BASIC_INFORMATION64`, which 64-bit full user dumps contain.
    ///
    /// ```
    /// use userdump::format::memory::{MemoryInfo, MemoryProtection, MemoryState};
    ///
    /// let (state, protect) = (MemoryState::COMMIT.bits(), MemoryProtection::READ_WRITE.bits());
    /// let region = MemoryInfo { base_address: 0x1_0000, region_size: 0x2000, state, protect, ..Default::default() };
    /// assert!(MemoryProtection::from(region.protect).allows_write());
    /// ```
    #[doc(alias = "MINIDUMP_MEMORY_INFO")]
    #[doc(alias = "MEMORY_BASIC_INFORMATION64")]
    pub struct MemoryInfo {
        /// Virtual address of the first page.
        pub base_address: u64,
        /// Virtual address of the allocation that contains the pages; 0 for free pages.
        pub allocation_base: u64,
        /// Initial [`MemoryProtection`] of the allocation; 0 for free pages.
        pub allocation_protect: u32,
        /// Padding; not always 0.
        #[doc(alias = "__alignment1")]
        pub alignment1: u32,
        /// Size in bytes.
        pub region_size: u64,
        /// [`MemoryState`] of the pages.
        pub state: u32,
        /// [`MemoryProtection`] of the pages; 0 for reserved pages.
        pub protect: u32,
        /// `Type` in C: [`MemoryType`] of the pages; 0 for free pages.
        pub memory_type: u32,
        /// Padding; not always 0. dbgeng was observed to write 1 in full user dumps.
        #[doc(alias = "__alignment2")]
        pub alignment2: u32,
    }
}
