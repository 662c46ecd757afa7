//! Sets of bits.
//!
//! The structures hold them as plain integers. A set is made of one with `from_bits_retain`, which keeps bits without
//! a name, and goes back to the same integer with `bits()`.

use crate::format::flag_sets::flag_sets;

flag_sets! {
    /// What a producer was asked to store: the flags of the header.
    ///
    /// They tell the intent and not the content. Use `from_bits_retain`, which keeps bits that have no name here.
    #[doc(alias = "MINIDUMP_TYPE")]
    pub struct MinidumpType: u64 {
        /// Writable data of modules.
        #[doc(alias = "MiniDumpWithDataSegs")]
        const WITH_DATA_SEGS = 0x0000_0001;
        /// All accessible memory.
        #[doc(alias = "MiniDumpWithFullMemory")]
        const WITH_FULL_MEMORY = 0x0000_0002;
        /// Open handles.
        #[doc(alias = "MiniDumpWithHandleData")]
        const WITH_HANDLE_DATA = 0x0000_0004;
        /// Stacks reduced to what a stack trace needs.
        #[doc(alias = "MiniDumpFilterMemory")]
        const FILTER_MEMORY = 0x0000_0008;
        /// Modules included if something on a stack refers to them.
        #[doc(alias = "MiniDumpScanMemory")]
        const SCAN_MEMORY = 0x0000_0010;
        /// Modules that had left the process.
        #[doc(alias = "MiniDumpWithUnloadedModules")]
        const WITH_UNLOADED_MODULES = 0x0000_0020;
        /// Memory to which stacks and other stored memory refer.
        #[doc(alias = "MiniDumpWithIndirectlyReferencedMemory")]
        const WITH_INDIRECTLY_REFERENCED_MEMORY = 0x0000_0040;
        /// Paths cut from the names of modules.
        #[doc(alias = "MiniDumpFilterModulePaths")]
        const FILTER_MODULE_PATHS = 0x0000_0080;
        /// The environment blocks of the process and of its threads.
        #[doc(alias = "MiniDumpWithProcessThreadData")]
        const WITH_PROCESS_THREAD_DATA = 0x0000_0100;
        /// Private memory that can be read and written.
        #[doc(alias = "MiniDumpWithPrivateReadWriteMemory")]
        const WITH_PRIVATE_READ_WRITE_MEMORY = 0x0000_0200;
        /// Nothing beyond what the other bits ask for.
        #[doc(alias = "MiniDumpWithoutOptionalData")]
        const WITHOUT_OPTIONAL_DATA = 0x0000_0400;
        /// The list of memory regions.
        #[doc(alias = "MiniDumpWithFullMemoryInfo")]
        const WITH_FULL_MEMORY_INFO = 0x0000_0800;
        /// Times and states of threads.
        #[doc(alias = "MiniDumpWithThreadInfo")]
        const WITH_THREAD_INFO = 0x0000_1000;
        /// Code of modules.
        #[doc(alias = "MiniDumpWithCodeSegs")]
        const WITH_CODE_SEGS = 0x0000_2000;
        /// Nothing from helper libraries; formerly named after managed state.
        #[doc(alias = "MiniDumpWithoutAuxiliaryState")]
        #[doc(alias = "MiniDumpWithoutManagedState")]
        const WITHOUT_AUXILIARY_STATE = 0x0000_4000;
        /// Everything that helper libraries have.
        #[doc(alias = "MiniDumpWithFullAuxiliaryState")]
        const WITH_FULL_AUXILIARY_STATE = 0x0000_8000;
        /// Private memory that is copied on writing.
        #[doc(alias = "MiniDumpWithPrivateWriteCopyMemory")]
        const WITH_PRIVATE_WRITE_COPY_MEMORY = 0x0001_0000;
        /// No failure over memory that cannot be read.
        #[doc(alias = "MiniDumpIgnoreInaccessibleMemory")]
        const IGNORE_INACCESSIBLE_MEMORY = 0x0002_0000;
        /// Security tokens.
        #[doc(alias = "MiniDumpWithTokenInformation")]
        const WITH_TOKEN_INFORMATION = 0x0004_0000;
        /// Headers of modules.
        #[doc(alias = "MiniDumpWithModuleHeaders")]
        const WITH_MODULE_HEADERS = 0x0008_0000;
        /// Words of stacks and registers that a stack trace does not need are [`MinidumpType::TRIAGE_PATTERN`]. The
        /// debugger calls it a triage dump.
        #[doc(alias = "MiniDumpFilterTriage")]
        const FILTER_TRIAGE = 0x0010_0000;
        /// Extended registers in the contexts.
        #[doc(alias = "MiniDumpWithAvxXStateContext")]
        const WITH_AVX_X_STATE_CONTEXT = 0x0020_0000;
        /// Trace of Intel's processor tracing.
        #[doc(alias = "MiniDumpWithIptTrace")]
        const WITH_IPT_TRACE = 0x0040_0000;
        /// Pages that can be read in part only.
        #[doc(alias = "MiniDumpScanInaccessiblePartialPages")]
        const SCAN_INACCESSIBLE_PARTIAL_PAGES = 0x0080_0000;
        /// No memory of which writes are combined.
        #[doc(alias = "MiniDumpFilterWriteCombinedMemory")]
        const FILTER_WRITE_COMBINED_MEMORY = 0x0100_0000;
        /// Failure over memory that cannot be read.
        #[doc(alias = "MiniDumpNoIgnoreInaccessibleMemory")]
        const NO_IGNORE_INACCESSIBLE_MEMORY = 0x0200_0000;
        /// Full memory, compressed in buckets; without `WITH_FULL_MEMORY`, and not in Microsoft's documentation.
        #[doc(alias = "MiniDumpWithMemoryCompressed")]
        const WITH_MEMORY_COMPRESSED = 0x0400_0000;
    }
}

impl MinidumpType {
    /// All bits that may be handed to `MiniDumpWriteDump`.
    #[doc(alias = "MiniDumpValidTypeFlags")]
    pub const VALID_TYPE_FLAGS: Self = Self::from_bits_retain(0x01FF_FFFF);

    /// Every byte of what [`MinidumpType::FILTER_TRIAGE`] takes out of a dump, as measured on dumps by
    /// `MiniDumpWriteDump`: the word `0xaaaaaaaaaaaaaaaa`, of 32-bit processes `0xaaaaaaaa`.
    pub const TRIAGE_PATTERN: u8 = 0xaa;

    /// Those of the same dump with compressed memory: the debugger refuses one that has full memory as well.
    #[cfg(feature = "std")]
    pub(crate) const fn compressed(self) -> Self {
        self.difference(Self::WITH_FULL_MEMORY).union(Self::WITH_MEMORY_COMPRESSED)
    }
}

flag_sets! {
    /// State of the pages of a memory region, in fact one bit of several.
    ///
    /// Use `from_bits_retain`, which keeps bits that have no name here.
    pub struct MemoryState: u32 {
        /// Pages with memory behind them.
        #[doc(alias = "MEM_COMMIT")]
        const COMMIT = 0x1000;
        /// Addresses set aside, without memory.
        #[doc(alias = "MEM_RESERVE")]
        const RESERVE = 0x2000;
        /// Addresses not in use.
        #[doc(alias = "MEM_FREE")]
        const FREE = 0x1_0000;
    }

    /// Origin of the pages of a memory region, in fact one bit of several or none for free pages.
    ///
    /// Use `from_bits_retain`, which keeps bits that have no name here.
    pub struct MemoryType: u32 {
        /// Pages of this process alone.
        #[doc(alias = "MEM_PRIVATE")]
        const PRIVATE = 0x2_0000;
        /// Pages mapped from a file or shared with other processes.
        #[doc(alias = "MEM_MAPPED")]
        const MAPPED = 0x4_0000;
        /// Pages mapped from a module.
        #[doc(alias = "MEM_IMAGE")]
        const IMAGE = 0x100_0000;
    }

    /// Protection of the pages of a memory region: one of the first eight bits, with modifiers.
    ///
    /// Use `from_bits_retain`, which keeps bits that have no name here.
    pub struct MemoryProtection: u32 {
        /// No access at all; also given for free pages.
        #[doc(alias = "PAGE_NOACCESS")]
        const NO_ACCESS = 0x01;
        /// Reading.
        #[doc(alias = "PAGE_READONLY")]
        const READ_ONLY = 0x02;
        /// Reading and writing.
        #[doc(alias = "PAGE_READWRITE")]
        const READ_WRITE = 0x04;
        /// Reading, and writing to a copy.
        #[doc(alias = "PAGE_WRITECOPY")]
        const WRITE_COPY = 0x08;
        /// Executing.
        #[doc(alias = "PAGE_EXECUTE")]
        const EXECUTE = 0x10;
        /// Executing and reading.
        #[doc(alias = "PAGE_EXECUTE_READ")]
        const EXECUTE_READ = 0x20;
        /// Executing, reading and writing.
        #[doc(alias = "PAGE_EXECUTE_READWRITE")]
        const EXECUTE_READ_WRITE = 0x40;
        /// Executing and reading, and writing to a copy.
        #[doc(alias = "PAGE_EXECUTE_WRITECOPY")]
        const EXECUTE_WRITE_COPY = 0x80;
        /// Modifier: the first access raises an exception.
        #[doc(alias = "PAGE_GUARD")]
        const GUARD = 0x100;
        /// Modifier: not cached.
        #[doc(alias = "PAGE_NOCACHE")]
        const NO_CACHE = 0x200;
        /// Modifier: writes are combined.
        #[doc(alias = "PAGE_WRITECOMBINE")]
        const WRITE_COMBINE = 0x400;
        /// Graphics memory: no access at all.
        #[doc(alias = "PAGE_GRAPHICS_NOACCESS")]
        const GRAPHICS_NO_ACCESS = 0x800;
        /// Graphics memory: reading.
        #[doc(alias = "PAGE_GRAPHICS_READONLY")]
        const GRAPHICS_READ_ONLY = 0x1000;
        /// Graphics memory: reading and writing.
        #[doc(alias = "PAGE_GRAPHICS_READWRITE")]
        const GRAPHICS_READ_WRITE = 0x2000;
        /// Graphics memory: executing.
        #[doc(alias = "PAGE_GRAPHICS_EXECUTE")]
        const GRAPHICS_EXECUTE = 0x4000;
        /// Graphics memory: executing and reading.
        #[doc(alias = "PAGE_GRAPHICS_EXECUTE_READ")]
        const GRAPHICS_EXECUTE_READ = 0x8000;
        /// Graphics memory: executing, reading and writing.
        #[doc(alias = "PAGE_GRAPHICS_EXECUTE_READWRITE")]
        const GRAPHICS_EXECUTE_READ_WRITE = 0x1_0000;
        /// Graphics memory, modifier: kept coherent between the processors.
        #[doc(alias = "PAGE_GRAPHICS_COHERENT")]
        const GRAPHICS_COHERENT = 0x2_0000;
        /// Modifier: no valid target of an indirect call.
        #[doc(alias = "PAGE_TARGETS_INVALID")]
        const TARGETS_INVALID = 0x4000_0000;
    }

    /// Which fields of the MiscInfo stream are valid.
    ///
    /// dbgeng was observed to fill fields whose bit is clear. Use `from_bits_retain`, which keeps bits that have no
    /// name here.
    pub struct MiscInfoFlags: u32 {
        /// Id of the process.
        #[doc(alias = "MINIDUMP_MISC1_PROCESS_ID")]
        const PROCESS_ID = 0x001;
        /// Start of the process and the time that it spent.
        #[doc(alias = "MINIDUMP_MISC1_PROCESS_TIMES")]
        const PROCESS_TIMES = 0x002;
        /// Speed and idle states of the processors.
        #[doc(alias = "MINIDUMP_MISC1_PROCESSOR_POWER_INFO")]
        const PROCESSOR_POWER_INFO = 0x004;
        /// Integrity level.
        #[doc(alias = "MINIDUMP_MISC3_PROCESS_INTEGRITY")]
        const PROCESS_INTEGRITY = 0x010;
        /// Flags for executing data.
        #[doc(alias = "MINIDUMP_MISC3_PROCESS_EXECUTE_FLAGS")]
        const PROCESS_EXECUTE_FLAGS = 0x020;
        /// Time zone.
        #[doc(alias = "MINIDUMP_MISC3_TIMEZONE")]
        const TIMEZONE = 0x040;
        /// Whether the process is protected.
        #[doc(alias = "MINIDUMP_MISC3_PROTECTED_PROCESS")]
        const PROTECTED_PROCESS = 0x080;
        /// Both build strings.
        #[doc(alias = "MINIDUMP_MISC4_BUILDSTRING")]
        const BUILD_STRING = 0x100;
        /// Cookie of the process.
        #[doc(alias = "MINIDUMP_MISC5_PROCESS_COOKIE")]
        const PROCESS_COOKIE = 0x200;
    }

    /// State of a thread, and how far the record of it can be trusted.
    ///
    /// Use `from_bits_retain`, which keeps bits that have no name here.
    pub struct ThreadInfoFlags: u32 {
        /// The thread could not be examined; the record holds the id and nothing else.
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
        /// The address of the environment block is not valid.
        #[doc(alias = "MINIDUMP_THREAD_INFO_INVALID_TEB")]
        const INVALID_TEB = 0x20;
    }

    /// Which fields of the SystemMemoryInfo stream are valid.
    ///
    /// Use `from_bits_retain`, which keeps bits that have no name here.
    pub struct SystemMemoryInfoFlags: u16 {
        /// The fields of the file cache that concern pages in transition.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_FILECACHE_TRANSITIONREPURPOSECOUNT_FLAGS")]
        const FILE_CACHE_TRANSITION = 0x01;
        /// The basic performance figures.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_BASICPERF")]
        const BASIC_PERF = 0x02;
        /// The figures on dirty pages.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_PERF_CCTOTALDIRTYPAGES_CCDIRTYPAGETHRESHOLD")]
        const PERF_DIRTY_PAGES = 0x04;
        /// The figures on resident and on shared pages.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_PERF_RESIDENTAVAILABLEPAGES_SHAREDCOMMITPAGES")]
        const PERF_RESIDENT_SHARED_PAGES = 0x08;
        /// The first two figures of the longer form.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_PERF_MDLPAGESALLOCATED_PFNDATABASECOMMITTEDPAGES")]
        const PERF_MDL_PFN_PAGES = 0x10;
        /// The last two figures of the longer form.
        #[doc(alias = "MINIDUMP_SYSMEMINFO1_PERF_SYSTEMPAGETABLECOMMITTEDPAGES_CONTIGUOUSPAGESALLOCATED")]
        const PERF_PAGE_TABLE_CONTIGUOUS_PAGES = 0x20;
    }

    /// Which fields of the longer ProcessVmCounters stream are valid.
    ///
    /// Use `from_bits_retain`, which keeps bits that have no name here.
    pub struct ProcessVmCountersFlags: u16 {
        /// The basic figures.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS")]
        const BASIC = 0x01;
        /// The sizes of the address space in use.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_VIRTUALSIZE")]
        const VIRTUAL_SIZE = 0x02;
        /// The private memory.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_EX")]
        const EX = 0x04;
        /// The private working set and the shared commitment.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_EX2")]
        const EX2 = 0x08;
        /// The figures and limits of the job.
        #[doc(alias = "MINIDUMP_PROCESS_VM_COUNTERS_JOB")]
        const JOB = 0x10;
    }
}

flag_sets! {
    /// What Windows knows about how an exception goes on: the flags of its record.
    ///
    /// Other systems store something else in their place. Use `from_bits_retain`, which keeps bits that have no name here.
    pub struct ExceptionFlags: u32 {
        /// The program cannot go on.
        #[doc(alias = "EXCEPTION_NONCONTINUABLE")]
        const NONCONTINUABLE = 0x01;
        /// Frames are being left.
        #[doc(alias = "EXCEPTION_UNWINDING")]
        const UNWINDING = 0x02;
        /// Frames are being left because the thread ends.
        #[doc(alias = "EXCEPTION_EXIT_UNWIND")]
        const EXIT_UNWIND = 0x04;
        /// The stack is damaged or misaligned.
        #[doc(alias = "EXCEPTION_STACK_INVALID")]
        const STACK_INVALID = 0x08;
        /// Raised while another one was being handled.
        #[doc(alias = "EXCEPTION_NESTED_CALL")]
        const NESTED_CALL = 0x10;
        /// The frame to which the others are left is reached.
        #[doc(alias = "EXCEPTION_TARGET_UNWIND")]
        const TARGET_UNWIND = 0x20;
        /// Raised while frames were being left.
        #[doc(alias = "EXCEPTION_COLLIDED_UNWIND")]
        const COLLIDED_UNWIND = 0x40;
        /// Raised by software, not by the processor.
        #[doc(alias = "EXCEPTION_SOFTWARE_ORIGINATE")]
        const SOFTWARE_ORIGINATE = 0x80;
    }
}

flag_sets! {
    /// What a section of an image holds, and what may be done with it.
    ///
    /// The numbers are those of `winnt.h`. Use `from_bits_retain`, which keeps bits that have no name here.
    pub struct SectionCharacteristics: u32 {
        /// Code.
        #[doc(alias = "IMAGE_SCN_CNT_CODE")]
        const CODE = 0x0000_0020;
        /// Data that the file has.
        #[doc(alias = "IMAGE_SCN_CNT_INITIALIZED_DATA")]
        const INITIALIZED_DATA = 0x0000_0040;
        /// Data that begins as zeros.
        #[doc(alias = "IMAGE_SCN_CNT_UNINITIALIZED_DATA")]
        const UNINITIALIZED_DATA = 0x0000_0080;
        /// Not needed once the image is loaded.
        #[doc(alias = "IMAGE_SCN_MEM_DISCARDABLE")]
        const DISCARDABLE = 0x0200_0000;
        /// Common to all processes that have the image.
        #[doc(alias = "IMAGE_SCN_MEM_SHARED")]
        const SHARED = 0x1000_0000;
        /// It can be executed.
        #[doc(alias = "IMAGE_SCN_MEM_EXECUTE")]
        const EXECUTE = 0x2000_0000;
        /// It can be read.
        #[doc(alias = "IMAGE_SCN_MEM_READ")]
        const READ = 0x4000_0000;
        /// It can be written.
        #[doc(alias = "IMAGE_SCN_MEM_WRITE")]
        const WRITE = 0x8000_0000;
    }
}

impl MemoryProtection {
    /// Every way in which memory of a program can be executed, guard pages included.
    pub(crate) const EXECUTABLE: Self =
        Self::EXECUTE.union(Self::EXECUTE_READ).union(Self::EXECUTE_READ_WRITE).union(Self::EXECUTE_WRITE_COPY);

    /// True if the memory can be read.
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

    /// True if the memory can be written, be it to a copy.
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

    /// True if the memory can be executed.
    #[must_use]
    pub const fn allows_execute(self) -> bool {
        self.allows(
            Self::EXECUTABLE
                .union(Self::GRAPHICS_EXECUTE)
                .union(Self::GRAPHICS_EXECUTE_READ)
                .union(Self::GRAPHICS_EXECUTE_READ_WRITE),
        )
    }

    /// A guard page allows nothing: the access ends in an exception.
    const fn allows(self, one_of: Self) -> bool {
        self.intersects(one_of) && !self.contains(Self::GUARD)
    }
}
