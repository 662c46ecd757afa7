//! What remains of a dump under the contract of `r` and `R`, and may say something about a person or a machine. The
//! documentation of `userdump::redump` has the contract, place by place.

use userdump::format::StreamType;

const ADDRESSES: &str = "addresses and sizes only";

/// What streams hold that `r` keeps. A test compares them with those of the library.
const REMAINS: [(StreamType, &str); 30] = [
    (StreamType::THREAD_LIST, "general registers of threads"),
    (StreamType::THREAD_EX_LIST, "general registers of threads"),
    (
        StreamType::MODULE_LIST,
        "names of executables, libraries and PDBs, without folders: they tell which software is in use",
    ),
    (StreamType::MEMORY_LIST, "code, and of stacks the words that a stack trace needs"),
    (StreamType::MEMORY64_LIST, "all memory of the process; only stacks are filtered, and only with the letter s"),
    (StreamType::COMPRESSED_MEMORY, "all memory of the process; only stacks are filtered, and only with the letter s"),
    (StreamType::EXCEPTION, "general registers, and the parameters of the exception"),
    (StreamType::SYSTEM_INFO, "processor, version of the system, service pack"),
    (StreamType::HANDLE_DATA, "names of files, registry keys and other objects that were open, with their folders"),
    (StreamType::FUNCTION_TABLE, "unwind data of generated code"),
    (StreamType::UNLOADED_MODULE_LIST, "names of libraries that were in use"),
    (StreamType::MISC_INFO, "time zone, times of the process, build of the system, process ID"),
    (StreamType::MEMORY_INFO_LIST, ADDRESSES),
    (StreamType::THREAD_INFO_LIST, "times of threads"),
    (StreamType::TOKEN, "security IDs of the user and the groups, and privileges"),
    (StreamType::SYSTEM_MEMORY_INFO, "figures of the machine's memory"),
    (StreamType::PROCESS_VM_COUNTERS, "figures of the process's memory"),
    (StreamType::THREAD_NAMES, "names of threads, which the program chose"),
    (StreamType::WINE_HOST_MODULE_LIST, "names of libraries of the host, without folders"),
    (StreamType::BREAKPAD_INFO, "thread IDs only"),
    (StreamType::LINUX_CPU_INFO, "model and features of the processor"),
    (StreamType::LINUX_PROC_STATUS, "name, user and group IDs of the process"),
    (StreamType::LINUX_LSB_RELEASE, "name and version of the distribution"),
    (StreamType::LINUX_AUXV, ADDRESSES),
    (StreamType::LINUX_MAPS, "names of mapped files, without folders"),
    (StreamType::LINUX_DSO_DEBUG, "names of shared objects, without folders"),
    (StreamType::LINUX_PROC_STAT, "name and figures of the process"),
    (StreamType::LINUX_PROC_UPTIME, "how long the machine had been running"),
    (StreamType::LLDB_GENERATED, "a mark of the debugger that wrote the dump"),
    (StreamType::MOZ_LINUX_LIMITS, "limits of the process"),
];

/// What of a stream remains; `None` if nobody has described it.
pub fn of_stream(stream_type: StreamType) -> Option<&'static str> {
    REMAINS.iter().find(|(known, _)| *known == stream_type).map(|(_, what)| *what)
}
