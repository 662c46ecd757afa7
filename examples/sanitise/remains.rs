//! What `r` and `R` leave in a dump that may tell something about a person or a machine. The documentation of
//! `userdump::redump` specifies what these letters remove.

use userdump::format::StreamType;

const ADDRESSES: &str = "addresses and sizes only";

/// The streams that `r` keeps, and what they contain. A test compares the types with those of the library.
const REMAINS: [(StreamType, &str); 30] = [
    (StreamType::THREAD_LIST, "general registers of threads"),
    (StreamType::THREAD_EX_LIST, "general registers of threads"),
    (
        StreamType::MODULE_LIST,
        "names of executables, libraries and PDBs, without folders; they show which software is in use",
    ),
    (StreamType::MEMORY_LIST, "code, and the stack words that a stack trace needs"),
    (StreamType::MEMORY64_LIST, "all memory of the process; only stacks are filtered, and only with the letter s"),
    (StreamType::COMPRESSED_MEMORY, "all memory of the process; only stacks are filtered, and only with the letter s"),
    (StreamType::EXCEPTION, "general registers, and the parameters of the exception"),
    (StreamType::SYSTEM_INFO, "processor, system version, service pack"),
    (StreamType::HANDLE_DATA, "names of files, registry keys and other objects that were open, with their folders"),
    (StreamType::FUNCTION_TABLE, "unwind data of generated code"),
    (StreamType::UNLOADED_MODULE_LIST, "names of libraries that were in use"),
    (StreamType::MISC_INFO, "time zone, process times, system build, process ID"),
    (StreamType::MEMORY_INFO_LIST, ADDRESSES),
    (StreamType::THREAD_INFO_LIST, "thread times"),
    (StreamType::TOKEN, "security IDs of the user and the groups, and privileges"),
    (StreamType::SYSTEM_MEMORY_INFO, "memory statistics of the machine"),
    (StreamType::PROCESS_VM_COUNTERS, "memory statistics of the process"),
    (StreamType::THREAD_NAMES, "thread names, which the program sets"),
    (StreamType::WINE_HOST_MODULE_LIST, "names of host libraries, without folders"),
    (StreamType::BREAKPAD_INFO, "thread IDs only"),
    (StreamType::LINUX_CPU_INFO, "model and features of the processor"),
    (StreamType::LINUX_PROC_STATUS, "name, user and group IDs of the process"),
    (StreamType::LINUX_LSB_RELEASE, "name and version of the distribution"),
    (StreamType::LINUX_AUXV, ADDRESSES),
    (StreamType::LINUX_MAPS, "names of mapped files, without folders"),
    (StreamType::LINUX_DSO_DEBUG, "names of shared objects, without folders"),
    (StreamType::LINUX_PROC_STAT, "name and statistics of the process"),
    (StreamType::LINUX_PROC_UPTIME, "how long the machine had been running"),
    (StreamType::LLDB_GENERATED, "a marker of the debugger that wrote the dump"),
    (StreamType::MOZ_LINUX_LIMITS, "limits of the process"),
];

/// Returns what a stream contains, or `None` if that is not described.
pub fn of_stream(stream_type: StreamType) -> Option<&'static str> {
    REMAINS.iter().find(|(known, _)| *known == stream_type).map(|(_, what)| *what)
}
