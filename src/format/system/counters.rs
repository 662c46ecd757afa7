//! Memory in figures: of the machine and of the process.

structure! {
    /// The SystemMemoryInfo stream in its shorter form.
    ///
    /// Sizes are in pages where nothing else is said.
    #[doc(alias = "MINIDUMP_SYSTEM_MEMORY_INFO_1")]
    pub struct SystemMemoryInfo1 {
        /// Version of the stream; 0 was observed where everything else is 0 as well.
        pub revision: u16,
        /// Which parts are valid, as [`SystemMemoryInfoFlags`](crate::format::system::SystemMemoryInfoFlags).
        pub flags: u16,
        /// Pages and processors of the machine.
        pub basic_info: SystemBasicInformation,
        /// The file cache.
        pub file_cache_info: SystemFileCacheInformation,
        /// The main figures.
        pub basic_perf_info: SystemBasicPerformanceInformation,
        /// All figures.
        pub perf_info: SystemPerformanceInformation,
    }
}

structure! {
    /// The SystemMemoryInfo stream in its longer form.
    ///
    /// In C the added fields are the end of `PerfInfo`, which comes to the same bytes.
    #[doc(alias = "MINIDUMP_SYSTEM_MEMORY_INFO_2")]
    pub struct SystemMemoryInfo2 {
        /// What the shorter form holds.
        pub system_memory_info1: SystemMemoryInfo1,
        /// Pages allocated for memory descriptor lists.
        pub mdl_pages_allocated: u64,
        /// Pages committed for the database of page frames.
        pub pfn_database_committed_pages: u64,
        /// Pages committed for page tables of the system.
        pub system_page_table_committed_pages: u64,
        /// Pages allocated in physically contiguous runs.
        pub contiguous_pages_allocated: u64,
    }
}

structure! {
    /// Pages and processors of the machine.
    #[doc(alias = "MINIDUMP_SYSTEM_BASIC_INFORMATION")]
    pub struct SystemBasicInformation {
        /// Greatest distance of two interrupts of the clock, in 100 ns ticks.
        pub timer_resolution: u32,
        /// Size of a page in bytes.
        pub page_size: u32,
        /// Pages of physical memory.
        pub number_of_physical_pages: u32,
        /// Number of the first physical page.
        pub lowest_physical_page_number: u32,
        /// Number of the last physical page.
        pub highest_physical_page_number: u32,
        /// What allocated addresses are a multiple of, in bytes.
        pub allocation_granularity: u32,
        /// Lowest virtual address that a process can use.
        pub minimum_user_mode_address: u64,
        /// Highest virtual address that a process can use.
        pub maximum_user_mode_address: u64,
        /// Processors in use, one bit each.
        pub active_processors_affinity_mask: u64,
        /// Processors in use.
        pub number_of_processors: u32,
    }
}

structure! {
    /// The file cache of the machine.
    #[doc(alias = "MINIDUMP_SYSTEM_FILECACHE_INFORMATION")]
    pub struct SystemFileCacheInformation {
        /// Size of the working set in bytes.
        pub current_size: u64,
        /// Greatest size of the working set so far, in bytes.
        pub peak_size: u64,
        /// Page faults so far.
        pub page_fault_count: u32,
        /// Lower limit of the working set.
        pub minimum_working_set: u64,
        /// Upper limit of the working set.
        pub maximum_working_set: u64,
        /// Size with pages in transition, in pages.
        pub current_size_including_transition_in_pages: u64,
        /// Greatest size with pages in transition so far, in pages.
        pub peak_size_including_transition_in_pages: u64,
        /// Pages in transition that were put to another use.
        pub transition_re_purpose_count: u32,
        /// Which limits of the working set are binding.
        pub flags: u32,
    }
}

structure! {
    /// The main figures of the machine's memory, in pages.
    #[doc(alias = "MINIDUMP_SYSTEM_BASIC_PERFORMANCE_INFORMATION")]
    pub struct SystemBasicPerformanceInformation {
        /// Pages that are free or can be freed at once.
        pub available_pages: u64,
        /// Pages for which memory or paging file is promised.
        pub committed_pages: u64,
        /// Pages that can be promised in all.
        pub commit_limit: u64,
        /// Most pages promised so far.
        pub peak_commitment: u64,
    }
}

structure! {
    /// All figures of the machine since it was started.
    #[doc(alias = "MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION")]
    pub struct SystemPerformanceInformation {
        /// Time in which the processors had nothing to do, in 100 ns ticks.
        pub idle_process_time: u64,
        /// Bytes read from devices.
        pub io_read_transfer_count: u64,
        /// Bytes written to devices.
        pub io_write_transfer_count: u64,
        /// Bytes moved by other operations of devices.
        pub io_other_transfer_count: u64,
        /// Seventy figures that Microsoft names one by one, from `IoReadOperationCount` to `SystemCalls`.
        pub counters: [u32; 70],
        /// Pages of the file cache that are to be written.
        pub cc_total_dirty_pages: u64,
        /// Pages of the file cache from which on writers have to wait.
        pub cc_dirty_page_threshold: u64,
        /// Pages that can still be made resident; may be below 0.
        pub resident_available_pages: i64,
        /// Pages committed for memory that processes share.
        pub shared_committed_pages: u64,
    }
}

structure! {
    /// The ProcessVmCounters stream in its shorter form; sizes are in bytes.
    #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_1")]
    pub struct ProcessVmCounters1 {
        /// Version of the stream; 0 was observed where everything else is 0 as well.
        pub revision: u16,
        /// Padding.
        pub alignment: u16,
        /// Page faults so far.
        pub page_fault_count: u32,
        /// Greatest size of the working set so far.
        pub peak_working_set_size: u64,
        /// Size of the working set.
        pub working_set_size: u64,
        /// Most paged pool charged so far.
        pub quota_peak_paged_pool_usage: u64,
        /// Paged pool charged.
        pub quota_paged_pool_usage: u64,
        /// Most nonpaged pool charged so far.
        pub quota_peak_non_paged_pool_usage: u64,
        /// Nonpaged pool charged.
        pub quota_non_paged_pool_usage: u64,
        /// Memory committed.
        pub pagefile_usage: u64,
        /// Most memory committed so far.
        pub peak_pagefile_usage: u64,
        /// Memory committed that is not shared.
        pub private_usage: u64,
    }
}

structure! {
    /// The ProcessVmCounters stream in its longer form; sizes are in bytes.
    ///
    /// It does not begin with the shorter form: the address space comes before the private memory.
    #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_2")]
    pub struct ProcessVmCounters2 {
        /// Version of the stream, 2; 0 was observed where everything else is 0 as well.
        pub revision: u16,
        /// Which parts are valid, as [`ProcessVmCountersFlags`](crate::format::system::ProcessVmCountersFlags).
        pub flags: u16,
        /// Page faults so far.
        pub page_fault_count: u32,
        /// Greatest size of the working set so far.
        pub peak_working_set_size: u64,
        /// Size of the working set.
        pub working_set_size: u64,
        /// Most paged pool charged so far.
        pub quota_peak_paged_pool_usage: u64,
        /// Paged pool charged.
        pub quota_paged_pool_usage: u64,
        /// Most nonpaged pool charged so far.
        pub quota_peak_non_paged_pool_usage: u64,
        /// Nonpaged pool charged.
        pub quota_non_paged_pool_usage: u64,
        /// Memory committed.
        pub pagefile_usage: u64,
        /// Most memory committed so far.
        pub peak_pagefile_usage: u64,
        /// Most address space in use so far.
        pub peak_virtual_size: u64,
        /// Address space in use.
        pub virtual_size: u64,
        /// Memory committed that is not shared.
        pub private_usage: u64,
        /// Part of the working set that is not shared.
        pub private_working_set_size: u64,
        /// Memory committed that is shared.
        pub shared_commit_usage: u64,
        /// Shared memory committed by the job.
        pub job_shared_commit_usage: u64,
        /// Private memory committed by the job.
        pub job_private_commit_usage: u64,
        /// Most private memory committed by the job so far.
        pub job_peak_private_commit_usage: u64,
        /// What the job may commit of private memory.
        pub job_private_commit_limit: u64,
        /// What the job may commit in all.
        pub job_total_commit_limit: u64,
    }
}
