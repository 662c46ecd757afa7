//! Memory counters of the system and of the process.

structure! {
    /// The first version of the SystemMemoryInfo stream.
    ///
    /// Sizes are in pages unless noted otherwise.
    #[doc(alias = "MINIDUMP_SYSTEM_MEMORY_INFO_1")]
    pub struct SystemMemoryInfo1 {
        /// Version of the stream; 0 was observed in streams that are all zero.
        pub revision: u16,
        /// The valid parts, as [`SystemMemoryInfoFlags`](crate::format::system::SystemMemoryInfoFlags).
        pub flags: u16,
        /// Pages and processors of the system.
        pub basic_info: SystemBasicInformation,
        /// The file cache.
        pub file_cache_info: SystemFileCacheInformation,
        /// The most important counters.
        pub basic_perf_info: SystemBasicPerformanceInformation,
        /// All counters.
        pub perf_info: SystemPerformanceInformation,
    }
}

structure! {
    /// The second version of the SystemMemoryInfo stream.
    ///
    /// In C the added fields are at the end of `PerfInfo`, which results in the same layout.
    #[doc(alias = "MINIDUMP_SYSTEM_MEMORY_INFO_2")]
    pub struct SystemMemoryInfo2 {
        /// The fields of the first version.
        pub system_memory_info1: SystemMemoryInfo1,
        /// Pages allocated for memory descriptor lists.
        pub mdl_pages_allocated: u64,
        /// Pages committed for the page frame number (PFN) database.
        pub pfn_database_committed_pages: u64,
        /// Pages committed for system page tables.
        pub system_page_table_committed_pages: u64,
        /// Physically contiguous pages allocated.
        pub contiguous_pages_allocated: u64,
    }
}

structure! {
    /// Pages and processors of the system.
    #[doc(alias = "MINIDUMP_SYSTEM_BASIC_INFORMATION")]
    pub struct SystemBasicInformation {
        /// Maximum interval between clock interrupts, in 100 ns units.
        pub timer_resolution: u32,
        /// Size of a page in bytes.
        pub page_size: u32,
        /// Number of pages of physical memory.
        pub number_of_physical_pages: u32,
        /// Number of the first physical page.
        pub lowest_physical_page_number: u32,
        /// Number of the last physical page.
        pub highest_physical_page_number: u32,
        /// Granularity of allocated addresses in bytes.
        pub allocation_granularity: u32,
        /// Lowest virtual address that a process can use.
        pub minimum_user_mode_address: u64,
        /// Highest virtual address that a process can use.
        pub maximum_user_mode_address: u64,
        /// Active processors, one bit each.
        pub active_processors_affinity_mask: u64,
        /// Number of active processors.
        pub number_of_processors: u32,
    }
}

structure! {
    /// The file cache of the system.
    #[doc(alias = "MINIDUMP_SYSTEM_FILECACHE_INFORMATION")]
    pub struct SystemFileCacheInformation {
        /// Size of the working set in bytes.
        pub current_size: u64,
        /// Peak size of the working set in bytes.
        pub peak_size: u64,
        /// Number of page faults.
        pub page_fault_count: u32,
        /// Minimum size of the working set.
        pub minimum_working_set: u64,
        /// Maximum size of the working set.
        pub maximum_working_set: u64,
        /// Size including transition pages, in pages.
        pub current_size_including_transition_in_pages: u64,
        /// Peak size including transition pages, in pages.
        pub peak_size_including_transition_in_pages: u64,
        /// Number of transition pages that were reused.
        pub transition_re_purpose_count: u32,
        /// Flags that say which limits of the working set are enforced.
        pub flags: u32,
    }
}

structure! {
    /// The most important memory counters of the system, in pages.
    #[doc(alias = "MINIDUMP_SYSTEM_BASIC_PERFORMANCE_INFORMATION")]
    pub struct SystemBasicPerformanceInformation {
        /// Available pages: free pages, and pages that can be freed immediately.
        pub available_pages: u64,
        /// Committed pages.
        pub committed_pages: u64,
        /// Maximum number of pages that can be committed.
        pub commit_limit: u64,
        /// Peak number of committed pages.
        pub peak_commitment: u64,
    }
}

structure! {
    /// All counters of the system since it was started.
    #[doc(alias = "MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION")]
    pub struct SystemPerformanceInformation {
        /// Idle time of the processors, in 100 ns units.
        pub idle_process_time: u64,
        /// Number of bytes read by I/O operations.
        pub io_read_transfer_count: u64,
        /// Number of bytes written by I/O operations.
        pub io_write_transfer_count: u64,
        /// Number of bytes transferred by other I/O operations.
        pub io_other_transfer_count: u64,
        /// 70 counters with separate names in the Microsoft header, from `IoReadOperationCount` to `SystemCalls`.
        pub counters: [u32; 70],
        /// Dirty pages in the file cache.
        pub cc_total_dirty_pages: u64,
        /// Number of dirty pages in the file cache at which writers have to wait.
        pub cc_dirty_page_threshold: u64,
        /// Pages that can still be made resident; may be negative.
        pub resident_available_pages: i64,
        /// Committed pages of memory that processes share.
        pub shared_committed_pages: u64,
    }
}

structure! {
    /// The first version of the ProcessVmCounters stream. Sizes are in bytes.
    #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_1")]
    pub struct ProcessVmCounters1 {
        /// Version of the stream; 0 was observed in streams that are all zero.
        pub revision: u16,
        /// Padding.
        pub alignment: u16,
        /// Number of page faults.
        pub page_fault_count: u32,
        /// Peak working set size.
        pub peak_working_set_size: u64,
        /// Working set size.
        pub working_set_size: u64,
        /// Peak paged pool usage.
        pub quota_peak_paged_pool_usage: u64,
        /// Paged pool usage.
        pub quota_paged_pool_usage: u64,
        /// Peak nonpaged pool usage.
        pub quota_peak_non_paged_pool_usage: u64,
        /// Nonpaged pool usage.
        pub quota_non_paged_pool_usage: u64,
        /// Committed memory.
        pub pagefile_usage: u64,
        /// Peak committed memory.
        pub peak_pagefile_usage: u64,
        /// Committed private memory.
        pub private_usage: u64,
    }
}

structure! {
    /// The second version of the ProcessVmCounters stream. Sizes are in bytes.
    ///
    /// The fields of the first version are not contiguous: the virtual size is stored before the private memory.
    #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_2")]
    pub struct ProcessVmCounters2 {
        /// Version of the stream, 2; 0 was observed in streams that are all zero.
        pub revision: u16,
        /// The valid parts, as [`ProcessVmCountersFlags`](crate::format::system::ProcessVmCountersFlags).
        pub flags: u16,
        /// Number of page faults.
        pub page_fault_count: u32,
        /// Peak working set size.
        pub peak_working_set_size: u64,
        /// Working set size.
        pub working_set_size: u64,
        /// Peak paged pool usage.
        pub quota_peak_paged_pool_usage: u64,
        /// Paged pool usage.
        pub quota_paged_pool_usage: u64,
        /// Peak nonpaged pool usage.
        pub quota_peak_non_paged_pool_usage: u64,
        /// Nonpaged pool usage.
        pub quota_non_paged_pool_usage: u64,
        /// Committed memory.
        pub pagefile_usage: u64,
        /// Peak committed memory.
        pub peak_pagefile_usage: u64,
        /// Peak virtual size.
        pub peak_virtual_size: u64,
        /// Virtual size.
        pub virtual_size: u64,
        /// Committed private memory.
        pub private_usage: u64,
        /// Private part of the working set.
        pub private_working_set_size: u64,
        /// Committed shared memory.
        pub shared_commit_usage: u64,
        /// Shared memory committed by the job.
        pub job_shared_commit_usage: u64,
        /// Private memory committed by the job.
        pub job_private_commit_usage: u64,
        /// Peak private memory committed by the job.
        pub job_peak_private_commit_usage: u64,
        /// The job's limit for committed private memory.
        pub job_private_commit_limit: u64,
        /// The job's limit for all committed memory.
        pub job_total_commit_limit: u64,
    }
}
