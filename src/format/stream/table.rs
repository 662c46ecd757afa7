//! The stream table: each stream type, and how every part of the crate treats it.
//!
//! All decisions that depend on the type of a stream are made in this table. A new stream needs a view in a file of
//! `read` and a row here. A row has this form:
//!
//! ```text
//! /// Contents.
//! CONSTANT = number => "Name", FACTS,
//!     Variant(View<'a>) { check METHOD, rewrite METHOD, paths METHOD };
//! ```
//!
//! - FACTS is a [`StreamRow`](crate::format::stream::row::StreamRow): one of its constants, changed by method calls.
//! - The second line is for streams with a view; it names the variant of `read::Stream`.
//! - `check` names the method of the checker in `read` that checks the view; `nothing` if there is nothing to check.
//! - `rewrite` names the method of the re-encoder that encodes the stream again. Streams without one are copied as
//!   bytes.
//! - `refers` names what the file offsets of the stream refer to, for streams that are carried together with that data.
//! - `paths` names the method of the option `R` that collects directories from the stream.
//! - `used` names the function of the re-encoder that returns the meaningful bytes of the stream, if not all are.
//!
//! Types without a row, which have no name, get the row of their range:
//! [`StreamType::row`](crate::format::StreamType::row).

/// Passes all rows of the table to a macro, preceded by the name of another macro if one is given.
macro_rules! stream_table {
    ([$($callback:tt)+] $($then:ident)?) => {
        $($callback)+! {
            $(@$then)?
            /// An unused directory entry, to be skipped.
            #[doc(alias = "UnusedStream")]
            UNUSED = 0 => "Unused", COPIED;
            /// Reserved by Microsoft; never observed.
            #[doc(alias = "ReservedStream0")]
            RESERVED0 = 1 => "Reserved0", UNEXAMINED;
            /// Reserved by Microsoft; never observed.
            #[doc(alias = "ReservedStream1")]
            RESERVED1 = 2 => "Reserved1", UNEXAMINED;
            /// Threads with their contexts and stacks.
            #[doc(alias = "ThreadListStream")]
            THREAD_LIST = 3 => "ThreadList", REWRITTEN.with_positions().rank(0).in_user_dump().kept_by_r(),
                ThreadList(ThreadList<'a>) { check threads, rewrite threads };
            /// Loaded modules.
            #[doc(alias = "ModuleListStream")]
            MODULE_LIST = 4 => "ModuleList", REWRITTEN.with_positions().rank(2).in_user_dump().kept_by_r().names_files(),
                ModuleList(ModuleList<'a>) { check process_modules, rewrite modules, paths add_modules };
            /// Memory ranges, each with its own file offset.
            #[doc(alias = "MemoryListStream")]
            MEMORY_LIST = 5 => "MemoryList", REWRITTEN.with_positions().rank(6).in_user_dump().kept_by_r(),
                MemoryList(MemoryList<'a>) { check memory, rewrite memory_list };
            /// The exception, or another event, that caused the dump.
            #[doc(alias = "ExceptionStream")]
            EXCEPTION = 6 => "Exception", REWRITTEN.with_positions().any_number().rank(9).in_user_dump().kept_by_r(),
                Exception(Exception<'a>) { check exception, rewrite exception };
            /// Processor and operating system.
            #[doc(alias = "SystemInfoStream")]
            SYSTEM_INFO = 7 => "SystemInfo", REWRITTEN.with_positions().rank(10).in_user_dump().kept_by_r(),
                SystemInfo(SystemInfo<'a>) { check system_info, rewrite system_info };
            /// Threads with a second stack, made for IA-64.
            #[doc(alias = "ThreadExListStream")]
            THREAD_EX_LIST = 8 => "ThreadExList", REWRITTEN.with_positions().in_user_dump().kept_by_r(),
                ThreadExList(ThreadExList<'a>) { check threads_ex, rewrite threads_ex };
            /// Memory ranges whose contents are stored back to back at the end of the file.
            #[doc(alias = "Memory64ListStream")]
            MEMORY64_LIST = 9 => "Memory64List", REWRITTEN.with_positions().rank(7).in_user_dump().kept_by_r(),
                Memory64List(Memory64List<'a>) { check memory64, rewrite memory64_list };
            /// A comment in 8-bit characters.
            #[doc(alias = "CommentStreamA")]
            COMMENT_A = 10 => "CommentA", COPIED.any_number(),
                CommentA(CommentA<'a>) { check nothing, used comment_a };
            /// A comment in UTF-16.
            #[doc(alias = "CommentStreamW")]
            COMMENT_W = 11 => "CommentW", COPIED.any_number().rank(15),
                CommentW(CommentW<'a>) { check nothing, used comment_w };
            /// Open handles.
            #[doc(alias = "HandleDataStream")]
            HANDLE_DATA = 12 => "HandleData",
                REWRITTEN.with_positions().required_flags(Flags::WITH_HANDLE_DATA).rank(12).kept_by_r(),
                HandleData(HandleData<'a>) { check handles, rewrite handles };
            /// Unwind tables of generated code.
            #[doc(alias = "FunctionTableStream")]
            FUNCTION_TABLE = 13 => "FunctionTable", COPIED.once().rank(4).kept_by_r(),
                FunctionTable(FunctionTableList<'a>) { check function_tables, used function_tables };
            /// Modules that were unloaded before the dump was written.
            #[doc(alias = "UnloadedModuleListStream")]
            UNLOADED_MODULE_LIST = 14 => "UnloadedModuleList",
                REWRITTEN.with_positions().required_flags(Flags::WITH_UNLOADED_MODULES).rank(3).kept_by_r().names_files(),
                UnloadedModuleList(UnloadedModuleList<'a>) {
                    check unloaded_modules, rewrite unloaded_modules, paths add_unloaded_modules
                };
            /// Information about the process, in a structure of five versions.
            #[doc(alias = "MiscInfoStream")]
            MISC_INFO = 15 => "MiscInfo", REWRITTEN.rank(11).in_user_dump().kept_by_r(),
                MiscInfo(MiscInfo<'a>) { check misc_info, rewrite misc_info };
            /// Memory regions of the entire address space.
            #[doc(alias = "MemoryInfoListStream")]
            MEMORY_INFO_LIST = 16 => "MemoryInfoList",
                REWRITTEN.required_flags(Flags::WITH_FULL_MEMORY_INFO).rank(8).in_user_dump().kept_by_r(),
                MemoryInfoList(MemoryInfoList<'a>) { check entries, rewrite memory_infos };
            /// Times and states of threads.
            #[doc(alias = "ThreadInfoListStream")]
            THREAD_INFO_LIST = 17 => "ThreadInfoList",
                REWRITTEN.required_flags(Flags::WITH_THREAD_INFO).rank(1).kept_by_r(),
                ThreadInfoList(ThreadInfoList<'a>) { check entries, rewrite thread_infos };
            /// Operations on handles, as recorded by Application Verifier.
            #[doc(alias = "HandleOperationListStream")]
            HANDLE_OPERATION_LIST = 18 => "HandleOperationList", COPIED,
                HandleOperationList(HandleOperationList<'a>) {
                    check entries, rewrite handle_operations, used handle_operations
                };
            /// Security tokens.
            #[doc(alias = "TokenStream")]
            TOKEN = 19 => "Token", COPIED.once().required_flags(Flags::WITH_TOKEN_INFORMATION).rank(5).kept_by_r(),
                Token(TokenInfoList<'a>) { check tokens, used tokens };
            /// Report of Microsoft's script engine; not documented.
            #[doc(alias = "JavaScriptDataStream")]
            JAVA_SCRIPT_DATA = 20 => "JavaScriptData", COPIED,
                JavaScriptData(JavaScriptData<'a>) { check nothing };
            /// Memory counters of the system.
            #[doc(alias = "SystemMemoryInfoStream")]
            SYSTEM_MEMORY_INFO = 21 => "SystemMemoryInfo", COPIED.once().rank(13).kept_by_r(),
                SystemMemoryInfo(SystemMemoryInfo<'a>) { check nothing, used system_memory };
            /// Memory counters of the process.
            #[doc(alias = "ProcessVmCountersStream")]
            PROCESS_VM_COUNTERS = 22 => "ProcessVmCounters", COPIED.once().rank(14).kept_by_r(),
                ProcessVmCounters(ProcessVmCounters<'a>) { check nothing, used vm_counters };
            /// Intel Processor Trace data; not documented.
            #[doc(alias = "IptTraceStream")]
            IPT_TRACE = 23 => "IptTrace", UNEXAMINED.required_flags(Flags::WITH_IPT_TRACE),
                IptTrace(IptTrace<'a>) { check nothing };
            /// Names of threads.
            #[doc(alias = "ThreadNamesStream")]
            THREAD_NAMES = 24 => "ThreadNames", REWRITTEN.with_positions().rank(16).kept_by_r(),
                ThreadNames(ThreadNames<'a>) { check thread_names, rewrite thread_names };
            /// Memory ranges that are compressed in buckets; not documented by Microsoft.
            #[doc(alias = "CompressedMemoryStream")]
            COMPRESSED_MEMORY = 25 => "CompressedMemory", REWRITTEN.with_positions().rank(7).in_user_dump().kept_by_r(),
                CompressedMemory(CompressedMemory<'a>) { check compressed_memory, rewrite compressed_memory };

            /// Windows CE: unused.
            #[doc(alias = "ceStreamNull")]
            CE_NULL = 0x8000 => "ceStreamNull", UNMOVABLE;
            /// Windows CE: processor and operating system.
            #[doc(alias = "ceStreamSystemInfo")]
            CE_SYSTEM_INFO = 0x8001 => "ceStreamSystemInfo", UNMOVABLE;
            /// Windows CE: the exception.
            #[doc(alias = "ceStreamException")]
            CE_EXCEPTION = 0x8002 => "ceStreamException", UNMOVABLE;
            /// Windows CE: loaded modules.
            #[doc(alias = "ceStreamModuleList")]
            CE_MODULE_LIST = 0x8003 => "ceStreamModuleList", UNMOVABLE;
            /// Windows CE: processes.
            #[doc(alias = "ceStreamProcessList")]
            CE_PROCESS_LIST = 0x8004 => "ceStreamProcessList", UNMOVABLE;
            /// Windows CE: threads.
            #[doc(alias = "ceStreamThreadList")]
            CE_THREAD_LIST = 0x8005 => "ceStreamThreadList", UNMOVABLE;
            /// Windows CE: contexts of threads.
            #[doc(alias = "ceStreamThreadContextList")]
            CE_THREAD_CONTEXT_LIST = 0x8006 => "ceStreamThreadContextList", UNMOVABLE;
            /// Windows CE: call stacks of threads.
            #[doc(alias = "ceStreamThreadCallStackList")]
            CE_THREAD_CALL_STACK_LIST = 0x8007 => "ceStreamThreadCallStackList", UNMOVABLE;
            /// Windows CE: memory by virtual address.
            #[doc(alias = "ceStreamMemoryVirtualList")]
            CE_MEMORY_VIRTUAL_LIST = 0x8008 => "ceStreamMemoryVirtualList", UNMOVABLE;
            /// Windows CE: memory by physical address.
            #[doc(alias = "ceStreamMemoryPhysicalList")]
            CE_MEMORY_PHYSICAL_LIST = 0x8009 => "ceStreamMemoryPhysicalList", UNMOVABLE;
            /// Windows CE: parameters by which reports are grouped.
            #[doc(alias = "ceStreamBucketParameters")]
            CE_BUCKET_PARAMETERS = 0x800A => "ceStreamBucketParameters", UNMOVABLE;
            /// Windows CE: the modules of each process.
            #[doc(alias = "ceStreamProcessModuleMap")]
            CE_PROCESS_MODULE_MAP = 0x800B => "ceStreamProcessModuleMap", UNMOVABLE;
            /// Windows CE: diagnoses made on the device.
            #[doc(alias = "ceStreamDiagnosisList")]
            CE_DIAGNOSIS_LIST = 0x800C => "ceStreamDiagnosisList", UNMOVABLE;

            /// Wine: modules of the host, in the layout of the module list.
            ///
            /// The value is in Microsoft's range, but was chosen by Wine.
            WINE_HOST_MODULE_LIST = 0xFFF0 => "WineHostModuleList", RELOCATED.kept_by_r().names_files(),
                HostModuleList(HostModuleList<'a>) { check host_modules, refers host_modules, paths add_host_modules };
            /// The last value of Microsoft's range; not a stream.
            #[doc(alias = "LastReservedStream")]
            LAST_RESERVED = 0xFFFF => "LastReservedStream", UNEXAMINED;

            /// Crashpad: IDs and annotations of the report.
            CRASHPAD_INFO = 0x4350_0001 => "CrashpadInfo", RELOCATED.foreign(),
                CrashpadInfo(CrashpadInfo<'a>) { check references, refers crashpad_info };

            /// Breakpad: the threads that wrote and requested the dump.
            #[doc(alias = "MD_BREAKPAD_INFO_STREAM")]
            BREAKPAD_INFO = 0x4767_0001 => "BreakpadInfo", COPIED.kept_by_r().foreign(),
                BreakpadInfo(BreakpadInfo) { check nothing, used breakpad_info };
            /// Breakpad: the assertion that failed.
            #[doc(alias = "MD_ASSERTION_INFO_STREAM")]
            ASSERTION_INFO = 0x4767_0002 => "AssertionInfo", COPIED.foreign(),
                AssertionInfo(AssertionInfo<'a>) { check nothing, used assertion_info };
            /// Breakpad: the contents of `/proc/cpuinfo`.
            #[doc(alias = "MD_LINUX_CPU_INFO")]
            LINUX_CPU_INFO = 0x4767_0003 => "LinuxCpuInfo", COPIED.kept_by_r().foreign(),
                LinuxCpuInfo(LinuxCpuInfo<'a>) { check linux_text, used text };
            /// Breakpad: the contents of `/proc/self/status`.
            #[doc(alias = "MD_LINUX_PROC_STATUS")]
            LINUX_PROC_STATUS = 0x4767_0004 => "LinuxProcStatus", COPIED.kept_by_r().foreign(),
                LinuxProcStatus(LinuxProcStatus<'a>) { check linux_text, used text };
            /// Breakpad: the contents of `/etc/lsb-release`; in minidump-writer possibly of `/etc/os-release`.
            #[doc(alias = "MD_LINUX_LSB_RELEASE")]
            LINUX_LSB_RELEASE = 0x4767_0005 => "LinuxLsbRelease", COPIED.kept_by_r().foreign(),
                LinuxLsbRelease(LinuxLsbRelease<'a>) { check linux_text, used text };
            /// Breakpad: the contents of `/proc/self/cmdline`, NUL-terminated arguments.
            #[doc(alias = "MD_LINUX_CMD_LINE")]
            LINUX_CMD_LINE = 0x4767_0006 => "LinuxCmdLine", COPIED.foreign(),
                LinuxCmdLine(LinuxCmdLine<'a>) { check linux_text };
            /// Breakpad: the contents of `/proc/self/environ`, NUL-terminated variables.
            #[doc(alias = "MD_LINUX_ENVIRON")]
            LINUX_ENVIRON = 0x4767_0007 => "LinuxEnviron", COPIED.foreign(),
                LinuxEnviron(LinuxEnviron<'a>) { check linux_text };
            /// Breakpad: the contents of `/proc/self/auxv`, pairs of native words.
            #[doc(alias = "MD_LINUX_AUXV")]
            LINUX_AUXV = 0x4767_0008 => "LinuxAuxv", COPIED.kept_by_r().foreign(),
                LinuxAuxv(LinuxAuxv<'a>) { check linux_text, used auxv };
            /// Breakpad: the contents of `/proc/self/maps`.
            #[doc(alias = "MD_LINUX_MAPS")]
            LINUX_MAPS = 0x4767_0009 => "LinuxMaps", COPIED.as_regions().kept_by_r().names_files().foreign(),
                LinuxMaps(LinuxMaps<'a>) { check linux_text, rewrite linux_maps, paths add_mappings, used text };
            /// Breakpad: the dynamic linker's list of shared objects.
            #[doc(alias = "MD_LINUX_DSO_DEBUG")]
            LINUX_DSO_DEBUG = 0x4767_000A => "LinuxDsoDebug", RELOCATED.kept_by_r().names_files().foreign(),
                LinuxDsoDebug(LinuxDsoDebug<'a>) { check references, refers link_maps, paths add_link_maps };
            /// Named by LLVM: the contents of `/proc/self/stat`.
            LINUX_PROC_STAT = 0x4767_000B => "LinuxProcStat", COPIED.kept_by_r().foreign(),
                LinuxProcStat(LinuxProcStat<'a>) { check linux_text, used text };
            /// Named by LLVM: the contents of `/proc/uptime`.
            LINUX_PROC_UPTIME = 0x4767_000C => "LinuxProcUptime", COPIED.kept_by_r().foreign(),
                LinuxProcUptime(LinuxProcUptime<'a>) { check linux_text, used text };
            /// Named by LLVM: the open files from `/proc/self/fd`.
            LINUX_PROC_FD = 0x4767_000D => "LinuxProcFd", COPIED.foreign(),
                LinuxProcFd(LinuxProcFd<'a>) { check linux_text };

            /// Observed in a file of Syzygy's Kasko; not documented.
            KASKO = 0x4B6B_0001 => "Kasko", COPIED.foreign();
            /// Chromium: stability report, a Protocol Buffers message.
            STABILITY_REPORT = 0x4B6B_0002 => "StabilityReport", COPIED.foreign();

            /// LLDB: marks a file that LLDB wrote.
            LLDB_GENERATED = 0x4C4C_4442 => "LLDBGenerated", COPIED.kept_by_r().foreign();

            /// Mozilla on macOS: messages that libraries left for the crash report.
            MOZ_MAC_CRASH_INFO = 0x4D7A_0001 => "MozMacCrashInfo", RELOCATED.foreign(),
                MozMacCrashInfo(MozMacCrashInfo<'a>) { check references, refers mac_crash_info };
            /// Mozilla on macOS: boot arguments of the kernel.
            MOZ_MAC_BOOT_ARGS = 0x4D7A_0002 => "MozMacBootArgs", RELOCATED.foreign(),
                MozMacBootArgs(MozMacBootArgs<'a>) { check references, refers mac_boot_args };
            /// Mozilla on Linux: the contents of `/proc/self/limits`.
            MOZ_LINUX_LIMITS = 0x4D7A_0003 => "MozLinuxLimits", COPIED.kept_by_r().foreign(),
                MozLinuxLimits(MozLinuxLimits<'a>) { check linux_text, used text };
            /// Mozilla: errors that occurred while the dump was written, as JSON.
            MOZ_SOFT_ERRORS = 0x4D7A_0004 => "MozSoftErrors", COPIED.foreign(),
                MozSoftErrors(MozSoftErrors<'a>) { check nothing, used text };

            /// Facebook, named by LLVM: the Android log.
            FACEBOOK_LOGCAT = 0xFACE_1CA7 => "FacebookLogcat", COPIED.foreign(),
                FacebookLogcat(FacebookLogcat<'a>) { check nothing, used text };
            /// Facebook, named by LLVM: data of the application.
            FACEBOOK_APP_CUSTOM_DATA = 0xFACE_CAFA => "FacebookAppCustomData", COPIED.foreign(),
                FacebookAppCustomData(FacebookAppCustomData<'a>) { check nothing, used text };
            /// Facebook, named by LLVM: build ID; format unknown.
            FACEBOOK_BUILD_ID = 0xFACE_CAFB => "FacebookBuildID", COPIED.foreign();
            /// Facebook, named by LLVM: version of the application.
            FACEBOOK_APP_VERSION_NAME = 0xFACE_CAFC => "FacebookAppVersionName", COPIED.foreign(),
                FacebookAppVersionName(FacebookAppVersionName<'a>) { check nothing, used text };
            /// Facebook, named by LLVM: Java stack.
            FACEBOOK_JAVA_STACK = 0xFACE_CAFD => "FacebookJavaStack", COPIED.foreign(),
                FacebookJavaStack(FacebookJavaStack<'a>) { check nothing, used text };
            /// Facebook, named by LLVM: state of the Android virtual machine.
            FACEBOOK_DALVIK_INFO = 0xFACE_CAFE => "FacebookDalvikInfo", COPIED.foreign(),
                FacebookDalvikInfo(FacebookDalvikInfo<'a>) { check nothing, used text };
            /// Facebook, named by LLVM: unwind symbols; format unknown.
            FACEBOOK_UNWIND_SYMBOLS = 0xFACE_CAFF => "FacebookUnwindSymbols", COPIED.foreign();
            /// Facebook, named by LLVM: error log of the dump writer.
            FACEBOOK_DUMP_ERROR_LOG = 0xFACE_CB00 => "FacebookDumpErrorLog", COPIED.foreign(),
                FacebookDumpErrorLog(FacebookDumpErrorLog<'a>) { check nothing, used text };
            /// Facebook, named by LLVM: log of the application's states.
            FACEBOOK_APP_STATE_LOG = 0xFACE_CCCC => "FacebookAppStateLog", COPIED.foreign(),
                FacebookAppStateLog(FacebookAppStateLog<'a>) { check nothing, used text };
            /// Facebook, named by LLVM: the reason why the program aborted itself.
            FACEBOOK_ABORT_REASON = 0xFACE_DEAD => "FacebookAbortReason", COPIED.foreign(),
                FacebookAbortReason(FacebookAbortReason<'a>) { check nothing, used text };
            /// Facebook, named by LLVM: name of the thread.
            FACEBOOK_THREAD_NAME = 0xFACE_E000 => "FacebookThreadName", COPIED.foreign(),
                FacebookThreadName(FacebookThreadName<'a>) { check nothing, used text };
        }
    };
}

/// Passes the rows of streams with a view to a macro: value, name, variant, view, and the method for each task. Only
/// the check is mandatory.
macro_rules! typed_streams {
    ($callback:ident) => {
        $crate::format::stream::table::stream_table!([$crate::format::stream::table::keep_typed] $callback);
    };
}

/// Removes the rows and columns that [`typed_streams`] omits.
macro_rules! keep_typed {
    (@$callback:ident $(
        $(#[$attribute:meta])*
        $constant:ident = $number:literal => $name:literal, $base:ident $(.$fact:ident($($argument:expr)?))*
        $(, $variant:ident($view:ty) {
            check $check:ident $(, rewrite $rewrite:ident)? $(, refers $refers:ident)? $(, paths $paths:ident)?
            $(, used $used:ident)?
        })?;
    )*) => {
        $callback! { $($(
            $constant = $number, $name, $variant($view),
            check $check, rewrite [$($rewrite)?], refers [$($refers)?], paths [$($paths)?], used [$($used)?];
        )?)* }
    };
}

pub(crate) use {keep_typed, stream_table, typed_streams};
