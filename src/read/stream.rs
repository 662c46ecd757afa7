//! One stream: its bytes, the view that fits its type, and the way to add views of one's own.

use crate::error::ReadError;
use crate::format::{DirectoryEntry, StreamType};

use super::breakpad::{AssertionInfo, BreakpadInfo};
use super::bytes::Decode;
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
use super::minidump::Minidump;
use super::misc::MiscInfo;
use super::module::{HostModuleList, ModuleList, UnloadedModuleList};
use super::mozilla::{MozMacBootArgs, MozMacCrashInfo, MozSoftErrors};
use super::opaque::{IptTrace, JavaScriptData};
use super::system::SystemInfo;
use super::thread::{ThreadInfoList, ThreadList, ThreadNames};
use super::thread_ex::ThreadExList;
use super::token::TokenInfoList;

/// A type that views one kind of stream; users may view their own streams through it.
///
/// # Examples
///
/// ```
/// use userdump::read::{FromStream, StreamContext};
/// use userdump::{ReadError, format::StreamType};
///
/// /// The build number that our crash reporter adds.
/// struct BuildNumber(u8);
///
/// impl FromStream<'_> for BuildNumber {
///     const STREAM_TYPE: StreamType = StreamType(0x1_0001);
///
///     fn from_stream(stream: &StreamContext<'_>) -> Result<Self, ReadError> {
///         Ok(Self(stream.whole("BuildNumber", 1)?[0]))
///     }
/// }
/// ```
pub trait FromStream<'a>: Sized {
    /// The type under which the stream stands in the directory.
    const STREAM_TYPE: StreamType;

    /// Checks the stream and makes the view.
    ///
    /// # Errors
    ///
    /// Whatever keeps the stream from being viewed.
    fn from_stream(stream: &StreamContext<'a>) -> Result<Self, ReadError>;
}

/// A stream before it is decoded: its entry in the directory, its bytes, the dump around it.
#[derive(Clone, Copy, Debug)]
pub struct StreamContext<'a> {
    dump: Minidump<'a>,
    index: u32,
    entry: DirectoryEntry,
}

impl<'a> StreamContext<'a> {
    pub(crate) const fn new(dump: Minidump<'a>, index: u32, entry: DirectoryEntry) -> Self {
        Self { dump, index, entry }
    }

    /// The dump that the stream belongs to.
    pub const fn dump(&self) -> &Minidump<'a> {
        &self.dump
    }

    /// The position of the stream's entry in the directory, from 0.
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// The stream's entry in the directory.
    pub const fn entry(&self) -> DirectoryEntry {
        self.entry
    }

    /// The stream's type.
    pub const fn stream_type(&self) -> StreamType {
        self.entry.stream_type
    }

    /// Where the stream starts, in bytes from the start of the file.
    pub const fn offset(&self) -> u64 {
        self.entry.location.rva as u64
    }

    /// The stream's size in bytes, as the directory has it.
    pub const fn declared_size(&self) -> u64 {
        self.entry.location.data_size as u64
    }

    /// The stream's bytes, as many of them as the file has.
    pub fn bytes(&self) -> &'a [u8] {
        self.dump.bytes().clipped(self.offset(), self.declared_size())
    }

    /// The stream's bytes; an error only if none of those that it should have is there.
    pub(crate) fn present(&self) -> Result<&'a [u8], ReadError> {
        let bytes = self.bytes();
        self.fault().filter(|_| bytes.is_empty()).map_or(Ok(bytes), Err)
    }

    /// What is missing, if the stream reaches beyond the end of the file.
    pub fn fault(&self) -> Option<ReadError> {
        self.dump.location("stream", self.entry.location).err()
    }

    /// The first `size` bytes of the stream.
    ///
    /// # Errors
    ///
    /// [`ReadError::Truncated`], which calls the stream `what`, if there are not as many.
    pub fn whole(&self, what: &'static str, size: u64) -> Result<&'a [u8], ReadError> {
        let bytes = self.bytes();
        usize::try_from(size).ok().and_then(|size| bytes.get(..size)).ok_or(ReadError::Truncated {
            what,
            offset: self.offset(),
            needed: size,
            available: bytes.len() as u64,
        })
    }

    /// Views the stream as a `T`, whatever its type.
    ///
    /// # Errors
    ///
    /// Those of [`FromStream::from_stream`].
    pub fn view<T: FromStream<'a>>(&self) -> Result<T, ReadError> {
        T::from_stream(self)
    }

    /// Decodes the structure at `position` of the stream, all of it within the stream.
    pub(crate) fn read<T: Decode>(&self, what: &'static str, position: u64) -> Result<T, ReadError> {
        let bytes = usize::try_from(position).ok().and_then(|position| self.bytes().get(position..));
        self.dump.bytes().read_from(what, bytes.unwrap_or_default(), self.offset().saturating_add(position))
    }
}

/// A stream whose content this crate hands out as it is.
#[derive(Clone, Copy, Debug)]
pub struct RawStream<'a> {
    /// The stream's type.
    pub stream_type: StreamType,
    /// The stream's bytes, as many of them as the file has.
    pub bytes: &'a [u8],
}

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
            pub fn decode(stream: &StreamContext<'a>) -> Result<Self, ReadError> {
                match stream.stream_type() {
                    StreamType::UNUSED => Ok(Self::Unused),
                    $(StreamType::$constant => stream.view().map(Self::$name),)*
                    stream_type => {
                        stream.present().map(|bytes| Self::Raw(RawStream { stream_type, bytes }))
                    }
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
