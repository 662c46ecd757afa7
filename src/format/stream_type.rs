//! The kinds of streams.

named_values! {
    /// What a stream of a minidump holds.
    ///
    /// Numbers up to `0xffff` belong to Microsoft, those above may be used by anyone. A type without a name is no
    /// fault: such a stream is to be skipped or copied.
    #[doc(alias = "MINIDUMP_STREAM_TYPE")]
    pub struct StreamType(u32);

    /// Nothing: the entry of the directory is to be skipped.
    #[doc(alias = "UnusedStream")]
    UNUSED = 0 => "Unused",
    /// Reserved by Microsoft, never observed.
    #[doc(alias = "ReservedStream0")]
    RESERVED0 = 1 => "Reserved0",
    /// Reserved by Microsoft, never observed.
    #[doc(alias = "ReservedStream1")]
    RESERVED1 = 2 => "Reserved1",
    /// Threads with registers and stacks.
    #[doc(alias = "ThreadListStream")]
    THREAD_LIST = 3 => "ThreadList",
    /// Loaded modules.
    #[doc(alias = "ModuleListStream")]
    MODULE_LIST = 4 => "ModuleList",
    /// Memory ranges, each with its own file position.
    #[doc(alias = "MemoryListStream")]
    MEMORY_LIST = 5 => "MemoryList",
    /// The exception or other reason for the dump.
    #[doc(alias = "ExceptionStream")]
    EXCEPTION = 6 => "Exception",
    /// Processor and operating system.
    #[doc(alias = "SystemInfoStream")]
    SYSTEM_INFO = 7 => "SystemInfo",
    /// Threads with a second stack, meant for IA-64.
    #[doc(alias = "ThreadExListStream")]
    THREAD_EX_LIST = 8 => "ThreadExList",
    /// Memory ranges, stored back to back at the end of the file.
    #[doc(alias = "Memory64ListStream")]
    MEMORY64_LIST = 9 => "Memory64List",
    /// A comment in 8-bit characters, nothing else.
    #[doc(alias = "CommentStreamA")]
    COMMENT_A = 10 => "CommentA",
    /// A comment in UTF-16, nothing else.
    #[doc(alias = "CommentStreamW")]
    COMMENT_W = 11 => "CommentW",
    /// Open handles.
    #[doc(alias = "HandleDataStream")]
    HANDLE_DATA = 12 => "HandleData",
    /// Tables for unwinding generated code.
    #[doc(alias = "FunctionTableStream")]
    FUNCTION_TABLE = 13 => "FunctionTable",
    /// Modules that had left the process.
    #[doc(alias = "UnloadedModuleListStream")]
    UNLOADED_MODULE_LIST = 14 => "UnloadedModuleList",
    /// Facts about the process, in five lengths.
    #[doc(alias = "MiscInfoStream")]
    MISC_INFO = 15 => "MiscInfo",
    /// Memory regions of the whole address space.
    #[doc(alias = "MemoryInfoListStream")]
    MEMORY_INFO_LIST = 16 => "MemoryInfoList",
    /// Times and states of threads.
    #[doc(alias = "ThreadInfoListStream")]
    THREAD_INFO_LIST = 17 => "ThreadInfoList",
    /// What was done to handles, as recorded by Application Verifier.
    #[doc(alias = "HandleOperationListStream")]
    HANDLE_OPERATION_LIST = 18 => "HandleOperationList",
    /// Security tokens.
    #[doc(alias = "TokenStream")]
    TOKEN = 19 => "Token",
    /// Report of Microsoft's script engine, opaque.
    #[doc(alias = "JavaScriptDataStream")]
    JAVA_SCRIPT_DATA = 20 => "JavaScriptData",
    /// Memory of the whole machine.
    #[doc(alias = "SystemMemoryInfoStream")]
    SYSTEM_MEMORY_INFO = 21 => "SystemMemoryInfo",
    /// Memory of the process in figures.
    #[doc(alias = "ProcessVmCountersStream")]
    PROCESS_VM_COUNTERS = 22 => "ProcessVmCounters",
    /// Trace of Intel's processor tracing, not documented.
    #[doc(alias = "IptTraceStream")]
    IPT_TRACE = 23 => "IptTrace",
    /// Names of threads.
    #[doc(alias = "ThreadNamesStream")]
    THREAD_NAMES = 24 => "ThreadNames",

    /// Windows CE: nothing.
    #[doc(alias = "ceStreamNull")]
    CE_NULL = 0x8000 => "ceStreamNull",
    /// Windows CE: processor and operating system.
    #[doc(alias = "ceStreamSystemInfo")]
    CE_SYSTEM_INFO = 0x8001 => "ceStreamSystemInfo",
    /// Windows CE: the exception.
    #[doc(alias = "ceStreamException")]
    CE_EXCEPTION = 0x8002 => "ceStreamException",
    /// Windows CE: loaded modules.
    #[doc(alias = "ceStreamModuleList")]
    CE_MODULE_LIST = 0x8003 => "ceStreamModuleList",
    /// Windows CE: processes.
    #[doc(alias = "ceStreamProcessList")]
    CE_PROCESS_LIST = 0x8004 => "ceStreamProcessList",
    /// Windows CE: threads.
    #[doc(alias = "ceStreamThreadList")]
    CE_THREAD_LIST = 0x8005 => "ceStreamThreadList",
    /// Windows CE: registers of threads.
    #[doc(alias = "ceStreamThreadContextList")]
    CE_THREAD_CONTEXT_LIST = 0x8006 => "ceStreamThreadContextList",
    /// Windows CE: calls on the stacks of threads.
    #[doc(alias = "ceStreamThreadCallStackList")]
    CE_THREAD_CALL_STACK_LIST = 0x8007 => "ceStreamThreadCallStackList",
    /// Windows CE: memory by virtual address.
    #[doc(alias = "ceStreamMemoryVirtualList")]
    CE_MEMORY_VIRTUAL_LIST = 0x8008 => "ceStreamMemoryVirtualList",
    /// Windows CE: memory by physical address.
    #[doc(alias = "ceStreamMemoryPhysicalList")]
    CE_MEMORY_PHYSICAL_LIST = 0x8009 => "ceStreamMemoryPhysicalList",
    /// Windows CE: parameters by which reports are sorted.
    #[doc(alias = "ceStreamBucketParameters")]
    CE_BUCKET_PARAMETERS = 0x800A => "ceStreamBucketParameters",
    /// Windows CE: which module is in which process.
    #[doc(alias = "ceStreamProcessModuleMap")]
    CE_PROCESS_MODULE_MAP = 0x800B => "ceStreamProcessModuleMap",
    /// Windows CE: diagnoses made on the device.
    #[doc(alias = "ceStreamDiagnosisList")]
    CE_DIAGNOSIS_LIST = 0x800C => "ceStreamDiagnosisList",

    /// Wine: modules of the host, with the layout of the module list.
    ///
    /// Wine took the number from Microsoft's range.
    WINE_HOST_MODULE_LIST = 0xFFF0 => "WineHostModuleList",
    /// The last number of Microsoft's range, not a stream.
    #[doc(alias = "LastReservedStream")]
    LAST_RESERVED = 0xFFFF => "LastReservedStream",

    /// Crashpad: ids and annotations of the report.
    CRASHPAD_INFO = 0x4350_0001 => "CrashpadInfo",

    /// Breakpad: which threads wrote and asked for the dump.
    #[doc(alias = "MD_BREAKPAD_INFO_STREAM")]
    BREAKPAD_INFO = 0x4767_0001 => "BreakpadInfo",
    /// Breakpad: the assertion that failed.
    #[doc(alias = "MD_ASSERTION_INFO_STREAM")]
    ASSERTION_INFO = 0x4767_0002 => "AssertionInfo",
    /// Breakpad: `/proc/cpuinfo`, as read.
    #[doc(alias = "MD_LINUX_CPU_INFO")]
    LINUX_CPU_INFO = 0x4767_0003 => "LinuxCpuInfo",
    /// Breakpad: `/proc/self/status`, as read.
    #[doc(alias = "MD_LINUX_PROC_STATUS")]
    LINUX_PROC_STATUS = 0x4767_0004 => "LinuxProcStatus",
    /// Breakpad: `/etc/lsb-release`, as read, or `/etc/os-release` by minidump-writer.
    #[doc(alias = "MD_LINUX_LSB_RELEASE")]
    LINUX_LSB_RELEASE = 0x4767_0005 => "LinuxLsbRelease",
    /// Breakpad: `/proc/self/cmdline`, as read, arguments ended by NUL.
    #[doc(alias = "MD_LINUX_CMD_LINE")]
    LINUX_CMD_LINE = 0x4767_0006 => "LinuxCmdLine",
    /// Breakpad: `/proc/self/environ`, as read, variables ended by NUL.
    #[doc(alias = "MD_LINUX_ENVIRON")]
    LINUX_ENVIRON = 0x4767_0007 => "LinuxEnviron",
    /// Breakpad: `/proc/self/auxv`, as read, pairs of native words.
    #[doc(alias = "MD_LINUX_AUXV")]
    LINUX_AUXV = 0x4767_0008 => "LinuxAuxv",
    /// Breakpad: `/proc/self/maps`, as read.
    #[doc(alias = "MD_LINUX_MAPS")]
    LINUX_MAPS = 0x4767_0009 => "LinuxMaps",
    /// Breakpad: what the dynamic linker knows about shared objects.
    #[doc(alias = "MD_LINUX_DSO_DEBUG")]
    LINUX_DSO_DEBUG = 0x4767_000A => "LinuxDsoDebug",
    /// Named by LLVM: `/proc/self/stat`, as read.
    LINUX_PROC_STAT = 0x4767_000B => "LinuxProcStat",
    /// Named by LLVM: `/proc/uptime`, as read.
    LINUX_PROC_UPTIME = 0x4767_000C => "LinuxProcUptime",
    /// Named by LLVM: the open files from `/proc/self/fd`.
    LINUX_PROC_FD = 0x4767_000D => "LinuxProcFd",

    /// Observed in a file of Syzygy's Kasko, not documented; opaque.
    KASKO = 0x4B6B_0001 => "Kasko",
    /// Chromium: stability report, a message in protocol buffers.
    STABILITY_REPORT = 0x4B6B_0002 => "StabilityReport",

    /// LLDB: mark of a file that LLDB wrote.
    LLDB_GENERATED = 0x4C4C_4442 => "LLDBGenerated",

    /// Mozilla on macOS: messages that libraries left for the crash report.
    MOZ_MAC_CRASH_INFO = 0x4D7A_0001 => "MozMacCrashInfo",
    /// Mozilla on macOS: arguments of the kernel.
    MOZ_MAC_BOOT_ARGS = 0x4D7A_0002 => "MozMacBootArgs",
    /// Mozilla on Linux: `/proc/self/limits`, as read.
    MOZ_LINUX_LIMITS = 0x4D7A_0003 => "MozLinuxLimits",
    /// Mozilla: what went wrong while the dump was written, in JSON.
    MOZ_SOFT_ERRORS = 0x4D7A_0004 => "MozSoftErrors",

    /// Facebook, named by LLVM: log of Android; opaque.
    FACEBOOK_LOGCAT = 0xFACE_1CA7 => "FacebookLogcat",
    /// Facebook, named by LLVM: data of the application; opaque.
    FACEBOOK_APP_CUSTOM_DATA = 0xFACE_CAFA => "FacebookAppCustomData",
    /// Facebook, named by LLVM: id of the build; opaque.
    FACEBOOK_BUILD_ID = 0xFACE_CAFB => "FacebookBuildID",
    /// Facebook, named by LLVM: version of the application; opaque.
    FACEBOOK_APP_VERSION_NAME = 0xFACE_CAFC => "FacebookAppVersionName",
    /// Facebook, named by LLVM: stack of Java; opaque.
    FACEBOOK_JAVA_STACK = 0xFACE_CAFD => "FacebookJavaStack",
    /// Facebook, named by LLVM: state of Android's virtual machine; opaque.
    FACEBOOK_DALVIK_INFO = 0xFACE_CAFE => "FacebookDalvikInfo",
    /// Facebook, named by LLVM: symbols for unwinding; opaque.
    FACEBOOK_UNWIND_SYMBOLS = 0xFACE_CAFF => "FacebookUnwindSymbols",
    /// Facebook, named by LLVM: log of the writer; opaque.
    FACEBOOK_DUMP_ERROR_LOG = 0xFACE_CB00 => "FacebookDumpErrorLog",
    /// Facebook, named by LLVM: log of the application's states; opaque.
    FACEBOOK_APP_STATE_LOG = 0xFACE_CCCC => "FacebookAppStateLog",
    /// Facebook, named by LLVM: why the program stopped itself; opaque.
    FACEBOOK_ABORT_REASON = 0xFACE_DEAD => "FacebookAbortReason",
    /// Facebook, named by LLVM: name of the thread; opaque.
    FACEBOOK_THREAD_NAME = 0xFACE_E000 => "FacebookThreadName",
}
