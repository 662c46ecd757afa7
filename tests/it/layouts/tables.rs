//! The documented layouts: `minidumpapiset.h`, `winnt.h`, `verrsrc.h`, `timezoneapi.h` and `avrfsdk.h` of the Windows SDK.

use libtest_mimic::Trial;
use userdump::format::{
    compressed_memory::*, context::*, exception::*, full_user_dump::*, function_table::*, handle::*, memory::*,
    module::*, system::*, thread::*, *,
};

use super::{Layout, Number, check, layouts};

layouts! {
    LocationDescriptor = 8 { data_size: u32 = 0, rva: u32 = 4 }

    Header = 32 {
        signature: u32 = 0,
        version: u32 = 4,
        number_of_streams: u32 = 8,
        stream_directory_rva: u32 = 12,
        check_sum: u32 = 16,
        time_date_stamp: u32 = 20,
        flags: u64 = 24,
    }
    StreamType = 4 { 0: u32 = 0 }
    DirectoryEntry = 12 { stream_type: StreamType = 0, location: LocationDescriptor = 4 }

    MemoryDescriptor = 16 { start_of_memory_range: u64 = 0, memory: LocationDescriptor = 8 }
    MemoryDescriptor64 = 16 { start_of_memory_range: u64 = 0, data_size: u64 = 8 }
    Memory64List = 16 { number_of_memory_ranges: u64 = 0, base_rva: u64 = 8 }
    // Measured on files of the writer, because there is no documentation.
    CompressedMemoryHeader = 192 {
        size_of_header: u32 = 0,
        version: u32 = 4,
        signature: u64 = 8,
        dump_id: u64 = 16,
        process_id: u64 = 24,
        max_transfer_size: u64 = 32,
        compressed_stream_offset: u64 = 40,
        compressed_stream_size: u64 = 48,
        uncompressed_size: u64 = 56,
        compressed_size: u64 = 64,
        percent_saved: u64 = 72,
        number_of_regions: u64 = 80,
        region_array_offset: u64 = 88,
        region_array_size: u64 = 96,
        number_of_buckets: u64 = 104,
        bucket_array_offset: u64 = 112,
        bucket_array_size: u64 = 120,
        bucket_stream_offset: u64 = 128,
        bucket_stream_size: u64 = 136,
        compression_lib_type: u32 = 144,
        reserved: [u32; 11] = 148,
    }
    CompressedRegion = 32 { number: u64 = 0, address: u64 = 8, bucket: u64 = 16, size: u32 = 24, offset_in_bucket: u32 = 28 }
    CompressedBucket = 40 {
        number: u64 = 0,
        uncompressed_size: u32 = 8,
        compressed_size: u32 = 12,
        offset: u64 = 16,
        first_region: u64 = 24,
        number_of_regions: u64 = 32,
    }
    MemoryInfoListHeader = 16 { size_of_header: u32 = 0, size_of_entry: u32 = 4, number_of_entries: u64 = 8 }
    MemoryInfo = 48 {
        base_address: u64 = 0,
        allocation_base: u64 = 8,
        allocation_protect: u32 = 16,
        alignment1: u32 = 20,
        region_size: u64 = 24,
        state: u32 = 32,
        protect: u32 = 36,
        memory_type: u32 = 40,
        alignment2: u32 = 44,
    }

    Thread = 48 {
        thread_id: u32 = 0,
        suspend_count: u32 = 4,
        priority_class: u32 = 8,
        priority: u32 = 12,
        teb: u64 = 16,
        stack: MemoryDescriptor = 24,
        thread_context: LocationDescriptor = 40,
    }
    ThreadEx = 64 { thread: Thread = 0, backing_store: MemoryDescriptor = 48 }
    ThreadInfoListHeader = 12 { size_of_header: u32 = 0, size_of_entry: u32 = 4, number_of_entries: u32 = 8 }
    ThreadInfo = 64 {
        thread_id: u32 = 0,
        dump_flags: u32 = 4,
        dump_error: u32 = 8,
        exit_status: u32 = 12,
        create_time: u64 = 16,
        exit_time: u64 = 24,
        kernel_time: u64 = 32,
        user_time: u64 = 40,
        start_address: u64 = 48,
        affinity: u64 = 56,
    }
    ThreadName = 12 { thread_id: u32 = 0, rva_of_thread_name: u64 = 4 }

    FixedFileInfo = 52 {
        signature: u32 = 0,
        struc_version: u32 = 4,
        file_version_ms: u32 = 8,
        file_version_ls: u32 = 12,
        product_version_ms: u32 = 16,
        product_version_ls: u32 = 20,
        file_flags_mask: u32 = 24,
        file_flags: u32 = 28,
        file_os: u32 = 32,
        file_type: u32 = 36,
        file_subtype: u32 = 40,
        file_date_ms: u32 = 44,
        file_date_ls: u32 = 48,
    }
    Module = 108 {
        base_of_image: u64 = 0,
        size_of_image: u32 = 8,
        check_sum: u32 = 12,
        time_date_stamp: u32 = 16,
        module_name_rva: u32 = 20,
        version_info: FixedFileInfo = 24,
        cv_record: LocationDescriptor = 76,
        misc_record: LocationDescriptor = 84,
        reserved0: u64 = 92,
        reserved1: u64 = 100,
    }
    UnloadedModuleListHeader = 12 { size_of_header: u32 = 0, size_of_entry: u32 = 4, number_of_entries: u32 = 8 }
    UnloadedModule = 24 {
        base_of_image: u64 = 0,
        size_of_image: u32 = 8,
        check_sum: u32 = 12,
        time_date_stamp: u32 = 16,
        module_name_rva: u32 = 20,
    }
    Guid = 16 { data1: u32 = 0, data2: u16 = 4, data3: u16 = 6, data4: [u8; 8] = 8 }
    CvInfoPdb70 = 24 { cv_signature: u32 = 0, signature: Guid = 4, age: u32 = 20 }
    CvInfoPdb20 = 16 { cv_signature: u32 = 0, cv_offset: u32 = 4, signature: u32 = 8, age: u32 = 12 }
    ImageDebugMisc = 12 { data_type: u32 = 0, length: u32 = 4, unicode: u8 = 8, reserved: [u8; 3] = 9 }

    ExceptionRecord = 152 {
        exception_code: u32 = 0,
        exception_flags: u32 = 4,
        exception_record: u64 = 8,
        exception_address: u64 = 16,
        number_parameters: u32 = 24,
        alignment: u32 = 28,
        exception_information: [u64; 15] = 32,
    }
    ExceptionStream = 168 {
        thread_id: u32 = 0,
        alignment: u32 = 4,
        exception_record: ExceptionRecord = 8,
        thread_context: LocationDescriptor = 160,
    }

    JitDebugInfo = 40 {
        size: u32 = 0, processor_architecture: u32 = 4, thread_id: u32 = 8, reserved0: u32 = 12,
        exception_address: u64 = 16, exception_record: u64 = 24, context_record: u64 = 32,
    }
    ContextEx = 24 { all: ContextChunk = 0, legacy: ContextChunk = 8, xstate: ContextChunk = 16 }
    ContextChunk = 8 { offset: i32 = 0, length: u32 = 4 }
    XSaveHeader = 64 { mask: u64 = 0, compaction_mask: u64 = 8, reserved: [u64; 6] = 16 }

    ImageFileMachine = 4 { 0: u32 = 0 }
    UsermodeCrashdumpHeader32 = 64 {
        signature: [u8; 8] = 0,
        major_version: u32 = 8,
        minor_version: u32 = 12,
        machine_image_type: ImageFileMachine = 16,
        thread_count: u32 = 20,
        module_count: u32 = 24,
        memory_region_count: u32 = 28,
        thread_offset: u32 = 32,
        module_offset: u32 = 36,
        data_offset: u32 = 40,
        memory_region_offset: u32 = 44,
        debug_event_offset: u32 = 48,
        thread_state_offset: u32 = 52,
        version_info_offset: u32 = 56,
        spare: u32 = 60,
    }
    UsermodeCrashdumpHeader64 = 96 {
        signature: [u8; 8] = 0,
        major_version: u32 = 8,
        minor_version: u32 = 12,
        machine_image_type: ImageFileMachine = 16,
        thread_count: u32 = 20,
        module_count: u32 = 24,
        memory_region_count: u32 = 28,
        thread_offset: u64 = 32,
        module_offset: u64 = 40,
        data_offset: u64 = 48,
        memory_region_offset: u64 = 56,
        debug_event_offset: u64 = 64,
        thread_state_offset: u64 = 72,
        version_info_offset: u64 = 80,
        spare: u64 = 88,
    }
    CrashThread32 = 48 {
        thread_id: u32 = 0,
        suspend_count: u32 = 4,
        priority_class: u32 = 8,
        priority: u32 = 12,
        teb: u32 = 16,
        spare: [u32; 7] = 20,
    }
    CrashThread64 = 80 {
        thread_id: u32 = 0,
        suspend_count: u32 = 4,
        priority_class: u32 = 8,
        priority: u32 = 12,
        teb: u64 = 16,
        spare: [u64; 7] = 24,
    }
    CrashModule32 = 12 {
        base_of_image: u32 = 0,
        size_of_image: u32 = 4,
        image_name_length: u32 = 8,
    }
    CrashModule64 = 16 {
        base_of_image: u64 = 0,
        size_of_image: u32 = 8,
        image_name_length: u32 = 12,
    }
    MemoryBasicInformation32 = 28 {
        base_address: u32 = 0,
        allocation_base: u32 = 4,
        allocation_protect: u32 = 8,
        region_size: u32 = 12,
        state: u32 = 16,
        protect: u32 = 20,
        memory_type: u32 = 24,
    }
    ExceptionRecord32 = 80 {
        exception_code: u32 = 0,
        exception_flags: u32 = 4,
        exception_record: u32 = 8,
        exception_address: u32 = 12,
        number_parameters: u32 = 16,
        exception_information: [u32; 15] = 20,
    }
    ExceptionDebugEvent32 = 96 {
        debug_event_code: u32 = 0,
        process_id: u32 = 4,
        thread_id: u32 = 8,
        exception_record: ExceptionRecord32 = 12,
        first_chance: u32 = 92,
    }
    ExceptionDebugEvent64 = 176 {
        debug_event_code: u32 = 0,
        process_id: u32 = 4,
        thread_id: u32 = 8,
        alignment: u32 = 12,
        exception_record: ExceptionRecord = 16,
        first_chance: u32 = 168,
        alignment2: u32 = 172,
    }
    CrashdumpVersionInfo = 8 {
        ignore_guard_pages: u32 = 0,
        pointer_size: u32 = 4,
    }

    ProcessorArchitecture = 2 { 0: u16 = 0 }
    PlatformId = 4 { 0: u32 = 0 }
    SystemInfo = 56 {
        processor_architecture: ProcessorArchitecture = 0,
        processor_level: u16 = 2,
        processor_revision: u16 = 4,
        number_of_processors: u8 = 6,
        product_type: u8 = 7,
        major_version: u32 = 8,
        minor_version: u32 = 12,
        build_number: u32 = 16,
        platform_id: PlatformId = 20,
        csd_version_rva: u32 = 24,
        suite_mask: u16 = 28,
        reserved2: u16 = 30,
        cpu: [u8; 24] = 32,
    }
    X86CpuInfo = 24 {
        vendor_id: [u32; 3] = 0,
        version_information: u32 = 12,
        feature_information: u32 = 16,
        amd_extended_cpu_features: u32 = 20,
    }
    ArmCpuInfo = 8 { cpuid: u32 = 0, elf_hwcaps: u32 = 4 }
    OtherCpuInfo = 16 { processor_features: [u64; 2] = 0 }

    MiscInfo = 24 {
        size_of_info: u32 = 0,
        flags1: u32 = 4,
        process_id: u32 = 8,
        process_create_time: u32 = 12,
        process_user_time: u32 = 16,
        process_kernel_time: u32 = 20,
    }
    MiscInfo2 = 44 {
        misc_info: MiscInfo = 0,
        processor_max_mhz: u32 = 24,
        processor_current_mhz: u32 = 28,
        processor_mhz_limit: u32 = 32,
        processor_max_idle_state: u32 = 36,
        processor_current_idle_state: u32 = 40,
    }
    MiscInfo3 = 232 {
        misc_info2: MiscInfo2 = 0,
        process_integrity_level: u32 = 44,
        process_execute_flags: u32 = 48,
        protected_process: u32 = 52,
        time_zone_id: u32 = 56,
        time_zone: TimeZoneInformation = 60,
    }
    MiscInfo4 = 832 { misc_info3: MiscInfo3 = 0, build_string: [u16; 260] = 232, dbg_bld_str: [u16; 40] = 752 }
    MiscInfo5 = 1364 { misc_info4: MiscInfo4 = 0, xstate_data: XStateConfigFeature = 832, process_cookie: u32 = 1360 }
    TimeZoneInformation = 172 {
        bias: i32 = 0,
        standard_name: [u16; 32] = 4,
        standard_date: SystemTime = 68,
        standard_bias: i32 = 84,
        daylight_name: [u16; 32] = 88,
        daylight_date: SystemTime = 152,
        daylight_bias: i32 = 168,
    }
    SystemTime = 16 {
        year: u16 = 0,
        month: u16 = 2,
        day_of_week: u16 = 4,
        day: u16 = 6,
        hour: u16 = 8,
        minute: u16 = 10,
        second: u16 = 12,
        milliseconds: u16 = 14,
    }
    XStateConfigFeature = 528 {
        size_of_info: u32 = 0,
        context_size: u32 = 4,
        enabled_features: u64 = 8,
        features: [XStateFeature; 64] = 16,
    }
    XStateFeature = 8 { offset: u32 = 0, size: u32 = 4 }

    HandleDataStream = 16 {
        size_of_header: u32 = 0,
        size_of_descriptor: u32 = 4,
        number_of_descriptors: u32 = 8,
        reserved: u32 = 12,
    }
    HandleDescriptor = 32 {
        handle: u64 = 0,
        type_name_rva: u32 = 8,
        object_name_rva: u32 = 12,
        attributes: u32 = 16,
        granted_access: u32 = 20,
        handle_count: u32 = 24,
        pointer_count: u32 = 28,
    }
    HandleDescriptor2 = 40 { descriptor: HandleDescriptor = 0, object_info_rva: u32 = 32, reserved0: u32 = 36 }
    HandleObjectInformationType = 4 { 0: u32 = 0 }
    HandleObjectInformation = 12 {
        next_info_rva: u32 = 0,
        info_type: HandleObjectInformationType = 4,
        size_of_info: u32 = 8,
    }
    HandleOperationList = 16 {
        size_of_header: u32 = 0,
        size_of_entry: u32 = 4,
        number_of_entries: u32 = 8,
        reserved: u32 = 12,
    }
    HandleOperation = 288 {
        handle: u64 = 0,
        process_id: u32 = 8,
        thread_id: u32 = 12,
        operation_type: u32 = 16,
        spare0: u32 = 20,
        depth: u32 = 24,
        index: u32 = 28,
        return_addresses: [u64; 32] = 32,
    }

    FunctionTableStream = 24 {
        size_of_header: u32 = 0,
        size_of_descriptor: u32 = 4,
        size_of_native_descriptor: u32 = 8,
        size_of_function_entry: u32 = 12,
        number_of_descriptors: u32 = 16,
        size_of_align_pad: u32 = 20,
    }
    FunctionTableDescriptor = 32 {
        minimum_address: u64 = 0,
        maximum_address: u64 = 8,
        base_address: u64 = 16,
        entry_count: u32 = 24,
        size_of_align_pad: u32 = 28,
    }

    TokenInfoList = 16 {
        token_list_size: u32 = 0,
        token_list_entries: u32 = 4,
        list_header_size: u32 = 8,
        element_header_size: u32 = 12,
    }
    TokenInfo = 16 { token_size: u32 = 0, token_id: u32 = 4, token_handle: u64 = 8 }

    SystemMemoryInfo1 = 492 {
        revision: u16 = 0,
        flags: u16 = 2,
        basic_info: SystemBasicInformation = 4,
        file_cache_info: SystemFileCacheInformation = 56,
        basic_perf_info: SystemBasicPerformanceInformation = 116,
        perf_info: SystemPerformanceInformation = 148,
    }
    SystemMemoryInfo2 = 524 {
        system_memory_info1: SystemMemoryInfo1 = 0,
        mdl_pages_allocated: u64 = 492,
        pfn_database_committed_pages: u64 = 500,
        system_page_table_committed_pages: u64 = 508,
        contiguous_pages_allocated: u64 = 516,
    }
    SystemBasicInformation = 52 {
        timer_resolution: u32 = 0,
        page_size: u32 = 4,
        number_of_physical_pages: u32 = 8,
        lowest_physical_page_number: u32 = 12,
        highest_physical_page_number: u32 = 16,
        allocation_granularity: u32 = 20,
        minimum_user_mode_address: u64 = 24,
        maximum_user_mode_address: u64 = 32,
        active_processors_affinity_mask: u64 = 40,
        number_of_processors: u32 = 48,
    }
    SystemFileCacheInformation = 60 {
        current_size: u64 = 0,
        peak_size: u64 = 8,
        page_fault_count: u32 = 16,
        minimum_working_set: u64 = 20,
        maximum_working_set: u64 = 28,
        current_size_including_transition_in_pages: u64 = 36,
        peak_size_including_transition_in_pages: u64 = 44,
        transition_re_purpose_count: u32 = 52,
        flags: u32 = 56,
    }
    SystemBasicPerformanceInformation = 32 {
        available_pages: u64 = 0,
        committed_pages: u64 = 8,
        commit_limit: u64 = 16,
        peak_commitment: u64 = 24,
    }
    SystemPerformanceInformation = 344 {
        idle_process_time: u64 = 0,
        io_read_transfer_count: u64 = 8,
        io_write_transfer_count: u64 = 16,
        io_other_transfer_count: u64 = 24,
        counters: [u32; 70] = 32,
        cc_total_dirty_pages: u64 = 312,
        cc_dirty_page_threshold: u64 = 320,
        resident_available_pages: i64 = 328,
        shared_committed_pages: u64 = 336,
    }

    ProcessVmCounters1 = 80 {
        revision: u16 = 0,
        alignment: u16 = 2,
        page_fault_count: u32 = 4,
        peak_working_set_size: u64 = 8,
        working_set_size: u64 = 16,
        quota_peak_paged_pool_usage: u64 = 24,
        quota_paged_pool_usage: u64 = 32,
        quota_peak_non_paged_pool_usage: u64 = 40,
        quota_non_paged_pool_usage: u64 = 48,
        pagefile_usage: u64 = 56,
        peak_pagefile_usage: u64 = 64,
        private_usage: u64 = 72,
    }
    ProcessVmCounters2 = 152 {
        revision: u16 = 0,
        flags: u16 = 2,
        page_fault_count: u32 = 4,
        peak_working_set_size: u64 = 8,
        working_set_size: u64 = 16,
        quota_peak_paged_pool_usage: u64 = 24,
        quota_paged_pool_usage: u64 = 32,
        quota_peak_non_paged_pool_usage: u64 = 40,
        quota_non_paged_pool_usage: u64 = 48,
        pagefile_usage: u64 = 56,
        peak_pagefile_usage: u64 = 64,
        peak_virtual_size: u64 = 72,
        virtual_size: u64 = 80,
        private_usage: u64 = 88,
        private_working_set_size: u64 = 96,
        shared_commit_usage: u64 = 104,
        job_shared_commit_usage: u64 = 112,
        job_private_commit_usage: u64 = 120,
        job_peak_private_commit_usage: u64 = 128,
        job_private_commit_limit: u64 = 136,
        job_total_commit_limit: u64 = 144,
    }
}
