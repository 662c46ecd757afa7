//! Every stream by its type: the enum, its decoding, and the way through all streams of a dump.

use core::iter::FusedIterator;

use crate::error::ReadError;
use crate::format::StreamType;

use super::breakpad::{AssertionInfo, BreakpadInfo};
use super::comment::{CommentA, CommentW};
use super::counters::{ProcessVmCounters, SystemMemoryInfo};
use super::crashpad::CrashpadInfo;
use super::exception::Exception;
use super::function_table::FunctionTableList;
use super::handle::{HandleData, HandleOperationList};
use super::linux::{
    LinuxAuxv, LinuxCmdLine, LinuxCpuInfo, LinuxDsoDebug, LinuxEnviron, LinuxLsbRelease, LinuxMaps, LinuxProcFd,
    LinuxProcStat, LinuxProcStatus, LinuxProcUptime, MozLinuxLimits,
};
use super::memory::{Memory64List, MemoryList};
use super::memory_info::MemoryInfoList;
use super::minidump::{Minidump, RawStreams};
use super::misc::MiscInfo;
use super::module::{HostModuleList, ModuleList, UnloadedModuleList};
use super::mozilla::{MozMacBootArgs, MozMacCrashInfo, MozSoftErrors};
use super::opaque::{IptTrace, JavaScriptData};
use super::stream::{FromStream, RawStream};
use super::system::SystemInfo;
use super::thread::{ThreadInfoList, ThreadList, ThreadNames};
use super::thread_ex::ThreadExList;
use super::token::TokenInfoList;

/// Declares [`Stream`] and how each type of stream is decoded: adding a stream means adding a line.
macro_rules! streams {
    ($($(#[$doc:meta])* $name:ident($constant:ident) => $view:ty,)*) => {
        /// A stream, decoded by its type.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug)]
        pub enum Stream<'a> {
            /// An entry of the directory that is not in use.
            Unused,
            $($(#[$doc])* $name($view),)*
            /// Any other type.
            Raw(RawStream<'a>),
        }

        impl<'a> Stream<'a> {
            /// The types of streams that have a variant of their own, in the order of the variants.
            pub const TYPED: &'static [StreamType] = &[$(<$view as FromStream<'a>>::STREAM_TYPE),*];

            /// Decodes a stream by its type.
            ///
            /// # Errors
            ///
            /// Those of the view.
            pub fn decode(stream: &RawStream<'a>) -> Result<Self, ReadError> {
                match stream.stream_type() {
                    StreamType::UNUSED => Ok(Self::Unused),
                    $(StreamType::$constant => stream.view().map(Self::$name),)*
                    _ => stream.present().map(|_| Self::Raw(*stream)),
                }
            }
        }
    };
}

streams! {
    /// The threads.
    ThreadList(THREAD_LIST) => ThreadList<'a>,
    /// The modules.
    ModuleList(MODULE_LIST) => ModuleList<'a>,
    /// Memory, each range with a position of its own below 4 GiB.
    MemoryList(MEMORY_LIST) => MemoryList<'a>,
    /// What stopped the process.
    Exception(EXCEPTION) => Exception<'a>,
    /// Processor and operating system.
    SystemInfo(SYSTEM_INFO) => SystemInfo<'a>,
    /// The threads, with what IA-64 adds to them.
    ThreadExList(THREAD_EX_LIST) => ThreadExList<'a>,
    /// Memory, the ranges back to back from one position on.
    Memory64List(MEMORY64_LIST) => Memory64List<'a>,
    /// A comment in 8-bit characters.
    CommentA(COMMENT_A) => CommentA<'a>,
    /// A comment in UTF-16.
    CommentW(COMMENT_W) => CommentW<'a>,
    /// Open handles.
    HandleData(HANDLE_DATA) => HandleData<'a>,
    /// Tables for unwinding generated code.
    FunctionTable(FUNCTION_TABLE) => FunctionTableList<'a>,
    /// Modules that were unloaded before the dump was taken.
    UnloadedModuleList(UNLOADED_MODULE_LIST) => UnloadedModuleList<'a>,
    /// Facts about the process.
    MiscInfo(MISC_INFO) => MiscInfo<'a>,
    /// The regions of the address space.
    MemoryInfoList(MEMORY_INFO_LIST) => MemoryInfoList<'a>,
    /// Times, start addresses and states of the threads.
    ThreadInfoList(THREAD_INFO_LIST) => ThreadInfoList<'a>,
    /// What was done to handles.
    HandleOperationList(HANDLE_OPERATION_LIST) => HandleOperationList<'a>,
    /// Security tokens.
    Token(TOKEN) => TokenInfoList<'a>,
    /// The memory of the machine in figures.
    SystemMemoryInfo(SYSTEM_MEMORY_INFO) => SystemMemoryInfo<'a>,
    /// The memory of the process in figures.
    ProcessVmCounters(PROCESS_VM_COUNTERS) => ProcessVmCounters<'a>,
    /// Names of threads.
    ThreadNames(THREAD_NAMES) => ThreadNames<'a>,
    /// Modules of the system beneath Wine.
    HostModuleList(WINE_HOST_MODULE_LIST) => HostModuleList<'a>,
    /// A report of Microsoft's script engine.
    JavaScriptData(JAVA_SCRIPT_DATA) => JavaScriptData<'a>,
    /// A trace of Intel's processor tracing.
    IptTrace(IPT_TRACE) => IptTrace<'a>,
    /// Crashpad's ids and annotations.
    CrashpadInfo(CRASHPAD_INFO) => CrashpadInfo<'a>,
    /// Which threads wrote and asked for the dump, by Breakpad.
    BreakpadInfo(BREAKPAD_INFO) => BreakpadInfo,
    /// The assertion that failed, by Breakpad.
    AssertionInfo(ASSERTION_INFO) => AssertionInfo<'a>,
    /// The processors of a Linux machine.
    LinuxCpuInfo(LINUX_CPU_INFO) => LinuxCpuInfo<'a>,
    /// The state of a Linux process.
    LinuxProcStatus(LINUX_PROC_STATUS) => LinuxProcStatus<'a>,
    /// The distribution of Linux.
    LinuxLsbRelease(LINUX_LSB_RELEASE) => LinuxLsbRelease<'a>,
    /// The command line of a Linux process.
    LinuxCmdLine(LINUX_CMD_LINE) => LinuxCmdLine<'a>,
    /// The environment of a Linux process.
    LinuxEnviron(LINUX_ENVIRON) => LinuxEnviron<'a>,
    /// What the kernel of Linux told the program when it started.
    LinuxAuxv(LINUX_AUXV) => LinuxAuxv<'a>,
    /// The address space of a Linux process.
    LinuxMaps(LINUX_MAPS) => LinuxMaps<'a>,
    /// What the dynamic linker of Linux knows about shared objects.
    LinuxDsoDebug(LINUX_DSO_DEBUG) => LinuxDsoDebug<'a>,
    /// The state of a Linux process in figures.
    LinuxProcStat(LINUX_PROC_STAT) => LinuxProcStat<'a>,
    /// How long the Linux machine had been running.
    LinuxProcUptime(LINUX_PROC_UPTIME) => LinuxProcUptime<'a>,
    /// The open files of a Linux process.
    LinuxProcFd(LINUX_PROC_FD) => LinuxProcFd<'a>,
    /// Messages that libraries left for the crash report on macOS, by Mozilla.
    MozMacCrashInfo(MOZ_MAC_CRASH_INFO) => MozMacCrashInfo<'a>,
    /// The arguments of the kernel of macOS, by Mozilla.
    MozMacBootArgs(MOZ_MAC_BOOT_ARGS) => MozMacBootArgs<'a>,
    /// The limits of a Linux process, by Mozilla.
    MozLinuxLimits(MOZ_LINUX_LIMITS) => MozLinuxLimits<'a>,
    /// What went wrong while the dump was written, by Mozilla.
    MozSoftErrors(MOZ_SOFT_ERRORS) => MozSoftErrors<'a>,
}

impl<'a> Minidump<'a> {
    /// All streams in directory order, each decoded or with the error that prevents it.
    pub const fn streams(&self) -> Streams<'a> {
        Streams { streams: self.raw_streams() }
    }
}

/// Iterator over the streams of a [`Minidump`], see [`Minidump::streams`].
#[derive(Clone, Debug)]
pub struct Streams<'a> {
    streams: RawStreams<'a>,
}

impl<'a> Iterator for Streams<'a> {
    type Item = (RawStream<'a>, Result<Stream<'a>, ReadError>);

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.streams.next()?;
        Some((stream, Stream::decode(&stream)))
    }
}

impl FusedIterator for Streams<'_> {}
