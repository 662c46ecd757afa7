//! Sets of flags.
//!
//! The structures store them as plain integers. `from_bits_retain` makes a set from an integer and keeps unnamed bits;
//! `bits()` returns the same integer.

use crate::format::flag_sets::flag_sets;

flag_sets! {
    /// The dump type: the flags of the header, which say what the writer was asked to store.
    ///
    /// They do not guarantee that the dump contains it. Use `from_bits_retain`, which keeps unnamed bits.
    ///
    /// ```
    /// use userdump::format::MinidumpType;
    ///
    /// let flags = MinidumpType::from_bits_retain(0x6);
    /// assert_eq!(flags.to_string(), "WITH_FULL_MEMORY | WITH_HANDLE_DATA");
    /// assert_eq!("WITH_FULL_MEMORY | 0x4".parse(), Ok(flags));
    /// ```
    #[doc(alias = "MINIDUMP_TYPE")]
    pub struct MinidumpType: u64 {
        /// Includes the writable data sections of modules.
        #[doc(alias = "MiniDumpWithDataSegs")]
        const WITH_DATA_SEGS = 0x0000_0001;
        /// Includes all accessible memory.
        #[doc(alias = "MiniDumpWithFullMemory")]
        const WITH_FULL_MEMORY = 0x0000_0002;
        /// Includes the open handles.
        #[doc(alias = "MiniDumpWithHandleData")]
        const WITH_HANDLE_DATA = 0x0000_0004;
        /// Reduces stacks to what a stack trace needs.
        #[doc(alias = "MiniDumpFilterMemory")]
        const FILTER_MEMORY = 0x0000_0008;
        /// Includes modules only if a stack refers to them.
        #[doc(alias = "MiniDumpScanMemory")]
        const SCAN_MEMORY = 0x0000_0010;
        /// Includes the modules that were unloaded.
        #[doc(alias = "MiniDumpWithUnloadedModules")]
        const WITH_UNLOADED_MODULES = 0x0000_0020;
        /// Includes memory that stacks and other stored memory refer to.
        #[doc(alias = "MiniDumpWithIndirectlyReferencedMemory")]
        const WITH_INDIRECTLY_REFERENCED_MEMORY = 0x0000_0040;
        /// Removes the paths from the names of modules.
        #[doc(alias = "MiniDumpFilterModulePaths")]
        const FILTER_MODULE_PATHS = 0x0000_0080;
        /// Includes the process environment block and the thread environment blocks.
        #[doc(alias = "MiniDumpWithProcessThreadData")]
        const WITH_PROCESS_THREAD_DATA = 0x0000_0100;
        /// Includes private memory that can be read and written.
        #[doc(alias = "MiniDumpWithPrivateReadWriteMemory")]
        const WITH_PRIVATE_READ_WRITE_MEMORY = 0x0000_0200;
        /// Includes only what the other flags ask for.
        #[doc(alias = "MiniDumpWithoutOptionalData")]
        const WITHOUT_OPTIONAL_DATA = 0x0000_0400;
        /// Includes the memory information list, which describes every memory region.
        #[doc(alias = "MiniDumpWithFullMemoryInfo")]
        const WITH_FULL_MEMORY_INFO = 0x0000_0800;
        /// Includes times and states of threads.
        #[doc(alias = "MiniDumpWithThreadInfo")]
        const WITH_THREAD_INFO = 0x0000_1000;
        /// Includes the code sections of modules.
        #[doc(alias = "MiniDumpWithCodeSegs")]
        const WITH_CODE_SEGS = 0x0000_2000;
        /// Excludes data from auxiliary providers; formerly called `MiniDumpWithoutManagedState`.
        #[doc(alias = "MiniDumpWithoutAuxiliaryState")]
        #[doc(alias = "MiniDumpWithoutManagedState")]
        const WITHOUT_AUXILIARY_STATE = 0x0000_4000;
        /// Includes all data from auxiliary providers.
        #[doc(alias = "MiniDumpWithFullAuxiliaryState")]
        const WITH_FULL_AUXILIARY_STATE = 0x0000_8000;
        /// Includes private copy-on-write memory.
        #[doc(alias = "MiniDumpWithPrivateWriteCopyMemory")]
        const WITH_PRIVATE_WRITE_COPY_MEMORY = 0x0001_0000;
        /// Skips memory that cannot be read instead of failing.
        #[doc(alias = "MiniDumpIgnoreInaccessibleMemory")]
        const IGNORE_INACCESSIBLE_MEMORY = 0x0002_0000;
        /// Includes security tokens.
        #[doc(alias = "MiniDumpWithTokenInformation")]
        const WITH_TOKEN_INFORMATION = 0x0004_0000;
        /// Includes the headers of modules.
        #[doc(alias = "MiniDumpWithModuleHeaders")]
        const WITH_MODULE_HEADERS = 0x0008_0000;
        /// Replaces the values on stacks and in registers that a stack trace does not need with
        /// [`MinidumpType::TRIAGE_PATTERN`]. The debugger calls the result a triage dump.
        #[doc(alias = "MiniDumpFilterTriage")]
        const FILTER_TRIAGE = 0x0010_0000;
        /// Includes extended (AVX) registers in the contexts.
        #[doc(alias = "MiniDumpWithAvxXStateContext")]
        const WITH_AVX_X_STATE_CONTEXT = 0x0020_0000;
        /// Includes Intel Processor Trace data.
        #[doc(alias = "MiniDumpWithIptTrace")]
        const WITH_IPT_TRACE = 0x0040_0000;
        /// Includes pages that are only partly readable.
        #[doc(alias = "MiniDumpScanInaccessiblePartialPages")]
        const SCAN_INACCESSIBLE_PARTIAL_PAGES = 0x0080_0000;
        /// Excludes write-combined memory.
        #[doc(alias = "MiniDumpFilterWriteCombinedMemory")]
        const FILTER_WRITE_COMBINED_MEMORY = 0x0100_0000;
        /// Fails if memory cannot be read.
        #[doc(alias = "MiniDumpNoIgnoreInaccessibleMemory")]
        const NO_IGNORE_INACCESSIBLE_MEMORY = 0x0200_0000;
        /// Full memory, compressed in buckets. It is used without `WITH_FULL_MEMORY`, and Microsoft does not document
        /// it.
        #[doc(alias = "MiniDumpWithMemoryCompressed")]
        const WITH_MEMORY_COMPRESSED = 0x0400_0000;
    }
}

impl MinidumpType {
    /// The union of all flags that `MiniDumpWriteDump` accepts.
    #[doc(alias = "MiniDumpValidTypeFlags")]
    pub const VALID_TYPE_FLAGS: Self = Self::from_bits_retain(0x01FF_FFFF);

    /// The value of each byte that [`MinidumpType::FILTER_TRIAGE`] replaces, as observed in dumps by
    /// `MiniDumpWriteDump`: the pointer is `0xaaaaaaaaaaaaaaaa`, or `0xaaaaaaaa` in a 32-bit process.
    pub const TRIAGE_PATTERN: u8 = 0xaa;

    /// Returns the flags of the same dump with compressed memory. The debugger rejects a dump that has full memory as
    /// well.
    #[cfg(feature = "std")]
    pub(crate) const fn compressed(self) -> Self {
        self.difference(Self::WITH_FULL_MEMORY).union(Self::WITH_MEMORY_COMPRESSED)
    }
}

flag_sets! {
    /// The state of the pages of a memory region. A region has exactly one of these bits.
    ///
    /// Use `from_bits_retain`, which keeps unnamed bits.
    pub struct MemoryState: u32 {
        /// Committed pages, backed by memory.
        #[doc(alias = "MEM_COMMIT")]
        const COMMIT = 0x1000;
        /// Reserved address space without memory.
        #[doc(alias = "MEM_RESERVE")]
        const RESERVE = 0x2000;
        /// Unused address space.
        #[doc(alias = "MEM_FREE")]
        const FREE = 0x1_0000;
    }

    /// The type of the pages of a memory region. A region has exactly one of these bits, or none if it is free.
    ///
    /// Use `from_bits_retain`, which keeps unnamed bits.
    pub struct MemoryType: u32 {
        /// Private pages of the process.
        #[doc(alias = "MEM_PRIVATE")]
        const PRIVATE = 0x2_0000;
        /// Pages mapped from a file, or shared with other processes.
        #[doc(alias = "MEM_MAPPED")]
        const MAPPED = 0x4_0000;
        /// Pages mapped from an image, that is, a module.
        #[doc(alias = "MEM_IMAGE")]
        const IMAGE = 0x100_0000;
    }

    /// The protection of the pages of a memory region: one of the first eight bits, combined with modifiers.
    ///
    /// Use `from_bits_retain`, which keeps unnamed bits.
    ///
    /// ```
    /// use userdump::format::MemoryProtection;
    ///
    /// let protection = MemoryProtection::from_bits_retain(0x20);
    /// assert_eq!(protection, MemoryProtection::EXECUTE_READ);
    /// assert!(protection.allows_read() && !protection.allows_write());
    /// ```
    pub struct MemoryProtection: u32 {
        /// No access; also reported for free pages.
        #[doc(alias = "PAGE_NOACCESS")]
        const NO_ACCESS = 0x01;
        /// Can be read.
        #[doc(alias = "PAGE_READONLY")]
        const READ_ONLY = 0x02;
        /// Can be read and written.
        #[doc(alias = "PAGE_READWRITE")]
        const READ_WRITE = 0x04;
        /// Can be read; a write goes to a private copy.
        #[doc(alias = "PAGE_WRITECOPY")]
        const WRITE_COPY = 0x08;
        /// Can be executed.
        #[doc(alias = "PAGE_EXECUTE")]
        const EXECUTE = 0x10;
        /// Can be executed and read.
        #[doc(alias = "PAGE_EXECUTE_READ")]
        const EXECUTE_READ = 0x20;
        /// Can be executed, read and written.
        #[doc(alias = "PAGE_EXECUTE_READWRITE")]
        const EXECUTE_READ_WRITE = 0x40;
        /// Can be executed and read; a write goes to a private copy.
        #[doc(alias = "PAGE_EXECUTE_WRITECOPY")]
        const EXECUTE_WRITE_COPY = 0x80;
        /// Modifier: guard page, whose first access raises an exception.
        #[doc(alias = "PAGE_GUARD")]
        const GUARD = 0x100;
        /// Modifier: not cached.
        #[doc(alias = "PAGE_NOCACHE")]
        const NO_CACHE = 0x200;
        /// Modifier: write-combined.
        #[doc(alias = "PAGE_WRITECOMBINE")]
        const WRITE_COMBINE = 0x400;
        /// Graphics memory: no access.
        #[doc(alias = "PAGE_GRAPHICS_NOACCESS")]
        const GRAPHICS_NO_ACCESS = 0x800;
        /// Graphics memory: can be read.
        #[doc(alias = "PAGE_GRAPHICS_READONLY")]
        const GRAPHICS_READ_ONLY = 0x1000;
        /// Graphics memory: can be read and written.
        #[doc(alias = "PAGE_GRAPHICS_READWRITE")]
        const GRAPHICS_READ_WRITE = 0x2000;
        /// Graphics memory: can be executed.
        #[doc(alias = "PAGE_GRAPHICS_EXECUTE")]
        const GRAPHICS_EXECUTE = 0x4000;
        /// Graphics memory: can be executed and read.
        #[doc(alias = "PAGE_GRAPHICS_EXECUTE_READ")]
        const GRAPHICS_EXECUTE_READ = 0x8000;
        /// Graphics memory: can be executed, read and written.
        #[doc(alias = "PAGE_GRAPHICS_EXECUTE_READWRITE")]
        const GRAPHICS_EXECUTE_READ_WRITE = 0x1_0000;
        /// Graphics memory, modifier: kept coherent between processors.
        #[doc(alias = "PAGE_GRAPHICS_COHERENT")]
        const GRAPHICS_COHERENT = 0x2_0000;
        /// Modifier: not a valid target of indirect calls.
        #[doc(alias = "PAGE_TARGETS_INVALID")]
        const TARGETS_INVALID = 0x4000_0000;
    }

    /// The valid fields of the MiscInfo stream.
    ///
    /// dbgeng was observed to fill in fields whose bit is clear. Use `from_bits_retain`, which keeps unnamed bits.
    pub struct MiscInfoFlags: u32 {
        /// The process ID.
        #[doc(alias = "MINIDUMP_MISC1_PROCESS_ID")]
        const PROCESS_ID = 0x001;
        /// The start time of the process and its CPU times.
        #[doc(alias = "MINIDUMP_MISC1_PROCESS_TIMES")]
        const PROCESS_TIMES = 0x002;
        /// Speed and idle states of the processors.
        #[doc(alias = "MINIDUMP_MISC1_PROCESSOR_POWER_INFO")]
        const PROCESSOR_POWER_INFO = 0x004;
        /// The integrity level.
        #[doc(alias = "MINIDUMP_MISC3_PROCESS_INTEGRITY")]
        const PROCESS_INTEGRITY = 0x010;
        /// The execute flags of the process (data execution prevention).
        #[doc(alias = "MINIDUMP_MISC3_PROCESS_EXECUTE_FLAGS")]
        const PROCESS_EXECUTE_FLAGS = 0x020;
        /// The time zone.
        #[doc(alias = "MINIDUMP_MISC3_TIMEZONE")]
        const TIMEZONE = 0x040;
        /// Whether the process is protected.
        #[doc(alias = "MINIDUMP_MISC3_PROTECTED_PROCESS")]
        const PROTECTED_PROCESS = 0x080;
        /// Both build strings.
        #[doc(alias = "MINIDUMP_MISC4_BUILDSTRING")]
        const BUILD_STRING = 0x100;
        /// The process cookie.
        #[doc(alias = "MINIDUMP_MISC5_PROCESS_COOKIE")]
        const PROCESS_COOKIE = 0x200;
    }

    /// The state of a thread, and the validity of its record in the thread information list.
    ///
    /// Use `from_bits_retain`, which keeps unnamed bits.
    pub struct ThreadInfoFlags: u32 {
        /// The thread could not be examined; only its thread ID is valid.
        #[doc(alias = "MINIDUMP_THREAD_INFO_ERROR_THREAD")]
        const ERROR_THREAD = 0x01;
        /// The thread wrote the dump.
        #[doc(alias = "MINIDUMP_THREAD_INFO_WRITING_THREAD")]
        const WRITING_THREAD = 0x02;
        /// The thread has ended.
        #[doc(alias = "MINIDUMP_THREAD_INFO_EXITED_THREAD")]
        const EXITED_THREAD = 0x04;
        /// The times are not valid.
        #[doc(alias = "MINIDUMP_THREAD_INFO_INVALID_INFO")]
        const INVALID_INFO = 0x08;
        /// The registers are not valid.
        #[doc(alias = "MINIDUMP_THREAD_INFO_INVALID_CONTEXT")]
        const INVALID_CONTEXT = 0x10;
        /// The address of the thread environment block (TEB) is not valid.
        #[doc(alias = "MINIDUMP_THREAD_INFO_INVALID_TEB")]
        const INVALID_TEB = 0x20;
    }

    /// The valid fields of the SystemMemoryInfo stream.
    ///
    /// Use `from_bits_retain`, which keeps unnamed bits.
    pub struct SystemMemoryInfoFlags: u16 {
        /// The counters of transition pages in the file cache.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_FILECACHE_TRANSITIONREPURPOSECOUNT_FLAGS")]
        const FILE_CACHE_TRANSITION = 0x01;
        /// The basic performance counters.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_BASICPERF")]
        const BASIC_PERF = 0x02;
        /// The counters of dirty pages.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_PERF_CCTOTALDIRTYPAGES_CCDIRTYPAGETHRESHOLD")]
        const PERF_DIRTY_PAGES = 0x04;
        /// The counters of resident and of shared pages.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_PERF_RESIDENTAVAILABLEPAGES_SHAREDCOMMITPAGES")]
        const PERF_RESIDENT_SHARED_PAGES = 0x08;
        /// The first two counters of the second version of the structure.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_PERF_MDLPAGESALLOCATED_PFNDATABASECOMMITTEDPAGES")]
        const PERF_MDL_PFN_PAGES = 0x10;
        /// The last two counters of the second version of the structure.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_PERF_SYSTEMPAGETABLECOMMITTEDPAGES_CONTIGUOUSPAGESALLOCATED")]
        const PERF_PAGE_TABLE_CONTIGUOUS_PAGES = 0x20;
    }

    /// The valid fields of the second version of the ProcessVmCounters stream.
    ///
    /// Use `from_bits_retain`, which keeps unnamed bits.
    pub struct ProcessVmCountersFlags: u16 {
        /// The basic counters.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS")]
        const BASIC = 0x01;
        /// The current and peak virtual size.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_VIRTUALSIZE")]
        const VIRTUAL_SIZE = 0x02;
        /// The private usage.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_EX")]
        const EX = 0x04;
        /// The private working set and the shared commit charge.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_EX2")]
        const EX2 = 0x08;
        /// The usage and the limits of the job.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_JOB")]
        const JOB = 0x10;
    }
}

flag_sets! {
    /// How Windows handles an exception: the flags of an exception record.
    ///
    /// Other systems store other values in this field. Use `from_bits_retain`, which keeps unnamed bits.
    pub struct ExceptionFlags: u32 {
        /// Execution cannot continue.
        #[doc(alias = "EXCEPTION_NONCONTINUABLE")]
        const NONCONTINUABLE = 0x01;
        /// The stack is being unwound.
        #[doc(alias = "EXCEPTION_UNWINDING")]
        const UNWINDING = 0x02;
        /// The stack is being unwound because the thread exits.
        #[doc(alias = "EXCEPTION_EXIT_UNWIND")]
        const EXIT_UNWIND = 0x04;
        /// The stack is damaged or misaligned.
        #[doc(alias = "EXCEPTION_STACK_INVALID")]
        const STACK_INVALID = 0x08;
        /// Raised while another exception was being handled.
        #[doc(alias = "EXCEPTION_NESTED_CALL")]
        const NESTED_CALL = 0x10;
        /// The target frame of the unwind has been reached.
        #[doc(alias = "EXCEPTION_TARGET_UNWIND")]
        const TARGET_UNWIND = 0x20;
        /// Raised while the stack was being unwound.
        #[doc(alias = "EXCEPTION_COLLIDED_UNWIND")]
        const COLLIDED_UNWIND = 0x40;
        /// Raised by software, not by the processor.
        #[doc(alias = "EXCEPTION_SOFTWARE_ORIGINATE")]
        const SOFTWARE_ORIGINATE = 0x80;
    }
}

flag_sets! {
    /// The contents of an image section, and the access that it allows.
    ///
    /// The values are those of `winnt.h`. Use `from_bits_retain`, which keeps unnamed bits.
    pub struct SectionCharacteristics: u32 {
        /// Contains code.
        #[doc(alias = "IMAGE_SCN_CNT_CODE")]
        const CODE = 0x0000_0020;
        /// Contains initialised data, which is stored in the file.
        #[doc(alias = "IMAGE_SCN_CNT_INITIALIZED_DATA")]
        const INITIALIZED_DATA = 0x0000_0040;
        /// Contains uninitialized data, which is zero at first.
        #[doc(alias = "IMAGE_SCN_CNT_UNINITIALIZED_DATA")]
        const UNINITIALIZED_DATA = 0x0000_0080;
        /// Can be discarded once the image is loaded.
        #[doc(alias = "IMAGE_SCN_MEM_DISCARDABLE")]
        const DISCARDABLE = 0x0200_0000;
        /// Shared between all processes that have loaded the image.
        #[doc(alias = "IMAGE_SCN_MEM_SHARED")]
        const SHARED = 0x1000_0000;
        /// Can be executed.
        #[doc(alias = "IMAGE_SCN_MEM_EXECUTE")]
        const EXECUTE = 0x2000_0000;
        /// Can be read.
        #[doc(alias = "IMAGE_SCN_MEM_READ")]
        const READ = 0x4000_0000;
        /// Can be written.
        #[doc(alias = "IMAGE_SCN_MEM_WRITE")]
        const WRITE = 0x8000_0000;
    }
}

impl MemoryProtection {
    /// All protections, other than those of graphics memory, that allow execution; guard pages are not excluded.
    pub(crate) const EXECUTABLE: Self =
        Self::EXECUTE.union(Self::EXECUTE_READ).union(Self::EXECUTE_READ_WRITE).union(Self::EXECUTE_WRITE_COPY);

    /// True if the memory can be read. Guard pages cannot.
    #[must_use]
    pub const fn allows_read(self) -> bool {
        self.allows(
            Self::READ_ONLY
                .union(Self::READ_WRITE)
                .union(Self::WRITE_COPY)
                .union(Self::EXECUTE_READ)
                .union(Self::EXECUTE_READ_WRITE)
                .union(Self::EXECUTE_WRITE_COPY)
                .union(Self::GRAPHICS_READ_ONLY)
                .union(Self::GRAPHICS_READ_WRITE)
                .union(Self::GRAPHICS_EXECUTE_READ)
                .union(Self::GRAPHICS_EXECUTE_READ_WRITE),
        )
    }

    /// True if the memory can be written, including copy-on-write. Guard pages cannot.
    #[must_use]
    pub const fn allows_write(self) -> bool {
        self.allows(
            Self::READ_WRITE
                .union(Self::WRITE_COPY)
                .union(Self::EXECUTE_READ_WRITE)
                .union(Self::EXECUTE_WRITE_COPY)
                .union(Self::GRAPHICS_READ_WRITE)
                .union(Self::GRAPHICS_EXECUTE_READ_WRITE),
        )
    }

    /// True if the memory can be executed. Guard pages cannot.
    #[must_use]
    pub const fn allows_execute(self) -> bool {
        self.allows(
            Self::EXECUTABLE
                .union(Self::GRAPHICS_EXECUTE)
                .union(Self::GRAPHICS_EXECUTE_READ)
                .union(Self::GRAPHICS_EXECUTE_READ_WRITE),
        )
    }

    /// True if any of the bits is set and the pages are not guard pages, to which every access raises an exception.
    const fn allows(self, one_of: Self) -> bool {
        self.intersects(one_of) && !self.contains(Self::GUARD)
    }
}
